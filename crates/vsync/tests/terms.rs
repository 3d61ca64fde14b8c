//! What a group is told to be like: who may come in, which views are primary, what sides hear.

use std::time::Duration;

use crate::common::{World, message, proc};
use muts::ProcId;
use vsync::{
    Admission, Denial, Down, Fault, GroupId, Order, Partition, Side, Terms, Up, View, Why,
};

fn group() -> GroupId {
    GroupId::of_word("terms")
}

fn found(world: &mut World, members: &[char]) {
    let members = members.iter().map(|name| proc(*name)).collect();
    world.ask(proc('a'), Down::Found { group: group(), members }).expect("room");
    world.run(Duration::from_secs(6));
}

fn agree(world: &mut World, names: &str, terms: &Terms) {
    for name in names.chars() {
        let ask = Down::Terms { group: group(), terms: terms.clone() };
        world.ask(proc(name), ask).expect("room");
    }
}

fn last_view(world: &World, name: char) -> View {
    let views = world.told[&proc(name)].iter().rev();
    let mut views = views.filter_map(|up| if let Up::View(view) = up { Some(view) } else { None });
    View::clone(views.next().expect("in a view"))
}

fn out(world: &World, name: char) -> Option<Why> {
    world.told[&proc(name)].iter().find_map(|up| match up {
        Up::Out { why, .. } => Some(*why),
        _ => None,
    })
}

fn cut(world: &mut World, one: char, others: &str) {
    for other in others.chars() {
        world.cut(proc(one), proc(other));
        world.cut(proc(other), proc(one));
    }
}

#[test]
fn who_has_not_the_key_hears_why_it_is_not_let_in() {
    let mut world = World::new("abc", 1);
    let terms = Terms { admission: Admission::Key(b"sesame".to_vec()), ..Terms::default() };
    agree(&mut world, "a", &terms);
    found(&mut world, &[]);
    agree(&mut world, "c", &Terms { ticket: b"sesame".to_vec(), ..Terms::default() });
    for name in ['b', 'c'] {
        world.ask(proc(name), Down::Join { group: group(), contact: None }).expect("room");
    }
    world.run(Duration::from_secs(2));
    assert_eq!(out(&world, 'b'), Some(Why::Denied(Denial::WrongKey)));
    assert_eq!(last_view(&world, 'c').members.len(), 2);
}

#[test]
fn the_coordinators_user_is_asked_once_and_its_reason_is_told() {
    let mut world = World::new("abc", 1);
    agree(&mut world, "a", &Terms { admission: Admission::Asked, ..Terms::default() });
    found(&mut world, &[]);
    for name in ['b', 'c'] {
        world.ask(proc(name), Down::Join { group: group(), contact: None }).expect("room");
    }
    world.run(Duration::from_secs(1));
    let asks = world.told[&proc('a')].iter().filter(|up| matches!(up, Up::Asks { .. })).count();
    assert_eq!(asks, 2, "asked anew only for a new joining");
    for (name, denied) in [('b', Some(7)), ('c', None)] {
        let ask = Down::Answer { group: group(), who: proc(name), denied };
        world.ask(proc('a'), ask).expect("room");
    }
    world.run(Duration::from_secs(2));
    assert_eq!(out(&world, 'b'), Some(Why::Denied(Denial::Refused(7))));
    assert_eq!(last_view(&world, 'c').members.len(), 2);
}

#[test]
fn a_minority_is_not_primary_and_refuses_multicasts() {
    let mut world = World::new("abc", 1);
    let electorate = ['a', 'b', 'c'].map(|name| proc(name).node).to_vec();
    let partition = Partition::Primary { electorate, refuse: true };
    agree(&mut world, "abc", &Terms { partition, ..Terms::default() });
    found(&mut world, &['b', 'c']);
    assert_eq!(last_view(&world, 'c').primary, Some(true));
    cut(&mut world, 'c', "ab");
    world.run(Duration::from_secs(6));
    assert_eq!(last_view(&world, 'a').primary, Some(true));
    assert_eq!(last_view(&world, 'b').members.len(), 2);
    assert_eq!(last_view(&world, 'c').primary, Some(false));
    let cast = Down::Cast { group: group(), how: Order::Total.into(), message: message("alone") };
    world.ask(proc('c'), cast).expect("taken, and refused");
    let refused = |up: &Up| matches!(up, Up::Fault { fault: Fault::NotPrimary, .. });
    assert!(world.told[&proc('c')].iter().any(refused));
    assert!(!world.told[&proc('c')].iter().any(|up| matches!(up, Up::Cast { .. })));
}

#[test]
fn where_sides_become_one_each_tells_its_digest() {
    let mut world = World::new("abc", 1);
    found(&mut world, &['b', 'c']);
    cut(&mut world, 'c', "ab");
    world.run(Duration::from_secs(6));
    for (name, digest) in [('a', 1), ('b', 1), ('c', 2)] {
        world.ask(proc(name), Down::Digest { group: group(), digest }).expect("room");
    }
    world.heal();
    world.run(Duration::from_secs(10));
    assert_eq!(last_view(&world, 'a').members.len(), 3);
    for name in ['a', 'b', 'c'] {
        let sides = world.told[&proc(name)].iter().find_map(|up| match up {
            Up::Merged { sides, .. } => Some(sides.clone()),
            _ => None,
        });
        let mut sides: Vec<Side> = sides.expect("told of both sides");
        sides.sort_by_key(|side| side.digest);
        let digests: Vec<_> = sides.iter().map(|side| side.digest).collect();
        assert_eq!(digests, [Some(1), Some(2)]);
        let of = |side: &Side| side.members.iter().map(|member| member.proc).collect::<Vec<_>>();
        let alone: Vec<ProcId> = vec![proc('c')];
        assert_eq!((of(&sides[0]).len(), of(&sides[1])), (2, alone));
    }
}

