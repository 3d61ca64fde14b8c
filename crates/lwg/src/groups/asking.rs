//! Asking: what the user asks, to the core group that it concerns.

use muts::{Full, Message};
use vsync::Core;

use super::{Groups, is_managed};
use crate::group::{Ask, Post};
use crate::header::{Header, Op, What};
use crate::here::CoreNumber;
use crate::id::{LwgId, Members};
use crate::interface::{Down, Operation, Outcome, Up};
use crate::letter::Letter;
use crate::limits::{MESSAGE_BYTES_MAX, RUN_MAX};
use crate::membership::distinct;
use crate::policy::{PINNED, Policy};
use crate::sets::SetId;
use crate::traits::Traits;

/// Whether a message can go whatever stands on it.
pub(crate) fn fits(message: &Message) -> bool {
    message.len() <= MESSAGE_BYTES_MAX
}

impl<C: Core, P: Policy> Groups<C, P> {
    /// Carries out what the user asks, or hands it back.
    pub(super) fn take(&mut self, ask: Down) -> Result<(), Down> {
        if self.here.is_choked(&ask) {
            return Err(ask);
        }
        if let Down::Create { lwg, .. }
        | Down::CreateIn { lwg, .. }
        | Down::CreateWith { lwg, .. }
        | Down::CreateOn { lwg, .. }
        | Down::Add { lwg, .. }
        | Down::Remove { lwg, .. }
        | Down::Destroy { lwg }
        | Down::Move { lwg, .. } = &ask
        {
            self.catch_up(*lwg);
        }
        match ask {
            Down::Create { .. }
            | Down::CreateIn { .. }
            | Down::CreateWith { .. }
            | Down::CreateOn { .. } => self.take_create(ask),
            Down::Move { lwg, to } => {
                if self.moves.is_full() {
                    self.owed.insert(lwg);
                    return Err(Down::Move { lwg, to });
                }
                self.start_move(lwg, to, PINNED, true);
                Ok(())
            }
            Down::FoundCore { core, members } => {
                let members = members.iter().map(|member| member.proc).collect();
                self.ask_below(vsync::Down::Found { group: core, members });
                Ok(())
            }
            Down::Add { lwg, members } => {
                if self.placing.is_full() {
                    self.owed.insert(lwg);
                    return Err(Down::Add { lwg, members });
                }
                match distinct(&members) {
                    Some(members) => self.operate(lwg, What::Add(members)),
                    None => {
                        self.too_many(lwg, Operation::Add, members);
                        Ok(())
                    }
                }
            }
            Down::Remove { lwg, members } => self.operate(lwg, What::Remove(members)),
            Down::Destroy { lwg } => self.operate(lwg, What::Destroy),
            Down::Send { lwg, send, how, replies, message } => {
                self.send(Post { lwg, send, how, replies, to: None, outside: None, message })
            }
            Down::SendTo { lwg, to, send, how, replies, message } => {
                let to = Some(to);
                self.send(Post { lwg, send, how, replies, to, outside: None, message })
            }
            Down::SendThrough { .. } => self.send_through(ask),
            Down::Reply { .. } | Down::Tell { .. } => self.take_letter(ask),
            Down::Discard { send } => {
                self.here.replies.discard(send);
                self.settle_asides();
                Ok(())
            }
            Down::Choke { lwg, choked } => {
                self.choke(lwg, choked);
                Ok(())
            }
            Down::Core(ask) => self.pass_down(ask).map_err(Down::Core),
        }
    }

    /// Something for one process, if not too much waits for it already.
    fn take_letter(&mut self, ask: Down) -> Result<(), Down> {
        let (to, lwg) = match &ask {
            Down::Reply { to, .. } => (*to, None),
            Down::Tell { to, lwg, .. } => (*to, Some(*lwg)),
            _ => return Err(ask),
        };
        if self.letters.refuse(to, lwg) {
            return Err(ask);
        }
        let (letter, message) = match ask {
            Down::Tell { message, .. } if !fits(&message) => {
                self.here.counters.unsendable += 1;
                return Ok(());
            }
            Down::Tell { lwg, message, .. } => (Letter::Told { lwg }, message),
            // Who asked waits for an answer, whatever is wrong with it.
            Down::Reply { send, reply, .. } => match reply.filter(fits) {
                Some(message) => (Letter::Reply { send }, message),
                None => (Letter::Declined { send }, Message::default()),
            },
            other => return Err(other),
        };
        self.send_letter(to, &letter, message);
        Ok(())
    }

