//! Ways: with which settings the transports of a run are made, each process with its own.

use muts::{Config, Duration, Tuning};

use crate::choice::Choice;
use crate::network::HALL;
use crate::script::Birth;

/// What the transports of one run have in common.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ways {
    /// There is a hall.
    hall: bool,
    /// Each process draws its windows and delays.
    odd: bool,
    /// Windows may be of a few messages.
    narrow: bool,
}

impl Ways {
    /// Some ways for a run: half of them with a hall, half with windows and delays at extremes.
    /// Windows of a few messages are for transports that stand `alone`: a floor above that is made
    /// to wait for one peer keeps what it has for others.
    pub fn drawn(choice: &mut Choice, alone: bool) -> Self {
        Self { hall: choice.chance(500_000), odd: choice.chance(500_000), narrow: alone }
    }

    /// Whether there is a hall.
    pub(crate) const fn has_hall(self) -> bool {
        self.hall
    }

    /// The settings of a process that starts: the same for the same birth.
    pub(crate) fn config(self, birth: &Birth) -> Config {
        let mut config = Config::new(birth.me, birth.seed);
        config.hall = self.hall.then_some(HALL);
        if self.odd {
            let mut choice = Choice::from_seed(birth.seed);
            config.tuning = tuning(&mut choice, self.narrow);
            config.datagram_bytes_max = *choice.pick(&[400, 1_200, 9_000, 65_507]);
            config.beat = Duration::from_millis(*choice.pick(&[40, 100, 150]));
        }
        config
    }
}

fn tuning(choice: &mut Choice, narrow: bool) -> Tuning {
    let millis = Duration::from_millis;
    let (bytes, messages) = if narrow {
        (*choice.pick(&[500, 8_000, 100_000, 4 << 20]), *choice.pick(&[2, 30, 16_384]))
    } else {
        (*choice.pick(&[400_000, 4 << 20]), 16_384)
    };
    Tuning {
        window_bytes: bytes,
        window_messages: messages,
        flight_bytes_start: *choice.pick(&[1_000, 64_000, 1 << 20]),
        flight_bytes_max: *choice.pick(&[4_000, 100_000, 4 << 20]),
        ack_delay: millis(*choice.pick(&[0, 1, 10, 30])),
        patience_max: millis(*choice.pick(&[60, 200, 500, 1_000])),
    }
}
