//! VSync, the group kernel: views, failure atomicity, orderings.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

extern crate alloc;

mod admission;
mod asking;
mod closing;
mod compare;
mod config;
mod consent;
mod control;
mod counters;
mod endpoint;
mod epoch;
mod flush;
pub mod gate;
mod group;
mod header;
mod install;
mod interface;
mod joining;
mod kernel;
pub mod limits;
mod merge;
mod order;
mod peers;
mod repeating;
mod serving;
mod settled;
mod spread;
mod stability;
mod stream;
mod succession;
mod turn;
mod view;
mod watch;
mod whereabouts;

pub use config::Config;
pub use endpoint::{Endpoint, GroupId};
pub use interface::{Core, Down, Fault, Up, Why};
pub use kernel::Kernel;
pub use muts::{Duration, Instant, Message, NodeId, ProcId};
pub use order::Order;
pub use view::{View, ViewId};
