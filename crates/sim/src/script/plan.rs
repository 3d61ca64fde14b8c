//! Plan: what the applications of one run of core groups are to do, and the settings they stand on.

use muts::{Duration, ProcId};
use vsync::{Causality, Config, GroupId, NodeId, Order, Partition, Terms};

use crate::choice::Choice;
use crate::script::{Load, Roster};

/// Every order of the kernel.
const ORDERS: [Order; 5] =
    [Order::Unordered, Order::Fifo, Order::Causal, Order::Total, Order::Global];

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
        let (load, circles) = (Load::steady(), Vec::new());
        Self { groups: vec![group], load, leave_chance: 0, primary: false, circles, config }
    }

    /// Some plan for a run.
    pub fn drawn(choice: &mut Choice, hosts: usize) -> Self {
        let groups = choice.between(1, 3).min(hosts as u64);
        let mut plan = Self {
            groups: (0..groups).map(|group| GroupId::of_word(&format!("g{group}"))).collect(),
            load: Load::drawn(choice, &ORDERS),
            leave_chance: *choice.pick(&[0, 500, 5_000]),
            primary: choice.chance(300_000),
            circles: Vec::new(),
            config: tuned(choice),
        };
        match choice.below(3) {
            // Two that overlap, and those in both have to agree on both.
            0 => plan.circles = vec![vec![0, 1], (1..hosts).collect()],
            1 => plan.config.causality = Causality::System,
            _ => {}
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
    pub fn terms(&self, roster: &Roster, group: GroupId) -> Option<Terms> {
        let electorate: Vec<NodeId> = (0..roster.hosts()).map(|host| roster.node(host)).collect();
        let partition = Partition::Primary { electorate, refuse: self.refuses(group) };
        self.primary.then(|| Terms { partition, ..Terms::default() })
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
    config.stability = pick(&[1, 20, 100]);
    config.merge = pick(&[300, 1_000, 2_000]);
    config.flush = pick(&[1_500, 3_000, 3_000]);
    config.announce = pick(&[200, 500, 1_000]);
    config
}
