//! Safe messages, GBCASTs, messages for some, and why things wait.

use std::time::Duration;

use crate::common::{World, message, proc, ranks};
use muts::{Full, ProcId};
use vsync::{Charge, Down, Fault, GroupId, Hold, How, Known, Order, Up, ViewId};

fn group() -> GroupId {
    GroupId::of_word("sure")
}

fn town() -> World {
    let mut world = World::new("abc", 3);
    let members = vec![proc('b'), proc('c')];
    world.ask(proc('a'), Down::Found { group: group(), members }).expect("room");
    world.run(Duration::from_secs(1));
    world
}

fn cast(world: &mut World, name: char, how: impl Into<How>, text: &str) {
    let ask = Down::Cast { group: group(), how: how.into(), message: message(text) };
    world.ask(proc(name), ask).expect("room");
}

/// What was told there, with whether it was told safe.
fn heard(world: &World, name: char) -> Vec<(String, bool)> {
    let told = world.told[&proc(name)].iter();
    told.filter_map(|up| match up {
        Up::Cast { message, safe, .. } => {
            Some((String::from_utf8(message.body().to_vec()).expect("our text"), *safe))
        }
        _ => None,
    })
    .collect()
}

fn views(world: &World, name: char) -> Vec<ViewId> {
    let told = world.told[&proc(name)].iter();
    told.filter_map(|up| if let Up::View(view) = up { Some(view.id) } else { None }).collect()
}

fn some(text: &str, safe: bool) -> (String, bool) {
    (text.to_owned(), safe)
}

#[test]
fn that_the_sender_of_a_safe_message_has_it_goes_along_with_it() {
    let mut world = town();
    world.run(Duration::from_secs(2));
    let told =
        |world: &World| ['b', 'c'].map(|to| world.kernels[&proc('a')].below().told_to(proc(to)));
    let before = told(&world);
    cast(&mut world, 'a', How::from(Order::Fifo).safe(), "all are to have it");
    assert_eq!(told(&world), before.map(|tells| tells + 1));
}

#[test]
fn safe_waits_for_who_lacks_it_and_is_told_otherwise_where_the_view_ends_before() {
    let mut world = town();
    cast(&mut world, 'a', How::from(Order::Total).safe(), "all have it");
    world.run(Duration::from_millis(100));
    for name in ['a', 'b', 'c'] {
        assert_eq!(heard(&world, name), [some("all have it", true)]);
    }
    world.lose_casts(proc('a'), proc('c'));
    for (order, text) in [(Order::Unordered, "m"), (Order::Fifo, "f"), (Order::Causal, "c")] {
        cast(&mut world, 'a', How::from(order).safe(), text);
    }
    world.run(Duration::from_millis(300));
    assert_eq!(heard(&world, 'b').len(), 1);
    let unsettled = Hold::Unsettled(vec![proc('c')]);
    let holds = world.kernels[&proc('b')].why_held(group());
    assert!(holds.contains(&unsettled), "{holds:?}");
    world.crash(proc('c'));
    world.run(Duration::from_secs(4));
    for name in ['a', 'b'] {
        let rest = &heard(&world, name)[1..];
        assert_eq!(rest, [some("m", false), some("f", false), some("c", false)]);
    }
    let why: Vec<_> = world.kernels[&proc('a')].why_excluded().map(|e| (e.who, e.charge)).collect();
    assert!(why.contains(&(proc('c'), Charge::Silent)), "{why:?}");
    let (kernel, now) = (&world.kernels[&proc('a')], world.air.borrow().now);
    let known = |name| kernel.known(now, proc(name).node);
    let silent = Known { who: proc('c'), met: true, charge: Some(Charge::Silent) };
    assert_eq!(known('c'), Some(silent));
    assert_eq!(known('b'), Some(Known { who: proc('b'), met: true, charge: None }));
    assert_eq!(known('x'), None);
    let met: Vec<_> = kernel.known_to_live(now).map(|known| known.who).collect();
    assert_eq!(met, [proc('b'), proc('c')], "the silent one may come back");
    let count = |name| world.count(proc('a'), name) + world.count(proc('b'), name);
    assert!(count("vsync.excluded_silent") >= 1 && count("vsync.excluded_deaf") == 0);
}

