//! Giving: the donor's side of a transfer: snapshots of this view and of those before, by cut.
//!
//! *Takes* saved states, and frozen ones, which it writes in pieces. *Promises* to each member that
//! asks the chunks of the snapshot of its cut, or that it is still written, or that there is none.
//! *Keeps* a snapshot as chunks, or frozen, as long as somebody is to take it who has come along
//! since its cut: beyond the view, where a few of the oldest are kept, so that who is nearest to
//! its end is never sent back to the beginning.
//!
//! A member has one snapshot that it takes: a cut is the beginning of a view, for those who lack
//! the state there, or a place in the total order where one member asked anew.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use lwg::Endpoint;

use crate::cut::Cut;
use crate::digest::{Digest, Sum};
use crate::limits::{CHUNK_BYTES, CHUNKS_ASKED_MAX, CUTS_MAX};
use crate::state::Frozen;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Giving {
    /// Oldest first.
    kept: BTreeMap<Cut, Kept>,
    /// Chunks asked for before there is a snapshot of the cut: the latest cut of each.
    early: BTreeMap<Endpoint, (Cut, Vec<u32>)>,
}

#[derive(Debug)]
struct Kept {
    snapshot: Snapshot,
    /// Whom it is kept for.
    takers: Vec<Endpoint>,
}

#[derive(Debug)]
enum Snapshot {
    /// Being written, or frozen in case that it has to be.
    Coming(Coming),
    Written(Written),
}

#[derive(Debug)]
struct Written {
    /// All but the last of the same length, which is never empty unless it is the only one.
    chunks: Vec<Bytes>,
    sum: Sum,
}

struct Coming {
    frozen: Box<dyn Frozen>,
    /// What is written, in whole chunks, and the digest of these.
    chunks: Vec<Bytes>,
    digest: Digest,
    /// Less than a chunk.
    rest: Vec<u8>,
}

/// What a donor answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Chunk { cut: Cut, chunk: u32, sum: Sum, bytes: Bytes },
    Writing { cut: Cut },
    Gone { cut: Cut },
}

impl Giving {
    /// Keeps a snapshot for these; tells its sum.
    pub(crate) fn put(&mut self, cut: Cut, saved: Vec<u8>, takers: Vec<Endpoint>) -> Sum {
        let sum = Sum::of(&saved);
        let saved = Bytes::from(saved);
        let mut chunks = whole_chunks(&saved);
        let rest = saved.slice(chunks.len() * CHUNK_BYTES..);
        if !rest.is_empty() || chunks.is_empty() {
            chunks.push(rest);
        }
        let snapshot = Snapshot::Written(Written { chunks, sum });
        self.kept.insert(cut, Kept { snapshot, takers });
        sum
    }

    /// Keeps a snapshot for these that is written by [`Giving::write`].
    pub(crate) fn begin(&mut self, cut: Cut, frozen: Box<dyn Frozen>, takers: Vec<Endpoint>) {
        let (chunks, rest) = (Vec::new(), Vec::new());
        let coming = Coming { frozen, chunks, digest: Digest::NOTHING, rest };
        self.kept.insert(cut, Kept { snapshot: Snapshot::Coming(coming), takers });
    }

    /// Whether there is something to write.
    pub(crate) fn writes(&self) -> bool {
        self.kept.values().any(|kept| matches!(kept.snapshot, Snapshot::Coming(_)))
    }

    /// Writes about so many bytes more of the oldest that is not whole; whether it is by that.
    pub(crate) fn write(&mut self, most: usize) -> bool {
        for Kept { snapshot, .. } in self.kept.values_mut() {
            if let Snapshot::Coming(coming) = snapshot {
                if coming.write(most) {
                    return false;
                }
                *snapshot = Snapshot::Written(coming.end());
                return true;
            }
        }
        false
    }

    /// Answers a member that wants a chunk; none if the cut is still to be made here.
    pub(crate) fn want(
        &mut self,
        from: Endpoint,
        cut: Cut,
        chunk: u32,
        here: Cut,
    ) -> Option<Given> {
        if cut > here || self.is_coming(cut) {
            let (wanted, chunks) = self.early.entry(from).or_insert((cut, Vec::new()));
            if *wanted != cut {
                (*wanted, *chunks) = (cut, Vec::new());
            }
            if chunks.len() < CHUNKS_ASKED_MAX as usize && !chunks.contains(&chunk) {
                chunks.push(chunk);
            }
            return (cut <= here).then_some(Given::Writing { cut });
        }
        Some(self.chunk(cut, chunk))
    }

