//! Replica: everything that can go wrong with a group, at once, from a seed.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::Host;
use common::journal::{Journal, Journals};
use lwg::{Endpoint, Up, ViewId};
use tools::{Answer, Counts, Digest, Replica};

/// Who moved from one view to the next together, and the state they agreed on there.
type Agreed = BTreeMap<(ViewId, ViewId), Vec<(Endpoint, Option<Digest>)>>;

struct Storm {
    world: Journals,
    node: u64,
    entry: u64,
    ballast: usize,
    /// Views change more often than a state takes to come.
    restless: bool,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let weight = match seed % 8 {
            0 | 4 => 150_000,
            2 => 600_000,
            _ => 0,
        };
        // Every other one is frozen, and written in several turns.
        let ballast = weight + 3 * (seed / 8 % 2) as usize;
        let (world, members) = Journals::founded(seed, 1 + seed % 4, ballast);
        Self { world, node: members.len() as u64, entry: 0, ballast, restless: seed % 8 == 2 }
    }

    fn pick(&mut self, from: &[Endpoint]) -> Endpoint {
        from[self.world.random.below(from.len() as u64) as usize]
    }

    fn side(&mut self) -> Vec<Endpoint> {
        let sides = self.world.sides();
        sides[self.world.random.below(sides.len() as u64) as usize].clone()
    }

    fn propose(&mut self) {
        let side = self.side();
        let who = self.pick(&side);
        self.entry += 1;
        let replies = self.world.random.below(2) == 0;
        self.world.propose(who, self.entry, 0, replies);
    }

    fn join(&mut self) {
        let mut side = self.side();
        for _ in 0..=self.world.random.below(2) {
            self.node += 1;
            side.push(self.world.replica(self.node, self.ballast));
        }
        self.world.regroup(&side);
    }

    fn crash(&mut self) {
        let all: Vec<Endpoint> = self.world.hosts.keys().copied().collect();
        if all.len() > 1 {
            let who = self.pick(&all);
            self.world.crash(who);
        }
    }

    /// A side notices who is gone.
    fn notice(&mut self) {
        let side = self.side();
        if self.world.has_ghosts(&side) {
            self.world.regroup(&side);
        }
    }

    fn part(&mut self) {
        let side = self.side();
        let random = &mut self.world.random;
        let (one, other): (Vec<_>, Vec<_>) = side.into_iter().partition(|_| random.below(2) == 0);
        if !one.is_empty() && !other.is_empty() {
            self.world.regroup(&one);
            self.world.regroup(&other);
        }
    }

    fn merge(&mut self) {
        let (mut one, other) = (self.side(), self.side());
        if one != other {
            one.extend(other);
            self.world.regroup(&one);
        }
    }

    /// A view as the one before, or one in which somebody is missing who comes back soon.
    fn unrest(&mut self) {
        let mut side = self.side();
        if side.len() > 2 && self.world.random.below(2) == 0 {
            let gone = self.world.random.below(side.len() as u64) as usize;
            let gone = side.remove(gone);
            self.world.regroup(&[gone]);
        }
        self.world.regroup(&side);
    }

    /// Time enough between views for some of a state to come, and for all of it never.
    fn be_restless(&mut self, turns: u32) {
        for _ in 0..turns {
            match self.world.random.below(1_000) {
                0..2 => self.join(),
                2..3 => self.crash(),
                3..4 => self.notice(),
                4..5 => self.part(),
                5..8 => self.merge(),
                8..16 => self.unrest(),
                16..60 => self.propose(),
                60..90 => self.world.wake(),
                _ => _ = self.world.step(),
            }
        }
    }

    fn rage(&mut self, turns: u32) {
        for _ in 0..turns {
            match self.world.random.below(100) {
                0..2 => self.join(),
                2..4 => self.crash(),
                4..7 => self.notice(),
                7..9 => self.part(),
                9..12 => self.merge(),
                12..25 => self.propose(),
                25..27 => self.world.wake(),
                27..28 => self.world.remove(),
                _ => _ = self.world.step(),
            }
        }
    }

    fn calm(&mut self) -> Vec<Endpoint> {
        let all: Vec<Endpoint> = self.world.sides().into_iter().flatten().collect();
        self.world.regroup(&all);
        self.world.settle();
        let lost = |host: &Host<Replica<Journal>>| {
            let Some(last) =
                host.answers.iter().rev().find(|answer| !matches!(answer, Answer::Applied { .. }))
            else {
                return false;
            };
            matches!(last, Answer::Lost { .. })
        };
        if self.world.hosts.values().all(lost) {
            let who = all[0];
            let host = self.world.hosts.get_mut(&who).unwrap();
            host.tool.revive(&mut host.asks);
            self.world.pump(who);
            self.world.settle();
        }
        all
    }
}

