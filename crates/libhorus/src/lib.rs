//! libhorus: Table 1 of the paper as C functions, over the roof.
//!
//! Every function answers 0 or a value of `horus_status`; what went wrong in words is kept for the
//! calling thread (`horus_error`). Nothing unwinds into C. What C gives is read during the call and
//! not kept; what C gets it gives back with the function that its description names.
#![allow(unsafe_code, reason = "C hands over pointers; each function says what they must be")]

pub mod begun;
pub mod core_group;
mod doorbell;
mod handed;
mod handles;
mod operation;
pub mod outside;
pub mod sending;
mod status;
pub mod views;

use core::ffi::{c_char, c_int};
use std::time::Duration;

use handed::{body, borrow, free, put, put_value, text, texts};
use handles::{Lwg, Patience, Tower};
use roof::{Endpoint, Group, Heard, Pending};
use status::guarded;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub enum horus_status {
    /// As asked.
    OK = 0,
    /// It failed; `horus_error` says why.
    FAILED = 1,
    /// It did not come in time: ask again.
    LATE = 2,
    /// There is no more: the group is over for this process, or every reply has come.
    END = 3,
    /// An argument cannot be: a null pointer, text that is not UTF-8, an unknown order or setting.
    WRONG = 4,
    /// A message of the group comes first: receive it, and ask again.
    MESSAGE = 5,
}

/// Opens a tower in this process: `name` is the node's, `listen` where it listens, for example
/// "127.0.0.1:0". Close it with `horus_close`.
///
/// # Safety
/// `name` and `listen` are strings that end with 0; `tower` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_open(
    name: *const c_char,
    listen: *const c_char,
    tower: *mut *mut Tower,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (name, listen) = unsafe { (text(name)?, text(listen)?) };
        put(tower, Tower::open(name, Some(listen), &[])?)
    })
}

/// The same with settings, each "key=value": what `horus node` calls its options.
///
/// `key_file` (keys, as `horus keygen` makes them) or `insecure` (`true`: every host that can
/// reach this one is trusted, which is said once on standard error) are needed for any address but
/// loopback. `peer` says where another node listens, `b=192.0.2.2:7001`. `state` is the directory
/// where the last incarnation is kept, `hall` an IP multicast group that all nodes share. `profile`
/// is `local`, `lan` or `wan`; over it go `silence_ms`, `beat_ms`, `untaken_ms`. `policy` places
/// groups: `smallest`, `adaptive`, `one-to-one` or `by-hand`; `k`: others at most. `causality` is
/// `group` or `system`. Others are found by `seed`, `service`, `name_server`, `beside`, `beacon`,
/// `system`; `expect`, `first` and `patience` (seconds) say whom it must have met before this
/// returns. `operators` is a socket where `horus status` asks. `daemon` is that of a horusd: then
/// `listen` may be null, and keys, peers and times are its own. `peer`, `seed`, `service` and
/// `name_server` may be there several times; of others the last counts. For a key that there is
/// not, or a value that cannot be, it is `WRONG`, and `horus_error` names it and says what would be
/// right.
///
/// # Safety
/// `name` is a string that ends with 0, `listen` too, or null; `settings` is an array of `count`
/// strings that end with 0; `tower` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_open_with(
    name: *const c_char,
    listen: *const c_char,
    settings: *const *const c_char,
    count: usize,
    tower: *mut *mut Tower,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let name = unsafe { text(name)? };
        // SAFETY: the same.
        let listen = (!listen.is_null()).then(|| unsafe { text(listen) }).transpose()?;
        // SAFETY: the same.
        let settings = if count == 0 { Vec::new() } else { unsafe { texts(settings, count)? } };
        put(tower, Tower::open(name, listen, &settings)?)
    })
}

/// Opens a tower on the kernel of the horusd that listens at `socket`, a path such as
/// "/run/horus/horusd.sock": nothing else differs from `horus_open`. Close it with `horus_close`.
///
/// # Safety
/// `name` and `socket` are strings that end with 0; `tower` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_attach(
    name: *const c_char,
    socket: *const c_char,
    tower: *mut *mut Tower,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (name, socket) = unsafe { (text(name)?, text(socket)?) };
        put(tower, Tower::attach(name, socket)?)
    })
}

/// Closes a tower: it leaves every group at once. What is asked of its groups, messages and replies
/// from now on fails, and nothing more is received; they are still to be freed, before or after
/// this.
///
/// # Safety
/// `tower` comes from `horus_open` or `horus_attach` and is not used again; null does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_close(tower: *mut Tower) {
    // SAFETY: the caller's promise.
    if let Some(open) = unsafe { tower.as_ref() } {
        open.close();
    }
    // SAFETY: the same.
    unsafe { free(tower) };
}

/// Why the last call of this thread failed; empty if it did not. The place is the same at each call
/// and is valid as long as the thread lives; what stands there is that of the thread's last call,
/// so copy what is to be kept. Longer than 4,095 bytes it is cut off.
#[unsafe(no_mangle)]
pub extern "C" fn horus_error() -> *const c_char {
    status::last()
}

/// A descriptor that becomes readable when something has come for any group of this tower:
/// for `poll` and its kin. It is the tower's own; empty once `lwg_receive` with a patience of 0 has
/// been called on each group that something came for until it answered late.
///
/// # Safety
/// `tower` comes from `horus_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_poll_fd(tower: *mut Tower) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { tower.as_ref() }.map_or(-1, Tower::poll_fd)
}

/// Says where another node listens.
///
/// # Safety
/// `tower` comes from `horus_open`; `name` and `address` are strings that end with 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_meet(
    tower: *mut Tower,
    name: *const c_char,
    address: *const c_char,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (tower, name, address) = unsafe { (borrow(tower)?, text(name)?, text(address)?) };
        tower.meet(name, address)
    })
}

