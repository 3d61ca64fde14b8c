//! Directory and Resolver: names asked for and changed from outside, over a scripted group.
#![allow(clippy::unwrap_used)]

#[path = "../../tools/tests/common/mod.rs"]
mod common;

use common::{Fate, World, group, member};
use lwg::{Endpoint, LwgId, SendId, Up};
use muts::{Duration, Instant};
use names::limits::{LEASE, PATIENCE, QUESTIONS_MAX, TRIES_MAX};
use names::{Command, Contact, Directory, Name, Outcome, Resolved, Resolver};
use tools::{Answer, Asks, Tool};

/// What a process runs in these tests.
#[expect(clippy::large_enum_variant, reason = "a handful of them, in a test")]
enum Guest {
    Directory(Directory),
    Resolver(Resolver),
}

#[derive(Debug)]
enum Told {
    Directory(Answer<Outcome>),
    Resolver(Resolved),
}

impl Tool for Guest {
    type Answer = Told;

    fn hear(&mut self, now: Instant, heard: &Up, asks: &mut Asks) {
        match self {
            Self::Directory(tool) => tool.hear(now, heard, asks),
            Self::Resolver(tool) => tool.hear(now, heard, asks),
        }
    }
    fn answer(&mut self) -> Option<Told> {
        match self {
            Self::Directory(tool) => tool.answer().map(Told::Directory),
            Self::Resolver(tool) => tool.answer().map(Told::Resolver),
        }
    }
    fn wake(&mut self, now: Instant, asks: &mut Asks) {
        match self {
            Self::Directory(tool) => tool.wake(now, asks),
            Self::Resolver(tool) => tool.wake(now, asks),
        }
    }
    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Directory(tool) => tool.deadline(),
            // The end of a lease would keep the world from settling.
            Self::Resolver(tool) => tool.deadline().filter(|_| tool.is_asking()),
        }
    }
}

struct Names {
    world: World<Guest>,
    directory: Vec<Endpoint>,
}

/// The process that is in no group.
const OUTSIDER: u64 = 50;

impl Names {
    fn new(seed: u64, count: u64) -> Self {
        let mut world = World::new(seed);
        let directory: Vec<_> = (1..=count).map(member).collect();
        for who in &directory {
            world.add_host(*who, Guest::Directory(Directory::new(group(), *who)));
        }
        for node in [OUTSIDER, OUTSIDER + 1] {
            let resolver = Resolver::new(group(), directory.clone(), 100);
            world.add_host(member(node), Guest::Resolver(resolver));
        }
        world.regroup(&directory);
        world.settle();
        Self { world, directory }
    }

    fn ask<R>(&mut self, node: u64, ask: impl FnOnce(&mut Resolver, Instant, &mut Asks) -> R) -> R {
        let now = self.world.now;
        let host = self.world.hosts.get_mut(&member(node)).unwrap();
        let Guest::Resolver(resolver) = &mut host.tool else { panic!("no resolver") };
        let asked = ask(resolver, now, &mut host.asks);
        self.world.pump(member(node));
        asked
    }

    fn resolver(&self, node: u64) -> &Resolver {
        let Guest::Resolver(resolver) = &self.world.hosts[&member(node)].tool else { panic!() };
        resolver
    }

    fn directory(&self, node: u64) -> &Directory {
        let Guest::Directory(tool) = &self.world.hosts[&member(node)].tool else { panic!() };
        tool
    }

    /// Asks, lets everything happen, and takes the last answer.
    fn change(&mut self, node: u64, command: Command) -> Resolved {
        let asked = self.ask(node, |resolver, now, asks| resolver.change(now, command, asks));
        asked.expect("there is room");
        self.world.settle();
        self.last(node)
    }

    fn resolve(&mut self, node: u64, name: &str) -> Resolved {
        let name = name.parse().unwrap();
        let asked = self.ask(node, |resolver, now, asks| resolver.resolve(now, name, asks));
        asked.expect("there is room");
        self.world.settle();
        self.last(node)
    }

