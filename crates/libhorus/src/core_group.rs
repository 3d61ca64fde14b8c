//! Core groups of the program's own, meant by a word: with an electorate one side of a group that
//! has parted is primary, and its views say so.

use core::ffi::{c_char, c_int};
use std::ffi::CString;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use roof::{CoreGroup, CoreHeard, Fault, NodeId, Partition, Terms, wrong_name};

use crate::Done;
use crate::doorbell::Pull;
use crate::handed::{body, borrow, free, put, put_value, text, texts};
use crate::handles::{Message, Patience, Tower, shown};
use crate::sending::how_of;
use crate::status::{bad, failed, guarded, late, message_first, wrong};

/// A core group.
pub struct Core {
    group: CoreGroup,
    tower: Tower,
    pull: Arc<Pull>,
    next: Mutex<Next>,
}

#[derive(Default)]
struct Next {
    /// Heard while it was looked whether the doorbell is to ring.
    heard: Option<CoreHeard>,
    /// Who is in the view that was taken last: C holds on to the names.
    names: Vec<CString>,
}

/// A view of a core group.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct horus_core_view {
    /// Grows with each view that this process is told; sides that are apart may share it.
    pub number: u64,
    /// How many members it has; `horus_core_member` names them.
    pub members: usize,
    /// 1 if it is primary, 0 if not; -1 where the group has no electorate, or it did not become
    /// known before the view ended.
    pub primary: c_int,
}

/// What is for who asks: views, or messages.
type Wanted = fn(&CoreHeard) -> bool;

impl Core {
    fn new(tower: &Tower, group: CoreGroup) -> Self {
        let (tower, pull) = (tower.clone(), tower.pull());
        let core = Self { group, tower, pull, next: Mutex::default() };
        core.look();
        core
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next thing if it is here; none if it is not wanted: then it stays where it is.
    fn poll(
        &self,
        context: &mut Context<'_>,
        wanted: Wanted,
    ) -> Poll<Result<Option<CoreHeard>, roof::Error>> {
        let mut next = self.next();
        while next.heard.is_none() {
            match Pin::new(&mut self.group.hear()).poll(context) {
                Poll::Ready(Ok(what)) => next.heard = Some(what).filter(is_told),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(next.heard.take_if(|heard| wanted(heard))))
    }

    /// Has the doorbell rung, now or when the next thing comes, and not before.
    fn look(&self) {
        self.pull.silence();
        let waker = Waker::from(Arc::clone(&self.pull));
        if let Poll::Ready(Ok(_)) = self.poll(&mut Context::from_waker(&waker), |_| false) {
            self.pull.ring();
        }
    }

    /// The next thing, if it is one of these; what could not be carried out is told first.
    fn hear(&self, patience: Patience, wanted: Wanted) -> Done<CoreHeard> {
        let next = poll_fn(|context| self.poll(context, wanted));
        let heard = self.tower.horus.wait(next, Some(patience.left()));
        self.look();
        match heard.ok_or_else(late)?.map_err(wrong)? {
            Some(CoreHeard::Fault(fault)) => Err(failed(&self.told(fault))),
            Some(heard) => Ok(heard),
            None => Err(message_first()),
        }
    }

    /// Notes whom a view names.
    fn note(&self, heard: &CoreHeard) {
        if let CoreHeard::View(view) = heard {
            let names = view.members.iter().map(|member| shown(&self.tower.horus, *member));
            self.next().names = names.collect();
        }
    }

    fn told(&self, fault: Fault) -> String {
        match fault {
            Fault::Missing(who) => {
                let who: Vec<String> =
                    who.into_iter().map(|who| self.tower.horus.book().show(who)).collect();
                format!("these did not come: {}", who.join(", "))
            }
            other => format!("it could not be carried out: {other:?}"),
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.pull.silence();
    }
}

/// Whether C is told of it: sides that become one have a view, a multicast that was refused is told
/// to who sent it, and who is in already has what it asked for.
const fn is_told(heard: &CoreHeard) -> bool {
    match heard {
        CoreHeard::View(_) | CoreHeard::Message { .. } => true,
        CoreHeard::Fault(fault) => {
            let views_tell = matches!(fault, Fault::Excluded { .. } | Fault::Denied(_));
            !views_tell && !matches!(fault, Fault::NotPrimary | Fault::AlreadyIn)
        }
        CoreHeard::Merged(_) | CoreHeard::Asks { .. } => false,
    }
}

const fn is_no_message(heard: &CoreHeard) -> bool {
    !matches!(heard, CoreHeard::Message { .. })
}

/// Says, before the core group of this word is founded or joined, which of its views are primary:
/// those with most of these nodes, each in the group since it was founded or since it came into a
/// primary view. With `refuse` other views take no multicasts. Every member is to say the same.
///
/// # Safety
/// `tower` comes from `horus_open`; `word` is a string that ends with 0, `nodes` an array of
/// `count` such strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_core_primary(
    tower: *mut Tower,
    word: *const c_char,
    nodes: *const *const c_char,
    count: usize,
    refuse: c_int,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (tower, word) = unsafe { (borrow(tower)?, text(word)?) };
        // SAFETY: the caller's promise.
        let nodes = unsafe { texts(nodes, count)? };
        if nodes.is_empty() {
            return Err(bad("nobody is to elect"));
        }
        if let Some(why) = nodes.iter().find_map(|name| wrong_name(name)) {
            return Err(bad(&why));
        }
        let electorate = nodes.into_iter().map(NodeId::of_name).collect();
        let partition = Partition::Primary { electorate, refuse: refuse != 0 };
        let terms = Terms { partition, ..Terms::default() };
        tower.horus.set_terms(word, terms).map_err(wrong)
    })
}

