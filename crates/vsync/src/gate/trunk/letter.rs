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

use crate::beat::Beat;
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

impl Wire for Pulse {
    fn write(&self, into: &mut impl Sink) {
        self.version.write(into);
        self.has.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { version: u64::read(from)?, has: u64::read(from)? })
    }
}

/// What the kernels of one daemon say to those of another at every heartbeat.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) version: u64,
    /// By sender.
    rows: Vec<Row>,
}

/// What one kernel says to its peers differs at its end only: the rest is said, and kept, once.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    from: ProcId,
    common: Bytes,
    /// By receiver.
    ends: Vec<(ProcId, Bytes)>,
}

impl Table {
    /// Of what is said from whom to whom, sorted by both.
    pub(crate) fn of(version: u64, beats: &[(ProcId, ProcId, Bytes)]) -> Self {
        let rows = beats.chunk_by(|one, other| one.0 == other.0).map(|of_one| {
            let all: Vec<&[u8]> = of_one.iter().map(|(_, _, bytes)| &bytes[..]).collect();
            let common = common_prefix(&all);
            let end = |(_, to, bytes): &(_, _, Bytes)| (*to, bytes.slice(common.len()..));
            let ends = of_one.iter().map(end).collect();
            Row { from: of_one[0].0, common: common.into(), ends }
        });
        Self { version, rows: rows.collect() }
    }

    /// From whom to whom what, where that is wanted, by both and the digest.
    pub(crate) fn beats(
        &self,
        wanted: impl Fn(ProcId, ProcId, u64) -> bool,
    ) -> Vec<(ProcId, ProcId, Bytes)> {
        let mut beats = Vec::new();
        for row in &self.rows {
            // Most who share nothing with the sender are told the same.
            let mut last: Option<(&Bytes, Bytes)> = None;
            for (to, end) in &row.ends {
                if !wanted(row.from, *to, Beat::digest_within(&row.common, end)) {
                    continue;
                }
                let whole = match &last {
                    Some((before, whole)) if *before == end => whole.clone(),
                    _ => [&row.common[..], &end[..]].concat().into(),
                };
                last = Some((end, whole.clone()));
                beats.push((row.from, *to, whole));
            }
        }
        beats
    }
}

impl Wire for Table {
    fn write(&self, into: &mut impl Sink) {
        self.version.write(into);
        for row in &self.rows {
            row.from.write(into);
            write_bytes(into, &row.common);
            write_varint(into, row.ends.len() as u64);
            for (to, end) in &row.ends {
                to.write(into);
                write_bytes(into, end);
            }
        }
    }

    /// Goes to the end. Whoever says something twice to one of us would have it kept many times for
    /// few bytes.
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let mut table = Self { version: u64::read(from)?, rows: Vec::new() };
        while !from.is_empty() {
            let (sender, common) = (ProcId::read(from)?, read_bytes(from)?);
            let common = Bytes::copy_from_slice(common);
            let mut ends: Vec<(ProcId, Bytes)> = Vec::new();
            for _ in 0..muts::read_varint(from)? {
                let (to, end) = (ProcId::read(from)?, read_bytes(from)?);
                if ends.last().is_some_and(|(before, _)| *before >= to) {
                    return Err(Malformed);
                }
                ends.push((to, Bytes::copy_from_slice(end)));
            }
            if ends.is_empty() || table.rows.last().is_some_and(|before| before.from >= sender) {
                return Err(Malformed);
            }
            table.rows.push(Row { from: sender, common, ends });
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
        let table = Table::of(9, &beats);
        assert_eq!(table.beats(|_, _, _| true), beats);
        let mut bytes = vec![];
        table.write(&mut bytes);
        assert!(bytes.len() < 3 * 200 + 12 * 20, "{}", bytes.len());
        assert_eq!(Table::read(&mut &bytes[..]), Ok(table));
        assert!(Table::read(&mut &bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn a_table_that_tells_one_of_us_twice_is_refused() {
        let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
        let row = |from, to: &[u64]| Row {
            from: proc(from),
            common: Bytes::from_static(&[7; 100]),
            ends: to.iter().map(|to| (proc(*to), Bytes::new())).collect(),
        };
        let read = |rows| {
            let mut bytes = vec![];
            Table { version: 1, rows }.write(&mut bytes);
            Table::read(&mut &bytes[..]).is_ok()
        };
        assert!(read(vec![row(1, &[5, 6]), row(2, &[5])]));
        for wrong in [&[row(1, &[5, 5])][..], &[row(1, &[5]), row(1, &[6])], &[row(1, &[])]] {
            let copy =
                |row: &Row| Row { common: row.common.clone(), ends: row.ends.clone(), ..*row };
            assert!(!read(wrong.iter().map(copy).collect()));
        }
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
