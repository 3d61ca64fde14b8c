//! A chat: each line that is typed at one process comes out at all others.
//!
//! In three terminals, each time with another of the three in front, which is oneself:
//!
//!     cargo run -p muts --example chat -- ann=127.0.0.1:7001 bob=127.0.0.1:7002 cat=127.0.0.1:7003

use std::{error::Error, net::SocketAddr, sync::mpsc, thread};

use muts::os::{Driver, next_incarnation};
use muts::{Address, Audience, Channel, Config, Down, Layer, Message, NodeId, ProcId};
use muts::{Transport, Up};

fn main() -> Result<(), Box<dyn Error>> {
    let words = std::env::args_os().skip(1).map(|word| word.into_string());
    let words: Result<Vec<String>, _> = words.collect();
    let words = words.map_err(|word| format!("{} is not UTF-8", word.display()))?;
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
    let (mut peers, mut room): (Vec<ProcId>, Option<Channel>) = (Vec::new(), None);
    loop {
        driver.turn(&mut transport, None)?;
        while let Some(up) = transport.up() {
            match up {
                Up::Cast { message, .. } => println!("{}", String::from_utf8_lossy(message.body())),
                Up::Met { peer } => peers.push(peer),
                // It may start again, as another process.
                Up::Lost { peer } => {
                    peers.retain(|other| *other != peer);
                    room = None;
                }
                Up::Silent { peer, .. } => {
                    if let Some(channel) = room {
                        transport.down(driver.now(), Down::Omit { channel, peer }).expect("taken");
                    }
                }
                _ => {}
            }
            // Those who come later do not hear what was said before: a room opens with the last.
            if room.is_none() && peers.len() == others.len() {
                let (channel, peers) = (room_of(me, &peers), peers.clone());
                let open = Down::Open { channel, peers, credit: false };
                transport.down(driver.now(), open).expect("never full");
                room = Some(channel);
            }
        }
        while let Some(channel) = room
            && let Ok(line) = lines.try_recv()
        {
            let message = Message::new(format!("{name}: {line}"));
            let cast = Down::Cast { channel, to: Audience::ALL, message };
            transport.down(driver.now(), cast).expect("less is typed than a window holds");
        }
    }
}

/// The same number at all that are in it: who is there again is in another room.
fn room_of(me: ProcId, peers: &[ProcId]) -> Channel {
    let mut all = [&[me], peers].concat();
    all.sort_unstable();
    Channel(NodeId::of_name(&format!("{all:?}")).0)
}
