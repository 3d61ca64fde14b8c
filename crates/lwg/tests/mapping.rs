//! Mapping: the smallest core group that fits, the slack k, the grace period; and that finding it
//! touches only what matches.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::seat;
use crate::common::town::Town;
use crate::common::{lwg, seats};
use lwg::limits::CANDIDATES_MAX;
use lwg::{
    Adaptive, ByHand, CoreSet, Down, Endpoint, GroupId, Listed, OneToOne, Outcome, Place, Policy,
    Remap, SetId, Smallest, Standing, Up,
};
use muts::{Duration, Random};

fn some(random: &mut Random, most: u64, of: u64) -> Vec<Endpoint> {
    let mut set = BTreeSet::new();
    for _ in 0..=random.below(most) {
        set.insert(seat(random.below(of)));
    }
    set.into_iter().collect()
}

/// The rule of the paper, said slowly.
fn slowly(
    cores: &BTreeMap<GroupId, Vec<Endpoint>>,
    members: &[Endpoint],
    extras_max: usize,
) -> Option<(GroupId, usize)> {
    let fits = cores.iter().filter(|(_, core)| {
        members.iter().all(|member| core.contains(member))
            && core.len() - members.len() <= extras_max
    });
    fits.map(|(group, core)| (core.len() - members.len(), *group))
        .min()
        .map(|(extras, group)| (group, extras))
}

#[test]
fn the_index_finds_what_a_search_of_all_core_groups_finds() {
    // Few members and many, so that groups are small and large for the index.
    for (of, most) in [(9, 9), (40, 30)] {
        let mut random = Random::new(of);
        let mut set = CoreSet::default();
        let mut cores: BTreeMap<GroupId, Vec<Endpoint>> = BTreeMap::new();
        for _ in 0..4_000 {
            let group = GroupId(u128::from(random.below(40)));
            if random.below(3) == 0 {
                set.remove(group);
                cores.remove(&group);
            } else {
                let members = some(&mut random, most, of);
                set.set(group, &members);
                cores.insert(group, members);
            }
            let wanted = some(&mut random, 4, of);
            let extras = random.below(25) as usize;
            assert_eq!(set.smallest(&wanted, extras), slowly(&cores, &wanted, extras));
            assert_eq!(set.exact(&wanted), slowly(&cores, &wanted, 0).map(|found| found.0));
            assert_eq!(set.len(), cores.len());
        }
    }
}

#[test]
fn policies_place_as_they_say() {
    let mut random = Random::new(11);
    let mut set = CoreSet::default();
    let mut cores: BTreeMap<GroupId, Vec<Endpoint>> = BTreeMap::new();
    for group in 0..60 {
        let members = some(&mut random, 9, 12);
        set.set(GroupId(group), &members);
        cores.insert(GroupId(group), members);
    }
    let mut seen = [0; 3];
    for _ in 0..2_000 {
        let wanted = some(&mut random, 4, 12);
        let exact = slowly(&cores, &wanted, 0).map(|(group, _)| Place::Exact(group));
        let k = 5.min(2 * wanted.len());
        let fits = slowly(&cores, &wanted, k).map(|(group, extras)| Place::Superset(group, extras));
        let default = exact.or(fits).unwrap_or(Place::New);
        assert_eq!(Smallest::default().place(&wanted, &set), default);
        assert_eq!(Adaptive::default().place(&wanted, &set), default);
        assert_eq!(Smallest::exact().place(&wanted, &set), exact.unwrap_or(Place::New));
        assert_eq!(OneToOne.place(&wanted, &set), Place::Alone);
        assert_eq!(ByHand.place(&wanted, &set), Place::Nowhere);
        let kind = match default {
            Place::Exact(_) => 0,
            Place::New => 1,
            _ => 2,
        };
        seen[kind] += 1;
    }
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}

#[test]
fn a_search_among_100_000_core_groups_touches_only_those_that_match() {
    let mut random = Random::new(3);
    let me = seat(0);
    let mut set = CoreSet::default();
    // All hold this process, as they do at a process.
    for group in 0..100_000 {
        let mut members = vec![me];
        while members.len() < 4 {
            let other = seat(1 + random.below(300));
            if !members.contains(&other) {
                members.push(other);
            }
        }
        set.set(GroupId(group), &members);
    }
    let (mut most, mut found) = (0, 0);
    for _ in 0..2_000 {
        let mut wanted = vec![me, seat(1 + random.below(300)), seat(1 + random.below(300))];
        wanted.sort_unstable();
        wanted.dedup();
        let search = set.search(&wanted, 5, |_| true);
        most = most.max(search.visited);
        found += usize::from(search.found.is_some());
    }
    // Of any two others about seven core groups hold both.
    assert!(found > 1_900, "{found}");
    assert!(most <= 4, "{most} core groups were looked at");
    let stranger = set.search(&[me, seat(1_000)], 5, |_| true);
    assert_eq!((stranger.found, stranger.visited), (None, 0));
}