    fn last(&self, node: u64) -> Resolved {
        match self.world.hosts[&member(node)].answers.last() {
            Some(Told::Resolver(resolved)) => resolved.clone(),
            other => panic!("{other:?}"),
        }
    }
}

fn contact(count: u64) -> Contact {
    Contact { lwg: LwgId { creator: 9, count }, members: vec![member(7)] }
}

fn bind(name: &str, count: u64) -> Command {
    // The owner is whoever asks: what is named here is passed over.
    let (name, owner) = (name.parse().unwrap(), member(1234));
    Command::Bind { name, contact: contact(count), owner, expected: None }
}

fn unbind(name: &str) -> Command {
    Command::Unbind { name: name.parse().unwrap(), owner: member(1234), expected: None }
}

#[test]
fn a_name_bound_through_one_member_is_found_by_all() {
    for seed in 0..20 {
        let mut names = Names::new(seed, 3);
        let bound = names.change(OUTSIDER, bind("plant/boiler", 1));
        let outcome = Outcome::Bound { version: 1 };
        assert_eq!(bound, Resolved::Changed { question: 100, outcome });
        let name: Name = "plant/boiler".parse().unwrap();
        for node in 1..=3 {
            let binding = names.directory(node).get(&name).unwrap();
            assert_eq!((&binding.contact, binding.owner), (&contact(1), member(OUTSIDER)));
        }
        let found = names.resolve(OUTSIDER + 1, "plant/boiler");
        assert!(matches!(found, Resolved::Found { binding, .. } if binding.contact == contact(1)));
        let unknown = names.resolve(OUTSIDER + 1, "plant/boiler/lid");
        assert_eq!(unknown, Resolved::Unknown { question: 101 });
    }
}

#[test]
fn of_two_binders_at_once_one_gets_the_name_everywhere() {
    for seed in 0..40 {
        let mut names = Names::new(seed, 3);
        for (node, count) in [(OUTSIDER, 1), (OUTSIDER + 1, 2)] {
            let command = bind("a", count);
            // Each through another member.
            names.world.now += Duration::from_nanos(node);
            let liked = (node % 2) as usize;
            let directory = vec![names.directory[liked]];
            let resolver = Guest::Resolver(Resolver::new(group(), directory, 7));
            names.world.add_host(member(node), resolver);
            names.ask(node, |resolver, now, asks| resolver.change(now, command, asks)).unwrap();
        }
        names.world.settle();
        let outcomes = [OUTSIDER, OUTSIDER + 1].map(|node| match names.last(node) {
            Resolved::Changed { outcome, .. } => outcome,
            other => panic!("{other:?}"),
        });
        let won = outcomes.iter().position(|one| *one == Outcome::Bound { version: 1 }).unwrap();
        let winner = member(OUTSIDER + won as u64);
        let taken = |one: &Outcome| matches!(one, Outcome::Taken(by) if by.owner == winner);
        assert!(taken(&outcomes[1 - won]), "{outcomes:?}");
        let tables: Vec<_> = (1..=3).map(|node| names.directory(node).table().unwrap()).collect();
        assert!(tables.iter().all(|table| *table == tables[0]) && tables[0].len() == 1);
    }
}

#[test]
fn only_the_owner_unbinds() {
    let mut names = Names::new(1, 2);
    names.change(OUTSIDER, bind("a", 1));
    let refused = names.change(OUTSIDER + 1, unbind("a"));
    assert!(matches!(refused, Resolved::Changed { outcome: Outcome::Taken(_), .. }));
    let done = names.change(OUTSIDER, unbind("a"));
    assert!(matches!(done, Resolved::Changed { outcome: Outcome::Unbound, .. }));
    assert!(matches!(names.resolve(OUTSIDER, "a"), Resolved::Unknown { .. }));
}

