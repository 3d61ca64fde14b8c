//! Clients that do a daemon no good: garbage, floods, silence; and a daemon that dies.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use muts::{Message, NodeId, ProcId};
use vsync::gate::{Bye, Say, State, framed};
use vsync::{Down, GroupId, Order, Up};

use super::desk::{Desk, bye, group};
use super::house::{Daemon, SECOND};

#[test]
fn hostile_clients_are_put_out_and_slow_down_nobody() {
    let daemon = Daemon::start("hostile", &["--clients-max", "16"]);
    let mut victim = Desk::attach(&daemon, "victim");
    let own = group(&mut victim, "own");
    let alone = victim.pace(own, SECOND / 2);
    let connect = || UnixStream::connect(daemon.socket()).expect("a door");

    let mut garbage = connect();
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("written");
    assert_eq!(bye(&mut garbage), Some(Bye::Malformed));

    let mut lying = connect();
    lying.write_all(&u32::MAX.to_le_bytes()).expect("written");
    assert_eq!(bye(&mut lying), Some(Bye::Malformed));

    let mut masked = connect();
    let me = ProcId { node: NodeId::of_name("victim"), incarnation: 9 };
    let hello = Say::Hello { versions: vsync::gate::VERSIONS, me, name: "other".into() };
    masked.write_all(&framed(&hello)).expect("written");
    assert_eq!(bye(&mut masked), Some(Bye::Forbidden));

    // Thousands of connections that say nothing: no more than there is room for are kept.
    let crowd: Vec<UnixStream> =
        (0..3_000).filter_map(|_| UnixStream::connect(daemon.socket()).ok()).collect();
    let pace = victim.pace(own, SECOND / 4);
    assert!(pace * 8 > alone, "{pace} round trips beside a crowd, {alone} alone in twice the time");
    drop(crowd);
    // One that sends into groups that it is not in, as fast as it can.
    let group = GroupId::of_word("own");
    let (order, body) = (Order::Fifo, Message::new(vec![7; 10_000]));
    let cast = Say::Ask(Down::Cast { group, how: order.into(), message: body });
    let before = victim.casts();
    let mut raw = connect();
    let me = ProcId { node: NodeId::of_name("raw"), incarnation: 1 };
    let hello = Say::Hello { versions: vsync::gate::VERSIONS, me, name: "raw".into() };
    raw.write_all(&framed(&hello)).expect("written");
    raw.set_write_timeout(Some(SECOND / 10)).expect("a timeout");
    let frame = framed(&cast);
    // It is told each time that it is not in there, and reads none of it.
    let written = (0..20_000).take_while(|_| raw.write_all(&frame).is_ok()).count();
    println!("{written} casts into another's group");
    assert_eq!(victim.casts(), before, "nobody casts into a group that it is not in");
    let beside = victim.pace(own, SECOND / 2);
    drop(raw);
    // What else this machine does may have changed meanwhile: the lower of before and after.
    let alone = alone.min(victim.pace(own, SECOND / 2));
    assert!(beside * 3 > alone, "{beside} round trips beside them, {alone} alone");
}

#[test]
fn a_client_that_stands_still_is_put_out_and_a_daemon_that_dies_is_known_at_once() {
    let mut daemon = Daemon::start("still", &["--silence-ms", "600", "--beat-ms", "50"]);
    let (mut one, mut other) = (Desk::attach(&daemon, "one"), Desk::attach(&daemon, "other"));
    let word = GroupId::of_word("both");
    let members = vec![ProcId { node: NodeId::of_name("other"), incarnation: 1 }];
    one.until("met", SECOND * 5, |desk| desk.told.iter().any(|up| matches!(up, Up::Met { .. })));
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
    let began = Instant::now();
    while !of(2)(&one) {
        assert!(began.elapsed() < SECOND * 10, "{:?}", one.told);
        one.turn(Duration::from_millis(5));
        other.turn(Duration::from_millis(5));
    }
    // From here on nobody turns the other.
    let took = one.until("alone", SECOND * 3, of(1));
    assert!(took > SECOND / 4, "{took:?} is no silence");
    other.until("told", SECOND, |desk| desk.client.state() == State::Over(Some(Bye::Silent)));
    let _ = daemon.child.kill();
    let took = one.until("over", SECOND, |desk| desk.client.state() == State::Over(None));
    assert!(took < SECOND / 2, "{took:?}");
}
