//! Adding: whoever is not in the core group yet is invited into it before the operation goes out.

use alloc::vec::Vec;

use vsync::{Core, GroupId};

use crate::founding::{Add, Timer};
use crate::group::Ask;
use crate::groups::Groups;
use crate::header::{Op, What};
use crate::here::CoreNumber;
use crate::id::{LwgId, Members};
use crate::interface::{Outcome, Up};
use crate::limits::INVITED;
use crate::policy::Policy;

impl<C: Core, P: Policy> Groups<C, P> {
    /// An add: whoever is not in the core group is invited into it first.
    pub(crate) fn add(&mut self, lwg: LwgId, members: Members) -> Result<(), Ask> {
        let number = self.next_op();
        let op = Op { number, lwg, what: What::Add(members.clone()) };
        let Some((core, _)) = self.here.find(lwg) else { return self.ask(Ask::Op(op)) };
        let strangers = self.strangers(core, &members);
        if strangers.is_empty() {
            return self.ask(Ask::Op(op));
        }
        let Some(group) = self.cores[core as usize].as_ref().map(|core| core.id()) else {
            return Ok(());
        };
        let invited = strangers.iter().map(|member| member.proc).collect();
        self.ask_below(vsync::Down::Invite { group, members: invited });
        let deadline = self.here.now + INVITED;
        self.placing.adds.insert(number, Add { core, op });
        self.placing.timers.insert((deadline, Timer::Add(number)));
        Ok(())
    }

    /// Who did not come when a core group was founded or grown.
    pub(crate) fn on_fault(&mut self, group: GroupId, fault: &vsync::Fault) {
        let vsync::Fault::Missing(missing) = fault else { return };
        let Some(&core) = self.numbers.get(&group) else { return };
        let fails = |add: &Add| {
            matches!(&add.op.what, What::Add(members) if add.core == core
                && members.iter().any(|member| missing.contains(&member.proc)))
        };
        let failed = self.placing.adds.iter().filter(|(_, add)| fails(add));
        for number in failed.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.end_add(number);
        }
    }

    pub(crate) fn end_add(&mut self, number: u64) {
        let Some(add) = self.placing.adds.remove(&number) else { return };
        let What::Add(members) = &add.op.what else { return };
        let outcome = Outcome::Missing(self.strangers(add.core, members));
        self.here.told.push_back(Up::Done { lwg: add.op.lwg, outcome });
    }

    /// A core group is left: what waits for it may be asked again.
    pub(crate) fn placing_out(&mut self, core: CoreNumber) {
        let adds = self.placing.adds.iter().filter(|(_, add)| add.core == core);
        for number in adds.map(|(number, _)| *number).collect::<Vec<_>>() {
            if let Some(add) = self.placing.adds.remove(&number) {
                self.here.told.push_back(Up::Done { lwg: add.op.lwg, outcome: Outcome::Again });
            }
        }
    }
}
