//! Trace: what applications did with groups, a line each.
//!
//! ```text
//! at 12.5                 seconds since the beginning; grows
//! create G A B C          a group and its members
//! add G D                 one joins
//! remove G A              one leaves
//! send G 10 200           so many messages of so many bytes
//! destroy G
//! fail A                  a process dies
//! ```
//!
//! A line that begins with `#` says nothing.

use muts::Duration;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    At(Duration),
    Create { group: String, members: Vec<String> },
    Add { group: String, members: Vec<String> },
    Remove { group: String, members: Vec<String> },
    Send { group: String, count: u64, bytes: u64 },
    Destroy { group: String },
    Fail { process: String },
}

/// All of a trace, or which line is wrong and why.
pub(crate) fn read(text: &str) -> Result<Vec<Event>, String> {
    let mut events = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first().is_none_or(|first| first.starts_with('#')) {
            continue;
        }
        // Not what stands there: it may be a secret, of a file that was mistaken for a trace.
        let wrong = || {
            format!(
                "line {} is none of: at SECONDS; create, add, remove GROUP MEMBER...; send GROUP \
                 COUNT BYTES; destroy GROUP; fail PROCESS",
                at + 1
            )
        };
        events.push(event(&words).ok_or_else(wrong)?);
    }
    Ok(events)
}

fn event(words: &[&str]) -> Option<Event> {
    let some = |members: &[&str]| {
        (!members.is_empty()).then(|| members.iter().map(|member| (*member).to_owned()).collect())
    };
    Some(match words {
        ["at", seconds] => {
            let seconds: f64 = seconds.parse().ok()?;
            Event::At(Duration::try_from_secs_f64(seconds).ok()?)
        }
        ["create", group, members @ ..] => {
            Event::Create { group: (*group).into(), members: some(members)? }
        }
        ["add", group, members @ ..] => {
            Event::Add { group: (*group).into(), members: some(members)? }
        }
        ["remove", group, members @ ..] => {
            Event::Remove { group: (*group).into(), members: some(members)? }
        }
        ["send", group, count, bytes] => Event::Send {
            group: (*group).into(),
            count: count.parse().ok()?,
            bytes: bytes.parse().ok()?,
        },
        ["destroy", group] => Event::Destroy { group: (*group).into() },
        ["fail", process] => Event::Fail { process: (*process).into() },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_and_a_wrong_line_is_named() {
        let text = "# a trace\nat 1.5\ncreate G A B\n\nsend G 10 200\nfail A\ndestroy G\n";
        assert_eq!(read(text).expect("right").len(), 5);
        for wrong in ["at noon", "create G", "send G 1", "at -1", "sing"] {
            let why = read(&format!("at 0\n{wrong}\n")).expect_err("wrong");
            assert!(why.starts_with("line 2 is none of: at SECONDS; ") && !why.contains(wrong));
        }
    }
}