/// Starts the core group of this word with these members, who are waited for until they have been
/// met, and this process. Its views and messages, or who could not be had, are told by
/// `horus_core_next_view` and `horus_core_receive`. Free it with `horus_core_free`.
///
/// # Safety
/// `tower` comes from `horus_open`; `word` is a string that ends with 0, `members` an array of
/// `count` such strings; `core` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_core_found(
    tower: *mut Tower,
    word: *const c_char,
    members: *const *const c_char,
    count: usize,
    patience_ms: u32,
    core: *mut *mut Core,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (tower, word) = unsafe { (borrow(tower)?, text(word)?) };
        // SAFETY: the caller's promise.
        let names = unsafe { texts(members, count)? };
        let members = tower.members(&names, Patience::of(patience_ms))?;
        let group = tower.horus.found(word, &members).map_err(wrong)?;
        put(core, Core::new(tower, group))
    })
}

/// Joins the core group of this word, by way of whoever was met and is in it. If nobody has let it
/// in after ten seconds, `horus_core_next_view` answers `FAILED`. Who was invited by its founder is
/// in already, and has this handle all the same. Free it with `horus_core_free`.
///
/// # Safety
/// `tower` comes from `horus_open`; `word` is a string that ends with 0; `core` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_core_join(
    tower: *mut Tower,
    word: *const c_char,
    core: *mut *mut Core,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (tower, word) = unsafe { (borrow(tower)?, text(word)?) };
        put(core, Core::new(tower, tower.horus.join(word, None)))
    })
}

/// Multicasts to the group's present view, this process included, and waits until it has gone out.
/// `FAILED` if it was not sent: it had to wait for longer, or the view is not primary and refuses.
///
/// # Safety
/// `core` comes from `horus_core_found` or `horus_core_join`; `bytes` are `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_core_send(
    core: *mut Core,
    order: c_char,
    bytes: *const u8,
    length: usize,
    patience_ms: u32,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (core, body) = unsafe { (borrow(core)?, body(bytes, length)?) };
        let patience = Patience::of(patience_ms);
        let posted = core.group.cast(how_of(order)?, body).map_err(wrong)?;
        posted.sent_within(patience.left()).map_err(wrong)
    })
}

/// The next message of the group; views are passed over, see `horus_core_next_view`. `lwg_bytes`
/// and `lwg_from` read it; free it with `lwg_done`.
///
/// # Safety
/// `core` comes from `horus_core_found` or `horus_core_join`; `message` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_core_receive(
    core: *mut Core,
    patience_ms: u32,
    message: *mut *mut Message,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (core, patience) = (unsafe { borrow(core)? }, Patience::of(patience_ms));
        loop {
            match core.hear(patience, |_| true)? {
                CoreHeard::Message { from, body, .. } => {
                    return put(message, Message::of_core(&core.tower.horus, from, &body));
                }
                heard => core.note(&heard),
            }
        }
    })
}

/// The group's next view, which is its present one from then on. `MESSAGE`: a message comes first,
/// and is to be received before this is asked again.
///
/// # Safety
/// `core` comes from `horus_core_found` or `horus_core_join`; `view` can be written to, or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_core_next_view(
    core: *mut Core,
    patience_ms: u32,
    view: *mut horus_core_view,
) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (core, patience) = (unsafe { borrow(core)? }, Patience::of(patience_ms));
        loop {
            let heard = core.hear(patience, is_no_message)?;
            core.note(&heard);
            let CoreHeard::View(next) = heard else { continue };
            if view.is_null() {
                return Ok(());
            }
            let primary = next.primary.map_or(-1, c_int::from);
            let (number, members) = (next.id.epoch, next.members.len());
            return put_value(view, horus_core_view { number, members, primary });
        }
    })
}

/// The name of a member of the view that was taken last, as `name#incarnation`: the `index`-th,
/// from 0, in the order of the view, which is the same at all members; null if there are no more.
/// Valid until the next view is taken.
///
/// # Safety
/// `core` comes from `horus_core_found` or `horus_core_join`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_core_member(core: *mut Core, index: usize) -> *const c_char {
    // SAFETY: the caller's promise.
    let Some(core) = (unsafe { core.as_ref() }) else { return core::ptr::null() };
    core.next().names.get(index).map_or(core::ptr::null(), |name| name.as_ptr())
}

/// Leaves the group: what is still owed is told, and then `END`.
///
/// # Safety
/// `core` comes from `horus_core_found` or `horus_core_join`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_core_leave(core: *mut Core) -> c_int {
    guarded(|| {
        // SAFETY: the caller's promise.
        unsafe { borrow(core)? }.group.leave();
        Ok(())
    })
}

/// Frees a handle; the process stays in the group.
///
/// # Safety
/// `core` comes from `horus_core_found` or `horus_core_join` and is not used again; null does
/// nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn horus_core_free(core: *mut Core) {
    // SAFETY: the caller's promise.
    unsafe { free(core) };
}
