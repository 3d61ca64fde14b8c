//! Where a process can be reached.

use core::net::SocketAddr;

use crate::wire::Sink;

/// An address: on a network, or of a pipe inside this process or host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A UDP socket.
    Net(SocketAddr),
    /// A pipe, by a number that only its two ends understand (the simulator, tests).
    Pipe(u32),
}

impl Address {
    /// All other pipes of one process, or one pretended network, at once.
    pub const EVERY_PIPE: Self = Self::Pipe(u32::MAX);

    /// Its bytes, the same for the same address only.
    pub(crate) fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Net(SocketAddr::V4(net)) => {
                into.extend_from_slice(&net.ip().octets());
                into.extend_from_slice(&net.port().to_le_bytes());
            }
            Self::Net(SocketAddr::V6(net)) => {
                into.extend_from_slice(&net.ip().octets());
                into.extend_from_slice(&net.port().to_le_bytes());
            }
            Self::Pipe(pipe) => into.extend_from_slice(&pipe.to_le_bytes()),
        }
    }
}
