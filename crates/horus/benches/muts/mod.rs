//! Bench muts: the transport beside raw UDP, four real processes on loopback.

mod figures;
mod lossy;
mod ours;
mod stamp;
mod udp;

pub(crate) use figures::all;

use crate::common::words::Words;

/// Lives as a member of a crew, if the role is one of these.
pub(crate) fn play(role: &Words) {
    match role.verb.as_str() {
        "muts.ours" => ours::run(role),
        "muts.udp" => udp::run(role),
        _ => {}
    }
}
