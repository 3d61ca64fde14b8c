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
