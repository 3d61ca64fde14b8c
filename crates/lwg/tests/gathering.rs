//! Many groups whose parts are apart meet by and by, each by one move.

use crate::common::judge::judge;
use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::{Down, GroupId, limits};
use muts::Duration;

const GROUPS: u64 = limits::MOVES_MAX as u64 + 100;

/// Groups of three go from one core group to another, and 3 is cut off from the first as they go.
fn going(seed: u64) -> (Town, [GroupId; 2]) {
    let mut town = Town::new(seed, &seats(&[1, 2, 3]));
    let cores = [1, 2].map(|number| lwg::SetId::DEFAULT.core(seat(1), number));
    for core in cores {
        town.ask(seat(1), Down::FoundCore { core, members: seats(&[1, 2, 3]) });
        town.run();
    }
    for count in 0..GROUPS {
        let (lwg, core) = (lwg(1, count), cores[0]);
        assert!(town.create_on(seat(1), core, lwg, seats(&[1, 2, 3])));
    }
    town.run();
    for count in 0..GROUPS {
        while !town.ask(seat(1), Down::Move { lwg: lwg(1, count), to: cores[1] }) {
            town.run_without(3, cores[0]);
        }
    }
    town.run_without(3, cores[0]);
    town.net.borrow_mut().side.insert(seat(3), 1);
    town.net.borrow_mut().regroup(cores[0]);
    town.run();
    (town, cores)
}

#[test]
fn many_groups_that_are_apart_meet_as_fast_as_they_may_move() {
    let mut most = 0;
    for seed in 0..8 {
        let (mut town, cores) = going(seed);
        let is_at = |town: &Town, node, count, core| {
            town.view(seat(node), lwg(1, count)).is_some_and(|view| view.core == core)
        };
        let left: Vec<_> = (0..GROUPS).filter(|one| is_at(&town, 3, *one, cores[0])).collect();
        most = most.max(left.len());
        if left.len() <= limits::MOVES_MAX {
            continue;
        }
        let moves = |town: &Town| [1, 2, 3].map(|node| town.count(seat(node), "lwg.moves"));
        let before = moves(&town);
        town.net.borrow_mut().side.insert(seat(3), 0);
        town.net.borrow_mut().regroup(cores[0]);
        town.run();
        // Nobody waits for a clock while others have come.
        for _ in 0..2 {
            town.pass(Duration::ZERO);
            town.run();
        }
        for node in 1..=3 {
            assert_eq!(town.count(seat(node), "lwg.unsettled"), 0);
            for count in &left {
                let view = town.view(seat(node), lwg(1, *count)).expect("a view");
                assert_eq!((view.core, view.members.len()), (cores[0], 3), "{count} at {node}");
            }
        }
        town.pass(Duration::from_secs(5));
        town.run();
        assert_eq!(town.count(seat(1), "lwg.gathering"), 0);
        let after = moves(&town);
        let moved = [0, 1, 2].map(|at| after[at] - before[at]);
        assert_eq!(moved, [left.len() as u64, 0, 0], "each by one move");
        judge(&town.told);
        return;
    }
    panic!("at most {most} are left behind");
}
