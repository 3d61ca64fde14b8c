//! Answers: what was seen of the tower, in words; one JSON object each. Where a daemon is asked the
//! same, it answers in the same fields: one word is of one type wherever it stands, and the table
//! in the README of this crate has all.

use std::path::PathBuf;
use std::sync::Arc;

use lwg::{Endpoint, Listed, LwgId, Seen};
use muts::{Instant, NodeId, ProcId};
use serde_json::{Map, Value, json};
use vsync::{Charge, Exclusion, GroupId, Hold};

use super::look::{Facts, Found, Meant, Peer, Status, Wanted, Why};
use super::query::Query;
use crate::book::Book;
use crate::config::Start;
use crate::shared::Shared;
use crate::sightings::Core;
use crate::word::{read_group, show_group, show_lwg};

/// What this process knows of itself.
pub(super) struct House {
    pub(super) shared: Arc<Shared>,
    pub(super) me: ProcId,
    /// Where it is asked.
    pub(super) socket: PathBuf,
    /// Where its kernel is, if not in here.
    pub(super) daemon: Option<PathBuf>,
    /// Whom it waits for before it begins.
    pub(super) start: Option<Start>,
}

/// That it cannot be.
pub(super) fn wrong(why: &str) -> Value {
    json!({ "error": why })
}

impl House {
    /// What to look for, and how the asker calls it.
    pub(super) fn wanted(&self, query: Query) -> (Wanted, String) {
        let none = String::new;
        match query {
            Query::Status => (Wanted::Status, none()),
            Query::Groups => (Wanted::Groups, none()),
            Query::Lights(most) => (Wanted::Lights(most), none()),
            Query::Counters => (Wanted::Counters, none()),
            Query::Leave => (Wanted::Leave, none()),
            Query::Members(called) => (Wanted::Members(self.group_meant(&called)), called),
            Query::Why(called) => {
                let meant = Meant { node: self.node_meant(&called), ..self.group_meant(&called) };
                (Wanted::Why(meant), called)
            }
        }
    }

    /// The answer.
    pub(super) fn answer(&self, called: &str, facts: Facts) -> Value {
        match facts {
            Facts::Status(status) => self.status(&status),
            Facts::Groups(listed, all) => {
                let more = all - listed.len();
                let listed: Vec<Value> = listed.iter().map(|core| self.core(core)).collect();
                json!({ "groups": listed, "groups_more": more })
            }
            Facts::Lights(listed, all) => {
                let more = all - listed.len();
                let listed: Vec<Value> = listed.iter().map(|light| self.light(light)).collect();
                json!({ "groups": listed, "groups_more": more })
            }
            Facts::Members(found) => self.members(called, found),
            Facts::Why(why) => self.why(called, *why),
            Facts::Counters(counters) => json!(counters),
            Facts::Leaving => json!({ "leaving": true }),
        }
    }

    fn book(&self) -> &Book {
        &self.shared.book
    }

    fn group_meant(&self, called: &str) -> Meant {
        Meant { node: None, light: self.book().light(called), core: read_group(called) }
    }

    fn node_meant(&self, called: &str) -> Option<NodeId> {
        let name = called.split_once('#').map_or(called, |(name, _)| name);
        let met = self.book().find(name).ok().flatten().map(|found| found.proc.node);
        met.or_else(|| Some(NodeId::of_name(name)).filter(|node| self.book().knows(*node)))
    }

    fn show_all(&self, members: &[Endpoint]) -> Vec<String> {
        members.iter().map(|member| self.book().show(member.proc)).collect()
    }

    fn show_view(&self, view: vsync::ViewId) -> String {
        format!("{}:{}", view.epoch, self.book().show(view.coordinator))
    }

