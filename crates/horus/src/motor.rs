//! Motor: what turns a tower. A driver with a socket of its own, or a pipe to a daemon.

use std::net::SocketAddr;
use std::time::Duration;

#[cfg(feature = "embedded")]
use muts::os::Driver;
use muts::os::{Bell, Pipe};
use muts::{Instant, Layer};

/// See the head of this file.
#[cfg_attr(feature = "embedded", expect(clippy::large_enum_variant, reason = "one a process"))]
pub(crate) enum Motor {
    /// Its network is its own.
    #[cfg(feature = "embedded")]
    Net(Driver),
    /// Its network is the daemon's.
    Pipe(Pipe),
}

impl Motor {
    /// The time, as the tower is given it.
    pub(crate) fn now(&self) -> Instant {
        match self {
            #[cfg(feature = "embedded")]
            Self::Net(driver) => driver.now(),
            Self::Pipe(pipe) => pipe.now(),
        }
    }

    /// What wakes it.
    pub(crate) fn bell(&self) -> Bell {
        match self {
            #[cfg(feature = "embedded")]
            Self::Net(driver) => driver.bell(),
            Self::Pipe(pipe) => pipe.bell(),
        }
    }

    /// One turn.
    ///
    /// # Errors
    /// A sentence if it can never be turned again.
    pub(crate) fn turn<L: Layer>(
        &mut self,
        tower: &mut L,
        patience: Option<Duration>,
    ) -> Result<(), String> {
        match self {
            #[cfg(feature = "embedded")]
            Self::Net(driver) => driver.turn(tower, patience).map_err(|broken| broken.to_string()),
            Self::Pipe(pipe) => pipe.turn(tower, patience).map_err(|gone| gone.to_string()),
        }
    }

    /// Tells its counters.
    pub(crate) fn count(&self, tell: &mut dyn FnMut(&'static str, u64)) {
        match self {
            #[cfg(feature = "embedded")]
            Self::Net(driver) => driver.count(tell),
            Self::Pipe(_) => {
                let _ = tell;
            }
        }
    }

    /// Where it listens, if anywhere.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            #[cfg(feature = "embedded")]
            Self::Net(driver) => driver.local_address().ok(),
            Self::Pipe(_) => None,
        }
    }
}
