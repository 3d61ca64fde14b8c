//! The roof of the user space: one door for applications.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![cfg_attr(doctest, doc = include_str!("../../../README.md"))]
#![forbid(unsafe_code)]

mod backlog;
mod book;
mod burden;
pub mod check;
mod config;
mod core_group;
mod door;
mod engine;
mod error;
mod events;
mod gauge;
mod group;
mod hatch;
pub mod history;
mod horus;
mod hosted;
mod inbox;
mod keys;
mod limits;
mod mailbox;
mod motor;
mod naming;
mod outcomes;
mod posted;
mod posts;
mod rooms;
mod router;
mod runtime;
mod sent;
mod settings;
mod shared;
mod sight;
mod sightings;
mod sync;
mod timers;
mod tower;
mod wait;
mod waiters;
mod word;

pub use book::Book;
pub use config::{Config, Placing, Start, Timing};
pub use core_group::{CoreGroup, CoreHeard};
pub use error::Error;
pub use events::Events;
pub use group::{Group, Heard, Received};
pub use horus::Horus;
pub use hosted::Hosted;
pub use keys::{read_keys, write_keys};
pub use limits::BODY_BYTES_MAX;
pub use lwg::{
    Adaptive, ByHand, Candidate, Carried, CoreSet, Endpoint, LwgId, Members, OneToOne, Order,
    Place, Policy, Remap, SendId, SetId, Smallest, Standing, Traits, View, ViewId, Where,
};
pub use muts::keyed::KeyFile;
pub use muts::os::Clues;
pub use muts::{Malformed, Trouble, Wire, wrong_name};
pub use posted::Posted;
pub use sent::{Replies, ReplyResult, Sent};
pub use settings::{POLICIES, PROFILES, read_address, wrong_address};
pub use vsync::{Admission, Causality, Denial, GroupId, How, Partition, Side, Terms};
pub use wait::{Pending, Wait};
pub use word::{group_of_word, is_minted, read_group, read_lwg, show_group, show_lwg};
/// What one builds with groups: guests of a tower, by a handle ([`Hosted`]), or driven by
/// [`Horus::events`] and [`Horus::ask_all`].
pub use {names, tools};
