//! Operator: what is asked from the command line of a running daemon, or of a process that answers.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use muts::os::{default_socket, packaged_socket};
use serde_json::{Value, json};
use vsync::gate::{Reader, Say, Tell, framed};
use vsync::limits::GATE_STRANGER_BYTES_MAX;

use crate::node;

/// It answered that it cannot be.
const REFUSED: u8 = 1;
/// Nobody answered.
const UNREACHED: u8 = 3;
/// It answered that it is not ready.
const NOT_READY: u8 = 4;

/// How long an answer may take: who lives answers within a turn of its loop.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whom, and how the answer is written.
#[derive(Debug, Args)]
pub(crate) struct To {
    /// The socket of a daemon, or of a process with --operators [default: where a daemon of this
    /// user listens, or else the one of the system]
    #[arg(long, value_name = "PATH", env = "HORUSD_SOCKET")]
    socket: Option<PathBuf>,
    /// One JSON object instead of words
    #[arg(long)]
    json: bool,
}

/// Exit code 0: it is so, or is done; 1: it says that it cannot be; 3: nobody answers; 4: it is not
/// ready.
#[derive(Debug, Subcommand)]
pub(crate) enum Ask {
    /// How it is, and who is attached to a daemon: exit code 4 if it is not ready
    Status {
        /// Whom.
        #[command(flatten)]
        to: To,
    },
    /// The core groups that it, or its clients, are in; with --light the light-weight groups that a
    /// process knows, which a daemon does not
    Groups {
        /// Light-weight groups: each with its core group, how many members it has, and whether the
        /// process is inside
        #[arg(long)]
        light: bool,
        /// How many of those are listed, 1 to 1000; of more it is told how many there are
        #[arg(long, value_name = "COUNT", requires = "light", default_value_t = 100,
            value_parser = clap::value_parser!(u32).range(1..))]
        most: u32,
        /// Whom.
        #[command(flatten)]
        to: To,
    },
    /// The members of a group, by its word or its number
    Members {
        /// The word, 32 hexadecimal digits, or the number of a light-weight group
        group: String,
        /// Whom.
        #[command(flatten)]
        to: To,
    },
    /// Where a process is, and why it may not be heard: exit code 1 if it is not. Of a process that
    /// is asked also where a group of its stands, or what holds it
    Why {
        /// The name of its node, or a group
        name: String,
        /// Whom.
        #[command(flatten)]
        to: To,
    },
    /// Every counter and gauge
    Counters {
        /// Whom.
        #[command(flatten)]
        to: To,
    },
    /// Put a client of a daemon out
    Out {
        /// Its name, or name#incarnation
        name: String,
        /// Whom.
        #[command(flatten)]
        to: To,
    },
    /// Have a daemon take no more clients, and end when the last has left
    Drain {
        /// Whom.
        #[command(flatten)]
        to: To,
    },
    /// End now; clients and others are told
    Leave {
        /// Whom.
        #[command(flatten)]
        to: To,
    },
    /// Spoil a daemon's links, if it allows that (`allow_chaos` of its settings): the fields of the
    /// line `chaos` of `horus node`, `drop=b,c loss=30`; what is not said is whole again
    Chaos {
        /// drop, drop_in, drop_out: names of `peers`, or addresses, that are ignored in both
        /// directions or one; loss, twice, corrupt: so many in 100 that go out; delay_ms: at most
        #[arg(value_name = "FIELD=VALUE")]
        how: Vec<String>,
        /// Whom.
        #[command(flatten)]
        to: To,
    },
}

impl Ask {
    fn parts(&self) -> Result<(&To, Value), String> {
        Ok(match self {
            Self::Status { to } => (to, json!({ "ask": "status" })),
            Self::Groups { light: false, to, .. } => (to, json!({ "ask": "groups" })),
            Self::Groups { light: true, most, to } => {
                (to, json!({ "ask": "groups", "light": true, "most": most }))
            }
            Self::Members { group, to } => {
                (to, json!({ "ask": "members", "group": number_of(group), "called": group }))
            }
            Self::Why { name, to } => {
                (to, json!({ "ask": "why", "name": name, "group": number_of(name) }))
            }
            Self::Counters { to } => (to, json!({ "ask": "counters" })),
            Self::Out { name, to } => (to, json!({ "ask": "out", "name": name })),
            Self::Drain { to } => (to, json!({ "ask": "drain" })),
            Self::Leave { to } => (to, json!({ "ask": "leave" })),
            Self::Chaos { how, to } => (to, node::chaos(&how.join(" "))?),
        })
    }
}

/// Asks, and shows the answer.
pub(crate) fn run(ask: &Ask) -> ExitCode {
    let (to, query) = match ask.parts() {
        Ok(parts) => parts,
        Err(why) => {
            eprintln!("horus: {why}");
            return ExitCode::from(node::BAD_OPTIONS);
        }
    };
    let query = framed(&Say::Query(query.to_string().into_bytes()));
    if query.len() > GATE_STRANGER_BYTES_MAX {
        let (bytes, most) = (query.len(), GATE_STRANGER_BYTES_MAX);
        eprintln!("horus: a question of {bytes} bytes is too long: at most {most} with its frame");
        return ExitCode::from(node::BAD_OPTIONS);
    }
    let answer = match put_somewhere(&places(to), &query) {
        Ok(answer) => answer,
        Err(why) => {
            eprintln!("horus: no answer {why}");
            return ExitCode::from(UNREACHED);
        }
    };
    let code = code_of(ask, &answer);
    if to.json {
        crate::say::say(format_args!("{answer}\n"), code)
    } else if let Some(why) = answer.get("error").and_then(Value::as_str) {
        eprintln!("horus: {why}");
        code
    } else {
        crate::say::say(in_words(&answer), code)
    }
}

