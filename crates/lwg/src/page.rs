//! Page: as much of a directory as travels in one cast.
//!
//! `tombstones: varint count | lwg * count`, then to the end entries: `lwg | view id | again bool |
//! members unless again`. An entry that stands `again` has the members of the one before it.

use alloc::vec::Vec;

use muts::{Malformed, Sink, Wire};

use crate::header::{read_members, write_members};
use crate::id::{LwgId, Members};
use crate::view::ViewId;

/// A light-weight group in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) lwg: LwgId,
    pub(crate) id: ViewId,
    /// None: those of the entry before.
    pub(crate) members: Option<Members>,
}

/// A page as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) dead: Vec<LwgId>,
    pub(crate) entries: Vec<Entry>,
}

impl Wire for Entry {
    fn write(&self, into: &mut impl Sink) {
        self.lwg.write(into);
        self.id.write(into);
        self.members.is_none().write(into);
        if let Some(members) = &self.members {
            write_members(into, members);
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (lwg, id) = (LwgId::read(from)?, ViewId::read(from)?);
        let members = if bool::read(from)? { None } else { Some(read_members(from)?) };
        Ok(Self { lwg, id, members })
    }
}

impl Wire for Page {
    fn write(&self, into: &mut impl Sink) {
        self.dead.write(into);
        self.entries.iter().for_each(|entry| entry.write(into));
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (dead, mut entries) = (Vec::read(from)?, Vec::new());
        while !from.is_empty() {
            entries.push(Entry::read(from)?);
        }
        Ok(Self { dead, entries })
    }
}