    /// What those are answered who asked too early for what is there by now.
    pub(crate) fn due(&mut self, here: Cut) -> Vec<(Endpoint, Given)> {
        let mut due = Vec::new();
        for (who, (cut, chunks)) in core::mem::take(&mut self.early) {
            let is_due = cut <= here && !self.is_coming(cut);
            if is_due {
                due.extend(chunks.into_iter().map(|chunk| (who, self.chunk(cut, chunk))));
            } else {
                self.early.insert(who, (cut, chunks));
            }
        }
        due
    }

    fn is_coming(&self, cut: Cut) -> bool {
        self.kept.get(&cut).is_some_and(|kept| matches!(kept.snapshot, Snapshot::Coming(_)))
    }

    fn chunk(&self, cut: Cut, chunk: u32) -> Given {
        let at = usize::try_from(chunk).unwrap_or(usize::MAX);
        let written = self.kept.get(&cut).and_then(Kept::written);
        match written.and_then(|written| Some((written.chunks.get(at)?.clone(), written.sum))) {
            Some((bytes, sum)) => Given::Chunk { cut, chunk, sum, bytes },
            None => Given::Gone { cut },
        }
    }

    /// All cuts of which there are snapshots, oldest first, and the sum of the first: none while
    /// that is still written.
    pub(crate) fn listed(&self) -> Option<(Vec<Cut>, Sum)> {
        let first = self.kept.values().next()?;
        Some((self.kept.keys().copied().collect(), first.written()?.sum))
    }

    /// Whether something is kept that this member is to take.
    pub(crate) fn is_for(&self, taker: Endpoint) -> bool {
        self.kept.values().any(|kept| kept.takers.contains(&taker))
    }

    /// Forgets what is kept for this member alone: it has it, or wants another.
    pub(crate) fn done(&mut self, taker: Endpoint) {
        self.kept.retain(|_, kept| {
            kept.takers.retain(|one| *one != taker);
            !kept.takers.is_empty()
        });
    }

    /// The view is over: what is kept for those who come along into the next stays, but no more
    /// than leaves room for a snapshot of that.
    pub(crate) fn go_along(&mut self, with: &[Endpoint]) {
        let mut left = CUTS_MAX - 1;
        self.kept.retain(|_, kept| {
            kept.takers.retain(|taker| with.contains(taker));
            let stays = left > 0 && !kept.takers.is_empty();
            left -= usize::from(stays);
            stays
        });
        self.early.retain(|who, _| with.contains(who));
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.early.clear();
    }

    /// How many snapshots are kept, or frozen, or being written.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }
}

impl Kept {
    fn written(&self) -> Option<&Written> {
        match &self.snapshot {
            Snapshot::Written(written) => Some(written),
            Snapshot::Coming(_) => None,
        }
    }
}

impl Coming {
    /// False: that was the end of it. Who writes nothing has come to its end, too.
    fn write(&mut self, most: usize) -> bool {
        let before = self.rest.len();
        let more = self.frozen.write(&mut self.rest, most) && self.rest.len() > before;
        if self.rest.len() >= CHUNK_BYTES {
            let written = Bytes::from(core::mem::take(&mut self.rest));
            let whole = whole_chunks(&written);
            self.digest = whole.iter().fold(self.digest, |digest, chunk| digest.and(chunk));
            self.rest = written[whole.len() * CHUNK_BYTES..].to_vec();
            self.chunks.extend(whole);
        }
        more
    }

    fn end(&mut self) -> Written {
        let length = (self.chunks.len() * CHUNK_BYTES + self.rest.len()) as u64;
        let sum = Sum { length, digest: self.digest.and(&self.rest) };
        let mut chunks = core::mem::take(&mut self.chunks);
        if !self.rest.is_empty() || chunks.is_empty() {
            chunks.push(core::mem::take(&mut self.rest).into());
        }
        Written { chunks, sum }
    }
}

/// An application's frozen state need not know how to show itself.
impl fmt::Debug for Coming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coming").field("chunks", &self.chunks.len()).finish()
    }
}

