//! One core group as this floor sees it: routes what the kernel tells of it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use muts::Instant;
use vsync::{Endpoint, GroupId, Message, Order};

use crate::arrival::Arrival;
use crate::brief::Brief;
use crate::data::Data;
use crate::directory::Directory;
use crate::entering::Entering;
use crate::exchange::Exchange;
use crate::group::{Ask, Destination, common};
use crate::header::{Again, Header, Label, Op};
use crate::here::{CoreNumber, Here};
use crate::id::{LwgId, Members, SendId};
use crate::interface::{Up, Why};
use crate::lately::Lately;
use crate::marking::{EarlyMarks, Unplaced};
use crate::moved::Moved;
use crate::opening::Opening;
use crate::outgoing::Urgent;
use crate::queue::Queue;
use crate::table::Slot;
use crate::uniting;
use crate::unstable::Unstable;

pub(crate) struct CoreGroup {
    pub(crate) view: vsync::View,
    pub(crate) directory: Directory,
    /// Names the directory's content; none at a newcomer until it has one.
    pub(crate) label: Option<Label>,
    /// Runs while the directories of this view may differ.
    pub(crate) exchange: Option<Exchange>,
    /// The last one was ended by a view.
    pub(crate) unfinished: bool,
    /// What the last one has brought and nobody has looked at since.
    pub(crate) uniting: Option<uniting::Groups>,
    /// From here on groups may have all MARKs that wait for those for all groups.
    pub(crate) ripening: Option<Slot>,
    pub(crate) early: EarlyMarks,
    /// Goes out before everything else, in this view or never.
    pub(crate) urgent: VecDeque<Urgent>,
    /// Own asks that wait for the kernel; in whatever view it takes them.
    pub(crate) queue: Queue,
    /// Groups that handed back an ask.
    pub(crate) refused: BTreeSet<LwgId>,
    /// The kernel has handed something back.
    pub(crate) full: bool,
    /// CLOSE was delivered: all leave.
    pub(crate) closed: bool,
    /// CLOSE is on its way.
    pub(crate) closing: bool,
    /// Since when no group has been on it.
    pub(crate) idle_since: Option<Instant>,
    /// Groups that were here and are elsewhere.
    pub(crate) moved: Moved,
    /// Who has come here of groups that are on their way; of this view alone.
    pub(crate) arrivals: BTreeMap<LwgId, Arrival>,
    /// Groups that are about to come here; of this view alone.
    pub(crate) reserved: BTreeSet<LwgId>,
    /// Groups that go at once when the view has changed.
    pub(crate) leaving: Vec<(Slot, LwgId, Destination)>,
    /// Messages of groups that this process is not in.
    pub(crate) filtered: u64,
    /// Bytes of own messages not meant for members of the core group outside their groups.
    pub(crate) spared: u64,
    /// Own ABCASTs on their way, and the MARKs that wait for them.
    pub(crate) unplaced: Unplaced,
    /// Who is to enter groups, and own adds that wait for that.
    pub(crate) entering: Entering,
    /// Own operations on their way of which it was told how they end.
    pub(crate) foretold: BTreeSet<u64>,
    /// Whom own messages on their way are for, if not for everybody in their view.
    pub(crate) aimed: BTreeMap<SendId, Members>,
    /// Own messages delivered here and not known to be so everywhere.
    pub(crate) unstable: Unstable,
    /// The same of the view before: so everywhere once all who came along are known to have come.
    pub(crate) carried: Unstable,
    /// What senders have named once; of this view alone.
    pub(crate) brief: Brief,
    /// The views that this process has sent in last; of this core view alone.
    pub(crate) lately: Lately,
    /// Groups whose MBCASTs are carried in order until everybody has their view.
    pub(crate) opening: Opening,
    /// Whether it is among those with something for the kernel.
    pub(crate) noted: bool,
}

