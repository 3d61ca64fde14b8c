//! Every step: three members, one change, and one crash after each datagram that it takes.
//!
//! The change is begun, and one of the three dies when it has sent so many datagrams more: none,
//! one, two, until the change is over before it dies. Whoever is left has to settle, and every
//! judge has to be content.

use muts::Duration;
use sim::{CoreWorld, Load, Plan, Trace, Ways, apart, core_world, judge_core, settle, unsettled};
use vsync::{GroupId, Order};

const MEMBERS: usize = 3;

/// What is under way when somebody dies.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Join,
    Leave,
    CoordinatorLeaves,
    Crash,
    Gbcast,
    Merge,
}

impl Change {
    /// How long it takes, and some.
    const fn takes(self) -> Duration {
        Duration::from_millis(match self {
            Self::Join | Self::Merge => 900,
            Self::Leave | Self::CoordinatorLeaves | Self::Gbcast => 300,
            Self::Crash => 1_700,
        })
    }
}

fn group() -> GroupId {
    GroupId::of_word("every step")
}

fn plan() -> Plan {
    let load = Load {
        gap_min_ms: 20,
        gap_max_ms: 60,
        orders: vec![Order::Unordered, Order::Fifo, Order::Causal, Order::Total],
        safe_chance: 300_000,
        burst_max: 1,
        ..Load::steady()
    };
    Plan { load, ..Plan::steady(group()) }
}

/// Three members in one view, and what has to be so before the change begins.
fn before(change: Change) -> CoreWorld {
    let mut world = core_world(MEMBERS, 11, plan(), Ways::default(), &Trace::off());
    for host in 0..MEMBERS {
        world.start(host);
    }
    let together = |world: &CoreWorld| {
        (0..MEMBERS).all(|host| {
            let mut views = world.app(host).into_iter().flat_map(|app| app.views());
            views.any(|view| view.members.len() == MEMBERS)
        })
    };
    assert!(world.run_until_so(Duration::from_secs(5), together), "the group is founded");
    // Something to compare, however soon it ends.
    world.act(1, |app| app.say(group(), Order::Causal.into()));
    world.run_for(Duration::from_millis(50));
    match change {
        Change::Join => world.crash(2),
        Change::Merge => {
            for other in [1, 2] {
                world.network.cut(0, other, true);
                world.network.cut(other, 0, true);
            }
        }
        _ => return world,
    }
    world.run_for(Duration::from_secs(3));
    world
}

fn begin(world: &mut CoreWorld, change: Change) {
    match change {
        Change::Join => world.start(2),
        Change::Leave => world.act(1, |app| app.take_leave(group())),
        Change::CoordinatorLeaves => world.act(0, |app| app.take_leave(group())),
        Change::Crash => world.crash(1),
        Change::Gbcast => {
            world.act(1, |app| app.say(group(), vsync::How::from(Order::Global).safe()))
        }
        Change::Merge => world.network.heal(),
    }
}

/// One crash after so many datagrams; whether the victim died of it.
fn crash_after(change: Change, victim: usize, datagrams: u64) -> bool {
    let mut world = before(change);
    let starts = change == Change::Join && victim == 2;
    if !starts {
        world.doom(victim, datagrams);
    }
    begin(&mut world, change);
    if starts {
        world.doom(victim, datagrams);
    }
    world.run_for(change.takes());
    let died = !world.is_up(victim);
    world.spare(victim);
    let whole: Vec<usize> = (0..MEMBERS).filter(|host| world.is_up(*host)).collect();
    settle(&mut world, &whole, Duration::from_secs(9));
    let mut wrong = apart(&world, &whole);
    wrong.extend(unsettled(&world, &whole));
    wrong.extend(judge_core(world).violations);
    let at = format!("{change:?}, p{victim} dies after {datagrams} datagrams");
    assert!(wrong.is_empty(), "{at}: {wrong:#?}");
    died
}

fn every_step(change: Change) {
    let victims = (0..MEMBERS).filter(|victim| change != Change::Crash || *victim != 1);
    for victim in victims {
        let steps = (0..).take_while(|step| crash_after(change, victim, *step)).count();
        assert!(steps > 4, "{change:?}: p{victim} sends {steps} datagrams, too few to be a change");
    }
}

#[test]
fn a_join() {
    every_step(Change::Join);
}

#[test]
fn a_leave() {
    every_step(Change::Leave);
}

#[test]
fn a_leave_of_the_coordinator() {
    every_step(Change::CoordinatorLeaves);
}

#[test]
fn a_crash() {
    every_step(Change::Crash);
}

#[test]
fn a_gbcast() {
    every_step(Change::Gbcast);
}

#[test]
fn a_merge() {
    every_step(Change::Merge);
}
