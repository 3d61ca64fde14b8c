//! Transfer: a newcomer receives the state as of a cut, in this view or the next ones.
//!
//! *Takes* chunks of saved bytes, as a donor gives them (`giving.rs`). *Promises* the same bytes at
//! the taker, or that it is told to try again. The taker asks for chunks, a few at a time, and the
//! donor answers and remembers nothing but the snapshot: so nothing comes before the taker can use
//! it, the donor queues little, and asking again costs a chunk. *Keeps*, beyond the view, what has
//! come of a state that was not whole: it goes on at who gives that of the same cut, the same donor
//! or another; and whoever gives one of the same sum, as of wherever, gives only the rest. *Checked
//! by* `tests/replica.rs`, `tests/going_on.rs`. Source: protocols 3.4.

use alloc::vec::Vec;

use lwg::Endpoint;
use muts::Instant;

use crate::cut::Cut;
use crate::digest::{Digest, Sum};
use crate::limits::{CHUNK_BYTES, CHUNKS_ASKED_MAX, STALL, STALLS_MAX, STATE_BYTES_MAX};

/// The beginning of a state whose rest did not come.
#[derive(Debug)]
pub(crate) struct Part {
    sum: Sum,
    /// Whole chunks, one at least: so many.
    got: Vec<u8>,
    chunks: u32,
    digest: Digest,
}

/// The taker's side: one state on its way.
#[derive(Debug)]
pub(crate) struct Taking {
    pub(crate) donor: Endpoint,
    pub(crate) cut: Cut,
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
    /// All is here.
    Whole,
    /// It is not what was promised.
    Refused,
}

