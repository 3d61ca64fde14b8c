//! Figure: one measured number beside its floor and its goal, told as JSON or as a row of a table.

use serde_json::{Map, Value, json};

use super::alternate::Pair;
use super::options::Options;

/// See the head of this file.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    bench: &'static str,
    params: Map<String, Value>,
    unit: &'static str,
    ours: f64,
    against: Option<(&'static str, Pair)>,
    runs: usize,
    goal: Option<Goal>,
    /// Why there is nothing to tell but the name, and whose figure it would stand beside.
    skipped: Option<(String, Option<&'static str>)>,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// The ratio at least this.
    RatioAtLeast(f64),
    /// The ratio at most this.
    RatioAtMost(f64),
    /// Our own value at least this.
    AtLeast(f64),
    /// Our own value at most this.
    AtMost(f64),
}

impl Goal {
    fn words(self) -> String {
        match self {
            Self::RatioAtLeast(goal) | Self::AtLeast(goal) => format!(">= {goal}"),
            Self::RatioAtMost(goal) | Self::AtMost(goal) => format!("<= {goal}"),
        }
    }

    fn is_met(self, ours: f64, ratio: Option<f64>) -> bool {
        match self {
            Self::RatioAtLeast(goal) => ratio.is_some_and(|ratio| ratio >= goal),
            Self::RatioAtMost(goal) => ratio.is_some_and(|ratio| ratio <= goal),
            Self::AtLeast(goal) => ours >= goal,
            Self::AtMost(goal) => ours <= goal,
        }
    }
}

impl Figure {
    /// A value that stands alone.
    pub(crate) fn alone(bench: &'static str, unit: &'static str, ours: f64, runs: usize) -> Self {
        let (params, against, goal, skipped) = (Map::new(), None, None, None);
        Self { bench, params, unit, ours, against, runs, goal, skipped }
    }

    /// One that cannot be measured here, and why.
    pub(crate) fn skipped(bench: &'static str, beside: Option<&'static str>, why: &str) -> Self {
        let skipped = Some((why.to_owned(), beside));
        Self { skipped, ..Self::alone(bench, "", f64::NAN, 0) }
    }

    /// A value beside another one, measured by turns.
    pub(crate) fn beside(
        bench: &'static str,
        unit: &'static str,
        name: &'static str,
        pair: Pair,
    ) -> Self {
        Self { against: Some((name, pair)), ..Self::alone(bench, unit, pair.ours, pair.runs) }
    }

    /// What was measured under.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// What it should be.
    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Prints it.
    pub(crate) fn tell(&self, options: &Options) {
        if options.json {
            println!("{}", self.json(options.quick));
        } else {
            println!("{}", self.row());
        }
    }

    fn ratio(&self) -> Option<f64> {
        self.against.map(|(_, pair)| pair.ratio)
    }

    fn json(&self, quick: bool) -> Value {
        if let Some((why, beside)) = &self.skipped {
            let mut line = json!({ "bench": self.bench, "params": self.params, "skipped": why });
            if let Some(name) = beside {
                line["against"] = json!({ "name": name });
            }
            if quick {
                line["quick"] = true.into();
            }
            return line;
        }
        let mut line = json!({
            "bench": self.bench,
            "params": self.params,
            "ours": rounded(self.ours),
            "unit": self.unit,
            "runs": self.runs,
        });
        if let Some((name, pair)) = self.against {
            line["against"] = json!({ "name": name, "value": rounded(pair.against) });
            line["ratio"] = rounded(pair.ratio).into();
            line["spread"] = json!([rounded(pair.spread.0), rounded(pair.spread.1)]);
        }
        if let Some(goal) = self.goal {
            line["goal"] = goal.words().into();
            line["met"] = goal.is_met(self.ours, self.ratio()).into();
        }
        if quick {
            line["quick"] = true.into();
        }
        line
    }

    fn row(&self) -> String {
        let params: Vec<String> =
            self.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let name = format!("{} {}", self.bench, params.join(" ").replace('"', ""));
        if let Some((why, beside)) = &self.skipped {
            let beside = beside.map_or(String::new(), |name| format!(" beside {name}"));
            return format!("{name:<58} skipped{beside}: {why}");
        }
        let ours = format!("{} {}", shown(self.ours), self.unit);
        let against = self.against.map_or(String::new(), |(name, pair)| {
            format!(
                "{:>14} {name:<10} ratio {:.3} [{:.3} {:.3}]",
                shown(pair.against),
                pair.ratio,
                pair.spread.0,
                pair.spread.1
            )
        });
        let goal = self.goal.map_or(String::new(), |goal| {
            let met = if goal.is_met(self.ours, self.ratio()) { "met" } else { "NOT MET" };
            format!("{} {met}", goal.words())
        });
        format!("{name:<58} {ours:>22} {against:<54} {goal}")
    }
}

/// Four digits that mean something.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

fn shown(value: f64) -> String {
    let value = rounded(value);
    if value.abs() >= 1_000.0 {
        let whole = format!("{value:.0}");
        let groups: Vec<String> = whole
            .as_bytes()
            .rchunks(3)
            .rev()
            .map(|group| String::from_utf8_lossy(group).into_owned())
            .collect();
        groups.join(",")
    } else {
        format!("{value}")
    }
}
