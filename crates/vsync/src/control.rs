//! Control messages: level-triggered, idempotent, repeated by their sender until its state changes.
//!
//! Each is `kind u8 | group | fields`, in the order of the fields below.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

use muts::{Malformed, ProcId, Sink, Wire};

use crate::endpoint::GroupId;
use crate::grounds::Charge;
use crate::install::{Install, Part};
use crate::limits::EPOCH_MAX;
use crate::span::Span;
use crate::terms::Denial;
use crate::view::ViewId;

/// The right to close an epoch: the higher round wins; in one round the lower rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ballot {
    pub(crate) round: u64,
    pub(crate) rank: Reverse<u8>,
}

impl Ballot {
    /// Below every ballot that is ever used.
    pub(crate) const NONE: Self = Self { round: 0, rank: Reverse(u8::MAX) };
}

/// Frames of an excluded sender that some member lacks, and who holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Whose frames.
    pub(crate) of: u8,
    /// Which.
    pub(crate) span: Span,
    /// Who holds them as payload, or knows that nobody has to; none if nobody has them.
    pub(crate) holder: Option<u8>,
}

/// What everybody who moves along is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// By rank: the first position that is not in it.
    pub(crate) ends: Vec<u64>,
    /// What of it no live sender will bring.
    pub(crate) gaps: Vec<Gap>,
    /// Grows as often as any participant is known to have got nearer to it.
    pub(crate) progress: u64,
}

/// How an excluded sender's stream is at one participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Whose stream.
    pub(crate) of: u8,
    /// Up to where it has been processed.
    pub(crate) head: u64,
    /// Positions of those still kept that are here without their payload.
    pub(crate) skipped: Vec<Span>,
    /// Positions of those still kept that are not for this participant, payload or not.
    pub(crate) aside: Vec<Span>,
}

/// What one member says of where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    /// Grows with each that this process sends: the newest counts.
    pub(crate) number: u64,
    /// The view that it is in, with its members by rank; none if it is in no view of the group.
    pub(crate) view: Option<(ViewId, Vec<ProcId>)>,
    /// Once members as well, and out of its reach: the one it tells may know better.
    pub(crate) beyond: Vec<ProcId>,
    /// The view that the sender put the one it tells out of last, and why.
    pub(crate) charge: Option<(ViewId, Charge)>,
}

/// What members say to each other about a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Control {
    /// Close this epoch without `excluded`, who are not told it; answered by Status, Refuse or an
    /// Install that ended it.
    Prepare { group: GroupId, epoch: ViewId, ballot: Ballot, excluded: Vec<ProcId> },
    /// What the answering member has; it sends and delivers nothing more in this epoch.
    Status {
        group: GroupId,
        epoch: ViewId,
        ballot: Ballot,
        received: Vec<u64>,
        highest: u64,
        held: Vec<Held>,
        voter: bool,
    },
    /// Get this much of every stream; answered by CutOk once it is there, or Refuse.
    Cut { group: GroupId, epoch: ViewId, ballot: Ballot, cut: Cut },
    /// So many positions of it are still to come; none: it is there.
    CutOk { group: GroupId, epoch: ViewId, ballot: Ballot, lacking: u64 },
    /// A higher ballot is promised.
    Refuse { group: GroupId, epoch: ViewId, promised: Ballot },
    /// Hand over these frames of an excluded sender.
    Pull { group: GroupId, epoch: ViewId, of: u8, position: u64, end: u64 },
    /// The decision: from the coordinator, or handed on by whoever sees that it is missing.
    Install(Arc<Install>),
    /// This view, or a later one, is installed here.
    Installed { group: GroupId, view: ViewId },
    /// Let `who` into the group; relayed to the coordinator.
    Join { group: GroupId, who: ProcId, nonce: u64, highest: u64, ticket: Vec<u8> },
    /// The one who asked with this nonce may not come in; without asking, by a merge.
    Denied { group: GroupId, nonce: u64, denial: Denial },
    /// Show what a joiner would; answered by Shown.
    Show { group: GroupId },
    /// This.
    Shown { group: GroupId, ticket: Vec<u8> },
    /// Let the sender out.
    Leave { group: GroupId, epoch: ViewId },
    /// Come into the group: answered by asking to join.
    Invite { group: GroupId },
    /// Where the sender is.
    Where { group: GroupId, whereabouts: Whereabouts },
    /// Merge with my view?
    MergeAsk { group: GroupId, view: ViewId, members: Vec<ProcId> },
    /// Yes: close your epoch and send your part.
    MergeGrant { group: GroupId, merge: u64, view: ViewId },
    /// The asker's part, closed.
    MergeReady { group: GroupId, merge: u64, part: Part },
    /// What the sender has received and processed.
    Stability {
        group: GroupId,
        epoch: ViewId,
        received: Vec<u64>,
        processed: Vec<u64>,
        /// 1 asks for the same in return, 2 at once; 3 that who gives places tells everybody what
        /// all have, when they have it.
        wanted: u8,
    },
    /// What every member has received and processed, by their words to the sender.
    StabilityOfAll { group: GroupId, epoch: ViewId, received: Vec<u64>, processed: Vec<u64> },
}

