//! Guard: tells friends from strangers, and keeps what friends say to themselves.
//!
//! A guard makes greetings: three messages, after which both ends share a session that nobody else
//! can read or speak in. [`Open`] lets everybody in and hides nothing: for one host, tests, and
//! networks that one trusts. `muts::keyed` (feature `os`) knows a key.

use core::fmt::Debug;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::time::Instant;

/// A tower whose guard can be changed while it runs.
pub trait Guarded {
    /// Puts another guard at the door. Links renew their sessions under it; those that cannot
    /// within ten seconds end, so that what the old guard knew is of no more use.
    fn change_guard(&mut self, now: Instant, guard: Box<dyn Guard>);
}

/// A guard at a process's door.
pub trait Guard: Debug + Send {
    /// Begins to greet somebody.
    fn call(&mut self) -> Box<dyn Greeting>;

    /// Begins to be greeted.
    fn answer(&mut self) -> Box<dyn Greeting>;

    /// A proof that nobody else makes, not even a friend: marks of who calls when too many do.
    fn proof(&self, secret: u64, of: &[u8]) -> [u8; 8];

    /// A proof that only friends make.
    fn vouch(&self, of: &[u8]) -> [u8; 8];

    /// Whether a friend has made this one.
    fn vouched(&self, of: &[u8], by: &[u8]) -> bool;

    /// Bytes that sealing adds to a datagram.
    fn overhead(&self) -> usize;

    /// A fresh key for what this process says to many at once; none if nothing is sealed here.
    fn hall_key(&self) -> Option<[u8; 32]>;

    /// What seals, and opens, what is said under such a key.
    fn hall_seal(&self, key: &[u8; 32]) -> Option<Box<dyn Seal>>;
}

/// One greeting, at one of its ends: writes and reads by turns, the caller first, three messages.
pub trait Greeting: Debug + Send {
    /// The next message, around this payload.
    fn write(&mut self, payload: &[u8]) -> Vec<u8>;

    /// What the other end's next message holds; none if it is not from a friend. Then the greeting
    /// is as it was before.
    fn read(&mut self, message: &[u8]) -> Option<Vec<u8>>;

    /// After the third message: what the session is sealed with; none if it is not.
    fn finish(self: Box<Self>) -> Option<Box<dyn Seal>>;
}

/// What one end of a session seals with, and opens what the other has sealed.
pub trait Seal: Debug + Send {
    /// Seals in place what lies behind the head of a datagram; answers the tag that goes behind it.
    /// A number is used once.
    fn seal(&mut self, number: u64, head: &[u8], body: &mut [u8]) -> [u8; 16];

    /// Opens what a friend has sealed, into room of the same length less the tag's.
    fn open(&mut self, number: u64, head: &[u8], sealed: &[u8], into: &mut [u8]) -> bool;
}

/// Lets everybody in, and hides nothing.
#[derive(Debug, Default)]
pub struct Open;

impl Guard for Open {
    fn call(&mut self) -> Box<dyn Greeting> {
        Box::new(Self)
    }
    fn answer(&mut self) -> Box<dyn Greeting> {
        Box::new(Self)
    }
    fn proof(&self, secret: u64, of: &[u8]) -> [u8; 8] {
        // Keeps no secret from who can read the network; there is none to keep.
        let mut hash = secret;
        for byte in of {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        hash.to_le_bytes()
    }
    fn vouch(&self, _: &[u8]) -> [u8; 8] {
        [0; 8]
    }
    fn vouched(&self, _: &[u8], _: &[u8]) -> bool {
        // Everybody is a friend.
        true
    }
    fn overhead(&self) -> usize {
        0
    }
    fn hall_key(&self) -> Option<[u8; 32]> {
        None
    }
    fn hall_seal(&self, _: &[u8; 32]) -> Option<Box<dyn Seal>> {
        None
    }
}

impl Greeting for Open {
    fn write(&mut self, payload: &[u8]) -> Vec<u8> {
        payload.to_vec()
    }
    fn read(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        Some(message.to_vec())
    }
    fn finish(self: Box<Self>) -> Option<Box<dyn Seal>> {
        None
    }
}
