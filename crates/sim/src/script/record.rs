//! Record: a state that shows which commands moved it, in which order, and how often.

use muts::{Malformed, Sink, Wire};
use tools::{Corrupt, Frozen, State};

use crate::script::payload::id_of;
use crate::trace::Digest;

/// What is kept equal: the hash of each command, oldest first, behind a filling that makes it
/// heavy.
#[derive(Debug, Clone)]
pub(super) struct Record {
    filling_bytes: usize,
    /// A hash over all entries, from which the filling follows: cut elsewhere, every byte differs.
    mark: Digest,
    entries: Vec<u64>,
}

/// Records with so much filling are frozen, and written in pieces of so many bytes.
const FROZEN_FROM_BYTES: usize = 300_000;
const PIECE_BYTES: usize = 70_001;

/// What is still to be written of a record as it was.
struct Pieces(Vec<u8>);

impl Frozen for Pieces {
    fn write(&mut self, into: &mut Vec<u8>, most: usize) -> bool {
        let rest = self.0.split_off(self.0.len().min(most).min(PIECE_BYTES));
        into.append(&mut std::mem::replace(&mut self.0, rest));
        !self.0.is_empty()
    }
}

/// A command: the body of a message.
#[derive(Debug)]
pub(super) struct Said(pub(super) Vec<u8>);

impl Wire for Said {
    fn write(&self, into: &mut impl Sink) {
        into.extend_from_slice(&self.0);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self(std::mem::take(from).to_vec()))
    }
}

impl Record {
    /// Nothing said yet.
    pub(super) fn new(filling_bytes: usize) -> Self {
        Self { filling_bytes, mark: Digest::default(), entries: Vec::new() }
    }

    /// What stands for a body in the entries.
    pub(super) fn entry(body: &[u8]) -> u64 {
        let mut digest = Digest::default();
        digest.add_bytes(body);
        digest.value()
    }

    /// Whether these are among the entries, each after the one before.
    pub(super) fn has_all(&self, told: &[u64]) -> bool {
        let mut wanted = told.iter().rev().peekable();
        let mut entries = self.entries.iter().rev();
        while let Some(next) = wanted.peek() {
            match entries.next() {
                None => return false,
                Some(entry) if entry == *next => _ = wanted.next(),
                Some(_) => {}
            }
        }
        true
    }

    fn add(&mut self, entry: u64) {
        self.mark.add(entry);
        self.entries.push(entry);
    }
}

impl State for Record {
    type Command = Said;
    /// The id of the message.
    type Answer = Option<String>;

    fn apply(&mut self, said: Said) -> Option<String> {
        self.add(Self::entry(&said.0));
        id_of(&said.0).map(str::to_owned)
    }

    fn save(&self, into: &mut Vec<u8>) {
        (self.filling_bytes as u64).write(into);
        let mut filling = self.mark;
        let end = into.len() + self.filling_bytes;
        while into.len() < end {
            filling.add(1);
            let word = filling.value().to_le_bytes();
            into.extend_from_slice(&word[..word.len().min(end - into.len())]);
        }
        self.entries.write(into);
    }

    fn freeze(&self) -> Option<Box<dyn Frozen>> {
        let mut saved = Vec::new();
        let frozen = self.filling_bytes >= FROZEN_FROM_BYTES;
        frozen.then(|| {
            self.save(&mut saved);
            Box::new(Pieces(saved)) as _
        })
    }

    /// The filling is passed over: that it is the right one is the digest's affair.
    fn load(mut from: &[u8]) -> Result<Self, Corrupt> {
        let filling_bytes = usize::try_from(u64::read(&mut from)?).map_err(|_| Corrupt)?;
        let (_, mut rest) = from.split_at_checked(filling_bytes).ok_or(Corrupt)?;
        let entries: Vec<u64> = Vec::read(&mut rest)?;
        let mut record = Self::new(filling_bytes);
        entries.into_iter().for_each(|entry| record.add(entry));
        if rest.is_empty() { Ok(record) } else { Err(Corrupt) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(record: &Record) -> Vec<u8> {
        let mut saved = Vec::new();
        record.save(&mut saved);
        saved
    }

    #[test]
    fn a_record_comes_back_and_every_part_of_it_shows_where_it_was_cut() {
        let mut record = Record::new(1_001);
        let before = saved(&record);
        record.apply(Said(b"one|".to_vec()));
        let after = saved(&record);
        assert_eq!(saved(&Record::load(&after).expect("it was saved")), after);
        let differs = |part: std::ops::Range<usize>| before[part.clone()] != after[part];
        assert!((8..1_000).step_by(8).all(|at| differs(at..at + 8)));
        assert!(Record::load(&after[..after.len() - 1]).is_err());
    }

    #[test]
    fn an_entry_that_is_missing_or_in_another_place_is_seen() {
        let mut record = Record::new(0);
        (1..=4).for_each(|entry| record.add(entry));
        assert!(record.has_all(&[]) && record.has_all(&[2, 4]) && record.has_all(&[1, 2, 3, 4]));
        assert!(!record.has_all(&[4, 2]) && !record.has_all(&[5]) && !record.has_all(&[3, 3]));
    }
}