#[test]
fn what_is_remembered_is_forgotten_when_its_lease_ends() {
    let mut names = Names::new(1, 2);
    names.change(OUTSIDER, bind("a", 1));
    let started = names.world.now;
    names.resolve(OUTSIDER + 1, "a");
    names.change(OUTSIDER, bind("a", 2));
    // Within the lease nobody is asked, right or wrong.
    let found = names.resolve(OUTSIDER + 1, "a");
    assert!(matches!(found, Resolved::Found { binding, .. } if binding.contact == contact(1)));
    let name: Name = "a".parse().unwrap();
    let resolver = names.resolver(OUTSIDER + 1);
    assert!(resolver.remembered(started + LEASE - Duration::from_nanos(1), &name).is_some());
    assert!(resolver.remembered(started + LEASE, &name).is_none());
    names.world.now = started + LEASE;
    let found = names.resolve(OUTSIDER + 1, "a");
    assert!(matches!(found, Resolved::Found { binding, .. } if binding.contact == contact(2)));
    // And at once, if it turns out to be wrong.
    names.ask(OUTSIDER + 1, |resolver, _, _| resolver.forget(&name));
    assert!(names.resolver(OUTSIDER + 1).remembered(names.world.now, &name).is_none());
}

#[test]
fn waking_forgets_what_has_ended() {
    let mut names = Names::new(1, 1);
    names.change(OUTSIDER, bind("a", 1));
    names.resolve(OUTSIDER, "a");
    let ends = names.resolver(OUTSIDER).deadline().expect("a lease ends");
    names.ask(OUTSIDER, |resolver, _, asks| resolver.wake(ends, asks));
    assert_eq!(names.resolver(OUTSIDER).deadline(), None);
}

#[test]
fn where_a_member_is_gone_the_next_is_asked() {
    for seed in 0..20 {
        let mut names = Names::new(seed, 3);
        names.change(OUTSIDER, bind("a", 1));
        names.world.crash(member(1));
        let rest: Vec<_> = names.directory[1..].to_vec();
        let asked = names.world.now;
        let outcome = names.change(OUTSIDER + 1, bind("b", 1));
        assert!(matches!(outcome, Resolved::Changed { .. }), "{outcome:?}");
        assert!(names.world.now >= asked + PATIENCE, "member 1 was asked first");
        names.world.regroup(&rest);
        names.world.settle();
        // The one that answered is asked first from now on.
        let asked = names.world.now;
        names.change(OUTSIDER + 1, bind("c", 1));
        assert!(names.world.now < asked + PATIENCE);
        assert!(matches!(names.resolve(OUTSIDER, "b"), Resolved::Found { .. }));
    }
}

#[test]
fn where_nobody_answers_the_question_is_given_up() {
    let mut names = Names::new(1, 2);
    names.world.meddle = Box::new(|_, _, _| Fate::Vanishes);
    let started = names.world.now;
    assert!(matches!(names.resolve(OUTSIDER, "a"), Resolved::NoDirectory { .. }));
    assert!(names.world.now.since(started) >= PATIENCE * TRIES_MAX);
    assert_eq!(names.resolver(OUTSIDER).deadline(), None);
}

#[test]
fn a_member_that_lacks_the_table_sends_elsewhere() {
    let mut names = Names::new(3, 2);
    names.change(OUTSIDER, bind("a", 1));
    let newcomer = member(3);
    let directory = Directory::new(group(), newcomer);
    names.world.add_host(newcomer, Guest::Directory(directory));
    let asks_newcomer = Resolver::new(group(), vec![newcomer, member(1)], 5);
    names.world.add_host(member(60), Guest::Resolver(asks_newcomer));
    let started = names.world.now;
    let found = names.resolve(60, "a");
    assert!(matches!(found, Resolved::Found { question: 5, .. }), "{found:?}");
    assert!(names.world.now.since(started) < PATIENCE, "it was told, not left waiting");
    // Once it has the table, it answers itself.
    let mut all = names.directory.clone();
    all.push(newcomer);
    names.world.regroup(&all);
    names.world.settle();
    assert_eq!(names.directory(3).table(), names.directory(1).table());
    names.world.crash(member(1));
    names.ask(60, |resolver, _, _| resolver.forget(&"a".parse().unwrap()));
    assert!(matches!(names.resolve(60, "a"), Resolved::Found { .. }));
}

