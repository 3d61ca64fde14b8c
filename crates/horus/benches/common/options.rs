//! Options: how a benchmark is run.

use clap::Parser;

/// What there is to measure.
const NAMES: [&str; 7] = ["muts", "vsync", "lwg", "gate", "tools", "paper", "all"];

/// What `cargo xtask bench` passes on.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask bench")]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_parser = NAMES, default_value = "all")]
    pub(crate) name: String,
    /// One object a line instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Less exact, within a minute
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only figures whose name contains this, and with these parameters: `muts.latency way=one`
    #[arg(long, default_value = "")]
    pub(crate) only: String,
    /// Cargo says so of every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// As the command line says.
    pub(crate) fn read() -> Self {
        Self::parse()
    }

    /// Whether this is to be measured.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name == name || self.name == "all"
    }

    /// How often A and B alternate.
    pub(crate) fn pairs(&self) -> usize {
        if self.quick { 3 } else { 7 }
    }

    /// How long one measurement lasts, in milliseconds.
    pub(crate) fn window_ms(&self) -> u64 {
        if self.quick { 150 } else { 1_000 }
    }

    /// Whether this figure is wanted: its name, and perhaps parameters behind it.
    pub(crate) fn wants(&self, bench: &str) -> bool {
        let mut words = bench.split(' ');
        let name = words.next().unwrap_or_default();
        let given: Vec<_> = words.collect();
        self.only.split(' ').all(|word| match word.split_once('=') {
            Some((key, _)) => {
                let mut same = given.iter().filter(|one| one.split('=').next() == Some(key));
                same.all(|one| *one == word)
            }
            None => name.contains(word),
        })
    }
}
