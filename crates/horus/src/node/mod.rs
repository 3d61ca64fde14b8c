//! The node: one process, driven by lines. It uses the public face of this crate and nothing else.

mod alarms;
mod answers;
mod carry;
mod coming;
mod command;
mod document;
mod envelope;
mod flood;
mod groups;
mod hear;
mod ids;
mod input;
mod introductions;
mod leaving;
mod limits;
mod names;
mod options;
mod outlet;
mod parked;
mod post;
mod record;
mod replies;
mod run;
mod settled;
mod terms;
mod words;

#[cfg(unix)]
pub(crate) use command::chaos;
pub(crate) use options::Options;
pub(crate) use run::{BAD_OPTIONS, run};
