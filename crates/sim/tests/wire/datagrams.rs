//! Datagrams: a greeting between two processes without keys, as it goes over the network.

use std::collections::BTreeMap;

use bytes::Bytes;
use muts::{Address, Config, Down, Duration, Instant, Layer, NodeId, Packet, ProcId, Transport};

use super::examples::{self, Example};

/// The first byte of each kind, and what the examples call it.
const KINDS: [(u8, &str); 5] = [
    (0x20, "datagram hello"),
    (0x21, "datagram data"),
    (0x22, "datagram answer"),
    (0x23, "datagram thanks"),
    (0x24, "datagram cookie"),
];

/// Calls of strangers until they have to show a cookie.
const CALLS: u32 = 300;

/// Whether an example is one of these.
pub(super) fn is_one(example: &Example) -> bool {
    example.decoder.starts_with("datagram ")
}

fn end(node: u64) -> Transport {
    Transport::new(Config::new(ProcId { node: NodeId(node), incarnation: 1 }, node))
}

/// The first datagram of each kind.
fn said() -> BTreeMap<u8, Bytes> {
    let (mut a, mut b, mut said) = (end(0x0a), end(0x0b), BTreeMap::new());
    let mut now = Instant::ZERO;
    let meet = Down::Meet { node: NodeId(0x0b), address: Address::Pipe(2) };
    a.down(now, meet).expect("never full");
    for _ in 0..20 {
        a.wake(now);
        b.wake(now);
        loop {
            if let Some(to_b) = a.transmit(now) {
                let bytes = to_b.gather();
                said.entry(bytes[0]).or_insert(bytes.clone());
                b.receive(now, Packet { from: Address::Pipe(1), bytes });
            } else if let Some(to_a) = b.transmit(now) {
                let bytes = to_a.gather();
                said.entry(bytes[0]).or_insert(bytes.clone());
                a.receive(now, Packet { from: Address::Pipe(2), bytes });
            } else {
                break;
            }
        }
        now += Duration::from_millis(10);
    }
    for _ in 0..CALLS {
        let bytes = Bytes::from([&[0x20, 7, 0, 0, 0][..], &[0; 40]].concat());
        b.receive(now, Packet { from: Address::Pipe(3), bytes });
    }
    while let Some(more) = b.transmit(now) {
        let bytes = more.gather();
        said.entry(bytes[0]).or_insert(bytes);
    }
    said
}

#[test]
fn every_kind_of_datagram_begins_as_its_example_says() {
    let (said, examples) = (said(), examples::read());
    for (kind, name) in KINDS {
        let bytes = said.get(&kind).unwrap_or_else(|| panic!("no {name} was said"));
        let example = examples.iter().find(|example| example.decoder == name);
        let example =
            example.unwrap_or_else(|| panic!("no example of a {name}: {:02x?}", &bytes[..]));
        // What frames stand in a datagram is nobody's promise.
        let bytes = &bytes[..bytes.len().min(example.bytes.len())];
        assert_eq!(format!("{bytes:02x?}"), format!("{:02x?}", example.bytes), "{name}");
    }
    assert_eq!(said.len(), KINDS.len(), "kinds of datagrams: {:02x?}", said.keys());
}
