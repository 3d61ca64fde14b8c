//! Where a process can be reached.

use core::net::SocketAddr;

/// An address: on a network, or of a pipe inside this process or host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A UDP socket.
    Net(SocketAddr),
    /// A pipe, by a number that only its two ends understand (the simulator, tests).
    Pipe(u32),
}
