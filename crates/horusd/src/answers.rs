//! Answers: what operators may ask a running daemon, one JSON object each way.
//!
//! `{"ask":"status"}`, `groups`, `members` with `group` and perhaps how that is `called`, `why`
//! with the `name` of a process or of a core group, and perhaps the id of that as `group`,
//! `counters`; and from its own user or root: `out` with `name`, `drain`, `leave`, and `chaos` with
//! what that has. In the answers one word is of one type wherever it stands: the table in the
//! README of `horus` has all.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use muts::{Counted, Instant, Multicast, NodeId, ProcId, Trouble};
use serde_json::{Map, Value, json};
use vsync::gate::Server;
use vsync::{GroupId, ViewId};

use crate::chaos;
use crate::config::Config;
use crate::limits::{GROUPS_LISTED_MAX, QUERY_BYTES_MAX};
use crate::others::called;

/// What is to be done beside the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Nothing,
    /// Put the client at this pipe out.
    Out(u32),
    /// Take no more clients, and end when the last has left.
    Drain,
    /// End.
    Leave,
    /// Have this be wrong with its links, and nothing else.
    Spoil(Trouble),
}

/// Daemons that speak no version of frames that is spoken here, and which they speak.
pub(crate) type Strange = BTreeMap<NodeId, (u8, u8)>;

/// What is said of one of them.
pub(crate) fn too_far(lowest: u8, highest: u8) -> String {
    format!(
        "its daemon speaks versions {lowest} to {highest} of frames, of which this one speaks \
         none: update the older of the two"
    )
}

/// What the daemon knows of itself.
pub(crate) struct Here<'a, M> {
    pub(crate) config: &'a Config,
    pub(crate) me: ProcId,
    pub(crate) now: Instant,
    pub(crate) server: &'a Server<M>,
    pub(crate) waits_for: Option<&'a str>,
    pub(crate) strange: &'a Strange,
    /// Where daemons that are named in the settings were found last.
    pub(crate) peers: &'a BTreeMap<String, SocketAddr>,
    pub(crate) draining: bool,
    pub(crate) listens: SocketAddr,
    pub(crate) health_at: Option<SocketAddr>,
}

/// The answer to a query; `may_act` says whether the asker may change anything.
pub(crate) fn answer<M: Multicast + Counted>(
    here: &Here<'_, M>,
    query: &[u8],
    may_act: bool,
) -> (Value, Deed) {
    if query.len() > QUERY_BYTES_MAX {
        let why =
            format!("a query of {} bytes is too long: at most {QUERY_BYTES_MAX}", query.len());
        return (wrong(&why), Deed::Nothing);
    }
    let query: Value = match serde_json::from_slice(query) {
        Ok(query @ Value::Object(_)) => query,
        _ => return (wrong("a query is a JSON object with `ask`"), Deed::Nothing),
    };
    let text = |key: &str| query.get(key).and_then(Value::as_str).unwrap_or_default();
    let ask = text("ask");
    if matches!(ask, "out" | "drain" | "leave" | "chaos") && !may_act {
        return (wrong("only the daemon's own user and root may do that"), Deed::Nothing);
    }
    match ask {
        "status" => (status(here), Deed::Nothing),
        "groups" if query.get("light") == Some(&Value::Bool(true)) => {
            (wrong(NO_LIGHT_GROUPS), Deed::Nothing)
        }
        "groups" => (groups(here), Deed::Nothing),
        "members" => (members(here, text("group"), text("called")), Deed::Nothing),
        "why" => (why(here, text("name"), text("group")), Deed::Nothing),
        "counters" => (counters(here), Deed::Nothing),
        "drain" => (json!({ "draining": true }), Deed::Drain),
        "leave" => (json!({ "leaving": true }), Deed::Leave),
        "chaos" => match chaos::wanted(query, here.config.allow_chaos, here.peers) {
            Ok((trouble, told)) => (told, Deed::Spoil(trouble)),
            Err(why) => (wrong(&why), Deed::Nothing),
        },
        "out" => {
            let name = text("name");
            let found = here
                .server
                .clients()
                .find(|(_, proc, known, ..)| *known == name || show(here, *proc) == name);
            match found {
                Some((pipe, proc, ..)) => (json!({ "out": show(here, proc) }), Deed::Out(pipe)),
                None => {
                    let why = format!("no client here is called `{name}`; `status` lists them");
                    (wrong(&why), Deed::Nothing)
                }
            }
        }
        _ => {
            let known = "status, groups, members, why, counters, out, drain, leave, chaos";
            (wrong(&format!("`{ask}` cannot be asked: {known}")), Deed::Nothing)
        }
    }
}

/// What light-weight groups there are is not known to it.
const NO_LIGHT_GROUPS: &str = "a daemon knows core groups alone: light-weight groups are made of \
                               them in its clients; ask one of those, opened with `--operators \
                               SOCKET`: `horus groups --light --socket SOCKET`";

