//! What waits its turn: handed back because too much is under way, or behind what was asked before.

use std::collections::BTreeSet;

use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::limits::INVITED;
use lwg::{Down, LwgId, Outcome, SetId, Up};

#[test]
fn more_moves_than_can_be_under_way_are_all_made_in_the_end() {
    let mut town = Town::new(7, &seats(&[1, 2]));
    let groups: BTreeSet<LwgId> = (1..=400).map(|count| lwg(1, count)).collect();
    for group in &groups {
        town.ask(seat(1), Down::Create { lwg: *group, members: seats(&[1, 2]) });
    }
    let to = SetId(1).core(seat(1), 1);
    town.ask(seat(1), Down::FoundCore { core: to, members: seats(&[1, 2]) });
    town.run();

    let (mut asks, mut most) = (groups.clone(), 0);
    while !asks.is_empty() {
        asks.retain(|group| !town.ask(seat(1), Down::Move { lwg: *group, to }));
        most = most.max(asks.len());
        town.news(seat(1));
        town.run();
        // Only what was told that there is room is asked again.
        let told = town.news(seat(1));
        let has_room = |up: &Up| matches!(up, Up::Room { lwg } if asks.contains(lwg));
        assert!(asks.is_empty() || told.iter().any(has_room), "{} still wait", asks.len());
    }
    assert_eq!(most, 400 - lwg::limits::MOVES_MAX);
    let core = |group: &LwgId| town.towers[&seat(2)].explain(*group).map(|place| place.core);
    assert!(groups.iter().all(|group| core(group) == Some(to)));
}

#[test]
fn what_one_asks_of_a_group_is_done_in_the_order_of_asking() {
    use lwg::Operation::{Add, Create, Remove};
    let (mut town, group) = (Town::new(1, &seats(&[1, 2, 3])), lwg(1, 1));
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2, 3]) });
    town.run();
    town.start(seat(4), lwg::Smallest::default());
    // Who is not in the core group has to come first; nothing that follows goes past it.
    town.ask(seat(1), Down::Add { lwg: group, members: seats(&[4]) });
    town.ask(seat(1), Down::Remove { lwg: group, members: seats(&[4]) });
    town.ask(seat(1), Down::Add { lwg: group, members: seats(&[9]) });
    town.ask(seat(1), Down::Remove { lwg: group, members: seats(&[2]) });
    town.run();
    let ended = town.told[&seat(1)].iter().filter_map(|up| match up {
        Up::Done { operation, outcome, .. } => Some((*operation, outcome.clone())),
        _ => None,
    });
    let (done, missing) = (Outcome::Done, Outcome::Missing(Box::new(seats(&[9]))));
    assert_eq!(
        ended.collect::<Vec<_>>(),
        [
            (Create, done.clone()),
            (Add, done.clone()),
            (Remove, done.clone()),
            (Add, missing),
            (Remove, done)
        ]
    );
    assert_eq!(town.members(seat(1), group), seats(&[1, 3]));
    assert_eq!(town.count(seat(1), "lwg.unsettled"), 0);
}

#[test]
fn adds_that_wait_one_behind_another_take_no_longer_than_one() {
    let (mut town, group) = (Town::new(1, &seats(&[1, 2])), lwg(1, 1));
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 2]) });
    town.run();
    town.news(seat(1));
    for nobody in [7, 8, 9] {
        town.ask(seat(1), Down::Add { lwg: group, members: seats(&[nobody]) });
    }
    town.pass(INVITED);
    let missing = town.news(seat(1)).into_iter().filter_map(|up| match up {
        Up::Done { outcome: Outcome::Missing(who), .. } => Some(who),
        _ => None,
    });
    assert_eq!(missing.collect::<Vec<_>>(), [7, 8, 9].map(|nobody| Box::new(seats(&[nobody]))));
}
