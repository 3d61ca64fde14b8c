//! Superseded: two processes of one node at a time, and which of them is told so.
#![cfg(feature = "os")]

use std::sync::OnceLock;
use std::time::Duration;

use muts::keyed::{KeyFile, Keyed};
use muts::{Guard, Up};

use crate::common::{Net, counted, proc};

/// Where the older process is after another was started.
const OLD: u32 = 3;

fn keyed(node: u32) -> Option<Box<dyn Guard>> {
    static KEYS: OnceLock<[KeyFile; 2]> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let one = KeyFile::generate(None);
        let two = KeyFile::generate(Some(&one));
        [one, two]
    });
    Some(Box::new(Keyed::new(&keys[node as usize - 1])))
}

/// Two nodes that have met; the second has moved aside, and another process has its name and its
/// place.
fn twice(seed: u64, guards: fn(u32) -> Option<Box<dyn Guard>>) -> Net {
    let mut net = Net::guarded(2, seed, guards);
    net.run(Duration::from_secs(1));
    let old = net.ends.remove(&2).expect("it was there");
    net.start(2, 2, 2);
    net.ends.insert(OLD, old);
    net.told.insert(OLD, Vec::new());
    net
}

#[test]
fn a_process_whose_node_has_a_later_one_is_told_so_by_who_has_met_that_and_nobody_else_is() {
    for guards in [keyed, |_| None] {
        for seed in 0..5 {
            let mut net = twice(seed, guards);
            net.loss = 100_000;
            net.run(Duration::from_secs(10));
            assert_eq!(net.ends[&OLD].superseded(), Some(2), "seed {seed}");
            assert_eq!(counted(&net, OLD, "muts.superseded"), 1);
            assert_eq!([1, 2].map(|node| net.ends[&node].superseded()), [None, None]);
            let back = |up: &Up| matches!(up, Up::Back { .. } | Up::Lost { .. });
            assert!(!net.told(OLD).iter().any(back), "{:?}", net.told(OLD));
            let lost = |up: &Up| matches!(up, Up::Lost { peer } if *peer == proc(2, 2));
            assert!(!net.told(1).iter().any(lost), "the later one stays");
        }
    }
}

#[test]
fn a_process_that_calls_where_a_later_one_of_its_node_listens_is_told_so_by_that() {
    let mut net = Net::new(0, 7);
    for (place, incarnation) in [(1, 5), (2, 4)] {
        net.start(place, incarnation, 0);
    }
    // Both of one node, of which each takes the other for somebody whom it does not know.
    let config = |incarnation| muts::Config::new(proc(9, incarnation), incarnation);
    for (place, incarnation) in [(1, 5), (2, 4)] {
        net.ends.insert(place, muts::Transport::new(config(incarnation)));
        let address = muts::Address::Pipe(3 - place);
        assert!(net.ask(place, muts::Down::Meet { node: muts::NodeId::ANYBODY, address }));
    }
    net.run(Duration::from_secs(1));
    assert_eq!([1, 2].map(|place| net.ends[&place].superseded()), [None, Some(5)]);
    assert!([1, 2].iter().all(|place| net.told(*place).is_empty()), "nobody met anybody");
}

#[test]
fn who_has_said_farewell_and_calls_again_is_not_taken_for_an_earlier_process() {
    let mut net = Net::new(2, 3);
    net.run(Duration::from_secs(1));
    assert!(net.ask(2, muts::Down::Farewell));
    net.run(Duration::from_secs(5));
    assert_eq!(net.ends[&2].superseded(), None);
}
