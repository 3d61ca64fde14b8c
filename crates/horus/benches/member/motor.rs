//! Motor: what turns a member's tower: a socket of its own, or the pipe to a daemon.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use muts::os::{Bell, Driver, Pipe};
use muts::{Address, Instant, Layer};

use crate::common::words::Words;

/// What stands before the number of a neighbour.
const BESIDE: &str = "beside:";

/// What a member said that it listens at.
pub(crate) fn address(at: &str) -> Address {
    match at.strip_prefix(BESIDE) {
        Some(number) => Address::Pipe(number.parse().expect("a number")),
        None => Address::Net(at.parse().expect("an address")),
    }
}

/// See the head of this file.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one a process")]
pub(crate) enum Motor {
    Net(Driver, Address),
    Pipe(Pipe),
}

impl Motor {
    /// A socket on loopback or on the address of the role, or those of neighbours if the role has a
    /// directory for that.
    pub(crate) fn net(role: &Words) -> Self {
        let host: IpAddr = role.all("host").next().map_or(Ipv4Addr::LOCALHOST.into(), |host| {
            host.parse().expect("the address of a host")
        });
        let mut driver = Driver::exposed(SocketAddr::new(host, 0)).expect("a free port");
        let address = match role.all("beside").next() {
            Some(directory) => driver.settle(Path::new(directory)).expect("room for a socket"),
            None => Address::Net(driver.local_address().expect("it listens")),
        };
        Self::Net(driver, address)
    }

    pub(crate) fn bell(&self) -> Bell {
        match self {
            Self::Net(driver, _) => driver.bell(),
            Self::Pipe(pipe) => pipe.bell(),
        }
    }

    /// What others are told to reach it.
    pub(crate) fn listens(&self) -> Words {
        let words = Words::new("listens");
        match self {
            Self::Net(_, Address::Net(at)) => words.with("at", at),
            Self::Net(_, Address::Pipe(number)) => {
                words.with("at", format_args!("{BESIDE}{number}"))
            }
            Self::Pipe(_) => words.with("at", "0.0.0.0:0"),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        match self {
            Self::Net(driver, _) => driver.now(),
            Self::Pipe(pipe) => pipe.now(),
        }
    }

    pub(crate) fn turn<L: Layer>(&mut self, tower: &mut L, patience: Option<Duration>) {
        match self {
            Self::Net(driver, _) => driver.turn(tower, patience).expect("the socket works"),
            Self::Pipe(pipe) => pipe.turn(tower, patience).expect("the pipe works"),
        }
    }
}
