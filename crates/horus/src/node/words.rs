//! Words: a command as a person types it, made into the JSON that it stands for.

use serde_json::{Map, Value};

/// How the words after the verb are taken.
enum Slot {
    /// One word.
    One(&'static str),
    /// One word that may be missing; a number if it is one.
    Maybe(&'static str),
    /// All that are left, a list.
    Each(&'static str),
    /// All that is left of the line, as it is.
    Rest(&'static str),
}

use Slot::{Each, Maybe, One, Rest};

/// A verb and its places. Any field can also be given by name, `msg=a#1:7`, before the last place.
const VERBS: [(&str, &[Slot]); 23] = [
    ("peer", &[One("name"), One("address")]),
    ("found", &[One("group"), Each("members")]),
    ("join", &[One("group"), Maybe("contact")]),
    ("leave", &[One("group")]),
    ("cast", &[One("group"), One("order"), Rest("body")]),
    ("create", &[One("lwg"), Each("members")]),
    ("add", &[One("lwg"), Each("members")]),
    ("remove", &[One("lwg"), Each("members")]),
    ("destroy", &[One("lwg")]),
    ("send", &[One("lwg"), One("order"), Rest("body")]),
    ("reply", &[One("to"), Rest("body")]),
    ("replies", &[One("msg"), Maybe("count")]),
    ("discard", &[One("msg")]),
    ("flood", &[]),
    ("put", &[One("lwg"), One("name"), One("file")]),
    ("held", &[]),
    ("where", &[One("lwg")]),
    ("settled", &[Maybe("timeout_ms")]),
    ("stats", &[]),
    ("keys", &[Maybe("file")]),
    ("quiesce", &[]),
    ("chaos", &[]),
    ("quit", &[]),
];

/// Fields whose value is a list even when one word is given; commas part them.
const LISTS: [&str; 5] = ["members", "drop", "drop_in", "drop_out", "component"];
/// Fields that are numbers, or true or false.
const PLAIN: [&str; 14] = [
    "count",
    "size",
    "rate",
    "timeout_ms",
    "safe",
    "stable",
    "quiet",
    "attempt",
    "from",
    "bytes",
    "loss",
    "twice",
    "corrupt",
    "delay_ms",
];
/// Fields that can be given by name.
const NAMED: [&str; 9] =
    ["msg", "order", "group", "lwg", "contact", "set", "semantics", "name", "reply"];

/// The JSON that a line of words stands for.
///
/// # Errors
/// A sentence naming the word that does not fit.
pub(crate) fn parse(line: &str) -> Result<Value, String> {
    let (verb, mut rest) = split(line);
    let (_, slots) = VERBS.iter().find(|(known, _)| *known == verb).ok_or_else(|| {
        let known: Vec<_> = VERBS.iter().map(|(known, _)| *known).collect();
        format!("unknown command `{verb}`: {}", known.join(", "))
    })?;
    let mut fields = Map::new();
    fields.insert("do".into(), verb.into());
    let mut slots = slots.iter().peekable();
    loop {
        if let Some(Rest(field)) = slots.peek()
            && named(rest).is_none()
        {
            fields.insert((*field).into(), rest.trim().into());
            return Ok(Value::Object(fields));
        }
        let (word, after) = split(rest);
        if word.is_empty() {
            break;
        }
        if let Some((field, value)) = named(rest) {
            fields.insert(field.into(), value_of(field, value));
        } else {
            match slots.peek() {
                Some(One(field) | Maybe(field)) => {
                    fields.insert((*field).into(), value_of(field, word));
                    slots.next();
                }
                Some(Each(field)) => {
                    let list = fields.entry(*field).or_insert_with(|| Value::Array(Vec::new()));
                    list.as_array_mut().expect("made as one").push(word.into());
                }
                _ => return Err(format!("`{verb}` does not go with `{word}`")),
            }
        }
        rest = after;
    }
    match slots.find(|slot| matches!(slot, One(field) if !fields.contains_key(*field))) {
        Some(One(field)) => Err(format!("`{verb}` needs {field}")),
        _ => Ok(Value::Object(fields)),
    }
}

fn split(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    line.split_once(char::is_whitespace).unwrap_or((line, ""))
}

fn named(rest: &str) -> Option<(&str, &str)> {
    let (field, value) = split(rest).0.split_once('=')?;
    let known = LISTS.iter().chain(&PLAIN).chain(&NAMED).any(|known| *known == field);
    known.then_some((field, value))
}

fn value_of(field: &str, value: &str) -> Value {
    if LISTS.contains(&field) {
        let words = value.split(',').filter(|word| !word.is_empty());
        return Value::Array(words.map(Value::from).collect());
    }
    if PLAIN.contains(&field)
        && let Ok(value) = serde_json::from_str(value)
    {
        return value;
    }
    value.into()
}
