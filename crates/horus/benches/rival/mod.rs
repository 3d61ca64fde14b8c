//! Rival: what others have built for the same use, measured in the same run on the same network.

pub(crate) mod corosync;
pub(crate) mod hosts;
pub(crate) mod spread;
