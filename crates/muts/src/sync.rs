//! The atomics of this crate: the system's own, or loom's under test.

#[cfg(not(horus_loom))]
pub(crate) use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

#[cfg(horus_loom)]
pub(crate) use loom::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};
