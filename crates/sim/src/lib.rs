//! The other world: the same towers under a pretended clock and network, with storms and judges.
#![forbid(unsafe_code)]

mod choice;
mod diary;
mod gated;
mod host;
pub mod limits;
mod network;
mod run;
mod script;
mod sight;
mod spelling;
mod storm;
pub mod streams;
mod tap;
mod towers;
mod trace;
mod verdict;
mod ways;
mod world;

pub use choice::Choice;
pub use diary::Diary;
pub use gated::{Core, Gated, daemon_of};
pub use network::{Arrivals, HALL, Intake, Network, Weather};
pub use run::{Family, Lengths, Mode, Report, judge_core, judge_light, judge_streams, run, settle};
pub use script::{
    App, Birth, Carried, Client, Keepers, Load, Member, Phase, Plan, Roster, Seen, Stream, Wishes,
    channel_of,
};
pub use sight::{apart, share_core_view, unsettled};
pub use storm::{Fault, Storm, fault_kinds, faults};
pub use tap::Tap;
pub use towers::{
    CoreTower, CoreWorld, LightTower, LightWorld, StreamTower, StreamWorld, core_world,
    gated_core_world, gated_light_world, light_world, stream_world,
};
pub use trace::{Digest, Trace};
pub use verdict::write_histories;
pub use ways::Ways;
pub use world::{Factory, World};
