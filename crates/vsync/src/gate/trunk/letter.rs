//! The bytes that daemons say to each other, around what their clients' kernels say.
//!
//! ```text
//! on a cast      place of the sender u8 | audience option (4 u64, by place)
//! on a letter    0 here: process | name     1 gone: process     2 to: from process | to process
//!                3 table; the body: version u64 | (from | common bytes | (to | bytes)*)*
//! in a heartbeat version of the own table u64 | version of the other's that is here u64
//! ```

use alloc::vec::Vec;

use bytes::Bytes;
use muts::{Audience, Malformed, ProcId, Sink, Wire, read_bytes, write_bytes, write_varint};

use crate::gate::frame::common_prefix;

/// What stands on a cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CastHead {
    /// The sender's place among the members.
    pub(crate) from: u8,
    /// Whom it is for; none: everybody.
    pub(crate) to: Option<Audience>,
}

impl Wire for CastHead {
    fn write(&self, into: &mut impl Sink) {
        into.push(self.from);
        into.push(u8::from(self.to.is_some()));
        for word in self.to.iter().flat_map(|to| to.0) {
            word.write(into);
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (place, some) = (u8::read(from)?, bool::read(from)?);
        let mut word = || u64::read(from);
        let to = if some { Some(Audience([word()?, word()?, word()?, word()?])) } else { None };
        Ok(Self { from: place, to })
    }
}

/// What stands on a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Letter {
    Here { proc: ProcId, name: Vec<u8> },
    Gone { proc: ProcId },
    To { from: ProcId, to: ProcId },
    Table,
}

impl Wire for Letter {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Here { proc, name } => {
                into.push(0);
                proc.write(into);
                name.write(into);
            }
            Self::Gone { proc } => {
                into.push(1);
                proc.write(into);
            }
            Self::To { from, to } => {
                into.push(2);
                from.write(into);
                to.write(into);
            }
            Self::Table => into.push(3),
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(match u8::read(from)? {
            0 => Self::Here { proc: ProcId::read(from)?, name: Vec::read(from)? },
            1 => Self::Gone { proc: ProcId::read(from)? },
            2 => Self::To { from: ProcId::read(from)?, to: ProcId::read(from)? },
            3 => Self::Table,
            _ => return Err(Malformed),
        })
    }
}

/// What a heartbeat carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pulse {
    pub(crate) version: u64,
    pub(crate) has: u64,
}

impl Pulse {
    pub(crate) fn bytes(self) -> Bytes {
        let mut bytes = Vec::with_capacity(16);
        self.version.write(&mut bytes);
        self.has.write(&mut bytes);
        bytes.into()
    }

    pub(crate) fn read(mut bytes: &[u8]) -> Result<Self, Malformed> {
        Ok(Self { version: u64::read(&mut bytes)?, has: u64::read(&mut bytes)? })
    }
}

/// What the kernels of one daemon say to those of another at every heartbeat.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) version: u64,
    /// From whom, to whom, what; by sender.
    pub(crate) beats: Vec<(ProcId, ProcId, Bytes)>,
}

impl Table {
    /// What one kernel says to its peers differs at its end only: the rest is said once.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut into = Vec::new();
        self.version.write(&mut into);
        for of_one in self.beats.chunk_by(|one, other| one.0 == other.0) {
            let all: Vec<&[u8]> = of_one.iter().map(|(_, _, bytes)| &bytes[..]).collect();
            let common = common_prefix(&all);
            of_one[0].0.write(&mut into);
            write_bytes(&mut into, &common);
            write_varint(&mut into, of_one.len() as u64);
            for (_, to, bytes) in of_one {
                to.write(&mut into);
                write_bytes(&mut into, &bytes[common.len()..]);
            }
        }
        into
    }

    pub(crate) fn read(mut bytes: &[u8]) -> Result<Self, Malformed> {
        let from = &mut bytes;
        let mut table = Self { version: u64::read(from)?, beats: Vec::new() };
        while !from.is_empty() {
            let (sender, common) = (ProcId::read(from)?, read_bytes(from)?);
            for _ in 0..muts::read_varint(from)? {
                let (to, rest) = (ProcId::read(from)?, read_bytes(from)?);
                table.beats.push((sender, to, [common, rest].concat().into()));
            }
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use muts::NodeId;

    #[test]
    fn a_table_comes_back_and_says_once_what_is_common() {
        let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
        let row = [7; 100];
        let beat = |end: u8| Bytes::from([&row[..], &[end]].concat());
        let mut beats = vec![];
        for from in 1..4 {
            beats.extend((5..9).map(|to| (proc(from), proc(to), beat(to as u8))));
        }
        let table = Table { version: 9, beats };
        let bytes = table.bytes();
        assert!(bytes.len() < 3 * 200 + 12 * 20, "{}", bytes.len());
        assert_eq!(Table::read(&bytes), Ok(table));
        assert!(Table::read(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn heads_come_back() {
        for to in [None, Some(Audience([1, 2, 3, 4]))] {
            let head = CastHead { from: 3, to };
            let mut bytes = vec![];
            head.write(&mut bytes);
            assert_eq!(CastHead::read(&mut &bytes[..]), Ok(head));
        }
    }
}
