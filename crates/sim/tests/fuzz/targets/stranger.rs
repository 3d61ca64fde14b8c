//! Stranger: two friends talk, and somebody who has seen all that they sent speaks into it.
//!
//! With keys nothing that it says has any effect: nothing is told, nothing is answered but with a
//! cookie, memory stays what it was, and the friends go on. Without keys anybody may become a peer;
//! then order and memory still hold.

use std::sync::OnceLock;

use bytes::Bytes;
use muts::keyed::{KeyFile, Keyed};
use muts::{Audience, Channel, Config, Down, Duration, Layer, Message, Open, Transport, Up};

use super::pair::{Pair, Step, at, proc, steps};
use crate::allocator;

const CHANNEL: Channel = Channel(9);

/// What friends may have in use besides: a block that short datagrams are copied into, windows.
const BESIDES_MAX: usize = 512 << 10;

/// A datagram that tells a caller to show a cookie.
pub(super) const COOKIE: u8 = 0x24;

type Friends = Pair<Transport, Transport>;

fn friends(guard: impl Fn() -> Box<dyn muts::Guard>) -> Friends {
    let end = |node| Transport::guarded(Config::new(proc(node), node), guard());
    let mut pair = Pair::new(end(1), end(2));
    let now = pair.now;
    let meet = |node: u64, at| Down::Meet { node: proc(node).node, address: at };
    pair.a.down(now, meet(2, at(2))).expect("never full");
    pair.b.down(now, meet(1, at(1))).expect("never full");
    for (end, other) in [(&mut pair.a, 2), (&mut pair.b, 1)] {
        let open = Down::Open { channel: CHANNEL, peers: vec![proc(other)], credit: false };
        end.down(now, open).expect("never full");
    }
    pair.a.wake(now);
    pair.b.wake(now);
    pair.run(Duration::from_millis(150));
    pair
}

fn cast(pair: &mut Friends, bytes: &[u8]) {
    let message = Message::new(bytes.to_vec());
    let cast = Down::Cast { channel: CHANNEL, to: Audience::ALL, message };
    // What is handed back was not said.
    let _ = pair.b.down(pair.now, cast);
}

/// A datagram of a friend with some of its bytes changed: `place, what * n`.
pub(super) fn changed(tape: &[Bytes], number: u8, by: &[u8]) -> Bytes {
    let Some(taken) = tape.get(usize::from(number) % tape.len().max(1)) else {
        return Bytes::new();
    };
    let mut bytes = taken.to_vec();
    for pair in by.chunks_exact(2) {
        let place = usize::from(pair[0]) % bytes.len();
        bytes[place] ^= pair[1];
    }
    bytes.into()
}

fn act(pair: &mut Friends, step: &Step<'_>) {
    let stranger = at(10 + u32::from(step.number));
    match step.what % 8 {
        0 | 1 => pair.inject(stranger, Bytes::copy_from_slice(step.bytes)),
        2 => pair.inject(at(2), Bytes::copy_from_slice(step.bytes)),
        3 => {
            let bytes = changed(&pair.tape, step.number, step.bytes);
            pair.inject(at(2), bytes);
        }
        4 => {
            let bytes = changed(&pair.tape, step.number, step.bytes);
            pair.inject(at(99), bytes);
        }
        5 => {
            let bytes = changed(&pair.tape, step.number, &[]);
            let end = step.bytes.first().map_or(0, |byte| usize::from(*byte));
            pair.inject(at(2), bytes.slice(..end.min(bytes.len())));
        }
        6 => pair.run(Duration::from_millis(20) * (1 + u32::from(step.number))),
        _ => {
            cast(pair, step.bytes);
            pair.cross();
        }
    }
}

/// What friends have and strangers have not.
pub(super) fn keys() -> &'static KeyFile {
    static KEYS: OnceLock<KeyFile> = OnceLock::new();
    KEYS.get_or_init(|| {
        let line = |word: &str, digits: &str| format!("{word} {}\n", digits.repeat(32));
        KeyFile::parse(&(line("cluster", "c1") + &line("private", "a7"))).expect("keys")
    })
}

/// With keys.
pub(super) fn sealed(bytes: &[u8]) {
    let mut pair = friends(|| Box::new(Keyed::new(keys())));
    let met = |up: &Up| matches!(up, Up::Met { peer } if *peer == proc(2));
    assert!(pair.told_a.iter().any(met), "friends meet");
    pair.told_a.clear();
    let (before, mut longest, mut said) = (allocator::used(), 0, 0);
    for step in steps(bytes) {
        longest =
            longest.max(step.bytes.len()).max(pair.tape.iter().map(Bytes::len).max().unwrap_or(0));
        said += usize::from(step.what % 8 == 7);
        act(&mut pair, &step);
        for stray in pair.strays.drain(..) {
            assert!(stray[0] == COOKIE && stray.len() <= longest, "a stranger is answered");
        }
    }
    cast(&mut pair, b"still here");
    pair.run(Duration::from_millis(500));
    let told = core::mem::take(&mut pair.told_a);
    let casts = told.iter().filter(|up| matches!(up, Up::Cast { .. })).count();
    assert_eq!(casts, said + 1, "the friends' own words, once each");
    let own = |up: &Up| matches!(up, Up::Cast { .. } | Up::Beat { .. } | Up::Settled { .. });
    assert!(told.iter().all(own), "{told:?}");
    drop(told);
    bounded(before, bytes.len());
}

/// Without.
pub(super) fn open(bytes: &[u8]) {
    let mut pair = friends(|| Box::new(Open));
    pair.told_a.clear();
    let before = allocator::used();
    for step in steps(bytes) {
        act(&mut pair, &step);
    }
    pair.run(Duration::from_millis(200));
    ordered(&core::mem::take(&mut pair.told_a));
    pair.strays = Vec::new();
    pair.told_b = Vec::new();
    // Every hello may make a link, with all that a link has.
    bounded(before, bytes.len() * 64);
}

/// One sender's casts come one after the other, on the one channel that is open.
pub(super) fn ordered(told: &[Up]) {
    let mut next = std::collections::BTreeMap::new();
    for up in told {
        match up {
            Up::Cast { channel, from, seq, .. } => {
                let next = next.entry((*channel, *from)).or_insert(0);
                assert_eq!((*channel, *seq), (CHANNEL, *next), "{up:?}");
                *next += 1;
            }
            Up::Skip { channel, from, below } => {
                let next = next.entry((*channel, *from)).or_insert(0);
                assert!(*channel == CHANNEL && *below >= *next, "{up:?}");
                *next = *below;
            }
            _ => {}
        }
    }
}

pub(super) fn bounded(before: isize, came: usize) {
    let more = usize::try_from(allocator::used() - before).unwrap_or(0);
    assert!(more <= BESIDES_MAX + 16 * came, "{more} bytes more in use after {came}");
}
