//! The floors that are measured.

pub(crate) mod api;
pub(crate) mod channels;
pub(crate) mod core_groups;
mod evenly;
pub(crate) mod light;
pub(crate) mod replicas;
mod works;
