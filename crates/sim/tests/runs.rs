//! Runs: that a run of groups is what `docs/testing.md` says of one.

use muts::Duration;
use sim::{Family, Mode, Trace, is_fault, run};

const SEEDS: u64 = 8;

#[test]
fn a_run_of_groups_has_two_minutes_a_hundred_messages_a_second_and_twenty_faults() {
    let mut sent = 0;
    for seed in 1..=SEEDS {
        let report = run(Family::Core, Mode::Safety, seed, Family::Core.lengths(), &Trace::off());
        assert_eq!(report.violations, Vec::<String>::new(), "seed {seed}");
        assert!(report.simulated >= Duration::from_secs(120), "seed {seed}");
        let faults: Vec<_> = report.counts.iter().filter(|(kind, _)| is_fault(kind)).collect();
        let count: u64 = faults.iter().map(|(_, count)| **count).sum();
        // Loss, copies and delays are besides: they are what weather is made of.
        assert!(count >= 20 && faults.len() >= 4, "seed {seed}: {faults:?}");
        sent += report.sent;
    }
    let a_second = sent / SEEDS / Family::Core.lengths().storm.as_secs();
    assert!((50..150).contains(&a_second), "{a_second} messages a second");
}
