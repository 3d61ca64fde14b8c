//! Three processes chat on loopback, here in one program: each says a word, and hears the others'.
//!
//! `cargo run -p muts --example chat`

use std::time::Duration;

use muts::os::Driver;
use muts::{
    Address, Audience, Channel, Config, Down, Layer, Message, NodeId, ProcId, Transport, Up,
};

const ROOM: Channel = Channel(1);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let procs = ["ann", "bob", "cat"]
        .map(|name| (name, ProcId { node: NodeId::of_name(name), incarnation: 1 }));
    let mut ends = Vec::new();
    for (name, me) in procs {
        let driver = Driver::open("127.0.0.1:0".parse()?)?;
        ends.push((name, me, driver, Transport::new(Config::new(me, me.node.0))));
    }
    let addresses: Vec<_> =
        ends.iter().map(|end| end.2.local_address()).collect::<Result<_, _>>()?;
    for (name, me, driver, transport) in &mut ends {
        let now = driver.now();
        for ((_, other), address) in procs.iter().zip(&addresses).filter(|((_, o), _)| o != me) {
            let meet = Down::Meet { node: other.node, address: Address::Net(*address) };
            transport.down(now, meet).expect("never full");
        }
        let peers = procs.iter().map(|(_, proc)| *proc).filter(|proc| proc != me).collect();
        transport
            .down(now, Down::Open { channel: ROOM, peers, credit: false })
            .expect("never full");
        let message = Message::new(format!("{name} says hello"));
        transport
            .down(now, Down::Cast { channel: ROOM, to: Audience::ALL, message })
            .expect("an empty window");
    }
    let mut heard = 0;
    while heard < 6 {
        for (name, _, driver, transport) in &mut ends {
            driver.turn(transport, Some(Duration::from_millis(1)))?;
            while let Some(up) = transport.up() {
                if let Up::Cast { message, .. } = up {
                    println!("{name} hears: {}", String::from_utf8_lossy(message.body()));
                    heard += 1;
                }
            }
        }
    }
    Ok(())
}
