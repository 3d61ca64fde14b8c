//! Book: who is called what, and which incarnation of each has been met.
//!
//! *Takes* names, and what the tower tells of processes and groups. *Promises* that who is there is
//! known, and so is what a group is called that this process is in. *Keeps* of everything else what
//! was named last, up to the bounds of `limits`: there may be ever new names.

use std::collections::BTreeMap;
#[cfg(test)]
use std::collections::BTreeSet;
use std::task::{Context, Poll, Waker};

use lwg::{Endpoint, LwgId, Operation, Outcome, Up, Why};
use muts::{NodeId, ProcId, wrong_name};
use parking_lot::Mutex;

use crate::config::Start;
use crate::labels::Labels;
use crate::limits::NODES_AWAY_MAX;
use crate::listeners::{Listener, Listeners};
use crate::recent::Recent;
use crate::word::read_lwg;

/// Names of nodes, as told in the configuration and by those who were met (a node id is a hash of
/// its name), and labels of groups.
///
/// Of a process that is there, name and incarnation are known. Of those that are over or were
/// never met, 16,384 are remembered, those that were named last: an earlier one is shown by its
/// number, and who waits for it by name waits until it is met again.
#[derive(Default)]
pub struct Book {
    state: Mutex<State>,
    /// Who looks for somebody by name.
    listeners: Listeners,
}

struct State {
    names: BTreeMap<NodeId, String>,
    /// The newest incarnation met of each node.
    current: BTreeMap<NodeId, u64>,
    /// Of these nodes no process is there.
    away: Recent<NodeId>,
    labels: Labels,
    /// Who waits until somebody is met or named, and does not say when it gives up: a few.
    wakers: Vec<Waker>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            names: BTreeMap::new(),
            current: BTreeMap::new(),
            away: Recent::new(NODES_AWAY_MAX),
            labels: Labels::default(),
            wakers: Vec::new(),
        }
    }
}

impl State {
    fn knows(&self, node: NodeId) -> bool {
        self.names.contains_key(&node) || self.current.contains_key(&node)
    }

    /// No process of this node is there, as far as is known.
    fn is_away(&mut self, node: NodeId) {
        if let Some(oldest) = self.away.note(node) {
            self.names.remove(&oldest);
            self.current.remove(&oldest);
        }
    }

    /// Whether this one is the newest met, and was not before.
    fn is_new(&mut self, process: ProcId) -> bool {
        let current = self.current.entry(process.node).or_insert(0);
        let newer = *current < process.incarnation;
        *current = process.incarnation.max(*current);
        newer
    }
}

impl Book {
    /// Writes down a name.
    pub(crate) fn add(&self, name: &str) -> NodeId {
        let node = NodeId::of_name(name);
        let mut state = self.state.lock();
        if !state.knows(node) || state.away.contains(&node) {
            state.is_away(node);
        }
        state.names.insert(node, name.to_owned());
        drop(state);
        self.wake();
        node
    }

    /// Whoever waits looks again. Wakers run user code (an executor's), so never under the lock.
    pub(crate) fn wake(&self) {
        let wakers = std::mem::take(&mut self.state.lock().wakers);
        wakers.into_iter().for_each(Waker::wake);
        self.listeners.wake_all();
    }

    /// Somebody who begins to look for a process by name.
    pub(crate) fn listener(&self) -> Listener<'_> {
        self.listeners.listener()
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

    /// Takes what the tower tells.
    pub(crate) fn hear(&self, up: &Up) {
        match up {
            Up::Core(vsync::Up::Met { peer }) => self.met(*peer),
            Up::Core(vsync::Up::Lost { peer }) => self.lost(*peer),
            Up::Core(vsync::Up::View(view)) => {
                view.members.iter().for_each(|member| self.seen(member.proc));
            }
            Up::View(view) => {
                view.members.iter().for_each(|member| self.seen(member.proc));
                self.state.lock().labels.inside(view.lwg);
            }
            Up::Out { lwg, why: Why::Destroyed }
            | Up::Done { lwg, operation: Operation::Destroy, outcome: Outcome::Done } => {
                self.state.lock().labels.over(*lwg);
            }
            Up::Done { lwg, operation: Operation::Create, outcome }
                if *outcome != Outcome::Done =>
            {
                self.state.lock().labels.over(*lwg);
            }
            Up::Out { lwg, .. } => self.state.lock().labels.outside(*lwg),
            _ => {}
        }
    }

    /// A process is there.
    pub(crate) fn met(&self, process: ProcId) {
        let mut state = self.state.lock();
        let new = state.is_new(process);
        if state.current.get(&process.node) == Some(&process.incarnation) {
            state.away.forget(&process.node);
        }
        drop(state);
        if new {
            self.wake();
        }
    }

    /// A process is in a view: it may be over by now, and of some it is told nowhere else.
    fn seen(&self, process: ProcId) {
        let mut state = self.state.lock();
        let here = state.knows(process.node) && !state.away.contains(&process.node);
        let new = state.is_new(process);
        if !here {
            state.is_away(process.node);
        }
        drop(state);
        if new {
            self.wake();
        }
    }

