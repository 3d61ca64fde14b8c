//! Fairness: what a flood, a slow receiver, a message over the limit or strangers may cost others.

use std::time::Duration;

use bytes::Bytes;
use muts::{Address, Audience, Channel, Down, Layer, Message, Packet, Up};

use crate::common::{Net, counted, proc};

const FLOOD: Channel = Channel(1);
const TALK: Channel = Channel(2);

fn cast_on(channel: Channel, bytes: usize) -> Down {
    Down::Cast { channel, to: Audience::ALL, message: Message::new(vec![5; bytes]) }
}

/// Two nodes with both channels; on the flooded one messages count until they are taken.
fn two(seed: u64) -> Net {
    let mut net = Net::new(2, seed);
    net.delay_us = 400;
    net.run(Duration::from_secs(1));
    for node in 1..=2_u32 {
        for channel in [FLOOD, TALK] {
            let peers = vec![proc(u64::from(3 - node), 1)];
            let credit = channel == FLOOD;
            assert!(net.ask(node, Down::Open { channel, peers, credit }));
        }
    }
    net.run(Duration::from_millis(100));
    net
}

fn heard(net: &Net, on: Channel) -> usize {
    let on = |up: &&Up| matches!(up, Up::Cast { channel, .. } if *channel == on);
    net.told(2).iter().filter(on).count()
}

#[test]
fn a_flood_on_one_channel_does_not_starve_another() {
    let mut net = two(1);
    let mut longest = Duration::ZERO;
    for at in 0..200_usize {
        while net.ask(1, cast_on(FLOOD, 10_000)) {}
        net.take(2);
        assert!(net.ask(1, cast_on(TALK, 50)), "its own window is empty");
        let asked = net.now;
        while heard(&net, TALK) <= at {
            net.run(Duration::from_micros(500));
            while net.ask(1, cast_on(FLOOD, 10_000)) {}
            net.take(2);
        }
        longest = longest.max(net.now.since(asked));
    }
    assert!(heard(&net, FLOOD) > 1_000, "the flood flows meanwhile");
    assert!(longest < Duration::from_millis(20), "{longest:?} behind a flood");
    println!("at most {longest:?} beside {} messages of the flood", heard(&net, FLOOD));
}

#[test]
fn heartbeats_and_control_come_before_a_flood() {
    let mut net = two(2);
    let (mut told, mut longest) = (0, Duration::ZERO);
    for _ in 0..100 {
        while net.ask(1, cast_on(FLOOD, 10_000)) {}
        net.take(2);
        let tell = Down::Tell { to: proc(2, 1), change: true, message: Message::new(vec![1; 60]) };
        assert!(net.ask(1, tell));
        let asked = net.now;
        let tells =
            |net: &Net| net.told(2).iter().filter(|up| matches!(up, Up::Tell { .. })).count();
        while tells(&net) <= told {
            net.run(Duration::from_micros(500));
        }
        told = tells(&net);
        longest = longest.max(net.now.since(asked));
    }
    assert!(longest < Duration::from_millis(5), "{longest:?} for a control message");
    assert!(!net.told(2).iter().any(|up| matches!(up, Up::Silent { .. })));
}

/// Messages heard on the second channel in four seconds, while the first is flooded towards who
/// takes nothing, or is not used at all.
fn talk_beside(flooded: bool) -> (usize, Net) {
    let mut net = two(3);
    for _ in 0..800 {
        while flooded && net.ask(1, cast_on(FLOOD, 10_000)) {}
        for _ in 0..20 {
            net.ask(1, cast_on(TALK, 1_000));
        }
        net.run(Duration::from_millis(5));
    }
    (heard(&net, TALK), net)
}

#[test]
fn a_slow_receiver_slows_its_own_channel_only_and_is_named() {
    let (alone, _) = talk_beside(false);
    let (beside, mut net) = talk_beside(true);
    assert!(beside * 10 >= alone * 9, "{beside} of {alone} beside a channel that is stuck");
    assert_eq!(net.ends[&1].holder(FLOOD), Some(proc(2, 1)));
    assert_eq!(net.ends[&1].holder(TALK), None);
    assert_eq!(counted(&net, 1, "muts.streams_held"), 1);
    assert_eq!(counted(&net, 1, "muts.holder"), 2);
    assert!(counted(&net, 1, "muts.credit_waits") > 0);
    // Memory: a window at the sender, and one at who takes nothing.
    let stuck = heard(&net, FLOOD);
    assert!((300..=430).contains(&stuck), "{stuck} of 10,000 bytes lie at the receiver");
    for _ in 0..200 {
        net.take(2);
        net.run(Duration::from_millis(10));
    }
    assert!(heard(&net, FLOOD) > stuck * 2 - 10, "and then it flows again");
}

