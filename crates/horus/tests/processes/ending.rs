//! Ending: faults are over, everybody comes together, says so and quits; then the judges look.

use std::time::{Duration, Instant};

use horus::check::{Options, Verdict, judge};
use horus::history::{Event, Log, read_dir};
use serde_json::json;

use super::town::{GROUP, Town};

/// How long merging, joining and settling may take once all is whole (promises, row 10).
const TOGETHER: Duration = Duration::from_secs(15);

/// How long it may take until those who are heard and do not hear are known to be so (promises, row
/// 7): nobody can tell before, so nobody is asked before whether all is settled.
const DEAFNESS_KNOWN: Duration = Duration::from_secs(3);

/// How long what was asked may take to be answered after that.
const ANSWERED: Duration = Duration::from_secs(10);

/// How those are broken for good who are not whole at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruin {
    /// Killed.
    Dead,
    /// Stopped.
    Stopped,
    /// Cut off in both directions.
    Apart,
    /// They hear nobody.
    Deaf,
    /// Nobody hears them.
    Mute,
}

/// What came of a run.
pub(crate) struct Outcome {
    /// What was wrong; empty is good.
    pub(crate) wrong: Vec<String>,
    /// What the judges compared.
    pub(crate) verdict: Verdict,
    /// From whole to one view of all.
    pub(crate) together: Duration,
    /// From there to settled.
    pub(crate) settled: Duration,
}

impl Town {
    /// Heals everything, starts the dead, and brings everybody into [`GROUP`]; judges the run.
    pub(crate) fn finish(self) -> Outcome {
        let all: Vec<usize> = (0..self.nodes.len()).collect();
        self.finish_for(&all, Ruin::Dead)
    }

    /// The same for some alone: all others stay broken for good.
    pub(crate) fn finish_for(mut self, whole: &[usize], ruin: Ruin) -> Outcome {
        let (together, settled) = self.come_together(whole, ruin);
        self.end_well(whole);
        let verdict = self.judge();
        self.look_at_errors();
        Outcome { wrong: self.wrong.clone(), verdict, together, settled }
    }

    fn come_together(&mut self, whole: &[usize], ruin: Ruin) -> (Duration, Duration) {
        for node in self.up() {
            if self.nodes[node].as_ref().is_some_and(|node| node.stopped) {
                self.go_on(node);
            }
        }
        self.heal();
        self.expect("those asked to end have ended", Duration::from_secs(8), |town| {
            town.quits.iter().all(|node| town.nodes[*node].is_none())
        });
        for node in whole {
            if self.nodes[*node].is_none() {
                self.start(*node);
            }
        }
        self.ruin(whole, ruin);
        let all = whole.to_vec();
        self.expect("all started", Duration::from_secs(5), |town| {
            all.iter().all(|node| !town.sights[*node].process.is_empty())
        });
        if ruin == Ruin::Deaf {
            self.pass(DEAFNESS_KNOWN);
        }
        let together = self.gather(&all);
        let before: Vec<_> = all.iter().map(|n| self.sights[*n].count_of("settled")).collect();
        for node in &all {
            self.say(*node, &json!({ "do": "settled", "timeout_ms": 15_000 }));
        }
        let settled = self.expect("all settled", TOGETHER + Duration::from_secs(2), |town| {
            all.iter().zip(&before).all(|(n, before)| town.sights[*n].count_of("settled") > *before)
        });
        for node in &all {
            let late =
                self.sights[*node].errors.iter().find(|what| what.starts_with("not settled"));
            let late = late.map(|what| format!("{}: {what}", self.name(*node)));
            self.wrong.extend(late);
        }
        self.answer_whatever_is_asked(&all);
        for node in &all {
            let sight = &self.sights[*node];
            let (open, floods, asked) = (sight.open, sight.floods, sight.asked.clone());
            let name = self.name(*node);
            self.note(&format!("{name}: {open} open, {floods} floods, {asked:?} unanswered"));
        }
        (together, settled)
    }

    /// Breaks for good who is not whole.
    fn ruin(&mut self, whole: &[usize], ruin: Ruin) {
        let broken: Vec<usize> = self.up().into_iter().filter(|n| !whole.contains(n)).collect();
        for node in broken {
            self.note(&format!("RUIN {} {ruin:?}", self.name(node)));
            match ruin {
                Ruin::Dead => self.kill(node),
                Ruin::Stopped => self.stop(node),
                Ruin::Apart => self.cut(node, whole, &[], &[]),
                Ruin::Deaf => self.cut(node, &[], whole, &[]),
                Ruin::Mute => self.cut(node, &[], &[], whole),
            }
        }
    }

