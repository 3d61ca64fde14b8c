//! Clock: one for all processes of the host.

use nix::time::{ClockId, clock_gettime};

/// Nanoseconds since the host started, the same in every process.
pub(crate) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every system has this clock");
    u64::try_from(now.tv_sec()).unwrap_or(0) * 1_000_000_000
        + u64::try_from(now.tv_nsec()).unwrap_or(0)
}
