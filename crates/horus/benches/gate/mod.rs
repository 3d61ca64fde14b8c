//! Bench gate: processes behind daemons beside processes that embed the kernel; two hosts, each an
//! address of the loopback, one client here and one or four there.

mod figures;
pub(crate) mod house;
pub(crate) mod wakes;

use std::path::PathBuf;

use muts::{NodeId, ProcId};

use crate::common::options::Options;
use crate::common::words::Words;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    figures::all(options);
}

/// The name of the process of this rank. A gate wants names; these sort as the ranks do, so that
/// the same rank leads a view and gives numbers, whatever the tower.
pub(crate) fn name(rank: usize) -> String {
    let sorts = |name: &String| NodeId::of_name(name).0 >> 60 == rank as u64 + 1;
    (0..).map(|at| format!("r{rank}.{at}")).find(sorts).expect("one in sixteen")
}

/// The process of this rank.
pub(crate) fn proc(rank: usize) -> ProcId {
    ProcId { node: NodeId::of_name(&name(rank)), incarnation: 1 }
}

/// Binds a process to the core of its host: what a daemon and its clients share, and what those who
/// embed the kernel have for themselves, is the same then.
pub(crate) fn bound() -> Words {
    Words::new("bind").with("own", true).with("hosts", 2)
}

/// Where the daemon of a host is reached: the first rank is here, all others are there.
pub(crate) fn socket(role: &Words, host: usize) -> PathBuf {
    PathBuf::from(format!("{}{host}", role.get::<String>("sockets")))
}
