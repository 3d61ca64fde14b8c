//! CoreGroup: a core group of the application's own, meant by a word.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lwg::{Down, Endpoint, Message, Order, SetId, Up};
use vsync::limits::{LISTED_MAX, TICKET_BYTES_MAX};
use vsync::{GroupId, How, Side, Terms, View};

use crate::door::Door;
use crate::error::{Error, can_be, fits};
use crate::horus::Horus;
use crate::inbox::Inbox;
use crate::limits::MEMBERS_MAX;
use crate::mailbox::Mailbox;
use crate::posted::Posted;
use crate::shared::{Hook, Room};
use crate::wait::Wait;
use crate::word::group_of_word;

/// A core group that this process has founded or joins. Dropping it ends listening, not membership;
/// another handle of the same word takes its place.
pub struct CoreGroup {
    door: Arc<Door>,
    group: GroupId,
    mailbox: Arc<Mailbox>,
}

/// One thing told in a core group, in the order that means something.
#[derive(Debug)]
pub enum CoreHeard {
    /// The group has a new view here.
    View(View),
    /// A multicast in that view.
    Message {
        /// Who sent it; one's own are told too.
        from: Endpoint,
        /// Its order.
        order: Order,
        /// Whether every member is known to have it.
        safe: bool,
        /// What was sent.
        body: Bytes,
    },
    /// Sides become one in the next view; the coordinator's first.
    Merged(Vec<Side>),
    /// Somebody asks to come in: [`CoreGroup::answer`].
    Asks {
        /// Who.
        who: Endpoint,
        /// What it shows.
        ticket: Vec<u8>,
    },
    /// Something asked could not be carried out.
    Fault(vsync::Fault),
}

impl Horus {
    /// Says what is to hold in the core group of this word, before it is founded or joined: which
    /// views are primary, who may come in, what this process shows to come in. Every member is to
    /// say the same.
    ///
    /// # Errors
    /// [`Error::Refused`] if a key or a ticket is longer than 256 bytes, or a list has more than
    /// 4096 nodes: nothing was said.
    pub fn set_terms(&self, word: &str, terms: Terms) -> Result<(), Error> {
        self.ask(say(group_of_word(word), terms)?);
        Ok(())
    }

    /// Starts the core group of this word with these members and this process. Who could not be had
    /// within five seconds (longer if [`Timing::silence`] is more than one) is told by
    /// [`CoreHeard::Fault`].
    ///
    /// # Errors
    /// [`Error::Members`] if they are more than [`MEMBERS_MAX`] with this process.
    ///
    /// [`Timing::silence`]: crate::Timing::silence
    /// [`MEMBERS_MAX`]: crate::MEMBERS_MAX
    pub fn found(&self, word: &str, members: &[Endpoint]) -> Result<CoreGroup, Error> {
        self.can_found(members)?;
        let group = group_of_word(word);
        let handle = CoreGroup::new(self.door(), group);
        let members = members.iter().map(|member| member.proc).collect();
        handle.ask(vsync::Down::Found { group, members });
        Ok(handle)
    }

    /// Joins the core group of this word, by way of this process or of any that was met. If nobody
    /// has let it in after ten seconds, [`CoreGroup::hear`] says [`Error::Nobody`].
    #[must_use]
    pub fn join(&self, word: &str, contact: Option<Endpoint>) -> CoreGroup {
        let group = group_of_word(word);
        let handle = CoreGroup::new(self.door(), group);
        handle.ask(vsync::Down::Join { group, contact: contact.map(|contact| contact.proc) });
        handle
    }

    /// Starts a core group of a set by hand, of these members and this process; its name. Who
    /// could not be had is told to [`Horus::events`], as its views are.
    ///
    /// # Errors
    /// As [`Horus::found`].
    pub fn found_core(&self, set: SetId, members: &[Endpoint]) -> Result<GroupId, Error> {
        self.can_found(members)?;
        let core = set.core(self.me(), self.door().mint_core());
        self.ask(Down::FoundCore { core, members: members.iter().copied().collect() });
        Ok(core)
    }

