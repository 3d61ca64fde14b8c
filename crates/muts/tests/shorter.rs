//! A path that carries less than it did is noticed, also while what is short still comes.

use std::time::Duration;

use bytes::Bytes;
use muts::{Channel, Down, Up};

use crate::common::{Net, cast, casts, counted};

/// Both say something short again and again.
fn chat(net: &mut Net, time: Duration) {
    let end = net.now + time;
    let mut said = 0_u64;
    while net.now < end {
        said += 1;
        for node in 1..=2 {
            let bytes = Bytes::copy_from_slice(&said.to_le_bytes());
            let within = Duration::from_millis(1);
            assert!(net.ask(node, Down::Note { channel: Channel(9), bytes, within }));
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