fn faults(world: &World, name: char) -> Vec<Fault> {
    let told = world.told[&proc(name)].iter();
    let faults = told.filter_map(|up| match up {
        Up::Fault { fault, .. } => Some(fault.clone()),
        _ => None,
    });
    faults.collect()
}

fn members(world: &World, name: char) -> Vec<ProcId> {
    let mut members: Vec<ProcId> =
        last_view(world, name).members.iter().map(|member| member.proc).collect();
    members.sort_unstable();
    members
}

fn key(ticket: &[u8]) -> Terms {
    let admission = Admission::Key(b"sesame".to_vec());
    Terms { admission, ticket: ticket.to_vec(), ..Terms::default() }
}

fn found_alone(world: &mut World, name: char) {
    world.ask(proc(name), Down::Found { group: group(), members: vec![] }).expect("room");
}

#[test]
fn who_founds_a_group_of_the_same_name_without_the_key_stays_alone_and_hears_why() {
    for seed in 0..4 {
        let mut world = World::new("abc", seed);
        agree(&mut world, "ab", &key(b""));
        let wrong = Terms { ticket: b"simsim".to_vec(), ..Terms::default() };
        agree(&mut world, "c", &wrong);
        // Now the one, now the other has the lower view, and would lead.
        if seed % 2 == 0 {
            found_alone(&mut world, 'c');
            world.run(Duration::from_secs(1));
        }
        found(&mut world, &['b']);
        if seed % 2 == 1 {
            found_alone(&mut world, 'c');
        }
        world.run(Duration::from_secs(30));
        assert_eq!(members(&world, 'a'), [proc('a'), proc('b')]);
        assert_eq!(members(&world, 'c'), [proc('c')]);
        assert_eq!(faults(&world, 'c'), [Fault::Denied(Denial::WrongKey)], "told once");
        assert!(faults(&world, 'a').is_empty());
        assert_eq!(world.count(proc('a'), "vsync.parted"), 0, "nothing is to come of it");
    }
}

#[test]
fn two_who_know_the_key_and_founded_each_a_group_of_one_name_become_one() {
    let mut world = World::new("ab", 3);
    agree(&mut world, "a", &key(b""));
    agree(&mut world, "b", &key(b"sesame"));
    cut(&mut world, 'a', "b");
    for name in ['a', 'b'] {
        found_alone(&mut world, name);
    }
    world.run(Duration::from_secs(3));
    assert_eq!(members(&world, 'a'), [proc('a')]);
    world.heal();
    world.run(Duration::from_secs(10));
    assert_eq!(members(&world, 'a'), [proc('a'), proc('b')]);
}

#[test]
fn who_was_in_a_view_comes_back_without_a_key_also_where_only_who_came_later_is_left() {
    let mut world = World::new("abcd", 2);
    agree(&mut world, "ad", &key(b""));
    agree(&mut world, "b", &Terms { admission: key(b"").admission, ..Terms::default() });
    // These were invited, and show nothing.
    found(&mut world, &['b', 'c']);
    assert_eq!(members(&world, 'c').len(), 3);
    cut(&mut world, 'c', "abd");
    world.run(Duration::from_secs(5));
    world.ask(proc('d'), Down::Join { group: group(), contact: None }).expect("room");
    world.run(Duration::from_secs(5));
    assert_eq!(members(&world, 'd'), ['a', 'b', 'd'].map(proc));
    for name in ['a', 'b'] {
        world.crash(proc(name));
    }
    world.run(Duration::from_secs(5));
    assert_eq!(members(&world, 'd'), [proc('d')]);
    world.heal();
    world.run(Duration::from_secs(10));
    assert_eq!(members(&world, 'd'), ['c', 'd'].map(proc));
    assert!(faults(&world, 'c').iter().all(|fault| !matches!(fault, Fault::Denied(_))));
}

#[test]
fn the_user_is_asked_once_of_who_would_come_by_a_merge() {
    for (denied, comes) in [(Some(7), false), (None, true)] {
        let mut world = World::new("ac", 4);
        agree(&mut world, "a", &Terms { admission: Admission::Asked, ..Terms::default() });
        agree(&mut world, "c", &Terms { ticket: b"it is me".to_vec(), ..Terms::default() });
        found(&mut world, &[]);
        found_alone(&mut world, 'c');
        world.run(Duration::from_secs(10));
        let asks = world.told[&proc('a')].iter().filter_map(|up| match up {
            Up::Asks { who, ticket, .. } => Some((*who, ticket.clone())),
            _ => None,
        });
        assert_eq!(asks.collect::<Vec<_>>(), [(proc('c'), b"it is me".to_vec())]);
        let ask = Down::Answer { group: group(), who: proc('c'), denied };
        world.ask(proc('a'), ask).expect("room");
        world.run(Duration::from_secs(10));
        assert_eq!(members(&world, 'a').len() == 2, comes);
        let refused = Fault::Denied(Denial::Refused(7));
        assert_eq!(faults(&world, 'c'), if comes { vec![] } else { vec![refused] });
    }
}

#[test]
fn who_is_not_listed_hears_that_also_when_it_would_merge() {
    let mut world = World::new("ac", 6);
    let listed = Admission::Listed(vec![proc('a').node]);
    agree(&mut world, "a", &Terms { admission: listed, ..Terms::default() });
    found(&mut world, &[]);
    found_alone(&mut world, 'c');
    world.run(Duration::from_secs(10));
    assert_eq!(members(&world, 'a'), [proc('a')]);
    assert_eq!(faults(&world, 'c'), [Fault::Denied(Denial::NotListed)]);
}
