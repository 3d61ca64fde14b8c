//! Exchange: at a view that brings together members with and without the state, whose state it is.
//!
//! *Takes* one multicast in total order from each set of members that share a state (an offer, by
//! its donor) and from each member without (a need). *Promises* the same verdict at the same
//! place at all who move together: a set that had agreed on its state in the view before wins over
//! one that had not, then the largest, of equal ones that with the lowest rank; sets whose
//! offers tell the same sum of the view's beginning share the victory. *Keeps* nothing beyond its
//! view. Decided as soon as no offer that may still come can beat the best one heard. *Checked by*
//! `tests/replica.rs`.
//! Source: donor rule of protocols 3.4, with the sets found by asking.

use alloc::vec::Vec;

use lwg::{Endpoint, ViewId};

use crate::cut::Cut;
use crate::digest::Sum;

/// How an exchange ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This state is the group's.
    Has {
        /// Who gives it.
        donor: Endpoint,
        /// Of which cuts it keeps snapshots.
        cuts: Vec<Cut>,
        /// The sum of the first.
        sum: Sum,
        /// Who has it already.
        settled: Vec<Endpoint>,
    },
    /// Nobody has a state.
    Nobody,
}

/// What a donor offers.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) donor: Endpoint,
    /// Who has the state.
    pub(crate) settled: Vec<Endpoint>,
    /// Who came along with these had agreed on it before.
    pub(crate) agreed: bool,
    /// Of what there are snapshots.
    pub(crate) cuts: Vec<Cut>,
    /// The sum of the first.
    pub(crate) sum: Sum,
}

#[derive(Debug)]
struct Heard {
    offer: Offer,
    /// Ranks of the settled, ascending; never empty.
    ranks: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Exchange {
    view: ViewId,
    /// By rank.
    members: Vec<Endpoint>,
    /// By rank: whether an offer lists it or it has told its need.
    heard: Vec<bool>,
    offers: Vec<Heard>,
}

impl Exchange {
    pub(crate) fn new(view: ViewId, members: &[Endpoint]) -> Self {
        let heard = members.iter().map(|_| false).collect();
        Self { view, members: members.to_vec(), heard, offers: Vec::new() }
    }

    /// Whether this set, if it had agreed, wins whatever the others have: then it need not wait for
    /// the verdict.
    pub(crate) fn is_certain(&self, settled: &[Endpoint]) -> bool {
        let inside = |member: &Endpoint| settled.contains(member);
        let mine: Vec<usize> =
            (0..self.members.len()).filter(|r| inside(&self.members[*r])).collect();
        let rest = (0..self.members.len()).filter(|r| !inside(&self.members[*r]));
        beats(&mine, &rest.collect::<Vec<_>>())
    }

    /// An offer in total order. One that lists strangers, others' members or not its sender is
    /// taken for a need, everywhere alike.
    pub(crate) fn offer(&mut self, offer: Offer) -> Option<Verdict> {
        let settled = &offer.settled;
        let places = settled.iter().map(|one| self.members.iter().position(|member| member == one));
        let mut ranks: Vec<usize> = places.flatten().collect();
        ranks.sort_unstable();
        ranks.dedup();
        let fits = ranks.len() == settled.len()
            && settled.contains(&offer.donor)
            && ranks.iter().all(|rank| !self.heard[*rank]);
        if !fits {
            return self.need(offer.donor);
        }
        ranks.iter().for_each(|rank| self.heard[*rank] = true);
        self.offers.push(Heard { offer, ranks });
        self.verdict()
    }

    /// A need in total order.
    pub(crate) fn need(&mut self, from: Endpoint) -> Option<Verdict> {
        let rank = self.members.iter().position(|member| *member == from)?;
        self.heard[rank] = true;
        self.verdict()
    }

    fn verdict(&self) -> Option<Verdict> {
        let unheard: Vec<usize> = (0..self.heard.len()).filter(|rank| !self.heard[*rank]).collect();
        let mut offers = self.offers.iter();
        let Some(mut best) = offers.next() else {
            return unheard.is_empty().then_some(Verdict::Nobody);
        };
        for heard in offers {
            let same = heard.offer.agreed == best.offer.agreed;
            let wins = if same { beats(&heard.ranks, &best.ranks) } else { heard.offer.agreed };
            if wins {
                best = heard;
            }
        }
        // Whoever is still to be heard may have agreed.
        let sure =
            if best.offer.agreed { beats(&best.ranks, &unheard) } else { unheard.is_empty() };
        if !sure {
            return None;
        }
        let equal = self.offers.iter().filter(|heard| self.are_equal(&heard.offer, &best.offer));
        let mut ranks: Vec<usize> = equal.flat_map(|heard| &heard.ranks).copied().collect();
        ranks.sort_unstable();
        let settled = ranks.into_iter().map(|rank| self.members[rank]).collect();
        let Offer { donor, sum, .. } = best.offer;
        Some(Verdict::Has { donor, cuts: best.offer.cuts.clone(), sum, settled })
    }

