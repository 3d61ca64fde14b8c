//! Transfer: a newcomer receives the state as of its first view.
//!
//! *Takes* chunks of saved bytes, as a donor gives them (`giving.rs`). *Promises* the same bytes at
//! the taker, or that it is told to try again. The taker asks for chunks, a few at a time, and the
//! donor answers and remembers nothing but the snapshot: so nothing comes before the taker can use
//! it, the donor queues little, and asking again costs a chunk. *Keeps*, beyond the view, what has
//! come of a state that was not whole: who gives one of the same sum next goes on there. *Checked
//! by* `tests/replica.rs`. Source: protocols 3.4.

use alloc::vec::Vec;

use lwg::Endpoint;
use muts::Instant;

use crate::digest::{Digest, Sum};
use crate::limits::{CHUNK_BYTES, CHUNKS_ASKED_MAX, STALL, STALLS_MAX, STATE_BYTES_MAX};

/// The beginning of a state whose rest did not come.
#[derive(Debug)]
pub(crate) struct Part {
    sum: Sum,
    /// Whole chunks, one at least.
    got: Vec<u8>,
    digest: Digest,
}

/// The taker's side: one state on its way.
#[derive(Debug)]
pub(crate) struct Taking {
    pub(crate) donor: Endpoint,
    pub(crate) boundary: u32,
    /// Known from the offer, else from the first chunk.
    sum: Option<Sum>,
    got: Vec<u8>,
    /// Of those bytes: taken as they come, so that the last chunk takes no longer than others.
    digest: Digest,
    /// What came from others, until it is known whether it is of the same state.
    part: Option<Part>,
    /// How many chunks are here from others.
    resumed: u32,
    /// The chunk awaited.
    next: u32,
    /// The first not asked for yet.
    asked: u32,
    /// When something came, or was asked for while nothing was on its way.
    heard_at: Instant,
    stalls: u32,
}

/// What a taker knows after a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Not all is here.
    More,
    /// All is here, and is what was promised.
    Whole { bytes: Vec<u8>, digest: Digest },
    /// It is not what was promised.
    Refused,
}

impl Taking {
    /// A state to be had from this donor; `part` is what has come of one before.
    pub(crate) fn new(
        now: Instant,
        donor: Endpoint,
        boundary: u32,
        sum: Option<Sum>,
        part: Option<Part>,
    ) -> Self {
        let mut taking = Self {
            donor,
            boundary,
            sum,
            got: Vec::new(),
            digest: Digest::NOTHING,
            part,
            resumed: 0,
            next: 0,
            asked: 0,
            heard_at: now,
            stalls: 0,
        };
        if sum.is_some() {
            taking.resume();
        }
        taking
    }

    /// Goes on where another donor stopped, now that the sum is known: if it is of the same state.
    fn resume(&mut self) {
        let Some(part) = self.part.take().filter(|part| Some(part.sum) == self.sum) else { return };
        (self.got, self.digest) = (part.got, part.digest);
        self.resumed = (self.got.len() / CHUNK_BYTES) as u32;
        self.next = self.resumed;
        self.asked = self.resumed;
    }

    /// How many chunks need not come again.
    pub(crate) fn resumed(&self) -> u32 {
        self.resumed
    }

    /// What has come, for whoever gives the same state next.
    pub(crate) fn into_part(self) -> Option<Part> {
        match self.sum {
            Some(sum) if !self.got.is_empty() => {
                Some(Part { sum, got: self.got, digest: self.digest })
            }
            _ => self.part,
        }
    }

    /// Whether more may be asked for before something comes.
    pub(crate) fn wants(&self) -> bool {
        let chunks = match self.sum {
            Some(sum) if self.next > 0 => chunks(sum.length),
            // One chunk shows whether the donor is there.
            _ => 1,
        };
        self.asked < chunks.min(self.next.saturating_add(CHUNKS_ASKED_MAX))
    }

    /// The next chunk to ask for; none while enough is on its way.
    pub(crate) fn ask(&mut self, now: Instant) -> Option<u32> {
        if !self.wants() {
            return None;
        }
        if self.asked == self.next {
            self.heard_at = now;
        }
        self.asked += 1;
        Some(self.asked - 1)
    }

    /// Takes a chunk; one that is not awaited was asked for twice and is passed over.
    pub(crate) fn chunk(&mut self, now: Instant, chunk: u32, sum: Sum, bytes: &[u8]) -> Taken {
        if chunk != self.next {
            return Taken::More;
        }
        if *self.sum.get_or_insert(sum) != sum || sum.length > STATE_BYTES_MAX {
            return Taken::Refused;
        }
        let missing = sum.length - self.got.len() as u64;
        if bytes.len() as u64 != missing.min(CHUNK_BYTES as u64) {
            return Taken::Refused;
        }
        self.got.extend_from_slice(bytes);
        self.digest = self.digest.and(bytes);
        self.next += 1;
        self.asked = self.asked.max(self.next);
        self.heard_at = now;
        self.stalls = 0;
        self.resume();
        if self.next < chunks(sum.length) {
            return Taken::More;
        }
        let (bytes, digest) = (core::mem::take(&mut self.got), self.digest);
        if digest == sum.digest { Taken::Whole { bytes, digest } } else { Taken::Refused }
    }

    /// When to ask again; none while nothing is on its way.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        (self.asked > self.next).then(|| self.heard_at + STALL)
    }

    /// Asks again for what has not come; false if that has been in vain too often.
    pub(crate) fn again(&mut self, now: Instant) -> bool {
        self.heard_at = now;
        self.asked = self.next;
        self.stalls += 1;
        self.stalls <= STALLS_MAX
    }
}

