//! Spread: what the best of the rivals at many groups took, beside which ours is told.
//!
//! Version 4.4.0 with its accelerated ring: four daemons and their clients on four hosts of one
//! bridge, on two cores. No distribution has it, so it does not run here (`docs/rivals.md`).

/// From a join to the view at the newcomer, and at the last of four: microseconds, median.
pub(crate) const JOIN_US: [f64; 2] = [158.0, 178.0];

/// Three processes in ten thousand groups, until the last view: milliseconds.
pub(crate) const BURST_MS: f64 = 360.0;

/// From the end of a client in a thousand groups to the last view elsewhere: milliseconds.
pub(crate) const KILLED_MS: f64 = 18.0;

/// A group of one member in a daemon. Our own goal is far below a tenth of it.
pub(crate) const GROUP_BYTES: f64 = 1.2 * 1_024.0;

/// Ours takes at most this part of each of these times.
pub(crate) const TIME: f64 = 0.5;
