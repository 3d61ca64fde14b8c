//! The atomics of this crate: the system's own, or loom's under test.

#[cfg(not(horus_loom))]
pub(crate) use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, AtomicU64, Ordering},
};

#[cfg(horus_loom)]
pub(crate) use loom::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, AtomicU64, Ordering},
};
