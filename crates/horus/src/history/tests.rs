//! Histories come back from disk as they were written, and only a torn end is forgiven.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use super::*;

fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("horus-history-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn parse(line: &str) -> Event {
    serde_json::from_str(line).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let place = directory("round");
    let mut writer = Writer::create(&place, "a#1").unwrap();
    let events = vec![
        Event::View(Box::new(View {
            group: "G".into(),
            view: "1:a#1".into(),
            members: vec!["a#1".into()],
            ..View::default()
        })),
        Event::Send(Send::new("G", "a#1:1", Order::Abcast)),
        Event::Deliver(Deliver::new("G", "a#1:1", "a#1")),
        Event::Quiesce { component: None },
        Event::End,
    ];
    events.iter().for_each(|event| writer.write(event).unwrap());
    let logs = read_dir(&place).unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0].proc.as_str(), "a#1");
    assert_eq!(logs[0].events[1..], events);
    let text = fs::read_to_string(place.join("a#1.jsonl")).unwrap();
    assert!(text.contains(r#"{"ev":"send","group":"G","msg":"a#1:1","order":"abcast"}"#), "{text}");
}

#[test]
fn a_torn_last_line_is_ignored_and_another_bad_line_is_named() {
    let place = directory("torn");
    let path = place.join("a#1.jsonl");
    fs::write(&path, "{\"ev\":\"quiesce\"}\n{\"ev\":\"en").unwrap();
    let log = read_file(&path).unwrap();
    assert!(log.torn);
    assert_eq!((log.proc.as_str(), log.events.len()), ("a#1", 1));
    fs::write(&path, "{\"ev\":\"end\"}\n{\"ev\":\"en\n{\"ev\":\"end\"}\n").unwrap();
    let error = read_file(&path).unwrap_err();
    assert!(matches!(error, Error::Line { line: 2, .. }), "{error}");
    // One line is told, the file's.
    assert!(error.to_string().ends_with("a#1.jsonl:2: EOF while parsing a string at column 9"));
}

#[test]
fn a_number_and_a_string_of_one_spelling_are_one_id() {
    let a = parse(r#"{"ev":"stable","group":7,"msg":12}"#);
    let b = parse(r#"{"ev":"stable","group":"7","msg":"12"}"#);
    assert_eq!(a, b);
    assert_eq!(
        parse(r#"{"ev":"sent","msg":1,"view":[12,"a#1"]}"#),
        parse(r#"{"ev":"sent","msg":1,"view":"12:a#1"}"#)
    );
}

#[test]
fn unknown_fields_are_ignored_and_unknown_events_counted() {
    assert_eq!(parse(r#"{"at":3,"ev":"left","group":"G"}"#), parse(r#"{"ev":"left","group":"G"}"#));
    let mut log = Log::new("a#1");
    log.push(parse(r#"{"ev":"chaos","drop":["b"]}"#));
    assert_eq!(log.unknown, 1);
}

#[test]
fn an_event_without_a_field_it_needs_is_refused() {
    assert!(serde_json::from_str::<Event>(r#"{"ev":"deliver","group":"G"}"#).is_err());
    assert!(
        serde_json::from_str::<Event>(r#"{"ev":"send","group":"G","msg":1,"order":"x"}"#).is_err()
    );
    assert!(serde_json::from_str::<Event>(r#"{"ev":"stable","group":1.5,"msg":1}"#).is_err());
}

#[test]
fn two_files_of_one_process_are_refused() {
    let place = directory("twice");
    for name in ["a#1.jsonl", "b#1.jsonl"] {
        fs::write(place.join(name), "{\"ev\":\"start\",\"proc\":\"a#1\"}\n").unwrap();
    }
    assert!(matches!(read_dir(&place), Err(Error::Twice { .. })));
}

#[test]
fn nothing_follows_the_last_line() {
    let place = directory("after");
    let path = place.join("a#1.jsonl");
    for (last, then) in [("end", "quiesce"), ("crash", "crash"), ("crash", "end"), ("end", "x")] {
        let text = format!("{{\"ev\":\"{last}\"}}\n{{\"ev\":\"{then}\"}}\n");
        fs::write(&path, &text).unwrap();
        let error = read_file(&path).unwrap_err();
        let says = format!("a#1.jsonl:2: {last} is the last line");
        assert!(error.to_string().ends_with(&says), "{error}");
        // What was torn is no line.
        fs::write(&path, text.trim_end()).unwrap();
        assert_eq!(read_file(&path).unwrap().events.len(), 1);
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let place = directory("pipe");
    let path = place.join("a#1.jsonl");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let error = read_dir(&place).unwrap_err();
    assert!(error.to_string().ends_with("a#1.jsonl: not a regular file"), "{error}");
}
