//! House: a daemon, as `horusd` turns it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use muts::os::{Doors, Driver};
use muts::{Address, Counted as _, Layer as _, NodeId, ProcId, Transport};
use vsync::gate::{Config, News, Server, Word};

use super::socket;
use crate::common::words::Words;
use crate::common::{clock, crew};

/// Streams that it lets in: more than there are clients.
const STREAMS_MAX: usize = 64;

const PATIENCE: Duration = Duration::from_millis(250);

/// Lives until its lines end.
pub(crate) fn run(role: &Words) {
    let rank: usize = role.get("rank");
    // Each is a host of its own.
    let host = Ipv4Addr::new(127, 0, 0, rank as u8 + 2);
    let driver = Driver::open(SocketAddr::from((host, 0))).expect("a free port");
    let (bell, at) = (driver.bell(), driver.local_address().expect("it listens"));
    let lines = crew::lines(move || bell.ring());
    let path = socket(role, rank);
    let mut doors = Doors::open(driver, &path, 0o600, None, STREAMS_MAX).expect("a socket");
    crew::tell(&Words::new("listens").with("at", at));
    let proc = |rank: usize| ProcId { node: NodeId(rank as u64 + 1), incarnation: 1 };
    let transport = Transport::new(muts::Config::new(proc(rank), rank as u64 + 7));
    let mut server = Server::new(transport, Config::new(proc(rank), rank as u64 + 70));
    let mut met = false;
    loop {
        while let Ok(words) = lines.try_recv() {
            match words.verb.as_str() {
                "meet" => {
                    for (other, at) in words.all("at").enumerate().filter(|it| it.0 != rank) {
                        let address = Address::Net(at.parse().expect("an address"));
                        let node = proc(other).node;
                        let now = doors.driver().now();
                        server.down(now, Word::Meet { node, address }).expect("never full");
                    }
                }
                "bind" => {
                    crew::bind(rank, &words);
                    crew::tell(&Words::new("bind"));
                }
                "count" => {
                    let mut told = Words::new("count").with("cpu", clock::cpu_ns());
                    server.count(&mut |name, value| {
                        if name.starts_with("muts.") {
                            told = told.clone().with(name, value);
                        }
                    });
                    crew::tell(&told);
                }
                other => panic!("nobody knows `{other}`"),
            }
        }
        doors.turn(&mut server, Some(PATIENCE)).expect("waiting works");
        while let Some(news) = server.up() {
            if let News::Parted { pipe, last, .. } = news {
                doors.close(pipe, last);
            }
        }
        if !met && server.neighbours().next().is_some() {
            met = true;
            crew::tell(&Words::new("met"));
        }
    }
}
