//! Passing: multicasts of processes outside an open group, by way of a member of it.
//!
//! The outsider sends the message to a member, which casts it in the outsider's name and says in
//! which view it was told. Answers go straight to the outsider; the member says whom a core view
//! has taken from those that owe one, so that the outsider's wait ends. It needs no timer here: who
//! still waits asks after it now and then, and what nobody asks after goes when there is no room.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use muts::Message;
use vsync::{Core, Endpoint};

use crate::group::{Ask, Post};
use crate::groups::{Groups, fits};
use crate::here::CoreNumber;
use crate::id::{LwgId, Members, SendId};
use crate::interface::{Down, Up};
use crate::letter::Letter;
use crate::limits::{AWAITED_MAX, PASSED_ON};
use crate::placing::Timer;
use crate::policy::Policy;

/// Who sent it, and its name for it.
type Name = (Endpoint, SendId);

/// What this process has passed on, and is to see to.
#[derive(Default)]
pub(crate) struct Passing {
    passed: BTreeMap<Name, Passed>,
    /// Those that were told: a core group looks at its own.
    by_core: BTreeSet<(CoreNumber, Name)>,
    /// By when each was begun, or asked after last.
    age: BTreeMap<u64, Name>,
    /// How often one was.
    count: u64,
    /// What is to be said to those outside.
    pub(crate) letters: Vec<(Endpoint, Letter)>,
}

struct Passed {
    lwg: LwgId,
    /// Where it was told, once it was.
    core: Option<CoreNumber>,
    /// Who of the view that it was told in is not known to be lost.
    members: Members,
    /// Its place by age.
    age: u64,
}

impl Passing {
    pub(crate) fn len(&self) -> usize {
        self.passed.len()
    }

    fn begin(&mut self, name: Name, lwg: LwgId) {
        self.forget(name.0, name.1);
        if self.passed.len() >= AWAITED_MAX
            && let Some((_, oldest)) = self.age.first_key_value()
        {
            let (asker, send) = *oldest;
            self.forget(asker, send);
        }
        self.passed.insert(name, Passed { lwg, core: None, members: Members::new(), age: 0 });
        self.refresh(name);
    }

    /// Somebody waits for it still; false if it is not seen to any more.
    fn refresh(&mut self, name: Name) -> bool {
        let Some(passed) = self.passed.get_mut(&name) else { return false };
        self.count += 1;
        self.age.remove(&passed.age);
        passed.age = self.count;
        self.age.insert(self.count, name);
        true
    }

    /// It was told, in a view of these.
    pub(crate) fn told(
        &mut self,
        name: Name,
        (lwg, core): (LwgId, CoreNumber),
        members: &Members,
        replies: bool,
    ) {
        let (asker, send) = name;
        self.letters.push((asker, Letter::Passed { send, members: members.clone() }));
        if !replies {
            return self.forget(asker, send);
        }
        if let Some(passed) = self.passed.get_mut(&name) {
            if let Some(before) = passed.core {
                self.by_core.remove(&(before, name));
            }
            *passed = Passed { lwg, core: Some(core), members: members.clone(), ..*passed };
            self.by_core.insert((core, name));
        }
    }

    /// It will not be told.
    pub(crate) fn refuse(&mut self, asker: Endpoint, send: SendId) {
        self.letters.push((asker, Letter::Passed { send, members: Members::new() }));
        self.forget(asker, send);
    }

    /// Only these of a core group came along: the others will not answer.
    pub(crate) fn keep(&mut self, core: CoreNumber, along: impl Fn(&Endpoint) -> bool) {
        let names = self.by_core.range((core, Name::default())..);
        for (_, name) in names.take_while(|(on, _)| *on == core) {
            let Some(passed) = self.passed.get_mut(name) else { continue };
            let gone: Members =
                passed.members.iter().copied().filter(|member| !along(member)).collect();
            if !gone.is_empty() {
                passed.members.retain(|member| along(member));
                self.letters.push((name.0, Letter::Gone { send: name.1, members: gone }));
            }
        }
    }

    /// A group has come to another core group: who is not there is lost to it.
    pub(crate) fn rehome(
        &mut self,
        lwg: LwgId,
        core: CoreNumber,
        along: impl Fn(&Endpoint) -> bool,
    ) {
        for (name, passed) in self.passed.iter_mut().filter(|(_, passed)| passed.lwg == lwg) {
            if let Some(before) = passed.core.as_mut() {
                self.by_core.remove(&(*before, *name));
                *before = core;
                self.by_core.insert((core, *name));
            }
        }
        self.keep(core, along);
    }

