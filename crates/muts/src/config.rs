//! The transport's settings.

use crate::address::Address;
use crate::limits::DATAGRAM_BYTES_MAX;
use crate::process::ProcId;
use crate::time::Duration;

/// Settings of a [`Transport`](crate::Transport); the defaults suit one network.
#[derive(Debug, Clone)]
pub struct Config {
    /// This process.
    pub me: ProcId,
    /// Where all chance of this transport comes from.
    pub seed: u64,
    /// The longest datagram, in bytes, within the bounds of `limits`. Each link begins with 1,200,
    /// which every path carries, and looks for what its own does. Default: as long as there can be.
    pub datagram_bytes_max: usize,
    /// How long a peer may be silent before that is told. Default 1 s.
    pub silence: Duration,
    /// Between two heartbeats. Default 100 ms.
    pub beat: Duration,
    /// An address at which all of a cluster listen at once: an IP multicast group. What several
    /// peers are to hear is said there once, to those of them who prove to hear it. Default none.
    pub hall: Option<Address>,
}

impl Config {
    /// The defaults for this process.
    #[must_use]
    pub fn new(me: ProcId, seed: u64) -> Self {
        Self {
            me,
            seed,
            datagram_bytes_max: DATAGRAM_BYTES_MAX,
            silence: Duration::from_secs(1),
            beat: Duration::from_millis(100),
            hall: None,
        }
    }
}
