//! Decoders: everything that the kernel reads from others, for fuzzers and examples.

use muts::decoders::{Decoder, of};

use crate::beat::Beat;
use crate::control::Control;
use crate::header::{FrameHeader, SendHeader};

/// What this floor reads.
#[must_use]
pub const fn all() -> [Decoder; 4] {
    [
        of::<Control>("vsync.control"),
        of::<FrameHeader>("vsync.cast"),
        of::<SendHeader>("vsync.send"),
        of::<Beat>("vsync.beat"),
    ]
}
