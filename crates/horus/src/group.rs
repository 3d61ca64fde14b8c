//! Group: Table 1 of the paper as methods. Dropping is discarding.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lwg::{Down, Endpoint, How, LwgId, Message, Order, Up, View, ViewId};
use parking_lot::Mutex;

use crate::door::Door;
use crate::error::{Error, can_be, fits};
use crate::limits::MEMBERS_MAX;
use crate::mailbox::Mailbox;
use crate::sent::Sent;
use crate::shared::{Hook, Room};
use crate::wait::{Pending, Wait};

/// A light-weight group that this process is in, or has made.
///
/// Who has made it for others and is not in it hears what members tell it alone, and all from when
/// a member adds it. Until then it multicasts nothing by this handle ([`Error::Out`]), but to an
/// open group by [`crate::Horus::send_through`] and [`crate::Horus::ask_through`]; and who is in
/// changes a member, for it is [`Error::NoGroup`] to who is not in the core group either.
///
/// Dropping it neither leaves nor destroys: it only stops listening, and what is asked of this
/// process in it is declined.
pub struct Group {
    door: Arc<Door>,
    lwg: LwgId,
    mailbox: Arc<Mailbox>,
    view: Mutex<Option<View>>,
}

/// One thing heard in a group, in the order that means something.
#[derive(Debug)]
pub enum Heard {
    /// The group has a new view here: what was heard before belongs to the view before.
    View(View),
    /// A multicast.
    Message(Received),
    /// A message to this process alone.
    Told {
        /// Who sent it.
        from: Endpoint,
        /// What.
        body: Bytes,
    },
}

impl Group {
    pub(crate) fn new(door: &Arc<Door>, lwg: LwgId, mailbox: Arc<Mailbox>) -> Self {
        Self { door: Arc::clone(door), lwg, mailbox, view: Mutex::new(None) }
    }

    pub(crate) const fn door(&self) -> &Arc<Door> {
        &self.door
    }

    /// Its name, the same at all members.
    #[must_use]
    pub const fn id(&self) -> LwgId {
        self.lwg
    }

    /// Whether anything was ever taken here.
    pub(crate) fn has_heard(&self) -> bool {
        self.mailbox.has_been_taken() || self.view.lock().is_some()
    }

