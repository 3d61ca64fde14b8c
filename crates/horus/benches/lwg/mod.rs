//! Bench lwg: light-weight groups beside core groups, four real processes on loopback.

mod bystander;
pub(crate) mod failure;
pub(crate) mod figures;
mod joins;
mod place;
mod round_trip;
pub(crate) mod scale;

use crate::common::options::Options;

/// Measures and tells everything that is wanted.
pub(crate) fn all(options: &Options) {
    figures::all(options);
    bystander::all(options);
    round_trip::all(options);
    scale::all(options);
    joins::all(options);
    place::all(options);
    failure::all(options);
}