#[test]
fn what_has_just_moved_does_not_move_back() {
    let mut random = Random::new(8);
    let policy = Adaptive { share_over: 0, ..Adaptive::default() };
    let mut moved = 0;
    for _ in 0..3_000 {
        let mut set = CoreSet::default();
        let mut cores = BTreeMap::new();
        for group in 0..6 {
            let members = some(&mut random, 9, 10);
            set.set(GroupId(group), &members);
            cores.insert(GroupId(group), members);
        }
        let (core, core_members) = cores.iter().next().map(|(g, m)| (*g, m.clone())).expect("one");
        let few = 1 + random.below(3) as usize;
        let members: Vec<Endpoint> = core_members.iter().copied().take(few).collect();
        let standing = Standing { members: &members, core, core_members: &core_members, groups: 3 };
        let (Remap::Share(to) | Remap::Part(to)) = policy.remap(&standing, &set) else { continue };
        moved += 1;
        assert_ne!(to, core);
        let there = &cores[&to];
        assert!(members.iter().all(|member| there.contains(member)), "it holds them");
        let back = Standing { members: &members, core: to, core_members: there, groups: 3 };
        let again = policy.remap(&back, &set);
        assert!(!matches!(again, Remap::Share(to) | Remap::Part(to) if to == core), "{again:?}");
        assert_ne!(again, Remap::PartToNew);
    }
    assert!(moved > 100, "{moved}");
}

#[test]
fn sets_keep_their_core_groups_apart() {
    let mut town = Town::new(1, &seats(&[1, 2, 3]));
    let (one, two) = (lwg(1, 1), lwg(1, 2));
    let members = seats(&[1, 2]);
    town.ask(seat(1), Down::Create { lwg: one, members: members.clone() });
    town.run();
    town.ask(seat(1), Down::CreateIn { set: SetId(7), lwg: two, members });
    town.run();
    let at = |lwg| town.towers[&seat(2)].explain(lwg).expect("known");
    assert_ne!(at(one).core, at(two).core);
    assert_eq!((at(one).set, at(two).set), (SetId::DEFAULT, SetId(7)));
    assert_eq!(at(two).candidates.len(), 1, "only of its set");
}

#[test]
fn who_founds_a_core_group_gives_the_places_in_it() {
    let nodes: Vec<u64> = (1..=7).collect();
    let mut town = Town::with_policy(1, &seats(&nodes), OneToOne);
    for count in 1..=7 {
        // The lowest founds it.
        let (founder, members) = (seat(count), seats(&nodes[count as usize - 1..]));
        town.ask(founder, Down::Create { lwg: lwg(count, 1), members });
        town.run();
        let core = town.towers[&founder].explain(lwg(count, 1)).expect("known").core;
        let (view, _) = town.towers[&founder]
            .core_views()
            .find(|(view, _)| view.group == core)
            .expect("it is in it");
        assert_eq!(view.members[core.sequencer(view.members.len())], founder, "{view:?}");
    }
}

#[test]
fn a_set_managed_by_hand_has_what_the_user_puts_there() {
    let mut town = Town::new(1, &seats(&[1, 2, 3]));
    let set = SetId(3);
    for tower in town.towers.values_mut() {
        tower.set_policy(set, Box::new(ByHand));
    }
    let group = lwg(1, 1);
    let members = seats(&[1, 2]);
    town.ask(seat(1), Down::CreateIn { set, lwg: group, members: members.clone() });
    town.run();
    let refused = |up: &Up| matches!(up, Up::Done { outcome: Outcome::NoPlace, .. });
    assert!(town.told[&seat(1)].iter().any(refused), "there is no core group yet");
    let core = set.core(seat(1), 1);
    town.ask(seat(1), Down::FoundCore { core, members: seats(&[1, 2, 3]) });
    town.run();
    town.create_on(seat(1), core, group, members);
    town.run();
    let place = town.towers[&seat(2)].explain(group).expect("known");
    assert_eq!((place.core, place.extras), (core, 1));
    assert_eq!(town.towers[&seat(1)].explain(group).expect("known").why, "put there by hand");
    town.ask(seat(1), Down::Destroy { lwg: group });
    town.run();
    town.pass(Duration::from_secs(3_600));
    town.run();
    assert!(town.towers[&seat(1)].carried(core).is_some(), "nobody else closes it");
}

#[test]
fn who_is_asked_why_names_the_candidates_and_their_cost() {
    let mut town = Town::new(1, &seats(&[1, 2, 3]));
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: seats(&[1, 2]) });
    town.run();
    town.ask(seat(1), Down::Create { lwg: lwg(1, 2), members: seats(&[1, 2, 3]) });
    town.run();
    town.ask(seat(1), Down::Create { lwg: lwg(1, 3), members: seats(&[2, 1]) });
    town.run();
    let place = town.towers[&seat(1)].explain(lwg(1, 3)).expect("known");
    assert_eq!(place.why, "exact match");
    let costs: Vec<_> = place.candidates.iter().map(|each| (each.extras, each.groups)).collect();
    assert_eq!(costs, [(0, 2), (1, 1)]);
    assert_eq!(place.candidates[0].core, place.core);
    let carried = town.towers[&seat(1)].carried(place.candidates[1].core).expect("in it");
    assert_eq!((carried.members, carried.groups, carried.extras), (3, 1, 0));
    let tower = &town.towers[&seat(1)];
    let seen = tower.seen(lwg(1, 3)).expect("known");
    assert_eq!((seen.members, seen.core), (seats(&[2, 1]), place.core));
    let views = tower.core_views().map(|(view, groups)| (view.members.len(), groups));
    assert_eq!((views.collect::<BTreeSet<_>>(), tower.len()), ([(2, 2), (3, 1)].into(), 3));
    let outside = &town.towers[&seat(3)];
    assert_eq!((outside.seen(lwg(1, 3)), outside.len()), (None, 1));
}

