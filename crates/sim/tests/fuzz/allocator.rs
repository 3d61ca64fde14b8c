//! Allocator: the system's, counted by thread, so that what a reader reserves is seen.
//!
//! `GlobalAlloc` is an unsafe trait, and nothing else sees every allocation. Each method hands its
//! arguments on unchanged to [`System`], whose contract is the same. The counts lie in a
//! thread-local that is made without allocating and never dropped.
#![allow(unsafe_code, reason = "see above")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// To be named with `#[global_allocator]`.
pub(crate) struct Counting;

thread_local! {
    /// Bytes in use, as far as this thread took and gave them; and the most since the last look.
    static USED: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn note(change: isize) {
    // A thread that ends still frees: what it does then is nobody's.
    let _ = USED.try_with(|used| {
        let (now, most) = used.get();
        used.set((now + change, most.max(now + change)));
    });
}

fn signed(size: usize) -> isize {
    isize::try_from(size).unwrap_or(isize::MAX)
}

// SAFETY: every call goes to `System` with the arguments it came with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(signed(layout.size()));
        // SAFETY: the caller's promise about `layout`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(signed(layout.size()));
        // SAFETY: the caller's promise about `layout`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        note(-signed(layout.size()));
        // SAFETY: the caller's promise about `place` and `layout`.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // For a moment both may be there.
        note(signed(size));
        note(-signed(layout.size()));
        // SAFETY: the caller's promise about `place`, `layout` and `size`.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// Bytes in use in this thread.
pub(crate) fn used() -> isize {
    USED.get().0
}

/// What this answers, and how many bytes more than before were in use at the most.
pub(crate) fn most<T>(during: impl FnOnce() -> T) -> (T, usize) {
    let before = used();
    USED.set((before, before));
    let answer = during();
    (answer, usize::try_from(USED.get().1 - before).unwrap_or(0))
}
