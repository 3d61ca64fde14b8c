//! Record: everything that happens, to the history and to standard output, in one order.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use horus::history::{Event, Writer};
use serde_json::{Map, Value, json};

use super::limits::BODY_SHOWN_MAX;
use super::outlet::Outlet;

/// Where events go.
pub(crate) struct Record {
    history: Option<(Writer, PathBuf)>,
    outlet: Arc<Outlet>,
    json: bool,
    /// Why the history can no longer be trusted.
    broken: Option<String>,
}

impl Record {
    /// Begins both: `start` is the first line of each.
    ///
    /// # Errors
    /// A sentence if the history cannot be written.
    pub(crate) fn open(
        directory: Option<&Path>,
        process: &str,
        json: bool,
        outlet: Arc<Outlet>,
    ) -> Result<Self, String> {
        let history = match directory {
            Some(directory) => {
                let writer = Writer::create(directory, process);
                let writer = writer.map_err(|error| unwritten(directory, &error))?;
                Some((writer, directory.to_owned()))
            }
            None => None,
        };
        let mut record = Self { history, outlet, json, broken: None };
        record.show(&Event::Start { proc: process.into() }, []);
        Ok(record)
    }

    /// An event of the history: written first, then shown with what else is known.
    pub(crate) fn event<'a>(
        &mut self,
        event: &Event,
        more: impl IntoIterator<Item = (&'a str, Value)>,
    ) {
        self.quietly(event);
        self.show(event, more);
    }

    /// An event of the history that is not worth a line on standard output.
    pub(crate) fn quietly(&mut self, event: &Event) {
        // What follows a line that was torn would be lost with it.
        if self.broken.is_none()
            && let Some((history, directory)) = &mut self.history
            && let Err(error) = history.write(event)
        {
            self.broken = Some(unwritten(directory, &error));
        }
    }

    /// An event for standard output alone.
    pub(crate) fn tell(&mut self, event: &str, fields: Value) {
        let mut line = Map::new();
        line.insert("ev".into(), event.into());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        self.line(line);
    }

    /// Something could not be understood or done.
    pub(crate) fn error(&mut self, what: impl Into<String>) {
        self.tell("error", json!({ "what": what.into() }));
    }

    /// Why the history can no longer be written.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Nothing more is told; returns when it was read, or nobody reads it. False: it could not be
    /// written.
    pub(crate) fn finish(&self) -> bool {
        self.outlet.finish()
    }

    fn show<'a>(&mut self, event: &Event, more: impl IntoIterator<Item = (&'a str, Value)>) {
        let value = serde_json::to_value(event).expect("an event is an object");
        if let Value::Object(mut line) = value {
            line.extend(more.into_iter().map(|(field, value)| (field.to_owned(), value)));
            self.line(line);
        }
    }

    fn line(&self, mut line: Map<String, Value>) {
        let text = if self.json {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let at_us = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
            line.insert("at_us".into(), at_us.into());
            Value::Object(line).to_string()
        } else {
            words(&line)
        };
        self.outlet.tell(&text);
    }
}

/// A body as it is shown: its text, if it is one and short.
pub(crate) fn shown(body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok(text) if body.len() <= BODY_SHOWN_MAX => text.into(),
        _ => format!("{} bytes", body.len()).into(),
    }
}

fn unwritten(directory: &Path, error: &io::Error) -> String {
    format!("cannot write the history in {}: {error}", directory.display())
}

/// An event for a person: what happened, what it is about, then all else by name.
fn words(line: &Map<String, Value>) -> String {
    let mut text = line.get("ev").and_then(Value::as_str).unwrap_or_default().to_owned();
    let about = ["what", "proc", "group"].into_iter().find(|field| line.contains_key(*field));
    if let Some(value) = about.and_then(|field| line.get(field)) {
        text.push(' ');
        match value {
            // A sentence needs no marks to be read.
            Value::String(what) if about == Some("what") && is_one_line(what) => {
                text.push_str(what);
            }
            // What looks like a process is none.
            Value::String(word) if about == Some("group") && word.contains('#') => {
                push_quoted(&mut text, value);
            }
            _ => push_value(&mut text, value),
        }
    }
    for (field, value) in line {
        if field != "ev" && Some(field.as_str()) != about {
            text.push(' ');
            text.push_str(field);
            text.push('=');
            push_value(&mut text, value);
        }
    }
    text
}

fn is_one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Whether a word can be told from what stands beside it.
fn is_plain(word: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "\"\\'`=[]".contains(c);
    !word.is_empty() && !word.chars().any(odd)
}

/// A word as it is, or in quotes as JSON has it.
fn push_value(text: &mut String, value: &Value) {
    match value {
        Value::String(word) if is_plain(word) => text.push_str(word),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(' ');
                }
                push_value(text, item);
            }
            text.push(']');
        }
        other => push_quoted(text, other),
    }
}

/// As JSON has it.
fn push_quoted(text: &mut String, value: &Value) {
    text.push_str(&value.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_words_an_event_reads_as_a_line() {
        let Value::Object(line) = json!({"ev": "view", "group": "G", "members": ["a#1", "b#1"]})
        else {
            panic!("an object");
        };
        assert_eq!(words(&line), "view G members=[a#1 b#1]");
        let Value::Object(line) = json!({"do": "leave", "ev": "error", "group": "G", "what": "no"})
        else {
            panic!("an object");
        };
        assert_eq!(words(&line), "error no do=leave group=G");
    }

    #[test]
    fn in_words_whatever_could_be_taken_for_more_is_quoted() {
        let odd = json!({"ev": "deliver", "group": "a\"b", "body": "x=1 y", "msg": "",
                         "from": "a#1", "members": ["c d", "e"]});
        let Value::Object(line) = odd else { panic!("an object") };
        assert_eq!(
            words(&line),
            r#"deliver "a\"b" body="x=1 y" from=a#1 members=["c d" e] msg="""#
        );
        let Value::Object(line) = json!({"ev": "left", "group": "G#1"}) else {
            panic!("an object");
        };
        assert_eq!(words(&line), r#"left "G#1""#);
        let Value::Object(line) = json!({"ev": "error", "what": "not\nso", "line": "dance now"})
        else {
            panic!("an object");
        };
        assert_eq!(words(&line), r#"error "not\nso" line="dance now""#);
    }

    #[test]
    fn only_short_text_is_shown_of_a_body() {
        assert_eq!(shown(b"hello"), json!("hello"));
        assert_eq!(shown(&[0xff; 3]), json!("3 bytes"));
        assert_eq!(shown(&[b'a'; 1_000]), json!("1000 bytes"));
    }
}
