//! What threads of an application and the crank share memory by: loom's own instead in
//! `crates/muts/tests/loom_roof.rs`, which tries every interleaving.

pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(crate) use parking_lot::Mutex;
