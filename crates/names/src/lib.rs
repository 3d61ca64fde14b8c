//! Names: naming as an external service, as the paper wants it. A group never needs a name:
//! nothing below knows this crate.
//!
//! | need | here |
//! | --- | --- |
//! | a text that is a name | [`Name`] |
//! | to keep the directory, in a process that is a member of its group | [`Directory`] |
//! | to ask it, in any process | [`Resolver`] |
//! | the rules of binding by themselves | [`Table`] |
//!
//! The rules, without a group:
//!
//! ```
//! use lwg::{Endpoint, LwgId};
//! use names::{Command, Contact, Name, NoName, Outcome, Table};
//! use tools::State;
//!
//! let name: Name = "plant/boiler-2".parse()?;
//! let owner = Endpoint::default();
//! let contact = Contact { lwg: LwgId::minted(owner, 0), members: vec![owner] };
//!
//! let mut table = Table::default();
//! let bind = Command::Bind { name: name.clone(), contact, owner, expected: None };
//! assert_eq!(table.apply(bind), Outcome::Bound { version: 1 });
//! assert_eq!(table.get(&name).map(|found| found.owner), Some(owner));
//! assert_eq!("Boiler".parse::<Name>(), Err(NoName::Character('B')));
//! # Ok::<(), NoName>(())
//! ```
//!
//! A question from outside, and its answer; what carries them is played here:
//!
//! ```
//! use lwg::{Down, Endpoint, GroupId, LwgId, Members, Up, View, ViewId};
//! use muts::{Instant, NodeId, ProcId};
//! use names::{Directory, Resolved, Resolver};
//! use tools::{Asks, Tool};
//!
//! let at = |node| Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 });
//! let (now, keeper, asker) = (Instant::ZERO, at(1), at(2));
//! let lwg = LwgId::minted(keeper, 0);
//! let mut asks = Asks::new();
//!
//! let mut directory = Directory::new(lwg, keeper);
//! let (id, core) = (ViewId { counter: 1, digest: 0 }, GroupId(1));
//! let members = Members::from_slice(&[keeper]);
//! let (transitional, core_view) = (members.clone(), Default::default());
//! let (previous, first) = (None, true);
//! let traits = lwg::Traits::PLAIN;
//! let view = View { lwg, id, members, transitional, core, core_view, traits, previous, first };
//! directory.hear(now, &Up::View(view.into()), &mut asks);
//!
//! let mut resolver = Resolver::new(lwg, vec![keeper], 0);
//! let name = "plant/boiler-2".parse()?;
//! let question = resolver.resolve(now, name, &mut asks).expect("no other question is open");
//! let Some(Down::Tell { to, message, .. }) = asks.take() else { panic!() };
//! assert_eq!(to, keeper);
//! directory.hear(now, &Up::Told { lwg, from: asker, message }, &mut asks);
//! let Some(Down::Tell { to, message, .. }) = asks.take() else { panic!() };
//! assert_eq!(to, asker);
//! resolver.hear(now, &Up::Told { lwg, from: keeper, message }, &mut asks);
//! assert_eq!(resolver.answer(), Some(Resolved::Unknown { question }));
//! # Ok::<(), names::NoName>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod decoders;
mod directory;
mod header;
pub mod limits;
mod name;
mod resolver;
mod table;

pub use directory::Directory;
pub use name::{Name, NoName};
pub use resolver::{Resolved, Resolver};
pub use table::{Binding, Command, Contact, Outcome, Table};
