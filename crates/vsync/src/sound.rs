//! Sound: whether what others say of a change can be so at all.
//!
//! Takes: INSTALL, CUT, STATUS and parts, from whoever says so. Promises: nothing that is said here
//! makes this member take back a delivery, go on without messages of the cut (V1), or look for what
//! cannot be. What is unsound is not taken and is counted, and who said it is not coming: this
//! member goes on without it, as without a failed one (V4). Keeps: nothing.

use alloc::vec::Vec;

use muts::ProcId;

use crate::control::Control;
use crate::flush::Status;
use crate::grounds::{Charge, Exclusion};
use crate::install::{Install, Part};
use crate::limits::{AHEAD_MAX, EPOCH_MAX, MEMBERS_MAX, TICKET_BYTES_MAX};
use crate::serving::Serving;
use crate::span::any_has;
use crate::turn::Turn;

impl Serving {
    /// Somebody said what cannot be.
    pub(crate) fn note_unsound(&mut self, turn: &mut Turn<'_>, from: ProcId) {
        turn.counters.unsound += 1;
        let (group, view, at) = (self.group(), self.epoch.told, turn.now);
        if self.epoch.members.contains(&from) && !self.gone.contains(&from) {
            turn.remember(Exclusion { group, view, who: from, charge: Charge::Unsound, at });
        }
        self.give_up(turn, from);
    }

    /// Whether this member can end its epoch so: it has given its STATUS, has delivered nothing
    /// beyond the cut, and has all of it.
    pub(crate) fn can_end_by(&self, part: &Part) -> bool {
        let ranks = self.epoch.streams.iter().zip(&part.cut).enumerate();
        let whole = |(rank, (stream, end)): (usize, (&crate::stream::Stream, &u64))| {
            let lost = part.lost.iter().find(|lost| usize::from(lost.of) == rank);
            let here = |position: u64| {
                self.epoch.beyond.contains_key(&(rank, position))
                    || lost.is_some_and(|lost| any_has(&lost.void, position))
            };
            self.is_near(rank, *end) && (stream.received()..*end).all(here)
        };
        self.blocked.is_some()
            && part.cut.len() == self.epoch.members.len()
            && part.members.iter().all(|proc| self.epoch.members.contains(proc))
            && ranks.into_iter().all(whole)
    }

    /// Whether a stream may end there: behind what was delivered, and not further than any member
    /// can have received it.
    fn is_near(&self, rank: usize, end: u64) -> bool {
        let stream = &self.epoch.streams[rank];
        stream.head() <= end && end.saturating_sub(stream.received()) <= AHEAD_MAX
    }

    /// Whether it can be held.
    pub(crate) fn is_sound_cut(&self, cut: &[u64]) -> bool {
        cut.len() == self.epoch.members.len()
            && cut.iter().enumerate().all(|(rank, end)| self.is_near(rank, *end))
    }

    /// Whether a participant can have this.
    pub(crate) fn is_sound_status(&self, from: ProcId, status: &Status) -> bool {
        let streams = &self.epoch.streams;
        let near = |(rank, received): (usize, &u64)| {
            received.saturating_sub(streams[rank].received()) <= AHEAD_MAX
        };
        let mut held = status.held.iter();
        status.received.len() == streams.len()
            && status.received.iter().enumerate().all(near)
            && held.all(|held| {
                let received = status.received.get(usize::from(held.of));
                received.is_some_and(|received| held.head <= *received)
            })
            // It has sent what came from it.
            && self.epoch.rank_of(from).is_some_and(|rank| {
                status.received[rank] >= streams[rank].received()
            })
    }

    /// Whether the other side of a merge can be this: of nobody who is here.
    pub(crate) fn is_sound_part(&self, part: &Part) -> bool {
        let ours = &self.epoch.members;
        let theirs = || part.members.iter().chain(&part.leavers);
        theirs().count() + ours.len() <= MEMBERS_MAX
            && theirs().all(|other| ours.iter().all(|own| own.node != other.node))
    }
}

impl Part {
    fn is_sound(&self) -> bool {
        self.highest <= EPOCH_MAX
            && self.cut.len() <= MEMBERS_MAX
            && self.lost.iter().all(|lost| usize::from(lost.of) < self.cut.len())
    }
}