#[test]
fn an_mbcast_passes_what_waits() {
    let mut world = town();
    world.lose_casts(proc('a'), proc('c'));
    cast(&mut world, 'a', How::from(Order::Fifo).safe(), "waits");
    cast(&mut world, 'a', Order::Fifo, "behind it");
    cast(&mut world, 'a', Order::Unordered, "passes");
    world.run(Duration::from_millis(100));
    assert_eq!(heard(&world, 'b'), [some("passes", false)]);
}

#[test]
fn a_gbcast_comes_after_the_same_at_everybody_and_changes_no_view() {
    let mut world = town();
    let before = views(&world, 'b');
    for name in ['a', 'b', 'c'] {
        cast(&mut world, name, Order::Fifo, &format!("by {name}"));
    }
    cast(&mut world, 'c', How::from(Order::Global).safe(), "now");
    let ask = Down::Cast { group: group(), how: Order::Fifo.into(), message: message("later") };
    assert!(matches!(world.ask(proc('c'), ask.clone()), Err(Full(_))), "after the GBCAST only");
    world.run(Duration::from_millis(500));
    world.ask(proc('c'), ask).expect("room was told");
    world.run(Duration::from_millis(100));
    for name in ['a', 'b', 'c'] {
        let heard = heard(&world, name);
        let mut first: Vec<_> = heard[..3].iter().map(|(text, _)| text.as_str()).collect();
        first.sort_unstable();
        assert_eq!(first, ["by a", "by b", "by c"]);
        assert_eq!(heard[3..], [some("now", true), some("later", false)]);
        assert_eq!(views(&world, name), before);
    }
}

#[test]
fn positions_grow_in_a_view_across_a_gbcast() {
    let mut world = town();
    for (order, text) in [(Order::Fifo, "1"), (Order::Global, "2")] {
        cast(&mut world, 'b', order, text);
    }
    world.run(Duration::from_millis(500));
    cast(&mut world, 'b', Order::Fifo, "3");
    world.run(Duration::from_secs(1));
    let told = &world.told[&proc('a')];
    let seqs =
        told.iter().filter_map(|up| if let Up::Cast { seq, .. } = up { Some(*seq) } else { None });
    assert_eq!(seqs.collect::<Vec<_>>(), [0, 1, 2]);
    let stable = told.iter().filter_map(|up| match up {
        Up::Stable { from, below, .. } if from.proc == proc('b') => Some(*below),
        _ => None,
    });
    assert_eq!(stable.max(), Some(3));
}

/// Positions are those of the present view: of a GBCAST that came with the end of another one
/// nothing is told in it.
#[test]
fn what_a_gbcast_ended_another_view_with_is_not_told_stable_in_the_next() {
    let mut world = World::new("abc", 3);
    let ask = Down::Found { group: group(), members: vec![proc('b')] };
    world.ask(proc('a'), ask).expect("room");
    world.run(Duration::from_secs(1));
    for text in ["1", "2", "3"] {
        cast(&mut world, 'a', Order::Fifo, text);
    }
    world.run(Duration::from_millis(500));
    let join = Down::Join { group: group(), contact: Some(proc('a')) };
    world.ask(proc('c'), join).expect("room");
    cast(&mut world, 'a', Order::Global, "now");
    world.run(Duration::from_secs(1));

    let told = &world.told[&proc('b')];
    let view = told.iter().rposition(|up| matches!(up, Up::View(_))).expect("a view");
    let global = |up: &Up| matches!(up, Up::Cast { order: Order::Global, .. });
    assert!(global(&told[view - 1]), "one flush did both: {told:?}");
    for name in ['a', 'b', 'c'] {
        let told = &world.told[&proc(name)];
        let view = told.iter().rposition(|up| matches!(up, Up::View(_))).expect("a view");
        let stable = |up: &Up| matches!(up, Up::Stable { .. });
        assert!(!told[view..].iter().any(stable), "nothing was sent in it: {told:?}");
    }
}

