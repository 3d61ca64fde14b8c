//! The kernel's settings: who it is, and how patient.

use core::time::Duration;

use muts::ProcId;

/// Between which messages causal order is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Causality {
    /// Inside each core group.
    #[default]
    Group,
    /// Also from one core group to another: a Causal or Total multicast is handed back while
    /// something in another group is not known to be delivered everywhere (paper 3.2), unless it
    /// is `independent`.
    System,
}

/// Settings of a [`Kernel`](crate::Kernel); the defaults suit one network.
#[derive(Debug, Clone)]
pub struct Config {
    /// This process.
    pub me: ProcId,
    /// Where all chance of this kernel comes from.
    pub seed: u64,
    /// How long a peer may be taken for alive without a sign that it hears us: at least the
    /// transport's limit of silence, and less than twice that: of who fell silent within half of
    /// it the transport knows that its process has ended. Default 1 s.
    pub suspicion: Duration,
    /// For how long a link must have been good both ways before a view relies on it: the first
    /// time. Default 200 ms.
    pub good_first: Duration,
    /// The same after the link broke once; doubles each time it breaks again. Default 500 ms.
    pub good_again: Duration,
    /// The most that this grows to: who breaks again and again makes few views for others. A link
    /// that has been good for ten minutes begins anew. Default 60 s.
    pub good_max: Duration,
    /// How often a control message is repeated at first. Default 20 ms.
    pub control: Duration,
    /// How long a coordinator gathers suspicions, joins and leaves into one view, when the present
    /// view is younger than this. Default 20 ms.
    pub gather: Duration,
    /// How long a flush may be silent before its coordinator is given up. Default 3 s, three times
    /// `suspicion`.
    pub flush: Duration,
    /// How long one side of a merge waits for the other. Default 1 s, or `suspicion`.
    pub merge: Duration,
    /// How often former members are told where the group is. Default 500 ms.
    pub announce: Duration,
    /// How long founding waits for the invited, and an invitation for its answer. Default 5 s, or
    /// five times `suspicion`.
    pub founding: Duration,
    /// How long a join looks for the group. Default 10 s.
    pub joining: Duration,
    /// Ask the floor above before it is kept from casting ([`Up::Closing`](crate::Up::Closing)):
    /// for one that is at the other end of a pipe, where casts may be on their way. Default: no.
    pub asks_first: bool,
    /// How long received and delivered positions gather before they are told. Default 20 ms.
    pub stability: Duration,
    /// Between which messages causal order is kept. Default: inside each core group.
    pub causality: Causality,
}

impl Config {
    /// The defaults for this process.
    #[must_use]
    pub fn new(me: ProcId, seed: u64) -> Self {
        Self {
            me,
            seed,
            suspicion: Duration::from_secs(1),
            good_first: Duration::from_millis(200),
            good_again: Duration::from_millis(500),
            good_max: Duration::from_secs(60),
            control: Duration::from_millis(20),
            gather: Duration::from_millis(20),
            flush: Duration::from_secs(3),
            merge: Duration::from_secs(1),
            announce: Duration::from_millis(500),
            founding: Duration::from_secs(5),
            joining: Duration::from_secs(10),
            asks_first: false,
            stability: Duration::from_millis(20),
            causality: Causality::default(),
        }
    }

    /// The defaults for another limit of silence: what waits for others (`flush`, `merge`,
    /// `founding`) waits longer with it, so that none gives up before a loss is noticed; with a
    /// shorter one only a flush does not wait as long. How long a join looks for its group is no
    /// matter of that.
    #[must_use]
    pub fn with_suspicion(mut self, suspicion: Duration) -> Self {
        self.suspicion = suspicion;
        self.flush = suspicion * 3;
        self.merge = self.merge.max(suspicion);
        self.founding = self.founding.max(suspicion * 5);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limit_of_silence_changes_nothing_and_a_longer_one_all_that_waits_for_others() {
        let waits = |config: Config| [config.flush, config.merge, config.founding];
        let plain = || Config::new(ProcId::default(), 1);
        assert_eq!(waits(plain().with_suspicion(plain().suspicion)), waits(plain()));
        let slow = plain().with_suspicion(plain().suspicion * 5);
        assert_eq!(waits(slow), waits(plain()).map(|patience| patience * 5));
        let quick = waits(plain().with_suspicion(plain().suspicion / 5));
        let [flush, merge, founding] = waits(plain());
        assert_eq!(quick, [flush / 5, merge, founding]);
    }
}
