//! Replica: one State, kept equal at every member of one light-weight group by total order.

mod boundary;
mod handover;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use lwg::{Down, Endpoint, LwgId, Operation, Order, Outcome, SendId, Up, View, ViewId, Why};
use muts::{Instant, Message, Wire};

use crate::cut::Since;
use crate::digest::Digest;
use crate::exchange::{Exchange, Offer};
use crate::giving::Giving;
use crate::header::Header;
use crate::held::{Delivered, Held};
use crate::limits::BYTES_A_SECOND;
use crate::pace::Pace;
use crate::state::State;
use crate::tool::{Asks, Tool};
use crate::transfer::{Part, Taking};

/// What a replica tells its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<A> {
    /// A command has moved the state. If `replies`, the owner owes one `lwg::Down::Reply` to
    /// (`from`, `send`).
    Applied {
        /// Who proposed it.
        from: Endpoint,
        /// The proposer's name for it.
        send: SendId,
        /// Whether the proposer wants replies.
        replies: bool,
        /// What the state answered.
        answer: A,
    },
    /// The state is here; what was proposed since follows as `Applied`. Not told to those who never
    /// lacked it.
    Ready {
        /// The view.
        view: ViewId,
        /// The digest of the state received.
        digest: Digest,
        /// From whom. This member itself after a revival, or if the winner's state was lost on the
        /// way and its own is all there is.
        donor: Endpoint,
        /// Whether it is the state as of the view's beginning. Otherwise it is as of an earlier
        /// view, in which it was begun, or of a later place in this one, after another attempt.
        at_view: bool,
    },
    /// This member lacks the state, from this view on until `Ready`: it is new, or the others'
    /// state takes the place of its own.
    Lacking {
        /// The view.
        view: ViewId,
    },
    /// Nobody in this view has the state: those who had it are gone. See [`Replica::revive`].
    Lost {
        /// The view.
        view: ViewId,
    },
    /// The state could not be had in this view, in as many attempts as `limits` allows: the next
    /// view tries again. Or too much waited for a verdict: then this member leaves.
    GaveUp {
        /// The view.
        view: ViewId,
    },
    /// This process is no longer in the group. The state stays as it was.
    Out {
        /// Why.
        why: Why,
    },
}

/// What a replica has seen go wrong, or cost, since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Commands and messages that could not be read, or came from strangers.
    pub malformed: u64,
    /// Snapshots that were not what was promised.
    pub refused: u64,
    /// Attempts at receiving the state beyond the first of a view.
    pub again: u64,
    /// Chunks given to others.
    pub chunks_given: u64,
    /// Bytes of states received.
    pub bytes_taken: u64,
    /// Chunks that did not come again, because another donor gave the same state.
    pub chunks_resumed: u64,
    /// Chunks of states received, also of such as never were whole.
    pub chunks_taken: u64,
    /// Times that a state under way outlived its view: at the donor that it came from.
    pub went_on: u64,
    /// The same, at another donor.
    pub taken_over: u64,
}

impl core::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.malformed += more.malformed;
        self.refused += more.refused;
        self.again += more.again;
        self.chunks_given += more.chunks_given;
        self.bytes_taken += more.bytes_taken;
        self.chunks_resumed += more.chunks_resumed;
        self.chunks_taken += more.chunks_taken;
        self.went_on += more.went_on;
        self.taken_over += more.taken_over;
    }
}

