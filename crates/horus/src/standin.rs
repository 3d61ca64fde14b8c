//! A driver without a network, until the real one is here.

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use muts::{Instant, Layer};
use parking_lot::{Condvar, Mutex};

#[derive(Clone, Default)]
pub(crate) struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Bell {
    pub(crate) fn ring(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_one();
    }
}

pub(crate) struct Driver {
    bell: Bell,
    start: Clock,
}

impl Driver {
    pub(crate) fn open(_: std::net::SocketAddr) -> Result<Self, String> {
        Ok(Self { bell: Bell::default(), start: Clock::now() })
    }
    pub(crate) fn bell(&self) -> Bell {
        self.bell.clone()
    }
    pub(crate) fn now(&self) -> Instant {
        Instant::from_nanos(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
    pub(crate) fn count(&self, _: &mut dyn FnMut(&'static str, u64)) {}
    pub(crate) fn turn<L: Layer>(
        &mut self,
        layer: &mut L,
        patience: Option<Duration>,
    ) -> Result<(), String> {
        while layer.transmit(self.now()).is_some() {}
        let left = layer.deadline().map(|at| at.since(self.now()));
        let patience = match (patience, left) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        let mut rung = self.bell.0.0.lock();
        if !*rung {
            match patience {
                Some(patience) => drop(self.bell.0.1.wait_for(&mut rung, patience)),
                None => self.bell.0.1.wait(&mut rung),
            }
        }
        *rung = false;
        drop(rung);
        layer.wake(self.now());
        Ok(())
    }
}
