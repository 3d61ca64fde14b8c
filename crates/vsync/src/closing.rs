//! Closing an epoch: what is delivered of the cut, and in which sequence, decided the same at all
//! who move together.
//!
//! Takes: all frames up to the cut and nothing else; how far delivery had got here must not matter.
//! Promises: the same set and the same sequence of ABCASTs at everyone (S3, S4), nothing without
//! its causes. Steps: trim to the causally complete part; take the places that are in it; give one
//! to the ABCASTs that have none; deliver.

use alloc::vec::Vec;

use crate::epoch::Epoch;
use crate::order::total::Run;
use crate::turn::Turn;

/// Delivers the rest of the epoch, of which `cut` is what every member that moves along holds.
///
/// # Panics
/// If more was delivered than the cut holds, or less can be: then a promise is broken already.
pub(crate) fn close(epoch: &mut Epoch, turn: &mut Turn<'_>, cut: &[u64]) {
    for (stream, end) in epoch.streams.iter_mut().zip(cut) {
        assert!(stream.received() >= *end, "V1: an INSTALL without the messages");
        stream.cut(*end);
    }
    let kept = causally_complete(epoch, cut);
    assert!(kept[epoch.rank] == cut[epoch.rank], "a survivor's own message waits for a lost one");
    for (stream, end) in epoch.streams.iter_mut().zip(&kept) {
        turn.counters.trimmed += stream.received() - end;
        stream.cut(*end);
    }
    let sequencer = epoch.total.sequencer;
    for position in epoch.streams[sequencer].head()..kept[sequencer] {
        epoch.note_places(position);
    }
    epoch.total.close(&kept);
    for run in orphans(epoch) {
        turn.counters.orphans += 1;
        epoch.total.place(run);
    }
    epoch.pump(turn, true);
    assert!(
        epoch.streams.iter().zip(&kept).all(|(stream, end)| stream.head() == *end),
        "S3: the cut cannot be delivered whole"
    );
}

/// For each stream the longest prefix whose vectors point only into the prefixes kept.
fn causally_complete(epoch: &Epoch, cut: &[u64]) -> Vec<u64> {
    let mut kept = cut.to_vec();
    loop {
        let before = kept.clone();
        for (rank, stream) in epoch.streams.iter().enumerate() {
            let mut position = stream.head();
            while position < kept[rank] {
                let frame = stream.frame(position).expect("a frame of the cut");
                if frame.after().is_some_and(|after| !after.within(kept.iter().copied())) {
                    kept[rank] = position;
                }
                position += 1;
            }
        }
        if kept == before {
            return kept;
        }
    }
}

/// The ABCASTs without a place, in a sequence that respects causes and each sender's order: by the
/// sum of the vector and the own position, then rank.
fn orphans(epoch: &Epoch) -> Vec<Run> {
    let mut found = Vec::new();
    for (rank, stream) in epoch.streams.iter().enumerate() {
        let first = stream.head().max(epoch.total.placed_below(rank));
        for position in first..stream.received() {
            let frame = stream.frame(position).expect("a frame of the cut");
            if frame.is_total() {
                let causes = frame.after().map_or(0, |after| after.sum());
                found.push((causes + position, rank, position));
            }
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, rank, upto)| Run { rank: rank as u8, upto }).collect()
}