#[test]
fn a_change_under_way_when_the_table_is_replaced_is_asked_for_again() {
    for seed in 0..40 {
        let mut names = Names::new(seed, 5);
        let (small, large) = (names.directory[..2].to_vec(), names.directory[2..].to_vec());
        names.world.regroup(&small);
        names.world.regroup(&large);
        names.world.settle();
        names.change(OUTSIDER, bind("only-here", 1));
        let command = bind("b", 1);
        names.ask(OUTSIDER, |resolver, now, asks| resolver.change(now, command, asks)).unwrap();
        (0..names.world.random.below(20)).for_each(|_| _ = names.world.step());
        names.world.regroup(&names.directory.clone());
        names.world.settle();
        let changed = names.last(OUTSIDER);
        assert!(matches!(changed, Resolved::Changed { .. }), "{changed:?}");
        let tables: Vec<_> = (1..=5).map(|node| names.directory(node).table().unwrap()).collect();
        assert!(tables.iter().all(|table| *table == tables[0]));
        assert!(tables[0].get(&"only-here".parse().unwrap()).is_none(), "the larger side won");
    }
}

#[test]
fn a_member_changes_the_table_itself() {
    let mut names = Names::new(1, 2);
    let host = names.world.hosts.get_mut(&member(2)).unwrap();
    let Guest::Directory(directory) = &mut host.tool else { panic!() };
    directory.change(&bind("a", 1), SendId(77), &mut host.asks);
    names.world.pump(member(2));
    names.world.settle();
    let applied = |told: &Told| {
        matches!(told, Told::Directory(Answer::Applied { send: SendId(77), answer, .. })
            if *answer == Outcome::Bound { version: 1 })
    };
    // Every member hears of every change.
    for node in [1, 2] {
        assert!(names.world.hosts[&member(node)].answers.iter().any(applied));
    }
}

#[test]
fn too_many_questions_are_handed_back() {
    let mut names = Names::new(1, 1);
    let name: Name = "a".parse().unwrap();
    for round in 0..=QUESTIONS_MAX {
        let name = name.clone();
        let asked = names.ask(OUTSIDER, |resolver, now, asks| resolver.resolve(now, name, asks));
        assert_eq!(asked.is_ok(), round < QUESTIONS_MAX);
    }
    names.world.settle();
    assert_eq!(names.world.hosts[&member(OUTSIDER)].answers.len(), QUESTIONS_MAX);
}

#[test]
fn an_answer_from_a_stranger_is_passed_over() {
    let mut names = Names::new(1, 1);
    names.change(OUTSIDER, bind("a", 1));
    let stranger = member(66);
    let fake = Directory::new(group(), stranger);
    names.world.add_host(stranger, Guest::Directory(fake));
    let answers = names.world.hosts[&member(OUTSIDER)].answers.len();
    let name = "a".parse().unwrap();
    names.ask(OUTSIDER, |resolver, now, asks| resolver.resolve(now, name, asks)).unwrap();
    // The question goes to the stranger as well, whose answer ("elsewhere") must not count.
    let command = bind("x", 1);
    let mut asks = Asks::new();
    let mut other = Resolver::new(group(), vec![stranger], 101);
    other.change(Instant::ZERO, command, &mut asks).unwrap();
    let Some(lwg::Down::Tell { message, .. }) = asks.take() else { panic!() };
    let up = Up::Told { lwg: group(), from: member(OUTSIDER), message };
    names.world.hear(stranger, &up);
    names.world.settle();
    assert_eq!(names.world.hosts[&member(OUTSIDER)].answers.len(), answers + 1);
    assert!(matches!(names.last(OUTSIDER), Resolved::Found { .. }));
}
