//! Names: naming as an external service, as the paper wants it. A group never needs a name:
//! nothing below knows this crate.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

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
