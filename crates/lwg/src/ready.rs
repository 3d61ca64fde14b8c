//! READY: what a member says of a group where it comes to, and the bytes of that.
//!
//! `the closed view | generation varint | rule u8 | marks u8 | lost: anybody bool, and unless it
//! may be anybody members`; who closed the view stands before it (`header.rs`).

use muts::{Malformed, Sink, Wire};

use crate::group::Generation;
use crate::id::Members;
use crate::lost::Lost;
use crate::traits::Marks;
use crate::view::ViewId;

/// What an arriving member says of the view that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ready {
    /// The closed view: equal at all who were told the same in it.
    pub(crate) closed: ViewId,
    /// Who closed it so.
    pub(crate) members: Members,
    pub(crate) generation: Generation,
    pub(crate) rule: u8,
    /// What it is, and whether it has lost members to a core view.
    pub(crate) marks: Marks,
    /// Whom, as far as is known.
    pub(crate) lost: Lost,
}

impl Ready {
    /// All but the members.
    pub(crate) fn write(&self, into: &mut impl Sink) {
        self.closed.write(into);
        self.generation.write(into);
        self.rule.write(into);
        self.marks.write(into);
        self.lost.write(into);
    }

    /// What stands behind these members.
    pub(crate) fn read(members: Members, from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            members,
            closed: ViewId::read(from)?,
            generation: Generation::read(from)?,
            rule: u8::read(from)?,
            marks: Marks::read(from)?,
            lost: Lost::read(from)?,
        })
    }
}
