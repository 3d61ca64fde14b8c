//! State: what a replica keeps equal, a machine that commands move.

use alloc::boxed::Box;
use alloc::vec::Vec;

use muts::Wire;

/// A deterministic machine: equal states and equal commands in equal order make equal states and
/// equal answers, on every member and every architecture. So: no clock, no chance, no hash-random
/// iteration, no floating point whose result depends on the machine.
pub trait State: Sized {
    /// What moves it. Bytes that do not read as one are counted and passed over, everywhere alike.
    type Command: Wire;
    /// What a command answers, at every member.
    type Answer;

    /// Moves on by one command. What cannot be done is an answer, never a panic.
    fn apply(&mut self, command: Self::Command) -> Self::Answer;

    /// Appends the whole state. Equal states write equal bytes: digests are taken over these.
    fn save(&self, into: &mut Vec<u8>);

    /// The state as it is now, to be written in pieces while commands move `self` on: for a state
    /// so large that [`State::save`] would keep others waiting, and cheap to keep a copy of (shared
    /// parts, copied when written to). Every member that has the state freezes it where somebody is
    /// to take it, a few at a time at most, in case that the donor dies. None, unless implemented:
    /// it is saved at once, by the donor alone.
    fn freeze(&self) -> Option<Box<dyn Frozen>> {
        None
    }

    /// A state from what [`State::save`] wrote.
    ///
    /// # Errors
    /// [`Corrupt`] if the bytes mean nothing; nothing is believed before it is checked.
    fn load(from: &[u8]) -> Result<Self, Corrupt>;
}

/// A state as it was at one moment.
pub trait Frozen: Send {
    /// Appends what [`State::save`] would have written then, from where the last call stopped:
    /// about `most` bytes, or fewer but some. False: that was the end of it.
    fn write(&mut self, into: &mut Vec<u8>, most: usize) -> bool;
}

/// Saved bytes that are not a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corrupt;

impl From<muts::Malformed> for Corrupt {
    fn from(_: muts::Malformed) -> Self {
        Self
    }
}
