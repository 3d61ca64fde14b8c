//! The list: what is broken, where, how, and which storms and tests get to look for it.

mod choked;
mod door;
mod hand;
mod peers;
mod promised;
mod readers;
mod roof;
mod storms;
mod tools;
mod transport;
mod uniting;

/// One fault.
pub(super) struct Plant {
    /// What is wrong then, as a sentence without its end.
    pub(super) name: &'static str,
    pub(super) file: &'static str,
    /// Stands once in the file.
    pub(super) from: &'static str,
    /// What stands there instead.
    pub(super) to: &'static str,
    /// Families of storms, in the order of trying.
    pub(super) families: &'static [&'static str],
    /// Packages whose tests look if no storm found it.
    pub(super) packages: &'static [&'static str],
}

const fn kernel(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &["core", "lwg"], packages: &["vsync", "sim"] }
}

const fn light(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &["lwg"], packages: &["lwg", "sim"] }
}

const fn moving(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &["moves"], packages: &["lwg"] }
}

const fn gated(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &["gate", "gate-lwg"], packages: &["vsync"] }
}

/// All faults, floor by floor.
pub(super) fn all() -> impl Iterator<Item = &'static Plant> {
    let above: [&[Plant]; 6] =
        [&PLANTS, &choked::PLANTS, &storms::PLANTS, &hand::PLANTS, &tools::PLANTS, &roof::PLANTS];
    let below: [&[Plant]; 5] =
        [&transport::PLANTS, &door::PLANTS, &peers::PLANTS, &readers::PLANTS, &promised::PLANTS];
    above.into_iter().chain([&uniting::PLANTS[..]]).chain(below).flatten()
}

