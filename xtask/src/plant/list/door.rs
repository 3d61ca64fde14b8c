//! Door: what is broken where datagrams come in and go out: at sockets, and with callers.

use super::Plant;
use super::transport::transport;

pub(super) const PLANTS: [Plant; 4] = [
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
        "a note that came too early takes room beside the one that it replaces",
        "crates/muts/src/early.rs",
        "(known.map_or(0, |known| known.1.len()), note.1.len())",
        "(0, note.1.len())",
    ),
];
