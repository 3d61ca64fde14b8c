//! Bench muts: the transport beside raw UDP, four real processes on loopback.

mod figures;
pub(crate) mod udp;

pub(crate) use figures::all;