    fn take_create(&mut self, ask: Down) -> Result<(), Down> {
        if let Down::Create { lwg, .. }
        | Down::CreateIn { lwg, .. }
        | Down::CreateWith { lwg, .. }
        | Down::CreateOn { lwg, .. } = &ask
            && self.placing.is_full()
        {
            self.owed.insert(*lwg);
            return Err(ask);
        }
        let plain = Traits::PLAIN;
        let (set, on, lwg, members, traits) = match ask {
            Down::Create { lwg, members } => (SetId::DEFAULT, None, lwg, members, plain),
            Down::CreateIn { set, lwg, members } => (set, None, lwg, members, plain),
            Down::CreateWith { set, lwg, members, traits } => (set, None, lwg, members, traits),
            Down::CreateOn { core, lwg, members } => {
                (SetId::of(core), Some(core), lwg, *members, plain)
            }
            other => return Err(other),
        };
        match (distinct(&members), on) {
            (Some(members), Some(core)) => self.create_on(lwg, core, (members, traits)),
            (Some(members), None) => self.create((lwg, set), (members, traits), None),
            (None, _) => self.too_many(lwg, Operation::Create, members),
        }
        Ok(())
    }

    /// Takes an ask for a group, wherever it is, or hands it back.
    pub(crate) fn ask(&mut self, ask: Ask) -> Result<(), Ask> {
        self.catch_up(ask.lwg());
        if let Some(arriving) = self.here.arriving.get_mut(&ask.lwg()) {
            return arriving.hold(ask);
        }
        if let Some((number, _)) = self.here.find(ask.lwg())
            && let Some(core) = self.cores[number as usize].as_mut()
        {
            core.ask(&mut self.here, ask)?;
            self.note(number);
            return Ok(());
        }
        match self.placing.hold(ask) {
            Ok(()) => Ok(()),
            Err((ask, true)) => Err(ask),
            Err((ask, false)) => {
                self.refuse(ask);
                Ok(())
            }
        }
    }

    fn operate(&mut self, lwg: LwgId, what: What) -> Result<(), Down> {
        let number = self.next_op();
        let op = Op { number, lwg, what };
        if self.placing.adds.contains_key(&lwg) {
            if self.placing.is_full() {
                self.owed.insert(lwg);
                return Err(asked(Ask::Op(op)));
            }
            self.invite(&op);
        }
        let now = self.here.now;
        match self.placing.queue_behind(now, op) {
            Ok(()) => Ok(()),
            Err(op) => self.go(op, now).map_err(asked),
        }
    }

    /// Where a group is that is sent to, if nothing at all is before what is sent.
    pub(super) fn clear_way(
        &self,
        lwg: LwgId,
        replies: bool,
        message: &Message,
    ) -> Option<CoreNumber> {
        let free = self.heard
            && fits(message)
            && self.here.arriving.is_empty()
            && !self.here.choked.mentions(lwg)
            && !(replies && self.here.replies.is_full());
        if !free {
            return None;
        }
        // Mostly it is on the core group heard of last, and has been sent to.
        let state = self.here.table.state();
        let last = self.cores.get(self.heard_of as usize).and_then(Option::as_ref);
        if let Some(core) = last.filter(|core| core.lately.again(lwg, state).is_some()) {
            return core.is_clear().then_some(self.heard_of);
        }
        let (number, _) = self.here.find(lwg)?;
        let core = self.cores[number as usize].as_ref()?;
        core.is_clear().then_some(number)
    }