/// The port that the tower listens on.
///
/// # Safety
/// `tower` comes from `horus_open`; `port` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_port(tower: *mut Tower, port: *mut u16) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let found = unsafe { borrow(tower)? }.port()?;
        put_value(port, found)
    })
}

/// lwg_create: a group of the members of these names, waiting until they have been met and it is
/// made, for at most so many milliseconds together. With `LATE` it may still be made: then what
/// this process is asked there is declined. Free it with `lwg_free`.
///
/// # Safety
/// `tower` comes from `horus_open`; `members` is an array of `count` strings that end with 0;
/// `lwg` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_create(
    tower: *mut Tower,
    members: *const *const c_char,
    count: usize,
    patience_ms: u32,
    lwg: *mut *mut Lwg,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { outside::lwg_create_with(tower, members, count, patience_ms, 0, 0, lwg) }
}

/// The next group that another process has put this one in. Free it with `lwg_free`.
///
/// # Safety
/// `tower` comes from `horus_open`; `lwg` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_invited(
    tower: *mut Tower,
    patience_ms: u32,
    lwg: *mut *mut Lwg,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        put(lwg, unsafe { borrow(tower)? }.invited(patience(patience_ms))?)
    })
}

/// Forgets a group: this process stays in it, and what it is asked there is declined.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited` and is not used again; null does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_free(lwg: *mut Lwg) {
    // SAFETY: the caller's promise.
    unsafe { free(lwg) };
}

/// Changes the members of a group.
///
/// # Safety
/// As `lwg_add`.
unsafe fn change(
    lwg: *mut Lwg,
    members: *const *const c_char,
    count: usize,
    patience_ms: u32,
    how: fn(&Group, &[Endpoint]) -> Pending<()>,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (lwg, names) = unsafe { (borrow(lwg)?, texts(members, count)?) };
        let patience = Patience::of(patience_ms);
        let members = lwg.members(&names, patience)?;
        patience.wait(how(&lwg.group, &members))
    })
}

/// lwg_add: members that are in already are passed over. Waits until the others have been met and
/// it is done, for at most so many milliseconds together; with `LATE` it may still be done.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited`; `members` is an array of `count` strings that
/// end with 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_add(
    lwg: *mut Lwg,
    members: *const *const c_char,
    count: usize,
    patience_ms: u32,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { change(lwg, members, count, patience_ms, Group::add) }
}

/// lwg_remove: leaving is removing oneself. Waits as `lwg_add` does.
///
/// # Safety
/// As `lwg_add`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_remove(
    lwg: *mut Lwg,
    members: *const *const c_char,
    count: usize,
    patience_ms: u32,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { change(lwg, members, count, patience_ms, Group::remove) }
}

/// lwg_destroy: the group is over for all; it is still to be freed. Waits until it is done, for at
/// most so many milliseconds; with `LATE` it may still be done.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_destroy(lwg: *mut Lwg, patience_ms: u32) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        Patience::of(patience_ms).wait(unsafe { borrow(lwg)? }.group.destroy())
    })
}

/// lwg_receive: the next message of the group; views are passed over, see `lwg_next_view`. Free it
/// with `lwg_done`, or answer it with `lwg_reply`.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited`; `message` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_receive(
    lwg: *mut Lwg,
    patience_ms: u32,
    message: *mut *mut handles::Message,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (lwg, patience) = (unsafe { borrow(lwg)? }, Patience::of(patience_ms));
        loop {
            match lwg.hear(patience.left())? {
                Heard::Message(received) => return put(message, lwg.message(received)),
                _ => continue,
            }
        }
    })
}

/// Where a message's bytes lie and how many there are; valid until it is freed or answered.
///
/// # Safety
/// `message` comes from `lwg_receive` or `lwg_get_next_reply`; `length` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_bytes(
    message: *mut handles::Message,
    length: *mut usize,
) -> *const u8 {
    // SAFETY: the caller's promise.
    let Some(message) = (unsafe { message.as_ref() }) else { return core::ptr::null() };
    match put_value(length, message.body().len()) {
        Ok(()) => message.body().as_ptr(),
        Err(_) => core::ptr::null(),
    }
}

/// Who sent a message, as `name#incarnation`; valid until it is freed or answered.
///
/// # Safety
/// `message` comes from `lwg_receive` or `lwg_get_next_reply`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_from(message: *mut handles::Message) -> *const c_char {
    // SAFETY: the caller's promise.
    let message = unsafe { message.as_ref() };
    message.map_or(core::ptr::null(), |message| message.from.as_ptr())
}

/// Frees a message. If its sender wants replies, that declines.
///
/// # Safety
/// `message` comes from `lwg_receive` or `lwg_get_next_reply` and is not used again; null does
/// nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_done(message: *mut handles::Message) {
    // SAFETY: the caller's promise.
    unsafe { free(message) };
}

/// lwg_reply: answers a message and frees it.
///
/// # Safety
/// `message` comes from `lwg_receive` and is not used again; `bytes` are `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_reply(
    message: *mut handles::Message,
    bytes: *const u8,
    length: usize,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let body = unsafe { body(bytes, length)? };
        if message.is_null() {
            return Err(status::bad("no message"));
        }
        // SAFETY: it was made by a box, and the caller gives it back.
        unsafe { Box::from_raw(message) }.reply(body)
    })
}

type Done<T = ()> = Result<T, horus_status>;

fn patience(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

/// One endpoint for each name.
type Endpoints = Vec<Endpoint>;
