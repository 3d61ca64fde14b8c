//! LWG, light-weight groups: many groups over few core groups.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod id;
mod interface;
mod view;

pub use id::{LwgId, Members, SendId};
pub use interface::{Down, Light, Outcome, Up, Why};
pub use view::{View, ViewId};
pub use vsync::{Endpoint, GroupId, Message, Order, ProcId};
