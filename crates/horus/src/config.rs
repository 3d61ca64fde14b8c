//! Config: what a process is told before it opens its tower; `settings` has it in words.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use muts::keyed::KeyFile;
use muts::os::Clues;
use vsync::Causality;

/// Who this process is, where it listens, whom it knows. [`Config::new`] has the defaults.
#[derive(Debug, Clone)]
pub struct Config {
    /// The node's name: letters, digits, `-`, `_` and `.`; at most 64. Its id is a hash of it.
    pub name: String,
    /// Where it listens. Port 0 takes a free one, which the others cannot know.
    pub listen: SocketAddr,
    /// Where others listen, by name; they need not be up yet.
    pub peers: Vec<(String, SocketAddr)>,
    /// The socket of a daemon on this host, to reach its kernel instead of embedding one. Then the
    /// network is the daemon's: where it listens, whom it knows, keys and patience are its own.
    pub daemon: Option<PathBuf>,
    /// A local socket where this process's user may ask it how it is, as a daemon is asked: `horus
    /// status --socket PATH`. None by default.
    pub operators: Option<PathBuf>,
    /// Where the last incarnation is kept; none is the user's state directory.
    pub state_dir: Option<PathBuf>,
    /// Keys to tell friends from strangers with, and to seal what is said. Without them only
    /// loopback addresses are taken, unless `insecure` says otherwise.
    pub keys: Option<KeyFile>,
    /// An IP multicast group and a port that all of the cluster share: what several are to hear
    /// goes there once, as far as the network carries it. None: to each alone.
    pub hall: Option<SocketAddr>,
    /// What others are found by of whom no address is known. None by default. Only processes that
    /// embed their kernel are found, and of them only those of the same [`Clues::system`].
    pub clues: Clues,
    /// Whom it must have met before it begins, so that a start does not make two systems. None by
    /// default: it begins at once.
    pub start: Option<Start>,
    /// Allow other addresses than loopback without a key. Opening says so on standard error.
    pub insecure: bool,
    /// Allow [`crate::Horus::spoil`] to lose and damage what goes over its links; for tests.
    pub chaos: bool,
    /// How patient it is.
    pub timing: Timing,
    /// Where light-weight groups are placed.
    pub placing: Placing,
    /// How far causal order reaches (paper 3.2): within each core group by default. A daemon keeps
    /// it so for its clients.
    pub causality: Causality,
}

/// Whom a process must have met before [`crate::Horus::embedded`] gives it to its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// So many other nodes.
    pub expect: usize,
    /// This one, unless it is this node itself: one alone may begin, and all others wait for it.
    pub first: Option<String>,
    /// For how long: then opening fails with [`crate::Error::Alone`].
    pub patience: Duration,
}

/// How patient a process is: each time from 1 ms to 2^32 - 1 ms, the silence at least twice the
/// beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long a peer may be silent before it is suspected.
    pub silence: Duration,
    /// How often a quiet link says that it lives.
    pub beat: Duration,
    /// How long a group's senders wait for this process to take anything of what it was told there,
    /// before it leaves the group ([`crate::Error::Untaken`]). None: for ever.
    pub untaken: Option<Duration>,
}

impl Timing {
    /// One host: nothing is lost, but processes compete for few cores.
    pub const LOCAL: Self = Self::of(1_000, 100);
    /// One network.
    pub const LAN: Self = Self::of(1_500, 150);
    /// Several networks.
    pub const WAN: Self = Self::of(5_000, 500);

    const fn of(silence_ms: u64, beat_ms: u64) -> Self {
        Self {
            silence: Duration::from_millis(silence_ms),
            beat: Duration::from_millis(beat_ms),
            untaken: Some(Duration::from_secs(10)),
        }
    }
}

/// Where light-weight groups are placed (paper 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// On the smallest core group that holds the members and at most `slack` others; none is the
    /// paper's min(5, 2 · members).
    Smallest {
        /// Others at most.
        slack: Option<u32>,
    },
    /// The same, looked at again every 5 s: groups that too many hear in vain go elsewhere, core
    /// groups that nearly coincide become one, and who is in no group leaves the core group.
    Adaptive {
        /// Others at most.
        slack: Option<u32>,
    },
    /// Each on a core group of its own: the naive way, to compare with.
    OneToOne,
    /// Only where the user says, on core groups that the user founds: nothing else is placed.
    ByHand,
}

impl Config {
    /// A process of this name that listens there and knows nobody yet.
    #[must_use]
    pub fn new(name: impl Into<String>, listen: SocketAddr) -> Self {
        Self {
            name: name.into(),
            listen,
            peers: Vec::new(),
            daemon: None,
            operators: None,
            state_dir: None,
            keys: None,
            hall: None,
            clues: Clues::default(),
            start: None,
            insecure: false,
            chaos: false,
            timing: Timing::LOCAL,
            placing: Placing::Smallest { slack: None },
            causality: Causality::default(),
        }
    }

    /// And reaches the kernel of the daemon at this socket.
    #[must_use]
    pub fn daemon(mut self, socket: impl Into<PathBuf>) -> Self {
        self.daemon = Some(socket.into());
        self
    }

    /// And answers its user's questions at this socket.
    #[must_use]
    pub fn operators(mut self, socket: impl Into<PathBuf>) -> Self {
        self.operators = Some(socket.into());
        self
    }

    /// And begins only when so many others were met, within so much time.
    #[must_use]
    pub fn expect(mut self, others: usize, patience: Duration) -> Self {
        self.start = Some(Start { expect: others, first: None, patience });
        self
    }

    /// And knows where this one listens.
    #[must_use]
    pub fn peer(mut self, name: impl Into<String>, address: SocketAddr) -> Self {
        self.peers.push((name.into(), address));
        self
    }
}
