//! VSync, the group kernel: views, failure atomicity, orderings.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod endpoint;
mod interface;
mod order;
mod view;

pub use endpoint::{Endpoint, GroupId};
pub use interface::{Core, Down, Fault, Up, Why};
pub use muts::{Duration, Instant, Message, NodeId, ProcId};
pub use order::Order;
pub use view::{View, ViewId};