impl Taking {
    /// A state to be had from this donor; `part` is what has come of one before.
    pub(crate) fn new(
        now: Instant,
        donor: Endpoint,
        cut: Cut,
        sum: Option<Sum>,
        part: Option<Part>,
    ) -> Self {
        let mut taking = Self {
            donor,
            cut,
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
        self.resumed = part.chunks;
        self.next = self.resumed;
        self.asked = self.resumed;
    }

    /// Goes on in another view, at this donor of the same snapshot.
    pub(crate) fn go_on(&mut self, now: Instant, donor: Endpoint) {
        if donor != self.donor {
            self.donor = donor;
            self.resumed = self.next;
            self.asked = self.next;
            self.heard_at = now;
            self.stalls = 0;
        }
    }

    /// How many chunks are here that this donor need not give.
    pub(crate) fn resumed(&self) -> u32 {
        self.resumed
    }

    /// How many chunks are here.
    pub(crate) fn here(&self) -> u32 {
        self.next
    }

    /// What has come, for whoever gives the same state next.
    pub(crate) fn into_part(self) -> Option<Part> {
        match self.sum {
            Some(sum) if !self.got.is_empty() => {
                let (got, chunks, digest) = (self.got, self.next, self.digest);
                Some(Part { sum, got, chunks, digest })
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
        if self.is_whole() { Taken::Whole } else { Taken::More }
    }

    /// The donor is there, and still writes what it is to give.
    pub(crate) fn is_written(&mut self, now: Instant) {
        self.heard_at = now;
        self.stalls = 0;
    }

    /// Whether all is here.
    pub(crate) fn is_whole(&self) -> bool {
        self.sum.is_some_and(|sum| self.next >= chunks(sum.length))
    }

    /// All that came, if it is what was promised.
    pub(crate) fn into_whole(self) -> Option<(Vec<u8>, Digest)> {
        let digest = self.digest;
        self.sum.is_some_and(|sum| sum.digest == digest).then_some((self.got, digest))
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
    use lwg::ViewId;
    use muts::{NodeId, ProcId};

    const NOW: Instant = Instant::ZERO;

    const CUT: Cut = Cut { view: ViewId { counter: 1, digest: 0 }, boundary: 0 };

    fn donor() -> Endpoint {
        Endpoint::default()
    }

    fn begin(sum: Option<Sum>, part: Option<Part>) -> Taking {
        Taking::new(NOW, donor(), CUT, sum, part)
    }

    /// A donor of this state.
    fn giver(state: &[u8]) -> (Giving, Sum) {
        let mut giving = Giving::default();
        let sum = giving.put(CUT, state.to_vec(), vec![donor()]);
        (giving, sum)
    }

    fn give(giving: &mut Giving, chunk: u32) -> (Sum, Bytes) {
        match giving.want(donor(), CUT, chunk, CUT) {
            Some(Given::Chunk { sum, bytes, .. }) => (sum, bytes),
            other => panic!("no chunk {chunk}: {other:?}"),
        }
    }

    #[test]
    fn states_of_all_sizes_around_a_chunk_arrive_whole() {
        for size in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 11 * CHUNK_BYTES + 5] {
            let state: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let (mut giving, _) = giver(&state);
            let mut taking = begin(None, None);
            let mut asked = vec![];
            loop {
                asked.extend(core::iter::from_fn(|| taking.ask(NOW)));
                assert!(asked.len() <= CHUNKS_ASKED_MAX as usize);
                let chunk = asked.remove(0);
                let (sum, bytes) = give(&mut giving, chunk);
                match taking.chunk(NOW, chunk, sum, &bytes) {
                    Taken::More => assert!(!taking.is_whole()),
                    last => break assert_eq!(last, Taken::Whole),
                }
            }
            let digest = Digest::of(&state);
            assert_eq!(taking.into_whole(), Some((state, digest)), "{size} bytes");
        }
    }

    #[test]
    fn a_changed_byte_is_refused() {
        let (_, sum) = giver(&[1, 2, 3]);
        let mut taking = begin(Some(sum), None);
        assert_eq!(taking.ask(NOW), Some(0));
        assert_eq!(taking.chunk(NOW, 0, sum, &[1, 2, 4]), Taken::Whole);
        assert_eq!(taking.into_whole(), None);
    }

    #[test]
    fn lengths_that_lie_are_refused_before_anything_is_reserved() {
        let lie = |length| Sum { length, digest: Digest(0) };
        for length in [4, 2, u64::MAX, STATE_BYTES_MAX + 1] {
            let mut taking = begin(None, None);
            assert_eq!(taking.chunk(NOW, 0, lie(length), &[1, 2, 3]), Taken::Refused, "{length}");
            assert_eq!(taking.got.capacity(), 0);
        }
    }

    #[test]
    fn a_donor_that_stays_silent_is_asked_again_a_few_times() {
        let mut taking = begin(None, None);
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
        let mut taking = begin(sum, None);
        assert_eq!(chunks_of(&mut taking, giving, 3), Taken::More);
        taking.into_part()
    }

    #[test]
    fn the_same_state_of_another_donor_goes_on_at_the_chunk_where_it_stopped() {
        let state: Vec<u8> = (0..5 * CHUNK_BYTES + 5).map(|at| (at % 251) as u8).collect();
        for told in [true, false] {
            let (mut giving, sum) = giver(&state);
            let sum = told.then_some(sum);
            let part = begun(&mut giving, sum);
            let mut taking = begin(sum, part);
            // Without word of its sum, the first chunk tells that it is the same.
            let rest = if told { 3 } else { 4 };
            assert_eq!(chunks_of(&mut taking, &mut giving, rest), Taken::Whole);
            assert_eq!(taking.resumed(), 3);
            let digest = Digest::of(&state);
            assert_eq!(taking.into_whole(), Some((state.clone(), digest)), "told: {told}");
        }
    }

    #[test]
    fn another_state_begins_anew_and_is_not_mixed_with_what_had_come() {
        for told in [true, false] {
            let part = begun(&mut giver(&[1; 5 * CHUNK_BYTES]).0, None);
            let (mut giving, sum) = giver(&[2; 5 * CHUNK_BYTES]);
            let mut taking = begin(told.then_some(sum), part);
            assert_eq!(chunks_of(&mut taking, &mut giving, 5), Taken::Whole);
            assert_eq!(taking.resumed(), 0);
            let whole = Some((vec![2; 5 * CHUNK_BYTES], sum.digest));
            assert_eq!(taking.into_whole(), whole, "told: {told}");
        }
    }

    #[test]
    fn what_has_come_of_a_state_outlives_a_donor_that_gives_nothing() {
        let (mut giving, _) = giver(&[1; 5 * CHUNK_BYTES]);
        let idle = begin(None, begun(&mut giving, None));
        let mut taking = begin(None, idle.into_part());
        chunks_of(&mut taking, &mut giving, 1);
        assert_eq!(taking.resumed(), 3);
    }

    #[test]
    fn a_state_that_is_whole_and_waits_for_a_verdict_is_whole_at_the_next_donor_too() {
        let state = vec![1; 2 * CHUNK_BYTES + 9];
        let (mut giving, sum) = giver(&state);
        let mut taking = begin(Some(sum), None);
        assert_eq!(chunks_of(&mut taking, &mut giving, 3), Taken::Whole);
        let mut taking = begin(Some(sum), taking.into_part());
        assert!(taking.is_whole() && taking.ask(NOW).is_none());
        assert_eq!(taking.into_whole(), Some((state, sum.digest)));
    }

    #[test]
    fn another_donor_is_asked_for_what_the_first_was_asked_for_in_vain_and_the_same_one_is_not() {
        let (mut giving, sum) = giver(&[1; 5 * CHUNK_BYTES]);
        let mut taking = begin(Some(sum), None);
        chunks_of(&mut taking, &mut giving, 1);
        assert_eq!((taking.ask(NOW), taking.ask(NOW)), (Some(1), Some(2)));
        taking.go_on(NOW, donor());
        assert_eq!(taking.ask(NOW), Some(3));
        let other = Endpoint::of(ProcId { node: NodeId(9), incarnation: 1 });
        taking.go_on(NOW, other);
        assert_eq!((taking.ask(NOW), taking.resumed()), (Some(1), 1));
    }

    #[test]
    fn a_donor_that_is_still_writing_is_not_given_up() {
        let mut taking = begin(None, None);
        for _ in 0..3 * STALLS_MAX {
            assert_eq!(taking.ask(NOW), Some(0));
            assert!(taking.again(NOW));
            taking.is_written(NOW);
        }
    }
}
