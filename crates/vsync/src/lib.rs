//! VSync, the group kernel: views, failure atomicity, orderings.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

extern crate alloc;

mod across;
mod admission;
mod asking;
mod beat;
mod choked;
mod closing;
mod compare;
mod config;
mod consent;
mod control;
mod counters;
pub mod decoders;
mod delivery;
mod endpoint;
mod epoch;
mod fetching;
mod flush;
pub mod gate;
mod global;
mod grounds;
mod group;
mod header;
mod heard;
mod how;
mod hushing;
mod install;
mod interface;
mod joining;
mod kernel;
mod kin;
pub mod limits;
mod merge;
mod order;
mod past;
mod peers;
mod positions;
mod repeating;
mod reports;
mod saying;
mod sequencer;
mod serving;
mod settled;
mod showing;
mod sound;
mod span;
mod spread;
mod stability;
mod stream;
mod succession;
mod survey;
mod terms;
mod turn;
mod view;
mod watch;
mod whereabouts;

pub use choked::Choked;
pub use config::{Causality, Config};
pub use endpoint::{Endpoint, GroupId};
pub use grounds::{Charge, Exclusion, Hold, Known};
pub use how::How;
pub use interface::{Core, Down, Fault, Side, Up, Why};
pub use kernel::Kernel;
pub use muts::{Audience, Duration, Instant, Message, NodeId, ProcId};
pub use order::Order;
pub use terms::{Admission, Denial, Partition, Terms};
pub use view::{View, ViewId};