fn wrong(why: &str) -> Value {
    json!({ "error": why })
}

/// How a process is written.
fn show<M: Multicast>(here: &Here<'_, M>, proc: ProcId) -> String {
    if proc == here.me {
        return format!("{}#{}", here.config.name, proc.incarnation);
    }
    match here.server.name(proc.node) {
        Some(name) => format!("{name}#{}", proc.incarnation),
        None => called(here.config, proc),
    }
}

/// Other daemons that were met and are not over.
fn daemons<M: Multicast>(here: &Here<'_, M>) -> Vec<Value> {
    let each = |(proc, silent): (ProcId, Option<Instant>)| {
        let mut found = here.peers.iter().filter(|(name, _)| NodeId::of_name(name) == proc.node);
        let address = found.next().map(|(_, address)| address.to_string());
        json!({ "process": show(here, proc), "address": address, "heard": silent.is_none() })
    };
    here.server.daemons().map(each).collect()
}

fn status<M: Multicast + Counted>(here: &Here<'_, M>) -> Value {
    let clients: Vec<Value> = here
        .server
        .clients()
        .map(|(_, proc, _, groups, waiting)| {
            json!({ "process": show(here, proc), "core_groups": groups, "bytes_waiting": waiting })
        })
        .collect();
    json!({
        "process": show(here, here.me),
        "version": env!("CARGO_PKG_VERSION"),
        "listen": here.listens.to_string(),
        "health": here.health_at.map(|at| at.to_string()),
        "socket": here.config.socket.display().to_string(),
        "daemons_heard": here.server.neighbours().count(),
        "daemons": daemons(here),
        "daemons_of_other_versions": here.strange.len(),
        "ready": here.waits_for.is_none(),
        "waits_for": here.waits_for,
        "draining": here.draining,
        "clients": clients,
    })
}

/// What is said of a core group whatever is asked.
fn of_core(called: &str, group: GroupId) -> Map<String, Value> {
    let id = format!("{:032x}", group.0);
    let called = Some(called).filter(|called| !called.is_empty() && *called != id);
    object(json!({ "kind": "core", "group": id, "called": called }))
}

fn object(fields: Value) -> Map<String, Value> {
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}

fn with(mut all: Map<String, Value>, more: Value) -> Value {
    all.extend(object(more));
    Value::Object(all)
}

fn show_view<M: Multicast>(here: &Here<'_, M>, view: ViewId) -> String {
    format!("{}:{}", view.epoch, show(here, view.coordinator))
}

fn groups<M: Multicast>(here: &Here<'_, M>) -> Value {
    let mut all: Vec<Value> = Vec::new();
    for (proc, view) in here.server.views().take(GROUPS_LISTED_MAX) {
        let fields = json!({
            "view": show_view(here, view.id),
            "at": show(here, proc),
            "member_count": view.members.len(),
        });
        all.push(with(of_core("", view.group), fields));
    }
    let more = here.server.views().count() - all.len();
    json!({ "groups": all, "groups_more": more })
}

fn members<M: Multicast>(here: &Here<'_, M>, group: &str, called: &str) -> Value {
    let called = if called.is_empty() { group } else { called };
    let id = group_of(group);
    let mut views: Vec<_> = here.server.views().filter(|(_, view)| view.group == id).collect();
    views.sort_by_key(|(_, view)| view.id);
    match views.last() {
        Some((_, view)) => {
            let members = view.members.iter().map(|member| show(here, member.proc));
            let fields = json!({
                "view": show_view(here, view.id),
                "member_count": view.members.len(),
                "members": members.collect::<Vec<_>>(),
            });
            with(of_core(called, id), fields)
        }
        None => wrong(&format!(
            "no client here is in `{called}`; `groups` lists where they are. A daemon knows core \
             groups alone: ask a client of a light-weight group"
        )),
    }
}

/// A word means the group of that word, as everywhere.
fn group_of(called: &str) -> GroupId {
    let id = u128::from_str_radix(called, 16).ok().filter(|_| called.len() == 32);
    id.map_or_else(|| GroupId::of_word(called), GroupId)
}

/// What holds a core group at the clients that are in it, if any are.
fn held<M: Multicast>(here: &Here<'_, M>, called: &str, group: &str) -> Option<Value> {
    let id = group_of(if group.is_empty() { called } else { group });
    let say = |proc| show(here, proc);
    let mut clients = 0;
    let mut holds: Vec<String> = Vec::new();
    for (proc, found) in here.server.why_held(id) {
        clients += 1;
        let at = show(here, proc);
        holds.extend(found.iter().map(|hold| format!("at {at}: {}", hold.say(here.now, &say))));
    }
    let of_group = of_core(called, id);
    let from_it = here.server.why_excluded().filter(|(_, exclusion)| exclusion.group == id);
    let excluded = from_it.map(|(proc, exclusion)| {
        json!({
            "process": say(exclusion.who),
            "by": say(proc),
            "group": of_group["group"],
            "called": of_group["called"],
            "view": show_view(here, exclusion.view),
            "why": exclusion.charge.say(&say),
            "seconds_ago": here.now.since(exclusion.at).as_secs(),
        })
    });
    let excluded: Vec<Value> = excluded.collect();
    let why = match holds.is_empty() {
        true => "nothing holds what is sent in it",
        false => "something holds what is sent in it",
    };
    let held = !holds.is_empty();
    (clients > 0).then(|| {
        let fields = json!({ "held": held, "why": why, "holds": holds, "excluded": excluded });
        with(of_group, fields)
    })
}

