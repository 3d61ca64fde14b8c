//! Sending: multicasts to a group that this process is in, and what becomes of each.

use core::ffi::{c_char, c_int};

use roof::{How, Order};

use crate::handed::{body, borrow, free, put};
use crate::handles::{Asked, Lwg, Message, Patience};
use crate::status::{bad, guarded, wrong};
use crate::{Done, patience};

/// lwg_send: multicasts to the group, this process included. `order` is 'm', 'f', 'c', 't', 'g':
/// in no order, FIFO, causal, total, against everything; its capital: safe, told only where every
/// member is known to have it. With `sent` replies are wanted: free it with `lwg_discard_replies`;
/// null: none. Waits while a member does not receive what it is told, and fails while 64 MiB of
/// what this process sent itself lie here unreceived; see `lwg_send_within`.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited`; `bytes` are `length` bytes; `sent` is null or
/// can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_send(
    lwg: *mut Lwg,
    order: c_char,
    bytes: *const u8,
    length: usize,
    sent: *mut *mut Asked,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (lwg, body) = unsafe { (borrow(lwg)?, body(bytes, length)?) };
        let order = how_of(order)?;
        lwg.is_open()?;
        if sent.is_null() {
            lwg.group.send(order, body).map_err(wrong).map(drop)
        } else {
            put(sent, Asked::new(lwg, lwg.group.ask(order, body).map_err(wrong)?))
        }
    })
}

/// lwg_send without replies, to be followed: `lwg_stable` waits until every member has it, and
/// `lwg_cancel` takes it back as long as it waits. Free it with `lwg_discard_replies`.
///
/// # Safety
/// As `lwg_send`, but `sent` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_send_begin(
    lwg: *mut Lwg,
    order: c_char,
    bytes: *const u8,
    length: usize,
    sent: *mut *mut Asked,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (lwg, body) = unsafe { (borrow(lwg)?, body(bytes, length)?) };
        let order = how_of(order)?;
        lwg.is_open()?;
        put(sent, Asked::new(lwg, lwg.group.send(order, body).map_err(wrong)?))
    })
}

/// lwg_send without replies, unless it has to wait for room longer than that: then it is `LATE`,
/// and nothing was sent. With a patience of 0 it does not wait.
///
/// # Safety
/// As `lwg_send`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_send_within(
    lwg: *mut Lwg,
    order: c_char,
    bytes: *const u8,
    length: usize,
    patience_ms: u32,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (lwg, body) = unsafe { (borrow(lwg)?, body(bytes, length)?) };
        lwg.send_within(patience(patience_ms), how_of(order)?, body)
    })
}

/// Waits until every member of the view that it was sent in has delivered it. It fails if a member
/// was lost before that was known, or if it was taken back; `END`: this process left the group
/// before, or sent it from outside.
///
/// # Safety
/// `sent` comes from `lwg_send_begin` or `lwg_send`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_stable(sent: *mut Asked, patience_ms: u32) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        unsafe { borrow(sent)? }.stable(Patience::of(patience_ms))
    })
}

/// Takes a send back that waits for room, because a member does not receive what it is told: nobody
/// is told of it then. `END`: it has gone out.
///
/// # Safety
/// `sent` comes from `lwg_send_begin`, `lwg_send` or `lwg_send_through`; it is still to be freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_cancel(sent: *mut Asked) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        unsafe { borrow(sent)? }.cancel()
    })
}

/// lwg_get_next_reply: `END` once every member has replied, declined or is lost. Free it with
/// `lwg_done`.
///
/// # Safety
/// `sent` comes from `lwg_send`; `message` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_get_next_reply(
    sent: *mut Asked,
    patience_ms: u32,
    message: *mut *mut Message,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        put(message, unsafe { borrow(sent)? }.next_reply(patience(patience_ms))?)
    })
}

/// A member that will never reply, as `name#incarnation`: the `index`-th of those lost, from 0;
/// null if there are no more. Complete once `lwg_get_next_reply` says `END`; valid as long as
/// `sent` is.
///
/// # Safety
/// `sent` comes from `lwg_send`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_lost(sent: *mut Asked, index: usize) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { sent.as_ref() }.map_or(core::ptr::null(), |sent| sent.silent(false, index))
}

/// The same of the members that have declined to reply.
///
/// # Safety
/// `sent` comes from `lwg_send`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_declined(sent: *mut Asked, index: usize) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { sent.as_ref() }.map_or(core::ptr::null(), |sent| sent.silent(true, index))
}

/// lwg_discard_replies: no more are wanted, and what was sent is forgotten.
///
/// # Safety
/// `sent` comes from `lwg_send` or `lwg_send_begin` and is not used again; null does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_discard_replies(sent: *mut Asked) {
    // SAFETY: the caller's promise.
    unsafe { free(sent) };
}

pub(crate) fn how_of(order: c_char) -> Done<How> {
    let letter = order as u8;
    let order = match letter.to_ascii_lowercase() {
        b'm' => Order::Unordered,
        b'f' => Order::Fifo,
        b'c' => Order::Causal,
        b't' => Order::Total,
        b'g' => Order::Global,
        _ => {
            return Err(bad("an order is 'm', 'f', 'c', 't' or 'g', or its capital: safe"));
        }
    };
    Ok(How { safe: letter.is_ascii_uppercase(), ..How::from(order) })
}
