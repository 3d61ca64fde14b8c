//! Group: Joining or Serving, and the only moves between them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use muts::{Instant, Message, ProcId};

use crate::admission::Founding;
use crate::control::{Control, Whereabouts};
use crate::endpoint::GroupId;
use crate::epoch::Epoch;
use crate::how::How;
use crate::interface::{Fault, Up, Why};
use crate::joining::Joining;
use crate::limits::HUSHED_BRIEFLY;
use crate::order::Order;
use crate::serving::Serving;
use crate::succession::Fate;
use crate::turn::Turn;
use crate::view::ViewId;

/// A core group at one process.
#[derive(Debug)]
pub(crate) enum Group {
    /// In no view yet.
    Joining(Box<Joining>),
    /// In a view.
    Serving(Box<Serving>),
    /// Out: to be forgotten.
    Over {
        /// The highest epoch number seen.
        highest: u64,
    },
}

impl Group {
    /// Starts a group with a view of one that nobody is told of, and invites the others.
    pub(crate) fn found(
        turn: &mut Turn<'_>,
        group: GroupId,
        members: Vec<ProcId>,
        highest: u64,
    ) -> Self {
        let me = turn.me();
        let view = ViewId { epoch: highest + 1, coordinator: me };
        let mut serving = Serving::new(Epoch::new(group, view, alloc::vec![me], 0), highest);
        serving.open(turn);
        let until = turn.now + turn.config.founding;
        let wanted = members.iter().copied().collect();
        serving.founding = Some(Box::new(Founding { wanted, until }));
        serving.note_all_met(turn);
        serving.note_all_heard(turn);
        let fault = serving.invite(turn, members);
        debug_assert!(fault.is_none(), "the caller has counted them");
        serving.repeating.now(turn);
        Self::Serving(Box::new(serving))
    }

    /// Takes a control message.
    pub(crate) fn hear(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        control: Control,
        highest: u64,
    ) {
        match (&mut *self, control) {
            (Self::Serving(serving), Control::Install(install)) => {
                if serving.take_install(turn, from, &install) == Fate::Leaves {
                    *self = Self::Over { highest: serving.highest };
                }
            }
            (Self::Joining(joining), Control::Install(install)) => {
                if joining.is_let_in_by(&install, turn.me()) {
                    let mut serving = Serving::newcomer(turn, &install, highest);
                    serving.note_all_heard(turn);
                    let (group, view) = (install.group, install.view);
                    turn.control(from, &Control::Installed { group, view });
                    if joining.owes_room {
                        turn.tell(Up::Room { group });
                    }
                    *self = Self::Serving(Box::new(serving));
                }
            }
            (Self::Joining(joining), Control::Denied { nonce, denial, .. }) => {
                if joining.is_meant(nonce) {
                    if joining.wished {
                        let why = Why::Denied(denial);
                        turn.tell(Up::Out { group: joining.group, why });
                    }
                    *self = Self::Over { highest: 0 };
                }
            }
            // It has been in a component, or is taken for one: who waits for it there waits long.
            (Self::Joining(joining), Control::MergeAsk { .. }) => {
                joining.tell_whereabouts(turn, from);
            }
            // Who has it in its view knows of an INSTALL that is on its way here.
            (
                Self::Joining(joining),
                Control::Where {
                    whereabouts: Whereabouts { view: Some((_, members)), .. }, ..
                },
            ) if !members.contains(&turn.me()) => joining.hear_of(turn, from),
            (Self::Joining(joining), Control::Invite { .. }) => {
                joining.turn_to(turn, from);
            }
            (Self::Serving(serving), Control::Invite { group }) => {
                // Two founders of one group: the lower one's counts.
                if serving.founding.is_some() && from < turn.me() {
                    serving.leave_epoch(turn);
                    let mut joining = Joining::new(turn, group, Some(from), true);
                    joining.owes_room = serving.owes_room;
                    *self = Self::Joining(Box::new(joining));
                } else {
                    // The other one's too: it is to hear that this one is there.
                    serving.note_kin(from);
                }
            }
            (Self::Serving(serving), control) => serving.hear(turn, from, control),
            (Self::Joining(_) | Self::Over { .. }, _) => {}
        }
        self.carry_out(turn);
    }

    /// Carries out what this member decided, before anything else can happen to the epoch.
    fn carry_out(&mut self, turn: &mut Turn<'_>) {
        if let Self::Serving(serving) = self
            && let Some(install) = serving.decided.take()
            && serving.move_along(turn, &install) == Fate::Leaves
        {
            *self = Self::Over { highest: install.view.epoch };
        }
    }

