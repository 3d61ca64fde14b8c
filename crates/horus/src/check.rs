//! The judges: what histories must satisfy, one promise a file.
//!
//! [`judge`] reads nothing but histories, so it does not care what wrote them: four real
//! processes, the simulator, or somebody else's system. The properties are those of Chockler,
//! Keidar and Vitenberg's study of group communication and of the light-weight group paper; every
//! [`Property`] has one judge, and [`Property::meaning`] says in a sentence what breaks it.
//!
//! Light-weight groups are groups: every ordinary property is checked for them as well. A group
//! with relaxed semantics owes integrity, no duplicates, its senders' orders without the rule
//! against gaps, the membership of whoever delivers, the subset rule, and that the members known in
//! the end are those connected.
//!
//! ```
//! use horus::check::{Options, judge};
//! use horus::history::{Deliver, Event, Log, Order, Send, View};
//!
//! let mut log = Log::new("a#1");
//! let members = vec!["a#1".into()];
//! let view = View { group: "G".into(), view: "1:a#1".into(), members, ..View::default() };
//! log.push(Event::View(Box::new(view)));
//! log.push(Event::Send(Send::new("G", "a#1:1", Order::Abcast)));
//! log.push(Event::Deliver(Deliver::new("G", "a#1:1", "a#1")));
//! assert!(judge(&[log.clone()], &Options::default()).is_good());
//!
//! log.push(Event::Deliver(Deliver::new("G", "a#1:1", "a#1")));
//! let verdict = judge(&[log], &Options::default());
//! assert_eq!(verdict.violations[0].property.name(), "no-duplicates");
//! ```
//!
//! A verdict over histories in which nothing could be compared is not good either: a harness that
//! recorded nothing must not look like a system without faults.
//!
//! The cost is near-linear in the events, times the members of a view for the causal orders.

use std::path::Path;

use crate::history::{Error, Log, read_dir};

mod causal;
mod causal_across;
mod causes;
mod cohorts;
mod facts;
mod fifo;
mod gbcast;
mod incarnation;
mod initial_view;
mod integrity;
mod liveness;
mod liveness_delivery;
mod liveness_members;
mod liveness_view;
mod local_monotony;
mod lwg_agreement;
mod lwg_nonmember;
mod lwg_subset;
mod no_duplicates;
mod primary;
mod property;
mod replay;
mod reply;
mod safe;
mod same_view;
mod self_delivery;
mod self_inclusion;
mod sending_view;
mod state;
mod successor;
mod total_strong;
mod total_weak;
mod transitional_set;
mod verdict;
mod view_agreement;
mod view_tag;
mod virtual_synchrony;

pub use property::Property;
pub use verdict::{Verdict, Violation};

use facts::Facts;
use replay::Replay;
use verdict::Report;

/// What is promised beyond the properties that always hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Causality holds across groups too: `causal-across` is checked.
    pub causal_across: bool,
    /// Across groups nothing is owed between a receiver and a sender who went apart in the group of
    /// the cause: what the kernel promises (P26).
    pub apart_excused: bool,
    /// One order of ABCASTs fits all processes, crashed and partitioned ones included:
    /// `total-strong` is checked for every ABCAST, not only for the safe ones.
    pub total_strong: bool,
    /// Events of an unknown kind make a verdict bad.
    pub refuse_unknown: bool,
}

/// What a judge has before it.
struct Case<'a> {
    facts: &'a Facts<'a>,
    replay: &'a Replay,
    options: &'a Options,
}

type Judge = fn(&Case<'_>, &mut Report);

/// Every property and its judge.
const JUDGES: [(Property, Judge); Property::ALL.len()] = [
    (Property::SelfInclusion, |case, report| self_inclusion::judge(case.facts, report)),
    (Property::LocalMonotony, |case, report| local_monotony::judge(case.facts, report)),
    (Property::InitialView, |case, report| initial_view::judge(case.facts, report)),
    (Property::ViewTag, |case, report| view_tag::judge(case.facts, report)),
    (Property::ViewAgreement, |case, report| view_agreement::judge(case.facts, report)),
    (Property::Incarnation, |case, report| incarnation::judge(case.facts, report)),
    (Property::Integrity, |case, report| integrity::judge(case.facts, case.replay, report)),
    (Property::NoDuplicates, |case, report| no_duplicates::judge(case.facts, report)),
    (Property::SameView, |case, report| same_view::judge(case.facts, report)),
    (Property::SendingView, |case, report| sending_view::judge(case.facts, report)),
    (Property::VirtualSynchrony, |case, report| virtual_synchrony::judge(case.facts, report)),
    (Property::TransitionalSet, |case, report| transitional_set::judge(case.facts, report)),
    (Property::Successor, |case, report| successor::judge(case.facts, report)),
    (Property::SelfDelivery, |case, report| self_delivery::judge(case.facts, report)),
    (Property::Fifo, |case, report| fifo::judge(case.facts, report)),
    (Property::Causal, |case, report| causal::judge(case.facts, report)),
    (Property::CausalAcross, |case, report| {
        if case.options.causal_across {
            causal_across::judge(case.facts, report, case.options.apart_excused)
        }
    }),
    (Property::TotalWeak, |case, report| total_weak::judge(case.facts, report)),
    (Property::TotalStrong, |case, report| {
        total_strong::judge(case.facts, report, case.options.total_strong)
    }),
    (Property::Gbcast, |case, report| gbcast::judge(case.facts, report)),
    (Property::Safe, |case, report| safe::judge(case.facts, report)),
    (Property::State, |case, report| state::judge(case.facts, report)),
    (Property::Primary, |case, report| primary::judge(case.facts, report)),
    (Property::Reply, |case, report| reply::judge(case.facts, report)),
    (Property::LwgSubset, |case, report| lwg_subset::judge(case.facts, report)),
    (Property::LwgNonmember, |case, report| lwg_nonmember::judge(case.facts, report)),
    (Property::LwgAgreement, |case, report| lwg_agreement::judge(case.facts, report)),
    (Property::LivenessView, |case, report| liveness_view::judge(case.facts, report)),
    (Property::LivenessMembers, |case, report| liveness_members::judge(case.facts, report)),
    (Property::LivenessDelivery, |case, report| liveness_delivery::judge(case.facts, report)),
];

/// Judges the histories of one run.
pub fn judge(logs: &[Log], options: &Options) -> Verdict {
    let facts = facts::build(logs);
    let replay = replay::replay(&facts);
    let case = Case { facts: &facts, replay: &replay, options };
    let mut report = Report::new(logs, options);
    for (_, judge) in JUDGES {
        judge(&case, &mut report);
    }
    report.close()
}

/// Judges the histories in `directory`.
///
/// # Errors
/// A history cannot be read; see [`read_dir`].
pub fn directory(directory: &Path, options: &Options) -> Result<Verdict, Error> {
    Ok(judge(&read_dir(directory)?, options))
}
