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
mod out;
mod reader;
mod server;
mod shared;
mod trunk;
mod under_way;

use muts::decoders::{Decoder, of};

pub use client::{Client, State};
pub use frame::{Bye, Say, Tell, VERSIONS, framed};
pub use reader::{Framed, Reader};
pub use server::{Config, News, Server, Word};
pub use trunk::Whereabouts;
pub use under_way::UnderWay;

/// What is read at a gate, by a daemon of its clients, by clients, and by one daemon of another.
#[must_use]
pub const fn decoders() -> [Decoder; 6] {
    [
        of::<Say>("gate.say"),
        of::<Tell>("gate.tell"),
        of::<trunk::letter::CastHead>("gate.cast"),
        of::<trunk::letter::Letter>("gate.letter"),
        of::<trunk::letter::Pulse>("gate.pulse"),
        of::<trunk::letter::Table>("gate.table"),
    ]
}
