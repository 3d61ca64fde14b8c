//! Parts of a group that nothing has brought together seek each other, and meet.

use crate::common::judge::judge;
use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::{Down, GroupId, LwgId};
use muts::{Duration, Layer, Random};

/// A core group that 1 founds for these.
fn founded(town: &mut Town, number: u32, nodes: &[u64]) -> GroupId {
    let core = lwg::SetId::DEFAULT.core(seat(1), number);
    town.ask(seat(1), Down::FoundCore { core, members: seats(nodes) });
    town.run();
    core
}

/// Everybody who is in the group is in one view of it, and nothing is under way.
fn on_one(town: &Town, nodes: u64, group: LwgId, seed: u64) {
    let views: Vec<_> = (1..=nodes).filter_map(|node| town.view(seat(node), group)).collect();
    for view in &views {
        let (all, first) = (views.len(), &views[0]);
        assert_eq!(
            (view.id, view.core, view.members.len()),
            (first.id, first.core, all),
            "seed {seed}"
        );
    }
    for node in 1..=nodes {
        assert_eq!(town.count(seat(node), "lwg.unsettled"), 0, "at {node}, seed {seed}");
        assert_eq!(town.count(seat(node), "lwg.out_of_view"), 0, "at {node}, seed {seed}");
    }
}

/// Some seconds pass, during which all that happens can happen.
fn seconds(town: &mut Town, seconds: u64) {
    for _ in 0..seconds {
        town.pass(Duration::from_secs(1));
        town.run();
    }
}

/// Core groups part and come together one by one while groups go from one to another.
fn wander(seed: u64) {
    let mut random = Random::new(seed);
    let nodes = 3 + seed % 2;
    let all: Vec<u64> = (1..=nodes).collect();
    let mut town = Town::new(seed, &seats(&all));
    let cores: Vec<_> = (1..=5).map(|number| founded(&mut town, number, &all)).collect();
    let groups: Vec<_> = (1..=12).map(|number| lwg(2, number)).collect();
    let to_cut = 2 + random.below(4);
    let pick = |random: &mut Random| cores[random.below(5) as usize];
    for group in &groups {
        let core = pick(&mut random);
        town.create_on(seat(1), core, *group, seats(&all));
    }
    town.run();
    for _ in 0..150 {
        let who = seat(1 + random.below(nodes));
        match random.below(20) {
            0..7 => town.steps(random.below(30)),
            7..12 => {
                let to = pick(&mut random);
                for group in groups.iter().filter(|_| random.below(3) == 0) {
                    town.ask(who, Down::Move { lwg: *group, to });
                }
            }
            12..14 => {
                let side = u64::from(random.below(to_cut) == 0);
                town.net.borrow_mut().side.insert(who, side);
            }
            14..19 => {
                let core = pick(&mut random);
                town.net.borrow_mut().regroup(core);
            }
            _ => town.pass(Duration::from_millis(random.below(2_000))),
        }
    }
    for node in 1..=nodes {
        town.net.borrow_mut().side.insert(seat(node), 0);
    }
    for core in &cores {
        town.net.borrow_mut().regroup(*core);
        town.steps(random.below(200));
    }
    town.run();
    seconds(&mut town, 60);
    for group in groups {
        on_one(&town, nodes, group, seed);
    }
    judge(&town.told);
}

/// Each has shown once that parts did not meet, or that one waited for ever on its way.
const ONCE: [u64; 35] = [
    4301, 319, 547, 714, 868, 935, 1139, 1295, 1481, 2460, 2601, 3103, 3193, 3434, 3505, 3509,
    3653, 3701, 3763, 4665, 4827, 4983, 5261, 6645, 7323, 8578, 10253, 11090, 11133, 11862, 12079,
    12465, 13894, 15363, 16297,
];

#[test]
fn parts_meet_however_core_groups_part_while_groups_move() {
    let more = std::env::var("LWG_SEEDS").ok().and_then(|most| most.parse().ok());
    for seed in ONCE.into_iter().chain(0..more.unwrap_or(200)) {
        wander(seed);
    }
}

/// The group, three core groups of all, and 3 cut off from the first as the group leaves it.
fn left_behind(seed: u64) -> (Town, LwgId, [GroupId; 3]) {
    let mut town = Town::new(seed, &seats(&[1, 2, 3]));
    let cores = [1, 2, 3].map(|number| founded(&mut town, number, &[1, 2, 3]));
    let group = lwg(2, 1);
    town.create_on(seat(1), cores[0], group, seats(&[1, 2, 3]));
    while town.step() {}
    town.ask(seat(1), Down::Move { lwg: group, to: cores[1] });
    town.steps(seed % 10);
    cut(&mut town, 3, 1, &cores[..1]);
    town.run();
    (town, group, cores)
}

