//! Phases: what happens in a run, one after the other, each in a file of its own.

mod create;
mod fall;
mod load;
mod meet;
mod quit;
mod rejoin;
mod replicate;
mod round;

pub(super) use create::Create;
pub(super) use fall::Fall;
pub(super) use load::{Calm, Load};
pub(super) use meet::Meet;
pub(super) use quit::Quit;
pub(super) use rejoin::Rejoin;
pub(super) use replicate::Replicate;
pub(super) use round::Round;
