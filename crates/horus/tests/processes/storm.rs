//! Storm: faults at times that a seed says, over whatever the load does meanwhile.

use std::time::{Duration, Instant};

use serde_json::json;

use super::choice::Choice;
use super::ending::Ruin;
use super::load::Load;
use super::town::{GROUP, Town};

/// One fault; what begins with it and has an end has that end in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blow {
    /// SIGKILL; it starts again after so long, if at all.
    Kill(Victim, Option<u64>),
    /// SIGKILL for two at once.
    KillTwo(Victim, Victim),
    /// SIGKILL for all at once; they start again at once.
    KillAll,
    /// SIGKILL and a start at once, again and again.
    Bounce(usize, usize),
    /// It is told to quit, or asked to by SIGTERM; it starts again after so long.
    Quit(usize, bool, u64),
    /// SIGSTOP for so long.
    Stop(Victim, u64),
    /// SIGSTOP for all, for so long.
    StopAll(u64),
    /// These apart from the others for so long.
    Part(Vec<usize>, u64),
    /// The second does not hear the first for so long.
    OneWay(usize, usize, u64),
    /// This one hears nobody (true) or reaches nobody for so long.
    Deaf(usize, bool, u64),
    /// SIGKILL, a few milliseconds after it was asked to make a group or to join one.
    KillAtWork(usize, u64),
}

/// Kinds of blows that are drawn.
const KINDS: usize = 10;

/// Who is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    /// This node.
    Node(usize),
    /// Whoever has the first rank in the group then.
    Coordinator,
}

/// What is due later.
#[derive(Debug, PartialEq, Eq)]
enum Later {
    Start(usize),
    GoOn(usize),
    Heal,
    Kill(usize),
}

/// A plan: what happens how many milliseconds after the start.
#[derive(Debug)]
pub(crate) struct Storm {
    /// How many nodes there are.
    pub(crate) nodes: usize,
    /// In the order of their times.
    pub(crate) blows: Vec<(u64, Blow)>,
    /// Milliseconds between two asks of the load, at most.
    gap_max_ms: usize,
    length_ms: u64,
    /// Who is whole at the end.
    pub(crate) whole: Vec<usize>,
    /// How the others are broken then.
    pub(crate) ruin: Ruin,
}

impl Storm {
    /// The storm of this seed.
    pub(crate) fn drawn(seed: u64) -> Self {
        let mut choice = Choice::new(seed, 2);
        let nodes = choice.between(3, 5);
        let length_ms = 1_000 * choice.between(5, 9) as u64;
        let gap_max_ms = choice.pick(&[20, 60, 200]).expect("three");
        // Every kind has storms without it, and storms in which it is most of what happens.
        let weights: Vec<usize> =
            (0..KINDS).map(|_| choice.pick(&[0, 1, 1, 3]).expect("four")).collect();
        let rest_max_ms = choice.pick(&[300, 1_500, 3_000]).expect("three");
        let (mut at_ms, mut blows) = (500, Vec::new());
        while at_ms < length_ms {
            if let Some(blow) = draw(&mut choice, nodes, &weights) {
                blows.push((at_ms, blow));
            }
            at_ms += choice.between(20, rest_max_ms) as u64;
        }
        let all: Vec<usize> = (0..nodes).collect();
        let whole = if choice.chance(60) { all } else { choice.some(&all, 1) };
        let ruins = [Ruin::Dead, Ruin::Stopped, Ruin::Apart, Ruin::Deaf, Ruin::Mute];
        let ruin = choice.pick(&ruins).expect("five");
        Self { nodes, blows, gap_max_ms, length_ms, whole, ruin }
    }

    /// Rages over a town.
    pub(crate) fn rage(&self, town: &mut Town, seed: u64) {
        let mut load = Load::new(seed);
        let mut pace = Choice::new(seed, 3);
        let began = Instant::now();
        let mut blows = self.blows.iter();
        let mut next_blow = blows.next();
        let mut later: Vec<(Instant, Later)> = Vec::new();
        let end = began + Duration::from_millis(self.length_ms);
        while Instant::now() < end {
            let gap = Duration::from_millis(pace.between(1, self.gap_max_ms) as u64);
            town.pass(gap);
            load.act(town);
            let now = Instant::now();
            while let Some(at) = later.iter().position(|(due, _)| *due <= now) {
                carry_out(town, later.remove(at).1);
            }
            if let Some((at_ms, blow)) = next_blow
                && began.elapsed() >= Duration::from_millis(*at_ms)
            {
                town.note(&format!("BLOW {blow:?}"));
                strike(town, blow, &mut load, &mut later);
                next_blow = blows.next();
            }
        }
    }
}

