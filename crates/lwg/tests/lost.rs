//! Groups that have lost members: they move again once nobody of those can be anywhere, nobody is
//! asked for what it cannot have, and who is added is told what is sent after that.

use crate::common::judge::judge;
use crate::common::net::Wish;
use crate::common::town::Town;
use crate::common::{lwg, proc, seat, seats};
use lwg::{
    Adaptive, Down, Endpoint, GroupId, LwgId, Outcome, Policy, ProcId, Smallest, Up, limits,
};
use muts::{Duration, Layer};

/// A core group that 1 founds for these.
fn founded<P: Policy>(town: &mut Town<P>, number: u32, nodes: &[u64]) -> GroupId {
    let core = lwg::SetId::DEFAULT.core(seat(1), number);
    town.ask(seat(1), Down::FoundCore { core, members: seats(nodes) });
    town.run();
    core
}

fn seconds<P: Policy>(town: &mut Town<P>, seconds: u64) {
    for _ in 0..seconds {
        town.pass(Duration::from_secs(1));
        town.run();
    }
}

fn crash<P: Policy>(town: &mut Town<P>, node: u64, cores: &[GroupId]) {
    town.crash(seat(node));
    cores.iter().for_each(|core| town.net.borrow_mut().regroup(*core));
    town.run();
}

/// The next process of a node, which comes into these core groups.
fn restart<P: Policy + Clone>(
    town: &mut Town<P>,
    policy: P,
    node: u64,
    cores: &[GroupId],
) -> Endpoint {
    let next = Endpoint::of(ProcId { incarnation: 2, ..proc(node) });
    town.start(next, policy);
    for core in cores {
        town.net.borrow_mut().wishes.push(Wish::Invite(seat(1), *core, vec![next.proc]));
    }
    town.run();
    next
}

fn outcomes<P: Policy>(town: &mut Town<P>, node: u64) -> Vec<Outcome> {
    let news = town.news(seat(node)).into_iter();
    news.filter_map(|up| if let Up::Done { outcome, .. } = up { Some(outcome) } else { None })
        .collect()
}

/// The group of these on the first of two core groups of all four.
fn four(seed: u64, nodes: &[u64]) -> (Town, LwgId, [GroupId; 2]) {
    let mut town = Town::new(seed, &seats(&[1, 2, 3, 4]));
    let cores = [1, 2].map(|number| founded(&mut town, number, &[1, 2, 3, 4]));
    let (lwg, core) = (lwg(2, 1), cores[0]);
    town.create_on(seat(1), core, lwg, seats(nodes));
    town.run();
    (town, lwg, cores)
}

#[test]
fn a_group_that_lost_who_is_over_moves_again() {
    let (mut town, group, cores) = four(1, &[1, 2, 3]);
    crash(&mut town, 3, &cores);
    outcomes(&mut town, 1);
    town.ask(seat(1), Down::Move { lwg: group, to: cores[1] });
    town.run();
    assert_eq!(outcomes(&mut town, 1), [Outcome::NoPlace], "3 may be alive");
    restart(&mut town, Smallest::default(), 3, &cores[1..]);
    town.ask(seat(1), Down::Move { lwg: group, to: cores[1] });
    town.run();
    assert_eq!(outcomes(&mut town, 1), [Outcome::Done]);
    assert_eq!(town.view(seat(2), group).expect("a view").core, cores[1]);
    // Nobody can have been left behind: the core group is not kept for that.
    seconds(&mut town, 40);
    assert!(!town.net.borrow().at.contains_key(&(cores[0], seat(1))));
}

#[test]
fn who_came_after_the_loss_knows_whom_a_group_has_lost() {
    let (mut town, group, cores) = four(1, &[1, 2, 3]);
    crash(&mut town, 3, &cores);
    town.start(seat(5), Smallest::default());
    for core in cores {
        town.net.borrow_mut().wishes.push(Wish::Invite(seat(1), core, vec![proc(5)]));
    }
    town.run();
    town.ask(seat(1), Down::Add { lwg: group, members: seats(&[5]) });
    town.run();
    assert_eq!(town.members(seat(5), group), seats(&[1, 2, 5]));
    town.ask(seat(5), Down::Move { lwg: group, to: cores[1] });
    assert_eq!(outcomes(&mut town, 5), [Outcome::NoPlace], "3 may be alive");
    let over = vsync::Up::Lost { peer: proc(3) };
    town.net.borrow_mut().tell(seat(5), over);
    town.hear(seat(5));
    town.ask(seat(5), Down::Move { lwg: group, to: cores[1] });
    town.run();
    assert_eq!(outcomes(&mut town, 5), [Outcome::Done]);
    judge(&town.told);
}

