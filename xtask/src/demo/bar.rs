//! Bar: how far a phase is, on a terminal as a bar and elsewhere as a line when it is over.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often it moves while nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// See the head of this file. Everything goes to standard error.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    drawn: bool,
    since: std::cell::Cell<Instant>,
}

impl Bar {
    /// Nothing is shown yet.
    pub(super) fn new() -> Self {
        let drawn = stderr().is_terminal();
        let bar = if drawn { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{msg:44} {bar:40} {pos}/{len} {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        if drawn {
            bar.enable_steady_tick(TICK);
        }
        Self { bar, drawn, since: std::cell::Cell::new(Instant::now()) }
    }

    /// A phase begins.
    pub(super) fn begin(&self, name: &str, whole: usize) {
        self.since.set(Instant::now());
        self.bar.set_message(name.to_owned());
        self.bar.set_length(whole as u64);
        self.bar.set_position(0);
    }

    /// So much of it is done.
    pub(super) fn at(&self, done: usize) {
        self.bar.set_position(done as u64);
    }

    /// It is over.
    pub(super) fn end(&self, name: &str) {
        if !self.drawn {
            let seconds = self.since.get().elapsed().as_secs_f64();
            eprintln!("  {name}: {seconds:.2} s");
        }
    }

    /// The bar goes: something else is to be said.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}