#[test]
fn of_many_candidates_the_cheapest_are_named_and_the_others_counted() {
    let mut town = Town::with_policy(1, &seats(&[1, 2, 3]), OneToOne);
    let many = CANDIDATES_MAX as u64 + 5;
    for count in 1..=many {
        let members = if count == many { seats(&[1, 2, 3]) } else { seats(&[1, 2]) };
        town.ask(seat(1), Down::Create { lwg: lwg(1, count), members });
        town.run();
    }
    let place = town.towers[&seat(1)].explain(lwg(1, 1)).expect("known");
    assert_eq!((place.candidates.len(), place.candidates_more), (CANDIDATES_MAX, 5));
    assert!(place.candidates.iter().all(|each| each.extras == 0), "the larger one is the last");
}

#[test]
fn groups_are_listed_with_who_is_in_them_and_no_more_than_are_wanted() {
    let mut town = Town::new(1, &seats(&[1, 2, 3]));
    let all = seats(&[1, 2, 3]);
    let of = |count| if count % 2 == 0 { all.clone() } else { seats(&[1, 2]) };
    for count in 1..=9 {
        town.ask(seat(1), Down::Create { lwg: lwg(1, count), members: of(count) });
        town.run();
    }
    // On the core group of all three, so that the third knows it.
    let core = town.towers[&seat(1)].explain(lwg(1, 2)).expect("known").core;
    town.create_on(seat(1), core, lwg(1, 10), seats(&[2, 1]));
    town.run();
    for (node, known) in [(1, 10), (3, 5)] {
        let tower = &town.towers[&seat(node)];
        let listed = tower.list(usize::MAX);
        assert_eq!((listed.len(), tower.len()), (known, known));
        for each in &listed {
            let seen = tower.seen(each.lwg).expect("it was listed");
            let told = (each.view, each.core, each.members, each.inside);
            let inside = seen.members.contains(&seat(node));
            assert_eq!(told, (seen.view, seen.core, seen.members.len(), inside), "{each:?}");
        }
        let distinct: BTreeSet<_> = listed.iter().map(|each| each.lwg).collect();
        assert_eq!(distinct.len(), known, "each once");
        for most in 0..=known {
            assert_eq!(tower.list(most), listed[..most]);
        }
    }
    let outside = |each: &&Listed| !each.inside;
    let listed = town.towers[&seat(3)].list(usize::MAX);
    assert_eq!(listed.iter().filter(outside).map(|each| each.members).collect::<Vec<_>>(), [2]);

    let cores = town.net.borrow().groups();
    town.crash(seat(2));
    cores.iter().for_each(|core| town.net.borrow_mut().regroup(*core));
    town.run();
    let counts = |node| {
        let listed = town.towers[&seat(node)].list(usize::MAX);
        listed.iter().map(|each| each.members).collect::<BTreeSet<_>>()
    };
    assert_eq!(
        (counts(1), counts(3)),
        ([1, 2].into(), [1, 2].into()),
        "who is over counts no more"
    );
}

/// Two processes, and so many groups of both that each have a core group of their own; all of them
/// are destroyed again.
fn emptied<P: Policy + Clone + 'static>(groups: u64, policy: P) -> Town<P> {
    let both = seats(&[1, 2]);
    let mut town = Town::with_policy(3, &both, policy);
    for count in 1..=groups {
        assert!(town.ask(seat(1), Down::Create { lwg: lwg(1, count), members: both.clone() }));
    }
    town.run();
    for count in 1..=groups {
        assert!(town.ask(seat(1), Down::Destroy { lwg: lwg(1, count) }));
    }
    town.run();
    town
}

#[test]
fn more_idle_core_groups_than_are_kept_are_closed_by_their_lowest_member_and_hold_up_nobody() {
    let mut town = emptied(1_100, OneToOne);
    let most = lwg::limits::IDLE_MAX as u64;
    for who in [seat(1), seat(2)] {
        assert!(town.count(who, "lwg.collected") >= 1_100 - most);
    }
    town.pass(Duration::from_secs(60));
    town.run();
    for who in [seat(1), seat(2)] {
        assert_eq!(town.count(who, "lwg.collected"), 1_100);
    }
}

#[test]
fn without_a_grace_who_cannot_close_a_core_group_waits_for_who_can() {
    let mut town = emptied(1, Smallest { extras_max: None, grace: Some(Duration::ZERO) });
    town.pass(Duration::from_secs(5));
    town.run();
    assert_eq!(town.count(seat(2), "lwg.collected"), 1);
}
