//! A storm over a perfect transport: cuts, pauses and crashes under load, then quiet.
//!
//! The judges here are few and obvious; the simulator has the rest, over the real transport.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::{World, message, proc};
use muts::{ProcId, Random};
use vsync::{Down, GroupId, How, Order, Up, ViewId};

/// What one process delivered in each of its views, in order, with the view that it went to.
struct Stay {
    view: ViewId,
    members: Vec<ProcId>,
    delivered: Vec<(String, bool)>,
    next: Option<ViewId>,
    together: Vec<ProcId>,
}

fn stays(told: &[Up]) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    for up in told {
        match up {
            Up::View(view) => {
                let procs =
                    |endpoints: &[vsync::Endpoint]| endpoints.iter().map(|e| e.proc).collect();
                if let Some(last) = stays.last_mut() {
                    assert!(last.view < view.id, "views grow");
                    last.next = Some(view.id);
                    last.together = procs(&view.transitional);
                }
                stays.push(Stay {
                    view: view.id,
                    members: procs(&view.members),
                    delivered: Vec::new(),
                    next: None,
                    together: Vec::new(),
                });
            }
            Up::Cast { message, order, .. } => {
                let text = String::from_utf8(message.body().to_vec()).expect("our text");
                let stay = stays.last_mut().expect("nothing is delivered outside a view");
                stay.delivered.push((text, *order == Order::Total));
            }
            _ => {}
        }
    }
    stays
}

/// All that was delivered, sorted; the total order; who came along.
type Move = (Vec<String>, Vec<String>, Vec<ProcId>);

fn judge(world: &World, seed: u64) -> usize {
    let mut moves: BTreeMap<(ViewId, ViewId), Move> = BTreeMap::new();
    let mut views: BTreeMap<ViewId, Vec<ProcId>> = BTreeMap::new();
    let mut compared = 0;
    for (me, told) in &world.told {
        let mut ever = std::collections::BTreeSet::new();
        for stay in stays(told) {
            assert!(stay.members.contains(me), "self-inclusion, seed {seed}");
            let known = views.entry(stay.view).or_insert_with(|| stay.members.clone());
            assert_eq!(*known, stay.members, "view agreement, seed {seed}");
            for (text, _) in &stay.delivered {
                assert!(ever.insert(text.clone()), "{text} delivered twice, seed {seed}");
            }
            let Some(next) = stay.next else { continue };
            let totals: Vec<String> =
                stay.delivered.iter().filter(|(_, total)| *total).map(|(t, _)| t.clone()).collect();
            let mut all: Vec<String> = stay.delivered.into_iter().map(|(text, _)| text).collect();
            all.sort();
            if let Some(other) = moves.get(&(stay.view, next)) {
                assert_eq!(other.0, all, "virtual synchrony at {me:?}, seed {seed}");
                assert_eq!(other.1, totals, "total order at {me:?}, seed {seed}");
                assert_eq!(other.2, stay.together, "transitional set, seed {seed}");
                compared += all.len();
            } else {
                moves.insert((stay.view, next), (all, totals, stay.together));
            }
        }
    }
    compared
}

fn storm(seed: u64) -> usize {
    let group = GroupId::of_word("storm");
    let mut random = Random::new(seed);
    let mut world = World::new("abcde", seed);
    world.air.borrow_mut().loss = random.below(200_000);
    let all: Vec<ProcId> = "abcde".chars().map(proc).collect();
    let members = all[1..].to_vec();
    world.ask(all[0], Down::Found { group, members }).expect("room");
    world.run(Duration::from_millis(1_000));
    let mut crashed = 0;
    for step in 0..60 {
        for _ in 0..random.below(12) {
            let me = all[random.below(5) as usize];
            let orders =
                [Order::Unordered, Order::Fifo, Order::Causal, Order::Total, Order::Global];
            let often = [0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 4];
            let order = orders[often[random.below(often.len() as u64) as usize]];
            let how = How { safe: random.chance(100_000), ..order.into() };
            if world.kernels.contains_key(&me) {
                let text = format!("{step}.{}", random.draw());
                let message = message(&text);
                // A full group hands it back: it was never sent.
                let _ = world.ask(me, Down::Cast { group, how, message });
            }
            world.run(Duration::from_micros(random.below(3_000)));
        }
        let (a, b) = (all[random.below(5) as usize], all[random.below(5) as usize]);
        match random.below(10) {
            0..=2 => world.cut(a, b),
            3 | 4 => world.heal(),
            5 => world.pause(a),
            6 | 7 => world.resume(a),
            8 if crashed < 2 && random.chance(300_000) => {
                crashed += 1;
                world.crash(a);
            }
            _ => {}
        }
        world.run(Duration::from_millis(random.below(600)));
    }
    world.heal();
    for me in &all {
        world.resume(*me);
    }
    world.run(Duration::from_millis(15_000));
    let last: Vec<_> = world
        .kernels
        .keys()
        .map(|me| stays(&world.told[me]).pop().map(|stay| (stay.view, stay.members)))
        .collect();
    assert!(last.windows(2).all(|two| two[0] == two[1]), "one view at last, seed {seed}: {last:?}");
    let living: Vec<ProcId> = world.kernels.keys().copied().collect();
    let mut members = last[0].clone().expect("a view").1;
    members.sort();
    assert_eq!(members, living, "the living and nobody else, seed {seed}");
    judge(&world, seed)
}

#[test]
fn whoever_moves_together_delivered_the_same() {
    let compared: usize = (0..40).map(storm).sum();
    assert!(compared > 1_000, "only {compared} deliveries were compared");
}
