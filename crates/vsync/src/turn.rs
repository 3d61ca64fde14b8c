//! What a group may touch in one turn: the kernel's shared parts, lent to it.

use alloc::collections::{BTreeMap, VecDeque};

use muts::{Instant, Layer, Message, ProcId, Random};

use crate::config::Config;
use crate::control::Control;
use crate::counters::Counters;
use crate::endpoint::GroupId;
use crate::grounds::Exclusion;
use crate::heard::Heard;
use crate::interface::Up;
use crate::limits::EXCLUSIONS_MAX;
use crate::peers::Peers;
use crate::spread::Spreads;
use crate::terms::Terms;

/// The transport, whatever it is.
pub(crate) type Net<'a> = &'a mut dyn Layer<Down = muts::Down, Up = muts::Up>;

/// Lent by the kernel to one group for one call.
pub(crate) struct Turn<'a> {
    pub(crate) now: Instant,
    pub(crate) config: &'a Config,
    pub(crate) terms: &'a BTreeMap<GroupId, Terms>,
    pub(crate) exclusions: &'a mut VecDeque<Exclusion>,
    pub(crate) peers: &'a mut Peers,
    pub(crate) random: &'a mut Random,
    pub(crate) counters: &'a mut Counters,
    pub(crate) spreads: &'a mut Spreads,
    pub(crate) heard: &'a mut Heard,
    pub(crate) told: &'a mut VecDeque<Up>,
    pub(crate) net: Net<'a>,
}

impl Turn<'_> {
    pub(crate) fn me(&self) -> ProcId {
        self.config.me
    }

    /// What is to hold in a group.
    pub(crate) fn terms(&self, group: GroupId) -> Terms {
        self.terms.get(&group).cloned().unwrap_or_default()
    }

    /// Remembers why somebody was excluded.
    pub(crate) fn remember(&mut self, exclusion: Exclusion) {
        self.counters.excluded(exclusion.charge);
        self.exclusions.push_back(exclusion);
        while self.exclusions.len() > EXCLUSIONS_MAX {
            self.exclusions.pop_front();
        }
    }

    /// Tells the floor above.
    pub(crate) fn tell(&mut self, up: Up) {
        self.told.push_back(up);
    }

    /// Sends a control message once; whoever wants it to arrive repeats it.
    pub(crate) fn control(&mut self, to: ProcId, control: &Control) {
        let mut message = Message::default();
        message.push(control);
        self.counters.control_sent += 1;
        self.ask(muts::Down::Tell { to, change: control.is_change(), message });
    }

    /// Asks the transport for something that is not kept if it is handed back: all but casts.
    /// Answers whether it was taken.
    pub(crate) fn ask(&mut self, ask: muts::Down) -> bool {
        // A transport that is full of control traffic drops it, and control is repeated.
        let taken = self.net.down(self.now, ask).is_ok();
        self.counters.asks_refused += u64::from(!taken);
        taken
    }
}
