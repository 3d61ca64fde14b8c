//! Node: one `horus node` as a process of its own, driven by lines; it never outlives its handle.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::time::Instant;

use serde_json::Value;

/// One thing that a process wrote; none once it will write no more.
pub(crate) struct Told {
    /// Which node.
    pub(crate) node: usize,
    /// Which of its runs.
    pub(crate) run: usize,
    /// When it was read.
    pub(crate) at: Instant,
    /// The event.
    pub(crate) event: Option<Value>,
}

/// A run of a node. Dropped, it is killed.
pub(crate) struct Node {
    child: Child,
    input: Option<ChildStdin>,
    /// Whether it is stopped by a signal.
    pub(crate) stopped: bool,
}

/// How a node is started.
pub(crate) struct Start<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// Where the others do.
    pub(crate) peers: Vec<(&'a str, SocketAddr)>,
    /// Where state, histories and errors go.
    pub(crate) directory: &'a Path,
    /// More options.
    pub(crate) more: &'a [String],
    /// The versions that it speaks, if not its own.
    pub(crate) pretends: Option<&'a str>,
}

impl Node {
    /// Starts a run; what it writes goes into the channel.
    pub(crate) fn start(
        start: &Start<'_>,
        node: usize,
        run: usize,
        told: Sender<Told>,
    ) -> std::io::Result<Self> {
        let errors = start.directory.join(format!("{}.stderr", start.name));
        let errors = OpenOptions::new().create(true).append(true).open(errors)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_horus"));
        command.args(["node", "--json", "--allow-chaos", "--name", start.name]);
        command.args(["--listen", &start.listen.to_string()]);
        for (name, address) in &start.peers {
            command.args(["--peer", &format!("{name}={address}")]);
        }
        command.arg("--state").arg(start.directory.join("state"));
        command.arg("--history").arg(start.directory.join("histories"));
        command.args(start.more);
        if let Some(versions) = start.pretends {
            command.env("HORUS_PRETENDS", versions);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().expect("asked for");
        let kept = format!("{}.{run}.told", start.name);
        let mut kept = BufWriter::new(File::create(start.directory.join(kept))?);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { break };
                let _ = writeln!(kept, "{line}");
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                let _ = told.send(Told { node, run, at: Instant::now(), event: Some(event) });
            }
            let _ = told.send(Told { node, run, at: Instant::now(), event: None });
        });
        Ok(Self { child, input, stopped: false })
    }

    /// Says a line. Whether it is still heard shows in what the process writes.
    pub(crate) fn say(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            let _ = writeln!(input, "{line}");
        }
    }

    /// Sends it a signal by name: the standard library only knows the one that kills.
    pub(crate) fn signal(&mut self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.expect("a program named kill").success(), "no signal {name} to {id}");
        match name {
            "STOP" => self.stopped = true,
            "CONT" => self.stopped = false,
            _ => {}
        }
    }

    /// SIGKILL; gone when this returns.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How it ended; for one that has closed its output, and so is about to.
    pub(crate) fn wait(&mut self) -> Option<ExitStatus> {
        self.child.wait().ok()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}
