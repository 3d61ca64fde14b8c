//! Wishes: what the clients of one run are to do.

use muts::Duration;
use tools::limits::BYTES_A_SECOND;
use vsync::Order;

use crate::choice::Choice;
use crate::script::Load;

/// The states that clients carry in their groups.
#[derive(Debug, Clone)]
pub struct Carried {
    /// About how long each is.
    pub bytes: usize,
    /// Chance that a message to a group is a command, parts of 1,000,000.
    pub command_chance: u64,
    /// Bytes of them that members of a group receive in a second.
    pub bytes_a_second: u64,
}

/// What the clients of one run are to do.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// The load.
    pub load: Load,
    /// A client that is in so many groups creates no more.
    pub groups_max: usize,
    /// Chance that an act is a change of a group's members, parts of 1,000,000.
    pub change_chance: u64,
    /// Groups that it creates, or moves, at a time at the most.
    pub at_a_time: usize,
    /// Chance that a change is a move to another core group, parts of 1,000,000.
    pub move_chance: u64,
    /// Whether some groups are relaxed.
    pub relaxed: bool,
    /// How often groups are looked at and moved by themselves; none: never.
    pub adapts: Option<Duration>,
    /// Chance that a message wants replies.
    pub replies_chance: u64,
    /// What state each group has that is not relaxed, if any.
    pub carried: Option<Carried>,
}

impl Wishes {
    /// A steady load on groups that only a test creates and changes.
    #[must_use]
    pub fn steady() -> Self {
        Self {
            load: Load::steady(),
            groups_max: 0,
            change_chance: 0,
            at_a_time: 1,
            move_chance: 0,
            relaxed: false,
            adapts: None,
            replies_chance: 100_000,
            carried: None,
        }
    }

    /// Some wishes for a run.
    pub fn drawn(choice: &mut Choice, hosts: usize) -> Self {
        use Order::{Causal, Fifo, Global, Total, Unordered};
        let orders = [Unordered, Fifo, Causal, Total, Global];
        Self {
            load: Load::drawn_for(choice, &orders, hosts),
            groups_max: *choice.pick(&[1, 4, 12]),
            change_chance: *choice.pick(&[10_000, 60_000, 200_000]),
            at_a_time: 1,
            move_chance: 0,
            relaxed: true,
            adapts: None,
            replies_chance: *choice.pick(&[0, 100_000, 500_000]),
            carried: None,
        }
    }

    /// The same with a thousand groups and more.
    #[must_use]
    pub fn by_the_thousand(self) -> Self {
        Self { groups_max: 400, change_chance: 300_000, at_a_time: 80, ..self }
    }

    /// Some wishes for a run in which groups have states. Members come and go more often, and
    /// states are heavy, so that views change while they are on their way; where few messages are
    /// commands, a state is the same from one view to the next. In one run of five members come and
    /// go far more often than a state takes to come, and all that is said moves it.
    pub fn drawn_states(choice: &mut Choice, hosts: usize) -> Self {
        let drawn = match choice.chance(300_000) {
            true => Self::drawn_moves(choice, hosts),
            false => Self::drawn(choice, hosts),
        };
        let carried = Carried {
            bytes: *choice.pick(&[100, 150_000, 400_000]),
            command_chance: *choice.pick(&[5_000, 100_000, 1_000_000]),
            bytes_a_second: *choice.pick(&[200_000, 1_000_000, BYTES_A_SECOND]),
        };
        let wishes = Self {
            groups_max: *choice.pick(&[1, 3]),
            change_chance: *choice.pick(&[60_000, 200_000]),
            carried: Some(carried),
            ..drawn
        };
        if choice.chance(200_000) { wishes.restless(choice) } else { wishes }
    }

    /// The same where views change all the time while commands move heavy states.
    fn restless(self, choice: &mut Choice) -> Self {
        let bytes = *choice.pick(&[250_000, 400_000]);
        let carried = Carried { bytes, command_chance: 1_000_000, bytes_a_second: 200_000 };
        Self { groups_max: 1, change_chance: 500_000, carried: Some(carried), ..self }
    }

    /// Some wishes for a run in which groups move, by hand and by themselves.
    pub fn drawn_moves(choice: &mut Choice, hosts: usize) -> Self {
        let move_chance = *choice.pick(&[50_000, 100_000, 300_000]);
        let adapts = *choice.pick(&[None, None, Some(Duration::from_secs(1))]);
        Self { move_chance, adapts, ..Self::drawn(choice, hosts) }
    }
}
