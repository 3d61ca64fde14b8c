//! Kin: processes that were once in the group with this one, or may be in another part of it.
//!
//! Bounded; sorted, so that what is done with them one by one has one sequence everywhere.

use alloc::vec::Vec;

use muts::ProcId;

use crate::limits::KIN_MAX;

/// Those of one group.
#[derive(Debug, Default)]
pub(crate) struct Kin(Vec<ProcId>);

impl Kin {
    /// Adds one, if there is room.
    pub(crate) fn add(&mut self, proc: ProcId) {
        if let Err(place) = self.0.binary_search(&proc)
            && self.0.len() < KIN_MAX
        {
            // Most groups hardly grow: no room is made ahead.
            self.0.reserve_exact(1);
            self.0.insert(place, proc);
        }
    }

    pub(crate) fn remove(&mut self, proc: ProcId) {
        if let Ok(place) = self.0.binary_search(&proc) {
            self.0.remove(place);
        }
    }

    /// Each stands for another now, or for itself.
    pub(crate) fn replace(&mut self, by: impl Fn(ProcId) -> ProcId) {
        self.0.iter_mut().for_each(|proc| *proc = by(*proc));
        self.0.sort_unstable();
        self.0.dedup();
    }

    /// By their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ProcId> {
        self.0.iter().copied()
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
}