#[test]
fn the_next_incarnation_of_one_that_is_over_is_asked_for_nothing() {
    let (mut town, _, cores) = four(1, &[1, 2, 3]);
    for count in 2..50 {
        let (lwg, core) = (lwg(2, count), cores[0]);
        town.create_on(seat(1), core, lwg, seats(&[1, 2, 3]));
    }
    town.run();
    crash(&mut town, 3, &cores);
    restart(&mut town, Smallest::default(), 3, &cores);
    seconds(&mut town, 30);
    crash(&mut town, 4, &cores);
    restart(&mut town, Smallest::default(), 4, &cores);
    seconds(&mut town, 30);
    assert_eq!([1, 2].map(|node| town.count(seat(node), "lwg.sought")), [0, 0]);
}

/// Adaptive, a core group of nine, and so many groups of two on it, of these traits.
fn wide(relaxed: bool) -> (Town<Adaptive>, GroupId) {
    let all: Vec<u64> = (1..10).collect();
    let mut town = Town::with_policy(1, &seats(&all), Adaptive::default());
    let core = founded(&mut town, 1, &all);
    let traits = lwg::Traits { relaxed, open: false };
    let members = seats(&[1, 2, 3]);
    // The policy would not have it here; the other one keeps everybody here.
    let whole = seats(&all);
    let (set, group) = (lwg::SetId::DEFAULT, lwg(1, 1));
    town.ask(seat(1), Down::CreateWith { set, lwg: group, members: whole.clone(), traits });
    town.ask(seat(1), Down::Create { lwg: lwg(1, 2), members: whole });
    town.run();
    let rest = seats(&all).into_iter().filter(|member| !members.contains(member)).collect();
    if relaxed {
        for node in 4..10 {
            town.ask(seat(node), Down::Remove { lwg: group, members: seats(&[node]) });
        }
    } else {
        town.ask(seat(1), Down::Remove { lwg: group, members: rest });
    }
    town.run();
    assert_eq!(town.members(seat(1), group).len(), 3);
    assert_eq!(town.view(seat(1), group).expect("a view").core, core);
    (town, core)
}

fn founded_by(town: &Town<Adaptive>) -> u64 {
    town.towers.keys().map(|who| town.count(*who, "lwg.founded")).sum()
}

#[test]
fn nothing_is_founded_for_groups_that_cannot_move() {
    let (mut town, _) = wide(true);
    seconds(&mut town, 60);
    assert_eq!(founded_by(&town), 0);
}

#[test]
fn a_policy_moves_what_lost_who_is_over_and_founds_nothing_before() {
    let (mut town, core) = wide(false);
    let group = lwg(1, 1);
    crash(&mut town, 3, &[core]);
    seconds(&mut town, 60);
    assert_eq!(founded_by(&town), 0, "3 may be alive");
    assert_eq!(town.view(seat(1), group).expect("a view").core, core);
    restart(&mut town, Adaptive::default(), 3, &[core]);
    seconds(&mut town, 20);
    assert_eq!(founded_by(&town), 1);
    let view = town.view(seat(2), group).expect("a view");
    assert!(view.core != core && view.members == seats(&[1, 2]), "{view:?}");
    judge(&town.told);
}

#[test]
fn a_policy_that_is_given_later_looks_at_what_is_there() {
    let all: Vec<u64> = (1..10).collect();
    let mut town = Town::new(1, &seats(&all));
    let core = founded(&mut town, 1, &all);
    for (count, nodes) in [(1, &all[..2]), (2, &all[..])] {
        let (lwg, members) = (lwg(1, count), seats(nodes));
        town.create_on(seat(1), core, lwg, members);
    }
    town.run();
    let tower = town.towers.get_mut(&seat(1)).expect("alive");
    tower.set_policy(lwg::SetId::DEFAULT, Box::new(Adaptive::default()));
    assert!(tower.deadline().is_some_and(|at| at <= town.now + limits::REVIEW));
    seconds(&mut town, 20);
    let view = town.view(seat(2), lwg(1, 1)).expect("a view");
    assert!(view.core != core && view.members == seats(&[1, 2]), "{view:?}");
}

#[test]
fn who_is_in_no_group_leaves_though_others_are_made_elsewhere() {
    let all: Vec<u64> = (1..10).collect();
    let mut town = Town::with_policy(1, &seats(&all), Adaptive::default());
    let core = founded(&mut town, 1, &all);
    let members = seats(&[1, 2, 3, 4]);
    town.create_on(seat(1), core, lwg(1, 1), members);
    town.run();
    let is_in = |town: &Town<Adaptive>| town.net.borrow().at.contains_key(&(core, seat(9)));
    assert!(is_in(&town));
    town.net.borrow_mut().side.insert(seat(5), 1);
    for count in 0..20 {
        // 5, which is to place it, does not answer: it is under way for a while.
        town.ask(seat(9), Down::Create { lwg: lwg(9, count), members: seats(&[5, 9]) });
        seconds(&mut town, 1);
    }
    assert!(town.count(seat(9), "lwg.unsettled") > 0);
    assert!(!is_in(&town));
}
