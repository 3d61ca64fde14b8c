//! Adding: whoever is not in the core group yet is invited into it before the operation goes out.
//!
//! What this process asks of the group after that waits behind it: an add and a remove of the same
//! member do not change places.

use alloc::collections::VecDeque;

use muts::Instant;
use vsync::{Core, GroupId};

use crate::founding::{Add, Timer};
use crate::group::Ask;
use crate::groups::Groups;
use crate::header::{Op, What};
use crate::here::CoreNumber;
use crate::id::LwgId;
use crate::interface::Outcome;
use crate::limits::INVITED;
use crate::policy::Policy;

impl<C: Core, P: Policy> Groups<C, P> {
    /// An own operation that nothing is before. Of an add: whoever is not in the core group is
    /// invited into it first.
    /// It has been waited for since then.
    pub(crate) fn go(&mut self, op: Op, since: Instant) -> Result<(), Ask> {
        let What::Add(members) = &op.what else { return self.ask(Ask::Op(op)) };
        let Some((core, _)) = self.here.find(op.lwg) else { return self.ask(Ask::Op(op)) };
        let strangers = self.strangers(core, members);
        let Some(group) = self.cores[core as usize].as_ref().map(|core| core.id()) else {
            return self.ask(Ask::Op(op));
        };
        if strangers.is_empty() {
            return self.ask(Ask::Op(op));
        }
        let invited = strangers.iter().map(|member| member.proc).collect();
        self.ask_below(vsync::Down::Invite { group, members: invited });
        let deadline = since + INVITED;
        let (lwg, number) = (op.lwg, op.number);
        self.placing.adds.insert(lwg, Add { core, op, behind: VecDeque::new() });
        self.placing.timers.insert((deadline, Timer::Add(lwg, number)));
        Ok(())
    }

    /// Whom an operation that waits adds is invited at once: many take no longer than one.
    pub(crate) fn invite_ahead(&mut self, op: &Op) {
        let What::Add(members) = &op.what else { return };
        let Some((core, _)) = self.here.find(op.lwg) else { return };
        let strangers = self.strangers(core, members);
        if let Some(core) = self.cores[core as usize].as_ref().filter(|_| !strangers.is_empty()) {
            let (group, members) = (core.id(), strangers.iter().map(|it| it.proc).collect());
            self.ask_below(vsync::Down::Invite { group, members });
        }
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
            self.here.tell_done(&add.op, Outcome::Missing(missing));
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
