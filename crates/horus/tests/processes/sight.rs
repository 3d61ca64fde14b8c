//! Sight: what a run of a node has told so far, as far as whoever drives it has to know.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use serde_json::Value;

/// A view as its member told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Its id.
    pub(crate) view: String,
    /// Its members.
    pub(crate) members: Vec<String>,
    /// Whether it is a primary one, where the group has those.
    pub(crate) primary: Option<bool>,
    /// When it was read.
    pub(crate) at: Instant,
}

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    /// `name#incarnation`, once it has started.
    pub(crate) process: String,
    /// Core groups that it is in.
    pub(crate) cores: BTreeMap<String, Seen>,
    /// Light-weight groups that it is in.
    pub(crate) lights: BTreeMap<String, Seen>,
    /// Core groups that it joins.
    pub(crate) joining: BTreeSet<String>,
    /// Deliveries that may be replied to.
    pub(crate) to_answer: VecDeque<String>,
    /// Messages delivered, by group.
    pub(crate) delivered: BTreeMap<String, u64>,
    /// How often each kind of event was told.
    pub(crate) count: BTreeMap<String, u64>,
    /// Own messages whose replies were asked for, all of them, and whose end is to be told.
    pub(crate) asked: BTreeSet<String>,
    /// Operations on light-weight groups that were asked for and have not ended.
    pub(crate) open: usize,
    /// Floods under way.
    pub(crate) floods: usize,
    /// What it could not do.
    pub(crate) errors: Vec<String>,
    /// What it wrote that is no event.
    pub(crate) garbage: Vec<String>,
    /// The last `left` of each group.
    pub(crate) left: BTreeMap<String, Value>,
    /// The last `where`.
    pub(crate) place: Value,
    /// Each `asks`.
    pub(crate) asks: Vec<Value>,
    /// Each `merged`.
    pub(crate) merged: Vec<Value>,
    /// It will write no more.
    pub(crate) closed: bool,
    /// The last `stats`.
    pub(crate) stats: Value,
}

impl Sight {
    /// How often this was told.
    pub(crate) fn count_of(&self, kind: &str) -> u64 {
        self.count.get(kind).copied().unwrap_or(0)
    }

    /// Takes what was told.
    pub(crate) fn take(&mut self, at: Instant, event: &Value) {
        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        let Some(kind) = event["ev"].as_str() else {
            self.garbage.push(event.to_string());
            return;
        };
        *self.count.entry(kind.to_owned()).or_default() += 1;
        match kind {
            "start" => self.process = text("proc"),
            "view" => {
                let members = event["members"].as_array().into_iter().flatten();
                let members = members.filter_map(Value::as_str).map(str::to_owned).collect();
                let primary = event["primary"].as_bool();
                let seen = Seen { view: text("view"), members, primary, at };
                let light = event.get("core").is_some();
                let groups = if light { &mut self.lights } else { &mut self.cores };
                groups.insert(text("group"), seen);
                self.joining.remove(&text("group"));
            }
            "left" => {
                self.cores.remove(&text("group"));
                self.lights.remove(&text("group"));
                self.joining.remove(&text("group"));
                self.left.insert(text("group"), event.clone());
            }
            "join_req" => {
                self.joining.insert(text("group"));
            }
            "deliver" => {
                *self.delivered.entry(text("group")).or_default() += 1;
                if self.lights.contains_key(&text("group")) {
                    self.to_answer.push_back(text("msg"));
                }
            }
            "created" | "done" => self.open = self.open.saturating_sub(1),
            "answered" | "discard_replies" => {
                self.asked.remove(&text("msg"));
            }
            "flooded" => self.floods = self.floods.saturating_sub(1),
            "stats" => self.stats = event.clone(),
            "where" => self.place = event.clone(),
            "asks" => self.asks.push(event.clone()),
            "merged" => self.merged.push(event.clone()),
            "error" => self.take_error(event),
            _ => {}
        }
    }

    fn take_error(&mut self, event: &Value) {
        let what = event["what"].as_str().unwrap_or_default().to_owned();
        match event["do"].as_str() {
            Some("create" | "add" | "remove" | "destroy") => {
                self.open = self.open.saturating_sub(1);
            }
            Some("flood") => self.floods = self.floods.saturating_sub(1),
            Some("replies") => {
                self.asked.remove(event["msg"].as_str().unwrap_or_default());
            }
            _ => {}
        }
        self.errors.push(what);
    }
}
