//! Views: who is in a group, told between its messages, and waited for.

use core::ffi::{c_char, c_int};

use roof::View;

use crate::Done;
use crate::handed::{borrow, put_value};
use crate::handles::{Lwg, Patience};
use crate::status::guarded;

/// A view of a group. Number and digest together name it, the same at all its members.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct lwg_view {
    /// Grows with each view that this process is told; views of a relaxed group may share it.
    pub number: u64,
    /// Tells views of parts of the group apart that have the same number.
    pub digest: u64,
    /// How many members it has; `lwg_member` names them.
    pub members: usize,
}

/// Puts a view where it is asked for, if it is.
fn show(view: &View, place: *mut lwg_view) -> Done {
    if place.is_null() {
        return Ok(());
    }
    let (number, digest) = (view.id.counter, view.id.digest);
    put_value(place, lwg_view { number, digest, members: view.members.len() })
}

/// The group's next view, which is its present one from then on: what was received before belongs
/// to the view before. `MESSAGE`: a message comes first. `lwg_receive` passes over views, so who
/// wants each asks here first.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited`; `view` can be written to, or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_next_view(
    lwg: *mut Lwg,
    patience_ms: u32,
    view: *mut lwg_view,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let next = unsafe { borrow(lwg)? }.next_view(Patience::of(patience_ms))?;
        show(&next, view)
    })
}

/// Waits until the group's present view has just so many members, for at most so many milliseconds
/// together; other views are passed over. `MESSAGE`: a message comes first, and is to be received
/// before this is asked again. What another thread takes of the group meanwhile is not seen here.
///
/// # Safety
/// As `lwg_next_view`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_wait_members(
    lwg: *mut Lwg,
    members: usize,
    patience_ms: u32,
    view: *mut lwg_view,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let lwg = unsafe { borrow(lwg)? };
        show(&lwg.view_of(members, Patience::of(patience_ms))?, view)
    })
}

/// How many members the group's present view has: that of the message or view which was taken last.
/// A later one is not seen before it, or a message behind it, is taken. 0 before the first.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_member_count(lwg: *mut Lwg) -> usize {
    // SAFETY: the caller's promise.
    unsafe { lwg.as_ref() }.map_or(0, Lwg::member_count)
}

/// The name of a member of the group's present view, as `name#incarnation`: the `index`-th of
/// `lwg_member_count`, from 0, in the order of the view, which is the same at all members; null if
/// there are no more. Valid until the group's next message or view is taken.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_member(lwg: *mut Lwg, index: usize) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { lwg.as_ref() }.map_or(core::ptr::null(), |lwg| lwg.member(index))
}