    /// Whether these and this process can be one core group.
    fn can_found(&self, members: &[Endpoint]) -> Result<(), Error> {
        if members.len() < MEMBERS_MAX {
            return Ok(());
        }
        let me = self.me();
        let all: Vec<Endpoint> = members.iter().copied().chain([me]).collect();
        can_be(&all)
    }
}

/// How terms are said, if they can be.
fn say(group: GroupId, terms: Terms) -> Result<Down, Error> {
    if !terms.is_modest() || terms.ticket.len() > TICKET_BYTES_MAX {
        return Err(Error::Refused(format!(
            "terms that cannot be: a key or a ticket has at most {TICKET_BYTES_MAX} bytes, and a \
             list at most {LISTED_MAX} nodes; nothing was changed"
        )));
    }
    Ok(Down::Core(vsync::Down::Terms { group, terms }))
}

impl CoreGroup {
    /// Takes the place of the handle before, if there is one, and is told the present view.
    pub(crate) fn new(door: &Arc<Door>, group: GroupId) -> Self {
        let mailbox = Mailbox::new(&door.shared.pile);
        let (told, me) = (Arc::clone(&mailbox), door.me);
        door.run(move |engine| {
            if let Some(view) = engine.sightings.cores.get(&group) {
                let view = Up::Core(vsync::Up::View(view.clone().into()));
                engine.router.slow.tell((engine.now(), me), &told, view);
            }
            if let Some(before) = engine.router.cores.insert(group, told) {
                before.end();
                let asks = engine.router.slow.give_up(&before);
                engine.ask_all(asks);
            }
        });
        Self { door: Arc::clone(door), group, mailbox }
    }

    /// Its name, the same wherever the word is said.
    #[must_use]
    pub const fn id(&self) -> GroupId {
        self.group
    }

    pub(crate) fn ask(&self, ask: vsync::Down) {
        self.door.ask(Down::Core(ask), Hook::Nothing);
    }

    /// Multicasts to the present view, this process included: an [`Order`], or that and more.
    ///
    /// Waits only while more asks wait than `limits` allows; what it answers tells when it has gone
    /// out and when everybody has delivered it, and takes it back if it has to wait too long.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::OwnUntaken`], [`Error::Closed`].
    pub fn cast(&self, how: impl Into<How>, body: impl Into<Bytes>) -> Result<Posted, Error> {
        let body = body.into();
        fits(&body)?;
        if !self.mailbox.has_own_room() {
            return Err(Error::OwnUntaken);
        }
        self.door.wait_for_room(Room::Core(self.group))?;
        Ok(self.cast_now(how.into(), body))
    }

    /// There is room to ask for it.
    fn cast_now(&self, how: How, body: Bytes) -> Posted {
        let (group, message) = (self.group, Message::new(body));
        let (ticket, inbox) = (self.door.mint_send().0, Arc::new(Inbox::default()));
        let ask = Down::Core(vsync::Down::Cast { group, how, message });
        self.door.ask(ask, Hook::Cast(ticket, Arc::clone(&inbox)));
        Posted::new(&self.door, group, ticket, inbox)
    }

    /// Multicasts if that can be done at once.
    ///
    /// # Errors
    /// [`Error::NotSent`] if it would have to wait, and nothing was sent; [`Error::TooLong`],
    /// [`Error::Closed`].
    pub fn try_cast(&self, how: impl Into<How>, body: impl Into<Bytes>) -> Result<Posted, Error> {
        let body = body.into();
        fits(&body)?;
        let now = Some(Instant::now());
        self.door.wait_for_own_room_until(&self.mailbox, now)?;
        self.door.wait_for_room_until(Room::Core(self.group), now)?;
        let posted = self.cast_now(how.into(), body);
        posted.sent_within(Duration::ZERO)?;
        Ok(posted)
    }

