//! VSync, the group kernel: views, failure atomicity, orderings.
//!
//! Virtually synchronous process groups as a state machine without thread, clock or socket.
//! Everyone in a group is told the same views of who is in it; who moves from one view to the next
//! together has delivered the same messages in the first, each once, in the order that its sender
//! chose.
//!
//! ```
//! use muts::{Instant, Layer, NodeId, Transport};
//! use vsync::{Config, Down, GroupId, Kernel, ProcId, Up};
//!
//! // At each start a higher one: `muts::os::next_incarnation`.
//! let me = ProcId { node: NodeId::of_name("a"), incarnation: 1 };
//! let mut kernel = Kernel::new(Transport::new(muts::Config::new(me, 7)), Config::new(me, 7));
//! let group = GroupId::of_word("orders");
//! kernel.down(Instant::ZERO, Down::Found { group, members: vec![] }).expect("room");
//! assert!(matches!(kernel.up(), Some(Up::View(view)) if view.members.len() == 1));
//! ```
//!
//! The ways in:
//!
//! - [`Kernel`] is the state machine, over any `muts::Multicast`. `muts::Layer` is how its crank is
//!   turned: `down` asks, `up` tells, `receive` and `transmit` are its network, `wake` its clock.
//! - [`Down`] lists what can be asked for, [`Up`] what is told; [`View`] says who is in a group.
//! - [`How`] says how a message is sent: an [`Order`], `safe` or not, and to whom.
//! - [`Terms`] say who may come into a group and which views are primary.
//! - [`gate`] puts a kernel into a daemon and its user into another process; [`Core`] is what both
//!   are to whoever uses them.
//! - [`limits`] has every bound, with its reason.
//!
//! A whole program over a transport of forty lines: `examples/three_members.rs`. For handles, a
//! network and light-weight groups take the crate `horus`, which stands on this.
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
mod precedence;
#[cfg(test)]
mod pretended;
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
