//! Exchange: at a view that brings together members with and without the state, whose state it is.
//!
//! *Takes* one multicast in total order from each set of members that share a state (an offer, by
//! its lowest rank) and from each member without (a need). *Promises* the same verdict at the same
//! place at all who move together: a set that had agreed on its state in the view before wins over
//! one that had not, then the largest, of equal ones that with the lowest rank; sets whose
//! offers tell the same sum share the victory. *Keeps* nothing beyond its view. Decided as soon as
//! no offer that may still come can beat the best one heard. *Checked by* `tests/replica.rs`.
//! Source: donor rule of protocols 3.4, with the sets found by asking.

use alloc::vec::Vec;

use lwg::Endpoint;

use crate::digest::Sum;

/// How an exchange ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This state is the group's.
    Has {
        /// Who gives it.
        donor: Endpoint,
        /// Its sum at the beginning of the view.
        sum: Sum,
        /// Who has it already.
        settled: Vec<Endpoint>,
    },
    /// Nobody has a state.
    Nobody,
}

#[derive(Debug)]
struct Offer {
    donor: Endpoint,
    sum: Sum,
    /// Who came along with these had agreed on it before.
    agreed: bool,
    /// Ranks, ascending; never empty.
    ranks: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Exchange {
    /// By rank.
    members: Vec<Endpoint>,
    /// By rank: whether an offer lists it or it has told its need.
    heard: Vec<bool>,
    offers: Vec<Offer>,
}

impl Exchange {
    pub(crate) fn new(members: &[Endpoint]) -> Self {
        let heard = members.iter().map(|_| false).collect();
        Self { members: members.to_vec(), heard, offers: Vec::new() }
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
    pub(crate) fn offer(
        &mut self,
        from: Endpoint,
        (settled, agreed): (&[Endpoint], bool),
        sum: Sum,
    ) -> Option<Verdict> {
        let places = settled.iter().map(|one| self.members.iter().position(|member| member == one));
        let mut ranks: Vec<usize> = places.flatten().collect();
        ranks.sort_unstable();
        ranks.dedup();
        let fits = ranks.len() == settled.len()
            && settled.contains(&from)
            && ranks.iter().all(|rank| !self.heard[*rank]);
        if !fits {
            return self.need(from);
        }
        ranks.iter().for_each(|rank| self.heard[*rank] = true);
        self.offers.push(Offer { donor: from, sum, agreed, ranks });
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
        for offer in offers {
            let same = offer.agreed == best.agreed;
            let wins = if same { beats(&offer.ranks, &best.ranks) } else { offer.agreed };
            if wins {
                best = offer;
            }
        }
        // Whoever is still to be heard may have agreed.
        let sure = if best.agreed { beats(&best.ranks, &unheard) } else { unheard.is_empty() };
        if !sure {
            return None;
        }
        let equal = self.offers.iter().filter(|offer| offer.sum == best.sum);
        let mut ranks: Vec<usize> = equal.flat_map(|offer| &offer.ranks).copied().collect();
        ranks.sort_unstable();
        let settled = ranks.into_iter().map(|rank| self.members[rank]).collect();
        Some(Verdict::Has { donor: best.donor, sum: best.sum, settled })
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

    #[test]
    fn one_newcomer_waits_for_one_offer_only() {
        let mut exchange = Exchange::new(&members(&[1, 2, 3]));
        assert!(exchange.is_certain(&members(&[1, 2])));
        let verdict = exchange.offer(member(1), (&members(&[1, 2]), true), sum(7));
        let settled = members(&[1, 2]);
        assert_eq!(verdict, Some(Verdict::Has { donor: member(1), sum: sum(7), settled }));
    }

    #[test]
    fn the_larger_side_wins_although_the_smaller_spoke_first() {
        let mut exchange = Exchange::new(&members(&[1, 2, 3, 4, 5]));
        assert_eq!(exchange.offer(member(1), (&members(&[1, 2]), true), sum(7)), None);
        let verdict = exchange.offer(member(3), (&members(&[3, 4, 5]), true), sum(8));
        let settled = members(&[3, 4, 5]);
        assert_eq!(verdict, Some(Verdict::Has { donor: member(3), sum: sum(8), settled }));
    }

    #[test]
    fn of_equal_sides_the_one_with_the_lowest_rank_wins() {
        let mut exchange = Exchange::new(&members(&[4, 1, 3, 2]));
        assert!(exchange.is_certain(&members(&[4, 2])) && !exchange.is_certain(&members(&[1, 3])));
        assert_eq!(exchange.offer(member(1), (&members(&[1, 3]), true), sum(7)), None);
        let verdict = exchange.offer(member(4), (&members(&[4, 2]), true), sum(8));
        let settled = members(&[4, 2]);
        assert_eq!(verdict, Some(Verdict::Has { donor: member(4), sum: sum(8), settled }));
    }

    #[test]
    fn sides_that_are_equal_share_the_victory() {
        let mut exchange = Exchange::new(&members(&[1, 2, 3, 4]));
        assert_eq!(exchange.offer(member(3), (&members(&[3, 4]), true), sum(7)), None);
        let verdict = exchange.offer(member(1), (&members(&[1, 2]), true), sum(7));
        let settled = members(&[1, 2, 3, 4]);
        assert_eq!(verdict, Some(Verdict::Has { donor: member(1), sum: sum(7), settled }));
    }

    #[test]
    fn who_had_not_agreed_yields_to_who_had_and_waits_for_whoever_may_have() {
        let mut exchange = Exchange::new(&members(&[1, 2, 3]));
        assert_eq!(exchange.offer(member(1), (&members(&[1, 2]), false), sum(7)), None);
        let verdict = exchange.offer(member(3), (&members(&[3]), true), sum(8));
        let settled = members(&[3]);
        assert_eq!(verdict, Some(Verdict::Has { donor: member(3), sum: sum(8), settled }));
        let mut exchange = Exchange::new(&members(&[1, 2, 3]));
        assert_eq!(exchange.offer(member(1), (&members(&[1, 2]), false), sum(7)), None);
        let settled = members(&[1, 2]);
        let has = Verdict::Has { donor: member(1), sum: sum(7), settled };
        assert_eq!(exchange.need(member(3)), Some(has));
    }

    #[test]
    fn where_all_are_in_need_nobody_has_it() {
        let mut exchange = Exchange::new(&members(&[1, 2]));
        assert_eq!(exchange.need(member(2)), None);
        assert_eq!(exchange.need(member(1)), Some(Verdict::Nobody));
    }

    #[test]
    fn an_offer_of_what_is_not_the_senders_counts_as_a_need() {
        let mut exchange = Exchange::new(&members(&[1, 2]));
        let lies = vec![member(1), member(2), member(9)];
        assert_eq!(exchange.offer(member(2), (&lies, true), sum(7)), None);
        assert_eq!(
            exchange.offer(member(1), (&members(&[2]), true), sum(7)),
            Some(Verdict::Nobody)
        );
    }
}