    /// A process is over.
    fn lost(&self, process: ProcId) {
        let mut state = self.state.lock();
        if state.current.get(&process.node) == Some(&process.incarnation) {
            state.is_away(process.node);
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
        self.state.lock().knows(node)
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
    ///
    /// It stays while this process is in the group, and goes once it is told that the group is
    /// destroyed or was not made. Of groups that it is out of otherwise, the labels of the last
    /// 4,096 stay. A group that it never was in keeps its label until [`Book::unlabel`]. Beyond
    /// 1,048,576 labels, those of the groups with the lowest numbers go.
    pub fn label(&self, label: &str, lwg: LwgId) {
        self.state.lock().labels.set(label, lwg);
    }

    /// The group is not called so any more, if it was.
    pub fn unlabel(&self, label: &str, lwg: LwgId) {
        self.state.lock().labels.unset(label, lwg);
    }

    /// A label of a group, if it has one.
    #[must_use]
    pub fn label_of(&self, lwg: LwgId) -> Option<String> {
        self.state.lock().labels.label_of(lwg).map(|label| label.as_ref().to_owned())
    }

    /// The light-weight group of this label, or that is written so.
    #[must_use]
    pub fn light(&self, written: &str) -> Option<LwgId> {
        let labelled = self.state.lock().labels.get(written);
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

    /// How many nodes and labels it knows.
    #[cfg(test)]
    fn known(&self) -> (usize, usize) {
        let state = self.state.lock();
        let nodes: BTreeSet<_> = state.names.keys().chain(state.current.keys()).collect();
        (nodes.len(), state.labels.len())
    }

    /// Like [`Book::find`], once it has been met, of whatever incarnation.
    pub(crate) fn poll(
        &self,
        written: &str,
        listener: &Listener<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Endpoint, String>> {
        listener.listen(context);
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

    /// What the tower tells of a process.
    fn met(node: NodeId) -> Up {
        Up::Core(vsync::Up::Met { peer: ProcId { node, incarnation: 1 } })
    }

    fn lost(node: NodeId) -> Up {
        Up::Core(vsync::Up::Lost { peer: ProcId { node, incarnation: 1 } })
    }

    #[test]
    fn ever_new_names_make_the_oldest_of_those_who_are_not_there_be_forgotten_and_nobody_else() {
        let book = Book::default();
        let here = book.add("here");
        book.hear(&met(here));
        for count in 0..NODES_AWAY_MAX + 10 {
            let name = format!("n{count}");
            match count % 3 {
                0 => book.ask_for(&name),
                1 => book.hear(&met(NodeId::of_name(&name))),
                _ => drop(book.add(&name)),
            }
            if count % 3 == 1 {
                book.hear(&lost(NodeId::of_name(&name)));
            }
        }
        assert_eq!(book.known().0, NODES_AWAY_MAX + 1);
        assert_eq!(book.show(ProcId { node: here, incarnation: 1 }), "here#1");
        assert!(book.find("here").expect("a name").is_some(), "it was met");
        assert!(!book.knows(NodeId::of_name("n0")));
        assert!(book.knows(NodeId::of_name(&format!("n{}", NODES_AWAY_MAX + 9))));
    }

    #[test]
    fn who_is_met_again_after_it_was_over_is_there() {
        let book = Book::default();
        let node = book.add("b");
        let there = || !book.state.lock().away.contains(&node);
        let second = Up::Core(vsync::Up::Met { peer: ProcId { node, incarnation: 2 } });
        assert!(!there());
        for (up, is_there) in
            [(met(node), true), (lost(node), false), (second, true), (lost(node), true)]
        {
            book.hear(&up);
            assert_eq!(there(), is_there, "{up:?}");
        }
    }

    #[test]
    fn a_program_that_makes_and_destroys_named_groups_for_ever_keeps_the_labels_of_none() {
        let book = Book::default();
        let stays = LwgId { creator: 1, count: 0 };
        book.label("stays", stays);
        for count in 1..100 {
            let lwg = LwgId { creator: 1, count };
            book.label(&format!("l{count}"), lwg);
            book.hear(&match count % 3 {
                0 => Up::Out { lwg, why: Why::Destroyed },
                1 => Up::Done { lwg, operation: Operation::Destroy, outcome: Outcome::Done },
                _ => Up::Done { lwg, operation: Operation::Create, outcome: Outcome::NoPlace },
            });
        }
        assert_eq!((book.known().1, book.light("stays")), (1, Some(stays)));
    }

    #[test]
    fn who_gives_up_looking_is_forgotten_and_who_looks_on_is_woken() {
        let book = Book::default();
        let mut context = Context::from_waker(Waker::noop());
        let on = book.listener();
        assert!(book.poll("b", &on, &mut context).is_pending());
        for _ in 0..100 {
            assert!(book.poll("b", &book.listener(), &mut context).is_pending());
        }
        assert_eq!(book.listeners.count(), 1);
        book.hear(&met(NodeId::of_name("b")));
        assert!(book.listeners.count() == 0 && book.poll("b", &on, &mut context).is_ready());
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
