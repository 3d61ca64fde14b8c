//! Pair: two ends and a wire between them, on which somebody else may speak; and the steps that an
//! input is read as.

use bytes::Bytes;
use muts::{Address, Duration, Instant, Layer, NodeId, Packet, ProcId};

/// Datagrams that may cross at one moment; more are a quarrel without end.
const AT_ONCE_MAX: usize = 10_000;

/// Between two looks at the clocks.
const STEP: Duration = Duration::from_millis(1);

/// The process at an end.
pub(super) fn proc(node: u64) -> ProcId {
    ProcId { node: NodeId(node), incarnation: 1 }
}

/// Where it listens.
pub(super) const fn at(node: u32) -> Address {
    Address::Pipe(node)
}

/// Nodes 1 and 2, and what crosses between them.
pub(super) struct Pair<A: Layer, B: Layer> {
    pub(super) now: Instant,
    pub(super) a: A,
    pub(super) b: B,
    pub(super) told_a: Vec<A::Up>,
    pub(super) told_b: Vec<B::Up>,
    /// What went to `a`, as long as it is not full.
    pub(super) tape: Vec<Bytes>,
    /// What `a` said to others.
    pub(super) strays: Vec<Bytes>,
    /// Whether `b` hears and speaks.
    pub(super) joined: bool,
}

impl<A: Layer, B: Layer> Pair<A, B> {
    pub(super) fn new(a: A, b: B) -> Self {
        let (told_a, told_b) = (Vec::new(), Vec::new());
        let (tape, strays, now) = (Vec::new(), Vec::new(), Instant::ZERO);
        Self { now, a, b, told_a, told_b, tape, strays, joined: true }
    }

    /// Somebody says this to `a`.
    pub(super) fn inject(&mut self, from: Address, bytes: Bytes) {
        // The driver tells of no datagram that is empty.
        if !bytes.is_empty() {
            self.a.receive(self.now, Packet { from, bytes });
        }
        self.cross();
    }

    /// Everything that is to cross now.
    pub(super) fn cross(&mut self) {
        for _ in 0..AT_ONCE_MAX {
            self.told_a.extend(core::iter::from_fn(|| self.a.up()));
            self.told_b.extend(core::iter::from_fn(|| self.b.up()));
            if let Some(said) = self.a.transmit(self.now) {
                let bytes = said.gather();
                if said.to != at(2) {
                    self.strays.push(bytes);
                } else if self.joined {
                    self.b.receive(self.now, Packet { from: at(1), bytes });
                }
            } else if let Some(said) = self.b.transmit(self.now).filter(|_| self.joined) {
                let bytes = said.gather();
                if self.tape.len() < 64 {
                    self.tape.push(bytes.clone());
                }
                self.a.receive(self.now, Packet { from: at(2), bytes });
            } else {
                return;
            }
        }
        panic!("no end of datagrams at one moment");
    }

    /// Lets so much time pass.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.cross();
            let due = [self.a.deadline(), self.b.deadline()].into_iter().flatten().min();
            let next = due.map_or(end, |due| due.max(self.now + STEP));
            if next >= end {
                self.now = end;
                return;
            }
            self.now = next;
            self.a.wake(self.now);
            self.b.wake(self.now);
        }
    }
}

/// One step: what, with which small number, and the bytes that go with it.
pub(super) struct Step<'a> {
    pub(super) what: u8,
    pub(super) number: u8,
    pub(super) bytes: &'a [u8],
}

/// An input as steps: `number high, what low u8 | length u8 | bytes`; a length of 255 takes all.
pub(super) fn steps(mut bytes: &[u8]) -> impl Iterator<Item = Step<'_>> {
    core::iter::from_fn(move || {
        let [head, length, rest @ ..] = bytes else { return None };
        let whole = usize::from(*length).min(rest.len());
        let whole = if *length == 255 { rest.len() } else { whole };
        let (taken, after) = rest.split_at(whole);
        bytes = after;
        Some(Step { what: head & 15, number: head >> 4, bytes: taken })
    })
    .take(256)
}
