//! Transport: what is broken in the transport alone.

use super::Plant;

pub(super) const fn transport(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &[], packages: &["muts", "sim"] }
}

pub(super) const PLANTS: [Plant; 18] = [
    transport(
        "an older heartbeat is taken for news",
        "crates/muts/src/beats.rs",
        "let newer = number > self.heard;",
        "let newer = number >= self.heard;",
    ),
    transport(
        "whose credit is about to come is not waited for in the hall",
        "crates/muts/src/transport/hall.rs",
        "let soon = open.out.awaits_credit(other);",
        "let soon = false;",
    ),
    transport(
        "an answer that was asked for at once is waited for like any",
        "crates/muts/src/link.rs",
        "let nudge = self.nudge_at();",
        "let nudge = None;",
    ),
    transport(
        "a number that has come is taken again",
        "crates/muts/src/numbers.rs",
        " && self.bits[word] & bit == 0)",
        ")",
    ),
    transport(
        "callers are never asked for a cookie",
        "crates/muts/src/transport/cookies.rs",
        "        self.many || self.count > HELLOS_A_WINDOW\n",
        "        self.many && self.count == 0\n",
    ),
    transport(
        "a cookie that no friend told is believed",
        "crates/muts/src/transport/cookies.rs",
        "calling.told || !self.guard.vouched(&of, voucher)",
        "calling.told",
    ),
    transport(
        "who greets is remembered, and its predecessor lost, before it has thanked",
        "crates/muts/src/transport/meeting.rs",
        "        let known = self.knows(hello.from, from);\n",
        "        self.welcome(now, &hello);\n        let known = self.knows(hello.from, from);\n",
    ),
    transport(
        "an older start of a node is greeted as its newest",
        "crates/muts/src/greeting.rs",
        "Some(current) if current.incarnation > hello.from.incarnation => Standing::Over",
        "Some(current) if current.incarnation > hello.from.incarnation => Standing::Current",
    ),
    transport(
        "strangers' greetings have no bound",
        "crates/muts/src/transport/greetings.rs",
        "strangers.count() >= GREETINGS_MAX",
        "strangers.count() > usize::MAX - 1",
    ),
    transport(
        "links have no bound",
        "crates/muts/src/transport/links.rs",
        "self.links.len() < LINKS_MAX ||",
        "self.links.len() < usize::MAX ||",
    ),
    transport(
        "a peer is followed wherever a datagram comes from",
        "crates/muts/src/transport/frames.rs",
        "            link.moving.seen(now, packet.from);\n",
        "            link.address = packet.from;\n",
    ),
    transport(
        "a retired session opens for ever",
        "crates/muts/src/session.rs",
        "session.retired.is_some_and(|at| at <= now);",
        "session.retired.is_some_and(|at| at <= now) && now == Instant::ZERO;",
    ),
    transport(
        "the key of the hall is told in a session that is retired",
        "crates/muts/src/bundle/shared.rs",
        "session.is_fresh() && session.seal.is_some()",
        "session.seal.is_some()",
    ),
    transport(
        "what is not sealed in the hall is taken for a friend's word",
        "crates/muts/src/transport/hall.rs",
        "            (None, _) | (Some(_), 0) => None,\n",
        "            (Some(_), 0) => Some(self.sheets.copy(behind)),
            (None, _) => None,
",
    ),
    transport(
        "what comes before its turn takes any room",
        "crates/muts/src/incoming.rs",
        "        if (others + run.cost()) as u64 > most {\n",
        "        if (others + run.cost()) as u64 > u64::MAX - most {\n",
    ),
    transport(
        "a skip inside a message is taken",
        "crates/muts/src/incoming.rs",
        "if self.joiner.is_inside() || more.is_none() {",
        "if more.is_none() {",
    ),
    transport(
        "buffers that many held rest for ever",
        "crates/muts/src/os/landing.rs",
        "        if self.resting.len() > FREE_MAX\n",
        "        if self.resting.len() > RESTING_MAX\n",
    ),
    transport(
        "the end of a neighbour is told nobody",
        "crates/muts/src/os/neighbours.rs",
        "        self.gone.pop_front()\n",
        "        self.gone.pop_front().filter(|_| false)\n",
    ),
];