    /// Says what is to hold in this group from now on; see [`Terms`]. Every member is to say the
    /// same.
    ///
    /// # Errors
    /// As [`Horus::set_terms`].
    pub fn set_terms(&self, terms: Terms) -> Result<(), Error> {
        self.door.ask(say(self.group, terms)?, Hook::Nothing);
        Ok(())
    }

    /// Lets somebody in who asked ([`CoreHeard::Asks`]), or says why not: it is told
    /// [`Error::Denied`].
    pub fn answer(&self, who: Endpoint, denied: Option<u16>) {
        self.ask(vsync::Down::Answer { group: self.group, who: who.proc, denied });
    }

    /// What stands for this process's state now: told where sides become one.
    pub fn set_digest(&self, digest: u64) {
        self.ask(vsync::Down::Digest { group: self.group, digest });
    }

    /// Leaves: [`CoreGroup::hear`] tells what is still owed, then [`Error::Out`].
    pub fn leave(&self) {
        self.ask(vsync::Down::Leave { group: self.group });
    }

    /// The next thing told.
    ///
    /// # Errors
    /// [`Error::Out`] once this process is no longer in the group, or has asked for another handle
    /// of it; before that, [`Error::Denied`] if it was not let in, or [`Error::Nobody`] if nobody
    /// answered for the group; [`Error::Untaken`] if it is out because nothing was heard here while
    /// others waited; [`Error::Closed`].
    pub fn hear(&self) -> Wait<'_, impl Future<Output = Result<CoreHeard, Error>> + Unpin> {
        Wait::new(
            &self.door,
            poll_fn(|context| {
                loop {
                    match self.mailbox.poll(&self.door, context) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(None) if self.mailbox.was_left() => {
                            return Poll::Ready(Err(Error::Untaken));
                        }
                        Poll::Ready(None) => return Poll::Ready(Err(self.door.why_ended())),
                        Poll::Ready(Some(Up::Core(vsync::Up::Out {
                            why: vsync::Why::Denied(denial),
                            ..
                        }))) => return Poll::Ready(Err(Error::Denied(denial))),
                        Poll::Ready(Some(Up::Core(vsync::Up::Out {
                            why: vsync::Why::NotFound,
                            ..
                        }))) => return Poll::Ready(Err(Error::Nobody)),
                        Poll::Ready(Some(up)) => {
                            if let Some(heard) = heard(up) {
                                return Poll::Ready(Ok(heard));
                            }
                        }
                    }
                }
            }),
        )
    }
}

impl Drop for CoreGroup {
    fn drop(&mut self) {
        let (group, mailbox) = (self.group, Arc::clone(&self.mailbox));
        self.door.run(move |engine| {
            // A later handle of the same word may have taken its place.
            if engine.router.cores.get(&group).is_some_and(|now| Arc::ptr_eq(now, &mailbox)) {
                engine.router.cores.remove(&group);
            }
            let asks = engine.router.slow.give_up(&mailbox);
            engine.ask_all(asks);
        });
    }
}

fn heard(up: Up) -> Option<CoreHeard> {
    match up {
        Up::Core(vsync::Up::View(view)) => Some(CoreHeard::View(*view)),
        Up::Core(vsync::Up::Cast { from, order, safe, message, .. }) => {
            Some(CoreHeard::Message { from, order, safe, body: message.into_body() })
        }
        Up::Core(vsync::Up::Merged { sides, .. }) => Some(CoreHeard::Merged(sides)),
        Up::Core(vsync::Up::Asks { who, ticket, .. }) => {
            Some(CoreHeard::Asks { who: Endpoint::of(who), ticket })
        }
        Up::Core(vsync::Up::Fault { fault, .. }) => Some(CoreHeard::Fault(fault)),
        _ => None,
    }
}
