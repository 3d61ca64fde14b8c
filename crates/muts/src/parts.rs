//! Parts: control messages that came in several datagrams, joined.
//!
//! Takes: parts in any order, any number of times. Promises: a message once all of it is there.
//! Keeps: parts of few messages and few bytes, the oldest forgotten first: who wants a message to
//! come says it again.

use alloc::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use crate::limits::{DATAGRAM_BYTES_MIN, TELL_PARTS_BYTES_MAX, TELL_PARTS_MAX};

/// What each part takes besides its bytes.
const PART_BYTES: usize = 64;

/// Messages of which parts are missing, by their ids: those grow.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    messages: BTreeMap<u64, Begun>,
    bytes: usize,
    /// Those that were forgotten, or contradicted others, since this was taken.
    pub(crate) dropped: u64,
}

#[derive(Debug)]
struct Begun {
    count: u64,
    have: BTreeMap<u64, Bytes>,
}

fn cost(part: &Bytes) -> usize {
    part.len() + PART_BYTES
}

impl Parts {
    /// Whether a message of so many parts can have this one.
    pub(crate) fn can_be(index: u64, count: u64) -> bool {
        let most = (TELL_PARTS_BYTES_MAX / DATAGRAM_BYTES_MIN) as u64;
        index < count && (2..=most).contains(&count)
    }

    /// Takes a part that can be; answers the whole once it is there.
    pub(crate) fn take(&mut self, id: u64, index: u64, count: u64, part: &[u8]) -> Option<Bytes> {
        // Copied: a part must not keep the buffer that it came in.
        let part = Bytes::copy_from_slice(part);
        if !self.messages.contains_key(&id) && self.messages.len() >= TELL_PARTS_MAX {
            self.forget_oldest();
        }
        while self.bytes + cost(&part) > TELL_PARTS_BYTES_MAX && self.forget_oldest() {}
        let fresh = || Begun { count, have: BTreeMap::new() };
        let begun = self.messages.entry(id).or_insert_with(fresh);
        if begun.count != count {
            self.dropped += 1;
            return None;
        }
        self.bytes += cost(&part);
        self.bytes -= begun.have.insert(index, part).as_ref().map_or(0, cost);
        if (begun.have.len() as u64) < count {
            return None;
        }
        let begun = self.messages.remove(&id)?;
        let mut whole = BytesMut::new();
        for part in begun.have.values() {
            self.bytes -= cost(part);
            whole.extend_from_slice(part);
        }
        Some(whole.freeze())
    }

    fn forget_oldest(&mut self) -> bool {
        let oldest = self.messages.pop_first();
        for part in oldest.iter().flat_map(|(_, begun)| begun.have.values()) {
            self.bytes -= cost(part);
            self.dropped += 1;
        }
        oldest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_any_order_make_the_whole_once() {
        let mut parts = Parts::default();
        assert_eq!(parts.take(1, 2, 3, b"c"), None);
        assert_eq!(parts.take(2, 0, 2, b"x"), None);
        assert_eq!(parts.take(1, 0, 3, b"a"), None);
        assert_eq!(parts.take(1, 0, 3, b"a"), None);
        assert_eq!(parts.take(1, 1, 3, b"b").as_deref(), Some(&b"abc"[..]));
        assert_eq!(parts.take(2, 1, 2, b"y").as_deref(), Some(&b"xy"[..]));
        assert_eq!((parts.bytes, parts.messages.len()), (0, 0));
    }

    #[test]
    fn long_parts_of_messages_that_never_end_keep_no_more_than_the_limit() {
        let mut parts = Parts::default();
        let long = [7; 60_000];
        for at in 0..2_000 {
            assert_eq!(parts.take(at / 100, at % 100, 101, &long), None);
            assert!(parts.bytes <= TELL_PARTS_BYTES_MAX, "{} bytes", parts.bytes);
        }
        assert!(parts.bytes > 0);
        assert_eq!(parts.take(99, 0, 2, b"x"), None);
        assert!(parts.take(99, 1, 2, b"y").is_some(), "and the next one comes");
    }
}
