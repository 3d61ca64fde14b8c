//! Houses: daemons that the processes are behind, two to each, as two hosts would have them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::limits::PATIENCE;
use super::town::free_ports;
use super::wards::Wards;

/// One for the first two processes, one for the others.
const NAMES: [&str; 2] = ["east", "west"];

/// See the head of this file. They end when it goes.
pub(super) struct Houses<'a> {
    /// The command line of the user space, which asks them.
    horus: &'a Path,
    /// Their sockets: a short path, which a socket needs.
    sockets: PathBuf,
    wards: &'a Wards,
    ids: Vec<u32>,
}

impl<'a> Houses<'a> {
    /// Starts them, and waits until they have met.
    ///
    /// # Errors
    /// A sentence if they do not come about.
    pub(super) fn open(
        (horusd, horus): (&Path, &'a Path),
        folder: &Path,
        wards: &'a Wards,
    ) -> Result<Self, String> {
        let sockets = std::env::temp_dir().join(format!("horus-demo-{}", std::process::id()));
        fs::create_dir_all(&sockets).map_err(|error| format!("{}: {error}", sockets.display()))?;
        let mut houses = Self { horus, sockets, wards, ids: Vec::new() };
        let ports: [u16; NAMES.len()] = free_ports()?;
        let address = |at: usize| format!("127.0.0.1:{}", ports[at]);
        for (at, name) in NAMES.into_iter().enumerate() {
            let cannot = |error| format!("cannot start the daemon {name}: {error}");
            let log = File::create(folder.join(format!("{name}.log"))).map_err(cannot)?;
            let other = 1 - at;
            let mut command = Command::new(horusd);
            command.args(["--name", name, "--listen", &address(at), "--expect", "1"]);
            command.arg("--peers").arg(format!("{}={}", NAMES[other], address(other)));
            command.args(["--beside=false", "--health", "off"]);
            command.arg("--socket").arg(houses.socket_of(at));
            command.arg("--state").arg(folder.join("state"));
            command.stdin(Stdio::null()).stderr(log);
            houses.ids.push(wards.take_in(command.spawn().map_err(cannot)?));
        }
        let began = Instant::now();
        while !(0..NAMES.len()).all(|at| houses.ask(at, "status").is_some()) {
            if began.elapsed() > PATIENCE {
                return Err(format!("the daemons have not met; see {}", folder.display()));
            }
            std::thread::yield_now();
        }
        Ok(houses)
    }

    fn socket_of(&self, at: usize) -> PathBuf {
        self.sockets.join(NAMES[at])
    }

    /// Where a process of so many attaches.
    pub(super) fn socket(&self, process: usize, of: usize) -> PathBuf {
        self.socket_of(process * NAMES.len() / of)
    }

    /// What one answers, if it is ready.
    fn ask(&self, at: usize, verb: &str) -> Option<Vec<u8>> {
        let mut ask = Command::new(self.horus);
        ask.args([verb, "--json", "--socket"]).arg(self.socket_of(at)).stderr(Stdio::null());
        ask.output().ok().filter(|output| output.status.success()).map(|output| output.stdout)
    }

    /// What each has counted.
    ///
    /// # Errors
    /// A sentence if one does not say.
    pub(super) fn counters(&self) -> Result<Vec<BTreeMap<String, u64>>, String> {
        let counted = |at| {
            let silent = || format!("the daemon {} says nothing of its counters", NAMES[at]);
            let told = self.ask(at, "counters").ok_or_else(silent)?;
            serde_json::from_slice(&told).map_err(|error| format!("{}: {error}", silent()))
        };
        (0..NAMES.len()).map(counted).collect()
    }
}

impl Drop for Houses<'_> {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            // It may have ended by itself.
            let _ = self.wards.kill(id).and_then(|()| self.wards.ended(id));
        }
        let _ = fs::remove_dir_all(&self.sockets);
    }
}
