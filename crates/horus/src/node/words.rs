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

/// A verb: its places, what else is given by name before the last place, what it is for.
type Verb = (&'static str, &'static [Slot], &'static [&'static str], &'static str);

const VERBS: [Verb; 26] = [
    ("peer", &[One("name"), One("address")], &[], "where another node listens"),
    (
        "found",
        &[One("group"), Each("members")],
        &[],
        "start a core group with these; an error names who does not come",
    ),
    (
        "terms",
        &[One("group")],
        &["primary", "refuse", "listed", "key", "asked"],
        "what holds in a core group; said alike at each node, before `found` or `join`: a view is \
         primary with most of the nodes primary=a,b,c; refuse=true: others take no multicasts; who \
         comes in is of the nodes listed=a,b or has said the same key=; asked=true: `asks` tells \
         who would, and the key= that it has said, and waits for `answer`",
    ),
    (
        "answer",
        &[One("group"), One("who")],
        &["denied"],
        "let in who asks to come into a core group; denied=7: do not, for this reason of your own",
    ),
    (
        "digest",
        &[One("group"), One("digest")],
        &[],
        "a number for this node's state: `merged` tells those of all sides that become one",
    ),
    ("join", &[One("group"), Maybe("contact")], &[], "join a core group, by way of a member"),
    ("leave", &[One("group")], &[], "leave a core group"),
    ("cast", &[One("group"), One("order"), Rest("body")], SENT, "multicast in a core group"),
    (
        "create",
        &[One("lwg"), Each("members")],
        &["set", "semantics"],
        "make a light-weight group: a label of this node's; semantics=relaxed: no agreed views",
    ),
    ("add", &[One("lwg"), Each("members")], &[], "add members; LWG is a label or an id"),
    ("remove", &[One("lwg"), Each("members")], &[], "remove members, this node too"),
    ("destroy", &[One("lwg")], &[], "end a light-weight group"),
    ("send", &[One("lwg"), One("order"), Rest("body")], SENT, "multicast in a light-weight group"),
    ("reply", &[One("to"), Rest("body")], &["reply"], "answer a delivered message"),
    (
        "replies",
        &[One("msg"), Maybe("count")],
        &[],
        "take so many answers, or all; `answered` comes when they are here, or no more will come",
    ),
    ("discard", &[One("msg")], &[], "take no more answers"),
    (
        "flood",
        &[],
        &["group", "lwg", "order", "size", "count", "rate", "quiet"],
        "multicast COUNT messages of SIZE bytes, RATE a second; quiet=true: tell no deliveries",
    ),
    (
        "put",
        &[One("lwg"), One("name"), One("file")],
        &["msg", "from", "bytes"],
        "multicast a file's content under a name: a document that newcomers get too",
    ),
    ("held", &[], &[], "tell what documents are here"),
    (
        "where",
        &[One("lwg")],
        &[],
        "tell where a light-weight group stands, why there, and what its core group carries",
    ),
    ("settled", &[Maybe("timeout_ms")], &[], "wait until nothing is under way"),
    ("stats", &[], &[], "tell every counter"),
    ("keys", &[Maybe("file")], &[], "take the keys in a file, or read those in use again"),
    (
        "quiesce",
        &[],
        &["component"],
        "write the mark that faults are over, among these if not all: a,b#3; a bare name is the \
         newest of it",
    ),
    (
        "chaos",
        &[],
        &["drop", "drop_in", "drop_out", "loss", "twice", "corrupt", "delay_ms"],
        "ignore datagrams of and to these nodes; spoil so many in 100; alone: heal all",
    ),
    (
        "quit",
        &[],
        &[],
        "leave every group and end, once what was asked is answered; so does the end of input; a \
         join that no line waits for is given up",
    ),
];
/// What a multicast may say besides.
const SENT: &[&str] = &["msg", "safe", "stable"];

/// What `horus node --help` says of the lines.
pub(crate) fn help() -> String {
    let mut text = String::from(
        "Lines, in words or as JSON: `send files abcast hello` is\n\
         {\"do\":\"send\",\"lwg\":\"files\",\"order\":\"abcast\",\"body\":\"hello\"}. \
         ORDER is mbcast, fbcast,\n\
         cbcast, abcast or gbcast. What has a `=` stands before the last word that has none;\n\
         of what is a list commas part the words. BODY is all that follows, to the end of\n\
         the line, spaces too: options stand before it, safe=true; behind `--` all is body.\n\
         What cannot be said in words, like a group with spaces, can as JSON. Processes are\n\
         named a, the newest of that name, or a#3; who was not met yet is waited for, 5\n\
         seconds. A core group of a word over 15 letters, or odd ones, is shown as a number,\n\
         the same at all; views tell the word beside it where it was used.\n",
    );
    for (verb, slots, more, what) in &VERBS {
        let mut line = format!("  {verb}");
        for slot in *slots {
            line += &match slot {
                One(field) | Rest(field) => format!(" {}", field.to_uppercase()),
                Maybe(field) => format!(" [{}]", field.to_uppercase()),
                Each(field) => format!(" {}...", field.to_uppercase()),
            };
        }
        for field in *more {
            line += &format!(" [{field}=]");
        }
        text += &format!("\n{line}\n          {what}");
    }
    text
}