    /// Whether these are of one state. Sums of an earlier cut tell nothing of what came after it.
    fn are_equal(&self, one: &Offer, other: &Offer) -> bool {
        let first = Some(Cut::beginning(self.view));
        let here = |offer: &Offer| offer.cuts.first().copied() == first;
        one.donor == other.donor || (here(one) && here(other) && one.sum == other.sum)
    }
}

/// Whether a set of ranks (ascending) wins over any set drawn from the others.
fn beats(one: &[usize], others: &[usize]) -> bool {
    match one.len().cmp(&others.len()) {
        core::cmp::Ordering::Greater => true,
        core::cmp::Ordering::Less => false,
        core::cmp::Ordering::Equal => one.first() < others.first(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use alloc::vec;
    use muts::{NodeId, ProcId};

    fn member(node: u64) -> Endpoint {
        Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 })
    }

    fn members(nodes: &[u64]) -> Vec<Endpoint> {
        nodes.iter().map(|node| member(*node)).collect()
    }

    fn sum(digest: u64) -> Sum {
        Sum { length: 1, digest: Digest(digest) }
    }

    fn view(counter: u64) -> ViewId {
        ViewId { counter, digest: 0 }
    }

    fn exchange(nodes: &[u64]) -> Exchange {
        Exchange::new(view(5), &members(nodes))
    }

    /// Of the first of these, as of the beginning of the view.
    fn offer(settled: &[u64], digest: u64) -> Offer {
        let (donor, settled) = (member(settled[0]), members(settled));
        let cuts = vec![Cut::beginning(view(5))];
        Offer { donor, settled, agreed: true, cuts, sum: sum(digest) }
    }

    fn has(settled: &[u64], donor: u64, digest: u64) -> Option<Verdict> {
        let (donor, settled) = (member(donor), members(settled));
        let cuts = vec![Cut::beginning(view(5))];
        Some(Verdict::Has { donor, cuts, sum: sum(digest), settled })
    }

    #[test]
    fn one_newcomer_waits_for_one_offer_only() {
        let mut exchange = exchange(&[1, 2, 3]);
        assert!(exchange.is_certain(&members(&[1, 2])));
        assert_eq!(exchange.offer(offer(&[1, 2], 7)), has(&[1, 2], 1, 7));
    }

    #[test]
    fn the_larger_side_wins_although_the_smaller_spoke_first() {
        let mut exchange = exchange(&[1, 2, 3, 4, 5]);
        assert_eq!(exchange.offer(offer(&[1, 2], 7)), None);
        assert_eq!(exchange.offer(offer(&[3, 4, 5], 8)), has(&[3, 4, 5], 3, 8));
    }

    #[test]
    fn of_equal_sides_the_one_with_the_lowest_rank_wins() {
        let mut exchange = exchange(&[4, 1, 3, 2]);
        assert!(exchange.is_certain(&members(&[4, 2])) && !exchange.is_certain(&members(&[1, 3])));
        assert_eq!(exchange.offer(offer(&[1, 3], 7)), None);
        assert_eq!(exchange.offer(offer(&[4, 2], 8)), has(&[4, 2], 4, 8));
    }

    #[test]
    fn sides_that_are_equal_share_the_victory() {
        let mut exchange = exchange(&[1, 2, 3, 4]);
        assert_eq!(exchange.offer(offer(&[3, 4], 7)), None);
        assert_eq!(exchange.offer(offer(&[1, 2], 7)), has(&[1, 2, 3, 4], 1, 7));
    }

    #[test]
    fn sides_that_were_equal_at_an_earlier_cut_do_not_share_the_victory() {
        let mut exchange = exchange(&[1, 2, 3, 4]);
        let cuts = vec![Cut::beginning(view(4)), Cut::beginning(view(5))];
        let (one, other) = (offer(&[1, 2], 7), offer(&[3, 4], 7));
        assert_eq!(exchange.offer(Offer { cuts: cuts.clone(), ..other }), None);
        let (donor, settled) = (member(1), members(&[1, 2]));
        let verdict = exchange.offer(Offer { cuts: cuts.clone(), ..one });
        assert_eq!(verdict, Some(Verdict::Has { donor, cuts, sum: sum(7), settled }));
    }

    #[test]
    fn who_had_not_agreed_yields_to_who_had_and_waits_for_whoever_may_have() {
        let undecided = || Offer { agreed: false, ..offer(&[1, 2], 7) };
        let mut one = exchange(&[1, 2, 3]);
        assert_eq!(one.offer(undecided()), None);
        assert_eq!(one.offer(offer(&[3], 8)), has(&[3], 3, 8));
        let mut other = exchange(&[1, 2, 3]);
        assert_eq!(other.offer(undecided()), None);
        assert_eq!(other.need(member(3)), has(&[1, 2], 1, 7));
    }

    #[test]
    fn where_all_are_in_need_nobody_has_it() {
        let mut exchange = exchange(&[1, 2]);
        assert_eq!(exchange.need(member(2)), None);
        assert_eq!(exchange.need(member(1)), Some(Verdict::Nobody));
    }

    #[test]
    fn an_offer_of_what_is_not_the_senders_counts_as_a_need() {
        let mut exchange = exchange(&[1, 2]);
        let lie = Offer { settled: members(&[1, 2, 9]), ..offer(&[2], 7) };
        assert_eq!(exchange.offer(lie), None);
        let lie = Offer { settled: members(&[2]), ..offer(&[1], 7) };
        assert_eq!(exchange.offer(lie), Some(Verdict::Nobody));
    }
}