const PLANTS: [Plant; 60] = [
    kernel(
        "what was passed over waited for is not told before the next",
        "crates/vsync/src/past.rs",
        "let is_behind = |rank| self.behind.has(rank) && to.has(rank);",
        "let is_behind = |rank| self.behind.has(rank) && !to.has(rank) && rank == self.rank;",
    ),
    kernel(
        "who gives places does not hear of what is not for it",
        "crates/vsync/src/past.rs",
        "        if cast.order == Order::Total {\n",
        "        if cast.order == Order::Global {\n",
    ),
    kernel(
        "what a member was not told of is forgotten as soon as all have received it",
        "crates/vsync/src/stream.rs",
        "            Frame::Cast(cast) => !cast.is_for(rank),\n            Frame::Skip => true,\n",
        "            Frame::Cast(_) | Frame::Skip => false,\n",
    ),
    gated(
        "own casts are one run though another place lies between",
        "crates/vsync/src/gate/server/own.rs",
        "let joins = alike && self.seq + self.count == next.seq;",
        "let joins = alike;",
    ),
    gated(
        "a client is not asked before its casts are closed out",
        "crates/vsync/src/asking.rs",
        "        if !told || self.blocked.is_some() {\n",
        "        if told || self.blocked.is_some() {\n",
    ),
    gated(
        "a client goes on casting after it has said that it does not",
        "crates/vsync/src/gate/client.rs",
        "                    way.closed = true;\n",
        "                    way.closed = false;\n",
    ),
    gated(
        "a daemon does not say who is attached to it no more",
        "crates/vsync/src/gate/trunk.rs",
        "        self.announce(now, proc, false);\n",
        "",
    ),
    gated(
        "heartbeats of kernels are said once and not again",
        "crates/vsync/src/gate/trunk/hearing.rs",
        "        if neighbour.table.version == pulse.version {\n",
        "        if neighbour.table.version > pulse.version {\n",
    ),
    gated(
        "who comes late to a channel misses what was said before",
        "crates/vsync/src/gate/shared.rs",
        "        let told = self.locals.values().map(|local| local.next).min().unwrap_or(end);\n",
        "        let told = self.locals.values().map(|local| local.next).max().unwrap_or(end);\n",
    ),
    kernel(
        "who has left a group speaks in another before its members have heard what it heard",
        "crates/vsync/src/kernel/causes.rs",
        "left.filter(|group| !self.desk.holds(now, *group)).collect();",
        "left.collect();",
    ),
    kernel(
        "a blocked member goes on delivering",
        "crates/vsync/src/serving.rs",
        "        if self.blocked.is_none() {\n",
        "        if self.blocked.is_none() || self.flush.is_none() {\n",
    ),
    kernel(
        "a blocked member goes on sending",
        "crates/vsync/src/group.rs",
        "let closed = !serving.is_open()\n",
        "let closed = serving.epoch.members.is_empty()\n",
    ),
    kernel(
        "INSTALL before every CUT_OK",
        "crates/vsync/src/flush.rs",
        "let held = self.participants().iter().all(|proc| flush.holding.contains(proc));",
        "let held = self.participants().iter().any(|proc| flush.holding.contains(proc));",
    ),
    kernel(
        "CUT_OK without the frames",
        "crates/vsync/src/consent.rs",
        "(0..wanted.cut.len()).all(|rank| self.lacks(wanted, rank).is_none())",
        "(0..wanted.cut.len()).any(|rank| self.lacks(wanted, rank).is_none())",
    ),
    kernel(
        "a lower ballot is refused in silence",
        "crates/vsync/src/consent.rs",
        "turn.control(from, &Control::Refuse { group, epoch, promised: self.promised });",
        "let _ = (group, epoch);",
    ),
    kernel(
        "a cut is held for a lower ballot after a higher one was promised",
        "crates/vsync/src/consent.rs",
        "if !self.admits_ballot(turn, from, ballot) || ballot != self.promised {",
        "if self.gone.contains(&from) || self.epoch.rank_of(from).is_none() {",
    ),
    kernel(
        "nobody hands a missed INSTALL on",
        "crates/vsync/src/whereabouts.rs",
        "self.history.iter().find(|install| install.ends(epoch)) {",
        "self.history.iter().find(|install| install.ends(epoch) && install.view == epoch) {",
    ),
    kernel(
        "the cut holds what the slowest has",
        "crates/vsync/src/survey.rs",
        "let end = answers.iter().map(|answer| answer.received).max().unwrap_or(0);",
        "let end = answers.iter().map(|answer| answer.received).min().unwrap_or(0);",
    ),
    kernel(
        "nobody pulls what an excluded sender's holder has",
        "crates/vsync/src/fetching.rs",
        "turn.control(holder, &Control::Pull { group, epoch, of, position, end });",
        "",
    ),
    kernel(
        "the cut is not trimmed to what is causally complete",
        "crates/vsync/src/closing.rs",
        "if !whole || spoiled.contains(&to) {",
        "if spoiled.contains(&to) {",
    ),
    kernel(
        "orphans are placed by something local",
        "crates/vsync/src/closing.rs",
        "    found.sort_unstable();",
        "    if epoch.rank % 2 == 0 {\n        found.sort_unstable();\n    }",
    ),
    kernel(
        "places beyond the cut are kept",
        "crates/vsync/src/order/total.rs",
        "run.upto = run.upto.min(end.saturating_sub(1));",
        "run.upto = run.upto.max(end.saturating_sub(1));",
    ),
    kernel(
        "a message is delivered before its causes",
        "crates/vsync/src/delivery.rs",
        "let heads = || streams.iter().map(Stream::head);\n",
        "let heads = || streams.iter().map(Stream::received);\n",
    ),
    kernel(
        "an ABCAST is delivered out of its place",
        "crates/vsync/src/order/total.rs",
        "return usize::from(run.rank) == rank && head <= run.upto;",
        "return usize::from(run.rank) == rank || head < run.upto;",
    ),
    kernel(
        "stable as soon as one member has it",
        "crates/vsync/src/stability.rs",
        "        least.max(self.all_processed.get(stream)).max(self.floor.get(stream))
",
        "        let all = (0..self.members).map(|member| self.has_processed(member, stream));
        all.max().unwrap_or(least)
",
    ),
    kernel(
        "a control message of another epoch is taken",
        "crates/vsync/src/serving.rs",
        "            && epoch != self.epoch.view\n",
        "            && epoch.epoch > self.epoch.view.epoch\n",
    ),
    kernel(
        "who was seen in a view without us stays a member",
        "crates/vsync/src/whereabouts.rs",
        "if without_me || turn.now.since(since) >= patience {",
        "if without_me && turn.now.since(since) > patience * 50 {",
    ),
    kernel(
        "whose flush took too long is never waited for again",
        "crates/vsync/src/succession.rs",
        "let slow = core::mem::take(&mut self.slow);",
        "let slow = alloc::collections::BTreeSet::<ProcId>::new();",
    ),
    kernel(
        "who is behind is told what is new and never asked again",
        "crates/vsync/src/stability.rs",
        "absent.into_iter().chain(self.behind(received)).for_each(|member| to.insert(member));",
        "drop((absent, received));",
    ),
    kernel(
        "differing digests are never looked into",
        "crates/vsync/src/peers.rs",
        "        due || now.since(differs.since) >= DIFFERS_FOR\n",
        "        due && now.since(differs.since) >= DIFFERS_FOR * 1_000\n",
    ),
    kernel(
        "who is told that it is excluded takes no notice",
        "crates/vsync/src/succession.rs",
        "} else if install.ends(self.epoch.view) && self.epoch.rank_of(from).is_some() {",
        "} else if install.ends(self.epoch.view) && from == turn.me() {",
    ),
    kernel(
        "safe as soon as it is received",
        "crates/vsync/src/delivery.rs",
        "settled(rank) > position\n",
        "settled(rank) + 1_000 > position\n",
    ),
    kernel(
        "what came after STATUS is reported as received",
        "crates/vsync/src/reports.rs",
        "self.frozen.clone().unwrap_or_else(|| self.received())",
        "self.frozen.clone().filter(Vec::is_empty).unwrap_or_else(|| self.received())",
    ),
    kernel(
        "a GBCAST is delivered at anybody's flush",
        "crates/vsync/src/global.rs",
        "if from == install.view.coordinator {",
        "if from != turn.me() || from == install.view.coordinator {",
    ),
    kernel(
        "a sender overtakes its own GBCAST",
        "crates/vsync/src/epoch.rs",
        "if how.order != Order::Unordered && self.has_own_global() {",
        "if how.order == Order::Global && self.has_own_global() {",
    ),
    kernel(
        "a frame is pulled from who has only its place",
        "crates/vsync/src/survey.rs",
        "position < self.received && !self.held.is_some_and(|h| any_has(&h.skipped, position))",
        "position < self.received",
    ),
    kernel(
        "a member is told what is not for it",
        "crates/vsync/src/delivery.rs",
        "        if cast.is_for(self.rank) {\n            self.tell",
        "        if cast.is_for(self.rank) || cast.after.is_some() {\n            self.tell",
    ),
    kernel(
        "an MBCAST waits in the queue at the end of an epoch",
        "crates/vsync/src/closing.rs",
        "|| cast.order == Order::Unordered;",
        "|| cast.order == Order::Global;",
    ),
    kernel(
        "half of an electorate is a majority",
        "crates/vsync/src/terms.rs",
        "Some(there * 2 > electorate.len())",
        "Some(there * 2 >= electorate.len())",
    ),
    kernel(
        "whoever comes counts for a primary view",
        "crates/vsync/src/install.rs",
        "part.voters.iter().map(|proc| proc.node)",
        "part.members.iter().map(|proc| proc.node)",
    ),
    kernel(
        "causes in other groups are not waited for",
        "crates/vsync/src/across.rs",
        "filter(move |active| *active != group)",
        "filter(move |active| *active != group && active.0 == 0)",
    ),
    kernel(
        "a bad ticket opens the door",
        "crates/vsync/src/terms.rs",
        "key.len() == ticket.len() && differs == 0",
        "differs == 0",
    ),
    light(
        "a change is installed without the MARKs",
        "crates/lwg/src/change.rs",
        "change.missing.retain(|member| !early.contains(member));",
        "change.missing.retain(|member| early.is_empty() && *member == here.me);",
    ),
    light(
        "a MARK does not wait for its sender's ABCASTs",
        "crates/lwg/src/change.rs",
        "} else if !self.unplaced.wait(lwg, mark) {",
        "} else {",
    ),
    light(
        "operations are judged by the installed state",
        "crates/lwg/src/change.rs",
        "match motion.and_then(|motion| motion.changes.back()) {",
        "match motion.and_then(|motion| motion.changes.get(1)) {",
    ),
    light(
        "a view id tells nothing but its number",
        "crates/lwg/src/digest.rs",
        "let digest = Digest::of(\"view\").with(&self).with(&counter).with(&cause).end();",
        "let digest = Digest::of(\"view\").with(&counter).with(&(cause & 0)).end();",
    ),
    light(
        "a label stays the same when the directories part",
        "crates/lwg/src/exchange.rs",
        "self.label = Some(Digest::of(\"view\").with(&self.view.id).end());",
        "self.label = self.label.or(Some(Digest::of(\"view\").with(&self.view.id).end()));",
    ),
    light(
        "sends go on while the members change",
        "crates/lwg/src/outgoing.rs",
        "        if let Some(motion) = moving {",
        "        if let Some(motion) = moving.filter(|motion| motion.changes.is_empty()) {",
    ),
    light(
        "a core group is closed although somebody has just made a group on it",
        "crates/lwg/src/outgoing.rs",
        "(Header::Close(*label), Order::Global, Vec::new(), None)",
        "(Header::Close(*label), Order::Total, Vec::new(), None)",
    ),
    light(
        "what is sent after an operation does not wait for its view",
        "crates/lwg/src/foreseeing.rs",
        "        self.directory.motions.entry(slot).or_default().asked += 1;\n",
        "",
    ),
    light(
        "a message is for the members of the view before",
        "crates/lwg/src/lately.rs",
        "known.lwg == entry.lwg && known.id == entry.id;",
        "known.lwg == entry.lwg;",
    ),
    moving(
        "a MARK counts although what was passed over before it is lost",
        "crates/lwg/src/outgoing.rs",
        "Urgent::Mark { lwg, .. } if self.is_narrow(here, lwg) =>",
        "Urgent::Mark { lwg, .. } if self.is_narrow(here, lwg) && self.closed =>",
    ),
    light(
        "a brief name counts from what some of its readers have not had",
        "crates/lwg/src/brief.rs",
        "step: send.0.wrapping_sub(last.0) })",
        "step: send.0.wrapping_sub(self.names[0].map_or(0, |first| first.last.0)) })",
    ),
    light(
        "who declines to reply is not named",
        "crates/lwg/src/replies.rs",
        "None => awaited.declined.push(from),",
        "None => {}",
    ),
    light(
        "a group that is not open takes what comes from outside",
        "crates/lwg/src/passing.rs",
        "let open = marks.is_some_and(|marks| marks.traits().open);",
        "let open = marks.is_some();",
    ),
    moving(
        "a group leaves its core group without the MARKs",
        "crates/lwg/src/moving.rs",
        "Change::new(number, cause, old.clone(), old) };",
        "Change::new(number, cause, old, Members::new()) };",
    ),
    moving(
        "a group arrives before all are READY",
        "crates/lwg/src/arrival.rs",
        "if arrival.awaited.iter().all(|member| arrival.ready.contains_key(member))",
        "if arrival.awaited.iter().any(|member| arrival.ready.contains_key(member))",
    ),
    moving(
        "what is sent while a group moves is left behind",
        "crates/lwg/src/moving.rs",
        "        self.take_queued(lwg, &mut held);",
        "        held = Default::default();",
    ),
    moving(
        "READY is said once and not in each view",
        "crates/lwg/src/groups/hearing.rs",
        "        self.say_again(group);\n",
        "",
    ),
    moving(
        "who does not come along still comes from the same view",
        "crates/lwg/src/moving.rs",
        "filter(|member| arrivals.get(member) == Some(mine));",
        "filter(|member| arrivals.contains_key(member) || mine.counter == 0);",
    ),
];
