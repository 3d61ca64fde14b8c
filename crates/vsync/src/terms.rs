//! Terms: what a process wants of a core group that it is in or joins, said before it does.
//!
//! Terms are not agreed upon by the group: every member is to say the same ones.

use alloc::vec::Vec;

use muts::{Malformed, NodeId, Sink, Wire};

use crate::limits::{LISTED_MAX, TICKET_BYTES_MAX};

/// What is to hold in a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// What becomes of sides that cannot reach each other.
    pub partition: Partition,
    /// Who may come in.
    pub admission: Admission,
    /// What this process shows when it joins, or comes by a merge, to whom it asks or meets there:
    /// at most `limits::TICKET_BYTES_MAX`. Who knows the key shows it if it has nothing else.
    pub ticket: Vec<u8>,
}

/// What becomes of sides that cannot reach each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Partition {
    /// Each goes on, and they become one again.
    #[default]
    Sides,
    /// One at most is primary: where more than half of these nodes have a process that has been in
    /// the group since it was founded or since it came into a primary view. A view is called
    /// primary once all its members have confirmed it.
    Primary {
        /// The nodes that count: at most `limits::LISTED_MAX`.
        electorate: Vec<NodeId>,
        /// Whether a view that is not primary refuses multicasts.
        refuse: bool,
    },
}

/// Who may come in, as its coordinator sees it, by joining or by a merge of two sides. Who was
/// invited by it may; and, unless there is a list, who was in a view with this side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Admission {
    /// Whoever asks.
    #[default]
    Anybody,
    /// These nodes, at most `limits::LISTED_MAX`.
    Listed(Vec<NodeId>),
    /// Who shows this ticket, of at most `limits::TICKET_BYTES_MAX`.
    Key(Vec<u8>),
    /// Whom the coordinator's user lets in: it is told `Up::Asks`, and says `Down::Answer`.
    Asked,
}

/// Why a process was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// Its node is not listed.
    NotListed,
    /// Its ticket is not the group's.
    WrongKey,
    /// The coordinator's user said so, for this reason of its own.
    Refused(u16),
}

/// Whether somebody may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Comes,
    Denied(Denial),
    /// The user has to say.
    Asks,
}

impl Terms {
    pub(crate) fn judge(&self, node: NodeId, ticket: &[u8]) -> Verdict {
        match &self.admission {
            Admission::Anybody => Verdict::Comes,
            Admission::Listed(nodes) if nodes.contains(&node) => Verdict::Comes,
            Admission::Listed(_) => Verdict::Denied(Denial::NotListed),
            Admission::Key(key) if is_equal(key, ticket) => Verdict::Comes,
            Admission::Key(_) => Verdict::Denied(Denial::WrongKey),
            Admission::Asked => Verdict::Asks,
        }
    }

    /// Whether no list in it, and no key, is longer than [`LISTED_MAX`] and [`TICKET_BYTES_MAX`].
    #[must_use]
    pub fn is_modest(&self) -> bool {
        let electorate = match &self.partition {
            Partition::Sides => 0,
            Partition::Primary { electorate, .. } => electorate.len(),
        };
        let admitted = match &self.admission {
            Admission::Listed(nodes) => nodes.len() <= LISTED_MAX,
            Admission::Key(key) => key.len() <= TICKET_BYTES_MAX,
            Admission::Anybody | Admission::Asked => true,
        };
        admitted && electorate <= LISTED_MAX
    }

    /// What this process shows.
    pub(crate) fn shows(self) -> Vec<u8> {
        match self.admission {
            Admission::Key(key) if self.ticket.is_empty() => key,
            _ => self.ticket,
        }
    }

    /// Whether these voters make a view primary; none if no view is called so.
    pub(crate) fn elects(&self, voters: &[NodeId]) -> Option<bool> {
        match &self.partition {
            Partition::Sides => None,
            Partition::Primary { electorate, .. } => {
                let there = electorate.iter().filter(|node| voters.contains(node)).count();
                Some(there * 2 > electorate.len())
            }
        }
    }

    pub(crate) const fn refuses(&self) -> bool {
        matches!(self.partition, Partition::Primary { refuse: true, .. })
    }
}

/// Takes as long wherever the two differ.
fn is_equal(key: &[u8], ticket: &[u8]) -> bool {
    let differs = key.iter().zip(ticket).fold(0, |all, (a, b)| all | (a ^ b));
    key.len() == ticket.len() && differs == 0
}

impl Wire for Denial {
    fn write(&self, into: &mut impl Sink) {
        let (kind, reason) = match self {
            Self::NotListed => (1, 0),
            Self::WrongKey => (2, 0),
            Self::Refused(reason) => (3, *reason),
        };
        into.push(kind);
        reason.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        match (u8::read(from)?, u16::read(from)?) {
            (1, 0) => Ok(Self::NotListed),
            (2, 0) => Ok(Self::WrongKey),
            (3, reason) => Ok(Self::Refused(reason)),
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn half_of_an_electorate_is_no_majority() {
        let electorate = vec![NodeId(1), NodeId(2), NodeId(3), NodeId(4)];
        let partition = Partition::Primary { electorate, refuse: true };
        let terms = Terms { partition, ..Terms::default() };
        assert_eq!(terms.elects(&[NodeId(1), NodeId(2), NodeId(9)]), Some(false));
        assert_eq!(terms.elects(&[NodeId(1), NodeId(2), NodeId(3)]), Some(true));
        assert_eq!(Terms::default().elects(&[]), None);
    }

    #[test]
    fn a_ticket_that_only_begins_like_the_key_opens_nothing() {
        let terms = Terms { admission: Admission::Key(vec![1, 2, 3]), ..Terms::default() };
        assert_eq!(terms.judge(NodeId(1), &[1, 2]), Verdict::Denied(Denial::WrongKey));
        assert_eq!(terms.judge(NodeId(1), &[1, 2, 3]), Verdict::Comes);
    }

    #[test]
    fn only_who_is_refused_is_given_a_reason() {
        for denial in [Denial::NotListed, Denial::WrongKey, Denial::Refused(4)] {
            let mut bytes = vec![];
            denial.write(&mut bytes);
            assert_eq!(Denial::read(&mut &bytes[..]), Ok(denial));
        }
        assert_eq!(Denial::read(&mut &[1, 4, 0][..]), Err(Malformed));
        assert_eq!(Denial::read(&mut &[2, 0, 1][..]), Err(Malformed));
    }
}
