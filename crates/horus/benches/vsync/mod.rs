//! Bench vsync: the group kernel beside the bare transport, four real processes on loopback.

mod changes;
pub(crate) mod figures;
mod idle;
mod rivals;

use crate::common::options::Options;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    figures::all(options);
    changes::all(options);
    idle::all(options);
    rivals::all(options);
}
