//! Keyed: a guard that knows a key. Whoever has the cluster's secret is a friend, everybody else
//! meets silence; what friends say is sealed.
//!
//! Greetings follow Noise, pattern `XXpsk0` (Perrin, revision 34): the secret is part of the first
//! message, so that nothing of a stranger is ever answered; each greeting makes fresh keys, so that
//! who learns the secret later can read nothing of what was said before. Each node has a key of its
//! own besides: a cluster may list those that it trusts, and a node that is struck from the list is
//! a stranger from then on. Datagrams are sealed with AES-256-GCM under their numbers.

mod file;
mod sealing;

use std::boxed::Box;
use std::fmt;
use std::vec::Vec;

use aws_lc_rs::{constant_time, digest, hmac};
use snow::{Builder, HandshakeState, params::NoiseParams};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use self::file::{KeyFile, WrongKeys};
use self::sealing::Sealing;
use crate::guard::{Greeting, Guard, Seal};
use crate::limits::GREETING_BYTES_MAX;

/// What keys for vouching are made of besides the cluster's secret: they are good for nothing else.
const VOUCHING: &[u8] = b"horus cookie";

/// 32 bytes that are nobody else's business: they are not shown, and not left behind in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(crate) [u8; 32]);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }
}

/// A node's public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Public(pub(crate) [u8; 32]);

impl fmt::Debug for Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The guard.
#[derive(Debug, Clone)]
pub struct Keyed {
    /// The cluster's secrets: called with the first, answered with any.
    clusters: Vec<Secret>,
    own: Secret,
    /// Whose keys are trusted; none: everybody's who has the cluster's secret.
    trusted: Option<Vec<Public>>,
    /// For marks of callers, and for vouching that they were told by a friend.
    proof: hmac::Key,
    vouching: Vec<hmac::Key>,
}

impl Keyed {
    /// With the keys of this file.
    ///
    /// # Panics
    /// If the system gives no random numbers: then there are no secrets.
    #[must_use]
    pub fn new(keys: &KeyFile) -> Self {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let proof = hmac::Key::generate(hmac::HMAC_SHA256, &random).expect("random numbers");
        Self {
            clusters: keys.clusters.clone(),
            own: keys.own.clone(),
            trusted: keys.trusted.clone(),
            proof,
            vouching: keys.clusters.iter().map(vouching).collect(),
        }
    }

    fn noise(&self, cluster: &Secret, calls: bool) -> HandshakeState {
        let params: NoiseParams =
            "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s".parse().expect("a pattern that there is");
        let builder = Builder::new(params)
            .local_private_key(&self.own.0)
            .and_then(|builder| builder.psk(0, &cluster.0))
            .and_then(|builder| builder.prologue(b"horus 2"))
            .expect("keys of the right length");
        if calls { builder.build_initiator() } else { builder.build_responder() }
            .expect("everything that the pattern needs")
    }
}

impl Guard for Keyed {
    fn call(&mut self) -> Box<dyn Greeting> {
        let noise = self.noise(&self.clusters[0], true);
        Box::new(Noise { noise, others: Vec::new(), trusted: self.trusted.clone() })
    }

    fn answer(&mut self) -> Box<dyn Greeting> {
        let mut states = self.clusters.iter().map(|cluster| self.noise(cluster, false));
        let noise = states.next().expect("a cluster's secret");
        let others = states.collect();
        Box::new(Noise { noise, others, trusted: self.trusted.clone() })
    }

    fn proof(&self, secret: u64, of: &[u8]) -> [u8; 8] {
        let mut context = hmac::Context::with_key(&self.proof);
        context.update(&secret.to_le_bytes());
        context.update(of);
        let tag = context.sign();
        *tag.as_ref().first_chunk().expect("eight of thirty-two bytes")
    }

    fn vouch(&self, of: &[u8]) -> [u8; 8] {
        let tag = hmac::sign(&self.vouching[0], of);
        *tag.as_ref().first_chunk().expect("eight of thirty-two bytes")
    }

    fn vouched(&self, of: &[u8], by: &[u8]) -> bool {
        self.vouching.iter().any(|key| {
            let tag = hmac::sign(key, of);
            constant_time::verify_slices_are_equal(&tag.as_ref()[..8], by).is_ok()
        })
    }

    fn overhead(&self) -> usize {
        16
    }

    fn hall_key(&self) -> Option<[u8; 32]> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).ok()?;
        Some(key)
    }

    fn hall_seal(&self, key: &[u8; 32]) -> Option<Box<dyn Seal>> {
        Some(Box::new(Sealing::new(key, key)))
    }
}

/// The key by which those who have this secret vouch.
fn vouching(cluster: &Secret) -> hmac::Key {
    let cluster = hmac::Key::new(hmac::HMAC_SHA256, &cluster.0);
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&cluster, VOUCHING).as_ref())
}

/// One greeting at one end.
struct Noise {
    noise: HandshakeState,
    /// Of who is called with another of the cluster's secrets.
    others: Vec<HandshakeState>,
    trusted: Option<Vec<Public>>,
}

impl fmt::Debug for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.noise.is_initiator();
        write!(f, "a greeting that this end {}", if calls { "began" } else { "answers" })
    }
}

impl Noise {
    /// Whether the other end's key, if it is known by now, is one that is trusted.
    fn trusts(&self) -> bool {
        match (self.noise.get_remote_static(), &self.trusted) {
            (Some(key), Some(trusted)) => trusted.iter().any(|known| known.0 == key),
            _ => true,
        }
    }
}

impl Greeting for Noise {
    fn write(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut message = [0; GREETING_BYTES_MAX];
        let length = self.noise.write_message(payload, &mut message).expect("this end's turn");
        message[..length].to_vec()
    }

    fn read(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let mut payload = [0; GREETING_BYTES_MAX];
        if message.len() > GREETING_BYTES_MAX {
            return None;
        }
        let mut read = self.noise.read_message(message, &mut payload);
        while read.is_err()
            && let Some(other) = self.others.pop()
        {
            self.noise = other;
            read = self.noise.read_message(message, &mut payload);
        }
        self.others.clear();
        let length = read.ok().filter(|_| self.trusts())?;
        Some(payload[..length].to_vec())
    }

    fn finish(self: Box<Self>) -> Option<Box<dyn Seal>> {
        let mut noise = self.noise;
        let calls = noise.is_initiator();
        let (one, other) = noise.dangerously_get_raw_split();
        let (one, other) = (Zeroizing::new(one), Zeroizing::new(other));
        let (out, back) = if calls { (&one, &other) } else { (&other, &one) };
        Some(Box::new(Sealing::new(out, back)))
    }
}

/// A short name for a key, to be compared by eye.
pub(crate) fn fingerprint(key: &[u8]) -> std::string::String {
    let hash = digest::digest(&digest::SHA256, key);
    hash.as_ref()[..8].iter().map(|byte| std::format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voucher_counts_whole_and_as_a_friend_made_it() {
        let one = KeyFile::generate(None);
        let (one, friend) = (Keyed::new(&one), Keyed::new(&KeyFile::generate(Some(&one))));
        let voucher = one.vouch(b"a call");
        assert!(friend.vouched(b"a call", &voucher) && !friend.vouched(b"a cell", &voucher));
        for bit in 0..64 {
            let mut changed = voucher;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!friend.vouched(b"a call", &changed), "bit {bit}");
        }
        assert!((0..8).all(|end| !friend.vouched(b"a call", &voucher[..end])));
        assert!(!Keyed::new(&KeyFile::generate(None)).vouched(b"a call", &voucher));
    }
}