impl Counts {
    /// Tells each with its name, as `muts::Counted` does.
    pub fn each(&self, tell: &mut dyn FnMut(&'static str, u64)) {
        tell("tools.malformed", self.malformed);
        tell("tools.refused", self.refused);
        tell("tools.again", self.again);
        tell("tools.chunks_given", self.chunks_given);
        tell("tools.bytes_taken", self.bytes_taken);
        tell("tools.chunks_resumed", self.chunks_resumed);
        tell("tools.chunks_taken", self.chunks_taken);
        tell("tools.went_on", self.went_on);
        tell("tools.taken_over", self.taken_over);
    }
}

/// Where a member stands between the state of its last view and that of this one.
#[derive(Debug)]
enum Stage {
    /// In no view.
    Outside,
    /// Whose state is the group's is being decided. `certain`: it can only be ours. `going`: what
    /// was on its way when the view began, and may go on.
    Deciding { exchange: Exchange, certain: bool, spilled: bool, going: Option<Taking> },
    /// It has the group's state, and applies as it hears.
    Settled,
    /// The state is on its way; commands are held.
    Taking(Taking),
    /// It has asked for another snapshot, cut where that ask is delivered: what comes before is
    /// in it.
    Adrift,
    /// Nobody has the state.
    Lost,
    /// No more attempts in this view.
    GaveUp,
}

/// A state kept equal at every member of one light-weight group.
///
/// Every member of the group runs one. Commands are multicast in total order; who comes to the
/// group, or back from the smaller side of a partition, receives the state as of its first view and
/// then what was proposed since. The state of the losing side is replaced: there is no merging.
#[derive(Debug)]
pub struct Replica<S: State> {
    lwg: LwgId,
    me: Endpoint,
    state: S,
    /// Whether `state` is the one that `settled` agree on.
    ready: bool,
    /// Whether `state` is still that of the side that lost: kept up in silence, and gone back to
    /// if those who have the winner's are lost before it has come.
    spare: bool,
    view: Option<View>,
    /// Who has the state, as all of them know: it changes by views and in total order only.
    settled: Vec<Endpoint>,
    /// Who spoke for them last, as all of them know: again, as long as it is one of them.
    donor: Option<Endpoint>,
    stage: Stage,
    held: Held,
    /// Since when `held` has all; none if it misses some.
    since: Option<Since>,
    giving: Giving,
    /// What this member is to offer, while its state is being written: who has it, and whether
    /// they had agreed on it before.
    offering: Option<(Vec<Endpoint>, bool)>,
    /// What has come of a state that does not go on.
    part: Option<Part>,
    pace: Pace,
    /// Snapshots that were cut after the beginning of the view.
    boundary: u32,
    attempts: u32,
    leaving: bool,
    /// Whether those who came along into this view had agreed on their state before.
    agreed: bool,
    counts: Counts,
    told: VecDeque<Answer<S::Answer>>,
}

impl<S: State> Replica<S> {
    /// A replica at this endpoint, before it is in the group. `state` is what all who are in the
    /// group's view 1 have agreed to begin with, and what it begins with if this member revives it;
    /// who comes later receives the group's.
    #[must_use]
    pub fn new(lwg: LwgId, me: Endpoint, state: S) -> Self {
        Self {
            lwg,
            me,
            state,
            ready: false,
            spare: false,
            view: None,
            settled: Vec::new(),
            donor: None,
            stage: Stage::Outside,
            held: Held::default(),
            since: None,
            giving: Giving::default(),
            offering: None,
            part: None,
            pace: Pace::new(BYTES_A_SECOND),
            boundary: 0,
            attempts: 0,
            leaving: false,
            agreed: false,
            counts: Counts::default(),
            told: VecDeque::new(),
        }
    }

    /// The same where members of the group that lack the state receive at most so many bytes of it
    /// a second together, [`BYTES_A_SECOND`] if not told. All members are to be told the same.
    #[must_use]
    pub fn with_rate(mut self, bytes_a_second: u64) -> Self {
        self.pace = Pace::new(bytes_a_second);
        self
    }

    /// The group.
    #[must_use]
    pub fn lwg(&self) -> LwgId {
        self.lwg
    }

    /// The member it is.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.me
    }

    /// The view it is in; none before the first and after the last.
    #[must_use]
    pub fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    /// The state; none while this member lacks it.
    #[must_use]
    pub fn state(&self) -> Option<&S> {
        self.ready.then_some(&self.state)
    }

