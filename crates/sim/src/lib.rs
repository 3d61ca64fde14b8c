//! The other world: the same towers under a pretended clock and network, with storms and judges.
#![forbid(unsafe_code)]

mod choice;
mod host;
pub mod limits;
mod network;
mod script;
mod storm;
mod tap;
mod trace;
mod world;

pub use choice::{Choice, Every};
pub use network::{Arrivals, Network, Weather};
pub use script::{App, Birth, Load, Phase, Roster};
pub use storm::{Fault, Storm};
pub use tap::Tap;
pub use trace::{Digest, Trace};
pub use world::{Factory, World};
