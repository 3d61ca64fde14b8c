//! Adding: whoever is not in the core group yet is invited into it before the operation goes out.
//!
//! What this process asks of the group after that waits behind it: an add and a remove of the same
//! member do not change places.

use alloc::collections::VecDeque;

use muts::Instant;
use vsync::{Core, GroupId};

use crate::group::Ask;
use crate::groups::Groups;
use crate::header::{Op, What};
use crate::here::CoreNumber;
use crate::id::LwgId;
use crate::interface::Outcome;
use crate::limits::INVITED;
use crate::placing::Timer;
use crate::policy::Policy;

impl<C: Core, P: Policy> Groups<C, P> {
    /// An own operation that nothing is before goes out, or, if it adds somebody who has to come
    /// first, waits for that; it was asked then.
    pub(crate) fn go(&mut self, op: Op, since: Instant) -> Result<(), Ask> {
        let Some(core) = self.invite(&op) else { return self.ask(Ask::Op(op)) };
        let (lwg, number) = (op.lwg, op.number);
        self.placing.wait_for(core, op);
        self.placing.timers.insert((since + INVITED, Timer::Add(lwg, number)));
        Ok(())
    }

    /// Invites whom an operation adds and the core group lacks; answers where to, if there is any.
    /// Who has to wait before its operation does is invited at once all the same: many adds take no
    /// longer than one.
    pub(crate) fn invite(&mut self, op: &Op) -> Option<CoreNumber> {
        let What::Add(members) = &op.what else { return None };
        let (core, _) = self.here.find(op.lwg)?;
        let group = self.cores[core as usize].as_ref()?.id();
        let strangers = self.strangers(core, members);
        if strangers.is_empty() {
            return None;
        }
        let members = strangers.iter().map(|member| member.proc).collect();
        self.ask_below(vsync::Down::Invite { group, members });
        Some(core)
    }

    /// What waited behind an add goes, up to the next that has to wait itself.
    pub(crate) fn go_on(&mut self, mut behind: VecDeque<(Instant, Op)>) {
        while let Some((since, op)) = behind.pop_front() {
            let op = match self.placing.queue_behind(since, op) {
                Ok(()) => continue,
                Err(op) => op,
            };
            if let Err(Ask::Op(op)) = self.go(op, since) {
                // It was taken once, so it is not handed back.
                self.ended(&op, Outcome::Again);
            }
        }
    }

    /// Who did not come when a core group was founded or grown.
    pub(crate) fn on_fault(&mut self, group: GroupId, fault: &vsync::Fault) {
        let vsync::Fault::Missing(missing) = fault else { return };
        let Some(&core) = self.numbers.get(&group) else { return };
        for lwg in self.placing.adds_on(core) {
            if let What::Add(members) = &self.placing.adds[&lwg].op.what
                && members.iter().any(|member| missing.contains(&member.proc))
            {
                self.end_add(lwg);
            }
        }
    }

    /// An add has waited long enough, if it is still that one.
    pub(crate) fn expire_add(&mut self, lwg: LwgId, number: u64) {
        if self.placing.adds.get(&lwg).is_some_and(|add| add.op.number == number) {
            self.end_add(lwg);
        }
    }

    fn end_add(&mut self, lwg: LwgId) {
        let Some(add) = self.placing.take_add(lwg) else { return };
        if let What::Add(members) = &add.op.what {
            let missing = self.strangers(add.core, members);
            self.here.tell_done(&add.op, Outcome::missing(missing));
        }
        self.go_on(add.behind);
    }

    /// A core group is left: what waits for it may be asked again.
    pub(crate) fn placing_out(&mut self, core: CoreNumber) {
        for lwg in self.placing.adds_on(core) {
            if let Some(add) = self.placing.take_add(lwg) {
                self.here.tell_done(&add.op, Outcome::Again);
                self.go_on(add.behind);
            }
        }
    }
}
