//! A state whose order of commands shows, and a world of its replicas.
#![allow(dead_code, clippy::unwrap_used)]

use lwg::{Endpoint, SendId};
use muts::{Malformed, Sink, Wire};
use tools::{Answer, Corrupt, Frozen, Replica, State};

use super::{World, group, member};

/// Every command ever applied, in order, behind ballast that makes it several chunks long. One
/// whose ballast is 3 more than a multiple of 4 is frozen, and written in several turns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Journal {
    pub(crate) ballast: usize,
    pub(crate) entries: Vec<u64>,
}

/// An entry, and bytes that weigh but do not count.
#[derive(Debug, Clone)]
pub(crate) struct Entry(pub(crate) u64, pub(crate) usize);

impl Wire for Entry {
    fn write(&self, into: &mut impl Sink) {
        self.0.write(into);
        into.extend_from_slice(&vec![0; self.1]);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let number = u64::read(from)?;
        let weight = core::mem::take(from).len();
        Ok(Self(number, weight))
    }
}

impl State for Journal {
    type Command = Entry;
    type Answer = usize;

    fn apply(&mut self, command: Entry) -> usize {
        self.entries.push(command.0);
        self.entries.len()
    }

    fn save(&self, into: &mut Vec<u8>) {
        (self.ballast as u64).write(into);
        into.resize(into.len() + self.ballast, 0x5a);
        self.entries.write(into);
    }

    fn freeze(&self) -> Option<Box<dyn Frozen>> {
        let mut saved = Vec::new();
        self.save(&mut saved);
        let piece = saved.len().div_ceil(4);
        (self.ballast % 4 == 3).then(|| Box::new(Pieces { saved, piece }) as _)
    }

    fn load(mut from: &[u8]) -> Result<Self, Corrupt> {
        let ballast = u64::read(&mut from)? as usize;
        let (_, mut rest) = from.split_at_checked(ballast).ok_or(Corrupt)?;
        let entries = Vec::read(&mut rest)?;
        if rest.is_empty() { Ok(Self { ballast, entries }) } else { Err(Corrupt) }
    }
}

/// A journal as it was, and how much of it is written in a turn.
struct Pieces {
    saved: Vec<u8>,
    piece: usize,
}

impl Frozen for Pieces {
    fn write(&mut self, into: &mut Vec<u8>, most: usize) -> bool {
        let rest = self.saved.split_off(self.saved.len().min(self.piece).min(most));
        into.append(&mut core::mem::replace(&mut self.saved, rest));
        !self.saved.is_empty()
    }
}

pub(crate) type Journals = World<Replica<Journal>>;

impl Journals {
    /// A process that runs a replica and is not in the group yet.
    pub(crate) fn replica(&mut self, node: u64, ballast: usize) -> Endpoint {
        let who = member(node);
        let journal = Journal { ballast, entries: vec![] };
        self.add_host(who, Replica::new(group(), who, journal));
        who
    }

    /// A group of the nodes 1 to `count`, settled.
    pub(crate) fn founded(seed: u64, count: u64, ballast: usize) -> (Self, Vec<Endpoint>) {
        let mut world = Self::new(seed);
        let members: Vec<_> = (1..=count).map(|node| world.replica(node, ballast)).collect();
        world.regroup(&members);
        world.settle();
        (world, members)
    }

    /// One member proposes an entry of this weight.
    pub(crate) fn propose(&mut self, who: Endpoint, entry: u64, weight: usize, replies: bool) {
        let host = self.hosts.get_mut(&who).unwrap();
        host.tool.propose(&Entry(entry, weight), SendId(entry), replies, &mut host.asks);
        self.pump(who);
    }

    pub(crate) fn entries(&self, who: Endpoint) -> Vec<u64> {
        self.hosts[&who].tool.state().expect("it has the state").entries.clone()
    }

    /// The donors of whom this member told `Ready`.
    pub(crate) fn donors(&self, who: Endpoint) -> Vec<Endpoint> {
        let donor = |answer: &Answer<usize>| match answer {
            Answer::Ready { donor, .. } => Some(*donor),
            _ => None,
        };
        self.hosts[&who].answers.iter().filter_map(donor).collect()
    }

    /// All of them have one state and keep nothing for anybody.
    pub(crate) fn check_equal(&self, members: &[Endpoint]) {
        let first = self.entries(members[0]);
        for who in members {
            let tool = &self.hosts[who].tool;
            assert!(tool.is_settled(), "{who:?} is not settled");
            assert_eq!(self.entries(*who), first, "{who:?} beside {:?}", members[0]);
            assert_eq!(tool.digest(), self.hosts[&members[0]].tool.digest());
            assert_eq!(tool.snapshots_kept(), 0, "{who:?} keeps a snapshot");
        }
        let mut once = first.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), first.len(), "an entry came twice: {first:?}");
    }

    /// Whoever was told a command that wants replies has answered it, by applying or declining.
    pub(crate) fn check_replies(&self) {
        for (who, host) in &self.hosts {
            for wanted in &host.wanted {
                let applied = host.answers.iter().filter(|answer| {
                    matches!(answer, Answer::Applied { from, send, replies: true, .. }
                        if (*from, *send) == *wanted)
                });
                let declined = host.replies.iter().filter(|(to, send, _)| (*to, *send) == *wanted);
                assert_eq!(applied.count() + declined.count(), 1, "{who:?} on {wanted:?}");
            }
        }
    }
}