    /// Sends at once. The kernel tells nothing by it but what it delivers here itself, which can
    /// wait until there is more.
    pub(super) fn send_now(&mut self, number: CoreNumber, ask: &mut Down) {
        let Down::Send { lwg, send, how, replies, message } = ask else { return };
        let (lwg, send, replies) = (*lwg, *send, *replies);
        let Some(core) = self.cores[number as usize].as_mut() else { return };
        if replies {
            self.here.replies.open(send, lwg);
        }
        let (here, below) = (&mut self.here, &mut self.below);
        if !core.cast_again(here, below, (lwg, send, replies), (how, message)) {
            let (how, message) = (how.clone(), core::mem::take(message));
            let post = Post { lwg, send, how, replies, to: None, outside: None, message };
            core.cast_data(here, below, post);
            if !core.is_clear() {
                self.heard = false;
                self.note(number);
            }
            if self.here.has_news() {
                self.settle_asides();
            }
        }
        self.burst += 1;
        if self.burst >= RUN_MAX {
            self.turn();
        }
    }

    fn send(&mut self, post: Post) -> Result<(), Down> {
        let (send, replies) = (post.send, post.replies);
        if replies {
            if self.here.replies.is_full() {
                self.owed.insert(post.lwg);
                return Err(asked(Ask::Send(post)));
            }
            self.here.replies.open(send, post.lwg);
        }
        if !fits(&post.message) {
            self.here.refuse_send(&post);
            return Ok(());
        }
        self.ask(Ask::Send(post)).map_err(|ask| {
            self.here.replies.discard(send);
            asked(ask)
        })
    }

    fn too_many(&mut self, lwg: LwgId, operation: Operation, members: Members) {
        let outcome = Outcome::missing(members);
        self.here.told.push_back(Up::Done { lwg, operation, outcome });
    }

    /// Asks about the user's own core groups.
    fn pass_down(&mut self, mut ask: vsync::Down) -> Result<(), vsync::Down> {
        let group = match &mut ask {
            vsync::Down::Meet { .. } | vsync::Down::Farewell => None,
            vsync::Down::Send { message, .. } => {
                message.push(&Letter::Bare);
                None
            }
            vsync::Down::Cast { group, message, .. } => {
                message.push(&Header::Bare);
                Some(*group)
            }
            // Whoever goes takes leave of the light-weight groups on it too.
            vsync::Down::Leave { .. } => None,
            vsync::Down::Closed { group } | vsync::Down::Choke { group, .. } => Some(*group),
            vsync::Down::Found { group, .. }
            | vsync::Down::Join { group, .. }
            | vsync::Down::Terms { group, .. }
            | vsync::Down::Answer { group, .. }
            | vsync::Down::Digest { group, .. }
            | vsync::Down::Invite { group, .. } => Some(*group),
        };
        if let Some(group) = group.filter(|group| is_managed(*group)) {
            // Its members and its messages are this floor's.
            let fault = vsync::Up::Fault { group, fault: vsync::Fault::NotIn };
            self.here.told.push_back(Up::Core(fault));
            return Ok(());
        }
        self.below.down(self.here.now, ask).map_err(|Full(mut ask)| {
            match &mut ask {
                vsync::Down::Send { message, .. } => drop(message.pop::<Letter>()),
                vsync::Down::Cast { message, .. } => drop(message.pop::<Header>()),
                _ => {}
            }
            ask
        })
    }
}

/// An operation that found no room, as it was asked.
pub(crate) fn asked(ask: Ask) -> Down {
    match ask {
        Ask::Op(Op { lwg, what: What::Create(members, _), .. }) => Down::Create { lwg, members },
        Ask::Op(Op { lwg, what: What::Add(members), .. }) => Down::Add { lwg, members },
        Ask::Op(Op { lwg, what: What::Remove(members), .. }) => Down::Remove { lwg, members },
        Ask::Op(Op { lwg, what: What::Switch(to, _), .. }) => Down::Move { lwg, to: to.core },
        Ask::Op(Op { lwg, .. }) => Down::Destroy { lwg },
        Ask::Send(Post { lwg, send, how, replies, to: Some(to), message, .. }) => {
            Down::SendTo { lwg, to, send, how, replies, message }
        }
        Ask::Send(Post { lwg, send, how, replies, message, .. }) => {
            Down::Send { lwg, send, how, replies, message }
        }
    }
}
