//! Operator: what a daemon is asked from the command line, in words, in JSON and as an exit code.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};

use super::housed::{Houses, SECOND, socket};
use super::keys;
use super::town::GROUP;

/// The exit codes that `horus --help` tells of.
pub(super) const REFUSED: i32 = 1;
pub(super) const UNREACHED: i32 = 3;
pub(super) const NOT_READY: i32 = 4;

fn horus(words: &[&str], socket: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_horus"));
    command.args(words).arg("--socket").arg(socket).output().expect("it runs")
}

/// Exit code, what is written, and what is complained of.
pub(super) fn ask(words: &[&str], socket: &Path) -> (i32, String, String) {
    let output = horus(words, socket);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("it ended"), text(output.stdout), text(output.stderr))
}

/// The same as one object.
pub(super) fn object(words: &[&str], socket: &Path) -> (i32, Value) {
    let output = horus(&[words, &["--json"]].concat(), socket);
    let object = serde_json::from_slice(&output.stdout).expect("an object");
    keys::are_as_told(words[0], &object);
    (output.status.code().expect("it ended"), object)
}

#[test]
fn an_operator_is_answered_in_words_objects_and_exit_codes() {
    let mut houses = Houses::new("operator", 2, 2, None);
    let [d0, d1] = [0, 1].map(|daemon| socket(&houses.town, daemon));
    [0, 1].into_iter().for_each(|node| houses.town.start(node));
    houses.town.found_group(&[0, 1]);
    let [x, y] = [0, 1].map(|node| houses.town.name(node));

    let (code, words, _) = ask(&["status"], &d0);
    assert_eq!(code, 0);
    assert!(words.contains("clients: 1\n") && words.contains("ready: true\n"), "{words}");
    let (code, status) = object(&["status"], &d0);
    assert_eq!((code, &status["daemons_heard"], &status["ready"]), (0, &json!(1), &json!(true)));
    let (code, groups) = object(&["groups"], &d0);
    assert_eq!((code, &groups["groups"][0]["member_count"]), (0, &json!(2)), "{groups}");
    let (code, members) = object(&["members", GROUP], &d0);
    assert_eq!((code, members["members"].as_array().map(Vec::len)), (0, Some(2)), "{members}");
    assert_eq!(members["called"], GROUP);
    let (code, why) = object(&["why", GROUP], &d0);
    assert_eq!((code, &why["called"], &why["held"]), (0, &json!(GROUP), &json!(false)), "{why}");
    let (code, why) = object(&["why", y], &d0);
    assert_eq!((code, &why["heard"]), (0, &json!(true)));
    assert!(why["daemon"].as_str().is_some_and(|daemon| daemon.starts_with("d1#")), "{why}");
    let (code, counters, _) = ask(&["counters"], &d0);
    assert!(code == 0 && counters.contains("gate.put_out: "), "{counters}");

    for (words, says) in [
        (&["members", "nope"][..], "no client here is in `nope`; `groups` lists"),
        (&["groups", "--light"], "ask one of those, opened with `--operators"),
        (&["out", y], "`status` lists them"),
    ] {
        let (code, _, complaint) = ask(words, &d0);
        assert!(code == REFUSED && complaint.contains(says), "{words:?}: {code} {complaint}");
    }
    let (code, words, _) = ask(&["why", "nobody"], &d0);
    assert!(code == REFUSED && words.contains("no daemon that was met here"), "{words}");
    let (code, _, complaint) = ask(&["status"], &houses.town.directory.join("none"));
    assert!(code == UNREACHED && complaint.contains("start horusd"), "{code} {complaint}");

    let nowhere = houses.town.directory.join("nowhere");
    let mut command = Command::new(env!("CARGO_BIN_EXE_horus"));
    command.arg("status").env("XDG_RUNTIME_DIR", &nowhere).env_remove("HORUSD_SOCKET");
    let output = command.output().expect("it runs");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let own = nowhere.join("horus/horusd.sock").display().to_string();
    let asked = complaint.contains(&own) && complaint.contains("; nor at /run/horus/horusd.sock");
    // Where a daemon of the system runs it has answered.
    assert!(asked || output.status.success(), "{complaint}");

    assert_eq!(ask(&["drain"], &d0).0, 0);
    let (code, words, _) = ask(&["status"], &d0);
    assert!(code == NOT_READY && words.contains("waits for: it is drained\n"), "{code} {words}");
    let (code, out) = object(&["out", x], &d0);
    assert!(code == 0 && out["out"].as_str().is_some_and(|who| who.starts_with(x)), "{out}");
    houses.end_without_daemon(&[0], SECOND * 2);
    assert_eq!(ask(&["leave"], &d1).0, 0);
    houses.end_without_daemon(&[1], SECOND * 2);
    for daemon in 0..2 {
        let mut child = houses.daemons[daemon].take().expect("it ran");
        let ended = loop {
            if let Some(ended) = child.try_wait().expect("a child") {
                break ended;
            }
            houses.town.pass(Duration::from_millis(5));
        };
        assert!(ended.success(), "{ended}");
    }
    let directory = houses.town.directory.clone();
    drop(houses);
    let _ = std::fs::remove_dir_all(directory);
}