    fn status(&self, status: &Status) -> Value {
        let start = self.start.as_ref().filter(|_| self.daemon.is_none());
        let waits_for = start.and_then(|start| self.book().missing(self.me.node, start));
        let count = |name: &str| status.counters.get(name);
        let met = status.met_and_heard.map(|(met, _)| met);
        json!({
            "process": self.book().show(self.me),
            "version": env!("CARGO_PKG_VERSION"),
            "listen": status.listens.map(|at| at.to_string()),
            "daemon_socket": self.daemon.as_ref().map(|socket| socket.display().to_string()),
            "socket": self.socket.display().to_string(),
            "processes_met": met.unwrap_or_else(|| self.book().met_beside(self.me.node)),
            "processes_heard": status.met_and_heard.map(|(_, heard)| heard),
            "ready": waits_for.is_none(),
            "waits_for": waits_for,
            "core_groups": status.cores,
            "core_groups_changing": count("vsync.changing"),
            "light_groups": status.lights,
            "changes_under_way": count("lwg.unsettled"),
            "replies_awaited": count("lwg.replies_awaited"),
            "asks_waiting": count("horus.asks_waiting"),
        })
    }

    /// What is said of a core group whatever is asked; `asked` is how the asker calls it, if it
    /// does.
    fn of_core(&self, asked: &str, core: &Core) -> Map<String, Value> {
        let id = number(core.group);
        let word = Some(show_group(core.group)).filter(|word| *word != id);
        object(json!({
            "kind": "core",
            "group": id,
            "called": called(asked, &id, word),
            "view": self.show_view(core.view),
            "member_count": core.members.len(),
            "members": self.show_all(&core.members),
        }))
    }

    /// The same of a light-weight group.
    fn of_light(&self, asked: &str, lwg: LwgId, seen: &Seen) -> Map<String, Value> {
        let id = show_lwg(lwg);
        object(json!({
            "kind": "light",
            "group": id,
            "called": called(asked, &id, self.book().label_of(lwg)),
            "view": format!("{:?}", seen.view),
            "core": number(seen.core),
            "member_count": seen.members.len(),
            "members": self.show_all(&seen.members),
        }))
    }

    fn core(&self, core: &Core) -> Value {
        let fields = json!({
            "at": self.book().show(self.me),
            "light_groups": core.lights,
            "extras": core.carried.map_or(0, |carried| carried.extras),
            "filtered": core.carried.map_or(0, |carried| carried.filtered),
            "bytes_spared": core.carried.map_or(0, |carried| carried.spared),
        });
        with(self.of_core("", core), fields)
    }

    fn light(&self, light: &Listed) -> Value {
        json!({
            "kind": "light",
            "group": show_lwg(light.lwg),
            "called": self.book().label_of(light.lwg),
            "view": format!("{:?}", light.view),
            "core": number(light.core),
            "member_count": light.members,
            "inside": light.inside,
        })
    }

    fn members(&self, asked: &str, found: Option<Found>) -> Value {
        match found {
            Some(Found::Core(core)) => Value::Object(self.of_core(asked, &core)),
            Some(Found::Light(lwg, seen)) => Value::Object(self.of_light(asked, lwg, &seen)),
            None => wrong(&format!(
                "this process is in no core group `{asked}` and knows no light-weight group that \
                 is called so; `groups` lists its core groups, `groups --light` the others"
            )),
        }
    }

    fn why(&self, asked: &str, why: Why) -> Value {
        match why {
            Why::Peer(peer) => self.peer(asked, &peer),
            Why::Core(core, holds, now) => self.held(asked, &core, holds, now),
            Why::Light(lwg, seen, place) => {
                let candidates = place.candidates.iter().map(|at| {
                    json!({
                        "core": number(at.core), "extras": at.extras, "light_groups": at.groups,
                    })
                });
                let fields = json!({
                    "core_members": self.show_all(&place.members),
                    "why": place.why,
                    "set": place.set.0,
                    "extras": place.extras,
                    "moves": place.moves,
                    "choked_by": self.show_all(&place.choked_by),
                    "candidates": candidates.collect::<Vec<_>>(),
                    "candidates_more": place.candidates_more,
                });
                with(self.of_light(asked, lwg, &seen), fields)
            }
            Why::Nobody => {
                let why = "no process of that name was met here, and no group that this process \
                           knows is called so";
                json!({
                    "kind": "unknown", "called": asked, "process": null, "heard": false, "why": why,
                })
            }
        }
    }

