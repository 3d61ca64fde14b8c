//! Heard: who is in groups that this process is not in, by what they said themselves.
//!
//! Whoever looks for it in a group forgets it as soon as it says that it is in none. Should it come
//! into another component of that group later, it may be the only one who knows of both. Bounded:
//! of too many groups the one that was heard of first is forgotten.

use alloc::collections::{BTreeMap, VecDeque};

use muts::ProcId;

use crate::endpoint::GroupId;
use crate::kin::Kin;
use crate::limits::HEARD_MAX;

/// Of one process.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    of: BTreeMap<GroupId, Kin>,
    /// Oldest first.
    age: VecDeque<GroupId>,
}

impl Heard {
    /// This process is in that group, without the one here.
    pub(crate) fn note(&mut self, group: GroupId, proc: ProcId) {
        let age = &mut self.age;
        let kin = self.of.entry(group).or_insert_with(|| {
            age.push_back(group);
            Kin::default()
        });
        kin.add(proc);
        if self.age.len() > HEARD_MAX
            && let Some(oldest) = self.age.pop_front()
        {
            self.of.remove(&oldest);
        }
    }

    /// Who is in this group: the one here comes into it, and looks for them itself.
    pub(crate) fn take(&mut self, group: GroupId) -> Kin {
        let kin = self.of.remove(&group);
        if kin.is_some() {
            self.age.retain(|other| *other != group);
        }
        kin.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::NodeId;

    #[test]
    fn what_was_heard_of_a_group_is_known_once_and_of_no_more_than_so_many() {
        let proc = ProcId { node: NodeId(1), incarnation: 1 };
        let mut heard = Heard::default();
        for group in 0..=HEARD_MAX as u128 {
            heard.note(GroupId(group), proc);
        }
        assert_eq!((heard.of.len(), heard.age.len()), (HEARD_MAX, HEARD_MAX));
        assert_eq!(heard.take(GroupId(0)).iter().count(), 0);
        assert!(heard.take(GroupId(7)).iter().eq([proc]));
        assert_eq!(heard.take(GroupId(7)).iter().count(), 0);
        assert_eq!((heard.of.len(), heard.age.len()), (HEARD_MAX - 1, HEARD_MAX - 1));
    }
}