    /// Until all that was asked is answered. What is under way in a daemon its client learns a
    /// moment later: something may still come after it has said that all is settled.
    fn answer_whatever_is_asked(&mut self, all: &[usize]) {
        let asked = |town: &Self| all.iter().any(|node| !town.sights[*node].to_answer.is_empty());
        loop {
            all.iter().for_each(|node| self.answer_all(*node));
            self.expect("all answers", ANSWERED, |town| {
                let mut sights = all.iter().map(|node| &town.sights[*node]);
                asked(town) || sights.all(|s| s.open == 0 && s.floods == 0 && s.asked.is_empty())
            });
            if !asked(self) {
                return;
            }
        }
    }

    fn answer_all(&mut self, node: usize) {
        while let Some(to) = self.sights[node].to_answer.pop_front() {
            self.say(node, &json!({ "do": "reply", "to": to, "body": "late" }));
        }
    }

    /// Has everybody join who is not in, until all are in one view.
    fn gather(&mut self, all: &[usize]) -> Duration {
        let began = Instant::now();
        while !self.share_view(all, all) && began.elapsed() < TOGETHER {
            let is_in = |node: &usize| self.sights[*node].cores.contains_key(GROUP);
            let joins = |node: &usize| self.sights[*node].joining.contains(GROUP);
            let out: Vec<usize> =
                all.iter().copied().filter(|node| !is_in(node) && !joins(node)).collect();
            // Who joins a group that has died out finds nobody; nobody is waited for who leaves it.
            if !all.iter().any(is_in) && !self.founds {
                self.founds = true;
                self.say(all[0], &json!({ "do": "found", "group": GROUP, "members": [] }));
            } else {
                self.founds &= !all.iter().any(is_in);
                let founder = self.founds.then_some(all[0]);
                for node in out.into_iter().filter(|node| Some(*node) != founder) {
                    self.say(node, &json!({ "do": "join", "group": GROUP }));
                    self.sights[node].joining.insert(GROUP.into());
                }
            }
            self.wait(Duration::from_millis(300), |town| town.share_view(all, all));
        }
        self.expect("all in one view", Duration::ZERO, |town| town.share_view(all, all));
        began.elapsed()
    }

    fn end_well(&mut self, whole: &[usize]) {
        let all = whole.to_vec();
        let here: Vec<String> = all.iter().map(|n| self.sights[*n].process.clone()).collect();
        for node in &all {
            self.say(*node, &json!({ "do": "quiesce", "component": here }));
        }
        self.expect("the mark", Duration::from_secs(5), |town| {
            all.iter().all(|node| town.sights[*node].count_of("quiesce") > 0)
        });
        for node in &all {
            self.say(*node, &json!({ "do": "quit" }));
        }
        self.expect("all ended", Duration::from_secs(8), |town| {
            all.iter().all(|node| town.nodes[*node].is_none())
        });
        for node in &all {
            if self.sights[*node].count_of("end") == 0 {
                self.wrong.push(format!("{} did not end well", self.name(*node)));
            }
        }
    }

    /// The histories as they are, and again as if all had ended at the mark: quitting leaves every
    /// group, so that only the second look compares the views in which everybody came together.
    fn judge(&mut self) -> Verdict {
        let logs = match read_dir(&self.directory.join("histories")) {
            Ok(logs) => logs,
            Err(error) => {
                self.wrong.push(error.to_string());
                return Verdict::default();
            }
        };
        let verdict = judge(&logs, &Options::default());
        let at_mark: Vec<Log> = logs.iter().map(cut_at_mark).collect();
        for verdict in [&verdict, &judge(&at_mark, &Options::default())] {
            self.wrong.extend(verdict.violations.iter().take(5).map(ToString::to_string));
            self.wrong.extend(verdict.void.clone());
        }
        verdict
    }

    fn look_at_errors(&mut self) {
        for node in 0..self.nodes.len() {
            let file = self.directory.join(format!("{}.stderr", self.name(node)));
            let said = std::fs::read_to_string(file).unwrap_or_default();
            if !said.is_empty() {
                self.wrong.push(format!("{} said: {said}", self.name(node)));
            }
            let garbage = std::mem::take(&mut self.sights[node].garbage);
            self.wrong.extend(garbage);
        }
    }
}

fn cut_at_mark(log: &Log) -> Log {
    let mut log = log.clone();
    let mark = log.events.iter().rposition(|event| matches!(event, Event::Quiesce { .. }));
    if let Some(mark) = mark
        && log.events.last() == Some(&Event::End)
    {
        log.events.truncate(mark + 1);
        log.events.push(Event::End);
    }
    log
}