    /// The view heard last; none before the first.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        self.view.lock().clone()
    }

    /// lwg_add: members that are in already are passed over, and it is `Ok` if all are.
    ///
    /// # Errors
    /// [`Error::Members`] if they are more than [`MEMBERS_MAX`]; [`Error::Missing`] if some were
    /// not met, are over, or did not come within five seconds (longer if [`Timing::silence`] is
    /// more than one), as when the group would have more than [`MEMBERS_MAX`] with them: then none
    /// was added; [`Error::NoGroup`] if it is destroyed, or this process is not in its core group;
    /// [`Error::Again`] if it moved or lost its core group meanwhile, and nothing was changed: ask
    /// again; [`Error::Closed`].
    ///
    /// [`Timing::silence`]: crate::Timing::silence
    /// [`MEMBERS_MAX`]: crate::MEMBERS_MAX
    pub fn add(&self, members: &[Endpoint]) -> Pending<()> {
        if members.len() > MEMBERS_MAX
            && let Err(error) = can_be(members)
        {
            return Pending::failed(&self.door, error);
        }
        let ask = Down::Add { lwg: self.lwg, members: members.iter().copied().collect() };
        self.door.operate(ask, || ())
    }

    /// lwg_remove: leaving is removing oneself. Who is not in is passed over, and it is `Ok` if
    /// none of them is.
    ///
    /// # Errors
    /// [`Error::NoGroup`], [`Error::Again`], [`Error::Closed`], as [`Group::add`].
    pub fn remove(&self, members: &[Endpoint]) -> Pending<()> {
        let ask = Down::Remove { lwg: self.lwg, members: members.iter().copied().collect() };
        self.door.operate(ask, || ())
    }

    /// lwg_destroy: each member hears [`Error::Out`].
    ///
    /// # Errors
    /// [`Error::NoGroup`], [`Error::Again`], [`Error::Closed`], as [`Group::add`].
    pub fn destroy(&self) -> Pending<()> {
        self.door.operate(Down::Destroy { lwg: self.lwg }, || ())
    }

    /// lwg_send: multicasts to the present view, this process included: an [`Order`], or that and
    /// more. Waits only while more asks wait than `limits` allows; what it answers tells when
    /// everybody has delivered it.
    ///
    /// # Errors
    /// [`Error::Out`] if this process made the group for others and is not in it;
    /// [`Error::TooLong`], [`Error::OwnUntaken`], [`Error::Closed`].
    pub fn send(&self, how: impl Into<How>, body: impl Into<Bytes>) -> Result<Sent, Error> {
        self.multicast(how.into(), body.into(), false)
    }

    /// lwg_send, and replies are wanted: what it answers tells them too. This process is asked as
    /// well: it is to receive its own question, or the wait for replies does not end;
    /// [`Group::ask_to`] asks only the others.
    ///
    /// # Errors
    /// [`Error::Out`] if this process made the group for others and is not in it;
    /// [`Error::TooLong`], [`Error::OwnUntaken`], [`Error::Closed`].
    pub fn ask(&self, how: impl Into<How>, body: impl Into<Bytes>) -> Result<Sent, Error> {
        self.multicast(how.into(), body.into(), true)
    }

    /// lwg_send, unless it has to wait for room longer than that: many wait already, a member does
    /// not receive what it is told, or this process not what it sent itself.
    ///
    /// # Errors
    /// [`Error::NotSent`] if it was taken back; [`Error::Out`], [`Error::TooLong`],
    /// [`Error::Closed`].
    pub fn send_within(
        &self,
        patience: Duration,
        how: impl Into<How>,
        body: impl Into<Bytes>,
    ) -> Result<Sent, Error> {
        let (how, body) = (how.into(), body.into());
        fits(&body)?;
        self.is_inside()?;
        let start = Instant::now();
        self.door.wait_for_own_room_until(&self.mailbox, start.checked_add(patience))?;
        let patience = patience.saturating_sub(start.elapsed());
        let (lwg, message) = (self.lwg, Message::new(body));
        let ask = |send| Down::Send { lwg, send, how, replies: false, message };
        self.door.send_within(lwg, patience, ask)
    }

    /// lwg_send, if that can be done at once.
    ///
    /// # Errors
    /// As [`Group::send_within`].
    pub fn try_send(&self, how: impl Into<How>, body: impl Into<Bytes>) -> Result<Sent, Error> {
        self.send_within(Duration::ZERO, how, body)
    }

    /// lwg_send to those of these members that are in the view: the others are told nothing of it,
    /// this process neither unless it is listed.
    ///
    /// # Errors
    /// [`Error::Out`] if this process made the group for others and is not in it;
    /// [`Error::TooLong`], [`Error::OwnUntaken`], [`Error::Closed`].
    pub fn send_to(
        &self,
        members: &[Endpoint],
        how: impl Into<How>,
        body: impl Into<Bytes>,
    ) -> Result<Sent, Error> {
        self.multicast_to(members, how.into(), body.into(), false)
    }

    /// The same, and their replies are wanted.
    ///
    /// # Errors
    /// [`Error::Out`] if this process made the group for others and is not in it;
    /// [`Error::TooLong`], [`Error::OwnUntaken`], [`Error::Closed`].
    pub fn ask_to(
        &self,
        members: &[Endpoint],
        how: impl Into<How>,
        body: impl Into<Bytes>,
    ) -> Result<Sent, Error> {
        self.multicast_to(members, how.into(), body.into(), true)
    }

    /// Until one more may be sent here, by who is in the group.
    pub(crate) fn wait_for_room(&self) -> Result<(), Error> {
        self.is_inside()?;
        if !self.mailbox.has_own_room() {
            return Err(Error::OwnUntaken);
        }
        self.door.wait_for_room(Room::Light(self.lwg))
    }

    /// Who made the group for others, and is not in it, has nothing of its own to send there.
    fn is_inside(&self) -> Result<(), Error> {
        if self.mailbox.is_outside() { Err(Error::Out) } else { Ok(()) }
    }

    fn multicast_to(
        &self,
        members: &[Endpoint],
        how: How,
        body: Bytes,
        replies: bool,
    ) -> Result<Sent, Error> {
        fits(&body)?;
        self.wait_for_room()?;
        let (lwg, message) = (self.lwg, Message::new(body));
        let to = Box::new(members.iter().copied().collect());
        let ask = |send| Down::SendTo { lwg, to, send, how, replies, message };
        Ok(self.door.send_as(lwg, replies, ask))
    }

    fn multicast(&self, how: How, body: Bytes, replies: bool) -> Result<Sent, Error> {
        fits(&body)?;
        self.wait_for_room()?;
        let (lwg, message) = (self.lwg, Message::new(body));
        let ask = |send| Down::Send { lwg, send, how, replies, message };
        Ok(self.door.send_as(lwg, replies, ask))
    }

    /// Sends to one member alone: reliable, in order per pair, no order against multicasts.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::Closed`]; [`Error::NotSent`] if that member takes nothing of as
    /// much as may wait for it, for as long as it may.
    pub fn tell(&self, to: Endpoint, body: impl Into<Bytes>) -> Result<(), Error> {
        let body = body.into();
        fits(&body)?;
        self.door.wait_for_one(self.lwg, to)?;
        let message = Message::new(body);
        self.door.ask(Down::Tell { lwg: self.lwg, to, message }, Hook::Nothing);
        Ok(())
    }

    /// The next thing: views, messages and what is told to this process alone. In a group that was
    /// made for others it may be long until there is one: what a member tells, or the first view
    /// once one adds this process.
    ///
    /// # Errors
    /// [`Error::Out`] once this process is no longer in the group; [`Error::Untaken`] if that is so
    /// because nothing was heard here while others waited; [`Error::Closed`].
    pub fn hear(&self) -> Wait<'_, impl Future<Output = Result<Heard, Error>> + Unpin> {
        Wait::new(&self.door, poll_fn(|context| self.poll_heard(context)))
    }

    /// lwg_receive: the next multicast. Views passed on the way are in [`Group::view`]; what is
    /// told to this process alone is passed over: who wants it uses [`Group::hear`].
    ///
    /// # Errors
    /// [`Error::Out`] once this process is no longer in the group; [`Error::Untaken`] if that is so
    /// because nothing was heard here while others waited; [`Error::Closed`].
    pub fn receive(&self) -> Wait<'_, impl Future<Output = Result<Received, Error>> + Unpin> {
        Wait::new(
            &self.door,
            poll_fn(|context| {
                loop {
                    match self.poll_heard(context) {
                        Poll::Ready(Ok(Heard::Message(received))) => {
                            return Poll::Ready(Ok(received));
                        }
                        Poll::Ready(Ok(_)) => {}
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }),
        )
    }

    fn poll_heard(&self, context: &mut Context<'_>) -> Poll<Result<Heard, Error>> {
        loop {
            match self.poll_up(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(up)) => {
                    if let Some(heard) = self.heard(up) {
                        return Poll::Ready(Ok(heard));
                    }
                }
            }
        }
    }

    /// The next thing as the tower tells it; a view is noted.
    pub(crate) fn poll_up(&self, context: &mut Context<'_>) -> Poll<Result<Up, Error>> {
        self.mailbox.poll(&self.door, context).map(|told| match told {
            None if self.mailbox.was_left() => Err(Error::Untaken),
            None => Err(self.door.why_ended()),
            Some(up) => {
                if let Up::View(view) = &up {
                    *self.view.lock() = Some((**view).clone());
                }
                Ok(up)
            }
        })
    }

    fn heard(&self, up: Up) -> Option<Heard> {
        match up {
            Up::View(view) => Some(Heard::View(*view)),
            Up::Message { view, from, send, order, safe, replies, message, .. } => {
                let answer = replies.then(|| Answer { door: Arc::clone(&self.door), from, send });
                let body = message.into_body();
                Some(Heard::Message(Received { view, from, order, safe, body, answer }))
            }
            Up::Told { from, message, .. } => Some(Heard::Told { from, body: message.into_body() }),
            _ => None,
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let (lwg, mailbox) = (self.lwg, Arc::clone(&self.mailbox));
        self.door.run(move |engine| {
            let asks = engine.router.drop_group(lwg, &mailbox);
            engine.ask_all(asks);
        });
    }
}

