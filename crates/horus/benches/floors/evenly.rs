//! Evenly: a policy that spreads groups over so many core groups, whatever each has already.

use std::cell::{Cell, RefCell};

use lwg::{CoreSet, Endpoint, GroupId, Place, Policy};

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Evenly {
    core_groups: usize,
    placed: Cell<usize>,
    /// Those of all members.
    known: RefCell<Vec<GroupId>>,
}

impl Evenly {
    pub(crate) fn over(core_groups: usize) -> Self {
        Self { core_groups, placed: Cell::new(0), known: RefCell::default() }
    }
}

impl Policy for Evenly {
    fn place(&self, members: &[Endpoint], cores: &CoreSet) -> Place {
        let placed = self.placed.replace(self.placed.get() + 1);
        if placed < self.core_groups {
            return Place::Alone;
        }
        if self.known.borrow().is_empty() {
            let all = cores.search(members, 0, |group| {
                self.known.borrow_mut().push(group);
                false
            });
            assert!(all.found.is_none(), "none suits");
        }
        let known = self.known.borrow();
        match known.len() {
            0 => Place::New,
            some => Place::Exact(known[placed % some]),
        }
    }
}
