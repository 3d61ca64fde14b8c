//! MUTS, the multicast transport: reliable FIFO multicast to any set of peers, one link per peer.
//!
//! It is the lowest of the floors that stand on each other, together the tower: `vsync` makes
//! groups of it, `lwg` many groups of those. What this floor promises, per channel and sender:
//! every message once, in order, whole (T1, as `docs/architecture.md` numbers what floors promise);
//! a message is kept until every peer has it or the channel is closed (T2); memory bounded by the
//! window (T3); nothing from another channel or incarnation (T4). It tells what it knows of its
//! peers, `Silent`, `Back` and `Lost`, and judges nobody: that is for the floor above.
//!
//! A [`Transport`] is a value that does no I/O: see [`Layer`]. The feature `os` adds the driver.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

extern crate alloc;
#[cfg(feature = "os")]
extern crate std;

mod address;
mod beacon;
mod beats;
#[cfg(any(feature = "os", horus_loom))]
mod bell;
mod blocks;
mod bundle;
mod channel;
mod chaos;
mod config;
mod counters;
pub mod decoders;
mod early;
mod flight;
mod greeting;
mod guard;
mod hall;
mod header;
mod health;
mod incoming;
mod interface;
#[cfg(feature = "os")]
pub mod keyed;
mod layer;
pub mod limits;
mod link;
mod message;
mod numbers;
#[cfg(feature = "os")]
pub mod os;
mod outgoing;
mod pace;
mod parts;
mod path;
mod pipes;
mod porter;
mod process;
mod random;
mod ranges;
mod reach;
mod record;
mod session;
mod silence;
#[cfg(any(feature = "os", horus_loom))]
mod sync;
mod tempo;
mod time;
mod transport;
mod wire;

pub use address::Address;
#[cfg(any(feature = "os", horus_loom))]
pub use bell::{Bell, Rouse};
pub use chaos::{Chaos, Trouble};
pub use config::{Config, Tuning};
pub use counters::Counted;
pub use guard::{Greeting, Guard, Guarded, Open, Seal};
pub use interface::{Audience, Channel, Down, Multicast, Up};
pub use layer::{Full, Layer, Packet, Parts, Transmit};
pub use message::Message;
pub use pipes::Pipes;
pub use porter::Porter;
pub use process::{NodeId, ProcId, wrong_name};
pub use random::Random;
pub use time::{Duration, Instant};
pub use transport::Transport;
pub use wire::{Malformed, Sink, Wire, read_bytes, read_varint, write_bytes, write_varint};
