//! Client: the end of the gate in the user space. A `Core`, whose kernel is at the other end.
//!
//! Takes: what the daemon tells. Promises: a cast that it takes goes out in the view told last; it
//! hands back what would not. Keeps: for each group how much is under way.
//!
//! Its network is the pipe: `transmit` gives the bytes to be written, `receive` takes what was
//! read; a packet without bytes says that the pipe has ended.

use alloc::collections::{BTreeMap, VecDeque, vec_deque};
use alloc::string::String;

use muts::{Address, Counted, Full, Instant, Layer, Message, Packet, ProcId, Transmit};

use super::frame::{Bye, CHOKE_SINCE, LOOK_SINCE, OWN_SINCE, Say, Tell, VERSIONS, common_version};
use super::out::Out;
use super::reader::Reader;
use super::under_way::UnderWay;
use crate::endpoint::{Endpoint, GroupId};
use crate::how::How;
use crate::interface::{Down, Fault, Up};
use crate::limits::{CAST_BYTES_MAX, GATE_CREDIT_BYTES};
use crate::order::Order;
use crate::terms::{Partition, Terms};
use crate::view::ViewId;

/// Where a client stands with its daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has said who it is.
    Calling,
    /// It is attached to this daemon.
    Attached(ProcId),
    /// It is not, for the reason that the daemon gave; none if the pipe just ended.
    Over(Option<Bye>),
}

/// One group, or all sends together.
#[derive(Debug, Default)]
struct Way {
    /// In a view of the group.
    inside: bool,
    /// Nothing goes before the next view.
    closed: bool,
    /// Bytes under way.
    used: u64,
    /// Something was handed back.
    refused: bool,
    /// The view told last.
    view: Option<ViewId>,
    /// The own place in it.
    rank: usize,
    /// What was cast in it and is not told yet, where the daemon does not say it again.
    own: VecDeque<Message>,
    /// How many of those were cast before its terms last began to refuse, and, if they have ceased
    /// to, how many before that: those between were refused if the view is not primary.
    firm: usize,
    refused_below: Option<usize>,
    refuses: bool,
    /// An own GBCAST that is not told yet: what comes after it comes after its flush.
    global: bool,
}

impl Way {
    const fn is_open(&self) -> bool {
        self.inside && !self.closed && !self.global
    }

    /// So many of what was cast here come now, the oldest first.
    fn take_own(&mut self, count: usize) -> vec_deque::Drain<'_, Message> {
        self.firm = self.firm.saturating_sub(count);
        self.refused_below = self.refused_below.map(|below| below.saturating_sub(count));
        self.own.drain(..count)
    }

    /// What was cast here is over.
    fn forget_own(&mut self) {
        self.own.clear();
        (self.firm, self.refused_below) = (0, None);
    }

    /// What was cast while the terms refused it is over.
    fn forget_refused(&mut self) {
        let below = self.refused_below.unwrap_or(self.own.len());
        self.own.drain(self.firm.min(below)..below);
        // Each of them is told of, and what was cast after them is not among them.
        self.refused_below = self.refused_below.map(|_| self.firm);
    }

    fn note_terms(&mut self, terms: &Terms) {
        let refuses = matches!(terms.partition, Partition::Primary { refuse: true, .. });
        match (self.refuses, refuses) {
            (false, true) => (self.firm, self.refused_below) = (self.own.len(), None),
            (true, false) => self.refused_below = Some(self.own.len()),
            _ => {}
        }
        self.refuses = refuses;
    }

    /// Whether room is to be told now; if so it counts as told.
    fn owes_room(&mut self) -> bool {
        self.is_open() && self.used <= GATE_CREDIT_BYTES / 2 && core::mem::take(&mut self.refused)
    }
}

/// A kernel that is in a daemon, as its client sees it: a [`Core`](crate::Core) like the
/// [`Kernel`](crate::Kernel) itself, that does no I/O. Its network is the pipe to the daemon, whose
/// end is a [`Server`](super::Server).
#[derive(Debug)]
pub struct Client {
    me: Endpoint,
    state: State,
    reader: Reader,
    out: Out,
    versions: (u8, u8),
    /// The daemon does not say again what was cast here.
    keeps_own: bool,
    /// It knows what it means to choke.
    chokes: bool,
    /// It says what is under way.
    looks: bool,
    under_way: UnderWay,
    groups: BTreeMap<GroupId, Way>,
    sends: Way,
    told: VecDeque<Up>,
    names: VecDeque<String>,
    asked: u64,
    refused: u64,
}

