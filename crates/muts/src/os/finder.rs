//! Finder: where others may listen: what is looked up, who is beside on this host, who is heard.
//!
//! It tells addresses and knows nobody: who listens there is found out by greeting it
//! ([`NodeId::ANYBODY`](crate::NodeId::ANYBODY)), and with keys nobody but a friend comes of it. An
//! address is told again as long as there is something that speaks for it.

mod beacon;
mod beside;
mod service;

use std::collections::BTreeSet;
use std::format;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::string::String;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, Thread};
use std::time::{Duration, Instant};
use std::vec::Vec;

use self::beacon::Beacons;
use self::beside::Beside;
use crate::limits::{FIND_EVERY, FOUND_MAX, LOOK_UP_MAX};
use crate::process::NodeId;

/// What there is to find others by. The default finds nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clues {
    /// The word of the system that this process is a part of: on this host and in the network it
    /// finds only those of the same word.
    pub system: String,
    /// Hosts with ports, `host:7100`: all addresses of a host count (A and AAAA records).
    pub seeds: Vec<String>,
    /// Names of services, `_horusd._udp.example.org`, whose SRV records (RFC 2782) list hosts and
    /// ports.
    pub services: Vec<String>,
    /// Who is asked for those; nobody: the name servers of the system.
    pub name_servers: Vec<SocketAddr>,
    /// A directory where processes of this host say where they listen.
    pub beside: Option<PathBuf>,
    /// An IP multicast group and a port where processes say where they listen.
    pub beacon: Option<SocketAddr>,
}

impl Clues {
    /// Whether anybody can be found by them.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.seeds.is_empty()
            && self.services.is_empty()
            && self.beside.is_none()
            && self.beacon.is_none()
    }

    /// What stands for the word where processes find each other.
    fn tag(&self) -> u64 {
        NodeId::of_name(&self.system).0
    }
}

/// Looks as long as it is there.
#[derive(Debug)]
pub struct Finder {
    over: Arc<AtomicBool>,
    thread: Thread,
}

impl Finder {
    /// Begins to look, for a process of this name that listens at `own`. What is found is told from
    /// threads of the finder's, until it is dropped or `tell` answers that nobody listens any more.
    ///
    /// # Errors
    /// What the system says of the directory, or of the multicast group, with its place: `in
    /// /run/x: Permission denied`.
    pub fn open(
        name: &str,
        own: SocketAddr,
        clues: Clues,
        tell: impl Fn(SocketAddr) -> bool + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let tell: Arc<Tell> = Arc::new(tell);
        let beside = clues.beside.as_deref();
        let beside = beside.map(|directory| {
            let opened = Beside::open(directory, name, clues.tag(), own);
            opened.map_err(|error| at(&format!("in {}", directory.display()), &error))
        });
        let beside = beside.transpose()?;
        let beacon = clues.beacon.map(|group| {
            let opened = Beacons::open(group, own, clues.tag());
            opened.map_err(|error| at(&format!("at {group}"), &error))
        });
        let beacon = beacon.transpose()?;
        if let Some(beacon) = beacon {
            let (over, tell) = (Arc::clone(&over), Arc::clone(&tell));
            Builder::new().name("beacon".into()).spawn(move || beacon.hear(&over, &*tell))?;
        }
        let mut search = Search { own, clues, beside, pause: FIND_EVERY, due: None, known: None };
        let ended = Arc::clone(&over);
        let thread = Builder::new().name("finder".into()).spawn(move || {
            while !ended.load(Ordering::Acquire) && search.round(&*tell) {
                std::thread::park_timeout(FIND_EVERY);
            }
        })?;
        Ok(Self { over, thread: thread.thread().clone() })
    }
}

fn at(place: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{place}: {error}"))
}

