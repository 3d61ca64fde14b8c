//! The bytes this crate adds to messages of a light-weight group, by which it knows its own.
//!
//! ```text
//! +-----+------+---------------------------------------------------------------------+
//! | 'R' | kind | command  0                                                          |
//! |  u8 |  u8  | need     2 | view | attempt u32                                     |
//! |     |      | loaded   3 | view | boundary u32                                    |
//! |     |      | revive   4 | view                                                   |
//! |     |      | want     5 | cut | chunk u32                                        |
//! |     |      | chunk    6 | cut | chunk u32 | length u64 | digest u64               |
//! |     |      | gone     7 | cut                                                    |
//! |     |      | offer    9 | view | length u64 | digest u64 | settled: endpoints     |
//! |     |      |            | cuts, oldest first                                     |
//! |     |      | offer   10 | as 9, of who had not agreed on it before                |
//! |     |      | writing 11 | cut                                                    |
//! +-----+------+---------------------------------------------------------------------+
//! ```
//! A cut is a view and a boundary in it (u32). Kinds 0 to 4, 9 and 10 are multicast in total order,
//! the others told to one member. The body of a command is the command, that of a chunk its bytes;
//! the others have none. Kinds 1 and 8 were offers without cuts: they are passed over, as every
//! kind that is unknown.

use alloc::vec::Vec;

use lwg::{Endpoint, ViewId};
use muts::{Malformed, Sink, Wire};

use crate::cut::Cut;
use crate::digest::Sum;

/// The first byte of every header of a replica.
const REPLICA: u8 = b'R';

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Header {
    /// Moves the state.
    Command,
    /// These have the state, and their donor, the sender, keeps snapshots of these cuts; the first
    /// has that sum. Whether who came along with them had agreed on it in the view before.
    Offer { view: ViewId, sum: Sum, settled: Vec<Endpoint>, agreed: bool, cuts: Vec<Cut> },
    /// The sender has no state; after attempt 0 the state as of this place is wanted.
    Need { view: ViewId, attempt: u32 },
    /// The sender has the state now.
    Loaded { view: ViewId, boundary: u32 },
    /// Nobody has the state: let the sender's be it.
    Revive { view: ViewId },
    /// Asks the donor for a chunk of the state as of a cut.
    Want { cut: Cut, chunk: u32 },
    /// The chunk.
    Chunk { cut: Cut, chunk: u32, sum: Sum },
    /// The donor has no such snapshot.
    Gone { cut: Cut },
    /// The donor has not written it yet.
    Writing { cut: Cut },
}

impl Wire for Header {
    fn write(&self, into: &mut impl Sink) {
        into.push(REPLICA);
        match self {
            Self::Command => into.push(0),
            Self::Offer { view, sum, settled, agreed, cuts } => {
                into.push(if *agreed { 9 } else { 10 });
                view.write(into);
                sum.write(into);
                settled.write(into);
                cuts.write(into);
            }
            Self::Need { view, attempt } => {
                into.push(2);
                view.write(into);
                attempt.write(into);
            }
            Self::Loaded { view, boundary } => {
                into.push(3);
                view.write(into);
                boundary.write(into);
            }
            Self::Revive { view } => {
                into.push(4);
                view.write(into);
            }
            Self::Want { cut, chunk } => {
                into.push(5);
                cut.write(into);
                chunk.write(into);
            }
            Self::Chunk { cut, chunk, sum } => {
                into.push(6);
                cut.write(into);
                chunk.write(into);
                sum.write(into);
            }
            Self::Gone { cut } => {
                into.push(7);
                cut.write(into);
            }
            Self::Writing { cut } => {
                into.push(11);
                cut.write(into);
            }
        }
    }

    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        if u8::read(from)? != REPLICA {
            return Err(Malformed);
        }
        Ok(match u8::read(from)? {
            0 => Self::Command,
            2 => Self::Need { view: ViewId::read(from)?, attempt: u32::read(from)? },
            3 => Self::Loaded { view: ViewId::read(from)?, boundary: u32::read(from)? },
            4 => Self::Revive { view: ViewId::read(from)? },
            5 => Self::Want { cut: Cut::read(from)?, chunk: u32::read(from)? },
            6 => {
                let (cut, chunk) = (Cut::read(from)?, u32::read(from)?);
                Self::Chunk { cut, chunk, sum: Sum::read(from)? }
            }
            7 => Self::Gone { cut: Cut::read(from)? },
            kind @ (9 | 10) => {
                let (view, sum) = (ViewId::read(from)?, Sum::read(from)?);
                let (settled, cuts) = (Vec::read(from)?, Vec::read(from)?);
                Self::Offer { view, sum, settled, agreed: kind == 9, cuts }
            }
            11 => Self::Writing { cut: Cut::read(from)? },
            _ => return Err(Malformed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use alloc::vec;

    #[test]
    fn every_header_comes_back_and_no_shortened_one_is_taken() {
        let view = ViewId { counter: 3, digest: 4 };
        let (sum, cut) = (Sum { length: 5, digest: Digest(6) }, Cut { view, boundary: 7 });
        let all = [
            Header::Command,
            Header::Offer {
                view,
                sum,
                settled: vec![Endpoint::default(); 3],
                agreed: true,
                cuts: vec![cut; 2],
            },
            Header::Offer { view, sum, settled: vec![], agreed: false, cuts: vec![] },
            Header::Need { view, attempt: 1 },
            Header::Loaded { view, boundary: 2 },
            Header::Revive { view },
            Header::Want { cut, chunk: 8 },
            Header::Chunk { cut, chunk: 8, sum },
            Header::Gone { cut },
            Header::Writing { cut },
        ];
        for header in all {
            let mut bytes = vec![];
            header.write(&mut bytes);
            assert_eq!(Header::read(&mut &bytes[..]).as_ref(), Ok(&header));
            for end in 0..bytes.len() {
                assert_eq!(Header::read(&mut &bytes[..end]), Err(Malformed), "{header:?}");
            }
        }
    }

    #[test]
    fn headers_of_others_are_not_ours() {
        assert_eq!(Header::read(&mut &[b'D', 0][..]), Err(Malformed));
        let offer_of_old = |kind| [&[b'R', kind][..], &[0; 64]].concat();
        for kind in [1, 8, 12, 255] {
            assert_eq!(Header::read(&mut &offer_of_old(kind)[..]), Err(Malformed), "{kind}");
        }
    }
}
