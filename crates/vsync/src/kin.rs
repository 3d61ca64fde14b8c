//! Kin: processes that were once in the group with this one, or may be in another part of it.
//!
//! Bounded; sorted, so that what is done with them one by one has one sequence everywhere.

use alloc::vec::Vec;

use muts::{Malformed, ProcId, Sink, Wire};

use crate::limits::KIN_MAX;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relative {
    pub(crate) proc: ProcId,
    /// It was in a view with this side: whoever let it in answers for it. Of the others it is only
    /// said, or supposed, that they are in the group.
    pub(crate) was_in: bool,
}

/// Those of one group.
#[derive(Debug, Default)]
pub(crate) struct Kin(Vec<Relative>);

impl Kin {
    /// Adds one of whom it is said that it is in the group, if there is room.
    pub(crate) fn add(&mut self, proc: ProcId) {
        self.note(Relative { proc, was_in: false });
    }

    /// Adds one, if there is room: who was in once has been in, whatever else is said of it.
    pub(crate) fn note(&mut self, relative: Relative) {
        match self.place(relative.proc) {
            Ok(place) => self.0[place].was_in |= relative.was_in,
            Err(place) if self.0.len() < KIN_MAX => {
                // Most groups hardly grow: no room is made ahead.
                self.0.reserve_exact(1);
                self.0.insert(place, relative);
            }
            Err(_) => {}
        }
    }

    pub(crate) fn remove(&mut self, proc: ProcId) {
        if let Ok(place) = self.place(proc) {
            self.0.remove(place);
        }
    }

    /// Each stands for another now, who was in no view yet, or for itself.
    pub(crate) fn replace(&mut self, by: impl Fn(ProcId) -> ProcId) {
        for relative in &mut self.0 {
            let heir = by(relative.proc);
            relative.was_in &= heir == relative.proc;
            relative.proc = heir;
        }
        self.0.sort_unstable_by_key(|relative| (relative.proc, !relative.was_in));
        self.0.dedup_by_key(|relative| relative.proc);
    }

    /// Only these go on being looked for.
    pub(crate) fn retain(&mut self, keeps: impl Fn(ProcId) -> bool) {
        self.0.retain(|relative| keeps(relative.proc));
    }

    /// Whether it was in a view with this side.
    pub(crate) fn was_in(&self, proc: ProcId) -> bool {
        self.place(proc).is_ok_and(|place| self.0[place].was_in)
    }

    pub(crate) fn has(&self, proc: ProcId) -> bool {
        self.place(proc).is_ok()
    }

    /// By their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ProcId> + '_ {
        self.0.iter().map(|relative| relative.proc)
    }

    /// The same, and whether each was in.
    pub(crate) fn relatives(&self) -> impl Iterator<Item = Relative> {
        self.0.iter().copied()
    }

    fn place(&self, proc: ProcId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&proc, |relative| relative.proc)
    }
}

impl Wire for Relative {
    fn write(&self, into: &mut impl Sink) {
        self.proc.write(into);
        self.was_in.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { proc: ProcId::read(from)?, was_in: bool::read(from)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::NodeId;

    fn proc(node: u64) -> ProcId {
        ProcId { node: NodeId(node), incarnation: 1 }
    }

    #[test]
    fn each_is_there_once_and_none_beyond_the_limit() {
        let mut kin = Kin::default();
        for node in (0..KIN_MAX as u64 + 9).rev().chain([7, 7]) {
            kin.add(proc(node));
        }
        assert_eq!(kin.iter().count(), KIN_MAX);
        assert!(kin.iter().is_sorted());
        kin.remove(proc(7));
        kin.remove(proc(40));
        kin.remove(proc(40));
        let count = kin.iter().count();
        kin.replace(|_| proc(1));
        assert!(count == KIN_MAX - 1 && kin.iter().eq([proc(1)]));
    }

    #[test]
    fn who_was_in_has_been_in_but_not_who_lives_in_its_place() {
        let mut kin = Kin::default();
        kin.note(Relative { proc: proc(1), was_in: true });
        kin.add(proc(1));
        kin.add(proc(2));
        assert!(kin.was_in(proc(1)) && !kin.was_in(proc(2)));
        kin.replace(|proc| ProcId { incarnation: 2, ..proc });
        assert!(kin.iter().all(|heir| !kin.was_in(heir)));
    }
}
