//! Clients that do a daemon no good: garbage, floods, silence; and a daemon that dies.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use muts::{Layer as _, Message, NodeId, ProcId};
use serde_json::{Value, json};
use vsync::gate::{Bye, Say, State, framed};
use vsync::limits::GATE_BACKLOG_BYTES_MAX;
use vsync::{Down, GroupId, Order, Up};

use super::desk::{Desk, bye, group};
use super::house::{Daemon, LONG, SECOND};

/// A victim that casts and is told its casts, over and over, until this goes.
struct Busy<'a> {
    trips: &'a AtomicUsize,
    over: &'a AtomicBool,
}

impl Busy<'_> {
    /// Waits until it has gone on, whatever is done to the daemon meanwhile.
    fn goes_on(&self) {
        let (before, began) = (self.trips.load(Ordering::SeqCst), Instant::now());
        while self.trips.load(Ordering::SeqCst) < before + 20 {
            assert!(began.elapsed() < LONG, "it is held up");
            std::thread::yield_now();
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

fn stranger(stream: &mut UnixStream, name: &str, node: &str) {
    let me = ProcId { node: NodeId::of_name(node), incarnation: 9 };
    let hello = Say::Hello { versions: vsync::gate::VERSIONS, me, name: name.into() };
    stream.write_all(&framed(&hello)).expect("written");
}

#[test]
fn hostile_clients_are_put_out_and_keep_nobody_else_from_anything() {
    let daemon = Daemon::start(
        "hostile",
        &["--clients-max", "16", "--slow-ms", "300", "--silence-ms", "3000"],
    );
    let mut victim = Desk::attach(&daemon, "victim");
    let own = group(&mut victim, "own");
    let (trips, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let connect = || UnixStream::connect(daemon.socket()).expect("a door");
    std::thread::scope(|scope| {
        let busy = Busy { trips: &trips, over: &over };
        let victim = scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                victim.trips(own, 1);
                trips.fetch_add(1, Ordering::SeqCst);
            }
            victim
        });

        let mut garbage = connect();
        garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("written");
        assert_eq!(bye(&mut garbage), Some(Bye::Malformed));

        let mut lying = connect();
        lying.write_all(&u32::MAX.to_le_bytes()).expect("written");
        assert_eq!(bye(&mut lying), Some(Bye::Malformed));

        let mut masked = connect();
        stranger(&mut masked, "other", "victim");
        assert_eq!(bye(&mut masked), Some(Bye::Forbidden));

        // Thousands of connections that say nothing: some are turned away, the others put out.
        let before = daemon.memory();
        let crowd: Vec<UnixStream> =
            (0..3_000).filter_map(|_| UnixStream::connect(daemon.socket()).ok()).collect();
        busy.goes_on();
        for mut stream in crowd {
            let why = bye(&mut stream);
            assert!(matches!(why, None | Some(Bye::Silent | Bye::Crowded)), "{why:?}");
        }

        // One that sends into a group that it is not in, as fast as it can, and reads nothing of
        // what it is told of that: until it is put out.
        let group = GroupId::of_word("own");
        let (order, body) = (Order::Fifo, Message::new(vec![7; 20_000]));
        let frame = framed(&Say::Ask(Down::Cast { group, how: order.into(), message: body }));
        let mut raw = connect();
        stranger(&mut raw, "raw", "raw");
        let (mut bytes, began) = (0, Instant::now());
        while raw.write_all(&frame).is_ok() {
            assert!(began.elapsed() < LONG, "it is not put out");
            bytes += frame.len();
        }
        println!("{} MB cast into another's group", bytes >> 20);
        busy.goes_on();
        let (why, logged) = (Bye::Slow.to_string(), daemon.logged());
        let told = [&why[..], "put out", "\"raw\"", "slow_ms = "];
        assert!(logged.lines().any(|line| told.iter().all(|it| line.contains(it))), "{logged}");
        let more = daemon.memory().saturating_sub(before);
        assert!(more < GATE_BACKLOG_BYTES_MAX, "{more} bytes more than before");

        drop(busy);
        let victim = victim.join().expect("nothing that it was told is wrong");
        let itself = NodeId::of_name("victim");
        let from_others =
            |up: &&Up| matches!(up, Up::Cast { from, .. } if from.proc.node != itself);
        assert_eq!(victim.told.iter().filter(from_others).count(), 0, "others cast into its group");
    });
}

