//! Handles: what C holds, each a box around what the roof gives.

use core::ffi::c_int;
use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use roof::{
    Config, Endpoint, Group, Heard, Horus, How, LwgId, Pending, Received, Sent, SetId, Traits,
    View, ViewId,
};

use crate::doorbell::{Doorbell, Pull};
use crate::status::{bad, ended, failed, late, message_first, wrong};
use crate::{Done, Endpoints, horus_status};

/// A tower.
#[derive(Clone)]
pub struct Tower {
    pub(crate) horus: Horus,
    bell: Arc<Doorbell>,
}

impl Tower {
    /// Behind a daemon it may listen nowhere.
    pub(crate) fn open(name: &str, listen: Option<&str>, settings: &[&str]) -> Done<Self> {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let address = listen.map_or(Ok(anywhere), roof::read_address);
        let config = Config::new(name, address.map_err(|why| bad(&format!("listen: {why}")))?);
        let config = config.with_settings(settings).map_err(wrong)?;
        if listen.is_none() && config.daemon.is_none() {
            return Err(bad("it has to listen somewhere, or to have a daemon"));
        }
        Self::of(config)
    }

    pub(crate) fn attach(name: &str, socket: &str) -> Done<Self> {
        Self::open(name, None, &[&format!("daemon={socket}")])
    }

    fn of(config: Config) -> Done<Self> {
        let horus = Horus::embedded(config).map_err(wrong)?;
        let bell = Doorbell::new().map_err(|_| bad("no descriptors are left for the doorbell"))?;
        Ok(Self { horus, bell: Arc::new(bell) })
    }

    /// It leaves every group now: handles of its groups may go on living.
    pub(crate) fn close(&self) {
        self.horus.close();
    }

    pub(crate) fn poll_fd(&self) -> c_int {
        self.bell.descriptor()
    }

    /// What rings the doorbell for one group.
    pub(crate) fn pull(&self) -> Arc<Pull> {
        self.bell.pull()
    }

    pub(crate) fn port(&self) -> Done<u16> {
        self.horus.address().map(|address| address.port()).map_err(wrong)
    }

    pub(crate) fn meet(&self, name: &str, address: &str) -> Done {
        let address = roof::read_address(address).map_err(|why| bad(&why))?;
        roof::wrong_address(address).map_or(Ok(()), |why| Err(bad(&why)))?;
        self.horus.meet(name, address).map_err(wrong)
    }

    pub(crate) fn members(&self, names: &[&str], patience: Patience) -> Done<Endpoints> {
        members(&self.horus, names, patience)
    }

    pub(crate) fn create(
        &self,
        members: &Endpoints,
        traits: Traits,
        patience: Patience,
    ) -> Done<Lwg> {
        Ok(Lwg::new(self, patience.wait(self.ask_for(members, traits))?))
    }

    /// Asks for a group, and waits for nothing.
    pub(crate) fn ask_for(&self, members: &Endpoints, traits: Traits) -> Pending<Group> {
        self.horus.create_in(SetId::DEFAULT, members, traits)
    }

    /// Sends to a group from outside, by way of a member; whether replies are wanted.
    pub(crate) fn through(
        &self,
        member: Endpoint,
        lwg: LwgId,
        how: How,
        (body, replies): (Vec<u8>, bool),
    ) -> Done<Asked> {
        let sent = match replies {
            true => self.horus.ask_through(member, lwg, how, body),
            false => self.horus.send_through(member, lwg, how, body),
        };
        Ok(Asked::of(&self.horus, sent.map_err(wrong)?))
    }

    /// Sends to a relaxed group without being in it.
    pub(crate) fn beside(&self, lwg: LwgId, how: How, body: Vec<u8>) -> Done {
        self.horus.send_beside(lwg, how, body).map_err(wrong).map(drop)
    }

    pub(crate) fn invited(&self, patience: Duration) -> Done<Lwg> {
        match self.horus.invited().wait_for(patience) {
            Ok(group) => Ok(Lwg::new(self, group.map_err(wrong)?)),
            Err(_) => Err(late()),
        }
    }
}

/// How long a call may still take.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    start: Instant,
    whole: Duration,
}

impl Patience {
    /// From now on.
    pub(crate) fn of(ms: u32) -> Self {
        Self { start: Instant::now(), whole: crate::patience(ms) }
    }

    pub(crate) fn left(self) -> Duration {
        self.whole.saturating_sub(self.start.elapsed())
    }

    /// What comes of an ask, if it does in time; it is not taken back.
    pub(crate) fn wait<T: 'static>(self, asked: Pending<T>) -> Done<T> {
        asked.wait_for(self.left()).map_err(|_| late())?.map_err(wrong)
    }
}