impl Drop for Finder {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Takes an address; answers whether more are wanted.
type Tell = dyn Fn(SocketAddr) -> bool + Send + Sync;

struct Search {
    own: SocketAddr,
    clues: Clues,
    beside: Option<Beside>,
    /// Until the next look-up, and when that is.
    pause: Duration,
    due: Option<Instant>,
    /// What the last one found.
    known: Option<BTreeSet<SocketAddr>>,
}

impl Search {
    /// Tells all that is known; answers whether more is wanted.
    fn round(&mut self, tell: &Tell) -> bool {
        if self.due.is_none_or(|due| due <= Instant::now()) {
            self.look_up();
        }
        let beside = self.beside.as_mut().map(Beside::others).unwrap_or_default();
        let all = beside.iter().chain(self.known.iter().flatten());
        all.filter(|address| **address != self.own).take(FOUND_MAX).all(|address| tell(*address))
    }

    /// Looks up hosts and services. What cannot be looked up now may be next time, and what was
    /// found before stands until something else is.
    fn look_up(&mut self) {
        let mut found = BTreeSet::new();
        let mut hosts: Vec<(String, Option<u16>)> =
            self.clues.seeds.iter().map(|seed| (seed.clone(), None)).collect();
        for service in &self.clues.services {
            let listed = service::look_up(service, &self.clues.name_servers).unwrap_or_default();
            hosts.extend(listed.into_iter().map(|(host, port)| (host, Some(port))));
        }
        for (host, port) in hosts {
            let addresses = match port {
                Some(port) => (host.as_str(), port).to_socket_addrs(),
                None => host.to_socket_addrs(),
            };
            found.extend(addresses.into_iter().flatten().take(FOUND_MAX));
        }
        if !found.is_empty() || self.known.is_none() {
            self.known = Some(found);
        }
        self.due = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LOOK_UP_MAX);
    }
}

/// An address at which somebody on this host reaches who listens there.
const fn on_this_host(listens: SocketAddr) -> SocketAddr {
    match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listens.port())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), listens.port())
        }
        _ => listens,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::sync::mpsc::{Receiver, channel};

    const WAIT: Duration = Duration::from_secs(10);

    fn at(port: u16) -> SocketAddr {
        SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)
    }

    fn open(name: &str, port: u16, clues: &Clues) -> (Finder, Receiver<SocketAddr>) {
        let (told, hears) = channel();
        let tell = move |address| told.send(address).is_ok();
        (Finder::open(name, at(port), clues.clone(), tell).expect("opened"), hears)
    }

    #[test]
    fn all_addresses_of_seeds_are_told_again_and_again_and_the_own_is_not() {
        let seeds = ["127.0.0.1:71", "127.0.0.1:72", "nobody.invalid:73"].map(String::from);
        let clues = Clues { seeds: seeds.into(), ..Clues::default() };
        let (_finder, hears) = open("a", 71, &clues);
        for _ in 0..2 {
            assert_eq!(hears.recv_timeout(WAIT), Ok(at(72)));
        }
    }

    #[test]
    fn those_beside_of_the_same_system_find_each_other_and_nobody_finds_the_dead() {
        let directory = std::env::temp_dir().join(format!("horus-beside-{}", std::process::id()));
        let of = |system: &str| Clues {
            system: system.into(),
            beside: Some(directory.clone()),
            ..Clues::default()
        };
        let (_other, others) = open("a", 80, &of("other"));
        let (a, at_a) = open("a", 81, &of("one"));
        let (_b, at_b) = open("b", 82, &of("one"));
        assert_eq!(at_a.recv_timeout(WAIT), Ok(at(82)));
        assert_eq!(at_b.recv_timeout(WAIT), Ok(at(81)));
        drop(a);
        while at_a.recv_timeout(WAIT).is_ok() {}
        // What it wrote goes with it, and what nobody holds any more goes when it is found.
        let stale = directory.join(format!("c.{:016x}", of("one").tag()));
        std::fs::write(&stale, "127.0.0.1:83").expect("written");
        let (_d, at_d) = open("d", 84, &of("one"));
        assert_eq!(at_d.recv_timeout(WAIT), Ok(at(82)));
        assert!(!stale.exists() && others.try_recv().is_err());
        let _ = std::fs::remove_dir_all(directory);
    }
}