#[test]
fn a_client_that_stands_still_is_put_out_and_a_daemon_that_dies_is_known_at_once() {
    let mut daemon = Daemon::start("still", &["--silence-ms", "1500", "--beat-ms", "50"]);
    let (mut one, mut other) = (Desk::attach(&daemon, "one"), Desk::attach(&daemon, "other"));
    let word = GroupId::of_word("both");
    let members = vec![ProcId { node: NodeId::of_name("other"), incarnation: 1 }];
    one.until("met", LONG, |desk| desk.told.iter().any(|up| matches!(up, Up::Met { .. })));
    assert!(one.ask(Down::Found { group: word, members }));
    let of = |count: usize| {
        move |desk: &Desk| {
            let mut views = desk.told.iter().rev();
            views.find_map(|up| match up {
                Up::View(view) => Some(view.members.len() == count),
                _ => None,
            }) == Some(true)
        }
    };
    let (began, mut last) = (Instant::now(), Instant::now());
    while !of(2)(&one) {
        assert!(began.elapsed() < LONG, "{:?}", one.told);
        one.turn(Duration::from_millis(5));
        last = Instant::now();
        other.turn(Duration::from_millis(5));
    }
    // From here on nobody turns the other.
    one.until("alone", LONG, of(1));
    assert!(last.elapsed() > SECOND, "{:?} is no silence", last.elapsed());
    other.until("told", LONG, |desk| desk.client.state() == State::Over(Some(Bye::Silent)));
    let _ = daemon.child.kill();
    // A client waits for no time to pass: it has only the end of its pipe to know it from.
    assert_eq!(one.client.deadline(), None);
    one.until("over", LONG, |desk| desk.client.state() == State::Over(None));
}

#[test]
fn an_operator_is_told_what_holds_a_group_of_clients() {
    let daemon = Daemon::start("held", &[]);
    let (mut one, mut other) = (Desk::attach(&daemon, "one"), Desk::attach(&daemon, "other"));
    let town = GroupId::of_word("town");
    let members = vec![ProcId { node: NodeId::of_name("other"), incarnation: 1 }];
    one.until("met", LONG, |desk| desk.told.iter().any(|up| matches!(up, Up::Met { .. })));
    assert!(one.ask(Down::Found { group: town, members }));
    let began = Instant::now();
    let both = |desk: &Desk| {
        let two = |up: &Up| matches!(up, Up::View(view) if view.members.len() == 2);
        desk.told.iter().any(two)
    };
    while !both(&one) || !both(&other) {
        assert!(began.elapsed() < LONG, "{:?}", one.told);
        one.turn(Duration::from_millis(5));
        other.turn(Duration::from_millis(5));
    }
    let why = |name: &str| daemon.ask(&json!({ "ask": "why", "name": name }));
    let until = |what: &str, holds: &dyn Fn(&Value) -> bool| {
        let began = Instant::now();
        let mut told = why("town");
        while !holds(&told) {
            assert!(began.elapsed() < LONG, "never {what}: {told}");
            std::thread::yield_now();
            told = why("town");
        }
        told
    };
    until("free", &|told| told["held"] == false);
    assert!(other.ask(Down::Choke { group: town, choked: true }));
    let untaken = "at one#1: not taking what they are told of it: other#1";
    let held =
        |told: &Value| told["holds"].as_array().is_some_and(|it| it.contains(&json!(untaken)));
    let told = until("held", &held);
    assert_eq!((&told["called"], &told["held"]), (&json!("town"), &json!(true)));
    assert_eq!(why(&format!("{:032x}", town.0))["held"], true, "by its number too");
    let unknown = why("village");
    assert_eq!(unknown["heard"], false);
    assert!(unknown["why"].as_str().is_some_and(|why| why.contains("core group")), "{unknown}");
}
