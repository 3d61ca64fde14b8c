//! Every bound of the daemon, each with its reason. Those of the gate are the kernel's.

use std::time::Duration;

/// Streams beyond the clients that may attach: operators, and who is about to be refused.
pub(crate) const STREAMS_BESIDE_CLIENTS: usize = 64;

/// How often what health and metrics show is made anew: what they show is at most so old.
pub(crate) const PAGE_EVERY: Duration = Duration::from_millis(250);

/// The daemon lives while its loop has come round within this time.
pub(crate) const LOOP_LATE: Duration = Duration::from_secs(5);

/// The longest request that is read at the health port: one line and a dozen headers.
pub(crate) const REQUEST_BYTES_MAX: usize = 4096;

/// How long a request may take: who asks for health is near.
pub(crate) const REQUEST_PATIENCE: Duration = Duration::from_secs(1);

/// How long it may take while others wait to be answered.
pub(crate) const CROWDED_PATIENCE: Duration = Duration::from_millis(50);

/// Who waits to be answered at the health port: beyond it the one that has waited longest goes.
pub(crate) const ASKERS_WAITING_MAX: usize = 16;

/// Between two tries to take in who asks where that failed: there may be no descriptors for now.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often names of other hosts are looked up again: an address that moved is found within it.
pub(crate) const LOOK_UP_EVERY: Duration = Duration::from_secs(30);

/// Daemons of other versions that are remembered: those of an upgrade that went wrong.
pub(crate) const STRANGE_MAX: usize = 64;

/// The longest query of an operator.
pub(crate) const QUERY_BYTES_MAX: usize = 4096;

/// Threads that answer at the health port: one that asks slowly holds up no other.
pub(crate) const ANSWERERS: usize = 4;

/// The health port is so far above the one for other daemons, so that each daemon of a host has its
/// own without being told: 7180 beside 7100.
pub(crate) const HEALTH_PORT_ABOVE: u16 = 80;

/// Addresses that wait to be tried: they are told again if there is no room.
pub(crate) const ADDRESSES_WAITING_MAX: usize = 256;

/// Views of clients that one answer lists: what a person may read, and told within a turn.
pub(crate) const GROUPS_LISTED_MAX: usize = 1_000;
