//! Hall: three friends with keys, one of whom speaks to both others at once, and somebody who has
//! heard all of that speaks into it.
//!
//! Nothing that it says has any effect: nothing is told, nothing is answered but with a cookie,
//! memory stays what it was, and the friends go on.

use bytes::Bytes;
use muts::keyed::Keyed;
use muts::{
    Address, Audience, Channel, Config, Down, Duration, Instant, Layer, Message, Packet, Transport,
    Up,
};

use super::pair::{Step, at, proc, steps};
use super::stranger::{COOKIE, bounded, changed, keys};
use crate::allocator;

const CHANNEL: Channel = Channel(9);

/// Where everybody listens.
const HALL: Address = Address::EVERY_PIPE;

/// A datagram in the hall.
const SAID: u8 = 0x25;

/// Before the frames of one that is for two.
const HEAD_BYTES: usize = 22 + 2 * 12;

/// Until all have proved that they hear.
const SETTLED: Duration = Duration::from_millis(300);

/// Who hears what the stranger says, who speaks in the hall, and who hears it too.
struct Friends {
    now: Instant,
    ends: [Transport; 3],
    /// What the first was told.
    told: Vec<Up>,
    /// What the second has said in the hall.
    tape: Vec<Bytes>,
    /// What the first has said to others.
    strays: Vec<Bytes>,
}

impl Friends {
    fn new() -> Self {
        let end = |node: u64| {
            let hall = Some(HALL);
            let config = Config { hall, ..Config::new(proc(node), node) };
            let mut end = Transport::guarded(config, Box::new(Keyed::new(keys())));
            for other in (1..=3).filter(|other| *other != node) {
                let (other, address) = (proc(other).node, at(other as u32));
                let meet = Down::Meet { node: other, address };
                end.down(Instant::ZERO, meet).expect("never full");
            }
            let peers = (1..=3).filter(|other| *other != node).map(proc).collect();
            let open = Down::Open { channel: CHANNEL, peers, credit: false };
            end.down(Instant::ZERO, open).expect("never full");
            end
        };
        let ends = [end(1), end(2), end(3)];
        let (told, tape, strays) = (Vec::new(), Vec::new(), Vec::new());
        let mut friends = Self { now: Instant::ZERO, ends, told, tape, strays };
        friends.run(SETTLED);
        friends.cast(b"to both at once");
        friends.run(Duration::from_millis(20));
        assert!(friends.tape.iter().any(|said| said[21] == 2), "two are spoken to at once");
        friends.told.clear();
        friends
    }

    fn inject(&mut self, from: Address, bytes: Bytes) {
        if !bytes.is_empty() {
            self.ends[0].receive(self.now, Packet { from, bytes });
        }
        self.cross();
    }

    fn cast(&mut self, bytes: &[u8]) {
        let message = Message::new(bytes.to_vec());
        let cast = Down::Cast { channel: CHANNEL, to: Audience::ALL, message };
        self.ends[1].down(self.now, cast).expect("an empty window");
        self.cross();
    }

    /// Everything that is to cross now.
    fn cross(&mut self) {
        loop {
            let mut quiet = true;
            for from in 0..3 {
                while let Some(said) = self.ends[from].transmit(self.now) {
                    quiet = false;
                    self.deliver(from, said.to, &said.gather());
                }
            }
            self.told.extend(std::iter::from_fn(|| self.ends[0].up()));
            for end in &mut self.ends[1..] {
                while end.up().is_some() {}
            }
            if quiet {
                return;
            }
        }
    }

    fn deliver(&mut self, from: usize, to: Address, bytes: &Bytes) {
        if to == HALL && from == 1 && self.tape.len() < 64 {
            self.tape.push(bytes.clone());
        }
        let to: Vec<usize> = (0..3)
            .filter(|end| *end != from && (to == HALL || to == at(*end as u32 + 1)))
            .collect();
        if to.is_empty() {
            self.strays.push(bytes.clone());
        }
        for end in to {
            let packet = Packet { from: at(from as u32 + 1), bytes: bytes.clone() };
            self.ends[end].receive(self.now, packet);
        }
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.cross();
        while self.now < end {
            self.now += Duration::from_millis(2);
            self.ends.iter_mut().for_each(|one| one.wake(self.now));
            self.cross();
        }
    }

    /// Answers whether the friend has said a word.
    fn act(&mut self, step: &Step<'_>) -> bool {
        let stranger = at(10 + u32::from(step.number));
        match step.what % 8 {
            0 => self.inject(stranger, [&[SAID][..], step.bytes].concat().into()),
            1 => {
                // Under later numbers, as if nothing were sealed, and who knows what.
                let said = changed(&self.tape, step.number, &[]);
                let mut bytes = said[..said.len().min(HEAD_BYTES)].to_vec();
                if bytes.len() == HEAD_BYTES {
                    bytes[9..13].fill(0);
                    (bytes[28], bytes[40]) = (1, 1);
                }
                bytes.extend_from_slice(step.bytes);
                self.inject(at(2), bytes.into());
            }
            2 => self.inject(at(2), [&[SAID][..], step.bytes].concat().into()),
            3 | 4 => {
                let from = if step.what % 8 == 3 { at(2) } else { stranger };
                let said = changed(&self.tape, step.number, step.bytes);
                self.inject(from, said);
            }
            5 => {
                let said = changed(&self.tape, step.number, &[]);
                let end = step.bytes.first().map_or(0, |byte| usize::from(*byte));
                self.inject(at(2), said.slice(..end.min(said.len())));
            }
            6 => self.run(Duration::from_millis(10) * (1 + u32::from(step.number))),
            _ => self.cast(step.bytes),
        }
        step.what % 8 == 7
    }
}

pub(super) fn attempt(bytes: &[u8]) {
    let mut friends = Friends::new();
    let (before, mut longest, mut said) = (allocator::used(), 0, 0);
    for step in steps(bytes) {
        let taped = friends.tape.iter().map(Bytes::len).max().unwrap_or(0);
        longest = longest.max(step.bytes.len() + HEAD_BYTES).max(taped);
        said += usize::from(friends.act(&step));
        for stray in friends.strays.drain(..) {
            assert!(stray[0] == COOKIE && stray.len() <= longest, "a stranger is answered");
        }
    }
    friends.cast(b"still here");
    friends.run(Duration::from_millis(300));
    let told = core::mem::take(&mut friends.told);
    let casts = told.iter().filter(|up| matches!(up, Up::Cast { .. })).count();
    assert_eq!(casts, said + 1, "the friend's own words, once each");
    let own = |up: &Up| matches!(up, Up::Cast { .. } | Up::Beat { .. } | Up::Settled { .. });
    assert!(told.iter().all(own), "{told:?}");
    drop(told);
    bounded(before, bytes.len());
}
