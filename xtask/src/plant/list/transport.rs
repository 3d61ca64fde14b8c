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

pub(super) const PLANTS: [Plant; 30] = [
    transport(
        "an older heartbeat is taken for news",
        "crates/muts/src/beats.rs",
        "let newer = number > self.heard;",
        "let newer = number >= self.heard;",
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
        "self.free.drain(..spare);",
        "let _ = spare;",
    ),
    transport(
        "the end of a neighbour is told nobody",
        "crates/muts/src/os/neighbours.rs",
        "        self.gone.pop_front()\n",
        "        self.gone.pop_front().filter(|_| false)\n",
    ),
    transport(
        "a heartbeat that cannot go out is due",
        "crates/muts/src/link.rs",
        "filter(|_| self.met && heard);\n        let acks",
        "filter(|_| self.met);\n        let acks",
    ),
    transport(
        "a path that became shorter is not noticed while short datagrams come",
        "crates/muts/src/path.rs",
        "if self.lost >= LONG_LOST && ",
        "if self.lost == u32::MAX && ",
    ),
    transport(
        "what was sent to who has become silent is kept",
        "crates/muts/src/transport/links.rs",
        "                self.give_up(now, peer);\n                self.rouse_hall();",
        "                self.rouse_hall();",
    ),
    transport(
        "who has closed its end of a channel is waited for",
        "crates/muts/src/outgoing.rs",
        "let there = self.receivers.iter().filter(|receiver| !receiver.gone);",
        "let there = self.receivers.iter();",
    ),
    transport(
        "refusals prove a death before an answer can have come",
        "crates/muts/src/silence.rs",
        "self.nobody == TESTS && since >= self.answered",
        "self.nobody == TESTS",
    ),
    transport(
        "who is always away accuses nobody, for ever",
        "crates/muts/src/silence.rs",
        "if self.silent || core::mem::replace(&mut self.excused, true) {",
        "if self.silent {",
    ),
    transport(
        "a silent peer is back whatever it says, deaf or not",
        "crates/muts/src/transport/frames.rs",
        "doubted.is_some_and(|link| link.hears(bytes));",
        "doubted.is_some();",
    ),
    transport(
        "what was acknowledged before a silence proves that a peer hears",
        "crates/muts/src/link.rs",
        "let sent = self.unheard + 1..=self.flight.next();",
        "let sent = 1..=self.flight.next();",
    ),
    transport(
        "a silent peer that is heard is not asked whether it hears",
        "crates/muts/src/transport/links.rs",
        "link.errands.probe |= link.silence.hear(now) && link.met;",
        "link.silence.hear(now);",
    ),
    transport(
        "a peer that is heard is never silent, deaf or not",
        "crates/muts/src/silence.rs",
        "doubt.insists = true;",
        "doubt.insists = false;",
    ),
    transport(
        "who calls is asked whether it hears when it was next to be asked anyway",
        "crates/muts/src/silence.rs",
        "if self.doubt.is_none() {",
        "if true {",
    ),
    transport(
        "a silent peer is called as often as on the first day",
        "crates/muts/src/silence.rs",
        "share.clamp(CALL_EVERY, CALL_EVERY_MAX)",
        "CALL_EVERY",
    ),
    transport(
        "a skip may go beyond all numbers",
        "crates/muts/src/incoming.rs",
        ".filter(|end| *end <= STREAM_BYTES_MAX);",
        ";",
    ),
];
