//! Bench lwg: light-weight groups beside core groups, four real processes on loopback.

mod failure;
mod figures;
mod place;
mod scale;

use crate::common::options::Options;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    figures::all(options);
    scale::all(options);
    place::all(options);
    failure::all(options);
}
