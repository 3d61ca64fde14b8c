//! Book: who is called what, and which incarnation of each has been met.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use lwg::{Endpoint, LwgId};
use muts::{NodeId, ProcId, wrong_name};
use parking_lot::Mutex;

use crate::config::Start;
use crate::word::read_lwg;

/// Names of nodes, as told in the configuration; a node id is a hash of its name.
#[derive(Default)]
pub struct Book {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    names: BTreeMap<NodeId, String>,
    /// The newest incarnation met of each node.
    current: BTreeMap<NodeId, u64>,
    labels: BTreeMap<Arc<str>, LwgId>,
    /// The newest label of each group that has one.
    labelled: BTreeMap<LwgId, Arc<str>>,
    wakers: Vec<Waker>,
}

impl State {
    /// The group is not called so any more.
    fn unlabelled(&mut self, lwg: LwgId, label: &str) {
        if self.labelled.get(&lwg).is_some_and(|newest| &**newest == label) {
            self.labelled.remove(&lwg);
        }
    }
}

impl Book {
    /// Writes down a name.
    pub(crate) fn add(&self, name: &str) -> NodeId {
        let node = NodeId::of_name(name);
        self.state.lock().names.insert(node, name.to_owned());
        self.wake();
        node
    }

    /// Whoever waits looks again. Wakers run user code (an executor's), so never under the lock.
    pub(crate) fn wake(&self) {
        let wakers = std::mem::take(&mut self.state.lock().wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Writes down the name in what was asked for, so that who it is can be said of one that was
    /// never met. What may be the number of a stranger is none.
    pub(crate) fn ask_for(&self, written: &str) {
        let name = written.split_once('#').map_or(written, |(name, _)| name);
        let number = name.len() == 16 && u64::from_str_radix(name, 16).is_ok();
        if wrong_name(name).is_none() && !number && !self.knows(NodeId::of_name(name)) {
            self.add(name);
        }
    }

    /// A process has been met, by link or by view.
    pub(crate) fn met(&self, process: ProcId) {
        let mut state = self.state.lock();
        let current = state.current.entry(process.node).or_insert(0);
        if *current < process.incarnation {
            *current = process.incarnation;
            drop(state);
            self.wake();
        }
    }

    /// How a process is written: `name#incarnation`; nodes without a known name in hexadecimal.
    #[must_use]
    pub fn show(&self, process: ProcId) -> String {
        match self.state.lock().names.get(&process.node) {
            Some(name) => format!("{name}#{}", process.incarnation),
            None => format!("{:016x}#{}", process.node.0, process.incarnation),
        }
    }

    /// The process that is written so: `b#3`, or `b` for the newest incarnation met.
    ///
    /// # Errors
    /// A sentence if it cannot be a process; `Ok(None)` if it has not been met, which is not asked
    /// where an incarnation is given: [`crate::Horus::member`] waits for that one too.
    pub fn find(&self, written: &str) -> Result<Option<Endpoint>, String> {
        let (name, incarnation) = match written.split_once('#') {
            Some((name, number)) => {
                let wrong = |_| format!("`{written}`: what follows # is not an incarnation");
                (name, Some(number.parse::<u64>().map_err(wrong)?))
            }
            None => (written, None),
        };
        if let Some(why) = wrong_name(name) {
            return Err(why);
        }
        let state = self.state.lock();
        let by_name = NodeId::of_name(name);
        let node = if state.names.contains_key(&by_name) {
            by_name
        } else {
            u64::from_str_radix(name, 16).ok().filter(|_| name.len() == 16).map_or(by_name, NodeId)
        };
        let incarnation = incarnation.or_else(|| state.current.get(&node).copied());
        Ok(incarnation.map(|incarnation| Endpoint::of(ProcId { node, incarnation })))
    }

    /// Once it is known what the node of a process is called: processes tell each other when they
    /// meet.
    pub fn poll_named(&self, process: ProcId, context: &mut Context<'_>) -> Poll<()> {
        self.listen(context);
        let known = self.state.lock().names.contains_key(&process.node);
        if known { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Whether a node is known by name, or was met.
    pub(crate) fn knows(&self, node: NodeId) -> bool {
        let state = self.state.lock();
        state.names.contains_key(&node) || state.current.contains_key(&node)
    }

    /// What a node is called, if that is known.
    pub(crate) fn name(&self, node: NodeId) -> Option<String> {
        self.state.lock().names.get(&node).cloned()
    }

    /// The newest process of a node that was met.
    pub(crate) fn newest(&self, node: NodeId) -> Option<ProcId> {
        let incarnation = self.state.lock().current.get(&node).copied()?;
        Some(ProcId { node, incarnation })
    }

    /// Whether this process, or a newer one of its node, was met.
    fn has_met(&self, process: ProcId) -> bool {
        let state = self.state.lock();
        state.current.get(&process.node).is_some_and(|newest| *newest >= process.incarnation)
    }

    /// How many other nodes were met.
    pub(crate) fn met_beside(&self, me: NodeId) -> usize {
        self.state.lock().current.keys().filter(|node| **node != me).count()
    }

    /// Calls a light-weight group so at this process, for its operators and its own use; the newest
    /// of one label counts.
    pub fn label(&self, label: &str, lwg: LwgId) {
        let label: Arc<str> = label.into();
        let mut state = self.state.lock();
        if let Some(before) = state.labels.insert(Arc::clone(&label), lwg) {
            state.unlabelled(before, &label);
        }
        state.labelled.insert(lwg, label);
    }

    /// The group is not called so any more, if it was.
    pub fn unlabel(&self, label: &str, lwg: LwgId) {
        let mut state = self.state.lock();
        if state.labels.get(label) == Some(&lwg) {
            state.labels.remove(label);
            state.unlabelled(lwg, label);
        }
    }

    /// The newest label of a group, if it has one.
    #[must_use]
    pub fn label_of(&self, lwg: LwgId) -> Option<String> {
        self.state.lock().labelled.get(&lwg).map(|label| label.as_ref().to_owned())
    }

    /// The light-weight group of this label, or that is written so.
    #[must_use]
    pub fn light(&self, written: &str) -> Option<LwgId> {
        let labelled = self.state.lock().labels.get(written).copied();
        labelled.or_else(|| read_lwg(written))
    }

    /// Which of these are missing: so many others than `me`, and this node; none if nobody is.
    pub(crate) fn missing(&self, me: NodeId, start: &Start) -> Option<String> {
        let state = self.state.lock();
        let met = |node: &NodeId| state.current.contains_key(node);
        let first = start.first.as_ref().filter(|first| !met(&NodeId::of_name(first)));
        if let Some(first) = first {
            return Some(format!("`{first}`, which begins, was not met"));
        }
        let others = state.current.keys().filter(|node| **node != me).count();
        let missing = start.expect.checked_sub(others).filter(|missing| *missing > 0)?;
        Some(format!("{missing} of {} other nodes were not met", start.expect))
    }

    /// Once none of them is missing.
    pub(crate) fn poll_met(
        &self,
        me: NodeId,
        start: &Start,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        self.listen(context);
        if self.missing(me, start).is_none() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Wakes whoever waits when somebody else is met, or known by name.
    fn listen(&self, context: &Context<'_>) {
        let mut state = self.state.lock();
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
    }

    /// Like [`Book::find`], once it has been met, of whatever incarnation.
    pub(crate) fn poll(
        &self,
        written: &str,
        context: &mut Context<'_>,
    ) -> Poll<Result<Endpoint, String>> {
        // Registered before the look, so that a meeting in between wakes.
        self.listen(context);
        match self.find(written) {
            Ok(Some(found)) if self.has_met(found.proc) => Poll::Ready(Ok(found)),
            Ok(_) => Poll::Pending,
            Err(why) => Poll::Ready(Err(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_means_the_newest_incarnation_met() {
        let book = Book::default();
        let node = book.add("b");
        assert_eq!(book.find("b"), Ok(None));
        for incarnation in [3, 5, 4] {
            book.met(ProcId { node, incarnation });
        }
        let newest = Endpoint::of(ProcId { node, incarnation: 5 });
        assert_eq!(book.find("b"), Ok(Some(newest)));
        assert_eq!(book.show(newest.proc), "b#5");
        assert_eq!(book.find("b#3").expect("a name").expect("given").proc.incarnation, 3);
        assert!(book.find("b#soon").is_err());
        for never in ["", "#3", "a,b!", "a b"] {
            assert!(book.find(never).expect_err("no name").contains("cannot be"), "{never}");
        }
    }

    #[test]
    fn a_stranger_is_found_by_what_it_is_shown_as() {
        let book = Book::default();
        let stranger = ProcId { node: NodeId(0xabc), incarnation: 7 };
        assert_eq!(book.find(&book.show(stranger)), Ok(Some(Endpoint::of(stranger))));
    }

    #[test]
    fn a_group_without_its_label_is_called_nothing_and_another_of_that_label_still_is() {
        let book = Book::default();
        let [old, new] = [1, 2].map(|count| LwgId { creator: 1, count });
        book.label("l", old);
        book.label("l", new);
        book.unlabel("l", old);
        assert_eq!(book.light("l"), Some(new));
        assert_eq!((book.label_of(old), book.label_of(new)), (None, Some("l".into())));
        book.unlabel("l", new);
        assert_eq!((book.light("l"), book.label_of(new)), (None, None));
        assert_eq!(book.light("0000000000000001.2"), Some(new));
    }
}
