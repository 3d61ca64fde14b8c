//! Anybody: who is met by an address alone, and what that costs.

use std::time::Duration;

use muts::{Address, Down, NodeId, Up};

use crate::common::{Net, counted, proc};

/// What a process says again and again of addresses that it found.
fn seek(net: &mut Net, node: u32, addresses: &[u32], time: Duration) {
    for _ in 0..time.as_millis() / 100 {
        for address in addresses {
            let (node_id, address) = (NodeId::ANYBODY, Address::Pipe(*address));
            assert!(net.ask(node, Down::Meet { node: node_id, address }));
        }
        net.run(Duration::from_millis(100));
    }
}

#[test]
fn who_listens_at_an_address_is_met_and_then_not_called_any_more() {
    let mut net = Net::new(0, 1);
    net.start(1, 1, 0);
    net.start(2, 1, 0);
    seek(&mut net, 1, &[1, 2, 3], Duration::from_secs(5));
    for (node, other) in [(1, 2), (2, 1)] {
        let met = |up: &Up| matches!(up, Up::Met { peer } if *peer == proc(other, 1));
        assert_eq!(net.told(node).iter().filter(|up| met(up)).count(), 1);
    }
    // Nobody is at 3 yet, and at 1 is the caller itself.
    let before = counted(&net, 1, "muts.hellos_sent");
    assert!(before < 12, "{before} calls");
    seek(&mut net, 1, &[2], Duration::from_secs(10));
    assert_eq!(counted(&net, 1, "muts.hellos_sent"), before, "a link stands");
    net.start(3, 1, 0);
    seek(&mut net, 1, &[1, 2, 3], Duration::from_secs(4));
    assert!(net.told(3).iter().any(|up| matches!(up, Up::Met { .. })), "who comes later is met");
}