fn code_of(ask: &Ask, answer: &Value) -> ExitCode {
    if answer.get("error").is_some() || answer.get("heard") == Some(&json!(false)) {
        return ExitCode::from(REFUSED);
    }
    match (ask, answer.get("ready")) {
        (Ask::Status { .. }, Some(Value::Bool(false))) => ExitCode::from(NOT_READY),
        _ => ExitCode::SUCCESS,
    }
}

/// Where to ask: as said, or where this user's daemon listens, and then that of the system.
fn places(to: &To) -> Vec<PathBuf> {
    let mut places = match &to.socket {
        Some(socket) => vec![socket.clone()],
        None => vec![default_socket(), packaged_socket()],
    };
    places.dedup();
    places
}

/// Asks at the first of these where somebody listens.
fn put_somewhere(places: &[PathBuf], query: &[u8]) -> Result<Value, String> {
    let mut unreached = Vec::new();
    for place in places {
        match UnixStream::connect(place) {
            Ok(stream) => {
                return put(stream, query).map_err(|why| format!("at {}: {why}", place.display()));
            }
            Err(error) => unreached.push(format!("at {}: {}", place.display(), why_not(&error))),
        }
    }
    Err(unreached.join("; nor "))
}

fn put(mut stream: UnixStream, query: &[u8]) -> Result<Value, String> {
    let patience = stream.set_read_timeout(Some(PATIENCE));
    patience.map_err(|error| error.to_string())?;
    // Who does not take it may have said why.
    let _ = stream.write_all(query);
    let (mut reader, mut bytes) = (Reader::default(), vec![0; 64 << 10]);
    loop {
        let count = match stream.read(&mut bytes) {
            Ok(count @ 1..) => count,
            Err(error) if is_late(&error) => {
                return Err("it does not come round to it, or is stopped; ask again".into());
            }
            Ok(0) | Err(_) => {
                return Err("it ends, or as many ask as may; ask again".into());
            }
        };
        let came = &mut &bytes[..count];
        loop {
            match reader.take::<Tell>(came) {
                Ok(Some(Tell::Answer(answer))) => {
                    return serde_json::from_slice(&answer).map_err(|error| error.to_string());
                }
                Ok(Some(Tell::Bye(why))) => return Err(why.to_string()),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return Err("it speaks something else".into()),
            }
        }
    }
}

fn is_late(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// Why nobody is reached, and what to do.
fn why_not(error: &std::io::Error) -> String {
    let what = match error.kind() {
        std::io::ErrorKind::NotFound => {
            "start horusd, or name the socket of who runs with --socket"
        }
        std::io::ErrorKind::ConnectionRefused => "who listened there does not run: start it",
        std::io::ErrorKind::PermissionDenied => {
            "this user may not: ask as its own, or see `socket_group` of horusd"
        }
        _ => return error.to_string(),
    };
    format!("{error}; {what}")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// How many items of a list an answer leaves out: what stands beside it as `LIST_more`.
fn left_out(answer: &Value, list: &str) -> u64 {
    answer.get(format!("{list}_more")).and_then(Value::as_u64).unwrap_or(0)
}

/// One line for each field, and one for each item of a list.
fn in_words(answer: &Value) -> String {
    let mut text = String::new();
    for (key, value) in answer.as_object().into_iter().flatten() {
        if key.strip_suffix("_more").is_some_and(|list| answer[list].is_array()) {
            continue;
        }
        let more = left_out(answer, key);
        // A counter is called what it is called.
        let key = if key.contains('.') { key.clone() } else { key.replace('_', " ") };
        let Value::Array(items) = value else {
            text.push_str(&format!("{key}: {}\n", plain(value)));
            continue;
        };
        let listed = items.len();
        text.push_str(&match more {
            0 => format!("{key}: {listed}\n"),
            more => format!("{key}: {}, of which {more} are not listed\n", listed as u64 + more),
        });
        for item in items {
            let line = match item {
                Value::Object(fields) => {
                    let fields = fields
                        .iter()
                        .map(|(key, value)| format!("{} {}", key.replace('_', " "), plain(value)));
                    fields.collect::<Vec<_>>().join(", ")
                }
                other => plain(other),
            };
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

/// The number of a core group, as a daemon knows it: it knows no words.
fn number_of(group: &str) -> String {
    let spelled = group.len() == 32 && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    if spelled { group.into() } else { format!("{:032x}", horus::group_of_word(group).0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_line_for_each_field_and_item() {
        let answer = json!({ "ready": true, "clients": [{ "process": "a#1", "groups": 2 }] });
        let words = in_words(&answer);
        assert!(words.contains("ready: true\n"), "{words}");
        assert!(words.contains("clients: 1\n  groups 2, process a#1\n"), "{words}");
        let group = json!({ "member_count": 2, "members": ["a#1", "b#1"] });
        let groups = |more| in_words(&json!({ "groups": [group], "groups_more": more }));
        assert_eq!(groups(0), "groups: 1\n  member count 2, members a#1 b#1\n");
        assert!(groups(6).starts_with("groups: 7, of which 6 are not listed\n"), "{}", groups(6));
        assert_eq!(in_words(&json!({ "gate.put_out": 1 })), "gate.put_out: 1\n");
    }
}
