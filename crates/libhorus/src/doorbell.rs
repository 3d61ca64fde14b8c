//! Doorbell: a descriptor that is readable while something may have come for any group.
//!
//! Takes: rings, each for one group, from the tower's thread. Promises: it stays readable until
//! every group that it was rung for has been looked at. Keeps: which those are.

use core::ffi::c_int;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

/// Two ends: the tower writes, whoever polls reads.
pub(crate) struct Doorbell {
    inside: UnixStream,
    outside: UnixStream,
    pulls: AtomicU64,
    rung: Mutex<BTreeSet<u64>>,
}

impl Doorbell {
    pub(crate) fn new() -> std::io::Result<Self> {
        let (inside, outside) = UnixStream::pair()?;
        inside.set_nonblocking(true)?;
        outside.set_nonblocking(true)?;
        Ok(Self { inside, outside, pulls: AtomicU64::new(0), rung: Mutex::default() })
    }

    pub(crate) fn descriptor(&self) -> c_int {
        self.outside.as_raw_fd()
    }

    /// What rings it for one group.
    pub(crate) fn pull(self: &Arc<Self>) -> Arc<Pull> {
        let number = self.pulls.fetch_add(1, Ordering::Relaxed);
        Arc::new(Pull { bell: Arc::clone(self), number })
    }

    fn rung(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rings a doorbell for one group.
pub(crate) struct Pull {
    bell: Arc<Doorbell>,
    number: u64,
}

impl Pull {
    pub(crate) fn ring(&self) {
        let mut rung = self.bell.rung();
        if rung.insert(self.number) && rung.len() == 1 {
            let _ = (&self.bell.inside).write(&[1]);
        }
    }

    /// This group is looked at: the last one empties the descriptor.
    pub(crate) fn silence(&self) {
        let mut rung = self.bell.rung();
        if rung.remove(&self.number) && rung.is_empty() {
            let _ = (&self.bell.outside).read(&mut [0; 8]);
        }
    }
}

impl Wake for Pull {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_readable(bell: &Doorbell) -> bool {
        (&bell.outside).read(&mut [0; 8]).is_ok_and(|read| read > 0)
    }

    #[test]
    fn it_is_rung_until_every_group_has_been_looked_at() {
        let bell = Arc::new(Doorbell::new().expect("two descriptors"));
        let (one, other) = (bell.pull(), bell.pull());
        one.ring();
        other.ring();
        one.ring();
        other.silence();
        assert_eq!(bell.rung().len(), 1);
        one.silence();
        assert!(!is_readable(&bell), "nobody has anything");
        other.ring();
        one.silence();
        assert!(is_readable(&bell), "what came for one is not silenced by looking at another");
    }
}
