//! Unread: a node whose standard output nobody reads, or that cannot be written, ends all the same.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use horus::history::{Event, Log, read_dir};
use serde_json::{Value, json};

/// For all that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer to a line that makes no sense holds that line: a pipe is soon full of them.
const NONSENSE: usize = 100_000;

/// So many of them do not fill what the node keeps for its reader besides.
const TAKEN: usize = 9;

/// A node, killed when dropped.
struct Node(Child);

impl Node {
    fn start(room: &Path, name: &str, all: &[(&str, SocketAddr)], output: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_horus"));
        command.args(["node", "--json", "--name", name]);
        for (other, address) in all {
            match *other == name {
                true => command.args(["--listen", &address.to_string()]),
                false => command.args(["--peer", &format!("{other}={address}")]),
            };
        }
        command.arg("--state").arg(room.join("state"));
        command.arg("--history").arg(room.join("histories").join(name));
        command.stdin(Stdio::piped()).stdout(output).stderr(Stdio::piped());
        Self(command.spawn().expect("the binary of this crate"))
    }

    fn say(&mut self, line: &str) {
        writeln!(self.0.stdin.as_mut().expect("asked for"), "{line}").expect("it reads");
    }

    /// What it tells, from now on.
    fn told(&mut self) -> Receiver<Value> {
        let output = self.0.stdout.take().expect("asked for");
        let (tell, told) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.for_each(|line| drop(tell.send(serde_json::from_str(&line).expect("an event"))));
        });
        told
    }

    fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(sent.expect("a program named kill").success());
    }

    /// How it ended, and what it complained of.
    fn end(mut self) -> (ExitStatus, String) {
        let (tell, told) = channel();
        let mut errors = self.0.stderr.take().expect("asked for");
        std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            let _ = tell.send(text);
        });
        let complaint = told.recv_timeout(PATIENCE).expect("it ends");
        (self.0.wait().expect("it has ended"), complaint)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn room(called: &str) -> PathBuf {
    let name = format!("horus-unread-{}-{called}", std::process::id());
    let room = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&room);
    std::fs::create_dir_all(&room).expect("a directory for temporary files");
    room
}

fn addresses<const N: usize>() -> [SocketAddr; N] {
    let sockets = [(); N].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a free port"));
    sockets.map(|socket| socket.local_addr().expect("bound"))
}

fn wait_for(told: &Receiver<Value>, what: &str, fits: impl Fn(&Value) -> bool) {
    let until = Instant::now() + PATIENCE;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let event = told.recv_timeout(left).unwrap_or_else(|_| panic!("no {what}"));
        if fits(&event) {
            return;
        }
    }
}

fn history(room: &Path, name: &str) -> Log {
    let mut logs = read_dir(&room.join("histories").join(name)).expect("histories");
    assert_eq!(logs.len(), 1);
    logs.remove(0)
}

/// a is in a group with b, and as far as nobody reads what it tells.
fn unread(called: &str) -> (PathBuf, Node, Node, Receiver<Value>) {
    let room = room(called);
    let [at_a, at_b] = addresses();
    let all = [("a", at_a), ("b", at_b)];
    let mut b = Node::start(&room, "b", &all, Stdio::piped());
    let heard = b.told();
    let mut a = Node::start(&room, "a", &all, Stdio::piped());
    a.say(&json!({ "do": "found", "group": "g", "members": ["b"] }).to_string());
    wait_for(&heard, "view of both", |event| {
        event["ev"] == "view" && event["members"].as_array().is_some_and(|all| all.len() == 2)
    });
    let nonsense = "x".repeat(NONSENSE);
    for number in 1..=2 * TAKEN {
        a.say(&nonsense);
        let msg = number.to_string();
        let cast =
            json!({ "do": "cast", "group": "g", "order": "fbcast", "msg": msg, "body": "x" });
        a.say(&cast.to_string());
    }
    let last = TAKEN.to_string();
    wait_for(&heard, "cast of a node that is not read", |event| {
        event["ev"] == "deliver" && event["msg"] == last.as_str()
    });
    (room, a, b, heard)
}

/// a has left and ended well, and b knows; said on standard error that it was not read.
fn ended_well(room: &Path, a: Node, heard: &Receiver<Value>) {
    wait_for(heard, "view without a", |event| {
        event["ev"] == "view" && event["members"].as_array().is_some_and(|all| all.len() == 1)
    });
    let (status, complaint) = a.end();
    assert_eq!(status.code(), Some(0), "{complaint}");
    assert!(complaint.contains("nobody reads standard output"), "{complaint}");
    let log = history(room, "a");
    assert_eq!(log.events.last(), Some(&Event::End));
    let left = |event: &Event| match event {
        Event::Left { reason: Some(reason), .. } => reason.as_str() == "left",
        _ => false,
    };
    assert!(log.events.iter().any(left), "it left");
}

#[test]
fn a_node_that_nobody_reads_leaves_and_ends_at_a_signal() {
    let (room, a, _b, heard) = unread("signal");
    a.terminate();
    ended_well(&room, a, &heard);
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn a_node_that_nobody_reads_leaves_and_ends_with_its_input() {
    let (room, mut a, _b, heard) = unread("input");
    drop(a.0.stdin.take());
    ended_well(&room, a, &heard);
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn a_node_without_room_for_its_output_says_so_and_fails_and_who_closes_a_pipe_is_not_scolded() {
    let (reader, closed) = std::io::pipe().expect("a pipe");
    drop(reader);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let outputs = [Some((Stdio::from(closed), 0)), full.ok().map(|full| (full.into(), 1))];
    for (number, (output, code)) in outputs.into_iter().flatten().enumerate() {
        let room = room(&format!("unwritten-{number}"));
        let [at] = addresses();
        let mut node = Node::start(&room, "a", &[("a", at)], output);
        node.say(&json!({ "do": "found", "group": "g", "members": [] }).to_string());
        drop(node.0.stdin.take());
        let (status, complaint) = node.end();
        assert_eq!(status.code(), Some(code), "{complaint}");
        assert_eq!(complaint.contains("standard output cannot be written"), code == 1);
        assert_eq!(complaint.lines().count(), usize::from(code == 1), "{complaint}");
        assert_eq!(history(&room, "a").events.last(), Some(&Event::End));
        let _ = std::fs::remove_dir_all(room);
    }
}
