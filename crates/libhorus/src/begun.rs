//! Begun: creates, adds, removes and destroys that are not waited for at once, so that many are on
//! their way together.

use core::ffi::{c_char, c_int};

use roof::{Group, Traits};

use crate::handed::{borrow, free, put, texts};
use crate::handles::{Lwg, Patience, Tower};
use crate::operation::{Change, Operation};
use crate::status::{bad, guarded};

/// lwg_create that waits for nothing: `lwg_wait` tells when the group is made, and gives it. If
/// all members have been met it is asked for at once; if not, as soon as they are while `lwg_wait`
/// waits. `open` and `relaxed` as in `lwg_create_with`. Free it with `lwg_forget`.
///
/// # Safety
/// `tower` comes from `horus_open`; `members` is an array of `count` strings that end with 0;
/// `begun` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_create_begin(
    tower: *mut Tower,
    members: *const *const c_char,
    count: usize,
    open: c_int,
    relaxed: c_int,
    begun: *mut *mut Operation,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (tower, names) = unsafe { (borrow(tower)?, texts(members, count)?) };
        let traits = Traits { open: open != 0, relaxed: relaxed != 0 };
        put(begun, Operation::create(tower, &names, traits)?)
    })
}

/// Begins to change the members of a group.
///
/// # Safety
/// As `lwg_add_begin`.
unsafe fn change(
    lwg: *mut Lwg,
    members: *const *const c_char,
    count: usize,
    begun: *mut *mut Operation,
    how: Change,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (lwg, names) = unsafe { (borrow(lwg)?, texts(members, count)?) };
        put(begun, Operation::change(lwg, &names, how)?)
    })
}

/// lwg_add that waits for nothing: `lwg_wait` tells when it is done. If all members have been met
/// it is asked for at once; if not, as soon as they are while `lwg_wait` waits. What is asked of
/// one group is done in the order in which it was asked for. Free it with `lwg_forget`.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited`; `members` is an array of `count` strings that
/// end with 0; `begun` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_add_begin(
    lwg: *mut Lwg,
    members: *const *const c_char,
    count: usize,
    begun: *mut *mut Operation,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { change(lwg, members, count, begun, Group::add) }
}

/// The same for lwg_remove.
///
/// # Safety
/// As `lwg_add_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_remove_begin(
    lwg: *mut Lwg,
    members: *const *const c_char,
    count: usize,
    begun: *mut *mut Operation,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { change(lwg, members, count, begun, Group::remove) }
}

/// The same for lwg_destroy.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited`; `begun` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_destroy_begin(lwg: *mut Lwg, begun: *mut *mut Operation) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let lwg = unsafe { borrow(lwg)? };
        put(begun, Operation::change(lwg, &[], |group, _| group.destroy())?)
    })
}

/// Waits until what was begun is done, for at most so many milliseconds: what is `LATE` can be
/// waited for again. Of a create `lwg` gets the group, to be freed with `lwg_free`; of others it
/// may be null. Once it has ended, well or not, there is nothing more to wait for.
///
/// # Safety
/// `begun` comes from `lwg_create_begin` or one of its sisters; `lwg` can be written to, or is
/// null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_wait(
    begun: *mut Operation,
    patience_ms: u32,
    lwg: *mut *mut Lwg,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let begun = unsafe { borrow(begun)? };
        if begun.creates() && lwg.is_null() {
            return Err(bad("nowhere to put the group"));
        }
        begun.wait(Patience::of(patience_ms))?.map_or(Ok(()), |made| put(lwg, made))
    })
}

/// Frees what was begun; it goes on all the same. What this process is asked in a group that it
/// makes then is declined.
///
/// # Safety
/// `begun` comes from `lwg_create_begin` or one of its sisters and is not used again; null does
/// nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_forget(begun: *mut Operation) {
    // SAFETY: the caller's promise.
    unsafe { free(begun) };
}
