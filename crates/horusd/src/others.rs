//! Others: the daemons that are met, fall silent, are heard again and end, as the log tells them.

use std::collections::{BTreeMap, BTreeSet};

use muts::{NodeId, ProcId};
use tracing::{info, warn};

use crate::config::Config;

/// Those that were told of last, and whether each is heard.
#[derive(Debug, Default)]
pub(crate) struct Others(BTreeMap<ProcId, bool>);

impl Others {
    /// Tells what has changed since.
    pub(crate) fn tell<I: Iterator<Item = (ProcId, bool)>>(
        &mut self,
        config: &Config,
        daemons: impl Fn() -> I,
    ) {
        if daemons().eq(self.0.iter().map(|(proc, heard)| (*proc, *heard))) {
            return;
        }
        let daemons: BTreeMap<ProcId, bool> = daemons().collect();
        for proc in self.0.keys().filter(|proc| !daemons.contains_key(proc)) {
            info!(daemon = called(config, *proc), "over");
        }
        for (proc, heard) in &daemons {
            let daemon = called(config, *proc);
            match (self.0.get(proc), heard) {
                (None, _) => info!(daemon, "met"),
                (Some(true), false) => info!(daemon, "silent"),
                (Some(false), true) => info!(daemon, "back"),
                _ => {}
            }
        }
        self.0 = daemons;
    }
}

/// How another daemon is written: by its name where that was told in the settings.
pub(crate) fn called(config: &Config, proc: ProcId) -> String {
    let names = config.peers.iter().map(|(name, _)| name).chain(&config.first);
    let mut names = names.filter(|name| NodeId::of_name(name) == proc.node);
    match names.next() {
        Some(name) => format!("{name}#{}", proc.incarnation),
        None => format!("{:016x}#{}", proc.node.0, proc.incarnation),
    }
}

/// Names that cannot be looked up: each is told once, until it can be.
#[derive(Debug, Default)]
pub(crate) struct Unknown(BTreeSet<String>);

impl Unknown {
    /// What became of a look-up; none: it found something.
    pub(crate) fn note(&mut self, host: &str, why: Option<String>) {
        match why {
            None => drop(self.0.remove(host)),
            Some(why) if self.0.insert(host.to_owned()) => {
                warn!(host, why, "cannot be looked up; it is tried again and again");
            }
            Some(_) => {}
        }
    }
}
