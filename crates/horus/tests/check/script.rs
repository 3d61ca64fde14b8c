//! Histories in short lines: `PROC EVENT FIELD... [KEY=VALUE]...`, edited a line at a time.
//!
//! A process `a` is `a#1`; members are joined by commas. `all settle` marks (if it is not yet)
//! and ends every process that has not crashed. Lines that begin with `#` are for the reader.

use horus::check::{Options, judge};
use horus::history::{Event, Log};
use serde_json::{Map, Value, json};

/// A change to a story; the line named must be in it exactly once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    Replace(&'static str, &'static str),
    Drop(&'static str),
    After(&'static str, &'static str),
    Swap(&'static str, &'static str),
}

/// The histories of an edited story.
pub(crate) fn parse(story: &str, edits: &[Edit]) -> Vec<Log> {
    let mut lines: Vec<&str> = story
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    edits.iter().for_each(|edit| apply(&mut lines, *edit));
    let mut logs: Vec<Log> = Vec::new();
    for line in lines {
        if line == "all settle" {
            for log in logs.iter_mut().filter(|log| log.events.last() != Some(&Event::Crash)) {
                if !log.events.iter().any(|event| matches!(event, Event::Quiesce { .. })) {
                    log.push(Event::Quiesce { component: None });
                }
                log.push(Event::End);
            }
            continue;
        }
        let (proc, event) = parse_line(line);
        match logs.iter_mut().find(|log| *log.proc == *proc) {
            Some(log) => log.push(event),
            None => {
                let mut log = Log::new(proc);
                log.push(event);
                logs.push(log);
            }
        }
    }
    logs
}

/// The verdict on an edited story, as text.
pub(crate) fn report(story: &str, edits: &[Edit]) -> String {
    judge(&parse(story, edits), &Options::default()).to_string()
}

fn apply(lines: &mut Vec<&str>, edit: Edit) {
    let find = |lines: &[&str], wanted: &str| {
        let mut places = lines.iter().enumerate().filter(|(_, line)| **line == wanted);
        let place = places.next().unwrap_or_else(|| panic!("no line {wanted:?}")).0;
        assert!(places.next().is_none(), "{wanted:?} is there twice");
        place
    };
    match edit {
        Edit::Replace(old, new) => {
            let place = find(lines, old);
            lines[place] = new;
        }
        Edit::Drop(old) => {
            lines.remove(find(lines, old));
        }
        Edit::After(old, new) => lines.insert(find(lines, old) + 1, new),
        Edit::Swap(one, other) => {
            let (one, other) = (find(lines, one), find(lines, other));
            lines.swap(one, other);
        }
    }
}

fn process(name: &str) -> String {
    if name.contains('#') { name.into() } else { format!("{name}#1") }
}

fn processes(names: &str) -> Value {
    names.split(',').map(process).collect()
}

fn fields(event: &str) -> &'static [&'static str] {
    match event {
        "start" => &["proc"],
        "view" => &["group", "view", "members"],
        "send" => &["group", "msg", "order"],
        "deliver" => &["group", "msg", "from"],
        "sent" => &["msg", "view"],
        "send_fail" | "discard_replies" => &["msg"],
        "stable" => &["group", "msg"],
        "state" | "join_state" => &["group", "digest"],
        "reply" => &["msg", "reply"],
        "got_reply" => &["msg", "reply", "from"],
        "quiesce" | "crash" | "end" => &[],
        _ => &["group"],
    }
}

fn parse_line(line: &str) -> (String, Event) {
    let mut words = line.split_whitespace();
    let (proc, event) = (process(words.next().unwrap()), words.next().unwrap());
    let mut object = Map::new();
    object.insert("ev".into(), json!(event));
    let mut names = fields(event).iter();
    for word in words {
        let (key, value) = match word.split_once('=') {
            Some(pair) => pair,
            None => (*names.next().unwrap(), word),
        };
        let value = match key {
            "members" | "transitional" | "component" => processes(value),
            "from" => json!(process(value)),
            "safe" | "self" | "external" | "primary" => json!(value == "true"),
            _ => json!(value),
        };
        object.insert(key.into(), value);
    }
    let event = serde_json::from_value(Value::Object(object));
    (proc, event.unwrap_or_else(|error| panic!("{line}: {error}")))
}
