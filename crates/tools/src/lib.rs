//! Tools: what one builds with groups. Every group here is anonymous.
//!
//! | need | tool |
//! | --- | --- |
//! | one state, equal at every member of a group | [`Replica`] of a [`State`] |
//!
//! A tool is a guest of a tower, not a floor: see [`Tool`]. It does no I/O and reads no clock.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod digest;
mod exchange;
mod header;
mod held;
pub mod limits;
mod replica;
mod state;
mod tool;
mod transfer;

pub use digest::Digest;
pub use replica::{Answer, Counts, Replica};
pub use state::{Corrupt, State};
pub use tool::{Asks, Tool};
