//! Tool: what hears a group and asks a group; Asks: where its asks wait for the tower.

use alloc::collections::VecDeque;

use lwg::{Down, SendId, Up};
use muts::Instant;

/// A guest of a tower: a plain value that hears what the tower tells and asks it for more.
///
/// One turn of whoever turns the crank: one thing in (`hear` or `wake`), then every
/// [`Tool::answer`] until `None`, then the asks go down, then sleep until `deadline`.
/// A tool passes over whatever is none of its business, so every tool may hear everything.
pub trait Tool {
    /// What it tells its owner.
    type Answer;

    /// Takes one thing that the tower told.
    fn hear(&mut self, now: Instant, heard: &Up, asks: &mut Asks);

    /// The next thing told to the owner, in the one order that means something.
    fn answer(&mut self) -> Option<Self::Answer>;

    /// Does what was to be done by now. Calling it early or late does no harm.
    fn wake(&mut self, now: Instant, asks: &mut Asks);

    /// When `wake` is wanted next.
    fn deadline(&self) -> Option<Instant>;
}

/// The asks of all tools of one tower, oldest first, until the tower takes them.
///
/// One value for each tower, kept as long as the tower, or several whose names begin far apart: it
/// also mints the names of what tools send, and a name must never come twice.
#[derive(Debug, Default)]
pub struct Asks {
    waiting: VecDeque<Down>,
    minted: u64,
}

impl Asks {
    /// The bit that is set in the name of everything that a tool sends on its own account.
    /// Applications mint names without it.
    pub const MINTED: u64 = 1 << 63;

    /// Nothing asked yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { waiting: VecDeque::new(), minted: 0 }
    }

    /// The same for one of several values of a tower, whose names begin there: far enough from
    /// those of the others.
    #[must_use]
    pub const fn numbered_from(first: u64) -> Self {
        Self { waiting: VecDeque::new(), minted: first }
    }

    /// A name for a send of a tool's own.
    pub fn mint(&mut self) -> SendId {
        let send = SendId(Self::MINTED | self.minted);
        self.minted += 1;
        send
    }

    /// Whether a tool gave this name, and the application has nothing to do with the send.
    #[must_use]
    pub const fn is_minted(send: SendId) -> bool {
        send.0 & Self::MINTED != 0
    }

    /// Adds an ask behind all others.
    pub fn push(&mut self, ask: Down) {
        self.waiting.push_back(ask);
    }

    /// Takes the oldest ask, to be given to the tower.
    pub fn take(&mut self) -> Option<Down> {
        self.waiting.pop_front()
    }

    /// Puts back an ask that the tower handed back, before all others.
    pub fn put_back(&mut self, ask: Down) {
        self.waiting.push_front(ask);
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lwg::LwgId;

    #[test]
    fn an_ask_handed_back_stays_before_the_others() {
        let mut asks = Asks::new();
        let group = |count| Down::Destroy { lwg: LwgId { creator: 0, count } };
        asks.push(group(1));
        asks.push(group(2));
        let first = asks.take().expect("two wait");
        asks.put_back(first);
        for count in [1, 2] {
            assert!(matches!(asks.take(), Some(Down::Destroy { lwg }) if lwg.count == count));
        }
        assert!(asks.is_empty());
    }

    #[test]
    fn minted_names_never_come_twice_and_are_told_apart() {
        let mut asks = Asks::new();
        let (one, two) = (asks.mint(), asks.mint());
        assert_ne!(one, two);
        assert_eq!(Asks::numbered_from(1).mint(), two, "they begin where they were told");
        assert!(Asks::is_minted(one) && Asks::is_minted(two) && !Asks::is_minted(SendId(7)));
    }
}