thread_local! {
    static AGREED: std::cell::RefCell<Agreed> = std::cell::RefCell::default();
}

fn watch(host: &mut Host<Replica<Journal>>, up: &Up) {
    let Up::View(view) = up else { return };
    let heard = core::mem::take(&mut host.heard);
    let Some(previous) = view.previous else { return };
    let digest = host.tool.view_digest();
    let who = host.tool.endpoint();
    let lost = |answer: &Answer<usize>| *answer == Answer::Lost { view: previous };
    if let Some(state) = host.tool.state() {
        let missed = heard.iter().find(|send| !state.entries.contains(&send.0));
        assert!(missed.is_none() || host.answers.iter().any(lost), "{who:?} lacks {missed:?}");
    }
    AGREED.with_borrow_mut(|agreed| {
        agreed.entry((previous, view.id)).or_default().push((who, digest));
    });
}

/// Only newcomers that never had a state find that there is none.
fn check_lost(world: &Journals) {
    for (who, host) in &world.hosts {
        let lost = host.answers.iter().position(|answer| matches!(answer, Answer::Lost { .. }));
        let Some(lost) = lost else { continue };
        let had = |answer: &Answer<usize>| {
            matches!(answer, Answer::Applied { .. } | Answer::Ready { .. })
        };
        let founder = host.views.first().is_none_or(|view| view.id.counter == 1);
        assert!(!founder && !host.answers[..lost].iter().any(had), "{who:?}: {:?}", host.answers);
    }
}

/// Tells how many states were compared.
fn check_agreed(seed: u64) -> usize {
    let mut compared = 0;
    for ((old, new), digests) in AGREED.take() {
        let there: Vec<_> = digests.iter().filter_map(|(_, digest)| *digest).collect();
        let equal = there.windows(2).all(|pair| pair[0] == pair[1]);
        assert!(equal, "seed {seed}, {old:?} to {new:?}: {digests:?}");
        compared += there.len().saturating_sub(1);
    }
    compared
}

#[test]
fn whatever_happens_all_are_equal_in_the_end_and_at_every_view() {
    let seeds = std::env::var("SEED").ok().map_or(0..600, |seed| {
        let seed: u64 = seed.parse().unwrap();
        seed..seed + 1
    });
    let one = seeds.end == seeds.start + 1;
    let (mut compared, mut transfers, mut entries) = (0, 0, 0);
    let mut counts = Counts::default();
    for seed in seeds {
        let mut storm = Storm::new(seed);
        storm.world.watch = watch;
        if storm.restless {
            storm.be_restless(2_000);
        } else {
            storm.rage(600);
        }
        eprintln!("SEED={seed}");
        let all = storm.calm();
        storm.world.check_equal(&all);
        storm.world.check_replies();
        check_lost(&storm.world);
        compared += check_agreed(seed);
        transfers += all.iter().map(|who| storm.world.donors(*who).len()).sum::<usize>();
        entries += storm.world.entries(all[0]).len();
        all.iter().for_each(|who| counts += storm.world.hosts[who].tool.counts());
    }
    // A storm in which nothing happens would prove nothing.
    eprintln!("{compared} states compared, {transfers} transfers, {entries} entries at the end");
    eprintln!("{counts:?}");
    assert!(one || (compared > 500 && transfers > 2000 && entries > 5000));
    assert!(one || (counts.went_on > 100 && counts.taken_over > 10 && counts.refused == 0));
}
