//! Status: how a call ended, and why in words, kept for the calling thread.

use core::ffi::{c_char, c_int};
use std::cell::RefCell;
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::horus_status;

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// Notes why.
fn note(why: &str) {
    let text = CString::new(why.replace('\0', " ")).unwrap_or_default();
    LAST.with(|last| *last.borrow_mut() = text);
}

/// Why the last call of this thread failed.
pub(crate) fn last() -> *const c_char {
    LAST.with(|last| last.borrow().as_ptr())
}

/// An argument that cannot be.
pub(crate) fn bad(why: &str) -> horus_status {
    note(why);
    horus_status::WRONG
}

/// It could not be done.
pub(crate) fn failed(why: &str) -> horus_status {
    note(why);
    horus_status::FAILED
}

/// What the roof could not do.
pub(crate) fn wrong(error: roof::Error) -> horus_status {
    note(&error.to_string());
    match error {
        roof::Error::Out => horus_status::END,
        roof::Error::Name(_) | roof::Error::Setting { .. } => horus_status::WRONG,
        _ => horus_status::FAILED,
    }
}

/// It did not come in time.
pub(crate) fn late() -> horus_status {
    late_for("it did not come in time; ask again")
}

/// The same, and what was waited for.
pub(crate) fn late_for(why: &str) -> horus_status {
    note(why);
    horus_status::LATE
}

/// There is no more, or no way back.
pub(crate) fn ended(why: &str) -> horus_status {
    note(why);
    horus_status::END
}

/// Runs a call: nothing unwinds into C.
pub(crate) fn guarded(what: impl FnOnce() -> Result<(), horus_status>) -> c_int {
    note("");
    let ended = catch_unwind(AssertUnwindSafe(what)).unwrap_or_else(|_| {
        note("a bug of the library; close the tower");
        Err(horus_status::FAILED)
    });
    ended.map_or_else(|status| status as c_int, |()| horus_status::OK as c_int)
}