/// Fields whose value is a list even when one word is given; commas part them.
const LISTS: [&str; 7] =
    ["members", "primary", "listed", "drop", "drop_in", "drop_out", "component"];
/// Fields that are numbers, or true or false.
const PLAIN: [&str; 14] = [
    "refuse",
    "count",
    "size",
    "rate",
    "timeout_ms",
    "safe",
    "stable",
    "quiet",
    "from",
    "bytes",
    "loss",
    "twice",
    "corrupt",
    "delay_ms",
];
/// The same, and with a `=` only where a verb has them: elsewhere they may begin a body.
const OWN: [&str; 3] = ["asked", "denied", "digest"];
/// Fields that can be given by name.
const NAMED: [&str; 10] =
    ["msg", "order", "group", "lwg", "contact", "set", "semantics", "name", "reply", "key"];
/// What stands before a body that is to be taken as it is.
const ALL_BODY: &str = "--";

/// Whether a command is called so.
pub(crate) fn is_verb(word: &str) -> bool {
    VERBS.iter().any(|(verb, ..)| *verb == word)
}

/// What is said of a command that there is none of.
pub(crate) fn unknown(verb: &str) -> String {
    let known: Vec<_> = VERBS.iter().map(|(known, ..)| *known).collect();
    format!("unknown command `{verb}`: {}; `horus node --help` tells of each", known.join(", "))
}

/// The JSON that a line of words stands for.
///
/// # Errors
/// A sentence naming the word that does not fit.
pub(crate) fn parse(line: &str) -> Result<Value, String> {
    let (verb, mut rest) = split(line);
    let found = VERBS.iter().find(|(known, ..)| *known == verb);
    let (_, slots, more, _) = found.ok_or_else(|| unknown(verb))?;
    let mut fields = Map::new();
    fields.insert("do".into(), verb.into());
    let mut slots = slots.iter().peekable();
    loop {
        if let Some(Rest(field)) = slots.peek()
            && named(rest, more).is_none()
        {
            if let Some(body) = body(rest, more)? {
                fields.insert((*field).into(), body.into());
                return Ok(Value::Object(fields));
            }
            break;
        }
        let (word, after) = split(rest);
        if word.is_empty() {
            break;
        }
        if let Some((field, value)) = named(rest, more) {
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
    let missing = slots.find_map(|slot| match slot {
        One(field) if !fields.contains_key(*field) => Some(format!("`{verb}` needs {field}")),
        Rest(field) => {
            Some(format!("`{verb}` needs {field}: `{ALL_BODY}` alone stands for one that is empty"))
        }
        _ => None,
    });
    missing.map_or(Ok(Value::Object(fields)), Err)
}

/// A body as it is meant, if there is one.
///
/// # Errors
/// A sentence if it ends with what looks like an option: that would be lost in it.
fn body<'a>(rest: &'a str, more: &[&str]) -> Result<Option<&'a str>, String> {
    let text = rest.trim();
    if let (ALL_BODY, body) = split(text) {
        return Ok(Some(body.trim()));
    }
    let last = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    match named(last, more) {
        Some((field, _)) if more.contains(&field) => Err(format!(
            "`{last}` stands behind the body: options stand before it, or `{ALL_BODY}` does if all \
             is meant as it is"
        )),
        _ => Ok(Some(text).filter(|text| !text.is_empty())),
    }
}

fn split(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    line.split_once(char::is_whitespace).unwrap_or((line, ""))
}

fn named<'a>(rest: &'a str, more: &[&str]) -> Option<(&'a str, &'a str)> {
    let (field, value) = split(rest).0.split_once('=')?;
    let known = LISTS.iter().chain(&PLAIN).chain(&NAMED).chain(more).any(|known| *known == field);
    known.then_some((field, value))
}

fn value_of(field: &str, value: &str) -> Value {
    if LISTS.contains(&field) {
        let words = value.split(',').filter(|word| !word.is_empty());
        return Value::Array(words.map(Value::from).collect());
    }
    if (PLAIN.contains(&field) || OWN.contains(&field))
        && let Ok(value) = serde_json::from_str(value)
    {
        return value;
    }
    value.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::command::Command;
    use super::*;

    /// The fields that a verb's command has, as its refusal of one that no command has names them.
    fn fields(verb: &str) -> BTreeSet<String> {
        let line = serde_json::json!({ "do": verb, "no_such_field": 0 });
        let refused = match serde_json::from_value::<Command>(line) {
            Ok(_) => String::new(),
            Err(refused) => refused.to_string(),
        };
        refused.split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn help_names_each_field_of_each_command() {
        for (verb, slots, more, _) in &VERBS {
            let places = slots.iter().map(|slot| match slot {
                One(field) | Maybe(field) | Each(field) | Rest(field) => *field,
            });
            let told = places.chain(more.iter().copied()).map(str::to_owned);
            assert_eq!(told.collect::<BTreeSet<_>>(), fields(verb), "{verb}");
        }
    }
}
