//! A path that carries less than it did is noticed, also while what is short still comes.

use std::time::Duration;

use muts::{Channel, Down, Up};

use crate::common::{Net, cast, casts, counted, proc};

/// Both open a channel anew again and again, and say so in short datagrams.
fn chat(net: &mut Net, time: Duration) {
    let end = net.now + time;
    while net.now < end {
        for node in 1..=2 {
            let peers = vec![proc(u64::from(3 - node), 1)];
            assert!(net.ask(node, Down::Open { channel: Channel(8), peers, credit: false }));
        }
        net.run(Duration::from_millis(3));
    }
}

#[test]
fn a_path_that_becomes_shorter_is_noticed_while_short_datagrams_come() {
    let mut net = Net::new(2, 5);
    (net.delay_us, net.longest) = (400, 9_000);
    net.run(Duration::from_secs(2));
    net.open(2);
    chat(&mut net, Duration::from_secs(1));
    let before = counted(&net, 1, "muts.datagrams_sent");
    for at in 0..10_u8 {
        assert!(net.ask(1, cast(vec![at; 60_000].into())));
    }
    chat(&mut net, Duration::from_secs(1));
    assert_eq!(casts(net.told(2), 1).len(), 10);
    let long = counted(&net, 1, "muts.datagrams_sent") - before;
    assert!(long < 500, "in {long}: they were long");
    net.longest = 1_300;
    // More than may be under way at a time: what is short goes by itself.
    for at in 0..60_u8 {
        assert!(net.ask(1, cast(vec![at; 60_000].into())));
    }
    chat(&mut net, Duration::from_secs(5));
    assert_eq!(casts(net.told(2), 1).len(), 70);
    assert!(!net.told(2).iter().any(|up| matches!(up, Up::Silent { .. })));
}
