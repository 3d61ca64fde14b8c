//! Compare: two peers whose digests differ tell each other where they are, group by group.
//!
//! Takes: a peer whose heartbeats have differed for a while. Promises: each shared group has its
//! turn, some at each heartbeat. While thousands of groups change digests always differ, and to
//! tell all of them each time would cost more than the changes themselves. Keeps: which group came
//! last, for each peer.

use alloc::collections::BTreeMap;
use core::ops::Bound;

use muts::ProcId;

use crate::endpoint::GroupId;
use crate::group::Group;
use crate::limits::COMPARED_MAX;
use crate::turn::Turn;

/// Tells the peer where this process is in the next groups that they share.
pub(crate) fn compare(groups: &BTreeMap<GroupId, Group>, turn: &mut Turn<'_>, peer: ProcId) {
    let after = turn.peers.compared(peer);
    let later = groups.range((Bound::Excluded(after), Bound::Unbounded));
    let shared = later.chain(groups.range(..=after)).filter_map(|(id, group)| match group {
        Group::Serving(serving) if serving.epoch.members.contains(&peer) => Some((*id, serving)),
        _ => None,
    });
    let mut last = after;
    for (id, serving) in shared.take(COMPARED_MAX) {
        serving.tell_whereabouts(turn, peer);
        last = id;
    }
    turn.peers.compared_up_to(peer, last);
}