impl CoreGroup {
    /// As of its first view here.
    pub(crate) fn new(number: CoreNumber, view: vsync::View, here: &mut Here) -> Self {
        let mut new = Self {
            directory: Directory::new(number, view.group),
            view: view.clone(),
            label: None,
            exchange: None,
            unfinished: false,
            uniting: None,
            ripening: None,
            early: EarlyMarks::default(),
            urgent: VecDeque::new(),
            queue: Queue::default(),
            refused: BTreeSet::new(),
            full: false,
            closed: false,
            closing: false,
            idle_since: None,
            moved: Moved::default(),
            arrivals: BTreeMap::new(),
            reserved: BTreeSet::new(),
            leaving: Vec::new(),
            filtered: 0,
            spared: 0,
            unplaced: Unplaced::default(),
            entering: Entering::default(),
            foretold: BTreeSet::new(),
            aimed: BTreeMap::new(),
            unstable: Unstable::new(),
            carried: Unstable::new(),
            brief: Brief::default(),
            lately: Lately::default(),
            opening: Opening::default(),
            noted: false,
        };
        here.told.push_back(Up::Core(vsync::Up::View(view.into())));
        new.begin_exchange(here);
        new
    }

    pub(crate) fn id(&self) -> GroupId {
        self.view.group
    }

    pub(crate) fn number(&self) -> CoreNumber {
        self.directory.core
    }

    /// The kernel has delivered everything of the view before.
    pub(crate) fn on_view(&mut self, here: &mut Here, view: vsync::View) {
        // What the view before has changed is told before this one is: a light-weight view names
        // the core view that its process is in.
        self.unite_some(here, usize::MAX);
        self.directory.sweep_mine(here);
        self.close_changes(here, &view);
        self.end_exchange(here);
        self.enter_again(here);
        self.urgent.clear();
        self.closing = false;
        self.ripening = None;
        self.early.clear();
        self.brief.clear();
        self.lately.clear();
        self.opening.clear();
        self.unplaced.clear();
        self.foretold.clear();
        self.aimed.clear();
        self.wait_no_more(here);
        self.reserved.clear();
        let along: BTreeSet<Endpoint> = view.transitional.iter().copied().collect();
        self.carry_unstable(here, &along);
        let lowest = along.first().copied().unwrap_or(here.me);
        let all = self.view.members.iter().all(|member| along.contains(member));
        self.directory.dead.next_view(all);
        self.view = view;
        here.told.push_back(Up::Core(vsync::Up::View(self.view.clone().into())));
        self.directory.lose(here, |member| along.contains(member), self.view.id, lowest);
        self.depart_forced(here);
        // Few groups are up to date at once, so that nobody sends in a view that is over; of many
        // the rest is, when it is touched or swept.
        self.directory.sweep(here, here.at_once);
        here.replies.keep(self.number(), |member| along.contains(member), &mut here.told);
        here.passing.keep(self.number(), |member| along.contains(member));
        self.begin_exchange(here);
    }

    /// A cast in the present view. Answers whether it did nothing but tell a message: what comes by
    /// the million is looked for first, and not carried about.
    pub(crate) fn on_cast(
        &mut self,
        here: &mut Here,
        (from, seq): (Endpoint, u64),
        how: (Order, bool),
        message: &mut Message,
    ) -> bool {
        let Ok(again) = message.pop::<Again>() else {
            self.on_header(here, (from, seq), how, message);
            return false;
        };
        let Some((data, state)) = self.brief.hear_again(from, again) else {
            here.counters.malformed += 1;
            return false;
        };
        if state == here.table.state() && self.on_more(here, (from, seq), how, &data, message) {
            let rests = from != here.me || !data.replies && how.0 != Order::Total;
            return rests && here.asides.is_empty();
        }
        if self.on_data(here, (from, seq), how, &data, message) {
            self.brief.told(from, again, here.table.state());
        }
        false
    }