/// Where a process is, and why it is not heard if it is not.
fn why<M: Multicast>(here: &Here<'_, M>, called: &str, group: &str) -> Value {
    let name = called.split_once('#').map_or(called, |(name, _)| name);
    if let Some((lowest, highest)) = here.strange.get(&NodeId::of_name(name)) {
        return of_process(called, (None, None), false, &too_far(*lowest, *highest));
    }
    let Some(found) = here.server.explain(NodeId::of_name(name)) else {
        if let Some(daemon) = why_daemon(here, called, name) {
            return daemon;
        }
        if let Some(held) = held(here, called, group) {
            return held;
        }
        let why = "no daemon that was met here is called so, or has, or has had, a client of that \
                   name, and no client here is in a core group that is called so";
        return json!({
            "kind": "unknown", "called": called, "process": null, "heard": false, "why": why,
        });
    };
    let daemon = found.daemon.map_or_else(|| show(here, here.me), |daemon| show(here, daemon));
    let why = if found.over {
        "it is not attached any more, or its daemon is over"
    } else if found.silent.is_some() {
        "its daemon is silent"
    } else {
        "it is attached, and its daemon is heard"
    };
    let heard = !found.over && found.silent.is_none();
    let process = show(here, found.proc);
    of_process(called, (Some(process), Some(daemon)), heard, why)
}

/// What is said of a process, and of the daemon whose client it is if it is one.
fn of_process(
    called: &str,
    (process, daemon): (Option<String>, Option<String>),
    heard: bool,
    why: &str,
) -> Value {
    json!({
        "kind": "process", "called": called, "process": process, "daemon": daemon, "heard": heard,
        "why": why,
    })
}

/// Whether a daemon of that name is heard, if it is this one or was met and is not over.
fn why_daemon<M: Multicast>(here: &Here<'_, M>, called: &str, name: &str) -> Option<Value> {
    if name == here.config.name {
        let me = Some(show(here, here.me));
        return Some(of_process(called, (me, None), true, "it answers"));
    }
    let node = NodeId::of_name(name);
    let (proc, silent) = here.server.daemons().find(|(proc, _)| proc.node == node)?;
    let why = match silent {
        None => "it is a daemon, and is heard".to_owned(),
        Some(since) => {
            let seconds = here.now.since(since).as_secs();
            format!("it is a daemon that has been silent for {seconds} s")
        }
    };
    let process = format!("{name}#{}", proc.incarnation);
    Some(of_process(called, (Some(process), None), silent.is_none(), &why))
}

fn counters<M: Multicast + Counted>(here: &Here<'_, M>) -> Value {
    let mut all = Map::new();
    here.server.count(&mut |name, value| {
        let sum = all.get(name).and_then(Value::as_u64).unwrap_or(0) + value;
        all.insert(name.to_owned(), sum.into());
    });
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use muts::{Config as Muts, Transport};
    use vsync::gate::Config as Gate;

    #[test]
    fn who_may_only_ask_changes_nothing() {
        let settings =
            Settings { name: Some("d".into()), allow_chaos: Some(true), ..Settings::default() };
        let config = Config::of(&settings).expect("fine");
        let me = ProcId { node: NodeId::of_name("d"), incarnation: 1 };
        let server = Server::new(Transport::new(Muts::new(me, 1)), Gate::new(me, 1));
        let here = Here {
            config: &config,
            me,
            now: Instant::ZERO,
            server: &server,
            peers: &BTreeMap::new(),
            waits_for: None,
            strange: &Strange::new(),
            draining: false,
            listens: config.listen,
            health_at: None,
        };
        let of = |ask: &str, may_act| {
            let query = json!({ "ask": ask }).to_string();
            answer(&here, query.as_bytes(), may_act)
        };
        for (ask, deed) in [
            ("drain", Deed::Drain),
            ("leave", Deed::Leave),
            ("chaos", Deed::Spoil(Trouble::default())),
        ] {
            assert_eq!(of(ask, true).1, deed, "{ask}");
        }
        for ask in ["out", "drain", "leave", "chaos"] {
            let (answer, deed) = of(ask, false);
            let refused = answer["error"].as_str().is_some_and(|why| why.contains("and root"));
            assert!(refused && deed == Deed::Nothing, "{ask}: {answer}");
        }
        assert_eq!(of("status", false).0["process"], "d#1");
    }
}