#[test]
fn what_is_over_the_limit_is_dropped_and_counted_before_it_costs_anything() {
    let mut net = two(4);
    let over = Message::new(Bytes::from(vec![0; muts::limits::MESSAGE_BYTES_MAX]));
    let cast = Down::Cast { channel: TALK, to: Audience::ALL, message: over.clone() };
    assert!(net.ask(1, cast) && net.ask(1, Down::Send { to: proc(2, 1), message: over }));
    assert_eq!(counted(&net, 1, "muts.dropped_too_long"), 2);
    net.step();
    let told = net.told(1).iter().filter_map(|up| match up {
        Up::TooLong { channel, bytes } => {
            Some((*channel, *bytes > muts::limits::MESSAGE_BYTES_MAX))
        }
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [(TALK, true), (Channel(0), true)]);
    let message = Message::new(Bytes::from_static(b"nowhere"));
    let nowhere = Down::Cast { channel: Channel(77), to: Audience::ALL, message: message.clone() };
    assert!(net.ask(1, nowhere) && net.ask(1, Down::Send { to: proc(9, 1), message }));
    assert_eq!(counted(&net, 1, "muts.dropped_unopened"), 1);
    assert_eq!(counted(&net, 1, "muts.dropped_unlinked"), 1);
    // The longest datagrams that there are, of lengths that lie.
    for kind in 0x20..=0x26 {
        let mut bytes = vec![0xff; 65_507];
        bytes[0] = kind;
        let (now, packet) = (net.now, Packet { from: Address::Pipe(7), bytes: bytes.into() });
        net.ends.get_mut(&1).expect("there").receive(now, packet);
    }
    net.run(Duration::from_millis(100));
    assert!(net.ask(1, cast_on(TALK, 10)));
    net.run(Duration::from_millis(100));
    assert_eq!(heard(&net, TALK), 1);
}

#[test]
fn strangers_get_no_more_bytes_than_they_send_and_little_room() {
    let mut net = two(5);
    net.tape = Some(Vec::new());
    let (mut sent, mut random) = (0, muts::Random::new(9));
    for round in 0..20_000_u32 {
        let mut bytes = vec![0x20];
        bytes.extend((0..60).map(|_| random.draw() as u8));
        sent += bytes.len();
        let from = Address::Pipe(1_000 + round % 500);
        let (now, packet) = (net.now, Packet { from, bytes: bytes.into() });
        net.ends.get_mut(&1).expect("there").receive(now, packet);
        if round % 100 == 0 {
            net.run(Duration::from_micros(500));
        }
    }
    net.run(Duration::from_secs(2));
    let tape = net.tape.take().expect("kept");
    let answered = tape.iter().filter(|(to, _)| *to >= 1_000);
    let answered: usize = answered.map(|(_, packet)| packet.bytes.len()).sum();
    assert!(answered <= sent, "{answered} bytes in answer to {sent}");
    assert!(counted(&net, 1, "muts.cookies_sent") > 1_000);
    assert!(!net.told(1).iter().any(|up| matches!(up, Up::Silent { .. } | Up::Lost { .. })));
}

#[test]
fn who_waits_is_answered_at_once_and_who_streams_in_batches() {
    let count = |net: &Net, node: u32, name: &str| counted(net, node, &format!("muts.{name}"));
    // One question at a time.
    let mut net = two(6);
    for _ in 0..100 {
        assert!(net.ask(1, cast_on(TALK, 50)));
        net.run(Duration::from_millis(5));
    }
    let asked = count(&net, 1, "asked_at_once");
    assert!(asked >= 100, "{asked} of 100 asked for an answer at once");
    assert!(count(&net, 2, "acks_at_once") >= 100);
    // As much as goes.
    let before = (count(&net, 1, "datagrams_sent"), count(&net, 2, "acks_sent"));
    for _ in 0..200 {
        (0..20).for_each(|_| assert!(net.ask(1, cast_on(TALK, 1_000))));
        net.run(Duration::from_millis(1));
    }
    let datagrams = count(&net, 1, "datagrams_sent") - before.0;
    let acks = count(&net, 2, "acks_sent") - before.1;
    assert!(datagrams > 2_000 && acks * 8 < datagrams, "{acks} for {datagrams}");
}

#[test]
fn an_idle_link_costs_few_datagrams_whatever_the_number_of_channels() {
    let sent = |channels: u64| {
        let mut net = Net::new(2, 7);
        net.run(Duration::from_secs(1));
        for channel in 1..=channels {
            for node in 1..=2_u32 {
                let peers = vec![proc(u64::from(3 - node), 1)];
                let channel = Channel(channel);
                assert!(net.ask(node, Down::Open { channel, peers, credit: false }));
            }
        }
        net.run(Duration::from_secs(5));
        let before = counted(&net, 1, "muts.datagrams_sent");
        net.run(Duration::from_secs(10));
        counted(&net, 1, "muts.datagrams_sent") - before
    };
    let (few, many) = (sent(1), sent(1_000));
    assert!(few <= 200 && many <= 200, "{few} and {many} in ten seconds");
}

#[test]
fn a_heartbeat_that_is_not_to_wait_its_turn_goes_at_once_and_the_next_in_its_turn() {
    let mut net = two(3);
    net.run(Duration::from_millis(130));
    let beat = |net: &mut Net, byte, soon| {
        let bytes = Bytes::from(vec![byte]);
        assert!(net.ask(1, Down::Beat { to: proc(2, 1), bytes, soon }));
    };
    let told = |net: &Net, byte: u8| {
        let said = |up: &&Up| matches!(up, Up::Beat { bytes, .. } if bytes[..] == [byte]);
        net.told(2).iter().filter(said).count()
    };
    beat(&mut net, 1, false);
    while told(&net, 1) == 0 {
        net.run(Duration::from_millis(1));
    }
    net.run(Duration::from_millis(40));
    beat(&mut net, 2, true);
    net.run(Duration::from_millis(3));
    assert_eq!(told(&net, 2), 1);
    beat(&mut net, 3, false);
    net.run(Duration::from_millis(45));
    assert_eq!(told(&net, 3), 0, "it waits its turn");
    net.run(Duration::from_millis(20));
    assert_eq!(told(&net, 3), 1);
}