    fn on_header(
        &mut self,
        here: &mut Here,
        (from, seq): (Endpoint, u64),
        how: (Order, bool),
        message: &mut Message,
    ) {
        match message.pop::<Header>() {
            Ok(Header::Data(data)) => {
                self.on_data(here, (from, seq), how, &data, message);
            }
            Ok(header @ (Header::First { .. } | Header::Again(_))) => {
                match self.brief.hear(from, &header) {
                    Some(data) => {
                        self.on_data(here, (from, seq), how, &data, message);
                    }
                    None => here.counters.malformed += 1,
                }
            }
            Ok(Header::Op(op)) => self.on_op(here, from, *op, core::mem::take(message)),
            Ok(Header::Ops) => match Op::read_all(message.body()) {
                Ok(ops) => {
                    let placed = from == here.me && how.0 == Order::Total;
                    for op in ops {
                        if placed {
                            self.own_is_placed(op.lwg);
                        }
                        self.on_op(here, from, op, Message::default());
                    }
                }
                Err(_) => here.counters.malformed += 1,
            },
            Ok(Header::Mark { lwg, change }) => self.on_mark(here, from, lwg, change),
            Ok(Header::MarkForAll) => self.on_mark_for_all(here, from),
            Ok(Header::Say { lwg, change }) => {
                self.on_say(here, (from, seq), (lwg, change), how.1);
            }
            Ok(Header::Label(label)) => self.on_label(here, from, label),
            Ok(Header::Directory { label, last }) => {
                self.on_directory(here, label, last, message.body());
            }
            Ok(Header::Close(label)) => self.on_close(here, label),
            Ok(Header::Bare) => {}
            Err(_) => here.counters.malformed += 1,
        }
    }

    /// This process has left.
    pub(crate) fn on_out(mut self, here: &mut Here) {
        self.wait_no_more(here);
        here.replies.leave(self.number(), &mut here.told);
        here.passing.keep(self.number(), |_| false);
        for slot in self.directory.page(here, None, usize::MAX).0 {
            let motion = self.directory.motions.remove(&slot).unwrap_or_default();
            let lwg = here.table.entry(slot).lwg;
            if here.table.members(slot).contains(&here.me) {
                let ends = |change: &crate::group::Change| change.members.is_empty();
                let destroyed = motion.changes.back().is_some_and(ends);
                let why = if destroyed { Why::Destroyed } else { Why::CoreLeft };
                here.tell_out(lwg, why, here.table.entry(slot).id.counter);
            }
            self.directory.remove(here, slot);
            let sayings = motion.changes.into_iter().filter_map(|change| change.saying);
            let said = sayings.filter_map(|saying| saying.own(here, lwg)).collect::<Vec<_>>();
            for ask in said.into_iter().chain(motion.held) {
                here.refuse(ask);
            }
        }
        self.end_exchange(here);
        self.enter_no_more(here);
        for ask in core::mem::take(&mut self.queue) {
            here.refuse(ask);
        }
        self.lose_unstable(here);
        here.told.extend(self.refused.into_iter().map(|lwg| Up::Room { lwg }));
    }

    /// One more of a view that the last of that name was told in here, and nothing has changed
    /// since. Answers whether it was told.
    fn on_more(
        &mut self,
        here: &mut Here,
        (from, seq): (Endpoint, u64),
        how: (Order, bool),
        data: &Data,
        message: &mut Message,
    ) -> bool {
        let mut members = None;
        if from == here.me {
            let Some(known) = self.lately.view(data.lwg, data.view) else { return false };
            members = Some(Arc::clone(&known.members));
            if how.0 == Order::Total {
                self.own_is_placed(data.lwg);
            }
        }
        self.tell(here, (from, seq), how, data, members, message);
        true
    }

    /// A multicast of a group: told if this process is in the view that it was sent in, which is
    /// the answer.
    fn on_data(
        &mut self,
        here: &mut Here,
        (from, seq): (Endpoint, u64),
        (order, safe): (Order, bool),
        data: &Data,
        message: &mut Message,
    ) -> bool {
        let own = from == here.me;
        if own && order == Order::Total {
            self.own_is_placed(data.lwg);
        }
        if data.relaxed {
            self.on_relaxed(here, (from, seq), *data, (order, safe, core::mem::take(message)));
            return false;
        }
        let aimed = if own { self.aimed.remove(&data.send) } else { None };
        self.ripen_first(here, data.lwg);
        let Some(slot) = self.directory.find(here, data.lwg) else {
            self.filter(here, from, data);
            return false;
        };
        let members = here.table.members(slot);
        let inside = members.contains(&here.me);
        if !inside || here.table.entry(slot).id != data.view {
            if inside && members.contains(&from) {
                // What made the view is in the causal past of what is sent in it: only a member
                // that lies comes here.
                here.counters.out_of_view += 1;
            }
            self.filter(here, from, data);
            return false;
        }
        let members = own.then(|| match aimed {
            Some(aimed) => Arc::new(aimed),
            None => Arc::clone(&self.lately.of(here, slot, &self.view).members),
        });
        self.tell(here, (from, seq), (order, safe), data, members, message);
        true
    }

