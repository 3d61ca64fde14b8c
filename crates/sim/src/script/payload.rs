//! Payload: bodies that carry the id of their message, and can be told from damaged ones.

use bytes::Bytes;

/// The body of a message: its id, a bar, and a filling that follows from both lengths.
#[must_use]
pub(super) fn body(id: &str, filling_bytes: usize) -> Bytes {
    let mut body = Vec::with_capacity(id.len() + 1 + filling_bytes);
    body.extend_from_slice(id.as_bytes());
    body.push(b'|');
    body.extend((0..filling_bytes).map(|at| filling(id.len(), at)));
    body.into()
}

/// The id in a body that [`body`] made; none for any other bytes.
#[must_use]
pub(super) fn id_of(body: &[u8]) -> Option<&str> {
    let end = body.iter().position(|byte| *byte == b'|')?;
    let id = std::str::from_utf8(&body[..end]).ok()?;
    let whole = body[end + 1..].iter().enumerate().all(|(at, byte)| *byte == filling(end, at));
    whole.then_some(id)
}

const fn filling(id_bytes: usize, at: usize) -> u8 {
    (id_bytes.wrapping_mul(31) ^ at.wrapping_mul(7) ^ (at >> 8)) as u8
}

/// Numbers on sends from one process to another, checked at the other end.
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use muts::ProcId;

    /// What one process sent to others and got of them.
    #[derive(Debug, Default)]
    pub(in crate::script) struct Pairs {
        got: BTreeMap<ProcId, u64>,
        sent: BTreeMap<ProcId, u64>,
    }

    impl Pairs {
        /// The body of the next send to that process.
        pub(in crate::script) fn next(&self, to: ProcId) -> Bytes {
            let number = self.sent.get(&to).copied().unwrap_or(0) + 1;
            number.to_le_bytes().to_vec().into()
        }

        /// That send was taken.
        pub(in crate::script) fn sent(&mut self, to: ProcId) {
            *self.sent.entry(to).or_default() += 1;
        }

        /// A send came.
        ///
        /// # Errors
        /// What is wrong, if it is not the one after the last.
        pub(in crate::script) fn got(&mut self, from: ProcId, body: &[u8]) -> Result<(), String> {
            let number: Option<u64> = body.try_into().ok().map(u64::from_le_bytes);
            let last = self.got.entry(from).or_default();
            if number != Some(*last + 1) {
                return Err(format!("sends: {number:?} of {from:?} came after {last}"));
            }
            *last += 1;
            Ok(())
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_send_that_is_missing_or_comes_twice_is_found() {
            let process = ProcId::default();
            let mut pairs = Pairs::default();
            let mut next = || {
                let body = pairs.next(process);
                pairs.sent(process);
                body
            };
            let bodies = [next(), next(), next()];
            assert!(pairs.got(process, &bodies[0]).is_ok());
            assert!(pairs.got(process, &bodies[0]).is_err());
            assert!(pairs.got(process, &bodies[2]).is_err());
            assert!(pairs.got(process, &bodies[1]).is_ok());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_body_has_no_id() {
        let made = body("p0#1:7", 40);
        assert_eq!(id_of(&made), Some("p0#1:7"));
        let mut damaged = made.to_vec();
        damaged[20] ^= 1;
        assert_eq!(id_of(&damaged), None);
        assert_eq!(id_of(b"no bar"), None);
    }
}