/// From now on this process is on that side, as these core groups see it.
fn cut(town: &mut Town, node: u64, side: u64, cores: &[GroupId]) {
    let mut net = town.net.borrow_mut();
    net.side.insert(seat(node), side);
    cores.iter().for_each(|core| net.regroup(*core));
}

fn cores_of(town: &Town, group: LwgId) -> Vec<(GroupId, usize)> {
    let views = (1..=3).filter_map(|node| town.view(seat(node), group));
    views.map(|view| (view.core, view.members.len())).collect()
}

#[test]
fn a_part_is_found_whose_core_group_the_others_have_given_up() {
    let mut left = 0;
    for seed in 0..40 {
        let (mut town, group, cores) = left_behind(seed);
        if cores_of(&town, group) != [(cores[1], 2), (cores[1], 2), (cores[0], 1)] {
            continue;
        }
        left += 1;
        // 3 is in no other core group with them.
        cut(&mut town, 3, 1, &cores);
        for _ in 0..4 {
            town.pass(Duration::from_secs(2_000));
            town.run();
        }
        let kept = town.net.borrow().at.contains_key(&(cores[0], seat(1)));
        assert!(!kept, "the old core group is given up, seed {seed}");
        cut(&mut town, 3, 0, &cores);
        seconds(&mut town, 30);
        on_one(&town, 3, group, seed);
        assert_eq!(cores_of(&town, group), [(cores[1], 3); 3], "seed {seed}");
        judge(&town.told);
    }
    assert!(left > 0);
}

#[test]
fn who_is_on_the_way_does_not_wait_for_those_who_have_been_there() {
    let mut waited = 0;
    for seed in 0..40 {
        let mut town = Town::new(seed, &seats(&[1, 2, 3]));
        let [home, to, next] = [1, 2, 3].map(|number| founded(&mut town, number, &[1, 2, 3]));
        let (group, members) = (lwg(2, 1), seats(&[1, 2, 3]));
        town.create_on(seat(1), home, group, members);
        town.run();
        // 2 says that it comes, and is told nothing more there.
        town.ask(seat(1), Down::Move { lwg: group, to });
        town.run_without(2, to);
        assert_eq!(cores_of(&town, group), [(to, 3), (home, 3), (to, 3)]);
        town.ask(seat(1), Down::Move { lwg: group, to: next });
        town.run_without(2, to);
        cut(&mut town, 2, 1, &[to]);
        cut(&mut town, 2, 0, &[to]);
        town.run();
        waited += u64::from(town.count(seat(1), "lwg.absent") > 0);
        seconds(&mut town, 30);
        on_one(&town, 3, group, seed);
        judge(&town.told);
    }
    assert!(waited > 0);
}

/// What nothing is asked for costs time too: there may be a hundred thousand core groups.
#[test]
fn many_memberships_are_looked_through_a_piece_at_a_time() {
    const NODES: u64 = 14;
    let all: Vec<u64> = (1..=NODES).collect();
    let mut town = Town::new(1, &seats(&all));
    let core = founded(&mut town, 1, &all);
    let many = lwg::limits::SEEK_MAX as u64 + 100;
    for set in 1..=many {
        let members: Vec<u64> = (1..NODES).filter(|node| set >> (node - 1) & 1 == 1).collect();
        let (lwg, members) = (lwg(1, set), seats(&members));
        assert!(town.create_on(seat(1), core, lwg, members));
        if set % 512 == 0 {
            town.run();
        }
    }
    town.run();
    assert_eq!(town.count(seat(1), "lwg.memberships"), many);
    town.crash(seat(NODES));
    town.net.borrow_mut().regroup(core);
    town.run();
    town.pass(Duration::from_secs(5));
    let next = town.towers[&seat(1)].deadline().expect("the rest is to be looked through");
    assert!(next.since(town.now) <= Duration::from_millis(1), "in {:?}", next.since(town.now));
    town.pass(Duration::from_millis(1));
    let next = town.towers[&seat(1)].deadline().map(|next| next.since(town.now));
    assert!(next.is_none_or(|next| next > Duration::from_millis(1)), "and no more");
}
