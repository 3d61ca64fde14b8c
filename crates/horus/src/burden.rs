//! Burden: what others sent and nobody has taken yet, of one handle, and on the pile of all.
//!
//! *Takes* what the crank adds, and what the holder of the handle takes away. *Promises* that the
//! crank is told to look when groups are choked for it and enough was taken: once nothing is added
//! any more and all looks are over, what is light chokes nothing. Both change first and look then.

use crate::limits::{EASED_BELOW, PILE_BYTES_MAX, UNTAKEN_BYTES_MAX};
use crate::sync::{Arc, AtomicBool, AtomicUsize, Ordering};

/// What lies in all mailboxes of a process.
#[derive(Debug)]
pub(crate) struct Pile(AtomicUsize);

impl Default for Pile {
    fn default() -> Self {
        Self(AtomicUsize::new(0))
    }
}

impl Pile {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::SeqCst) as u64
    }
}

/// See the head of this file.
pub(crate) struct Burden {
    bytes: AtomicUsize,
    pile: Arc<Pile>,
    /// Groups are choked for it.
    chokes: AtomicBool,
    /// The crank is to look whether enough was taken.
    seen_to: AtomicBool,
}

impl Burden {
    pub(crate) fn new(pile: &Arc<Pile>) -> Self {
        let (chokes, seen_to) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { bytes: AtomicUsize::new(0), pile: Arc::clone(pile), chokes, seen_to }
    }

    /// More lies here; whether that is too much. At the crank, before it can be taken.
    pub(crate) fn add(&self, bytes: usize) -> bool {
        self.bytes.fetch_add(bytes, Ordering::SeqCst);
        self.pile.0.fetch_add(bytes, Ordering::SeqCst);
        self.bytes.load(Ordering::SeqCst) > UNTAKEN_BYTES_MAX
            || self.pile.0.load(Ordering::SeqCst) > PILE_BYTES_MAX
    }

    /// Less lies here.
    pub(crate) fn lighten(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::SeqCst);
        self.pile.0.fetch_sub(bytes, Ordering::SeqCst);
    }

    /// Something was taken: whether the crank is to be told to look, by whoever took it.
    pub(crate) fn is_to_be_seen_to(&self) -> bool {
        let due = self.chokes.load(Ordering::SeqCst) && self.is_light();
        due && !self.seen_to.swap(true, Ordering::SeqCst)
    }

    /// The crank chokes groups for it, or none any more.
    pub(crate) fn set_chokes(&self, chokes: bool) {
        self.chokes.store(chokes, Ordering::SeqCst);
    }

    /// The crank looks: whether enough was taken.
    pub(crate) fn look(&self) -> bool {
        self.seen_to.store(false, Ordering::SeqCst);
        self.is_light()
    }

    /// Whoever has taken all is waited for by nobody, whatever lies elsewhere.
    fn is_light(&self) -> bool {
        let bytes = self.bytes.load(Ordering::SeqCst);
        let pile = self.pile.0.load(Ordering::SeqCst);
        bytes == 0 || bytes < UNTAKEN_BYTES_MAX / EASED_BELOW && pile < PILE_BYTES_MAX
    }
}

impl Drop for Burden {
    fn drop(&mut self) {
        self.pile.0.fetch_sub(self.bytes.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}
