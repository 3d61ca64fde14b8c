//! The bytes this crate adds to messages of a light-weight group, by which it knows its own.
//!
//! ```text
//! +-----+------+---------------------------------------------------------------------+
//! | 'R' | kind | command  0                                                          |
//! |  u8 |  u8  | offer    1 | view | length u64 | digest u64 | settled: endpoints     |
//! |     |      | need     2 | view | attempt u32                                     |
//! |     |      | loaded   3 | view | boundary u32                                    |
//! |     |      | revive   4 | view                                                   |
//! |     |      | want     5 | view | boundary u32 | chunk u32                        |
//! |     |      | chunk    6 | view | boundary u32 | chunk u32 | length u64 | digest    |
//! |     |      | gone     7 | view | boundary u32                                    |
//! |     |      | offer    8 | as 1, of who had not agreed on it before                |
//! +-----+------+---------------------------------------------------------------------+
//! ```
//! Kinds 0 to 4 and 8 are multicast in total order, 5 to 7 told to one member. The body of a
//! command is the command, that of a chunk its bytes; the others have none.

use alloc::vec::Vec;

use lwg::{Endpoint, ViewId};
use muts::{Malformed, Sink, Wire};

use crate::digest::Sum;

/// The first byte of every header of a replica.
const REPLICA: u8 = b'R';

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Header {
    /// Moves the state.
    Command,
    /// These have the state: at the beginning of the view it was that. Whether who came along with
    /// them had agreed on it in the view before.
    Offer { view: ViewId, sum: Sum, settled: Vec<Endpoint>, agreed: bool },
    /// The sender has no state; after attempt 0 the state as of this place is wanted.
    Need { view: ViewId, attempt: u32 },
    /// The sender has the state now.
    Loaded { view: ViewId, boundary: u32 },
    /// Nobody has the state: let the sender's be it.
    Revive { view: ViewId },
    /// Asks the donor for a chunk of the state as of a boundary.
    Want { view: ViewId, boundary: u32, chunk: u32 },
    /// The chunk.
    Chunk { view: ViewId, boundary: u32, chunk: u32, sum: Sum },
    /// The donor has no such snapshot.
    Gone { view: ViewId, boundary: u32 },
}

impl Wire for Header {
    fn write(&self, into: &mut impl Sink) {
        into.push(REPLICA);
        match self {
            Self::Command => into.push(0),
            Self::Offer { view, sum, settled, agreed } => {
                into.push(if *agreed { 1 } else { 8 });
                view.write(into);
                sum.write(into);
                settled.write(into);
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
            Self::Want { view, boundary, chunk } => {
                into.push(5);
                view.write(into);
                (*boundary, *chunk).write(into);
            }
            Self::Chunk { view, boundary, chunk, sum } => {
                into.push(6);
                view.write(into);
                (*boundary, *chunk).write(into);
                sum.write(into);
            }
            Self::Gone { view, boundary } => {
                into.push(7);
                view.write(into);
                boundary.write(into);
            }
        }
    }

    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        if u8::read(from)? != REPLICA {
            return Err(Malformed);
        }
        let kind = u8::read(from)?;
        if kind == 0 {
            return Ok(Self::Command);
        }
        let view = ViewId::read(from)?;
        Ok(match kind {
            1 | 8 => {
                let (sum, settled) = (Sum::read(from)?, Vec::read(from)?);
                Self::Offer { view, sum, settled, agreed: kind == 1 }
            }
            2 => Self::Need { view, attempt: u32::read(from)? },
            3 => Self::Loaded { view, boundary: u32::read(from)? },
            4 => Self::Revive { view },
            5 => {
                let (boundary, chunk) = Wire::read(from)?;
                Self::Want { view, boundary, chunk }
            }
            6 => {
                let (boundary, chunk) = Wire::read(from)?;
                Self::Chunk { view, boundary, chunk, sum: Sum::read(from)? }
            }
            7 => Self::Gone { view, boundary: u32::read(from)? },
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
        let sum = Sum { length: 5, digest: Digest(6) };
        let all = [
            Header::Command,
            Header::Offer { view, sum, settled: vec![Endpoint::default(); 3], agreed: true },
            Header::Offer { view, sum, settled: vec![], agreed: false },
            Header::Need { view, attempt: 1 },
            Header::Loaded { view, boundary: 2 },
            Header::Revive { view },
            Header::Want { view, boundary: 7, chunk: 8 },
            Header::Chunk { view, boundary: 7, chunk: 8, sum },
            Header::Gone { view, boundary: 9 },
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
        assert_eq!(Header::read(&mut &[b'R', 9, 0, 0][..]), Err(Malformed));
    }
}
