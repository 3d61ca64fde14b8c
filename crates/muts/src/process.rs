//! Who a process is: a node and one of its incarnations, never a network address.

use core::fmt;

use alloc::format;
use alloc::string::String;

use crate::wire::{Malformed, Sink, Wire};

/// Names a node for as long as it exists, through all its restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeId(pub u64);

impl NodeId {
    /// Whoever listens somewhere: of a `Meet`, when only the address is known. No name is its own.
    pub const ANYBODY: Self = Self(0);

    /// The node of a name: a 64-bit FNV-1a hash, the same on every machine.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(hash)
    }
}

/// Why this cannot be a node's name; none if it can.
#[must_use]
pub fn wrong_name(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(fits) {
        return Some(format!(
            "`{name}` cannot be a node's name: 1 to 64 letters, digits, `-`, `_` or `.`, not \
             beginning with `.`"
        ));
    }
    None
}

/// Names one process: a node and the number of its start.
///
/// A restarted process is another process. Ordered by node, then incarnation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ProcId {
    /// The node.
    pub node: NodeId,
    /// Grows with every start of the node.
    pub incarnation: u64,
}

impl fmt::Debug for ProcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}#{}", self.node.0, self.incarnation)
    }
}

impl Wire for NodeId {
    fn write(&self, into: &mut impl Sink) {
        self.0.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self(u64::read(from)?))
    }
}

impl Wire for ProcId {
    fn write(&self, into: &mut impl Sink) {
        self.node.write(into);
        self.incarnation.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { node: NodeId::read(from)?, incarnation: u64::read(from)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nodes_name_is_short_plain_and_does_not_begin_with_a_dot() {
        for fits in ["a", "A-1_b.c", "a.", &"n".repeat(64)] {
            assert_eq!(wrong_name(fits), None, "{fits}");
        }
        for wrong in ["", ".", ".a", "..", "a/b", "a b", "a=b", "a#1", "\u{e9}", &"n".repeat(65)] {
            let why = wrong_name(wrong).expect("it cannot be");
            assert!(why.starts_with(&format!("`{wrong}` ")) && why.contains("`.`"), "{why}");
        }
    }
}
