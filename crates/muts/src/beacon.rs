//! Beacon: what a process says of itself in an IP multicast group, to whoever is near.
//!
//! ```text
//! datagram  magic u32 | version u8 | system u64 | port u16
//! ```
//! The address is the one that it comes from, the port is the one in it.

use crate::wire::{Malformed, Sink, Wire};

const MAGIC: u32 = u32::from_le_bytes(*b"HRSf");
const VERSION: u8 = 1;

/// See the head of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Beacon {
    /// The system that it is a part of: the hash of its word.
    pub(crate) system: u64,
    /// Where it listens; never 0.
    pub(crate) port: u16,
}

impl Wire for Beacon {
    fn write(&self, into: &mut impl Sink) {
        MAGIC.write(into);
        VERSION.write(into);
        self.system.write(into);
        self.port.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let known = u32::read(from)? == MAGIC && u8::read(from)? == VERSION;
        let said = Self { system: u64::read(from)?, port: u16::read(from)? };
        if known && said.port != 0 { Ok(said) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn what_is_said_is_read_and_nothing_else() {
        let (said, mut bytes) = (Beacon { system: 7, port: 7100 }, Vec::new());
        said.write(&mut bytes);
        assert_eq!(bytes, b"HRSf\x01\x07\0\0\0\0\0\0\0\xbc\x1b");
        assert_eq!(Beacon::read(&mut &bytes[..]), Ok(said));
        for wrong in [&bytes[..14], b"", &[0; 15]] {
            assert_eq!(Beacon::read(&mut &wrong[..]), Err(Malformed));
        }
    }
}
