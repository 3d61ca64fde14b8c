//! Status: how a call ended, and why in words, kept for the calling thread.

use core::ffi::{c_char, c_int};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::horus_status;

/// How long what is said of a failure may be, in bytes with the 0 at its end; the rest is cut off.
const WHY_BYTES_MAX: usize = 4_096;

thread_local! {
    /// Always at the same place: C may hold on to what the last call said while it makes the next.
    static LAST: RefCell<[u8; WHY_BYTES_MAX]> = const { RefCell::new([0; WHY_BYTES_MAX]) };
}

/// Notes why.
fn note(why: &str) {
    LAST.with_borrow_mut(|last| {
        let end = why.floor_char_boundary(WHY_BYTES_MAX - 1);
        for (place, byte) in last.iter_mut().zip(why[..end].bytes()) {
            *place = if byte == 0 { b' ' } else { byte };
        }
        last[end] = 0;
    });
}

/// Why the last call of this thread failed.
pub(crate) fn last() -> *const c_char {
    LAST.with(RefCell::as_ptr).cast::<c_char>()
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

/// A message is to be received before what was asked for.
pub(crate) fn message_first() -> horus_status {
    note("a message comes first: receive it, and ask again");
    horus_status::MESSAGE
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn said() -> String {
        LAST.with_borrow(|last| {
            let said = CStr::from_bytes_until_nul(last).expect("it ends");
            said.to_str().expect("whole letters").to_owned()
        })
    }

    #[test]
    fn what_was_said_last_stands_where_what_was_said_before_stood() {
        note("one");
        let place = last();
        assert_eq!(said(), "one");
        note(&"\u{e9}".repeat(WHY_BYTES_MAX));
        assert_eq!((last(), said().len()), (place, WHY_BYTES_MAX - 2));
        note("t\0o");
        assert_eq!((last(), &said()[..]), (place, "t o"));
        note("");
        assert_eq!((last(), &said()[..]), (place, ""));
    }
}