/// A multicast as its receiver has it. If its sender wants replies, dropping it declines.
#[derive(Debug)]
pub struct Received {
    view: ViewId,
    from: Endpoint,
    order: Order,
    safe: bool,
    body: Bytes,
    answer: Option<Answer>,
}

impl Received {
    /// Who sent it; one's own are received too. In an open group it may be nobody of the view.
    #[must_use]
    pub const fn from(&self) -> Endpoint {
        self.from
    }

    /// The view it was sent and is received in.
    #[must_use]
    pub const fn view(&self) -> ViewId {
        self.view
    }

    /// Its order.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.order
    }

    /// Whether every member of the view is known to have it: only if it was sent so.
    #[must_use]
    pub const fn is_safe(&self) -> bool {
        self.safe
    }

    /// What was sent.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Whether its sender waits for replies.
    #[must_use]
    pub const fn wants_reply(&self) -> bool {
        self.answer.is_some()
    }

    /// lwg_reply: once a message, hence it is used up. A reply that nobody wants is dropped; one
    /// that is too long ([`Error::TooLong`]), or is for a process that takes nothing of the many
    /// that wait for it already, is told as none, so that the asker waits no longer.
    pub fn reply(mut self, body: impl Into<Bytes>) {
        if let Some(answer) = self.answer.take() {
            let body = body.into();
            answer.say(fits(&body).is_ok().then(|| Message::new(body)));
        }
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            answer.say(None);
        }
    }
}

/// What is owed to an asker.
struct Answer {
    door: Arc<Door>,
    from: Endpoint,
    send: lwg::SendId,
}

impl Answer {
    fn say(self, reply: Option<Message>) {
        self.door.ask(Down::Reply { to: self.from, send: self.send, reply }, Hook::Nothing);
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "owed to {:?}", self.from)
    }
}
