//! House: a daemon as a process, with a directory of its own.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vsync::gate::{Reader, Say, Tell, framed};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// After this it hangs: what has no time of its own has this one.
pub(crate) const LONG: Duration = Duration::from_secs(60);

fn directory(called: &str) -> PathBuf {
    std::env::temp_dir().join(format!("horusd-{}-{called}", std::process::id()))
}

/// How a daemon is started that meets no other by accident; called `d` unless said otherwise.
pub(crate) fn command(called: &str, change: impl FnOnce(&mut Command)) -> Command {
    let directory = directory(called);
    std::fs::create_dir_all(&directory).expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_horusd"));
    // What is said by flags goes over it.
    command.env("HORUSD_NAME", "d").env("HORUSD_LISTEN", "127.0.0.1:0").env("HORUSD_LOG", "debug");
    command.env("HORUSD_SOCKET", directory.join("sock")).env("HORUSD_STATE", &directory);
    change(&mut command);
    command
}

/// A daemon with a directory of its own; both go with it.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) directory: PathBuf,
    socket: PathBuf,
    log: PathBuf,
}

impl Daemon {
    pub(crate) fn start(called: &str, more: &[&str]) -> Self {
        Self::start_as(called, |command| {
            command.args(more);
        })
    }

    /// The same with anything else about the process.
    pub(crate) fn start_as(called: &str, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = command(called, change);
        let directory = directory(called);
        let log = directory.join("log");
        let said = command.get_envs().find(|(key, _)| *key == "HORUSD_SOCKET");
        let socket = said.and_then(|(_, path)| path).map(PathBuf::from).expect("a socket");
        command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).expect("a log"));
        let child = command.spawn().expect("horusd");
        let daemon = Self { child, directory, socket, log };
        let began = Instant::now();
        while UnixStream::connect(daemon.socket()).is_err() {
            assert!(began.elapsed() < LONG, "it does not listen: {}", daemon.logged());
            std::thread::yield_now();
        }
        daemon
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// The most bytes of memory that it ever had.
    pub(crate) fn memory(&self) -> usize {
        let status = format!("/proc/{}/status", self.child.id());
        // Where there is no such file the tests of what waits for a client have to do.
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = most.and_then(|most| most.trim().trim_end_matches(" kB").parse::<usize>().ok());
        kib.unwrap_or(0) << 10
    }

    /// Waits until it hears so many other daemons.
    pub(crate) fn hears(&self, others: u64) {
        let began = Instant::now();
        while self.status("daemons_heard") != others {
            assert!(began.elapsed() < LONG, "not {others}: {}", self.logged());
            std::thread::yield_now();
        }
    }

    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What an operator is answered.
    pub(crate) fn ask(&self, query: &Value) -> Value {
        let mut stream = UnixStream::connect(self.socket()).expect("a door");
        let say = Say::Query(query.to_string().into_bytes());
        stream.write_all(&framed(&say)).expect("written");
        let (mut reader, mut bytes) = (Reader::default(), [0; 4096]);
        loop {
            let count = stream.read(&mut bytes).expect("an answer");
            assert!(count > 0, "it said nothing");
            if let Ok(Some(Tell::Answer(answer))) = reader.take(&mut &bytes[..count]) {
                return serde_json::from_slice(&answer).expect("an object");
            }
        }
    }

    /// A field of what it says of itself.
    pub(crate) fn status(&self, field: &str) -> Value {
        self.ask(&json!({ "ask": "status" }))[field].clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill").success()
        );
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