    /// Whether the state is here and what is delivered is applied at once.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.ready && self.applies()
    }

    /// The digest of the state, saved for the purpose; none while this member lacks it.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.ready.then(|| Digest::of(&self.saved()))
    }

    /// The same right after a view was heard: of everything before the view and nothing in it,
    /// equal at all who came along from the same view. None if these had not agreed on a state yet.
    #[must_use]
    pub fn view_digest(&self) -> Option<Digest> {
        if self.agreed { self.digest() } else { None }
    }

    /// How many snapshots are kept for others, frozen or being written: none once all have the
    /// state.
    #[must_use]
    pub fn snapshots_kept(&self) -> usize {
        self.giving.len()
    }

    /// What has gone wrong, and what transfers have cost.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Proposes a command: `Applied` follows at every member that has or receives the state. `send`
    /// is the proposer's name for it, minted by the application. A member that cannot apply it
    /// itself, because the state it receives has it in, declines to reply.
    pub fn propose(&self, command: &S::Command, send: SendId, replies: bool, asks: &mut Asks) {
        let mut body = Vec::new();
        command.write(&mut body);
        let mut message = Message::new(body);
        message.push(&Header::Command);
        asks.push(Down::Send { lwg: self.lwg, send, how: Order::Total.into(), replies, message });
    }

    /// After `Lost`: asks the group to go on from what this member has, its initial state if it
    /// never had another. The first to ask in the total order wins; `Ready` follows everywhere.
    pub fn revive(&self, asks: &mut Asks) {
        if let (Stage::Lost, Some(view)) = (&self.stage, &self.view) {
            let header = Header::Revive { view: view.id };
            self.cast(&header, asks);
        }
    }

    fn saved(&self) -> Vec<u8> {
        let mut saved = Vec::new();
        self.state.save(&mut saved);
        saved
    }

    /// Multicasts a header in total order.
    fn cast(&self, header: &Header, asks: &mut Asks) {
        let mut message = Message::default();
        message.push(header);
        let (lwg, send, how) = (self.lwg, asks.mint(), Order::Total.into());
        asks.push(Down::Send { lwg, send, how, replies: false, message });
    }

    /// Whether commands are applied as they are delivered.
    fn applies(&self) -> bool {
        match self.stage {
            Stage::Settled => true,
            Stage::Deciding { certain, .. } => certain,
            _ => false,
        }
    }

    fn command(&mut self, command: Delivered, asks: &mut Asks) {
        if self.applies() {
            return self.apply(command, asks);
        }
        match &self.stage {
            Stage::Deciding { spilled: false, .. } | Stage::Taking(_) => {
                if let Err(command) = self.held.push(command) {
                    self.spill(asks);
                    self.decline(&command, asks);
                }
            }
            _ => self.decline(&command, asks),
        }
    }

    fn apply(&mut self, command: Delivered, asks: &mut Asks) {
        match read(&command) {
            Some(read) => {
                let answer = self.state.apply(read);
                let Delivered { from, send, replies, .. } = command;
                self.told.push_back(Answer::Applied { from, send, replies, answer });
            }
            None => {
                self.counts.malformed += 1;
                reply_nothing(&command, asks);
            }
        }
    }

    fn apply_held(&mut self, asks: &mut Asks) {
        self.since = None;
        for command in self.held.take() {
            self.apply(command, asks);
        }
    }

    /// Passes over a command, which this member will never answer.
    fn decline(&mut self, command: &Delivered, asks: &mut Asks) {
        if self.spare
            && let Some(read) = read(command)
        {
            self.state.apply(read);
        }
        reply_nothing(command, asks);
    }

    fn decline_held(&mut self, asks: &mut Asks) {
        self.since = None;
        for command in self.held.take() {
            self.decline(&command, asks);
        }
    }

    /// What was held before this view applies to nothing that will come.
    fn decline_earlier(&mut self, asks: &mut Asks) {
        for command in self.held.take_earlier() {
            self.decline(&command, asks);
        }
    }

    /// A multicast of the group; what is not ours passes by.
    fn multicast(&mut self, now: Instant, heard: Multicast<'_>, asks: &mut Asks) {
        let mut message = heard.message.clone();
        let Ok(header) = message.pop::<Header>() else { return };
        let from = heard.from;
        if let Header::Command = header {
            let Multicast { send, replies, .. } = heard;
            let bytes = message.into_body();
            return self.command(Delivered { from, send, replies, bytes }, asks);
        }
        // What was said of an earlier view went out too late: this view has its own exchange.
        let here = self.view.as_ref().map(|view| view.id);
        match header {
            Header::Offer { view, sum, settled, agreed, cuts } if here == Some(view) => {
                self.offer(now, Offer { donor: from, settled, agreed, cuts, sum }, asks);
            }
            Header::Need { view, attempt } if here == Some(view) => {
                self.need(now, from, attempt, asks);
            }
            Header::Loaded { view, .. } if here == Some(view) => self.loaded(from),
            Header::Revive { view } if here == Some(view) => self.revived(now, from, asks),
            _ => {}
        }
    }

    fn out(&mut self, why: Why, asks: &mut Asks) {
        // Who asked waits for an answer all the same.
        self.decline_held(asks);
        self.stage = Stage::Outside;
        self.view = None;
        self.donor = None;
        self.offering = None;
        self.leaving = false;
        self.part = None;
        self.giving.clear();
        self.told.push_back(Answer::Out { why });
    }
}

