//! Outside: groups that are more than plain, and sending to a group without being in it.

use core::ffi::{c_char, c_int};

use roof::{LwgId, Traits};

use crate::handed::{body, borrow, put, put_value, text, texts};
use crate::handles::{Asked, Lwg, Patience, Tower};
use crate::sending::how_of;
use crate::status::guarded;

/// Names a group, the same at every process.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct lwg_name {
    /// A hash of who created it.
    pub creator: u64,
    /// Which of its groups it is.
    pub count: u64,
}

impl lwg_name {
    const fn id(self) -> LwgId {
        LwgId { creator: self.creator, count: self.count }
    }
}

/// lwg_create, of a group that is more than plain: with `open` processes outside may send to it
/// (`lwg_send_through`); with `relaxed` nobody in it waits for anybody, and whoever is in its core
/// group may send to it (`lwg_send_beside`). Each is 0 or not. Free it with `lwg_free`.
///
/// # Safety
/// As `lwg_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_create_with(
    tower: *mut Tower,
    members: *const *const c_char,
    count: usize,
    patience_ms: u32,
    open: c_int,
    relaxed: c_int,
    lwg: *mut *mut Lwg,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (tower, names) = unsafe { (borrow(tower)?, texts(members, count)?) };
        let patience = Patience::of(patience_ms);
        let members = tower.members(&names, patience)?;
        let traits = Traits { open: open != 0, relaxed: relaxed != 0 };
        put(lwg, tower.create(&members, traits, patience)?)
    })
}

/// The name of a group, which means it at every process: for who sends to it from outside.
///
/// # Safety
/// `lwg` comes from `lwg_create` or `lwg_invited`; `name` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_name_of(lwg: *mut Lwg, name: *mut lwg_name) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let id = unsafe { borrow(lwg)? }.group.id();
        put_value(name, lwg_name { creator: id.creator, count: id.count })
    })
}

/// lwg_send to an open group that this process is not in, by way of a member of it, who is waited
/// for until it has been met. With `sent` replies of all members are wanted; if the member cannot
/// pass it on, `lwg_lost` names it.
///
/// # Safety
/// `tower` comes from `horus_open`; `member` is a string that ends with 0; `bytes` are `length`
/// bytes; `sent` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_send_through(
    tower: *mut Tower,
    member: *const c_char,
    patience_ms: u32,
    group: lwg_name,
    order: c_char,
    bytes: *const u8,
    length: usize,
    sent: *mut *mut Asked,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (tower, member) = unsafe { (borrow(tower)?, text(member)?) };
        // SAFETY: the caller's promise.
        let (order, body) = (how_of(order)?, unsafe { body(bytes, length)? });
        let member = tower.members(&[member], Patience::of(patience_ms))?[0];
        let asked = tower.through(member, group.id(), order, (body, !sent.is_null()))?;
        if sent.is_null() { Ok(()) } else { put(sent, asked) }
    })
}

/// lwg_send to a relaxed group that this process is not in, though in its core group: a sensor's
/// way. Lost in silence where no such group is known.
///
/// # Safety
/// `tower` comes from `horus_open`; `bytes` are `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lwg_send_beside(
    tower: *mut Tower,
    group: lwg_name,
    order: c_char,
    bytes: *const u8,
    length: usize,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (tower, body) = unsafe { (borrow(tower)?, body(bytes, length)?) };
        tower.beside(group.id(), how_of(order)?, body)
    })
}
