//! Runs: that a run of groups is what `docs/testing.md` says of one.

use std::collections::BTreeSet;

use muts::Duration;
use sim::{Family, Mode, Trace, fault_kinds, faults, run};

const SEEDS: u64 = 8;

#[test]
fn a_run_of_groups_has_two_minutes_a_hundred_messages_a_second_and_twenty_faults_of_six_kinds() {
    let (mut sent, mut seen) = (0, BTreeSet::new());
    for seed in 1..=SEEDS {
        let report = run(Family::Core, Mode::Safety, seed, Family::Core.lengths(), &Trace::off());
        assert_eq!(report.violations, Vec::<String>::new(), "seed {seed}");
        assert!(report.simulated >= Duration::from_secs(120), "seed {seed}");
        let kinds = fault_kinds(&report.counts);
        // Loss, copies and delays are besides: they are what weather is made of.
        assert!(faults(&report.counts) >= 20 && kinds.len() >= 6, "seed {seed}: {kinds:?}");
        seen.extend(kinds);
        sent += report.sent;
    }
    assert_eq!(seen.len(), 12, "{seen:?}");
    let a_second = sent / SEEDS / Family::Core.lengths().storm.as_secs();
    assert!((50..150).contains(&a_second), "{a_second} messages a second");
}
