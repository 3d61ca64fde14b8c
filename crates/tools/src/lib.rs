//! Tools: what one builds with groups. Every group here is anonymous.
//!
//! | need | tool |
//! | --- | --- |
//! | one state, equal at every member of a group | [`Replica`] of a [`State`] |
//!
//! A tool is a guest of a tower, not a floor: see [`Tool`]. It does no I/O and reads no clock.
//!
//! A counter kept equal, at the only member of a group; what the tower would tell is played here:
//!
//! ```
//! use lwg::{Down, Endpoint, GroupId, LwgId, SendId, Up, View, ViewId};
//! use muts::{Instant, Wire};
//! use tools::{Answer, Asks, Corrupt, Replica, State, Tool};
//!
//! struct Counter(u64);
//!
//! impl State for Counter {
//!     type Command = u64;
//!     type Answer = u64;
//!     fn apply(&mut self, add: u64) -> u64 {
//!         self.0 = self.0.wrapping_add(add);
//!         self.0
//!     }
//!     fn save(&self, into: &mut Vec<u8>) {
//!         self.0.write(into);
//!     }
//!     fn load(mut from: &[u8]) -> Result<Self, Corrupt> {
//!         Ok(Self(u64::read(&mut from)?))
//!     }
//! }
//!
//! let (now, me) = (Instant::ZERO, Endpoint::default());
//! let lwg = LwgId::minted(me, 0);
//! let mut asks = Asks::new();
//! let mut counter = Replica::new(lwg, me, Counter(40));
//!
//! let id = ViewId { counter: 1, digest: 0 };
//! let (members, core) = (lwg::Members::from_slice(&[me]), GroupId(1));
//! let (transitional, core_view) = (members.clone(), Default::default());
//! let (previous, first) = (None, true);
//! let traits = lwg::Traits::PLAIN;
//! let view = View { lwg, id, members, transitional, core, core_view, traits, previous, first };
//! counter.hear(now, &Up::View(view.into()), &mut asks);
//!
//! counter.propose(&2, SendId(7), false, &mut asks);
//! let Some(Down::Send { send, how, replies, message, .. }) = asks.take() else { panic!() };
//! let (from, order, safe) = (me, how.order, false);
//! let told = Up::Message { lwg, view: id, from, send, order, safe, replies, message };
//! counter.hear(now, &told, &mut asks);
//!
//! assert!(matches!(counter.answer(), Some(Answer::Applied { answer: 42, .. })));
//! assert_eq!(counter.state().map(|counter| counter.0), Some(42));
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod cut;
pub mod decoders;
mod digest;
mod exchange;
mod giving;
mod header;
mod held;
pub mod limits;
mod pace;
mod replica;
mod state;
mod tool;
mod transfer;

pub use digest::Digest;
pub use replica::{Answer, Counts, Replica};
pub use state::{Corrupt, Frozen, State};
pub use tool::{Asks, Tool};
