//! Pool: packet buffers reused across threads.
//!
//! The driver takes a buffer, fills it from the socket and hands it up as `Bytes`; whoever drops
//! the last of them, on whatever thread, gives it back. Two words of bits say which places hold a
//! buffer and which are free; who wins a bit owns the place until it sets the other one. A pool
//! that is empty makes a new buffer, one that is full lets a buffer go. Every interleaving is
//! checked by `tests/loom_pool.rs`.

use alloc::boxed::Box;
use core::array;

use crate::sync::{Arc, AtomicU64, Mutex, Ordering};

/// Places for buffers: as many as there are bits in a word.
const PLACES: usize = 64;

#[derive(Debug)]
struct Shared {
    /// Bits of the places that hold a buffer.
    held: AtomicU64,
    /// Bits of the places that are free.
    free: AtomicU64,
    /// Locked by nobody but the owner of the bit, so never waited for.
    places: [Mutex<Option<Box<[u8]>>>; PLACES],
    buffer_bytes: usize,
}

/// A pool of buffers of one length; clones share it.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Shared>);

impl Pool {
    /// A pool whose buffers have this length.
    #[must_use]
    pub fn new(buffer_bytes: usize) -> Self {
        Self::with_places(buffer_bytes, PLACES)
    }

    /// A pool that keeps at most so many buffers, and never more than 64.
    #[must_use]
    pub fn with_places(buffer_bytes: usize, places: usize) -> Self {
        let free = if places >= PLACES { u64::MAX } else { (1 << places) - 1 };
        Self(Arc::new(Shared {
            held: AtomicU64::new(0),
            free: AtomicU64::new(free),
            places: array::from_fn(|_| Mutex::new(None)),
            buffer_bytes,
        }))
    }

    /// A buffer, from the pool or new. Its bytes are those of whoever had it before.
    #[must_use]
    pub fn take(&self) -> Buffer {
        let kept = win(&self.0.held).and_then(|place| {
            let buffer = self.0.places[place].lock().expect("nobody panics here").take();
            self.0.free.fetch_or(1 << place, Ordering::Release);
            buffer
        });
        let bytes = kept.unwrap_or_else(|| alloc::vec![0; self.0.buffer_bytes].into_boxed_slice());
        Buffer { pool: self.clone(), bytes, used: 0 }
    }

    fn give(&self, bytes: Box<[u8]>) {
        if let Some(place) = win(&self.0.free) {
            *self.0.places[place].lock().expect("nobody panics here") = Some(bytes);
            self.0.held.fetch_or(1 << place, Ordering::Release);
        }
    }
}

/// Takes one bit out of the word, if there is one: its place is ours then.
fn win(word: &AtomicU64) -> Option<usize> {
    let mut bits = word.load(Ordering::Relaxed);
    while bits != 0 {
        let bit = bits & bits.wrapping_neg();
        let before = word.fetch_and(!bit, Ordering::Acquire);
        if before & bit != 0 {
            return Some(bit.trailing_zeros() as usize);
        }
        bits = before & !bit;
    }
    None
}

/// A buffer that goes back to its pool when it is dropped.
#[derive(Debug)]
pub struct Buffer {
    pool: Pool,
    bytes: Box<[u8]>,
    used: usize,
}

impl Buffer {
    /// All of it, to be written.
    pub fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// From now on it stands for its first `used` bytes.
    ///
    /// # Panics
    /// If it is shorter than that.
    #[must_use]
    pub fn filled(mut self, used: usize) -> Self {
        assert!(used <= self.bytes.len(), "more than the buffer holds");
        self.used = used;
        self
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.pool.give(core::mem::take(&mut self.bytes));
    }
}
