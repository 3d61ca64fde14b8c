//! Giving: the donor's side of a transfer: snapshots of the present view, by boundary.
//!
//! *Takes* saved states, and frozen ones, which it writes in pieces. *Promises* to each member that
//! asks the chunks of the snapshot at its boundary, or that there is none. *Keeps* a snapshot as
//! chunks, until all have it or the view ends.
//!
//! Boundary 0 is the beginning of the view, for everybody; each later one is a place in the total
//! order where one member asked anew. A member has one at most: so there are few.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use lwg::Endpoint;

use crate::digest::{Digest, Sum};
use crate::limits::CHUNK_BYTES;
use crate::state::Frozen;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Giving {
    snapshots: BTreeMap<u32, Snapshot>,
    /// Those that are being written.
    coming: BTreeMap<u32, Coming>,
    /// Asked for before there is a snapshot of the boundary: the latest of each.
    early: BTreeMap<Endpoint, (u32, u32)>,
}

#[derive(Debug)]
struct Snapshot {
    /// All but the last of the same length, which is never empty unless it is the only one.
    chunks: Vec<Bytes>,
    sum: Sum,
    /// None: for everybody.
    taker: Option<Endpoint>,
}

struct Coming {
    frozen: Box<dyn Frozen>,
    /// What is written, in whole chunks, and the digest of these.
    chunks: Vec<Bytes>,
    digest: Digest,
    /// Less than a chunk.
    rest: Vec<u8>,
    taker: Option<Endpoint>,
}

/// What a donor answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Chunk { boundary: u32, chunk: u32, sum: Sum, bytes: Bytes },
    Gone { boundary: u32 },
}

/// A snapshot is there: its sum, and who has asked for it already.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) boundary: u32,
    pub(crate) sum: Sum,
    pub(crate) answers: Vec<(Endpoint, Given)>,
}

impl Giving {
    /// Keeps a snapshot.
    pub(crate) fn put(&mut self, boundary: u32, saved: Vec<u8>, taker: Option<Endpoint>) -> Put {
        let sum = Sum::of(&saved);
        let saved = Bytes::from(saved);
        let mut chunks = whole_chunks(&saved);
        let rest = saved.slice(chunks.len() * CHUNK_BYTES..);
        if !rest.is_empty() || chunks.is_empty() {
            chunks.push(rest);
        }
        self.keep(boundary, Snapshot { chunks, sum, taker })
    }

    /// Begins a snapshot, to be written by [`Giving::write`].
    pub(crate) fn begin(
        &mut self,
        boundary: u32,
        frozen: Box<dyn Frozen>,
        taker: Option<Endpoint>,
    ) {
        let (chunks, rest) = (Vec::new(), Vec::new());
        let coming = Coming { frozen, chunks, digest: Digest::NOTHING, rest, taker };
        self.coming.insert(boundary, coming);
    }

    /// Whether there is something to write.
    pub(crate) fn writes(&self) -> bool {
        !self.coming.is_empty()
    }

    /// Writes about so many bytes more; tells of a snapshot that is there by that.
    pub(crate) fn write(&mut self, most: usize) -> Option<Put> {
        let mut first = self.coming.first_entry()?;
        if first.get_mut().write(most) {
            return None;
        }
        let (boundary, coming) = first.remove_entry();
        Some(self.keep(boundary, coming.end()))
    }

    fn keep(&mut self, boundary: u32, snapshot: Snapshot) -> Put {
        let sum = snapshot.sum;
        self.snapshots.insert(boundary, snapshot);
        let due = self.early.iter().filter(|(_, (wanted, _))| *wanted <= boundary);
        let due: Vec<(Endpoint, u32, u32)> =
            due.map(|(who, want)| (*who, want.0, want.1)).collect();
        let mut answers = Vec::new();
        for (who, wanted, chunk) in due {
            if !self.coming.contains_key(&wanted) {
                self.early.remove(&who);
                answers.push((who, self.chunk(wanted, chunk)));
            }
        }
        Put { boundary, sum, answers }
    }

    /// Answers a member that wants a chunk; none if the snapshot is still to come here.
    pub(crate) fn want(
        &mut self,
        from: Endpoint,
        boundary: u32,
        chunk: u32,
        boundary_here: u32,
    ) -> Option<Given> {
        if boundary > boundary_here || self.coming.contains_key(&boundary) {
            self.early.insert(from, (boundary, chunk));
            return None;
        }
        Some(self.chunk(boundary, chunk))
    }