/// All whole chunks that these bytes begin with.
fn whole_chunks(bytes: &Bytes) -> Vec<Bytes> {
    let starts = (0..bytes.len() / CHUNK_BYTES).map(|chunk| chunk * CHUNK_BYTES);
    starts.map(|start| bytes.slice(start..start + CHUNK_BYTES)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use lwg::ViewId;
    use muts::{NodeId, ProcId};

    fn member(node: u64) -> Endpoint {
        Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 })
    }

    fn cut(counter: u64, boundary: u32) -> Cut {
        Cut { view: ViewId { counter, digest: 0 }, boundary }
    }

    /// Writes a state in pieces of this length at most.
    struct Pieces(Vec<u8>, usize);

    impl Frozen for Pieces {
        fn write(&mut self, into: &mut Vec<u8>, most: usize) -> bool {
            let rest = self.0.split_off(self.0.len().min(most).min(self.1));
            into.append(&mut core::mem::replace(&mut self.0, rest));
            !self.0.is_empty()
        }
    }

    #[test]
    fn what_is_written_in_pieces_is_given_as_what_was_saved_at_once() {
        let (cut, taker) = (cut(1, 0), member(1));
        for size in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7] {
            let saved: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let mut whole = Giving::default();
            let sum = whole.put(cut, saved.clone(), vec![taker]);
            for piece in [1_001, CHUNK_BYTES, usize::MAX] {
                let mut giving = Giving::default();
                giving.begin(cut, Box::new(Pieces(saved.clone(), piece)), vec![taker]);
                let mut turns = 1;
                while !giving.write(2 * CHUNK_BYTES) {
                    assert_eq!(giving.listed(), None);
                    turns += 1;
                }
                assert!(turns >= size / piece.min(2 * CHUNK_BYTES), "{size} in {piece}: {turns}");
                assert_eq!(giving.listed(), Some((vec![cut], sum)));
                for chunk in 0..5 {
                    let one = giving.want(taker, cut, chunk, cut);
                    assert_eq!(one, whole.want(taker, cut, chunk, cut), "{size} in {piece}");
                }
            }
        }
    }

    #[test]
    fn who_asks_while_a_snapshot_is_written_is_told_so_and_answered_when_it_is_there() {
        let (one, two, taker) = (cut(1, 1), cut(1, 2), member(1));
        let mut giving = Giving::default();
        let (half, saved) = (CHUNK_BYTES / 2, vec![7; CHUNK_BYTES + 9]);
        giving.begin(one, Box::new(Pieces(saved, half)), vec![taker]);
        for chunk in [0, 1, 0] {
            assert_eq!(giving.want(taker, one, chunk, one), Some(Given::Writing { cut: one }));
        }
        assert!(!giving.write(half) && !giving.write(half) && giving.writes());
        assert_eq!(giving.due(one), []);
        assert!(giving.write(half) && !giving.writes());
        let length = |given: &(Endpoint, Given)| match given {
            (_, Given::Chunk { bytes, .. }) => bytes.len(),
            other => panic!("{other:?}"),
        };
        let due: Vec<usize> = giving.due(one).iter().map(length).collect();
        assert_eq!(due, [CHUNK_BYTES, 9]);
        assert_eq!(giving.due(one), []);
        giving.begin(two, Box::new(Pieces(vec![7; 10], 4)), vec![taker]);
        giving.done(taker);
        assert_eq!((giving.len(), giving.writes()), (0, false), "nobody wants it any more");
    }

    #[test]
    fn a_chunk_beyond_the_end_is_gone_and_one_of_a_later_cut_waits() {
        let (first, later, taker) = (cut(1, 0), cut(1, 1), member(1));
        let mut giving = Giving::default();
        giving.put(first, vec![7; CHUNK_BYTES], vec![member(2)]);
        for chunk in [1, u32::MAX] {
            let gone = Some(Given::Gone { cut: first });
            assert_eq!(giving.want(taker, first, chunk, first), gone);
        }
        assert_eq!(giving.want(taker, later, 0, first), None);
        giving.put(later, vec![8], vec![taker]);
        let due = giving.due(later);
        assert!(matches!(&due[..], [(_, Given::Chunk { cut, chunk: 0, .. })] if *cut == later));
        giving.done(taker);
        assert_eq!(giving.len(), 1);
    }

    #[test]
    fn a_snapshot_outlives_the_view_as_long_as_one_of_its_takers_comes_along() {
        let mut giving = Giving::default();
        giving.put(cut(1, 0), vec![7], vec![member(1), member(2)]);
        giving.go_along(&[member(2), member(3)]);
        assert!(giving.is_for(member(2)) && !giving.is_for(member(1)));
        giving.go_along(&[member(1), member(3)]);
        assert_eq!(giving.len(), 0);
    }

    #[test]
    fn of_many_snapshots_the_oldest_are_kept_and_one_has_room_beside_them() {
        let mut giving = Giving::default();
        for view in 1..=CUTS_MAX as u64 + 3 {
            giving.put(cut(view, 0), vec![7], vec![member(view)]);
        }
        let all: Vec<Endpoint> = (1..100).map(member).collect();
        giving.go_along(&all);
        assert_eq!(giving.len(), CUTS_MAX - 1);
        let kept = |view| giving.is_for(member(view));
        assert!(kept(1) && kept(CUTS_MAX as u64 - 1) && !kept(CUTS_MAX as u64));
    }
}