    /// Whether a multicast comes too late: nobody would end an epoch with it.
    pub(crate) fn is_too_late_for(&self, how: &How) -> bool {
        matches!(self, Self::Serving(serving) if serving.leaving) && how.order == Order::Global
    }

    /// Multicasts, or hands the message back.
    pub(crate) fn cast(
        &mut self,
        turn: &mut Turn<'_>,
        how: &How,
        message: Message,
    ) -> Result<(), Message> {
        match self {
            Self::Serving(serving) => {
                if serving.primary == Some(false) && turn.terms(serving.group()).refuses() {
                    let (group, fault) = (serving.group(), Fault::NotPrimary);
                    turn.counters.not_primary += 1;
                    turn.tell(Up::Fault { group, fault });
                    return Ok(());
                }
                let closed = !serving.is_open()
                    || serving.hushed.is_some()
                    || serving.founding.is_some()
                    || !serving.cast_again.is_empty();
                if how.to.as_ref().is_some_and(|to| to.0 != serving.epoch.told) && !closed {
                    // Its view is over, and the next has been told.
                    turn.tell(Up::Room { group: serving.group() });
                    return Err(message);
                }
                let cast =
                    if closed { Err(message) } else { serving.epoch.cast(turn, how, message) };
                if cast.is_err() {
                    serving.owes_room = true;
                    let held = match (serving.hushed, closed) {
                        (Some(_), _) => &mut turn.counters.held_across,
                        (None, true) => &mut turn.counters.held_by_flush,
                        (None, false) => &mut turn.counters.held_by_window,
                    };
                    *held += 1;
                }
                cast
            }
            Self::Joining(joining) => {
                joining.owes_room = true;
                Err(message)
            }
            Self::Over { .. } => Err(message),
        }
    }

    /// The floor above casts no more in this view.
    pub(crate) fn closed(&mut self, turn: &mut Turn<'_>) {
        if let Self::Serving(serving) = self {
            serving.closed(turn);
            self.carry_out(turn);
        }
    }

    /// Whether its user is in it, or has asked to be: who was only invited knows nothing of it.
    pub(crate) const fn is_wished(&self) -> bool {
        match self {
            Self::Serving(_) => true,
            Self::Joining(joining) => joining.wished,
            Self::Over { .. } => false,
        }
    }

    /// Whether a cast was handed back while joining.
    pub(crate) const fn owes_room(&self) -> bool {
        matches!(self, Self::Joining(joining) if joining.owes_room)
    }

    /// Asks to be let out.
    pub(crate) fn leave(&mut self, turn: &mut Turn<'_>) {
        match self {
            Self::Joining(joining) => {
                turn.tell(Up::Out { group: joining.group, why: Why::Left });
                *self = Self::Over { highest: 0 };
            }
            Self::Serving(serving) => {
                serving.leaving = true;
            }
            Self::Over { .. } => {}
        }
    }

    /// Invites others, on behalf of the user.
    pub(crate) fn invite(&mut self, turn: &mut Turn<'_>, members: Vec<ProcId>) -> Option<Fault> {
        match self {
            Self::Serving(serving) => serving.invite(turn, members),
            Self::Joining(_) | Self::Over { .. } => Some(Fault::NotIn),
        }
    }

    /// Takes a multicast of the epoch's channel, and those of the same sender that come right
    /// behind it; answers what else came then. Delivered by `settle`.
    pub(crate) fn receive(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        first: (u64, Message),
    ) -> Option<muts::Up> {
        let Self::Serving(serving) = self else { return None };
        let open = serving.is_open();
        serving.epoch.receive(turn, from, first, open)
    }

    /// A member's multicasts up to there were not meant for this one.
    pub(crate) fn skip(&mut self, turn: &mut Turn<'_>, from: ProcId, below: u64) {
        let Self::Serving(serving) = self else { return };
        if let Some(rank) = serving.epoch.rank_of(from) {
            serving.epoch.skip(turn, rank, below);
        }
    }

    /// Takes a frame handed over by a holder.
    pub(crate) fn fill(
        &mut self,
        turn: &mut Turn<'_>,
        from: ProcId,
        epoch: ViewId,
        (rank, position): (u8, u64),
        message: Message,
    ) {
        if let Self::Serving(serving) = self
            && serving.epoch.view == epoch
        {
            serving.take_fill(turn, from, rank, position, message);
        }
    }

    /// The channel has room again.
    pub(crate) fn room(&mut self, turn: &mut Turn<'_>) {
        let Self::Serving(serving) = self else { return };
        serving.pump(turn);
        let open = serving.is_open() && serving.hushed.is_none();
        if open && core::mem::take(&mut serving.owes_room) {
            turn.tell(Up::Room { group: serving.group() });
        }
    }