    fn chunk(&self, boundary: u32, chunk: u32) -> Given {
        let at = usize::try_from(chunk).unwrap_or(usize::MAX);
        let snapshot = self.snapshots.get(&boundary);
        match snapshot.and_then(|kept| Some((kept.chunks.get(at)?.clone(), kept.sum))) {
            Some((bytes, sum)) => Given::Chunk { boundary, chunk, sum, bytes },
            None => Given::Gone { boundary },
        }
    }

    /// Forgets what was kept for this member alone: it has it, or wants another.
    pub(crate) fn done(&mut self, taker: Endpoint) {
        self.snapshots.retain(|_, snapshot| snapshot.taker != Some(taker));
        self.coming.retain(|_, coming| coming.taker != Some(taker));
        self.early.remove(&taker);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.snapshots.clear();
        self.coming.clear();
        self.early.clear();
    }

    /// How many snapshots are kept, or being written.
    pub(crate) fn len(&self) -> usize {
        self.snapshots.len() + self.coming.len()
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

    fn end(mut self) -> Snapshot {
        let length = (self.chunks.len() * CHUNK_BYTES + self.rest.len()) as u64;
        let sum = Sum { length, digest: self.digest.and(&self.rest) };
        if !self.rest.is_empty() || self.chunks.is_empty() {
            self.chunks.push(self.rest.into());
        }
        Snapshot { chunks: self.chunks, sum, taker: self.taker }
    }
}

/// An application's frozen state need not know how to show itself.
impl fmt::Debug for Coming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (chunks, taker) = (self.chunks.len(), &self.taker);
        f.debug_struct("Coming").field("chunks", &chunks).field("taker", taker).finish()
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

    fn donor() -> Endpoint {
        Endpoint::default()
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
        for size in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7] {
            let saved: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let mut whole = Giving::default();
            let put = whole.put(0, saved.clone(), None);
            for piece in [1_001, CHUNK_BYTES, usize::MAX] {
                let mut giving = Giving::default();
                giving.begin(0, Box::new(Pieces(saved.clone(), piece)), None);
                let mut turns = 1;
                let written = loop {
                    match giving.write(2 * CHUNK_BYTES) {
                        Some(written) => break written,
                        None => turns += 1,
                    }
                };
                assert!(turns >= size / piece.min(2 * CHUNK_BYTES), "{size} in {piece}: {turns}");
                assert_eq!((written.boundary, written.sum), (0, put.sum));
                for chunk in 0..5 {
                    let one = giving.want(donor(), 0, chunk, 0);
                    assert_eq!(one, whole.want(donor(), 0, chunk, 0), "{size} in {piece}");
                }
            }
        }
    }

    #[test]
    fn who_asks_while_a_snapshot_is_written_is_answered_when_it_is_there() {
        let mut giving = Giving::default();
        giving.begin(1, Box::new(Pieces(vec![7; 10], 4)), Some(donor()));
        assert_eq!(giving.want(donor(), 1, 0, 1), None);
        assert!(giving.write(4).is_none() && giving.write(4).is_none() && giving.writes());
        let put = giving.write(4).expect("it was the last piece");
        assert!(matches!(&put.answers[..], [(_, Given::Chunk { bytes, .. })] if bytes.len() == 10));
        assert!(!giving.writes());
        giving.begin(2, Box::new(Pieces(vec![7; 10], 4)), Some(donor()));
        giving.done(donor());
        assert_eq!((giving.len(), giving.writes()), (0, false), "nobody wants it any more");
    }

    #[test]
    fn a_chunk_beyond_the_end_is_gone_and_one_of_a_later_boundary_waits() {
        let mut giving = Giving::default();
        giving.put(0, vec![7; CHUNK_BYTES], None);
        assert_eq!(giving.want(donor(), 0, 1, 0), Some(Given::Gone { boundary: 0 }));
        assert_eq!(giving.want(donor(), 0, u32::MAX, 0), Some(Given::Gone { boundary: 0 }));
        assert_eq!(giving.want(donor(), 1, 0, 0), None);
        let put = giving.put(1, vec![8], Some(donor()));
        assert!(matches!(&put.answers[..], [(_, Given::Chunk { boundary: 1, chunk: 0, .. })]));
        giving.done(donor());
        assert_eq!(giving.len(), 1);
    }
}
