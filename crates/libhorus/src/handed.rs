//! What C hands over: each pointer with what its caller promises of it.

use core::ffi::c_char;
use std::ffi::CStr;

use roof::{BODY_BYTES_MAX, Error};

use crate::status::wrong;
use crate::{Done, status};

/// # Safety
/// A string that ends with 0, or null.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Done<&'a str> {
    if text.is_null() {
        return Err(status::bad("no text"));
    }
    // SAFETY: not null, and the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| status::bad("text that is not UTF-8"))
}

/// # Safety
/// An array of so many strings that end with 0, or null.
pub(crate) unsafe fn texts<'a>(all: *const *const c_char, count: usize) -> Done<Vec<&'a str>> {
    if all.is_null() {
        return Err(status::bad("no list"));
    }
    // SAFETY: not null, and the caller's promise.
    let all = unsafe { core::slice::from_raw_parts(all, count) };
    // SAFETY: the caller's promise of each.
    all.iter().map(|one| unsafe { text(*one) }).collect()
}

/// # Safety
/// So many bytes, or null for none. Of more than a message may hold none is read.
pub(crate) unsafe fn body(bytes: *const u8, length: usize) -> Done<Vec<u8>> {
    if length > BODY_BYTES_MAX {
        return Err(wrong(Error::TooLong(length)));
    }
    match (bytes.is_null(), length) {
        (_, 0) => Ok(Vec::new()),
        (true, _) => Err(status::bad("no bytes")),
        // SAFETY: not null, and the caller's promise.
        (false, _) => Ok(unsafe { core::slice::from_raw_parts(bytes, length) }.to_vec()),
    }
}

/// # Safety
/// A handle of this library that was not freed, or null.
pub(crate) unsafe fn borrow<'a, T>(handle: *mut T) -> Done<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { handle.as_ref() }.ok_or_else(|| status::bad("no handle"))
}

/// # Safety
/// A handle of this library that is given back, or null.
pub(crate) unsafe fn free<T>(handle: *mut T) {
    if !handle.is_null() {
        // SAFETY: it was made by a box, and the caller gives it back. Nothing unwinds into C.
        let handle = std::panic::AssertUnwindSafe(unsafe { Box::from_raw(handle) });
        let _ = std::panic::catch_unwind(move || drop(handle));
    }
}

pub(crate) fn put<T>(place: *mut *mut T, value: T) -> Done {
    put_value(place, Box::into_raw(Box::new(value)))
}

pub(crate) fn put_value<T>(place: *mut T, value: T) -> Done {
    if place.is_null() {
        return Err(status::bad("nowhere to put what was asked for"));
    }
    // SAFETY: not null; every caller of this is promised that it can be written to.
    unsafe { place.write(value) };
    Ok(())
}
