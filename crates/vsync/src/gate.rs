//! The gate between the two spaces: a client's kernel lives in the daemon, its user floors do not.
//!
//! [`Client`] is a `Core` at one end of a pipe. [`Server`] is at the other end of many: it has a
//! kernel for each client, and one transport beneath them all (`trunk`), so that all processes of
//! a host share links, silence and keys, and what a remote process multicasts to several of them
//! crosses the network once. `frame` has the bytes.

mod client;
mod fields;
mod frame;
mod line;
mod server;
mod shared;
mod trunk;

pub use client::{Client, State};
pub use frame::{Bye, Reader, Say, Tell, VERSION, framed};
pub use server::{Config, News, Server, Word};
pub use trunk::Whereabouts;
