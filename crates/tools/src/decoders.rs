//! Decoders: everything that tools read from others, for fuzzers and examples.

use muts::decoders::{Decoder, of};

use crate::header::Header;

/// What this crate reads. States and commands are read by whoever defines them.
#[must_use]
pub const fn all() -> [Decoder; 1] {
    [of::<Header>("tools.replica")]
}