fn draw(choice: &mut Choice, nodes: usize, weights: &[usize]) -> Option<Blow> {
    let mut drawn = choice.below(weights.iter().sum());
    let kind = weights.iter().position(|weight| {
        let here = drawn < *weight;
        drawn = drawn.saturating_sub(*weight);
        here
    })?;
    let length_ms = choice.pick(&[200, 600, 1_300, 2_000, 3_500]).expect("five");
    Some(match kind {
        0 => {
            let back_ms = choice.pick(&[None, Some(0), Some(0), Some(300), Some(2_000)]);
            Blow::Kill(victim(choice, nodes), back_ms.expect("five"))
        }
        // All at once is not struck so often: it ends what the blows before it began.
        1 if choice.chance(15) => Blow::KillAll,
        1 => Blow::KillTwo(victim(choice, nodes), victim(choice, nodes)),
        2 => {
            let stopped_ms = choice.pick(&[300, 500, 900, 1_200, 2_000, 3_000, 6_000]);
            Blow::Stop(victim(choice, nodes), stopped_ms.expect("seven"))
        }
        3 => {
            let all: Vec<usize> = (0..nodes).collect();
            Blow::Part(choice.some(&all, 1), length_ms)
        }
        4 => Blow::OneWay(choice.below(nodes), choice.below(nodes), length_ms),
        5 => Blow::Deaf(choice.below(nodes), choice.chance(50), length_ms),
        6 => Blow::KillAtWork(choice.below(nodes), choice.below(30) as u64),
        7 => Blow::Bounce(choice.below(nodes), choice.between(2, 5)),
        8 => Blow::Quit(choice.below(nodes), choice.chance(50), length_ms),
        _ => Blow::StopAll(length_ms),
    })
}

fn victim(choice: &mut Choice, nodes: usize) -> Victim {
    if choice.chance(40) { Victim::Coordinator } else { Victim::Node(choice.below(nodes)) }
}

fn find(town: &Town, victim: Victim) -> Option<usize> {
    let node = match victim {
        Victim::Node(node) => node,
        Victim::Coordinator => {
            let mut views = town.awake().into_iter();
            let view = views.find_map(|node| town.sights[node].cores.get(GROUP))?;
            let first = view.members.first()?;
            (0..town.nodes.len()).find(|node| town.sights[*node].process == *first)?
        }
    };
    town.nodes[node].is_some().then_some(node)
}

fn carry_out(town: &mut Town, later: Later) {
    match later {
        Later::Start(node) if town.nodes[node].is_none() => town.start(node),
        Later::GoOn(node) => town.go_on(node),
        Later::Heal => town.heal(),
        Later::Kill(node) => town.kill(node),
        Later::Start(_) => {}
    }
}

/// Strikes processes, or links.
fn strike(town: &mut Town, blow: &Blow, load: &mut Load, later: &mut Vec<(Instant, Later)>) {
    let after = |ms: u64| Instant::now() + Duration::from_millis(ms);
    match blow {
        Blow::Kill(victim, back_ms) => {
            let Some(node) = find(town, *victim) else { return };
            town.kill(node);
            match back_ms {
                Some(0) => town.start(node),
                Some(ms) => later.push((after(*ms), Later::Start(node))),
                None => {}
            }
        }
        Blow::KillTwo(one, other) => {
            for victim in [one, other] {
                if let Some(node) = find(town, *victim) {
                    town.kill(node);
                    later.push((after(1_500), Later::Start(node)));
                }
            }
        }
        Blow::KillAll => {
            let all = town.up();
            all.iter().for_each(|node| town.kill(*node));
            all.iter().for_each(|node| town.start(*node));
        }
        Blow::Bounce(node, times) => {
            for _ in 0..*times {
                town.kill(*node);
                town.start(*node);
                town.say(*node, &json!({ "do": "join", "group": GROUP }));
                town.pass(Duration::from_millis(50));
            }
        }
        Blow::Quit(node, by_signal, ms) => {
            // Before it has said a word it may not be there yet to take a signal.
            let listens = !town.sights[*node].process.is_empty();
            match &mut town.nodes[*node] {
                Some(running) if *by_signal && listens => running.signal("TERM"),
                _ => town.say(*node, &json!({ "do": "quit" })),
            }
            town.quits.insert(*node);
            later.push((after(*ms), Later::Start(*node)));
        }
        Blow::StopAll(ms) => {
            for node in town.awake() {
                town.stop(node);
                later.push((after(*ms), Later::GoOn(node)));
            }
        }
        Blow::Stop(victim, ms) => {
            let Some(node) = find(town, *victim) else { return };
            town.stop(node);
            later.push((after(*ms), Later::GoOn(node)));
        }
        Blow::KillAtWork(node, ms) => {
            if town.nodes[*node].is_some() {
                load.work(town, *node);
                later.push((after(*ms), Later::Kill(*node)));
                later.push((after(*ms + 1_000), Later::Start(*node)));
            }
        }
        blow => cut(town, blow, later),
    }
}

/// Strikes links.
fn cut(town: &mut Town, blow: &Blow, later: &mut Vec<(Instant, Later)>) {
    let after = |ms: u64| Instant::now() + Duration::from_millis(ms);
    match blow {
        Blow::Part(side, ms) => {
            let others: Vec<usize> = (0..town.nodes.len()).filter(|n| !side.contains(n)).collect();
            for node in town.up() {
                let far = if side.contains(&node) { &others[..] } else { &side[..] };
                town.cut(node, far, &[], &[]);
            }
            later.push((after(*ms), Later::Heal));
        }
        Blow::OneWay(from, to, ms) if from != to => {
            town.cut(*to, &[], &[*from], &[]);
            later.push((after(*ms), Later::Heal));
        }
        Blow::Deaf(node, deaf, ms) => {
            let others: Vec<usize> = (0..town.nodes.len()).filter(|other| other != node).collect();
            let (from, to) = if *deaf { (&others[..], &[][..]) } else { (&[][..], &others[..]) };
            town.cut(*node, &[], from, to);
            later.push((after(*ms), Later::Heal));
        }
        _ => {}
    }
}
