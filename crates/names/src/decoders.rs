//! Decoders: everything that this crate reads from others, for fuzzers and examples.

use muts::decoders::{Decoder, of};

use crate::header::Header;
use crate::table::Command;

/// What this crate reads, besides the state of a `Table`.
#[must_use]
pub const fn all() -> [Decoder; 2] {
    [of::<Header>("names.words"), of::<Command>("names.command")]
}
