//! Decoders: everything that this floor reads from others, for fuzzers and examples.

use muts::decoders::{Decoder, of};

use crate::header::Header;
use crate::letter::Letter;
use crate::page::Page;

/// What this floor reads.
#[must_use]
pub const fn all() -> [Decoder; 3] {
    [of::<Header>("lwg.cast"), of::<Letter>("lwg.letter"), of::<Page>("lwg.directory")]
}
