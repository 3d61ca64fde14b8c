//! Signals: what the system asks for, kept until the loop comes round.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use muts::os::Bell;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals as Caught;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    stop: AtomicBool,
    reload: AtomicBool,
}

impl Signals {
    /// Listens from now on; whoever turns the loop is woken by its bell.
    ///
    /// # Errors
    /// What the system says if there can be no handler or no thread.
    pub(crate) fn open(bell: Bell) -> io::Result<Arc<Self>> {
        let signals = Arc::new(Self::default());
        let mut caught = Caught::new([SIGHUP, SIGINT, SIGTERM])?;
        let kept = Arc::clone(&signals);
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in caught.forever() {
                let which = if signal == SIGHUP { &kept.reload } else { &kept.stop };
                which.store(true, Ordering::SeqCst);
                bell.ring();
            }
        })?;
        Ok(signals)
    }

    /// Whether it is to end.
    pub(crate) fn stops(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Whether it is to read its settings again; asked once for each time.
    pub(crate) fn reloads(&self) -> bool {
        self.reload.swap(false, Ordering::SeqCst)
    }
}
