//! The transport's settings.

use crate::address::Address;
use crate::greeting::VERSIONS;
use crate::limits::{
    DATAGRAM_BYTES_MAX, FLIGHT_BYTES_MAX, FLIGHT_BYTES_START, WINDOW_BYTES, WINDOW_MESSAGES,
};
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
    /// The lowest and the highest version of frames that it speaks: with each peer the highest that
    /// both do. A process is held to less while others are still to be replaced. Default: all that
    /// there are.
    pub versions: (u8, u8),
    /// How much and how long; the defaults are measured.
    pub tuning: Tuning,
}

/// How much may be under way and how long answers may take. Both ends may have their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// Bytes of one stream that wait until all have them; a larger message goes alone. 1 or more.
    pub window_bytes: usize,
    /// Messages of one stream that wait until all have them. 1 or more.
    pub window_messages: usize,
    /// Bytes under way to one peer at the start.
    pub flight_bytes_start: usize,
    /// Bytes under way to one peer at the most; eight datagrams may be in any case.
    pub flight_bytes_max: usize,
    /// How long an acknowledgement may wait for company.
    pub ack_delay: Duration,
    /// How long one may stay out at the most before something is sent again.
    pub patience_max: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            window_bytes: WINDOW_BYTES,
            window_messages: WINDOW_MESSAGES,
            flight_bytes_start: FLIGHT_BYTES_START,
            flight_bytes_max: FLIGHT_BYTES_MAX,
            ack_delay: Duration::from_millis(10),
            // A peer that answers again is served again at once: no need to wait longer.
            patience_max: Duration::from_millis(500),
        }
    }
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
            versions: VERSIONS,
            tuning: Tuning::default(),
        }
    }
}