    /// A multicast is told; of an own one it is said whom it is for.
    fn tell(
        &mut self,
        here: &mut Here,
        (from, seq): (Endpoint, u64),
        how: (Order, bool),
        data: &Data,
        own: Option<Arc<Members>>,
        message: &mut Message,
    ) {
        let Data { lwg, send, replies, aside, outside, .. } = *data;
        if !(own.is_some() && aside) {
            here.tell_message((from, data), how, core::mem::take(message));
        }
        let Some(members) = own else { return };
        self.opening.told(lwg, seq);
        if let Some(asker) = outside {
            here.passing.told((asker, send), (lwg, self.number()), &members, replies);
            return;
        }
        if replies {
            here.replies.delivered(send, &members, &mut here.told);
        }
        self.await_stable(seq, (lwg, send), members);
    }

    /// An own ABCAST has its place: MARKs may go out that waited for it.
    pub(crate) fn own_is_placed(&mut self, lwg: LwgId) {
        let marks = self.unplaced.delivered(lwg);
        self.urgent.extend(marks.into_iter().map(|change| Urgent::Mark { lwg, change }));
        self.mark_for_all();
    }

    fn filter(&mut self, here: &mut Here, from: Endpoint, data: &Data) {
        here.counters.filtered += 1;
        self.filtered += 1;
        if from == here.me {
            match data.outside {
                Some(asker) => here.passing.refuse(asker, data.send),
                None if data.replies => here.replies.close(data.send, &mut here.told),
                None => {}
            }
        }
    }

    /// Who of these members is not in the core view.
    pub(crate) fn strangers(&self, members: &[Endpoint]) -> Members {
        let present = common(members, &self.view.members);
        members.iter().copied().filter(|member| !present.contains(member)).collect()
    }

    /// Whether this process has rank 0.
    pub(crate) fn is_lowest(&self, me: Endpoint) -> bool {
        self.view.members.first() == Some(&me)
    }

    /// Whether the directory is one with those of all others, and that of every group in it.
    pub(crate) const fn is_one(&self) -> bool {
        self.exchange.is_none() && self.uniting.is_none()
    }

    /// Brings so many groups up to date; true while more are left to do.
    pub(crate) fn sweep(&mut self, here: &mut Here, most: usize) -> bool {
        if self.uniting.is_some() {
            self.unite_some(here, most);
        } else if self.ripening.is_some() {
            self.ripen_some(here, most);
        } else {
            return self.directory.sweep(here, most);
        }
        true
    }

    /// Whether groups here are to be brought up to date.
    pub(crate) fn is_swept(&self) -> bool {
        self.uniting.is_none() && self.ripening.is_none() && self.directory.is_swept()
    }

    /// How many things are unfinished here; 0: settled.
    pub(crate) fn unsettled(&self) -> usize {
        let changes: usize =
            self.directory.motions.values().map(|motion| motion.changes.len()).sum();
        let asked = self.directory.motions.values().map(|motion| motion.asked as usize);
        changes
            + asked.sum::<usize>()
            + self.entering.len()
            + usize::from(self.exchange.is_some())
            + self.uniting.as_ref().map_or(0, uniting::Groups::len)
            + usize::from(self.ripening.is_some())
            + usize::from(!self.directory.is_swept())
            + self.queue.iter().filter(|ask| matches!(ask, Ask::Op(_))).count()
            + self.urgent.len()
    }
}
