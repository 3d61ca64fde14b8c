//! `causal-across`: no effect before its cause, whichever groups they are in. An option.

use super::causal::walk;
use super::causes::Causes;
use super::facts::Facts;
use super::{Property, Report};

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report) {
    walk(facts, &Causes::new(facts, true), report, Property::CausalAcross, false);
}
