//! Load: how much the applications of a run send, how large, in which orders.

use vsync::Order;

use crate::choice::Choice;

/// The load that each application makes.
#[derive(Debug, Clone)]
pub struct Load {
    /// Shortest time between two acts of one application.
    pub gap_min_ms: u64,
    /// Longest time between two acts of one application.
    pub gap_max_ms: u64,
    /// Most messages sent in one act.
    pub burst_max: u64,
    /// Longest body; most are far shorter.
    pub body_bytes_max: u64,
    /// The orders to choose from.
    pub orders: Vec<Order>,
    /// Chance that a message is to be safe, parts of 1,000,000.
    pub safe_chance: u64,
    /// Chance that an act is to take nothing of a group for a while, parts of 1,000,000.
    pub choke_chance: u64,
}

impl Load {
    /// Some load for a run, from light to far too much.
    pub fn drawn(choice: &mut Choice, every: &[Order]) -> Self {
        let burst_max = *choice.pick(&[1, 3, 12]);
        let gap_max_ms = *choice.pick(&[20, 60, 200]);
        Self::shaped(choice, every, burst_max, gap_max_ms)
    }

    /// Some load for a run of groups: the applications of so many hosts send about a hundred
    /// messages a second together, in bursts or evenly; now and then ten times that. It is half as
    /// much again while all of them live and are in their groups.
    pub fn drawn_for(choice: &mut Choice, every: &[Order], hosts: usize) -> Self {
        let burst_max = *choice.pick(&[1, 3, 12]);
        let a_second = match choice.chance(30_000) {
            true => 1_000,
            false => *choice.pick(&[80, 150, 200]),
        };
        // Twice the mean, as bursts are drawn from 1 on and gaps from next to nothing on.
        let gap_max_ms = hosts as u64 * (burst_max + 1) * 1_000 / a_second;
        Self::shaped(choice, every, burst_max, gap_max_ms)
    }

    fn shaped(choice: &mut Choice, every: &[Order], burst_max: u64, gap_max_ms: u64) -> Self {
        Self {
            gap_min_ms: 1,
            gap_max_ms,
            burst_max,
            body_bytes_max: *choice.pick(&[40, 400, 6_000]),
            orders: choice.some(every, 1),
            safe_chance: *choice.pick(&[0, 100_000, 500_000]),
            choke_chance: *choice.pick(&[0, 3_000, 30_000]),
        }
    }

    /// A steady load of short messages in every order.
    #[must_use]
    pub fn steady() -> Self {
        Self {
            gap_min_ms: 2,
            gap_max_ms: 20,
            burst_max: 2,
            body_bytes_max: 40,
            orders: vec![Order::Fifo, Order::Causal, Order::Total],
            safe_chance: 0,
            choke_chance: 0,
        }
    }

    /// How long the next body is to be: mostly short, whatever the longest.
    pub fn body_bytes(&self, choice: &mut Choice) -> usize {
        let longest = if choice.chance(100_000) { self.body_bytes_max } else { 40 };
        choice.below(longest.min(self.body_bytes_max) + 1) as usize
    }
}
