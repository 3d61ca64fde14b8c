//! The other world: the same towers under a pretended clock and network, with storms and judges.
#![forbid(unsafe_code)]

mod choice;
mod diary;
mod host;
pub mod limits;
mod network;
mod script;
mod storm;
pub mod streams;
mod tap;
mod trace;
mod world;

pub use choice::{Choice, Every};
pub use diary::Diary;
pub use network::{Arrivals, Network, Weather};
pub use script::{
    App, Birth, Client, Keepers, Load, Member, Phase, Plan, Roster, Seen, Stream, Wishes,
    channel_of,
};
pub use storm::{Fault, Storm};
pub use tap::Tap;
pub use trace::{Digest, Trace};
pub use world::{Factory, World};
