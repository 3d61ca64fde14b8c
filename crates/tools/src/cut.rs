//! Cut: a place in the total order, and since which one a member holds what it was told.
//!
//! A snapshot is of one cut. Who holds all commands since a cut needs only the snapshot of that
//! cut, whoever gives it and in whatever view: if the giver has come along since the cut, both were
//! told the same commands (virtual synchrony), so the giver's state of today is that snapshot and
//! these. Whoever parted from it since may have been told others, and is no donor for it, though
//! the views' names and the snapshot are the same.

use alloc::vec::Vec;

use lwg::{Endpoint, ViewId};
use muts::{Malformed, Sink, Wire};

/// Boundary 0 is the beginning of the view; each later one a place in it where somebody asked anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cut {
    pub(crate) view: ViewId,
    pub(crate) boundary: u32,
}

impl Cut {
    /// The beginning of a view.
    pub(crate) fn beginning(view: ViewId) -> Self {
        Self { view, boundary: 0 }
    }
}

impl Wire for Cut {
    fn write(&self, into: &mut impl Sink) {
        self.view.write(into);
        self.boundary.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { view: ViewId::read(from)?, boundary: u32::read(from)? })
    }
}

/// The cut after which every command is held, and who has been told the same ever since.
#[derive(Debug)]
pub(crate) struct Since {
    pub(crate) cut: Cut,
    along: Vec<Endpoint>,
}

impl Since {
    /// From this cut on, in a view of these members.
    pub(crate) fn new(cut: Cut, members: &[Endpoint]) -> Self {
        Self { cut, along: members.to_vec() }
    }

    /// The view is over, and these come along into the next.
    pub(crate) fn go_along(&mut self, with: &[Endpoint]) {
        self.along.retain(|member| with.contains(member));
    }

    /// Whether this donor, who keeps snapshots of these cuts, keeps one that what is held fits to.
    pub(crate) fn fits(&self, donor: Endpoint, cuts: &[Cut]) -> bool {
        cuts.contains(&self.cut) && self.along.contains(&donor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muts::{NodeId, ProcId};

    fn member(node: u64) -> Endpoint {
        Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 })
    }

    #[test]
    fn who_parted_since_the_cut_is_no_donor_for_it_even_after_they_have_met_again() {
        let cut = Cut::beginning(ViewId { counter: 3, digest: 4 });
        let mut since = Since::new(cut, &[member(1), member(2), member(3)]);
        assert!(since.fits(member(1), &[cut]) && since.fits(member(2), &[cut]));
        since.go_along(&[member(2), member(3)]);
        since.go_along(&[member(1), member(2), member(3)]);
        assert!(!since.fits(member(1), &[cut]) && since.fits(member(2), &[cut]));
    }

    #[test]
    fn a_snapshot_of_another_place_does_not_fit() {
        let view = ViewId { counter: 3, digest: 4 };
        let since = Since::new(Cut { view, boundary: 1 }, &[member(1)]);
        assert!(!since.fits(member(1), &[Cut::beginning(view), Cut { view, boundary: 2 }]));
    }
}
