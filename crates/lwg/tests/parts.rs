//! Groups whose core group parts and comes together again.

use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::{Down, Up};

#[test]
fn view_numbers_grow_at_who_was_in_a_part_that_is_gone() {
    let mut town = Town::new(1, &seats(&[1, 2, 3]));
    town.ask(seat(1), Down::Create { lwg: lwg(1, 1), members: seats(&[1, 2, 3]) });
    town.run();
    let group = lwg(1, 2);
    town.ask(seat(1), Down::Create { lwg: group, members: seats(&[1, 3]) });
    town.run();
    let core = town.view(seat(1), group).expect("a view").core;
    assert!(town.towers[&seat(2)].explain(group).is_some(), "on the core group of all three");

    let regroup = |town: &mut Town| {
        town.net.borrow_mut().regroup(core);
        town.run();
    };
    town.net.borrow_mut().side.insert(seat(3), 1);
    regroup(&mut town);
    // On one side the group goes through the hands of 2 and dies with 1; on the other it lives on.
    town.ask(seat(1), Down::Add { lwg: group, members: seats(&[2]) });
    town.run();
    town.ask(seat(1), Down::Remove { lwg: group, members: seats(&[2]) });
    town.run();
    town.crash(seat(1));
    regroup(&mut town);
    town.net.borrow_mut().side.insert(seat(3), 0);
    regroup(&mut town);
    town.ask(seat(3), Down::Add { lwg: group, members: seats(&[2]) });
    town.run();

    assert_eq!(town.members(seat(2), group), seats(&[3, 2]));
    let numbers: Vec<u64> = town.told[&seat(2)]
        .iter()
        .filter_map(|up| match up {
            Up::View(view) if view.lwg == group => Some(view.id.counter),
            _ => None,
        })
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}