impl Control {
    /// The group that it is about.
    pub(crate) fn group(&self) -> GroupId {
        match self {
            Self::Install(install) => install.group,
            Self::Prepare { group, .. }
            | Self::Status { group, .. }
            | Self::Cut { group, .. }
            | Self::CutOk { group, .. }
            | Self::Refuse { group, .. }
            | Self::Pull { group, .. }
            | Self::Installed { group, .. }
            | Self::Join { group, .. }
            | Self::Leave { group, .. }
            | Self::Invite { group }
            | Self::Denied { group, .. }
            | Self::Show { group }
            | Self::Shown { group, .. }
            | Self::Where { group, .. }
            | Self::MergeAsk { group, .. }
            | Self::MergeGrant { group, .. }
            | Self::MergeReady { group, .. }
            | Self::Stability { group, .. }
            | Self::StabilityOfAll { group, .. } => *group,
        }
    }

    /// Whether it serves a change of members; the others go to and fro while all is well.
    pub(crate) const fn is_change(&self) -> bool {
        let of_the_moment = matches!(
            self,
            Self::Where { .. } | Self::Stability { .. } | Self::StabilityOfAll { .. }
        );
        !of_the_moment
    }
}

impl Wire for Ballot {
    fn write(&self, into: &mut impl Sink) {
        self.round.write(into);
        self.rank.0.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (round, rank) = (u64::read(from)?, Reverse(u8::read(from)?));
        if round > EPOCH_MAX { Err(Malformed) } else { Ok(Self { round, rank }) }
    }
}

impl Wire for Gap {
    fn write(&self, into: &mut impl Sink) {
        self.of.write(into);
        self.span.write(into);
        self.holder.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { of: u8::read(from)?, span: Span::read(from)?, holder: Option::read(from)? })
    }
}

impl Wire for Cut {
    fn write(&self, into: &mut impl Sink) {
        self.ends.write(into);
        self.gaps.write(into);
        self.progress.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (ends, gaps) = (Vec::read(from)?, Vec::read(from)?);
        Ok(Self { ends, gaps, progress: u64::read(from)? })
    }
}

impl Wire for Held {
    fn write(&self, into: &mut impl Sink) {
        self.of.write(into);
        self.head.write(into);
        self.skipped.write(into);
        self.aside.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (of, head) = (u8::read(from)?, u64::read(from)?);
        Ok(Self { of, head, skipped: Vec::read(from)?, aside: Vec::read(from)? })
    }
}

impl Wire for Whereabouts {
    fn write(&self, into: &mut impl Sink) {
        self.number.write(into);
        self.view.write(into);
        self.beyond.write(into);
        self.charge.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (number, view) = (u64::read(from)?, Option::read(from)?);
        Ok(Self { number, view, beyond: Vec::read(from)?, charge: Option::read(from)? })
    }
}

/// The bytes of each message: its number, then its fields in order.
macro_rules! wired {
    ($($kind:literal $name:ident { $($field:ident),* })*) => {
        impl Wire for Control {
            fn write(&self, into: &mut impl Sink) {
                match self {
                    Self::Install(install) => {
                        into.push(0);
                        install.write(into);
                    }
                    $(Self::$name { $($field),* } => {
                        into.push($kind);
                        $($field.write(into);)*
                    })*
                }
            }
            fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
                let control = match u8::read(from)? {
                    0 => Self::Install(Arc::new(Install::read(from)?)),
                    $($kind => Self::$name { $($field: Wire::read(from)?),* },)*
                    _ => return Err(Malformed),
                };
                if control.is_sound() { Ok(control) } else { Err(Malformed) }
            }
        }
    };
}

wired! {
    1 Prepare { group, epoch, ballot, excluded }
    2 Status { group, epoch, ballot, received, highest, held, voter }
    3 Cut { group, epoch, ballot, cut }
    4 CutOk { group, epoch, ballot, lacking }
    5 Refuse { group, epoch, promised }
    6 Pull { group, epoch, of, position, end }
    7 Installed { group, view }
    8 Join { group, who, nonce, highest, ticket }
    9 Leave { group, epoch }
    10 Invite { group }
    11 Where { group, whereabouts }
    12 MergeAsk { group, view, members }
    13 MergeGrant { group, merge, view }
    14 MergeReady { group, merge, part }
    15 Stability { group, epoch, received, processed, wanted }
    16 Denied { group, nonce, denial }
    17 StabilityOfAll { group, epoch, received, processed }
    18 Show { group }
    19 Shown { group, ticket }
}
