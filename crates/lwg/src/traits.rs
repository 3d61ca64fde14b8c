//! Traits: what a group is from its creation on, and how that stands in its entry.

use muts::{Malformed, Sink, Wire};

/// What a group is, chosen when it is created and the same at all its members for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Traits {
    /// Processes outside the group may send to it, by way of a member.
    pub open: bool,
    /// Nobody waits for anybody: who comes and goes is not ordered, nor what is told in between.
    /// Whoever is in the core group may send without being a member (paper 5.2: sensors).
    pub relaxed: bool,
}

impl Traits {
    /// None of them.
    pub const PLAIN: Self = Self { open: false, relaxed: false };
}

/// This process has sent in the installed view: what is sent first carries all that made the view
/// in its causal past.
pub(crate) const BEGUN: u8 = 1;

/// This process has sent in the installed view what not all of the core group were sent.
pub(crate) const NARROW: u8 = 16;

/// Every member is known to have the installed view: an MBCAST need not wait for it anywhere.
pub(crate) const OPENED: u8 = 32;

/// What is so of the installed view only.
pub(crate) const OF_VIEW: u8 = BEGUN | NARROW | OPENED;

/// The group has lost members to a core view: they may be alive with a part of it. It does not move
/// any more, since that part could not know.
pub(crate) const LOST: u8 = 2;

/// All its views so far were made in one view of this core group.
pub(crate) const YOUNG: u8 = 64;

const OPEN: u8 = 4;

/// See [`Traits::relaxed`].
pub(crate) const RELAXED: u8 = 8;

/// What is so from its creation on.
const LASTING: u8 = OPEN | RELAXED;

/// The marks of an entry: a byte, since there may be a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks(u8);

impl Marks {
    pub(crate) fn of(traits: Traits, lost: bool) -> Self {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        Self(flag(traits.open, OPEN) | flag(traits.relaxed, RELAXED) | flag(lost, LOST))
    }

    pub(crate) const fn has(self, mark: u8) -> bool {
        self.0 & mark != 0
    }

    pub(crate) const fn has_all(self, marks: u8) -> bool {
        self.0 & marks == marks
    }

    pub(crate) const fn set(&mut self, mark: u8) {
        self.0 |= mark;
    }

    pub(crate) const fn clear(&mut self, mark: u8) {
        self.0 &= !mark;
    }

    /// Those of two parts of one group, or of one that comes and one that is there.
    pub(crate) const fn join(&mut self, other: Self) {
        self.0 |= other.told().0;
    }

    /// What others are told of them: all but what is this process's own.
    pub(crate) const fn told(self) -> Self {
        Self(self.0 & (LASTING | LOST))
    }

    pub(crate) const fn traits(self) -> Traits {
        Traits { open: self.has(OPEN), relaxed: self.has(RELAXED) }
    }
}

impl Wire for Marks {
    fn write(&self, into: &mut impl Sink) {
        self.told().0.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let byte = u8::read(from)?;
        if byte & !(LASTING | LOST) != 0 {
            return Err(Malformed);
        }
        Ok(Self(byte))
    }
}

impl Wire for Traits {
    fn write(&self, into: &mut impl Sink) {
        Marks::of(*self, false).write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let marks = Marks::read(from)?;
        if marks.has(LOST) { Err(Malformed) } else { Ok(marks.traits()) }
    }
}
