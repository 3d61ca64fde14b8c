//! Pretended, for tests of single protocols: a member of a group over a transport that keeps what
//! is said, and says nothing itself.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use muts::{Full, Instant, Layer, NodeId, Packet, ProcId, Random, Transmit};

use crate::config::Config;
use crate::control::Control;
use crate::counters::Counters;
use crate::endpoint::GroupId;
use crate::epoch::Epoch;
use crate::heard::Heard;
use crate::interface::Up;
use crate::peers::Peers;
use crate::serving::Serving;
use crate::spread::Spreads;
use crate::turn::Turn;
use crate::view::ViewId;

/// The group of all such tests.
pub(crate) const GROUP: GroupId = GroupId(7);

/// The process of this rank.
pub(crate) const fn proc(rank: u8) -> ProcId {
    ProcId { node: NodeId(rank as u64 + 1), incarnation: 1 }
}

/// Keeps what it is asked for.
#[derive(Debug, Default)]
struct Kept(Vec<muts::Down>);

impl Layer for Kept {
    type Down = muts::Down;
    type Up = muts::Up;

    fn down(&mut self, _: Instant, ask: muts::Down) -> Result<(), Full<muts::Down>> {
        self.0.push(ask);
        Ok(())
    }
    fn up(&mut self) -> Option<muts::Up> {
        None
    }
    fn receive(&mut self, _: Instant, _: Packet) {}
    fn transmit(&mut self, _: Instant) -> Option<Transmit> {
        None
    }
    fn wake(&mut self, _: Instant) {}
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

/// One member, and what it is lent.
pub(crate) struct Member {
    pub(crate) serving: Serving,
    config: Config,
    peers: Peers,
    random: Random,
    counters: Counters,
    spreads: Spreads,
    heard: Heard,
    net: Kept,
}

impl Member {
    /// The last of so many in the first view.
    pub(crate) fn last_of(count: u8) -> Self {
        let config = Config::new(proc(count - 1), 3);
        let view = ViewId { epoch: 1, coordinator: proc(0) };
        let members = (0..count).map(proc).collect();
        let epoch = Epoch::new(GROUP, view, members, usize::from(count) - 1);
        Self {
            serving: Serving::new(epoch, 1),
            peers: Peers::new(&config),
            random: Random::new(5),
            counters: Counters::default(),
            spreads: Spreads::default(),
            heard: Heard::default(),
            net: Kept::default(),
            config,
        }
    }

    /// Lets it do something; answers what it says then, and to whom.
    pub(crate) fn does(
        &mut self,
        what: impl FnOnce(&mut Serving, &mut Turn<'_>),
    ) -> Vec<(ProcId, Control)> {
        let (terms, mut exclusions) = (BTreeMap::new(), VecDeque::new());
        let mut told: VecDeque<Up> = VecDeque::new();
        let mut turn = Turn {
            now: Instant::from_nanos(1),
            config: &self.config,
            terms: &terms,
            exclusions: &mut exclusions,
            peers: &mut self.peers,
            random: &mut self.random,
            counters: &mut self.counters,
            spreads: &mut self.spreads,
            heard: &mut self.heard,
            told: &mut told,
            net: &mut self.net,
        };
        what(&mut self.serving, &mut turn);
        let said = self.net.0.drain(..).filter_map(|ask| match ask {
            muts::Down::Tell { to, mut message, .. } => Some((to, message.pop().expect("control"))),
            _ => None,
        });
        said.collect()
    }
}
