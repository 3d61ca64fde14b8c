//! Several processes in one: sends to some and from outside, and core group sets with policies.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use horus::{
    ByHand, Carried, Config, CoreSet, Endpoint, Error, Group, Horus, Order, Place, Policy, SetId,
    Traits, Trouble,
};

/// Longer than anything here takes, so that a hang fails instead of hanging.
const LONG: Duration = Duration::from_secs(20);

fn state(test: &str) -> PathBuf {
    std::env::temp_dir().join(format!("horus-{test}-{}", std::process::id()))
}

/// Processes that have met.
fn town(test: &str, names: &[&str]) -> Vec<Horus> {
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let all: Vec<Horus> = names
        .iter()
        .map(|name| {
            let state_dir = Some(state(test));
            let config = Config { state_dir, chaos: true, ..Config::new(*name, here) };
            Horus::embedded(config).expect("a free port")
        })
        .collect();
    for one in &all {
        for (name, other) in names.iter().zip(&all) {
            if one.me() != other.me() {
                one.meet(name, other.address().expect("open")).expect("a name");
                one.member(name).wait_for(LONG).expect("in time").expect("met");
            }
        }
    }
    all
}

fn invited(horus: &Horus) -> Group {
    horus.invited().wait().expect("open")
}

#[test]
fn replies_come_one_by_one_and_the_rest_is_named() {
    let all = town("named", &["a", "b", "c"]);
    let members: Vec<Endpoint> = all.iter().map(Horus::me).collect();
    let mine = all[0].create(&members).wait().expect("made");
    let (b, c) = (invited(&all[1]), invited(&all[2]));
    let asked = mine.ask_to(&members[1..], Order::Causal, "who?").expect("open");
    b.receive().wait_for(LONG).expect("in time").expect("in").reply("b");
    drop(c.receive().wait_for(LONG).expect("in time").expect("in"));
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), [(members[1], "b".into())]);
    assert_eq!((&asked.declined()[..], asked.lost().len()), (&members[2..], 0));
    // It was not for the asker: what it hears next is what was sent after it.
    mine.send(Order::Causal, "next").expect("open");
    let next = mine.receive().wait_for(LONG).expect("in time").expect("in");
    assert_eq!(&next.body()[..], b"next");
}

#[test]
fn what_is_sent_to_some_keeps_its_place_there_and_is_told_to_nobody_else() {
    let all = town("some", &["a", "b", "c"]);
    let members: Vec<Endpoint> = all.iter().map(Horus::me).collect();
    let mine = all[0].create(&members).wait().expect("made");
    let groups = [&mine, &invited(&all[1]), &invited(&all[2])];
    mine.send(Order::Fifo, "first").expect("open");
    let aside = mine.send_to(&members[..2], Order::Fifo, "for a and b").expect("open");
    mine.send_to(&members[2..], Order::Fifo, "for c").expect("open");
    mine.send(Order::Fifo, "last").expect("open");
    for (group, told) in groups.into_iter().zip(["for a and b", "for a and b", "for c"]) {
        for wanted in ["first", told, "last"] {
            let received = group.receive().wait_for(LONG).expect("in time").expect("in");
            assert_eq!(received.body(), wanted.as_bytes());
        }
    }
    aside.stable().wait_for(LONG).expect("in time").expect("all have it");
}

#[test]
fn a_process_outside_asks_an_open_group_and_is_refused_by_a_closed_one() {
    let all = town("outside", &["a", "b", "c"]);
    let members = [all[0].me(), all[1].me()];
    for open in [true, false] {
        let set = SetId::DEFAULT;
        let made = all[0].create_in(set, &members, Traits { open, relaxed: false });
        let mine = made.wait().expect("made");
        let theirs = invited(&all[1]);
        let asked = all[2].ask_through(members[1], mine.id(), Order::Total, "who?");
        let asked = asked.expect("open");
        if !open {
            assert_eq!(asked.into_iter().count(), 0);
            assert_eq!(asked.lost()[..], members[1..]);
            continue;
        }
        for (group, says) in [(&mine, "a"), (&theirs, "b")] {
            let received = group.receive().wait_for(LONG).expect("in time").expect("in");
            assert_eq!(received.from(), all[2].me());
            received.reply(says);
        }
        let mut replies: Vec<_> = asked.into_iter().map(|(from, _)| from).collect();
        replies.sort_unstable();
        let mut wanted = members.to_vec();
        wanted.sort_unstable();
        assert_eq!((replies, asked.lost().len()), (wanted, 0));
    }
}

