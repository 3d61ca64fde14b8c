//! What threads of an application and the crank share memory by: loom's own instead in
//! `crates/muts/tests/loom_*.rs`, which try every interleaving.

pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(crate) use std::thread;

pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
