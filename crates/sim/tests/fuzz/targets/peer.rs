//! Peer: a link stands, and what comes over it, to this end alone or in the hall, are frames as
//! they please.
//!
//! Nothing is told but in order on the channel that is open, and memory stays in proportion to what
//! came, whatever offsets, lengths, counts and limits the frames tell.

use bytes::{Bytes, BytesMut};
use muts::{
    Address, Audience, Channel, Config, Down, Duration, Layer, Message, Sink, Transport, Wire,
    write_varint,
};

use super::pair::{Pair, Step, at, proc, steps};
use super::stranger::ordered;
use crate::allocator;

const CHANNEL: Channel = Channel(9);
const DATA: u8 = 0x21;
const HALL: u8 = 0x25;

/// Links, blocks, windows.
const BESIDES_MAX: usize = 512 << 10;

/// What a byte that came may take: a frame of a few bytes is kept with what finds it again.
const TIMES_MAX: usize = 64;

type Ends = Pair<Transport, Transport>;

fn meet(hall: Option<Address>) -> (Ends, Bytes) {
    let end = |node| Transport::new(Config { hall, ..Config::new(proc(node), node) });
    let mut pair = Pair::new(end(1), end(2));
    let now = pair.now;
    let meet = Down::Meet { node: proc(1).node, address: at(1) };
    pair.b.down(now, meet).expect("never full");
    let open = Down::Open { channel: CHANNEL, peers: vec![proc(2)], credit: false };
    pair.a.down(now, open).expect("never full");
    pair.b.wake(now);
    pair.run(Duration::from_millis(120));
    let data = pair.tape.iter().find(|datagram| datagram[0] == DATA).expect("a heartbeat");
    let session = data.slice(1..5);
    pair.joined = false;
    (pair, session)
}

/// How the peer speaks.
struct Voice {
    /// This end's of the session.
    session: Bytes,
    /// Of its next datagram.
    number: u64,
    /// Whether it speaks in the hall.
    in_hall: bool,
}

impl Voice {
    /// A datagram of the peer's, under the next number; in the hall for others too.
    fn says(&mut self, pair: &mut Ends, others: u8, frames: &[u8]) {
        let mut bytes = BytesMut::new();
        if self.in_hall {
            Sink::push(&mut bytes, HALL);
            proc(2).node.0.write(&mut bytes);
            (0_u32, self.number).write(&mut bytes);
            (others % 5 + 1).write(&mut bytes);
            for other in 0..u32::from(others % 5) {
                (other, 7_u64).write(&mut bytes);
            }
        } else {
            Sink::push(&mut bytes, DATA);
        }
        Sink::extend_from_slice(&mut bytes, &self.session);
        self.number.write(&mut bytes);
        self.number += 1;
        Sink::extend_from_slice(&mut bytes, frames);
        pair.inject(at(2), bytes.freeze());
    }
}

/// One run of a stream: where it lies from the first bytes, what it is from the others.
fn run(step: &Step<'_>) -> Vec<u8> {
    let channel: u64 = [9, 0, 5, 7][usize::from(step.number) % 4];
    let (place, bytes) = step.bytes.split_at_checked(3).unwrap_or((&[0, 0, 0], step.bytes));
    let offset = u64::from(place[0]) | u64::from(place[1]) << 8 | u64::from(place[2]) << 14;
    let mut frame = vec![2];
    channel.write(&mut frame);
    write_varint(&mut frame, offset);
    write_varint(&mut frame, bytes.len() as u64);
    frame.extend_from_slice(bytes);
    frame
}

fn ask(pair: &mut Ends, step: &Step<'_>) {
    let message = Message::new(step.bytes.to_vec());
    let to = proc(2);
    let ask = match step.number % 7 {
        0 => Down::Cast { channel: CHANNEL, to: Audience::ALL, message },
        1 => Down::Cast { channel: CHANNEL, to: Audience::NONE, message },
        2 => Down::Send { to, message },
        3 => Down::Tell { to, change: false, message },
        4 => Down::Taken { channel: CHANNEL, from: to, bytes: 64 },
        5 => Down::Open { channel: Channel(7), peers: vec![to], credit: true },
        _ => Down::Close { channel: Channel(7) },
    };
    // What is handed back is not wanted again.
    let _ = pair.a.down(pair.now, ask);
    pair.cross();
}

/// Frames in datagrams of a session that stands.
pub(super) fn alone(bytes: &[u8]) {
    attempt(bytes, None);
}

/// The same in the hall.
pub(super) fn in_hall(bytes: &[u8]) {
    attempt(bytes, Some(Address::EVERY_PIPE));
}

fn attempt(bytes: &[u8], hall: Option<Address>) {
    let (mut pair, session) = meet(hall);
    let mut voice = Voice { session, number: 1_000, in_hall: hall.is_some() };
    let (before, mut opened) = (allocator::used(), false);
    for step in steps(bytes) {
        match step.what % 8 {
            0 | 1 => voice.says(&mut pair, step.number, step.bytes),
            2 if voice.in_hall => {
                pair.inject(at(2), [&[HALL][..], step.bytes].concat().into());
            }
            2 => voice.says(&mut pair, step.number, step.bytes),
            3 | 4 => voice.says(&mut pair, step.number, &run(&step)),
            5 => pair.run(Duration::from_millis(10) * (1 + u32::from(step.number))),
            6 => voice.number += u64::from(step.number) * 97,
            _ => {
                opened |= matches!(step.number % 7, 6 | 7);
                ask(&mut pair, &step);
            }
        }
    }
    let told = core::mem::take(&mut pair.told_a);
    if !opened {
        ordered(&told);
    }
    drop(told);
    (pair.strays, pair.told_b) = (Vec::new(), Vec::new());
    let more = usize::try_from(allocator::used() - before).unwrap_or(0);
    assert!(more <= BESIDES_MAX + TIMES_MAX * bytes.len(), "{more} more for {}", bytes.len());
}