#[test]
fn who_a_message_is_not_for_is_told_nothing_and_gets_what_follows() {
    let mut world = town();
    let view = *views(&world, 'a').last().expect("in a view");
    let members = |world: &World, names: &str| {
        let first = world.told[&proc('a')].iter().find_map(|up| match up {
            Up::View(view) => Some(ranks(view, names)),
            _ => None,
        });
        first.expect("in a view")
    };
    for order in [Order::Unordered, Order::Fifo, Order::Causal, Order::Total] {
        let to = members(&world, "ab");
        cast(&mut world, 'a', How::from(order).to(view, to), "for two");
    }
    cast(&mut world, 'a', Order::Total, "for all");
    world.run(Duration::from_millis(200));
    assert_eq!(heard(&world, 'b').len(), 5);
    assert_eq!(heard(&world, 'c'), [some("for all", false)]);
    assert_eq!(world.count(proc('c'), "vsync.skips"), 4);
    let pasts = |world: &World| world.count(proc('a'), "vsync.pasts");
    assert_eq!(pasts(&world), 1, "it is told of the ABCAST's stamp before it gets anything");

    // To the same few nothing of the past has to be told; nor where nothing new was passed over.
    for order in [Order::Total, Order::Causal, Order::Fifo] {
        let to = members(&world, "ab");
        cast(&mut world, 'a', How::from(order).to(view, to), "for two");
    }
    assert_eq!(pasts(&world), 1);
    cast(&mut world, 'a', Order::Fifo, "for all");
    for order in [Order::Causal, Order::Fifo] {
        let to = members(&world, "ab");
        cast(&mut world, 'a', How::from(order).to(view, to), "for two");
        cast(&mut world, 'a', Order::Causal, "for all");
    }
    world.run(Duration::from_millis(200));
    assert_eq!(pasts(&world), 2);
    assert_eq!((heard(&world, 'b').len(), heard(&world, 'c').len()), (13, 4));

    let over = ViewId { epoch: view.epoch - 1, ..view };
    let how = How::from(Order::Fifo).to(over, members(&world, "b"));
    let ask = Down::Cast { group: group(), how, message: message("too late") };
    assert!(matches!(world.ask(proc('a'), ask), Err(Full(_))));
    let last = world.told[&proc('a')].last();
    assert!(matches!(last, Some(Up::Room { .. })), "{last:?}");
}

fn excluded(world: &World, name: char) -> Vec<(ProcId, Charge)> {
    let told = world.told[&proc(name)].iter();
    let told = told.filter_map(|up| match up {
        Up::Fault { fault: Fault::Excluded { by, charge, .. }, .. } => Some((*by, *charge)),
        _ => None,
    });
    told.collect()
}

#[test]
fn who_was_put_out_of_a_view_hears_why_once_it_is_heard_again() {
    let mut world = town();
    for other in ['a', 'b'] {
        world.cut(proc('c'), proc(other));
        world.cut(proc(other), proc('c'));
    }
    world.run(Duration::from_secs(5));
    assert!(excluded(&world, 'c').is_empty(), "nobody can have told it");
    world.heal();
    world.run(Duration::from_secs(10));
    let by = world.kernels[&proc('a')].why_excluded().next().map(|_| proc('a'));
    let by = by.unwrap_or(proc('b'));
    assert_eq!(excluded(&world, 'c'), [(by, Charge::Silent)], "once");
    assert!(excluded(&world, 'a').iter().all(|(by, _)| *by == proc('c')), "it says the same");
}

#[test]
fn who_was_away_and_knows_nothing_of_it_hears_why_the_others_went_on() {
    let mut world = town();
    world.pause(proc('c'));
    world.run(Duration::from_secs(5));
    world.resume(proc('c'));
    world.run(Duration::from_secs(10));
    let told = excluded(&world, 'c');
    assert!(matches!(told[..], [(_, Charge::Silent)]), "{told:?}");
    let last = &world.told[&proc('c')];
    let last = last.iter().rev().find_map(|up| match up {
        Up::View(view) => Some(view.members.len()),
        _ => None,
    });
    assert_eq!(last, Some(3));
}