/// Chunks of a state of so many bytes, at least one.
fn chunks(length: u64) -> u32 {
    u32::try_from(length.div_ceil(CHUNK_BYTES as u64).max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::giving::{Given, Giving};
    use alloc::vec;
    use bytes::Bytes;

    const NOW: Instant = Instant::ZERO;

    fn donor() -> Endpoint {
        Endpoint::default()
    }

    fn give(giving: &mut Giving, chunk: u32) -> (Sum, Bytes) {
        match giving.want(donor(), 0, chunk, 0) {
            Some(Given::Chunk { sum, bytes, .. }) => (sum, bytes),
            other => panic!("no chunk {chunk}: {other:?}"),
        }
    }

    #[test]
    fn states_of_all_sizes_around_a_chunk_arrive_whole() {
        for size in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 11 * CHUNK_BYTES + 5] {
            let state: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let mut giving = Giving::default();
            giving.put(0, state.clone(), None);
            let mut taking = Taking::new(NOW, donor(), 0, None, None);
            let mut asked = vec![];
            let whole = loop {
                asked.extend(core::iter::from_fn(|| taking.ask(NOW)));
                assert!(asked.len() <= CHUNKS_ASKED_MAX as usize);
                let chunk = asked.remove(0);
                let (sum, bytes) = give(&mut giving, chunk);
                match taking.chunk(NOW, chunk, sum, &bytes) {
                    Taken::More => {}
                    whole => break whole,
                }
            };
            let digest = Digest::of(&state);
            assert_eq!(whole, Taken::Whole { bytes: state, digest }, "{size} bytes");
        }
    }

    #[test]
    fn a_changed_byte_is_refused() {
        let mut giving = Giving::default();
        let sum = giving.put(0, vec![1, 2, 3], None).sum;
        let mut taking = Taking::new(NOW, donor(), 0, Some(sum), None);
        assert_eq!(taking.ask(NOW), Some(0));
        assert_eq!(taking.chunk(NOW, 0, sum, &[1, 2, 4]), Taken::Refused);
    }

    #[test]
    fn lengths_that_lie_are_refused_before_anything_is_reserved() {
        let lie = |length| Sum { length, digest: Digest(0) };
        for length in [4, 2, u64::MAX, STATE_BYTES_MAX + 1] {
            let mut taking = Taking::new(NOW, donor(), 0, None, None);
            assert_eq!(taking.chunk(NOW, 0, lie(length), &[1, 2, 3]), Taken::Refused, "{length}");
            assert_eq!(taking.got.capacity(), 0);
        }
    }

    #[test]
    fn a_donor_that_stays_silent_is_asked_again_a_few_times() {
        let mut taking = Taking::new(NOW, donor(), 0, None, None);
        for _ in 0..STALLS_MAX {
            assert_eq!((taking.ask(NOW), taking.ask(NOW)), (Some(0), None));
            assert!(taking.again(NOW));
        }
        assert!(!taking.again(NOW));
    }

    fn chunks_of(taking: &mut Taking, giving: &mut Giving, count: usize) -> Taken {
        let mut last = Taken::More;
        for _ in 0..count {
            let chunk = taking.ask(NOW).expect("it wants more");
            let (sum, bytes) = give(giving, chunk);
            last = taking.chunk(NOW, chunk, sum, &bytes);
        }
        last
    }

    fn begun(giving: &mut Giving, sum: Option<Sum>) -> Option<Part> {
        let mut taking = Taking::new(NOW, donor(), 0, sum, None);
        assert_eq!(chunks_of(&mut taking, giving, 3), Taken::More);
        taking.into_part()
    }

    #[test]
    fn the_same_state_of_another_donor_goes_on_at_the_chunk_where_it_stopped() {
        let state: Vec<u8> = (0..5 * CHUNK_BYTES + 5).map(|at| (at % 251) as u8).collect();
        for told in [true, false] {
            let mut giving = Giving::default();
            let sum = giving.put(0, state.clone(), None).sum;
            let sum = told.then_some(sum);
            let part = begun(&mut giving, sum);
            let mut taking = Taking::new(NOW, donor(), 0, sum, part);
            // Without word of its sum, the first chunk tells that it is the same.
            let rest = if told { 3 } else { 4 };
            let whole = chunks_of(&mut taking, &mut giving, rest);
            let digest = Digest::of(&state);
            assert_eq!(whole, Taken::Whole { bytes: state.clone(), digest }, "told: {told}");
            assert_eq!(taking.resumed(), 3);
        }
    }

    #[test]
    fn another_state_begins_anew_and_is_not_mixed_with_what_had_come() {
        for told in [true, false] {
            let mut giving = Giving::default();
            giving.put(0, vec![1; 5 * CHUNK_BYTES], None);
            let part = begun(&mut giving, None);
            let sum = giving.put(0, vec![2; 5 * CHUNK_BYTES], None).sum;
            let mut taking = Taking::new(NOW, donor(), 0, told.then_some(sum), part);
            let whole = chunks_of(&mut taking, &mut giving, 5);
            let (bytes, digest) = (vec![2; 5 * CHUNK_BYTES], sum.digest);
            assert_eq!(whole, Taken::Whole { bytes, digest }, "told: {told}");
            assert_eq!(taking.resumed(), 0);
        }
    }

    #[test]
    fn what_has_come_of_a_state_outlives_a_donor_that_gives_nothing() {
        let mut giving = Giving::default();
        giving.put(0, vec![1; 5 * CHUNK_BYTES], None);
        let part = begun(&mut giving, None);
        let idle = Taking::new(NOW, donor(), 1, None, part);
        let mut taking = Taking::new(NOW, donor(), 0, None, idle.into_part());
        chunks_of(&mut taking, &mut giving, 1);
        assert_eq!(taking.resumed(), 3);
    }
}
