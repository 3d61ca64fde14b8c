//! Motor: what turns a member's tower: a socket of its own, or the pipe to a daemon.

use std::time::Duration;

use muts::os::{Bell, Driver, Pipe};
use muts::{Instant, Layer};

use crate::common::words::Words;

/// See the head of this file.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one a process")]
pub(crate) enum Motor {
    Net(Driver),
    Pipe(Pipe),
}

impl Motor {
    /// A socket on loopback.
    pub(crate) fn net() -> Self {
        let loopback = "127.0.0.1:0".parse().expect("an address");
        Self::Net(Driver::open(loopback).expect("a free port"))
    }

    pub(crate) fn bell(&self) -> Bell {
        match self {
            Self::Net(driver) => driver.bell(),
            Self::Pipe(pipe) => pipe.bell(),
        }
    }

    /// What others are told to reach it.
    pub(crate) fn listens(&self) -> Words {
        let words = Words::new("listens");
        match self {
            Self::Net(driver) => words.with("at", driver.local_address().expect("it listens")),
            Self::Pipe(_) => words.with("at", "0.0.0.0:0"),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        match self {
            Self::Net(driver) => driver.now(),
            Self::Pipe(pipe) => pipe.now(),
        }
    }

    pub(crate) fn turn<L: Layer>(&mut self, tower: &mut L, patience: Option<Duration>) {
        match self {
            Self::Net(driver) => driver.turn(tower, patience).expect("the socket works"),
            Self::Pipe(pipe) => pipe.turn(tower, patience).expect("the pipe works"),
        }
    }
}
