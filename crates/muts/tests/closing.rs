//! Who closes its end of a channel, or is left out, is waited for by nobody there.

use std::time::Duration;

use bytes::Bytes;
use muts::{Audience, Channel, Down, Message, Up};

use crate::common::{Net, cast, casts, counted, proc};

const LONG: usize = 60_000;

/// Node 1 casts so many long messages, each when there is room, for at most so long each.
fn cast_all(net: &mut Net, count: u8) -> bool {
    (0..count).all(|at| {
        (0..4_000).any(|_| {
            let taken = net.ask(1, cast(vec![at; LONG].into()));
            if !taken {
                net.step();
            }
            taken
        })
    })
}

fn three() -> Net {
    let mut net = Net::new(3, 11);
    net.delay_us = 400;
    net.run(Duration::from_secs(1));
    net.open(3);
    net.run(Duration::from_millis(100));
    net
}

#[test]
fn who_closes_its_end_is_told_and_holds_nobody_up() {
    let mut net = three();
    assert!(net.ask(3, Down::Close { channel: Channel(9) }));
    assert!(cast_all(&mut net, 200), "more than any window");
    net.run(Duration::from_secs(2));
    assert_eq!(casts(net.told(2), 1).len(), 200);
    let gone = |up: &&Up| matches!(up, Up::Gone { peer, .. } if *peer == proc(3, 1));
    assert_eq!(net.told(1).iter().filter(gone).count(), 1);
    let settled = |up: &Up| matches!(up, Up::Settled { below: 200, .. });
    assert!(net.told(1).iter().any(settled), "of those that are there");
}

#[test]
fn who_is_silent_holds_others_up_until_it_is_left_out() {
    let mut net = three();
    net.ends.remove(&3);
    assert!(!cast_all(&mut net, 200), "it may come back, and then lacks them");
    let silent = |up: &Up| matches!(up, Up::Silent { peer, .. } if *peer == proc(3, 1));
    assert!(net.told(1).iter().any(silent));
    assert!(net.ask(1, Down::Omit { channel: Channel(9), peer: proc(3, 1) }));
    assert!(cast_all(&mut net, 200));
    net.run(Duration::from_secs(2));
    let rooms = net.told(1).iter().filter(|up| matches!(up, Up::Room { .. })).count();
    assert!(rooms > 0 && casts(net.told(2), 1).len() >= 200);
}

#[test]
fn with_nobody_left_on_a_channel_what_is_cast_is_settled_at_once() {
    let mut net = three();
    for node in [2, 3] {
        assert!(net.ask(1, Down::Omit { channel: Channel(9), peer: proc(node, 1) }));
    }
    assert!(cast_all(&mut net, 200));
    assert!(net.ask(1, cast(Bytes::from_static(b"short"))));
    net.step();
    assert!(net.told(1).iter().any(|up| matches!(up, Up::Settled { below: 201, .. })));
}

#[test]
fn a_channel_that_is_opened_again_begins_anew() {
    let mut net = three();
    assert!(net.ask(1, cast(Bytes::from_static(b"gathers"))));
    let peers = vec![proc(2, 1), proc(3, 1)];
    assert!(net.ask(1, Down::Open { channel: Channel(9), peers, credit: false }));
    let message = Message::new(&b"gathers too"[..]);
    assert!(net.ask(1, Down::Cast { channel: Channel(9), to: Audience::ALL, message }));
    net.run(Duration::from_millis(100));
}

#[test]
#[should_panic(expected = "channel 0 is that of sends")]
fn the_channel_of_sends_is_not_to_be_opened() {
    let mut net = Net::new(2, 1);
    net.ask(1, Down::Open { channel: Channel(0), peers: vec![proc(2, 1)], credit: false });
}

#[test]
fn a_peer_that_is_silent_for_long_costs_no_memory_and_few_datagrams() {
    let mut net = three();
    assert!(net.ask(1, cast(vec![7; LONG].into())));
    net.ends.remove(&3);
    net.run(Duration::from_secs(60));
    let before = counted(&net, 1, "muts.datagrams_sent");
    net.ends.remove(&2);
    net.run(Duration::from_secs(60));
    let (sent, under_way) =
        (counted(&net, 1, "muts.datagrams_sent") - before, counted(&net, 1, "muts.under_way"));
    assert_eq!(under_way, 0);
    assert!(sent < 400, "{sent} datagrams in a minute to two that are dead");
}
