//! LWG, light-weight groups: a million process groups over few core groups.
//!
//! It is the third of the floors that stand on each other, together the tower: `muts` carries
//! messages, `vsync` makes core groups of it, this floor light-weight groups of those.
//!
//! What this floor promises, per light-weight group: views agreed upon by all who move together,
//! one id for one membership; a message is told in the view it was sent in, or not at all;
//! everybody between two views has been told the same messages; the chosen order, also across the
//! groups of one core group; nothing is told at who is not in the view; replies end.
//!
//! A failure costs one flush of the core group, however many groups are on it (paper 3.1, 5).
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![allow(clippy::result_large_err, reason = "a full floor hands the ask back whole")]

extern crate alloc;

mod adapting;
mod adding;
mod arrival;
mod brief;
mod change;
mod choked;
mod core_group;
mod core_set;
mod counters;
mod data;
pub mod decoders;
mod digest;
mod directory;
mod entering;
mod exchange;
mod explaining;
mod foreseeing;
mod founding;
mod gathering;
mod global;
mod grace;
mod group;
mod groups;
mod header;
mod here;
mod id;
mod interface;
mod lately;
mod letter;
mod letters;
pub mod limits;
mod listing;
mod lost;
mod marking;
mod membership;
mod moved;
mod moves;
mod moving;
mod opening;
mod outgoing;
mod page;
mod passing;
mod placing;
mod policy;
mod queue;
mod ready;
mod relaxed;
mod replies;
mod seeking;
mod sets;
mod table;
mod told;
mod tombstones;
mod traits;
mod uniting;
mod unstable;
mod view;

pub use core_set::{CoreSet, Search};
pub use explaining::{Candidate, Carried, Seen, Where};
pub use groups::{Config, Groups};
pub use id::{LwgId, Members, SendId};
pub use interface::{Down, Light, Operation, Outcome, Up, Why};
pub use listing::Listed;
pub use policy::{Adaptive, ByHand, OneToOne, Place, Policy, Remap, Smallest, Standing};
pub use sets::SetId;
pub use traits::Traits;
pub use view::{View, ViewId};
pub use vsync::{Endpoint, GroupId, How, Message, Order, ProcId};
