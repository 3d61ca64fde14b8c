//! Door: what is broken where datagrams come in and go out: at sockets, and with callers.

use super::Plant;
use super::transport::transport;

pub(super) const PLANTS: [Plant; 1] = [transport(
    "a datagram that the path does not carry takes those behind it along",
    "crates/muts/src/os/driver.rs",
    "self.batch.remove(0);",
    "self.batch.clear();",
)];
