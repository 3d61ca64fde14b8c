//! Outcomes: who waits for how an operation on a group ends.
//!
//! Those of one kind on one group end in the order in which the tower took them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lwg::{Down, LwgId, Operation, Outcome, Up};

use crate::inbox::Inbox;

/// Of all groups.
#[derive(Default)]
pub(crate) struct Outcomes {
    waiting: BTreeMap<(LwgId, Operation), VecDeque<Arc<Inbox<Outcome>>>>,
}

impl Outcomes {
    /// The tower takes an operation; nobody may wait for how it ends.
    pub(crate) fn taken(&mut self, what: (LwgId, Operation), inbox: Option<Arc<Inbox<Outcome>>>) {
        self.waiting.entry(what).or_default().push_back(inbox.unwrap_or_default());
    }

    /// Takes what the tower tells.
    pub(crate) fn hear(&mut self, up: &Up) {
        let Up::Done { lwg, operation, outcome } = up else { return };
        let Some(waiting) = self.waiting.get_mut(&(*lwg, *operation)) else { return };
        if let Some(inbox) = waiting.pop_front() {
            inbox.push(outcome.clone());
        }
        if waiting.is_empty() {
            self.waiting.remove(&(*lwg, *operation));
        }
    }

    /// Nothing more will be told.
    pub(crate) fn end(&mut self) {
        std::mem::take(&mut self.waiting).values().flatten().for_each(|inbox| inbox.end());
    }
}

/// What an ask does to which group, if it tells how that ends.
pub(crate) const fn operation_of(ask: &Down) -> Option<(LwgId, Operation)> {
    match ask {
        Down::Create { lwg, .. }
        | Down::CreateIn { lwg, .. }
        | Down::CreateWith { lwg, .. }
        | Down::CreateOn { lwg, .. } => Some((*lwg, Operation::Create)),
        Down::Add { lwg, .. } => Some((*lwg, Operation::Add)),
        Down::Remove { lwg, .. } => Some((*lwg, Operation::Remove)),
        Down::Destroy { lwg } => Some((*lwg, Operation::Destroy)),
        Down::Move { lwg, .. } => Some((*lwg, Operation::Move)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_how_its_own_operation_ended() {
        let (lwg, mut outcomes) = (LwgId { creator: 1, count: 1 }, Outcomes::default());
        let ask = |outcomes: &mut Outcomes, operation| {
            let inbox = Arc::<Inbox<Outcome>>::default();
            outcomes.taken((lwg, operation), Some(Arc::clone(&inbox)));
            inbox
        };
        let add = ask(&mut outcomes, Operation::Add);
        // One of which nobody waits has its place too.
        outcomes.taken((lwg, Operation::Remove), None);
        let remove = ask(&mut outcomes, Operation::Remove);
        let done = |operation, outcome| Up::Done { lwg, operation, outcome };
        outcomes.hear(&done(Operation::Remove, Outcome::Done));
        assert!(add.take().is_none() && remove.take().is_none());
        outcomes.hear(&done(Operation::Remove, Outcome::NothingToDo));
        outcomes.hear(&done(Operation::Add, Outcome::Again));
        assert_eq!(remove.take(), Some(Outcome::NothingToDo));
        assert_eq!(add.take(), Some(Outcome::Again));
        assert!(outcomes.waiting.is_empty());
    }
}
