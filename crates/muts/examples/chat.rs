//! A chat: each line that is typed at one process comes out at all others.
//!
//! In three terminals, each time with another of the three in front, which is oneself:
//!
//!     cargo run -p muts --example chat -- ann=127.0.0.1:7001 bob=127.0.0.1:7002 cat=127.0.0.1:7003

use std::{error::Error, net::SocketAddr, sync::mpsc, thread};

use muts::os::{Driver, next_incarnation};
use muts::{Address, Audience, Channel, Config, Down, Layer, Message, NodeId, ProcId};
use muts::{Transport, Up};

const ROOM: Channel = Channel(1);

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let person = |word: &String| {
        Some((word.split_once('=')?.0.to_owned(), word.split_once('=')?.1.parse().ok()?))
    };
    let people: Option<Vec<(String, SocketAddr)>> = words.iter().map(person).collect();
    let people =
        people.filter(|people| !people.is_empty()).ok_or("chat NAME=ADDRESS ..., oneself first")?;
    let ((name, listen), others) = (people[0].clone(), &people[1..]);
    let me = ProcId { node: NodeId::of_name(&name), incarnation: next_incarnation(None, &name)? };
    let (mut driver, mut transport) = (Driver::open(listen)?, Transport::new(Config::new(me, 1)));
    for (other, address) in others {
        let (node, address) = (NodeId::of_name(other), Address::Net(*address));
        transport.down(driver.now(), Down::Meet { node, address }).expect("never full");
    }
    let ((typed, lines), bell) = (mpsc::channel(), driver.bell());
    thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let _ = typed.send(line);
            bell.ring();
        }
        std::process::exit(0);
    });
    let mut peers: Vec<ProcId> = Vec::new();
    loop {
        driver.turn(&mut transport, None)?;
        while let Some(up) = transport.up() {
            let ask = match up {
                Up::Cast { message, .. } => {
                    println!("{}", String::from_utf8_lossy(message.body()));
                    continue;
                }
                Up::Met { peer } => {
                    peers.push(peer);
                    Down::Open { channel: ROOM, peers: peers.clone(), credit: false }
                }
                Up::Silent { peer, .. } | Up::Lost { peer } => Down::Omit { channel: ROOM, peer },
                _ => continue,
            };
            // Those who come later do not hear what was said before: the room opens with the last.
            if !matches!(ask, Down::Open { .. }) || peers.len() == others.len() {
                transport.down(driver.now(), ask).expect("never full");
            }
        }
        while peers.len() >= others.len()
            && let Ok(line) = lines.try_recv()
        {
            let message = Message::new(format!("{name}: {line}"));
            let cast = Down::Cast { channel: ROOM, to: Audience::ALL, message };
            transport.down(driver.now(), cast).expect("less is typed than a window holds");
        }
    }
}
