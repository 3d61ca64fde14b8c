//! Coming: who asks to come into a core group and is answered, and sides of it that become one.

use horus::Endpoint;
use lwg::Down;
use muts::ProcId;
use serde_json::{Value, json};

use super::carry::Stop;
use super::limits::ASKED_KEPT_MAX;
use super::names::{read_own_core, show_core, show_core_view};
use super::record::shown;
use super::run::Node;

impl Node {
    /// Somebody asks to come in, and the terms said here leave it to the user.
    pub(crate) fn hear_asks(&mut self, group: vsync::GroupId, who: ProcId, ticket: &[u8]) {
        let who = Endpoint::of(who);
        if let Some(core) = self.groups.cores.get_mut(&group) {
            core.asked.retain(|before| before.proc.node != who.proc.node);
            if core.asked.len() == ASKED_KEPT_MAX {
                core.asked.pop_front();
            }
            core.asked.push_back(who);
        }
        let (group, process) = (show_core(group), self.horus.show(who));
        let fields = json!({ "group": group, "process": process, "ticket": shown(ticket) });
        self.record.tell("asks", fields);
    }

    /// Lets in who has asked, or says why not.
    pub(crate) fn let_in(
        &mut self,
        written: &str,
        who: &str,
        denied: Option<u16>,
    ) -> Result<(), Stop> {
        let group = self.core_meant(written)?;
        let (mut names, mut asked) = (Vec::new(), None);
        for (at, process) in self.groups.cores[&group].asked.iter().enumerate() {
            let name = self.horus.show(*process);
            if name == who || name.split('#').next() == Some(who) {
                asked = Some(at);
            }
            names.push(name);
        }
        let core = self.groups.cores.get_mut(&group);
        let Some(asked) = asked.and_then(|at| core?.asked.remove(at)) else {
            let waits = if names.is_empty() { "nobody".into() } else { names.join(", ") };
            return Err(Stop::Wrong(format!(
                "`{who}` does not wait for an answer in `{written}`; who does: {waits} (`asks` \
                 tells of each, where `terms` say asked=true)"
            )));
        };
        let who = asked.proc;
        self.asks.push(Down::Core(vsync::Down::Answer { group, who, denied }));
        Ok(())
    }

    /// What stands for the state of this process from now on.
    pub(crate) fn set_digest(&mut self, written: &str, digest: u64) -> Result<(), Stop> {
        read_own_core(written)?;
        let group = self.core_meant(written)?;
        self.asks.push(Down::Core(vsync::Down::Digest { group, digest }));
        Ok(())
    }

    /// The next view is made of these.
    pub(crate) fn hear_merged(&mut self, group: vsync::GroupId, sides: &[vsync::Side]) {
        let book = self.horus.book();
        let side = |side: &vsync::Side| {
            let members: Vec<_> =
                side.members.iter().map(|member| self.horus.show(*member)).collect();
            let view = show_core_view(side.view, book);
            json!({ "view": view, "members": members, "digest": side.digest })
        };
        let sides: Vec<Value> = sides.iter().map(side).collect();
        self.record.tell("merged", json!({ "group": show_core(group), "sides": sides }));
    }
}