    /// Does what is due, delivers what can be, carries out what was decided. Answers when it wants
    /// to be called again.
    pub(crate) fn settle(&mut self, turn: &mut Turn<'_>, highest: u64) -> Option<Instant> {
        if let Self::Serving(serving) = self {
            serving.pump(turn);
            serving.tick(turn);
            self.carry_out(turn);
        }
        match self {
            Self::Serving(serving) => serving.reschedule(turn),
            Self::Joining(joining) => {
                if joining.tick(turn, highest) {
                    return Some(joining.deadline());
                }
                if joining.wished {
                    turn.tell(Up::Out { group: joining.group, why: Why::NotFound });
                }
                *self = Self::Over { highest: 0 };
                None
            }
            Self::Over { .. } => None,
        }
    }

    /// Delivers what can be delivered, when nothing but multicasts came or went. Answers when it
    /// wants to be called again.
    pub(crate) fn feed(&mut self, turn: &mut Turn<'_>, highest: u64) -> Option<Instant> {
        match self {
            Self::Serving(serving) if serving.blocked.is_none() => {
                serving.pump(turn);
                serving.due()
            }
            _ => self.settle(turn, highest),
        }
    }

    /// Whether this is a member's report of what it has, in the present epoch.
    pub(crate) fn is_told_by(&self, control: &Control) -> bool {
        matches!(
            (self, control),
            (
                Self::Serving(serving),
                Control::Stability { epoch, .. } | Control::StabilityOfAll { epoch, .. },
            )
                if *epoch == serving.epoch.view
        )
    }

    /// The epoch's channel, if there is one.
    pub(crate) fn channel(&self) -> Option<muts::Channel> {
        match self {
            Self::Serving(serving) => Some(serving.epoch.channel),
            _ => None,
        }
    }

    /// A process was met that may have founded the same group.
    pub(crate) fn meet(&mut self, proc: ProcId) {
        if let Self::Serving(serving) = self
            && serving.group().is_of_word()
        {
            serving.note_kin(proc);
        }
    }

    /// Whether anything of it is not known to be delivered everywhere it is to be.
    pub(crate) fn is_active(&self) -> bool {
        match self {
            Self::Serving(serving) => {
                let unstable = match serving.hushed {
                    Some(_) => serving.is_told_unstable(),
                    None => serving.epoch.is_unstable(),
                };
                unstable || serving.epoch.stability.misses_any()
            }
            _ => false,
        }
    }

    /// Another group waits until what was told here is delivered everywhere: it is still for a
    /// moment. Answers when it wants to be called again.
    pub(crate) fn hush(&mut self, turn: &mut Turn<'_>) -> Option<Instant> {
        let Self::Serving(serving) = self else { return None };
        serving.hush(turn);
        serving.hushed.into_iter().chain(serving.due()).min()
    }

    /// Whoever waited for it may go now: it is still for no longer than that takes.
    pub(crate) fn hush_briefly(&mut self, now: Instant) {
        if let Self::Serving(serving) = self
            && let Some(until) = &mut serving.hushed
        {
            *until = (*until).min(now + HUSHED_BRIEFLY);
        }
    }

    /// Until when it is still, if it is.
    pub(crate) fn hushed_until(&self) -> Option<Instant> {
        match self {
            Self::Serving(serving) => serving.hushed,
            _ => None,
        }
    }

    /// Nobody waits for that any more.
    pub(crate) fn unhush(&mut self, turn: &mut Turn<'_>) {
        if let Self::Serving(serving) = self {
            serving.unhush(turn);
        }
    }

    /// The link to somebody has changed; answers whether that one, or an earlier process of its
    /// node, is among those whom the group concerns.
    pub(crate) fn stir(&mut self, turn: &Turn<'_>, proc: ProcId) -> bool {
        let Self::Serving(serving) = self else { return false };
        let inside = serving.epoch.members.iter().copied().chain(serving.kin.iter());
        let coming = serving.invited.keys().chain(serving.joins.keys());
        let concerned = inside.chain(coming.copied()).any(|known| known.node == proc.node);
        if concerned {
            serving.repeating.stir(turn);
            serving.renew_kin(turn);
        }
        concerned
    }

    /// Whether it hangs on whom others hear: somebody is to be let in as soon as links allow it, or
    /// a lower rank is waited for as long as it is heard.
    pub(crate) fn waits_for_rows(&self) -> bool {
        let Self::Serving(serving) = self else { return false };
        !serving.joins.is_empty() || serving.lower.is_some()
    }
}