fn members(horus: &Horus, names: &[&str], patience: Patience) -> Done<Endpoints> {
    met(horus, names, patience)?.map_err(|name| failed(&not_met(name)))
}

/// Those of these names, or the first that was not met in time.
pub(crate) fn met<'a>(
    horus: &Horus,
    names: &[&'a str],
    patience: Patience,
) -> Done<Result<Endpoints, &'a str>> {
    let mut all = Endpoints::new();
    for name in names {
        match horus.member(name).wait_for(patience.left()) {
            Some(found) => all.push(found.map_err(wrong)?),
            None => return Ok(Err(name)),
        }
    }
    Ok(Ok(all))
}

pub(crate) fn not_met(name: &str) -> String {
    format!("{name} was not met in time; is it running?")
}

/// A light-weight group.
pub struct Lwg {
    pub(crate) group: Arc<Group>,
    pub(crate) tower: Tower,
    /// Who is in the view that C asked about last: it holds on to the names.
    named: Mutex<(Option<ViewId>, Vec<CString>)>,
    pull: Arc<Pull>,
    next: Mutex<Next>,
}

impl Lwg {
    pub(crate) fn new(tower: &Tower, group: Group) -> Self {
        let (tower, pull) = (tower.clone(), tower.pull());
        let (named, next) = (Mutex::default(), Mutex::default());
        let lwg = Self { group: Arc::new(group), tower, named, pull, next };
        lwg.look();
        lwg
    }

    pub(crate) fn members(&self, names: &[&str], patience: Patience) -> Done<Endpoints> {
        self.tower.members(names, patience)
    }

    /// How many members the present view has.
    pub(crate) fn member_count(&self) -> usize {
        self.next().present().map_or(0, |view| view.members.len())
    }

    /// The name of a member of the present view; null if it has not so many.
    pub(crate) fn member(&self, index: usize) -> *const c_char {
        let Some(view) = self.next().present().cloned() else { return std::ptr::null() };
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.0 != Some(view.id) {
            let names = view.members.iter().map(|member| shown(&self.tower.horus, *member));
            *named = (Some(view.id), names.collect());
        }
        named.1.get(index).map_or(std::ptr::null(), |name| name.as_ptr())
    }

    /// Nothing is sent that nobody would see fail.
    pub(crate) fn is_open(&self) -> Done {
        self.tower.horus.ended().map_or(Ok(()), |why| Err(failed(&why)))
    }

