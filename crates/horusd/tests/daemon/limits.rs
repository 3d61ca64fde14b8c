//! Limits: a daemon that runs out of descriptors, and clients of another version.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use muts::{NodeId, ProcId};
use vsync::gate::{Bye, Say, VERSIONS, framed};

use super::desk::{Desk, bye, group};
use super::house::{Daemon, LONG};

/// Descriptors of the daemon: some more than it has open by itself.
const DESCRIPTORS: &str = "40";

#[test]
fn without_descriptors_newcomers_wait_and_who_is_there_goes_on() {
    let daemon = Daemon::start_as("descriptors", |command| {
        let program = command.get_program().to_owned();
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -n \"$0\"; exec \"$@\"", DESCRIPTORS]).arg(program);
        for (key, value) in command.get_envs() {
            limited.env(key, value.expect("said"));
        }
        *command = limited;
    });
    let mut there = Desk::attach(&daemon, "there");
    let own = group(&mut there, "own");
    let mut crowd: Vec<UnixStream> =
        (0..60).map(|_| UnixStream::connect(daemon.socket()).expect("a backlog")).collect();
    there.trips(own, 20);
    let mut last = crowd.pop().expect("many");
    last.write_all(&framed(&Say::Query(br#"{"ask":"status"}"#.to_vec()))).expect("written");
    last.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
    assert!(last.read(&mut [0; 64]).is_err(), "there was a descriptor for everybody");
    drop(crowd);
    last.set_read_timeout(Some(LONG)).expect("a timeout");
    assert!(last.read(&mut [0; 64]).expect("an answer") > 0, "it is let in when others have left");
    Desk::attach(&daemon, "new");
    there.trips(own, 20);
    assert_eq!(daemon.status("ready"), serde_json::json!(true));
}

#[test]
fn a_client_of_another_version_is_told_what_to_do() {
    let daemon = Daemon::start("version", &[]);
    let mut there = Desk::attach(&daemon, "there");
    let mut newer = UnixStream::connect(daemon.socket()).expect("a door");
    let me = ProcId { node: NodeId::of_name("newer"), incarnation: 1 };
    let hello = Say::Hello { versions: (VERSIONS.1 + 1, VERSIONS.1 + 1), me, name: "newer".into() };
    newer.write_all(&framed(&hello)).expect("written");
    let why = bye(&mut newer).expect("a reason");
    assert_eq!(why, Bye::Version);
    assert_eq!(why.to_string(), "it speaks another version of the gate; update one of the two");
    let own = group(&mut there, "own");
    there.trips(own, 1);
}

#[test]
fn who_asks_too_long_a_question_is_told_how_long_it_may_be() {
    let daemon = Daemon::start("overlong", &[]);
    let mut asker = UnixStream::connect(daemon.socket()).expect("a door");
    asker.write_all(&framed(&Say::Query(vec![b'x'; 5_000]))).expect("written");
    asker.set_read_timeout(Some(LONG)).expect("a timeout");
    let mut answer = Vec::new();
    asker.read_to_end(&mut answer).expect("an answer, and an end");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("bytes is too long: at most 4096"), "{answer}");
    assert_eq!(daemon.status("ready"), serde_json::json!(true));
}
