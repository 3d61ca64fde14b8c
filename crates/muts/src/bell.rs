//! Bell: wakes a sleeping driver, and never loses a ring.
//!
//! One word says whether the driver is awake, asleep, or rung for. Both sides change it by one
//! read-modify-write, so one of them comes first: either the ring, and the driver does not go to
//! sleep; or the sleep, and the ring wakes it. While the driver is awake a ring is one atomic
//! exchange and no system call. Every interleaving is checked by `tests/loom_bell.rs`.

use crate::sync::{Arc, AtomicU8, Ordering};

const AWAKE: u8 = 0;
const ASLEEP: u8 = 1;
const RUNG: u8 = 2;

/// How to wake who sleeps outside of this process's memory: in a system call.
pub trait Rouse {
    /// Ends the present sleep, or the next one if none has begun yet.
    fn rouse(&self);
}

#[derive(Debug)]
struct Shared<R> {
    state: AtomicU8,
    rouse: R,
}

/// A handle to wake a driver with; clones ring the same bell.
#[derive(Debug)]
pub struct Bell<R>(Arc<Shared<R>>);

impl<R> Clone for Bell<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Rouse> Bell<R> {
    /// A bell of a driver that is awake.
    pub fn new(rouse: R) -> Self {
        Self(Arc::new(Shared { state: AtomicU8::new(AWAKE), rouse }))
    }

    /// Wakes the driver. What was written before the ring is seen by the driver after it.
    pub fn ring(&self) {
        if self.0.state.swap(RUNG, Ordering::AcqRel) == ASLEEP {
            self.0.rouse.rouse();
        }
    }

    /// The driver is about to sleep. Answers false if somebody has rung: then it must not.
    #[must_use]
    pub fn doze(&self) -> bool {
        let dozed =
            self.0.state.compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire);
        dozed.is_ok()
    }

    /// The driver is awake, and looks after what it was rung for from now on.
    pub fn rise(&self) {
        self.0.state.swap(AWAKE, Ordering::AcqRel);
    }
}
