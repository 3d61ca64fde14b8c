//! Storms: what thousands of runs found, put back. Each is rare there, and has a test of its own.

use super::Plant;

const fn kernel(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &[], packages: &["vsync"] }
}

pub(super) const fn light(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &[], packages: &["lwg"] }
}

pub(super) const PLANTS: [Plant; 56] = [
    light(
        "the MARK of all groups does not wait for its sender's ABCASTs",
        "crates/lwg/src/marking.rs",
        "self.for_all.take_if(|(wanted, _)| self.delivered >= *wanted);",
        "self.for_all.take();",
    ),
    light(
        "the MARK of all groups counts although what was passed over before it is lost",
        "crates/lwg/src/outgoing.rs",
        "            Urgent::MarkForAll { narrow: true } => How::from(order).safe(),\n",
        "",
    ),
    light(
        "a remove goes past the add that it undoes",
        "crates/lwg/src/groups/asking.rs",
        "        match self.placing.queue_behind(now, op) {\n",
        "        let adds = matches!(op.what, What::Add(_));\n\
         \x20       match if adds { self.placing.queue_behind(now, op) } else { Err(op) } {\n",
    ),
    light(
        "of adds that wait one behind another each has its patience for itself",
        "crates/lwg/src/adding.rs",
        "self.placing.timers.insert((since + INVITED, Timer::Add(lwg, number)));",
        "self.placing.timers.insert((self.here.now + INVITED, Timer::Add(lwg, number)));",
    ),
    light(
        "a send that does not go out is not told so",
        "crates/lwg/src/outgoing.rs",
        "        self.told.push_back(Up::Unstable { send: post.send });\n",
        "",
    ),
    kernel(
        "who multicasts while a GBCAST waits to be sure is not told of room",
        "crates/vsync/src/succession.rs",
        "if self.blocked.is_none() && core::mem::take(&mut self.owes_room) {",
        "if self.blocked.is_some() && core::mem::take(&mut self.owes_room) {",
    ),
    kernel(
        "what a member said of an earlier view is taken for where it is",
        "crates/vsync/src/install.rs",
        "self.ends(epoch) || self.parts.iter().any(later)",
        "self.ends(epoch) || self.parts.iter().any(later) && false",
    ),
    light(
        "the lowest member of a part is waited for, whether it knows of the other one or not",
        "crates/lwg/src/gathering.rs",
        "== Some(&self.here.me) || now >= until {",
        "== Some(&self.here.me) || now >= until && false {",
    ),
    light(
        "how often a group has moved is forgotten",
        "crates/lwg/src/group.rs",
        "Self(self.0.saturating_add(1))",
        "Self(self.0.wrapping_add(1) % 256)",
    ),
    kernel(
        "a vector points at what its sender has passed over",
        "crates/vsync/src/delivery.rs",
        "return self.streams[rank].pass_skips(),",
        "{\n\
            let passed = self.streams[rank].pass_skips();\n\
            self.processed.raise(rank, self.streams[rank].head());\n\
            self.moved = true;\n\
            return passed;\n\
        }",
    ),
    kernel(
        "who is back in a group that it left has forgotten who lacks its view",
        "crates/vsync/src/kernel/causes.rs",
        "group.is_active() || desk.holds(now, id);",
        "group.is_active() || (desk.holds(now, id) && id.0 == 0);",
    ),
    kernel(
        "who stays in a group does not wait for who leaves it",
        "crates/vsync/src/succession.rs",
        "{ install.audience() } else { part.leavers.clone() };",
        "{ install.audience() } else { Vec::new() };",
    ),
    kernel(
        "who leaves does not wait for its own GBCAST",
        "crates/vsync/src/admission.rs",
        "if self.leaving && !waits && self.leaves",
        "if self.leaving && !(waits && false) && self.leaves",
    ),
    kernel(
        "who has asked to leave sends a GBCAST all the same",
        "crates/vsync/src/group.rs",
        "if serving.leaving) && how.order == Order::Global",
        "if serving.leaving) && how.order > Order::Global",
    ),
    kernel(
        "who joins says to nobody that it is in none",
        "crates/vsync/src/group.rs",
        "if !members.contains(&turn.me()) => joining.hear_of(turn, from),",
        "if !members.contains(&turn.me()) => {}",
    ),
    kernel(
        "who was asked after while it was in none has forgotten it when it comes in",
        "crates/vsync/src/heard.rs",
        "        kin.unwrap_or_default()\n",
        "        kin.map(|_| Kin::default()).unwrap_or_default()\n",
    ),
    kernel(
        "an MBCAST that nobody had when a flush asked is told where it comes later",
        "crates/vsync/src/closing.rs",
        "            let done = told && !late;\n",
        "            let done = told || late && told;\n",
    ),
    kernel(
        "who is not answered by the hub asks nobody else",
        "crates/vsync/src/stability/hub.rs",
        "const PASSED_BY: u8 = 2;",
        "const PASSED_BY: u8 = u8::MAX;",
    ),
    kernel(
        "the hub says of all what it has itself",
        "crates/vsync/src/stability/hub.rs",
        "streams.clone().map(|stream| self.settled_below(stream)).collect();",
        "streams.clone().map(|stream| self.has_received(self.own, stream)).collect();",
    ),
    kernel(
        "more than this member has is believed of all",
        "crates/vsync/src/stability/hub.rs",
        "self.all_received.raise(stream, received[stream].min(own));",
        "self.all_received.raise(stream, received[stream].max(own));",
    ),
    light(
        "who is said to come along has delivered what was sent",
        "crates/lwg/src/unstable.rs",
        "        self.lose_carried(here, along);\n        if !self",
        "        self.lose_carried(here, along);\n        self.tell_carried(here);\n\
         \x20       if !self",
    ),
    light(
        "of what a lost member may not have it is not told that it never will be stable",
        "crates/lwg/src/unstable.rs",
        "            if !comes {\n",
        "            if !comes && run.count == u64::MAX {\n",
    ),
    light(
        "who sends goes on in the view that it has sent in, whatever has become of it",
        "crates/lwg/src/lately.rs",
        "known.lwg == lwg && known.sent == state)",
        "known.lwg == lwg && known.sent > 0)",
    ),
    light(
        "a group that comes without some of its members goes on as if it were whole",
        "crates/lwg/src/moving.rs",
        "        if apart != Lost::default() {\n",
        "        if false && apart != Lost::default() {\n",
    ),
    light(
        "a core group is given up where a part of a group was left behind when its parts met",
        "crates/lwg/src/moving.rs",
        "let parted = to.rule == GATHERED || apart;",
        "let parted = to.rule != GATHERED && apart;",
    ),
    light(
        "a core group is given up where a part of a group did not hear that it moved",
        "crates/lwg/src/moving.rs",
        "let parted = to.rule == GATHERED || apart;",
        "let parted = to.rule == GATHERED;",
    ),
    kernel(
        "what is read at a gate stays in one buffer, however much it is",
        "crates/vsync/src/gate/reader.rs",
        "        while whole < GATE_BLOCK_BYTES {\n",
        "        while whole < GATE_BLOCK_BYTES << 20 {\n",
    ),
    kernel(
        "a word at a gate may have bytes behind it",
        "crates/vsync/src/gate/reader.rs",
        "        if rest.is_empty() { Ok(tell) } else { Err(Malformed) }",
        "        if rest.len() < 9 { Ok(tell) } else { Err(Malformed) }",
    ),
    light(
        "a part that was left behind takes in who is elsewhere",
        "crates/lwg/src/entering.rs",
        "marks.has(LOST) || generation != Generation::default()",
        "!marks.has(LOST) && generation != Generation::default()",
    ),
    light(
        "an add is done before who has to say so itself is in",
        "crates/lwg/src/change.rs",
        "return self.invite_in(here, from, op, added);",
        "return self.invite_in(here, from, op, added).or(Some(Outcome::Done));",
    ),
    light(
        "who is to enter a group and is in it elsewhere says nothing",
        "crates/lwg/src/entering.rs",
        "            return self.say_absent(lwg, core);\n",
        "            return;\n",
    ),
    light(
        "who is agreed to be in a group passes for one that does not come with it",
        "crates/lwg/src/arrival.rs",
        "it.changes.iter().any(|one| one.members.contains(me))",
        "it.changes.iter().any(|_| false)",
    ),
    light(
        "who leaves before it is told that it was added is waited for",
        "crates/lwg/src/groups/hearing.rs",
        "            self.here.look_at_all_hopes();\n",
        "",
    ),
    light(
        "an add that a view comes upon is forgotten",
        "crates/lwg/src/core_group.rs",
        "        self.enter_again(here);\n",
        "",
    ),
    light(
        "everybody is asked for groups that have lost somebody",
        "crates/lwg/src/seeking.rs",
        "memberships.lost(index).may_be(&peer) && ",
        "",
    ),
    light(
        "core groups are founded for groups that cannot move",
        "crates/lwg/src/adapting.rs",
        "        if some.is_empty() {\n",
        "        if false && some.is_empty() {\n",
    ),
    light(
        "a group that lost who is over stays for ever where it is",
        "crates/lwg/src/membership.rs",
        "core.contains(one) || self.latest.is_over(one)",
        "core.contains(one)",
    ),
    light(
        "what was destroyed in the view that a part was cut off from is forgotten",
        "crates/lwg/src/core_group.rs",
        "self.directory.dead.next_view(all);",
        "self.directory.dead.next_view(all || self.view.members.len() > 1);",
    ),
    light(
        "a group that is older than the view it is destroyed in counts as young",
        "crates/lwg/src/directory.rs",
        "entry.marks.has(YOUNG) && is_of(entry.id.counter, core_view);",
        "is_of(entry.id.counter, core_view);",
    ),
    light(
        "parts wait for a clock while there is room to meet",
        "crates/lwg/src/gathering.rs",
        "        self.begin_gathering(lwg, Meeting { to, until, ends: None, at: now });",
        "        self.begin_gathering(lwg, Meeting { to, until, ends: None, at: until });",
    ),
    light(
        "a policy that is given later looks at nothing",
        "crates/lwg/src/groups.rs",
        "        if let Some(&core) = core {\n            self.review_later(core);\n",
        "        if let Some(&core) = core {\n            let _ = core;\n",
    ),
    light(
        "what is asked of a group that goes is asked where it comes too late",
        "crates/lwg/src/outgoing.rs",
        "let waits = goes || matches!",
        "let waits = goes && false || matches!",
    ),
    light(
        "a part that nothing brings together is sought by nobody",
        "crates/lwg/src/seeking.rs",
        "            Stage::Rest => self.schedule(peer, now + SEEK, None),",
        "            Stage::Rest => {}",
    ),
    light(
        "who comes to where a group is about to have left comes to that one",
        "crates/lwg/src/moving.rs",
        "        let there = stays.map(|slot| self.agreed(here, slot).0);",
        "        let there = slot.map(|slot| self.agreed(here, slot).0);\n\
        let stays = slot;",
    ),
    light(
        "who is waited for and does not come says nothing",
        "crates/lwg/src/arrival.rs",
        "            if waits == Some(false) {\n",
        "            if waits.is_none() {\n",
    ),
    light(
        "who was in a group that was destroyed forgets how far its numbers had come",
        "crates/lwg/src/here.rs",
        "        if self.known.insert(lwg, number).is_none() {",
        "        if why != Why::Destroyed && self.known.insert(lwg, number).is_none() {",
    ),
    light(
        "a view behind a GBCAST that was overtaken is that of who was told it",
        "crates/lwg/src/change.rs",
        "if overtaken || !change.missing.is_empty() {",
        "if !change.missing.is_empty() {",
    ),
    light(
        "CLOSE counts in another view than it was meant for",
        "crates/lwg/src/grace.rs",
        "        if self.label != Some(label) {",
        "        if self.label.is_none() && label == 0 {",
    ),
    light(
        "who is told where a group went does not know that a part may be left behind",
        "crates/lwg/src/moving.rs",
        "let note = if parted {",
        "let note = if parted && lwg.count == u64::MAX {",
    ),
    light(
        "who comes after the others has no view of its own in between",
        "crates/lwg/src/moving.rs",
        "        if meets {\n",
        "        if meets && lwg.count == u64::MAX {\n",
    ),
    light(
        "a core group that is idle no more is given up all the same",
        "crates/lwg/src/grace.rs",
        "core.idle_since = None;\n                self.idle.remove(&(until, number));\n",
        "core.idle_since = None;\n                let _ = until;\n",
    ),
    light(
        "a GBCAST of a group is told as soon as its MARKs are in",
        "crates/lwg/src/global.rs",
        "self.saying.as_ref().is_none_or(|saying| saying.now.is_some())",
        "self.saying.as_ref().is_none_or(|saying| saying.now.is_some() || self.missing.is_empty())",
    ),
    light(
        "a GBCAST of a group that a core view overtook is not sent again",
        "crates/lwg/src/global.rs",
        "overtaken += 1;\n            self.send_again(here, slot, saying);\n",
        "overtaken += 1;\n",
    ),
    light(
        "what is sent after a GBCAST of a group does not wait for it",
        "crates/lwg/src/foreseeing.rs",
        " | What::Destroy | What::Say(_))",
        " | What::Destroy)",
    ),
    light(
        "an MBCAST of a group goes past what makes its view",
        "crates/lwg/src/outgoing.rs",
        "Order::Unordered if post.how.safe || !opened => Order::Causal,",
        "Order::Unordered if post.how.safe => Order::Causal,",
    ),
    light(
        "a group leaves its core group twice for who counts its groups",
        "crates/lwg/src/change.rs",
        "                self.directory.alive += 1;\n                self.leaving",
        "                self.leaving",
    ),
];