#[test]
fn a_sensor_beside_a_relaxed_group_is_heard_in_order_by_its_readers_and_told_nothing() {
    let all = town("sensor", &["a", "b", "c"]);
    let members: Vec<Endpoint> = all.iter().map(Horus::me).collect();
    let set = SetId::DEFAULT;
    // On the core group of all three the sensor is beside the readers.
    let whole = all[0].create(&members).wait().expect("made");
    let sensor = invited(&all[2]);
    drop(invited(&all[1]));
    let relaxed = Traits { open: false, relaxed: true };
    let mine = all[0].create_in(set, &members[..2], relaxed).wait().expect("made");
    let theirs = invited(&all[1]);
    assert_eq!(mine.id(), theirs.id());
    whole.send(Order::Causal, "it is made").expect("open");
    sensor.receive().wait_for(LONG).expect("in time").expect("in");
    for reading in 0..100_u32 {
        let sent = all[2].send_beside(mine.id(), Order::Fifo, reading.to_le_bytes().to_vec());
        sent.expect("open");
    }
    for group in [&mine, &theirs] {
        for reading in 0..100_u32 {
            let received = group.receive().wait_for(LONG).expect("in time").expect("in");
            assert_eq!(received.from(), members[2]);
            assert_eq!(received.body()[..], reading.to_le_bytes());
        }
    }
    assert_eq!(mine.view().expect("in it").traits, relaxed);
    // Who leaves says so itself; who stays hears on.
    theirs.remove(&members[1..2]).wait().expect("gone");
    all[2].send_beside(mine.id(), Order::Fifo, "last").expect("open");
    let last = mine.receive().wait_for(LONG).expect("in time").expect("in");
    assert_eq!(&last.body()[..], b"last");
    assert!(matches!(theirs.receive().wait_for(LONG), Some(Err(Error::Out))));
    whole.send(Order::Causal, "next").expect("open");
    let next = sensor.receive().wait_for(LONG).expect("in time").expect("in");
    assert_eq!(&next.body()[..], b"next", "the sensor was told nothing else");
    assert!(all[2].invited().wait_for(Duration::ZERO).is_err());
}

#[test]
fn each_member_of_a_core_group_knows_what_it_carries_and_what_that_costs() {
    let all = town("carries", &["a", "b", "c"]);
    let members: Vec<Endpoint> = all.iter().map(Horus::me).collect();
    let whole = all[0].create(&members).wait().expect("made");
    let at_c = invited(&all[2]);
    let relaxed = Traits { open: false, relaxed: true };
    let few = all[0].create_in(SetId::DEFAULT, &members[..2], relaxed).wait().expect("made");
    let at_b = loop {
        let group = invited(&all[1]);
        if group.id() == few.id() {
            break group;
        }
    };
    for order in [Order::Causal, Order::Total] {
        let sent = few.send(order, [7; 50].to_vec()).expect("open");
        sent.stable().wait_for(LONG).expect("in time").expect("stable");
    }
    whole.send(Order::Fifo, "behind all of that").expect("open");
    at_c.receive().wait_for(LONG).expect("in time").expect("in");
    let core = all[0].explain(few.id()).wait().expect("known").core;
    let carried = |at: usize| all[at].carried(core).wait().expect("it is in it");
    for at in 0..3 {
        let Carried { members, groups, memberships, extras, filtered, .. } = carried(at);
        assert_eq!((members, groups, memberships), (3, 2, 2), "{:?}", carried(at));
        assert_eq!((extras, filtered), (1, 0), "{:?}", carried(at));
    }
    // The third was not sent what is not for it.
    assert_eq!([0, 1, 2].map(|at| carried(at).spared), [100, 0, 0]);

    // Who goes is sent what others send before they hear of it.
    let to = muts::Address::Net(all[0].address().expect("open"));
    let mute = Trouble { to: [to].into(), ..Trouble::default() };
    all[1].spoil(mute).wait().expect("allowed");
    at_b.remove(&members[1..2]).wait().expect("gone");
    few.send(Order::Fifo, "are you there?").expect("open");
    let began = Instant::now();
    while carried(1).filtered == 0 {
        assert!(began.elapsed() < LONG, "{:?}", carried(1));
        all[1].wait(std::future::pending::<()>(), Some(Duration::from_millis(5)));
    }
    all[1].spoil(Trouble::default()).wait().expect("allowed");
    assert_eq!([0, 1, 2].map(|at| carried(at).filtered), [0, 1, 0]);
    let own = all[0].found("town", &[]).expect("few");
    assert!(matches!(all[0].carried(own.id()).wait(), Err(Error::NoGroup)), "no groups are on it");
}