    /// Sends unless it has to wait for room longer than that.
    pub(crate) fn send_within(&self, patience: Duration, how: How, body: Vec<u8>) -> Done {
        match self.group.send_within(patience, how, body) {
            Ok(_) => Ok(()),
            Err(roof::Error::NotSent) => Err(late()),
            Err(error) => Err(wrong(error)),
        }
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next thing if it is here; none if it is not wanted: then it stays where it is.
    fn poll(&self, context: &mut Context<'_>, wanted: Wanted) -> Poll<Polled> {
        let mut next = self.next();
        if next.heard.is_none() {
            match Pin::new(&mut self.group.hear()).poll(context) {
                Poll::Ready(Ok(what)) => next.heard = Some(what),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        let taken = next.heard.take_if(|heard| wanted(heard));
        if let Some(Heard::View(view)) = &taken {
            next.view = Some(view.clone());
        }
        Poll::Ready(Ok(taken))
    }

    /// The same at once; what comes later rings the doorbell.
    fn try_poll(&self, wanted: Wanted) -> Poll<Polled> {
        let waker = Waker::from(Arc::clone(&self.pull));
        self.poll(&mut Context::from_waker(&waker), wanted)
    }

    /// Has the doorbell rung, now or when the next thing comes, and not before.
    fn look(&self) {
        self.pull.silence();
        if let Poll::Ready(Ok(_)) = self.try_poll(|_| false) {
            self.pull.ring();
        }
    }

    /// The next thing heard.
    pub(crate) fn hear(&self, patience: Duration) -> Done<Heard> {
        self.hear_if(patience, |_| true)
    }

    fn hear_if(&self, patience: Duration, wanted: Wanted) -> Done<Heard> {
        let heard = match self.try_poll(wanted) {
            Poll::Ready(heard) => Some(heard),
            Poll::Pending if patience.is_zero() => None,
            Poll::Pending => {
                let next = poll_fn(|context| self.poll(context, wanted));
                self.tower.horus.wait(next, Some(patience))
            }
        };
        self.look();
        heard.ok_or_else(late)?.map_err(wrong)?.ok_or_else(message_first)
    }

    /// The next view, if no message comes before it.
    pub(crate) fn next_view(&self, patience: Patience) -> Done<View> {
        loop {
            if let Heard::View(view) = self.hear_if(patience.left(), is_no_message)? {
                return Ok(view);
            }
        }
    }

    /// The present view once it has so many members, if no message comes before that.
    pub(crate) fn view_of(&self, members: usize, patience: Patience) -> Done<View> {
        loop {
            // What has come counts before what was taken last.
            let mut come = self.try_poll(is_no_message);
            while let Poll::Ready(Ok(Some(_))) = come {
                come = self.try_poll(is_no_message);
            }
            let present = self.next().view.clone();
            let is_so = |view: &View| view.members.len() == members;
            match present.filter(is_so) {
                Some(view) if !matches!(come, Poll::Ready(Err(_))) => {
                    self.look();
                    return Ok(view);
                }
                // It says so if the group is over.
                _ => self.next_view(patience)?,
            };
        }
    }

    pub(crate) fn message(&self, received: Received) -> Message {
        let from = shown(&self.tower.horus, received.from());
        Message { from, what: What::Received(received) }
    }
}

impl Drop for Lwg {
    fn drop(&mut self) {
        self.pull.silence();
    }
}

/// What is next in a group.
#[derive(Default)]
struct Next {
    /// Heard while it was looked whether the doorbell is to ring: no more, so that what C does not
    /// receive lies where it counts.
    heard: Option<Heard>,
    /// The view of what was taken last.
    view: Option<View>,
}

impl Next {
    /// The present view: the first one is that before it is taken, for there is no other.
    fn present(&self) -> Option<&View> {
        match (&self.view, &self.heard) {
            (None, Some(Heard::View(first))) => Some(first),
            (taken, _) => taken.as_ref(),
        }
    }
}

/// A look at the next thing: what it is, or none if it is not for who looks.
type Polled = Result<Option<Heard>, roof::Error>;

/// Whether the next thing is for who asks.
type Wanted = fn(&Heard) -> bool;

const fn is_no_message(heard: &Heard) -> bool {
    !matches!(heard, Heard::Message(_))
}

pub(crate) fn shown(horus: &Horus, member: Endpoint) -> CString {
    CString::new(horus.show(member)).unwrap_or_default()
}

/// A send that is followed: its replies, and whether all have it.
pub struct Asked {
    sent: Sent,
    horus: Horus,
    /// Who was named so far: C holds on to the names.
    named: Mutex<BTreeMap<(bool, usize), CString>>,
}

impl Asked {
    pub(crate) fn new(lwg: &Lwg, sent: Sent) -> Self {
        Self::of(&lwg.tower.horus, sent)
    }

    fn of(horus: &Horus, sent: Sent) -> Self {
        Self { sent, horus: horus.clone(), named: Mutex::default() }
    }

    /// The name of one who declined, or is lost; null if there are not so many.
    pub(crate) fn silent(&self, declined: bool, index: usize) -> *const c_char {
        let who = if declined { self.sent.declined() } else { self.sent.lost() };
        let Some(who) = who.get(index) else { return std::ptr::null() };
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.entry((declined, index)).or_insert_with(|| shown(&self.horus, *who)).as_ptr()
    }

    pub(crate) fn stable(&self, patience: Patience) -> Done {
        self.sent.stable().wait_for(patience.left()).ok_or_else(late)?.map_err(wrong)
    }

    /// It answers within a turn of the tower.
    pub(crate) fn cancel(&self) -> Done {
        let back = self.sent.cancel().wait().map_err(wrong)?;
        if back { Ok(()) } else { Err(ended("it has gone out")) }
    }

    pub(crate) fn next_reply(&self, patience: Duration) -> Done<Message> {
        match self.sent.next_reply().wait_for(patience).ok_or_else(late)?.map_err(wrong)? {
            Some((from, body)) => {
                let from = shown(&self.horus, from);
                Ok(Message { from, what: What::Reply(body.to_vec()) })
            }
            None => Err(horus_status::END),
        }
    }
}

/// A message, or a reply.
pub struct Message {
    pub(crate) from: CString,
    what: What,
}

enum What {
    Received(Received),
    Reply(Vec<u8>),
    /// Nobody wants a reply to it.
    Unasked(Vec<u8>),
}

impl Message {
    /// Of a core group, where nothing is replied.
    pub(crate) fn of_core(horus: &Horus, from: Endpoint, body: &[u8]) -> Self {
        Self { from: shown(horus, from), what: What::Unasked(body.to_vec()) }
    }

    pub(crate) fn body(&self) -> &[u8] {
        match &self.what {
            What::Received(received) => received.body(),
            What::Reply(body) | What::Unasked(body) => body,
        }
    }

    pub(crate) fn reply(self, body: Vec<u8>) -> Done {
        match self.what {
            What::Received(received) => {
                received.reply(body);
                Ok(())
            }
            What::Reply(_) => Err(bad("a reply is not replied to")),
            What::Unasked(_) => Err(bad("what comes in a core group is not replied to")),
        }
    }
}
