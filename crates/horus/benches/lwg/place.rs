//! Place: how long it takes to find a core group for a light-weight group, among very many.

use std::hint::black_box;

use lwg::{CoreSet, Endpoint, GroupId, Policy, Smallest};
use muts::Random;

use crate::common::alternate::percentile;
use crate::common::clock::now_ns;
use crate::common::figure::{Figure, Goal};
use crate::common::options::Options;
use crate::member::proc;

/// Processes besides this one: of any two of them about seven core groups hold both.
const OTHERS: u64 = 300;

/// Searches timed.
const SEARCHES: usize = 20_000;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    if options.wants("lwg.place") {
        [1_000, 100_000].into_iter().for_each(|cores| place(options, cores));
    }
}

/// This process and some others, each once, in ascending order.
fn some(random: &mut Random, others: usize) -> Vec<Endpoint> {
    let mut members = vec![Endpoint::of(proc(0))];
    while members.len() <= others {
        let other = Endpoint::of(proc(1 + random.below(OTHERS) as usize));
        if !members.contains(&other) {
            members.push(other);
        }
    }
    members.sort_unstable();
    members
}

fn place(options: &Options, cores: u128) {
    let (mut random, mut set) = (Random::new(3), CoreSet::default());
    for group in 0..cores {
        set.set(GroupId(group), &some(&mut random, 3));
    }
    let policy = Smallest::default();
    let taken: Vec<f64> = (0..SEARCHES)
        .map(|_| {
            let wanted = some(&mut random, 2);
            let since = now_ns();
            black_box(policy.place(black_box(&wanted), &set));
            (now_ns() - since) as f64 / 1e3
        })
        .collect();
    for at in [50, 99] {
        Figure::alone("lwg.place", "us", percentile(taken.iter().copied(), at), SEARCHES)
            .with("core_groups", cores as u64)
            .with("percentile", at as u64)
            .goal(Goal::AtMost(20.0))
            .tell(options);
    }
}
