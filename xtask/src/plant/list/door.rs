//! Door: what is broken where datagrams come in and go out: at sockets, and with callers.

use super::Plant;
use super::transport::transport;

pub(super) const PLANTS: [Plant; 15] = [
    transport(
        "a datagram that the path does not carry takes those behind it along",
        "crates/muts/src/os/driver.rs",
        "self.batch.remove(0);",
        "self.batch.clear();",
    ),
    transport(
        "what a receiver had no room for, before it opened its end, is sent again at once",
        "crates/muts/src/outgoing.rs",
        "!receiver.asks && !receiver.again.is_empty()",
        "receiver.asks && receiver.gone",
    ),
    transport(
        "a datagram that was not taken whole counts again when it is repeated",
        "crates/muts/src/link.rs",
        "self.seen.is_new(number) && refused",
        "self.seen.is_new(number) || refused",
    ),
    transport(
        "a run that came too early takes room beside the one that it replaces",
        "crates/muts/src/early.rs",
        "(known.map_or(0, Run::cost), run.cost())",
        "(0, run.cost())",
    ),
    transport(
        "calls of strangers count with those of friends",
        "crates/muts/src/transport/cookies.rs",
        "!self.guard.vouched(&vouched(HELLO, theirs, shown, message), voucher)",
        "shown.is_empty() && voucher.is_empty()",
    ),
    transport(
        "each port of a host counts as a caller of its own",
        "crates/muts/src/transport/cookies.rs",
        "(&mut self.hosts, from.host(), HELLOS_A_HOST)",
        "(&mut self.hosts, from, HELLOS_A_HOST)",
    ),
    transport(
        "who was introduced is heard only if hosts of strangers leave room",
        "crates/muts/src/transport/cookies.rs",
        "let known = same.next().is_some_and(|first| first.0 == from);",
        "let known = same.next().is_some_and(|first| first.0 < from);",
    ),
    transport(
        "what came too early is given up when the last of it is old",
        "crates/muts/src/early.rs",
        "self.ages.first()",
        "self.ages.last()",
    ),
    transport(
        "what goes alone is sent under the length that others were cut to",
        "crates/muts/src/os/linux.rs",
        " || segment > DATAGRAM_BYTES_SAFE",
        "",
    ),
    transport(
        "a datagram of a few kilobytes keeps the long buffer that it came in",
        "crates/muts/src/os/landing.rs",
        "(KEPT_APART_BYTES + 1..=LITTLE_BYTES).contains(&bytes)",
        "bytes > LANDING_BYTES",
    ),
    transport(
        "two starts of a node at the same time have one number",
        "crates/muts/src/os/incarnation.rs",
        "turn.lock()",
        "turn.lock_shared()",
    ),
    transport(
        "parts of control messages that contradict others are dropped without a count",
        "crates/muts/src/parts.rs",
        "            self.dropped += 1;\n            return None;\n",
        "            return None;\n",
    ),
    transport(
        "a voucher counts by its first bytes",
        "crates/muts/src/keyed.rs",
        "&tag.as_ref()[..8], by",
        "&tag.as_ref()[..by.len().min(8)], by",
    ),
    transport(
        "a driver listens where other hosts can reach it without a word",
        "crates/muts/src/os/driver.rs",
        "if listen.ip().to_canonical().is_loopback() {",
        "if !listen.ip().is_multicast() {",
    ),
    transport(
        "who was sent something too early is waited for in the hall",
        "crates/muts/src/outgoing/level.rs",
        " || self.is_too_early(place)",
        "",
    ),
];
