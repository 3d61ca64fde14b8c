//! One process alone: every handle works without a network, by waiting and as futures.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use horus::{Clues, Config, Error, Heard, Horus, Order, Start, Timing, Trouble};

/// Longer than anything here takes, so that a hang fails instead of hanging.
const LONG: Duration = Duration::from_secs(20);

fn state(test: &str) -> PathBuf {
    std::env::temp_dir().join(format!("horus-{test}-{}", std::process::id()))
}

fn alone(test: &str) -> Horus {
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config { state_dir: Some(state(test)), ..Config::new("a", here) };
    Horus::embedded(config).expect("a free port")
}

#[test]
fn a_group_of_one_hears_itself_and_answers_itself() {
    let horus = alone("answers");
    let group = horus.create(&[horus.me()]).wait().expect("made");
    let sent = group.ask(Order::Total, "who is here?").expect("open");
    let heard = group.hear().wait_for(LONG).expect("in time").expect("in");
    let Heard::View(view) = heard else { panic!("{heard:?} before the first view") };
    assert_eq!(&view.members[..], [horus.me()]);
    let received = group.receive().wait_for(LONG).expect("in time").expect("in");
    assert_eq!(&received.body()[..], b"who is here?");
    assert!(received.wants_reply());
    received.reply("I am");
    let replies: Vec<_> = sent.into_iter().collect();
    assert_eq!(replies, [(horus.me(), "I am".into())]);
    assert!(sent.lost().is_empty());
    sent.stable().wait_for(LONG).expect("in time").expect("stable");
}

#[test]
fn dropping_a_message_that_wants_a_reply_declines() {
    let horus = alone("declines");
    let group = horus.create(&[horus.me()]).wait().expect("made");
    let sent = group.ask(Order::Causal, "anybody?").expect("open");
    drop(group.receive().wait_for(LONG).expect("in time").expect("in"));
    assert_eq!(sent.next_reply().wait_for(LONG).expect("in time").expect("in"), None);
}

#[test]
fn a_message_over_the_limit_is_an_error_that_names_it_and_nothing_is_sent() {
    let horus = alone("too-long");
    let group = horus.create(&[horus.me()]).wait().expect("made");
    let over = bytes::Bytes::from(vec![0; horus::BODY_BYTES_MAX + 1]);
    for refused in [
        group.send(Order::Total, over.clone()).err(),
        group.ask(Order::Fifo, over.clone()).err(),
        group.tell(horus.me(), over.clone()).err(),
    ] {
        let said = refused.expect("an error").to_string();
        assert!(said.contains(&horus::BODY_BYTES_MAX.to_string()), "{said}");
    }
    let asked = group.ask(Order::Total, over.slice(1..)).expect("just short enough");
    let received = group.receive().wait_for(LONG).expect("in time").expect("in");
    assert_eq!(received.body().len(), horus::BODY_BYTES_MAX);
    received.reply(over);
    assert_eq!(asked.next_reply().wait_for(LONG).expect("in time").expect("in"), None);
}

#[test]
fn a_destroyed_group_ends_the_wait_for_its_next_message() {
    let horus = alone("destroyed");
    let group = horus.create(&[horus.me()]).wait().expect("made");
    group.destroy().wait().expect("destroyed");
    let end = group.receive().wait_for(LONG).expect("in time");
    assert!(matches!(end, Err(Error::Out)), "{end:?}");
}

#[test]
fn a_member_that_was_never_met_is_named_in_the_error() {
    let horus = alone("missing");
    let stranger = horus.book().find("b#7").expect("a name").expect("given");
    let Err(Error::Missing(who)) = horus.create(&[horus.me(), stranger]).wait() else {
        panic!("made without b");
    };
    assert_eq!(who.len(), 1);
    assert!(horus.member("b").wait_for(Duration::ZERO).is_none());
}

