//! Sealing: AES-256-GCM under the numbers of datagrams.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::guard::Seal;

/// The keys of one session at one end.
#[derive(Debug)]
pub(super) struct Sealing {
    out: LessSafeKey,
    back: LessSafeKey,
}

impl Sealing {
    pub(super) fn new(out: &[u8; 32], back: &[u8; 32]) -> Self {
        let key = |bytes: &[u8; 32]| {
            LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).expect("a key of this length"))
        };
        Self { out: key(out), back: key(back) }
    }
}

/// A link never uses a number twice, so this is never the same twice under one key.
fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&number.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
}

impl Seal for Sealing {
    fn seal(&mut self, number: u64, head: &[u8], body: &mut [u8]) -> [u8; 16] {
        let sealed = self.out.seal_in_place_separate_tag(nonce(number), Aad::from(head), body);
        let tag = sealed.expect("a datagram is never too long to be sealed");
        tag.as_ref().try_into().expect("a tag of sixteen bytes")
    }

    fn open(&mut self, number: u64, head: &[u8], sealed: &[u8], into: &mut [u8]) -> bool {
        let Some((body, tag)) = sealed.split_last_chunk::<16>() else { return false };
        let head = Aad::from(head);
        self.back.open_separate_gather(nonce(number), head, body, tag, into).is_ok()
    }
}
