//! Interface: the settings of a server, what may be asked of it, and what it tells.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use muts::{Address, Duration, NodeId, ProcId};

use crate::gate::frame::{Bye, VERSIONS};

/// Settings of a [`Server`](crate::gate::Server).
#[derive(Debug, Clone)]
pub struct Config {
    /// The daemon's own process: that of its transport.
    pub me: ProcId,
    /// The lowest and the highest version of the gate that is spoken here. Default [`VERSIONS`].
    pub versions: (u8, u8),
    /// What the kernels of all clients begin with; process and seed are their own.
    pub kernel: crate::Config,
    /// Between two heartbeats of kernels: the transport's.
    pub beat: Duration,
    /// How long a client may give no sign of life.
    pub silence: Duration,
    /// How long a client may take less than it is told. Default 10 s.
    pub slow: Duration,
    /// Clients at once. Default 256.
    pub clients_max: usize,
    /// The users that may attach; none: whoever can open the pipe.
    pub users: Option<BTreeSet<u32>>,
    /// Groups that one client may be in or on its way to. Default 10,000.
    pub groups_max: usize,
}

impl Config {
    /// The defaults for this daemon, over a transport with those of its own.
    #[must_use]
    pub fn new(me: ProcId, seed: u64) -> Self {
        Self {
            me,
            versions: VERSIONS,
            kernel: crate::Config::new(me, seed),
            beat: Duration::from_millis(100),
            silence: Duration::from_secs(1),
            slow: Duration::from_secs(10),
            clients_max: 256,
            users: None,
            groups_max: 10_000,
        }
    }
}

/// What whoever runs a server may ask of it.
#[derive(Debug, Clone)]
pub enum Word {
    /// Introduces another daemon by where it listens.
    Meet {
        /// Its node.
        node: NodeId,
        /// Where it listens.
        address: Address,
    },
    /// Puts a client out.
    PutOut {
        /// The number of its pipe.
        pipe: u32,
        /// Why.
        why: Bye,
    },
    /// Answers an operator.
    Answer {
        /// The number of the pipe.
        pipe: u32,
        /// What it is told.
        answer: Vec<u8>,
    },
    /// From now on no client is let in, for this reason, or any may be again.
    Close(Option<Bye>),
    /// This daemon ends: clients and other daemons are told.
    Farewell,
}

/// What it tells whoever runs it.
#[derive(Debug, Clone)]
pub enum News {
    /// A client is attached.
    Attached {
        /// The number of its pipe.
        pipe: u32,
        /// The process.
        proc: ProcId,
        /// The name of its node.
        name: String,
    },
    /// Another daemon speaks no version of frames that is spoken here.
    Refused {
        /// The other daemon.
        peer: ProcId,
        /// The lowest and the highest version that it speaks.
        versions: (u8, u8),
    },
    /// An operator asks something: `Word::Answer` is due.
    Asked {
        /// The number of the pipe.
        pipe: u32,
        /// What it asks.
        query: Vec<u8>,
    },
    /// A client is not attached any more, or never was: its pipe is to be closed.
    Parted {
        /// The number of its pipe.
        pipe: u32,
        /// The process, if it was attached.
        proc: Option<ProcId>,
        /// Why.
        why: Bye,
        /// What is to be written first, if the pipe takes it at once.
        last: Bytes,
    },
}