impl Install {
    /// Whether there can be such a view: of different members, above all that they saw before.
    fn is_sound(&self) -> bool {
        let mut all: Vec<ProcId> = self.audience();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        let above = |part: &Part| part.epoch.epoch.max(part.highest) < self.view.epoch;
        all.len() == count
            && self.members().len() <= MEMBERS_MAX
            && self.parts.iter().all(|part| part.is_sound() && above(part))
    }
}

impl Control {
    /// Whether what it says can be, whatever the group is like.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Install(install) => install.is_sound(),
            Self::MergeReady { part, .. } => part.is_sound(),
            Self::Status { highest, .. } => *highest <= EPOCH_MAX,
            Self::Join { highest, ticket, .. } => {
                *highest <= EPOCH_MAX && ticket.len() <= TICKET_BYTES_MAX
            }
            Self::Shown { ticket, .. } => ticket.len() <= TICKET_BYTES_MAX,
            Self::MergeAsk { members, .. } => members.len() <= MEMBERS_MAX,
            Self::Where { whereabouts, .. } => {
                whereabouts.view.as_ref().is_none_or(|(_, members)| members.len() <= MEMBERS_MAX)
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Ballot;
    use crate::endpoint::GroupId;
    use crate::span::Span;
    use crate::view::ViewId;
    use alloc::sync::Arc;
    use alloc::vec;
    use core::cmp::Reverse;
    use muts::{NodeId, Wire};

    fn proc(node: u64) -> ProcId {
        ProcId { node: NodeId(node), incarnation: 1 }
    }

    fn view(epoch: u64) -> ViewId {
        ViewId { epoch, coordinator: proc(1) }
    }

    fn install(epoch: u64, members: &[u64], highest: u64) -> Install {
        let part = Part {
            epoch: view(4),
            view: view(4),
            digest: None,
            cut: vec![7, 0],
            lost: vec![],
            members: members.iter().copied().map(proc).collect(),
            voters: vec![],
            leavers: vec![],
            highest,
            hidden: false,
            kin: vec![],
        };
        let (group, view) = (GroupId(1), view(epoch));
        Install { group, view, parts: vec![part], joiners: vec![] }
    }

    fn is_read(control: &Control) -> bool {
        let mut bytes = vec![];
        control.write(&mut bytes);
        Control::read(&mut &bytes[..]).is_ok()
    }

    #[test]
    fn a_view_that_cannot_be_is_not_read() {
        let whole = install(5, &[1, 2], 4);
        let mut many = install(5, &[], 4);
        many.parts[0].members = (0..=MEMBERS_MAX as u64).map(proc).collect();
        let mut stranger = whole.clone();
        stranger.parts[0].lost = vec![crate::install::Lost { of: 2, void: vec![], done: vec![] }];
        assert!(is_read(&Control::Install(Arc::new(whole))));
        for wrong in [
            install(5, &[1, 1], 4),
            install(5, &[1, 2], 5),
            install(4, &[1, 2], 4),
            install(u64::MAX, &[1, 2], u64::MAX - 1),
            many,
            stranger,
        ] {
            assert!(!is_read(&Control::Install(Arc::new(wrong.clone()))), "{wrong:?}");
        }
    }

    #[test]
    fn numbers_that_leave_no_room_for_another_are_not_read() {
        let (group, epoch) = (GroupId(1), view(EPOCH_MAX));
        let ballot = |round| Ballot { round, rank: Reverse(0) };
        let ok = |round| Control::CutOk { group, epoch, ballot: ballot(round), lacking: 0 };
        assert!(is_read(&ok(EPOCH_MAX)) && !is_read(&ok(EPOCH_MAX + 1)));
        let later = Control::Leave { group, epoch: view(EPOCH_MAX + 1) };
        assert!(!is_read(&later));
        let join = |highest| Control::Join {
            group,
            who: proc(1),
            nonce: u64::MAX,
            highest,
            ticket: vec![],
        };
        assert!(is_read(&join(EPOCH_MAX)) && !is_read(&join(u64::MAX)));
        for (from, end) in [(2, 1), (0, u64::MAX), (u64::MAX, u64::MAX)] {
            let mut bytes = vec![];
            Span { from, end }.write(&mut bytes);
            assert!(Span::read(&mut &bytes[..]).is_err());
        }
    }
}
