//! What is dropped is counted, by its reason.

use std::time::Duration;

use bytes::Bytes;
use muts::{Channel, Down};

use crate::common::{Net, counted, proc};

const DATA: u8 = 0x21;
const CLOSED: Channel = Channel(7);

/// Two that have met, and the session in which the first hears the second.
fn two() -> (Net, Bytes) {
    let mut net = Net::new(2, 1);
    net.tape = Some(Vec::new());
    net.run(Duration::from_secs(1));
    let tape = net.tape.take().expect("kept");
    let mut to_one = tape.iter().filter(|(to, packet)| *to == 1 && packet.bytes[0] == DATA);
    let session = to_one.next().expect("they have met").1.bytes.slice(1..5);
    (net, session)
}

/// What is counted more at the first when it hears these frames.
fn counts(frames: &[&[u8]]) -> Vec<(&'static str, u64)> {
    let (mut net, session) = two();
    let peers = vec![proc(2, 1)];
    assert!(net.ask(1, Down::Open { channel: CLOSED, peers, credit: false }));
    assert!(net.ask(1, Down::Close { channel: CLOSED }));
    let names = [
        "muts.dropped_malformed",
        "muts.dropped_closed",
        "muts.dropped_parts",
        "muts.dropped_duplicate",
    ];
    let before = names.map(|name| counted(&net, 1, name));
    let number = 3_000_u64.to_le_bytes();
    net.inject(1, 2, [&[DATA][..], &session, &number, &frames.concat()].concat().into());
    let all = names.into_iter().zip(before);
    let more = all.map(|(name, before)| (name, counted(&net, 1, name) - before));
    more.filter(|(_, more)| *more > 0).collect()
}

/// A frame of this kind, of the channel that is closed.
fn of_closed(kind: u8, rest: &[u8]) -> Vec<u8> {
    [&[kind][..], &CLOSED.0.to_le_bytes(), rest].concat()
}

#[test]
fn each_frame_that_is_not_taken_is_counted() {
    let far_ack = [1, 0xff, 0xff, 0x03, 0, 1, 1];
    assert_eq!(counts(&[&far_ack]), [("muts.dropped_malformed", 1)]);
    assert_eq!(counts(&[&of_closed(5, &[9])]), [("muts.dropped_closed", 1)]);
    // The first of two parts, and the same as the first of three.
    let parts: [&[u8]; 2] = [&[9, 1, 0, 2, 1, 7], &[9, 1, 0, 3, 1, 7]];
    assert_eq!(counts(&parts), [("muts.dropped_parts", 1)]);
    // Of more messages than may be begun the oldest is given up.
    let begun: Vec<[u8; 6]> = (0..20).map(|id| [9, id, 0, 2, 1, 7]).collect();
    let begun: Vec<&[u8]> = begun.iter().map(|part| &part[..]).collect();
    assert_eq!(counts(&begun), [("muts.dropped_parts", 4)]);
    assert_eq!(counts(&[&[10]]), []);
}