/// What becomes of a cast.
enum Taken {
    /// The daemon is told.
    Said,
    /// There is nobody to tell.
    Dropped,
    /// It has to wait.
    Refused,
}

/// What a message counts for.
pub(crate) fn weight(message: &Message) -> u64 {
    message.len() as u64 + 64
}

impl Client {
    /// A client that says who it is as soon as its pipe takes bytes.
    #[must_use]
    pub fn new(me: ProcId, name: impl Into<String>) -> Self {
        Self::speaking(VERSIONS, me, name)
    }

    /// The same with the lowest and the highest version of the gate that it speaks.
    #[must_use]
    pub fn speaking(versions: (u8, u8), me: ProcId, name: impl Into<String>) -> Self {
        let mut out = Out::default();
        out.put(&Say::Hello { versions, me, name: name.into() });
        Self {
            me: Endpoint::of(me),
            state: State::Calling,
            reader: Reader::default(),
            out,
            versions,
            keeps_own: false,
            chokes: false,
            looks: false,
            under_way: UnderWay::default(),
            groups: BTreeMap::new(),
            sends: Way { inside: true, ..Way::default() },
            told: VecDeque::new(),
            names: VecDeque::new(),
            asked: 0,
            refused: 0,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The next name of a node that was told: its id is the name's hash.
    pub fn name(&mut self) -> Option<String> {
        self.names.pop_front()
    }

    /// Asks the daemon what keeps the groups from being settled: it is counted once that has come,
    /// and as it was then. An older daemon is not asked.
    pub fn look(&mut self) {
        if self.looks {
            self.say(&Say::Look);
        }
    }

    fn say(&mut self, say: &Say) {
        self.out.put(say);
    }

    fn hear(&mut self, tell: Tell) {
        match tell {
            Tell::Welcome { version, daemon } => {
                let told = u8::try_from(version).ok();
                if told.and_then(|told| common_version((told, told), self.versions)).is_none() {
                    return self.state = State::Over(Some(Bye::Version));
                }
                self.keeps_own = version >= OWN_SINCE.into();
                self.chokes = version >= CHOKE_SINCE.into();
                self.looks = version >= LOOK_SINCE.into();
                self.state = State::Attached(daemon);
            }
            Tell::Bye(why) => self.state = State::Over(Some(why)),
            Tell::Ping => self.say(&Say::Pong),
            Tell::Took { group: None, bytes } => {
                self.sends.used = self.sends.used.saturating_sub(bytes);
            }
            Tell::Took { group: Some(group), bytes } => {
                let Some(way) = self.groups.get_mut(&group) else { return };
                way.used = way.used.saturating_sub(bytes);
                if way.owes_room() {
                    self.told.push_back(Up::Room { group });
                }
            }
            Tell::Told(up) => self.hear_up(up),
            Tell::Own { group, seq, count, order, safe } => {
                let from = self.me;
                let way = self.groups.get_mut(&group);
                let Some(way) = way.filter(|way| way.own.len() as u64 >= count) else {
                    return self.state = State::Over(Some(Bye::Malformed));
                };
                let messages = (seq..).zip(way.take_own(count as usize));
                self.told.extend(messages.map(|(seq, message)| Up::Cast {
                    group,
                    from,
                    seq,
                    order,
                    safe,
                    message,
                }));
            }
            Tell::Name(name) => self.names.extend(String::from_utf8(name)),
            Tell::UnderWay(under_way) => self.under_way = under_way,
            Tell::Answer(_) => {}
        }
    }

    fn hear_up(&mut self, up: Up) {
        match &up {
            Up::View(view) => {
                let way = self.groups.entry(view.group).or_default();
                (way.inside, way.closed, way.view) = (true, false, Some(view.id));
                let me = self.me;
                way.rank = view.members.iter().position(|it| *it == me).unwrap_or_default();
                // What was cast in the view before was told before it ended.
                way.forget_own();
                let room = way.owes_room().then_some(Up::Room { group: view.group });
                self.told.push_back(up);
                return self.told.extend(room);
            }
            Up::Cast { group, from, order: Order::Global, .. } if *from == self.me => {
                if let Some(way) = self.groups.get_mut(group) {
                    way.global = false;
                }
            }
            // All that is cast in such a view under such terms is dropped: so is what is under way.
            Up::Fault { group, fault: Fault::NotPrimary } => {
                let Some(way) = self.groups.get_mut(group) else { return };
                way.global = false;
                way.forget_refused();
                let room = way.owes_room().then_some(Up::Room { group: *group });
                self.told.push_back(up);
                return self.told.extend(room);
            }
            Up::Closing { group } => {
                let group = *group;
                if let Some(way) = self.groups.get_mut(&group) {
                    way.closed = true;
                }
                return self.say(&Say::Ask(Down::Closed { group }));
            }
            Up::Room { group } => {
                if let Some(way) = self.groups.get_mut(group) {
                    way.closed = false;
                    if !way.owes_room() {
                        return;
                    }
                }
            }
            Up::Out { group, .. } => {
                self.groups.remove(group);
            }
            Up::Fault { group, fault: Fault::TooMany }
                if self.groups.get(group).is_some_and(|way| !way.inside) =>
            {
                self.groups.remove(group);
            }
            _ => {}
        }
        self.told.push_back(up);
    }

    /// Takes a cast in; gives it back if it has to wait.
    fn cast(&mut self, group: GroupId, how: &How, message: &Message) -> Taken {
        if message.len() > CAST_BYTES_MAX {
            // Nobody may have what others cannot be sent.
            self.told.push_back(Up::Fault { group, fault: Fault::TooLong });
            return Taken::Dropped;
        }
        let Some(way) = self.groups.get_mut(&group) else {
            self.told.push_back(Up::Fault { group, fault: Fault::NotIn });
            return Taken::Dropped;
        };
        let to = how.to.as_ref();
        if way.is_open() && to.is_some_and(|to| Some(to.0) != way.view) {
            self.told.push_back(Up::Room { group });
            return Taken::Refused;
        }
        if !Self::spend(way, message) {
            return Taken::Refused;
        }
        way.global = how.order == Order::Global;
        let own = to.is_none_or(|to| to.1.has(way.rank));
        if self.keeps_own && own && how.order.is_queued() {
            way.own.push_back(message.clone());
        }
        Taken::Said
    }

    /// Counts a message against what may be under way; false if it has to wait.
    fn spend(way: &mut Way, message: &Message) -> bool {
        let free = way.is_open() && way.used < GATE_CREDIT_BYTES;
        if free {
            way.used += weight(message);
        }
        way.refused |= !free;
        free
    }
}

impl Layer for Client {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, _: Instant, ask: Down) -> Result<(), Full<Down>> {
        if let State::Over(_) = self.state {
            return Ok(());
        }
        match &ask {
            Down::Cast { group, how, message } => match self.cast(*group, how, message) {
                Taken::Said => {}
                Taken::Dropped => return Ok(()),
                Taken::Refused => {
                    self.refused += 1;
                    return Err(Full(ask));
                }
            },
            Down::Send { message, .. } if !Self::spend(&mut self.sends, message) => {
                self.refused += 1;
                return Err(Full(ask));
            }
            Down::Found { group, .. } | Down::Join { group, .. } => {
                self.groups.entry(*group).or_default();
            }
            Down::Terms { group, terms } => {
                let way = self.groups.get_mut(group);
                way.into_iter().for_each(|way| way.note_terms(terms));
            }
            // The answer is given here.
            Down::Closed { .. } => return Ok(()),
            // An older daemon would not understand.
            Down::Choke { .. } if !self.chokes => return Ok(()),
            _ => {}
        }
        self.asked += 1;
        self.say(&Say::Ask(ask));
        Ok(())
    }

    fn up(&mut self) -> Option<Up> {
        self.told.pop_front()
    }

    fn receive(&mut self, _: Instant, packet: Packet) {
        if let State::Over(_) = self.state {
            return;
        }
        if packet.bytes.is_empty() {
            self.state = State::Over(None);
            return;
        }
        let came = &mut &packet.bytes[..];
        loop {
            match self.reader.take::<Tell>(came) {
                Ok(Some(tell)) => self.hear(tell),
                Ok(None) => return,
                Err(_) => {
                    self.state = State::Over(Some(Bye::Malformed));
                    return;
                }
            }
        }
    }

    fn transmit(&mut self, _: Instant) -> Option<Transmit> {
        if self.out.is_empty() {
            return None;
        }
        Some(Transmit::whole(Address::Pipe(0), self.out.take()))
    }

    fn wake(&mut self, _: Instant) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Counted for Client {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("gate.asked", self.asked);
        each("gate.handed_back", self.refused);
        each("gate.groups", self.groups.len() as u64);
        self.under_way.count(each);
    }
}
