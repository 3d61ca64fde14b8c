//! Page: as much of a directory as travels in one cast.
//!
//! `tombstones: varint count | lwg * count`, then what has gone elsewhere: `varint count | (lwg |
//! core group | generation varint | rule u8) * count`, then to the end entries: `lwg | view id |
//! generation varint | marks u8 | again bool | members | lost`. An entry that stands `again` has
//! the members of the one before it, which are left out; so is whom groups of these have lost.

use alloc::vec::Vec;

use muts::{Malformed, Sink, Wire};

use crate::group::{Destination, Generation};
use crate::header::{read_members, write_members};
use crate::id::{LwgId, Members};
use crate::lost::Lost;
use crate::traits::Marks;
use crate::view::ViewId;

/// A light-weight group in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) lwg: LwgId,
    pub(crate) id: ViewId,
    pub(crate) generation: Generation,
    /// What it is, and whether it has lost members to a core view.
    pub(crate) marks: Marks,
    /// And whom groups of these have lost. None: those of the entry before.
    pub(crate) members: Option<(Members, Lost)>,
}

/// A page as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) dead: Vec<LwgId>,
    /// Groups that have gone elsewhere, and where to.
    pub(crate) moved: Vec<(LwgId, Destination)>,
    pub(crate) entries: Vec<Entry>,
}

impl Wire for Entry {
    fn write(&self, into: &mut impl Sink) {
        self.lwg.write(into);
        self.id.write(into);
        self.generation.write(into);
        self.marks.write(into);
        self.members.is_none().write(into);
        if let Some((members, lost)) = &self.members {
            write_members(into, members);
            lost.write(into);
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (lwg, id) = (LwgId::read(from)?, ViewId::read(from)?);
        let (generation, marks) = (Generation::read(from)?, Marks::read(from)?);
        let again = bool::read(from)?;
        let members = if again { None } else { Some((read_members(from)?, Lost::read(from)?)) };
        Ok(Self { lwg, id, generation, marks, members })
    }
}

impl Wire for Page {
    fn write(&self, into: &mut impl Sink) {
        self.dead.write(into);
        self.moved.write(into);
        self.entries.iter().for_each(|entry| entry.write(into));
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (dead, moved, mut entries) = (Vec::read(from)?, Vec::read(from)?, Vec::new());
        while !from.is_empty() {
            entries.push(Entry::read(from)?);
        }
        Ok(Self { dead, moved, entries })
    }
}
