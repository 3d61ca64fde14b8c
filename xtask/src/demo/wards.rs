//! Wards: the processes that the demo has started; they end with it, whatever ends it.

use std::collections::BTreeMap;
use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// What a shell adds to the number of the signal that ended a program.
const SIGNALLED: i32 = 128;

/// All of them, by process id. Each is waited for here only, so that no id is used again meanwhile.
#[derive(Debug, Clone, Default)]
pub(super) struct Wards(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    children: BTreeMap<u32, Child>,
    /// The end has come: nobody is taken in any more.
    over: bool,
}

/// Kills all that are left when it goes.
#[derive(Debug)]
pub(super) struct Guard(Wards);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.state().end();
    }
}

impl State {
    fn end(&mut self) {
        self.over = true;
        self.children.values_mut().for_each(end);
    }
}

impl Wards {
    /// No children; Ctrl-C and SIGTERM kill those to come, and end the demo.
    ///
    /// # Errors
    /// A sentence if there can be no handler.
    pub(super) fn open() -> Result<(Self, Guard), String> {
        let wards = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(|error| error.to_string())?;
        let told = wards.clone();
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                // Held to the end: whoever finds a child dead waits here and says nothing more.
                let mut state = told.state();
                state.end();
                eprintln!("\ncargo xtask demo: interrupted; its processes are ended");
                std::process::exit(SIGNALLED + signal);
            }
        });
        Ok((wards.clone(), Guard(wards)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever died holding it left a map of children that still have to be ended.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a child; answers its id.
    pub(super) fn take_in(&self, mut child: Child) -> u32 {
        let mut state = self.state();
        if state.over {
            end(&mut child);
        }
        let id = child.id();
        state.children.insert(id, child);
        id
    }

    /// SIGKILL, without a word before it.
    ///
    /// # Errors
    /// What the system answers if it cannot be sent.
    pub(super) fn kill(&self, id: u32) -> io::Result<()> {
        match self.state().children.get_mut(&id) {
            Some(child) => child.kill(),
            None => Ok(()),
        }
    }

    /// How a child has ended, whose standard output has: it waits no longer than that takes.
    ///
    /// # Errors
    /// What the system answers.
    pub(super) fn ended(&self, id: u32) -> io::Result<Option<ExitStatus>> {
        let child = self.state().children.remove(&id);
        child.map(|mut child| child.wait()).transpose()
    }
}

/// It may have ended already, which is as good.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
