//! Node: one `horus node` process, driven by lines.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::Sender;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::events::Event;
use super::houses::Houses;
use super::limits::NAMES;
use super::wards::Wards;

/// Microseconds of the wall clock, as nodes stamp their events.
pub(super) fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Where light-weight groups are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// On as few core groups as fit.
    Smallest,
    /// Each on one of its own.
    OneToOne,
}

/// What all nodes of a run are started with.
pub(super) struct Kit<'a> {
    pub(super) binary: &'a Path,
    pub(super) policy: Policy,
    /// The daemons that they are behind, if any.
    pub(super) houses: Option<&'a Houses<'a>>,
    /// Ports on loopback, by process, of those who are behind none.
    pub(super) ports: [u16; NAMES.len()],
    /// Where histories, incarnations and what was said on standard error go.
    pub(super) folder: &'a Path,
}

/// Something from a node: which process, which start of it, what it told.
pub(super) type Mail = (usize, u32, Result<Event, String>);

/// A node that was started.
#[derive(Debug)]
pub(super) struct Node {
    /// Which of the processes.
    pub(super) number: usize,
    /// Which start of it.
    pub(super) start: u32,
    /// What the system calls it.
    pub(super) id: u32,
    /// `name#incarnation`, once it has said so.
    pub(super) proc: String,
    input: ChildStdin,
}

impl Node {
    /// Starts it; what it tells goes to the post.
    ///
    /// # Errors
    /// A sentence if it cannot be started.
    pub(super) fn start(
        kit: &Kit<'_>,
        (number, start): (usize, u32),
        post: &Sender<Mail>,
        wards: &Wards,
    ) -> Result<Self, String> {
        let name = NAMES[number];
        let cannot = |error| format!("cannot start process {name}: {error}");
        let errors = File::create(said(kit.folder, number, start)).map_err(cannot)?;
        let mut command = Command::new(kit.binary);
        command.args(["node", "--json", "--name", name]);
        command.arg("--state").arg(kit.folder.join("state"));
        command.arg("--history").arg(kit.folder.join("history"));
        command.args(match kit.policy {
            Policy::Smallest => ["--policy", "smallest"],
            Policy::OneToOne => ["--policy", "one-to-one"],
        });
        match kit.houses {
            Some(houses) => {
                command.arg("--daemon").arg(houses.socket(number, NAMES.len()));
            }
            None => {
                command.arg("--listen").arg(address(kit.ports[number]));
                let others = kit.ports.iter().enumerate().filter(|(other, _)| *other != number);
                for (other, port) in others {
                    command.arg("--peer").arg(format!("{}={}", NAMES[other], address(*port)));
                }
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(cannot)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let id = wards.take_in(child);
        let (Some(input), Some(output)) = (input, output) else {
            return Err(format!("process {name} has no standard input or output"));
        };
        let post = post.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let event = line.map_err(|error| error.to_string()).and_then(|line| {
                    serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))
                });
                // Nobody listens any more: then nobody wants it either.
                let _ = post.send((number, start, event));
            }
            let _ = post.send((number, start, Ok(Event::Gone)));
        });
        Ok(Self { number, start, id, proc: String::new(), input })
    }

    /// Tells it what to do; the time just before, in microseconds.
    ///
    /// # Errors
    /// A sentence if it does not listen.
    pub(super) fn tell(&mut self, command: &Value) -> Result<u64, String> {
        let at_us = now_us();
        let line = format!("{command}\n");
        self.input.write_all(line.as_bytes()).map_err(|error| {
            format!("process {} takes no commands: {error}", NAMES[self.number])
        })?;
        Ok(at_us)
    }
}

fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// Where a node's standard error goes.
fn said(folder: &Path, number: usize, start: u32) -> std::path::PathBuf {
    folder.join(format!("{}.{start}.stderr", NAMES[number]))
}

/// The last that a node said on standard error.
pub(super) fn last_words(folder: &Path, number: usize, start: u32) -> String {
    let text = fs::read_to_string(said(folder, number, start)).unwrap_or_default();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.map_or_else(String::new, |line| format!(": {line}"))
}