    /// Nobody waits for it any more.
    pub(crate) fn forget(&mut self, asker: Endpoint, send: SendId) {
        if let Some(passed) = self.passed.remove(&(asker, send)) {
            self.age.remove(&passed.age);
            if let Some(core) = passed.core {
                self.by_core.remove(&(core, (asker, send)));
            }
        }
    }
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// A multicast into a group that this process need not be in.
    pub(crate) fn send_through(&mut self, ask: Down) -> Result<(), Down> {
        let Down::SendThrough { lwg, member, send, how, replies, message } = ask else {
            return Err(ask);
        };
        if !fits(&message) {
            let (lost, declined) = (Vec::from([member]), Vec::new());
            self.here.told.push_back(Up::Answered { send, lost, declined });
            return Ok(());
        }
        if self.here.replies.is_full() {
            self.owed.insert(lwg);
            return Err(Down::SendThrough { lwg, member, send, how, replies, message });
        }
        if self.letters.refuse(member, Some(lwg)) {
            return Err(Down::SendThrough { lwg, member, send, how, replies, message });
        }
        self.here.replies.open_through(send, lwg, member, replies);
        self.placing.timers.insert((self.here.now + PASSED_ON, Timer::Through(send)));
        let (order, safe) = (how.order, how.safe);
        self.send_letter(member, &Letter::Through { lwg, send, order, safe, replies }, message);
        Ok(())
    }

    /// Passes one on, if the group lets in what comes from outside and this process is in it.
    pub(crate) fn pass_on(&mut self, post: Post) {
        let Some(asker) = post.outside else { return };
        let (name, lwg) = ((asker, post.send), post.lwg);
        let marks = match self.here.arriving.get(&lwg) {
            Some(arriving) => Some(arriving.marks),
            None => self.here.find(lwg).and_then(|(_, slot)| {
                let inside = self.here.table.members(slot).contains(&self.here.me);
                inside.then(|| self.here.table.entry(slot).marks)
            }),
        };
        // Nobody passes on what it could not speak of; who waits to hear of it asks after it.
        if self.letters.is_full(asker) {
            return;
        }
        // It waits for nothing here, where nobody would tell it of room.
        let open = marks.is_some_and(|marks| marks.traits().open);
        let choked = self.here.choked.is_own(lwg) || !self.here.chokers(lwg).is_empty();
        if !open || choked || !fits(&post.message) {
            return self.here.passing.refuse(asker, post.send);
        }
        self.here.passing.begin(name, lwg);
        if self.ask(Ask::Send(post)).is_err() {
            self.here.passing.refuse(name.0, name.1);
        }
    }

    /// Something is to be said to one process. If there is no room for what became of a multicast
    /// of its, that is seen to no longer, and so its answer says when it asks after it.
    pub(crate) fn say(&mut self, to: Endpoint, letter: &Letter) {
        if let Letter::Passed { send, .. } | Letter::Gone { send, .. } = letter
            && self.letters.is_full(to)
        {
            self.here.passing.forget(to, *send);
        }
        self.send_letter(to, letter, Message::default());
    }

    /// Somebody wants to know whether this process still sees to what it was to pass on.
    pub(crate) fn is_asked_after(&mut self, asker: Endpoint, send: SendId) {
        if self.here.passing.refresh((asker, send)) {
            self.send_letter(asker, &Letter::Still { send }, Message::default());
        } else {
            self.here.passing.refuse(asker, send);
        }
    }

    /// Nothing was heard for a while of what a member is to pass on.
    pub(crate) fn ask_after(&mut self, send: SendId) {
        let latest = &self.here.table.memberships.latest;
        let has_met = |owes| latest.has_met(owes);
        if let Some(member) = self.here.replies.ask_after(send, has_met, &mut self.here.told) {
            self.placing.timers.insert((self.here.now + PASSED_ON, Timer::Through(send)));
            self.send_letter(member, &Letter::After { send }, Message::default());
        }
        self.settle_asides();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsync::ProcId;

    #[test]
    fn what_is_asked_after_stays_and_what_is_over_takes_no_room() {
        let asker = Endpoint::of(ProcId::default());
        let (mut passing, lwg) = (Passing::default(), LwgId::default());
        let name = |count| (asker, SendId(count));
        let all = AWAITED_MAX as u64;
        (0..all).for_each(|count| passing.begin(name(count), lwg));
        assert!(passing.refresh(name(0)));
        passing.begin(name(all), lwg);
        assert_eq!([0, 1, 2, all].map(|at| passing.refresh(name(at))), [true, false, true, true]);
        (3..all).for_each(|count| passing.forget(asker, SendId(count)));
        (3..all).for_each(|count| passing.begin(name(all + count), lwg));
        assert!(passing.refresh(name(2)), "there was room");
        assert_eq!((passing.len(), passing.age.len()), (AWAITED_MAX, AWAITED_MAX));
    }
}
