//! Plan: what the applications of one run of core groups are to do, and the settings they stand on.

use muts::{Duration, ProcId};
use vsync::{Admission, Causality, Config, GroupId, NodeId, Order, Partition, Terms};

use crate::choice::Choice;
use crate::script::{Load, Roster};

/// Every order of the kernel.
const ORDERS: [Order; 5] =
    [Order::Unordered, Order::Fifo, Order::Causal, Order::Total, Order::Global];

/// How the last host is kept out of every group, if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// It is not.
    No,
    /// It is not on the list.
    ByList,
    /// It has not the key.
    ByKey,
    /// Whoever coordinates says no when asked.
    ByWord,
}

/// What the applications of one run are to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The groups; the first host founds the first, and so on.
    pub groups: Vec<GroupId>,
    /// The load on them.
    pub load: Load,
    /// Chance that an act is to leave a group, parts of 1,000,000.
    pub leave_chance: u64,
    /// Whether views are primary where most hosts are, and others refuse multicasts.
    pub primary: bool,
    /// Whether the last host, which goes on asking, is refused.
    pub barred: Barred,
    /// Hosts whose processes multicast among themselves, inside each group.
    pub circles: Vec<Vec<usize>>,
    /// Settings of every kernel, but for who it is.
    pub config: Config,
}

impl Plan {
    /// One group, a steady load, and nobody leaves.
    #[must_use]
    pub fn steady(group: GroupId) -> Self {
        let config = Config::new(ProcId::default(), 0);
        let (groups, load, circles) = (vec![group], Load::steady(), Vec::new());
        let barred = Barred::No;
        Self { groups, load, leave_chance: 0, primary: false, barred, circles, config }
    }

    /// Some plan for a run.
    pub fn drawn(choice: &mut Choice, hosts: usize) -> Self {
        let groups = choice.between(1, 3).min(hosts as u64);
        let mut plan = Self {
            groups: (0..groups).map(|group| GroupId::of_word(&format!("g{group}"))).collect(),
            load: Load::drawn_for(choice, &ORDERS, hosts),
            leave_chance: *choice.pick(&[0, 500, 5_000]),
            primary: choice.chance(300_000),
            barred: Barred::No,
            circles: Vec::new(),
            config: tuned(choice),
        };
        match choice.below(3) {
            // Two that overlap, and those in both have to agree on both.
            0 => plan.circles = vec![vec![0, 1], (1..hosts).collect()],
            1 => plan.config.causality = Causality::System,
            _ => {}
        }
        // Who founds a group is in it.
        if plan.groups.len() < hosts && choice.chance(250_000) {
            plan.barred = *choice.pick(&[Barred::ByList, Barred::ByKey, Barred::ByWord]);
        }
        plan
    }

    /// Whether a view of this group that is not primary refuses multicasts: never the first, since
    /// a group of which most members were killed is never primary again.
    #[must_use]
    pub fn refuses(&self, group: GroupId) -> bool {
        self.primary && self.groups.first() != Some(&group)
    }

    /// What a process says of a group before it is in it.
    #[must_use]
    pub fn terms(&self, roster: &Roster, group: GroupId, host: usize) -> Option<Terms> {
        let nodes = || (0..roster.hosts()).map(|host| roster.node(host));
        let electorate: Vec<NodeId> = nodes().collect();
        let partition = match self.primary {
            true => Partition::Primary { electorate, refuse: self.refuses(group) },
            false => Partition::Sides,
        };
        let admission = match self.barred {
            Barred::No => Admission::Anybody,
            Barred::ByList => Admission::Listed(nodes().take(roster.hosts() - 1).collect()),
            Barred::ByKey => Admission::Key(b"key".to_vec()),
            Barred::ByWord => Admission::Asked,
        };
        let shows: &[u8] = if self.is_barred(roster, host) { b"keys" } else { b"key" };
        let terms = Terms { partition, admission, ticket: shows.to_vec() };
        (self.primary || self.barred != Barred::No).then_some(terms)
    }

    /// Whether the process on this host is let into no group.
    #[must_use]
    pub fn is_barred(&self, roster: &Roster, host: usize) -> bool {
        self.barred != Barred::No && host + 1 == roster.hosts()
    }

    /// The settings of one kernel.
    #[must_use]
    pub fn config_of(&self, me: ProcId, seed: u64) -> Config {
        Config { me, seed, ..self.config.clone() }
    }
}

/// Settings drawn from far apart, inside what lets a run end in time.
fn tuned(choice: &mut Choice) -> Config {
    let mut config = Config::new(ProcId::default(), 0);
    let mut pick = |values: &[u64]| Duration::from_millis(*choice.pick(values));
    config.control = pick(&[5, 20, 20, 60]);
    config.gather = pick(&[0, 20, 80]);
    config.stability = pick(&[1, 20, 20, 100]);
    config.merge = pick(&[300, 1_000, 2_000]);
    config.flush = pick(&[1_500, 3_000, 3_000]);
    config.announce = pick(&[200, 500, 1_000]);
    // A storm breaks a link as often as it likes, and the promise is for soon after it.
    config.good_max = pick(&[2_000, 4_000, 4_000]);
    config
}
