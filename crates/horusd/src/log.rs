//! Log: what happened, on standard error, as text or as JSON lines; its level can be changed.

use std::io::{IsTerminal, stderr};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt, reload};

/// Changes the level while it runs.
pub(crate) struct Level(reload::Handle<LevelFilter, Registry>);

impl Level {
    /// Opens the log.
    pub(crate) fn open(level: LevelFilter, json: bool) -> Self {
        let (filter, handle) = reload::Layer::new(level);
        let lines = fmt::layer().with_writer(stderr);
        let registry = tracing_subscriber::registry().with(filter);
        if json {
            registry.with(lines.json()).init();
        } else {
            registry.with(lines.with_ansi(stderr().is_terminal())).init();
        }
        Self(handle)
    }

    /// From now on what is logged is this.
    pub(crate) fn set(&self, level: LevelFilter) {
        // It fails only if the log is gone, and then nobody reads it.
        let _ = self.0.reload(level);
    }
}