    /// Whether a process is heard, and why not if it is not.
    fn peer(&self, asked: &str, peer: &Peer) -> Value {
        let (who, heard, why) = self.heard(peer);
        let excluded = peer.exclusions.iter().map(|(exclusion, ago)| {
            let Exclusion { who, group, view, charge, .. } = exclusion;
            let id = number(*group);
            let word = Some(show_group(*group)).filter(|word| *word != id);
            json!({
                "process": self.book().show(*who),
                "by": self.book().show(self.me),
                "group": id,
                "called": word,
                "view": self.show_view(*view),
                "why": self.charge(*charge),
                "seconds_ago": ago.as_secs(),
            })
        });
        json!({
            "kind": "process",
            "called": asked,
            "process": who.map(|who| self.book().show(who)),
            "heard": heard,
            "why": why,
            "excluded": excluded.collect::<Vec<_>>(),
        })
    }

    /// Which process of a node is meant, whether it is heard, and why.
    fn heard(&self, peer: &Peer) -> (Option<ProcId>, bool, String) {
        if peer.node == self.me.node {
            return (Some(self.me), true, "it is this process".into());
        }
        if let Some((lowest, highest)) = peer.strange {
            let why = format!(
                "it speaks versions {lowest} to {highest} of frames, of which this process speaks \
                 none: update the older of the two"
            );
            return (None, false, why);
        }
        match (peer.kernel, &self.daemon) {
            (Some(Some(known)), _) => match known.charge {
                Some(charge) => (Some(known.who), false, self.charge(charge)),
                None if known.met => (Some(known.who), true, "it is heard".into()),
                None => (Some(known.who), false, "it is looked for, and was not met yet".into()),
            },
            (None, Some(daemon)) => self.heard_by(peer, &daemon.display().to_string()),
            _ => {
                let why = "it was never met: it does not run, or is not reached where its address \
                           says, or has other keys";
                (None, false, why.into())
            }
        }
    }

    /// The same of who is heard by the daemon, if at all.
    fn heard_by(&self, peer: &Peer, daemon: &str) -> (Option<ProcId>, bool, String) {
        let shown = format!("{:016x}", peer.node.0);
        let named = self.book().name(peer.node).unwrap_or(shown);
        let more = format!("`horus why {named} --socket {daemon}` says more");
        match self.book().newest(peer.node) {
            None => (None, false, format!("it was never met; {more}")),
            Some(who) if peer.over.is_some_and(|over| over >= who.incarnation) => {
                (Some(who), false, format!("it is over; {more}"))
            }
            Some(who) => (Some(who), true, format!("it was met and is not over; {more}")),
        }
    }

    fn charge(&self, charge: Charge) -> String {
        charge.say(&|proc| self.book().show(proc))
    }

    fn held(&self, asked: &str, core: &Core, holds: Option<Vec<Hold>>, now: Instant) -> Value {
        let why = match (&holds, &self.daemon) {
            (Some(holds), _) if holds.is_empty() => "nothing holds what is sent in it".into(),
            (None, Some(daemon)) => format!(
                "what holds it the kernel knows, which is in the daemon: `horus why {asked} \
                 --socket {}`",
                daemon.display()
            ),
            _ => "something holds what is sent in it".into(),
        };
        let held = holds.as_ref().map(|holds| !holds.is_empty());
        let holds = holds.unwrap_or_default();
        let show = |proc| self.book().show(proc);
        let holds: Vec<String> = holds.iter().map(|hold| hold.say(now, &show)).collect();
        let fields = json!({
            "light_groups": core.lights, "held": held, "why": why, "holds": holds,
        });
        with(self.of_core(asked, core), fields)
    }
}

/// The id of a core group, the same wherever it is told.
fn number(group: GroupId) -> String {
    format!("{:032x}", group.0)
}

/// What a group is called: as the asker does, unless that is its id, or as it is known here.
fn called(asked: &str, id: &str, known: Option<String>) -> Option<String> {
    Some(asked.to_owned()).filter(|asked| !asked.is_empty() && asked != id).or(known)
}

fn object(fields: Value) -> Map<String, Value> {
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}

fn with(mut all: Map<String, Value>, more: Value) -> Value {
    all.extend(object(more));
    Value::Object(all)
}
