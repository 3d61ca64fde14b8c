//! The list: what is broken, where, how, and which storms and tests get to look for it.

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

const fn gated(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &["gate", "gate-lwg"], packages: &["vsync"] }
}

pub(super) const PLANTS: [Plant; 31] = [
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
        "        self.post_all(now, &Letter::Gone { proc });\n",
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
        "a blocked member goes on delivering",
        "crates/vsync/src/serving.rs",
        "        if self.blocked.is_none() {\n",
        "        if self.blocked.is_none() || self.flush.is_none() {\n",
    ),
    kernel(
        "a blocked member goes on sending",
        "crates/vsync/src/group.rs",
        "let closed = serving.blocked.is_some() || serving.founding.is_some();",
        "let closed = serving.founding.is_some();",
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
        "received.iter().zip(&wanted.cut).all(|(have, want)| have >= want)",
        "received.iter().zip(&wanted.cut).any(|(have, want)| have >= want)",
    ),
    kernel(
        "a lower ballot is refused in silence",
        "crates/vsync/src/consent.rs",
        "turn.control(from, &Control::Refuse { group, epoch, promised: self.promised });",
        "let _ = (group, epoch);",
    ),
    kernel(
        "a lower ballot is promised after a higher one",
        "crates/vsync/src/consent.rs",
        "if ballot < self.promised {",
        "if ballot < self.promised && ballot.round == 0 {",
    ),
    kernel(
        "nobody hands a missed INSTALL on",
        "crates/vsync/src/whereabouts.rs",
        "self.history.iter().find(|install| install.ends(epoch)) {",
        "self.history.iter().find(|install| install.ends(epoch) && install.view == epoch) {",
    ),
    kernel(
        "the cut holds what the slowest has",
        "crates/vsync/src/flush.rs",
        "None => participants.iter().map(|proc| has(proc, stream)).max().unwrap_or(0),",
        "None => participants.iter().map(|proc| has(proc, stream)).min().unwrap_or(0),",
    ),
    kernel(
        "nobody pulls what an excluded sender's holder has",
        "crates/vsync/src/consent.rs",
        "if position < gap.end {",
        "if position < gap.end && position > gap.end {",
    ),
    kernel(
        "the cut is not trimmed to what is causally complete",
        "crates/vsync/src/closing.rs",
        "frame.after().is_some_and(|after| !after.within(kept.iter().copied())) {",
        "frame.after().is_some_and(|after| after.len() == 0) {",
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
        "crates/vsync/src/epoch.rs",
        "            && !after.within(self.streams.iter().map(Stream::head))\n",
        "            && !after.within(self.streams.iter().map(Stream::received))\n",
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
        "self.processed.iter().map(|row| row[stream]).min().unwrap_or(0)",
        "self.processed.iter().map(|row| row[stream]).max().unwrap_or(0)",
    ),
    kernel(
        "a control message of another epoch is taken",
        "crates/vsync/src/serving.rs",
        "            && epoch != self.epoch.view\n",
        "            && epoch.epoch > self.epoch.view.epoch\n",
    ),
    kernel(
        "two incarnations of a node in one view",
        "crates/vsync/src/admission.rs",
        "let only = view.iter().all(|other| other.node != proc.node);",
        "let only = view.iter().all(|other| other != proc);",
    ),
    kernel(
        "who was seen in a view without us stays a member",
        "crates/vsync/src/whereabouts.rs",
        "if without_me || turn.now.since(since) >= patience {",
        "if without_me && turn.now.since(since) > patience * 50 {",
    ),
    kernel(
        "differing digests are never looked into",
        "crates/vsync/src/peers.rs",
        "        due || now.since(differs.since) >= DIFFERS_FOR\n",
        "        due && now.since(differs.since) >= DIFFERS_FOR * 1_000\n",
    ),
    kernel(
        "who is told that it is excluded takes no notice",
        "crates/vsync/src/consent.rs",
        "            self.give_up(turn, from);\n            return;",
        "            return;",
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
        "change.missing.contains(&here.me) && !self.unplaced.wait(lwg, change.number) {",
        "change.missing.contains(&here.me) {",
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
];
