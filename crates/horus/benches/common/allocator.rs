//! Allocator: the system's, counted: what a datagram or a group costs is seen, not argued.
//!
//! `GlobalAlloc` is an unsafe trait and there is no other way to see every allocation. Each method
//! hands its arguments on unchanged to [`System`], whose contract is the same; the counters are
//! plain atomics and allocate nothing. `tests` below allocates and looks at the counts.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

/// To be named with `#[global_allocator]` by a benchmark.
pub(crate) struct Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);
static TAKEN: AtomicU64 = AtomicU64::new(0);
static GIVEN: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to `System` with the arguments it came with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        TAKEN.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        GIVEN.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller's promise about `place` and `layout`.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        TAKEN.fetch_add(size as u64, Ordering::Relaxed);
        GIVEN.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller's promise about `place`, `layout` and `size`.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// Allocations since the start.
pub(crate) fn calls() -> u64 {
    CALLS.load(Ordering::Relaxed)
}

/// Bytes in use.
pub(crate) fn bytes() -> u64 {
    TAKEN.load(Ordering::Relaxed).saturating_sub(GIVEN.load(Ordering::Relaxed))
}
