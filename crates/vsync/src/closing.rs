//! Closing an epoch: what is delivered of the cut, and in which sequence, decided the same at all
//! who move together.
//!
//! Takes: all frames up to the cut and what the INSTALL says of excluded senders, nothing else; how
//! far delivery had got here must not matter, nor which frames were not meant for this member.
//! Promises: the same set and the same sequence of ABCASTs at everyone (S3, S4), nothing without
//! its causes. Steps: complete the streams; find what is void; take the places that are in the cut;
//! give one to the ABCASTs that have none; deliver.
//!
//! A frame of an excluded sender that nobody here has delivered is void if something that it points
//! at is lost, or was meant for the same members and is void; and so is what its sender sent them
//! after it, or after anything that is with nobody. Only frames for the same members are followed,
//! because those hold them all: so they find the same. Whom one frame was for and another was not,
//! has no promise across the two.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use muts::Audience;

use crate::delivery::Ending;
use crate::epoch::Epoch;
use crate::install::{Lost, Part};
use crate::order::Order;
use crate::order::total::Run;
use crate::span::any_has;
use crate::turn::Turn;

/// Delivers the rest of the epoch, of which the part's cut is what every member that moves along
/// holds.
///
/// What a member said of places or causes that cannot be keeps nobody from going on: what waits for
/// that is passed over, by rank, and counted.
///
/// # Panics
/// If more was delivered than the cut holds, or less is here: then a promise is broken already.
pub(crate) fn close(epoch: &mut Epoch, turn: &mut Turn<'_>, part: &Part) {
    for (rank, end) in part.cut.iter().enumerate() {
        let lost = part.lost.iter().find(|lost| usize::from(lost.of) == rank);
        let void = |position| lost.is_some_and(|lost| any_has(&lost.void, position));
        epoch.complete(turn, rank, *end, void);
        epoch.streams[rank].cut(*end);
    }
    let mut trimmed = Vec::new();
    for lost in &part.lost {
        trimmed.push((usize::from(lost.of), BTreeMap::new()));
    }
    while find_void(epoch, part, &mut trimmed) {}
    for (rank, void) in &trimmed {
        turn.counters.trimmed += void.len() as u64;
        void.keys().for_each(|position| epoch.streams[*rank].void(*position));
    }
    let sequencer = epoch.total.sequencer;
    for position in epoch.streams[sequencer].head()..part.cut[sequencer] {
        epoch.note_places(position);
    }
    epoch.total.close(&part.cut);
    for run in orphans(epoch) {
        turn.counters.orphans += 1;
        epoch.total.place(run);
    }
    let whole = part.members.len() + part.leavers.len() == epoch.members.len();
    epoch.pump(turn, Some(Ending { whole }));
    let stuck = |epoch: &Epoch| {
        let mut ends = epoch.streams.iter().zip(&part.cut);
        ends.position(|(stream, end)| stream.head() < *end)
    };
    while let Some(rank) = stuck(epoch) {
        turn.counters.unsound += 1;
        epoch.streams[rank].pass();
        epoch.pump(turn, Some(Ending { whole }));
    }
}

/// Void frames of one excluded sender, with whom each was for.
type Void = BTreeMap<u64, Option<Audience>>;

/// Adds to the void what follows from it; answers whether there was any.
fn find_void(epoch: &Epoch, part: &Part, trimmed: &mut [(usize, Void)]) -> bool {
    let mut found = Vec::new();
    for (at, lost) in part.lost.iter().enumerate() {
        let (rank, void) = &trimmed[at];
        let stream = &epoch.streams[*rank];
        let mut spoiled: BTreeSet<Option<Audience>> = BTreeSet::new();
        for position in stream.head()..part.cut[*rank] {
            let Some(cast) = stream.frame(position).and_then(crate::stream::Frame::cast) else {
                continue;
            };
            let to = cast.audience();
            // Nobody had it when a flush asked, and has told it since: it has come too late.
            let late = any_has(&lost.void, position);
            let told = any_has(&lost.done, position) || cast.order == Order::Unordered;
            let done = told && !late;
            if done || void.contains_key(&position) {
                if void.contains_key(&position) {
                    spoiled.insert(to);
                }
                continue;
            }
            // What is with nobody may have been for the same members, before this.
            let first = lost.void.first().is_none_or(|span| position < span.from);
            let whole = first
                && cast.after.as_ref().is_none_or(|after| {
                    !after.points_at(|stream, below| {
                        below > part.cut[stream] || is_lost(part, trimmed, to, stream, below)
                    })
                });
            if !whole || spoiled.contains(&to) {
                spoiled.insert(to);
                found.push((at, position, to));
            }
        }
    }
    for (at, position, to) in &found {
        trimmed[*at].1.insert(*position, *to);
    }
    !found.is_empty()
}

/// Whether anything of this stream below is with nobody, or void and for the same members.
fn is_lost(
    part: &Part,
    trimmed: &[(usize, Void)],
    to: Option<Audience>,
    stream: usize,
    below: u64,
) -> bool {
    let of = |lost: &&Lost| usize::from(lost.of) == stream;
    let nobodys = |lost: &Lost| lost.void.iter().any(|span| span.from < below);
    let void = |void: &Void| void.range(..below).any(|(_, other)| *other == to);
    part.lost.iter().find(of).is_some_and(nobodys)
        || trimmed.iter().any(|(rank, known)| *rank == stream && void(known))
}

/// The ABCASTs without a place, in a sequence that respects causes and each sender's order, and is
/// the same in every component: by stamp, then rank.
fn orphans(epoch: &Epoch) -> Vec<Run> {
    let mut found = Vec::new();
    for (rank, stream) in epoch.streams.iter().enumerate() {
        let first = stream.head().max(epoch.total.placed_below(rank));
        for position in first..stream.received() {
            let cast = stream.frame(position).and_then(crate::stream::Frame::cast);
            if let Some(cast) = cast.filter(|cast| cast.order == Order::Total) {
                found.push((cast.stamp, rank, position));
            }
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, rank, upto)| Run { rank: rank as u8, upto }).collect()
}
