//! Chat: the example as three processes, of which one is killed and starts again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// After this it hangs.
const LONG: Duration = Duration::from_secs(60);

/// How often a line is typed again until all have one: there is no room while somebody is missing.
const AGAIN: Duration = Duration::from_millis(20);

/// Tests are not given examples' programs, so cargo is asked.
fn chat() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.parent().and_then(Path::parent).expect("target/profile/deps/test");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "muts", "--example", "chat"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().expect("cargo runs").success(), "the example does not build");
    folder.join("examples/chat")
}

/// One who chats. Dropped, it is killed.
struct Person {
    child: Child,
    types: ChildStdin,
    hears: Receiver<String>,
}

impl Person {
    /// The first of these is oneself.
    fn start(chat: &Path, people: &[(&str, SocketAddr)], state: &Path) -> Self {
        let mut command = Command::new(chat);
        command.args(people.iter().map(|(name, address)| format!("{name}={address}")));
        command.env("XDG_STATE_HOME", state).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the example");
        let types = child.stdin.take().expect("asked for");
        let output = BufReader::new(child.stdout.take().expect("asked for"));
        let (teller, hears) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = teller.send(line);
            }
        });
        Self { child, types, hears }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.types, "{line}").expect("it reads");
    }

    /// Takes what comes for so long, until it is this.
    fn hears(&self, line: &str, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        loop {
            match self.hears.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(heard) if heard == line => return true,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => panic!("it has ended"),
            }
        }
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Until a line that this one types comes out at all others.
fn reaches_all(all: &mut [Person], from: usize, line: &str) {
    let began = Instant::now();
    let mut missing: Vec<usize> = (0..all.len()).filter(|other| *other != from).collect();
    while !missing.is_empty() {
        assert!(began.elapsed() < LONG, "{missing:?} never hear `{line}`");
        all[from].types(line);
        let said = format!("{}: {line}", ["ann", "bob", "cat"][from]);
        missing.retain(|other| !all[*other].hears(&said, AGAIN));
    }
}

#[test]
fn who_is_killed_and_starts_again_hears_and_is_heard_as_before() {
    let chat = chat();
    let state = std::env::temp_dir().join(format!("horus-chat-{}", std::process::id()));
    let free = [0; 3].map(|_| UdpSocket::bind("127.0.0.1:0").expect("a free port"));
    let at = free.each_ref().map(|socket| socket.local_addr().expect("bound"));
    drop(free);
    let mut people: Vec<_> = ["ann", "bob", "cat"].into_iter().zip(at).collect();
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(Person::start(&chat, &people, &state));
        people.rotate_left(1);
    }
    for from in 0..3 {
        reaches_all(&mut all, from, "hello");
    }

    people.rotate_left(1);
    let again = people.clone();
    // In place of the one before, which is killed by then.
    drop(all.remove(1));
    all.insert(1, Person::start(&chat, &again, &state));
    for from in 0..3 {
        reaches_all(&mut all, from, "again");
    }
    drop(all);
    let _ = std::fs::remove_dir_all(state);
}
