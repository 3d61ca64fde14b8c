//! Destroyed groups are remembered as long as somebody may know them as alive.

use crate::common::judge::judge;
use crate::common::net::Wish;
use crate::common::town::Town;
use crate::common::{lwg, proc, seat, seats};
use lwg::{Down, GroupId, Smallest};

/// Four processes on one core group, on which nothing was destroyed.
fn four() -> (Town, GroupId) {
    let mut town = Town::new(1, &seats(&[1, 2, 3, 4]));
    let core = lwg::SetId::DEFAULT.core(seat(1), 1);
    town.ask(seat(1), Down::FoundCore { core, members: seats(&[1, 2, 3, 4]) });
    town.run();
    (town, core)
}

fn create(town: &mut Town, core: GroupId, count: u64, nodes: &[u64]) {
    let (lwg, members) = (lwg(1, count), seats(nodes));
    assert!(town.create_on(seat(1), core, lwg, members));
    town.run();
}

fn destroy(town: &mut Town, count: u64) {
    assert!(town.ask(seat(1), Down::Destroy { lwg: lwg(1, count) }));
    town.run();
}

/// One more comes in: all others come along.
fn come(town: &mut Town, core: GroupId, node: u64) {
    town.start(seat(node), Smallest::default());
    town.net.borrow_mut().wishes.push(Wish::Invite(seat(1), core, vec![proc(node)]));
    town.run();
}

fn tombstones(town: &Town) -> Vec<u64> {
    town.towers.keys().map(|who| town.count(*who, "lwg.tombstones")).collect()
}

#[test]
fn of_groups_born_and_destroyed_in_one_view_that_all_leave_nothing_is_kept() {
    let (mut town, core) = four();
    create(&mut town, core, 1, &[1, 2]);
    for count in 2..20 {
        create(&mut town, core, count, &[1, 2]);
        if count % 2 == 0 {
            // It changes meanwhile.
            town.ask(seat(1), Down::Add { lwg: lwg(1, count), members: seats(&[3]) });
            town.run();
        }
        destroy(&mut town, count);
    }
    assert_eq!(tombstones(&town), [18; 4], "a part of this view may know them");
    come(&mut town, core, 5);
    assert_eq!(tombstones(&town), [0; 5]);
    // It is older than this view, also if it has changed in it.
    create(&mut town, core, 20, &[1, 2]);
    town.ask(seat(1), Down::Add { lwg: lwg(1, 1), members: seats(&[3]) });
    town.run();
    destroy(&mut town, 1);
    come(&mut town, core, 6);
    assert_eq!(tombstones(&town), [1; 6]);
    destroy(&mut town, 20);
    come(&mut town, core, 7);
    assert_eq!(tombstones(&town), [2; 7]);
    judge(&town.told);
}

#[test]
fn what_a_part_has_not_seen_destroyed_does_not_come_back_with_it() {
    let (mut town, core) = four();
    create(&mut town, core, 1, &[1, 2, 3, 4]);
    let part = |town: &mut Town, side| {
        for node in 3..=4 {
            town.net.borrow_mut().side.insert(seat(node), side);
        }
        town.net.borrow_mut().regroup(core);
        town.run();
    };
    // One is born in the view that loses 3 and 4, and destroyed when they hear nothing more.
    create(&mut town, core, 2, &[1, 2, 3, 4]);
    for node in 3..=4 {
        town.net.borrow_mut().side.insert(seat(node), 1);
    }
    destroy(&mut town, 2);
    part(&mut town, 1);
    destroy(&mut town, 1);
    for count in 3..40 {
        create(&mut town, core, count, &[1, 2]);
        destroy(&mut town, count);
    }
    part(&mut town, 0);
    for count in 1..=2 {
        for node in 1..=4 {
            assert_eq!(town.view(seat(node), lwg(1, count)), None, "{count} at {node}");
        }
    }
    judge(&town.told);
}