#[test]
fn every_start_has_a_higher_incarnation() {
    let first = alone("restart").me().proc;
    let second = alone("restart").me().proc;
    assert_eq!(first.node, second.node);
    assert!(second.incarnation > first.incarnation);
}

#[test]
fn an_address_that_others_can_reach_needs_a_word() {
    let open = SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = Horus::embedded(Config::new("a", open));
    assert!(matches!(refused, Err(Error::Insecure(_))));
    let outside = SocketAddr::from(([10, 0, 0, 1], 7_001));
    assert!(matches!(alone("inside").meet("b", outside), Err(Error::Insecure(_))));
}

#[test]
fn many_threads_wait_on_one_tower() {
    let horus = alone("threads");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let group = horus.create(&[horus.me()]).wait().expect("made");
                for round in 0..500_u32 {
                    let sent = group.send(Order::Fifo, round.to_le_bytes().to_vec());
                    let got = group.receive().wait_for(LONG).expect("in time").expect("in");
                    assert_eq!(got.body()[..], round.to_le_bytes());
                    let stable = sent.expect("open").stable().wait_for(LONG);
                    stable.expect("in time").expect("stable");
                }
            });
        }
    });
}

#[test]
fn a_configuration_that_cannot_be_is_refused_when_it_is_opened_as_it_is_in_words() {
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let plain = || Config { state_dir: Some(state("settings")), ..Config::new("a", here) };
    let timed = |silence, beat, untaken| {
        let timing = Timing { silence, beat, untaken };
        Config { timing, ..plain() }
    };
    let seeded = |seed: &str| {
        let clues = Clues { seeds: vec![seed.into()], ..Clues::default() };
        Config { clues, ..plain() }
    };
    let (short, long) = (Duration::from_millis(100), Duration::MAX);
    let start = Start { expect: 0, first: Some("b c".into()), patience: short };
    for (config, key) in [
        (timed(long, short, None), "silence_ms"),
        (timed(short, short, None), "silence_ms"),
        (timed(Duration::ZERO, Duration::ZERO, None), "silence_ms"),
        (timed(short, Duration::ZERO, None), "beat_ms"),
        (timed(short, short / 2, Some(Duration::ZERO)), "untaken_ms"),
        (timed(short, short / 2, Some(long)), "untaken_ms"),
        (seeded("a.example"), "seed"),
        (seeded("a.example:0"), "seed"),
        (seeded(":7001"), "seed"),
        (seeded("::1"), "seed"),
        (plain().peer("b", here), "peer"),
        (plain().peer("a", SocketAddr::from(([127, 0, 0, 1], 7_001))), "peer"),
        (Config { hall: Some(SocketAddr::from(([10, 0, 0, 1], 1))), ..plain() }, "hall"),
        (Config { start: Some(start), ..plain() }, "first"),
    ] {
        let Err(why) = Horus::embedded(config) else { panic!("{key} is taken") };
        assert!(matches!(&why, Error::Setting { key: told, .. } if told == key), "{key}: {why}");
    }
    let right = ["[::1]:7001", "127.0.0.1:7001", "nobody.invalid:7001"].map(seeded);
    for config in right.into_iter().chain([timed(short, short / 2, None)]) {
        Horus::embedded(config).expect("it can be so");
    }
}

#[test]
fn links_are_spoiled_only_where_the_configuration_allows_it() {
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    for chaos in [false, true] {
        let config = Config { state_dir: Some(state("spoiled")), chaos, ..Config::new("a", here) };
        let horus = Horus::embedded(config).expect("a free port");
        let spoilt = horus.spoil(Trouble { loss: 1, ..Trouble::default() }).wait();
        assert_eq!(spoilt.is_ok(), chaos);
        assert!(chaos || matches!(spoilt, Err(Error::NoChaos)), "{spoilt:?}");
        let counters = horus.counters().wait().expect("open");
        assert_eq!(counters.contains_key("chaos.lost"), chaos);
    }
}