#[test]
fn a_set_is_managed_by_hand_and_another_by_the_users_own_policy() {
    /// Everything on the core group of the highest name that holds the members.
    struct Highest;
    impl Policy for Highest {
        fn place(&self, members: &[Endpoint], cores: &CoreSet) -> Place {
            match cores.smallest(members, usize::MAX) {
                Some((core, extras)) => Place::Superset(core, extras),
                None => Place::New,
            }
        }
        fn cores_max(&self) -> usize {
            1
        }
    }
    let all = town("sets", &["a", "b", "c"]);
    let members: Vec<Endpoint> = all.iter().map(Horus::me).collect();
    let (hand, own) = (SetId(1), SetId(2));
    for horus in &all {
        horus.set_policy(hand, ByHand);
        horus.set_policy(own, Highest);
    }
    let made = all[0].create_in(hand, &members[..2], Traits::PLAIN).wait();
    assert!(matches!(made, Err(Error::NoPlace)), "there is none yet");
    let core = all[0].found_core(hand, &members).expect("few");
    let made = loop {
        // Until its first view has come.
        match all[0].create_on(core, &members[..2]).wait() {
            Ok(group) => break group,
            Err(Error::Missing(_)) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    };
    let place = all[0].explain(made.id()).wait().expect("known");
    assert_eq!((place.core, place.set, place.extras), (core, hand, 1));
    // One core group is enough for that policy: what does not fit it has no place.
    let first = all[0].create_in(own, &members, Traits::PLAIN).wait().expect("made");
    let second = all[0].create_in(own, &members[..1], Traits::PLAIN).wait().expect("made");
    let at = |group: &Group| all[0].explain(group.id()).wait().expect("known").core;
    assert_eq!(at(&first), at(&second));
    // A pinned group goes where its user says.
    let twin = all[0].found_core(hand, &members).expect("few");
    loop {
        match all[0].relocate(made.id(), twin).wait() {
            Ok(()) => break,
            Err(Error::Missing(_) | Error::Again) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
    let sent = made.send(Order::Total, "here").expect("open");
    sent.stable().wait_for(LONG).expect("in time").expect("stable");
    assert_eq!(at(&made), twin);
}

#[test]
fn who_waits_until_all_have_it_is_told_when_a_member_is_gone_that_did_not() {
    let mut all = town("unstable", &["a", "b"]);
    let members: Vec<Endpoint> = all.iter().map(Horus::me).collect();
    let mine = all[0].create(&members).wait().expect("made");
    let theirs = invited(&all[1]);
    let sent = mine.send(Order::Fifo, "there").expect("open");
    sent.stable().wait_for(LONG).expect("in time").expect("stable");
    drop(theirs);
    // Nothing reaches it any more, its farewell nobody.
    let to = muts::Address::Net(all[1].address().expect("open"));
    let cut = Trouble { from: [to].into(), to: [to].into(), ..Trouble::default() };
    all[0].spoil(cut).wait().expect("allowed");
    let sent = mine.send(Order::Fifo, "gone").expect("open");
    all.truncate(1);
    let ended = sent.stable().wait_for(LONG).expect("in time");
    assert!(matches!(ended, Err(Error::Unstable)), "{ended:?}");
}
