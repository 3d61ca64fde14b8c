//! The roof of the user space: one door for applications to process groups.
//!
//! Processes that are in a group are told the same views of who is in it, and the messages of each
//! view in the order that their senders chose. Groups are light-weight: thousands of them share a
//! few core groups, which the library founds, joins and leaves by itself.
//!
//! ```
//! use horus::{Config, Horus, Order};
//!
//! let horus = Horus::embedded(Config::new("a", "127.0.0.1:0".parse()?))?;
//! let group = horus.create(&[horus.me()]).wait()?;
//! group.send(Order::Total, "to all of one")?;
//! assert_eq!(group.receive().wait()?.body(), "to all of one");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The ways in:
//!
//! - [`Horus`] is this process among others: [`Horus::meet`] says where another listens,
//!   [`Horus::create`] makes a group, [`Horus::invited`] gives those that others made.
//! - [`Group`] sends ([`Group::send`]; [`Group::ask`] for replies) and hears ([`Group::receive`];
//!   [`Group::hear`] tells views too). What takes time is a future, and has a `wait`.
//! - [`Config`] says how patient it is, whom it knows, which keys it has, and whether its kernel is
//!   in a daemon on this host; [`Config::with_settings`] takes the same in words.
//! - [`Group::replica`] keeps a state equal at all members, [`Group::directory`] names what is
//!   looked for, and `Group::host` takes any tool.
//! - [`CoreGroup`] is a core group of one's own, with terms of who may come in.
//! - [`history`] and [`check`] write down what happened, and judge whether every promise was kept.
//!
//! Two processes: `examples/hello.rs`; one thread that serves a thousand groups by
//! [`Horus::events`] and [`Horus::ask`], in their words [`Up`] and [`Down`]: `examples/many.rs`.
//! What cannot be is an [`Error`] that says what would be right.
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
mod labels;
mod limits;
mod listeners;
mod mailbox;
mod motor;
mod naming;
mod outcomes;
mod outside;
mod posted;
mod posts;
mod recent;
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
pub use limits::{BODY_BYTES_MAX, MEMBERS_MAX};
pub use lwg::{
    Adaptive, ByHand, Candidate, Carried, CoreSet, Down, Endpoint, LwgId, Members, Message,
    OneToOne, Order, Place, Policy, Remap, SendId, SetId, Smallest, Standing, Traits, Up, View,
    ViewId, Where,
};
pub use muts::keyed::KeyFile;
pub use muts::os::Clues;
pub use muts::{Malformed, NodeId, Trouble, Wire, wrong_name};
pub use posted::Posted;
pub use sent::{Replies, ReplyResult, Sent};
pub use settings::{POLICIES, PROFILES, read_address, wrong_address};
pub use vsync::{Admission, Causality, Denial, Fault, GroupId, How, Partition, Side, Terms};
pub use wait::{Pending, Wait};
pub use word::{group_of_word, is_minted, read_group, read_lwg, show_group, show_lwg};
/// What one builds with groups: guests of a tower, by a handle ([`Hosted`]), or driven by
/// [`Horus::events`] and [`Horus::ask_all`].
pub use {names, tools};
