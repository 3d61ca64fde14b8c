//! What comes of a channel that is not open yet: it is kept in little room, what finds none comes
//! again without haste, and other channels do not notice.

use std::time::Duration;

use bytes::Bytes;
use muts::limits::{CLOSED_MAX, UNASKED_BYTES};
use muts::{Address, Audience, Channel, Down, Message, Packet, Up};

use crate::common::{Net, casts, counted, proc};

const TALK: Channel = Channel(1_000);

/// More than may lie at a receiver before it opens them.
const MANY: std::ops::Range<u64> = 1..101;

fn open(net: &mut Net, node: u32, channel: Channel) {
    let peers = vec![proc(u64::from(3 - node), 1)];
    assert!(net.ask(node, Down::Open { channel, peers, credit: false }));
}

fn cast_on(channel: Channel, bytes: usize) -> Down {
    Down::Cast { channel, to: Audience::ALL, message: Message::new(vec![5; bytes]) }
}

fn heard(net: &Net, on: Channel) -> usize {
    let on = |up: &&Up| matches!(up, Up::Cast { channel, .. } if *channel == on);
    net.told(2).iter().filter(on).count()
}

fn two(seed: u64) -> Net {
    let mut net = Net::new(2, seed);
    net.delay_us = 400;
    net.run(Duration::from_secs(1));
    net
}

#[test]
fn channels_that_nobody_opens_are_not_sent_to_again_and_again() {
    let mut net = two(2);
    open(&mut net, 1, TALK);
    open(&mut net, 2, TALK);
    for channel in MANY.map(Channel) {
        open(&mut net, 1, channel);
        assert!(net.ask(1, cast_on(channel, UNASKED_BYTES as usize - 10)));
    }
    for _ in 0..1_000 {
        assert!(net.ask(1, cast_on(TALK, 1_000)));
        net.run(Duration::from_millis(5));
    }
    assert_eq!(heard(&net, TALK), 1_000);
    assert!(counted(&net, 2, "muts.dropped_early") > 0, "there is no room for all");
    let (again, first) = (counted(&net, 1, "muts.frames_resent"), 100 * 24);
    assert!(again < 5 * first, "{again} frames again in five seconds");
    for channel in MANY.map(Channel) {
        open(&mut net, 2, channel);
    }
    net.run(Duration::from_millis(100));
    assert!(MANY.map(Channel).all(|channel| heard(&net, channel) == 1), "at once");
}

#[test]
fn what_a_receiver_passes_over_waits_there_until_it_opens() {
    let mut net = two(3);
    open(&mut net, 1, TALK);
    let nobody = Message::new(vec![5; 1 << 20]);
    assert!(net.ask(1, Down::Cast { channel: TALK, to: Audience::NONE, message: nobody }));
    assert!(net.ask(1, cast_on(TALK, 10)));
    net.run(Duration::from_secs(5));
    assert_eq!(counted(&net, 1, "muts.frames_resent"), 0);
    open(&mut net, 2, TALK);
    net.run(Duration::from_millis(5));
    assert_eq!(heard(&net, TALK), 1);
}

#[test]
fn who_speaks_on_a_channel_that_was_closed_long_ago_is_told_so() {
    let mut net = two(4);
    for node in 1..=2 {
        open(&mut net, node, TALK);
    }
    assert!(net.ask(1, cast_on(TALK, 2 * UNASKED_BYTES as usize)));
    net.run(Duration::from_millis(100));
    assert_eq!(heard(&net, TALK), 1);
    assert!(net.ask(2, Down::Close { channel: TALK }));
    for at in 0..=CLOSED_MAX as u64 {
        let channel = Channel(2_000 + at);
        assert!(net.ask(2, Down::Open { channel, peers: Vec::new(), credit: false }));
        assert!(net.ask(2, Down::Close { channel }));
    }
    for _ in 0..100 {
        assert!(net.ask(1, cast_on(TALK, 1_000)));
        net.run(Duration::from_millis(10));
    }
    assert_eq!(counted(&net, 1, "muts.frames_resent"), 0);
    assert!(counted(&net, 2, "muts.dropped_closed") <= 2, "it stops");
}

#[test]
fn a_datagram_that_was_not_taken_whole_counts_once_all_the_same() {
    let mut net = two(5);
    for channel in MANY.map(Channel) {
        open(&mut net, 1, channel);
        assert!(net.ask(1, cast_on(channel, UNASKED_BYTES as usize - 10)));
    }
    net.run(Duration::from_millis(500));
    // The last of them has no room there: with what comes of it there come others' words.
    net.tape = Some(Vec::new());
    for at in 0..20_u8 {
        let channel = Channel(200 + u64::from(at));
        open(&mut net, 1, channel);
        let message = Message::new(vec![at; 40]);
        assert!(net.ask(1, cast_on(channel, 500)));
        assert!(net.ask(1, Down::Tell { to: proc(2, 1), change: false, message }));
        net.run(Duration::from_millis(5));
    }
    let tape: Vec<Bytes> = net.tape.take().expect("kept").into_iter().filter_map(to_two).collect();
    let tells = |net: &Net| net.told(2).iter().filter(|up| matches!(up, Up::Tell { .. })).count();
    assert_eq!(tells(&net), 20);
    for bytes in tape {
        net.inject(2, 1, bytes);
    }
    net.run(Duration::from_millis(5));
    assert_eq!(tells(&net), 20);
    assert!(counted(&net, 2, "muts.dropped_early") > 20, "they had no room");
}

fn to_two((to, packet): (u32, Packet)) -> Option<Bytes> {
    (to == 2 && packet.from == Address::Pipe(1)).then_some(packet.bytes)
}

#[test]
fn whoever_opens_late_gets_all_and_keeps_nobody_in_the_hall_waiting() {
    for seed in 0..10 {
        let mut net = Net::with_hall(3, 100 + seed);
        net.run(Duration::from_secs(2));
        let open = |net: &mut Net, node: u32| {
            let others = (1..=3).filter(|other| *other != node);
            let peers = others.map(|other| proc(other.into(), 1)).collect();
            assert!(net.ask(node, Down::Open { channel: TALK, peers, credit: false }));
        };
        (1..=2).for_each(|node| open(&mut net, node));
        net.loss = 100_000;
        for at in 0..100_u64 {
            assert!(net.ask(1, cast_on(TALK, 1_000 + at as usize)));
            net.run(Duration::from_millis(5));
        }
        net.run(Duration::from_secs(1));
        assert_eq!(heard(&net, TALK), 100, "seed {seed}: node 3 has not opened");
        open(&mut net, 3);
        net.run(Duration::from_secs(2));
        let casts = casts(net.told(3), 1);
        let lengths: Vec<usize> = casts.iter().map(|cast| cast.1.body().len()).collect();
        assert_eq!(lengths, (1_000..1_100).collect::<Vec<_>>(), "seed {seed}");
    }
}