/// The command in its bytes; none if they are not one and nothing else.
fn read<C: Wire>(command: &Delivered) -> Option<C> {
    let mut rest = &command.bytes[..];
    C::read(&mut rest).ok().filter(|_| rest.is_empty())
}

/// Nobody waits for an answer that this member will never give.
fn reply_nothing(command: &Delivered, asks: &mut Asks) {
    if command.replies {
        asks.push(Down::Reply { to: command.from, send: command.send, reply: None });
    }
}

/// What matters of a multicast.
struct Multicast<'a> {
    from: Endpoint,
    send: SendId,
    replies: bool,
    message: &'a Message,
}

impl<S: State> Tool for Replica<S> {
    type Answer = Answer<S::Answer>;

    fn hear(&mut self, now: Instant, heard: &Up, asks: &mut Asks) {
        match heard {
            Up::View(view) if view.lwg == self.lwg => self.hear_view(view, asks),
            Up::Message { lwg, from, send, replies, message, .. } if *lwg == self.lwg => {
                let (from, send, replies) = (*from, *send, *replies);
                self.multicast(now, Multicast { from, send, replies, message }, asks);
            }
            Up::Told { lwg, from, message } if *lwg == self.lwg => {
                self.hear_told(now, *from, message, asks);
            }
            Up::Out { lwg, why } if *lwg == self.lwg => self.out(*why, asks),
            Up::Done { lwg, operation: Operation::Remove, outcome: Outcome::Again }
                if *lwg == self.lwg && self.leaving =>
            {
                self.leave(asks);
            }
            _ => {}
        }
    }

    fn answer(&mut self) -> Option<Self::Answer> {
        self.told.pop_front()
    }

    fn wake(&mut self, now: Instant, asks: &mut Asks) {
        if self.writes() {
            self.write_some(asks);
        }
        self.stalled(now, asks);
        self.ask_chunks(now, asks);
    }

    fn deadline(&self) -> Option<Instant> {
        // A frozen state is written at once, a little in each turn.
        if self.writes() {
            return Some(Instant::ZERO);
        }
        match &self.stage {
            Stage::Taking(taking) => {
                let due = taking.wants().then(|| self.pace.due());
                due.into_iter().chain(taking.deadline()).min()
            }
            _ => None,
        }
    }
}
