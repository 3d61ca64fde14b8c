//! `causal-across`: no effect before its cause, whichever groups they are in. An option.

use super::causal::{Scope, walk};
use super::causes::Causes;
use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report, apart_excused: bool) {
    let scope = Scope::Across { apart_excused };
    walk(facts, &Causes::new(facts, true), report, Property::CausalAcross, scope);
}
