//! Early: what came from a peer of channels that are not open here yet.
//!
//! Takes: runs of streams, limits. Promises: no more is kept than [`EARLY_BYTES_MAX`], and
//! what replaces something takes its room; nothing is kept longer than [`EARLY_KEPT`].

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::incoming::Run;
use crate::interface::Channel;
use crate::limits::{EARLY_BYTES_MAX, EARLY_KEPT, EARLY_STREAM_BYTES_MAX};
use crate::time::Instant;

/// What a channel takes besides what came of it: many of which little came must not fill memory.
const ENTRY_BYTES: usize = 64;

/// What came of one channel.
#[derive(Debug, Default)]
pub(crate) struct Early {
    /// By where they begin.
    pub(crate) runs: BTreeMap<u64, Run>,
    pub(crate) limit: u64,
    bytes: usize,
    since: Instant,
}

/// What came of all of them.
#[derive(Debug, Default)]
pub(crate) struct Earlies {
    channels: BTreeMap<Channel, Early>,
    /// Since when: the first is looked at for each datagram.
    ages: BTreeSet<(Instant, Channel)>,
    bytes: usize,
}

impl Earlies {
    /// Keeps a run. False if there is no room for it.
    pub(crate) fn run(
        &mut self,
        now: Instant,
        channel: Channel,
        (offset, run): (u64, Run),
    ) -> bool {
        let known = self.channels.get(&channel).and_then(|early| early.runs.get(&offset));
        if known.is_some_and(|known| known.length() >= run.length()) {
            return true;
        }
        let bytes = (known.map_or(0, Run::cost), run.cost());
        let early = self.room(now, channel, bytes, EARLY_STREAM_BYTES_MAX);
        early.map(|early| early.runs.insert(offset, run.apart())).is_some()
    }

    /// Keeps how far its receiver takes the stream that goes the other way. False if there is no
    /// room for it.
    pub(crate) fn limit(&mut self, now: Instant, channel: Channel, limit: u64) -> bool {
        let early = self.room(now, channel, (0, 0), EARLY_BYTES_MAX);
        early.map(|early| early.limit = early.limit.max(limit)).is_some()
    }

    /// Where something of this channel is kept that takes so many bytes in place of so many; none
    /// if it would be more than so many with all others.
    fn room(
        &mut self,
        now: Instant,
        channel: Channel,
        (before, after): (usize, usize),
        most: usize,
    ) -> Option<&mut Early> {
        let entry = if self.channels.contains_key(&channel) { 0 } else { ENTRY_BYTES };
        let bytes = self.bytes - before + after + entry;
        if bytes > most && bytes > self.bytes {
            return None;
        }
        self.bytes = bytes;
        let early = self.channels.entry(channel).or_insert_with(|| {
            self.ages.insert((now, channel));
            Early { since: now, ..Early::default() }
        });
        early.bytes = early.bytes - before + after + entry;
        Some(early)
    }

    /// What came of this channel.
    pub(crate) fn take(&mut self, channel: Channel) -> Option<Early> {
        let early = self.channels.remove(&channel)?;
        self.ages.remove(&(early.since, channel));
        self.bytes -= early.bytes;
        Some(early)
    }

    /// When the first of them is given up.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.ages.first().map(|(since, _)| *since + EARLY_KEPT)
    }

    /// Those that nobody opened for long: what came of them is given up.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Channel> {
        let old = self.ages.iter().take_while(|(since, _)| now >= *since + EARLY_KEPT);
        let expired: Vec<Channel> = old.map(|(_, channel)| *channel).collect();
        for channel in &expired {
            self.take(*channel);
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    #[test]
    fn a_run_that_replaces_a_shorter_one_takes_its_room() {
        let mut early = Earlies::default();
        for length in 1..=2_000 {
            let run = Run::Data(alloc::vec![7; length].into());
            assert!(early.run(Instant::ZERO, Channel(1), (0, run)), "{length}");
        }
        let longest = Run::Data(alloc::vec![7; 2_000].into());
        assert_eq!(early.bytes, ENTRY_BYTES + longest.cost());
    }

    #[test]
    fn the_first_that_came_is_given_up_first_whatever_its_name() {
        let at = |second| Instant::ZERO + Duration::from_secs(second);
        let mut early = Earlies::default();
        assert_eq!(early.due(), None);
        for (second, channel) in [(1, 30), (2, 10), (3, 20), (4, 30)] {
            assert!(early.limit(at(second), Channel(channel), 5));
        }
        assert_eq!(early.due(), Some(at(1) + EARLY_KEPT));
        assert!(early.take(Channel(30)).is_some());
        assert_eq!(early.due(), Some(at(2) + EARLY_KEPT));
        assert_eq!(early.expire(at(1) + EARLY_KEPT), []);
        assert_eq!(early.expire(at(3) + EARLY_KEPT), [Channel(10), Channel(20)]);
        assert_eq!((early.due(), early.bytes), (None, 0));
    }
}
