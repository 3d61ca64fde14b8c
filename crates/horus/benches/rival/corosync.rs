//! Corosync: its daemons, one a host, and clients of their closed process groups.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::hosts::{Hosts, Started, address};
use crate::common::crew::Crew;
use crate::common::measure::{MEMBERS, wait};
use crate::common::words::Words;

/// The client: `cc` makes a program of it when it is needed.
const CLIENT: &str = include_str!("corosync.c");

/// Until the daemons have become one ring: knet takes three seconds to trust a link.
const PATIENCE: Duration = Duration::from_secs(20);

/// Said by a daemon when all are in its ring.
const COMPLETE: &str = "Members[4]: 1 2 3 4";

/// Said over knet when it knows how much a packet takes.
const MEASURED: &str = "Global data MTU changed to";

/// How it is set up, and on what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// What it is called beside ours.
    pub(crate) name: &'static str,
    /// Of the cables.
    pub(crate) mtu: usize,
    /// Real-time priority, as it ships.
    real_time: bool,
    /// The default is knet.
    transport: &'static str,
    /// In the section of the ring.
    ring: &'static str,
}

/// As it ships.
pub(crate) const DEFAULT: Setting =
    Setting { name: "corosync", mtu: 1_500, real_time: true, transport: "knet", ring: "" };

/// The best that was found for ordinary packets: on few cores daemons of real-time priority keep
/// clients from filling the next frame. (Larger windows help nothing, and for 4 KiB it is slower.)
pub(crate) const TUNED: Setting = Setting { name: "corosync, tuned", real_time: false, ..DEFAULT };

/// The best for packets as long as those of loopback: one is better for short messages, the other
/// for long ones.
pub(crate) const TUNED_LONG: [Setting; 2] = [
    Setting { mtu: 65_000, ring: "window_size: 300\nmax_messages: 100\n", ..TUNED },
    Setting {
        name: "corosync, tuned, udpu",
        mtu: 65_000,
        transport: "udpu",
        ring: "netmtu: 60000\nwindow_size: 300\nmax_messages: 100\n",
        ..TUNED
    },
];

/// A ring of four. Everything it has started or written goes with it.
#[derive(Debug)]
pub(crate) struct Corosync {
    /// Before the hosts that they are on.
    daemons: Vec<Started>,
    /// What they are on, for whoever is measured beside them.
    pub(crate) hosts: Hosts,
    files: Files,
    /// Groups so far: each crew has its own.
    groups: Cell<usize>,
}

/// A directory that goes with this value.
#[derive(Debug)]
struct Files(PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Corosync {
    /// Starts its daemons; or why that cannot be done here, and what would help.
    pub(crate) fn start(setting: Setting) -> Result<Self, String> {
        let name = format!("horus-bench-{}.corosync", std::process::id());
        let files = Files(std::env::temp_dir().join(name));
        fs::create_dir_all(&files.0).map_err(|error| format!("{:?}: {error}", files.0))?;
        installed()?;
        compile(&files.0)?;
        let hosts = Hosts::new(MEMBERS, setting.mtu)?;
        let mut ring = Self { daemons: Vec::new(), hosts, files, groups: Cell::new(0) };
        for rank in 0..MEMBERS {
            let (settings, log) = (ring.file("conf", rank), ring.file("log", rank));
            let text = configured(setting, &log);
            fs::write(&settings, text).map_err(|error| format!("{settings:?}: {error}"))?;
            let mut daemon = ring.hosts.on(rank);
            daemon.args(["corosync", "-f", "-c"]).arg(&settings);
            daemon.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            ring.daemons.push(Started::new(&mut daemon)?);
        }
        let since = Instant::now();
        while let Some(rank) = (0..MEMBERS).find(|rank| !ring.is_ready(setting, *rank)) {
            if since.elapsed() > PATIENCE {
                let said = fs::read_to_string(ring.file("log", rank)).unwrap_or_default();
                let last = said.lines().last().unwrap_or("nothing").to_owned();
                return Err(format!("corosync formed no ring of {MEMBERS}; it said: {last}"));
            }
            wait(Duration::from_millis(20));
        }
        Ok(ring)
    }

    /// One client a host, all of one new group.
    pub(crate) fn clients(&self) -> Crew {
        let client = self.files.0.join("client");
        let group = format!("bench{}", self.groups.get());
        self.groups.set(self.groups.get() + 1);
        Crew::of((0..MEMBERS).map(|rank| {
            let mut command = self.hosts.on(rank);
            command.arg(&client).arg(rank.to_string()).arg(&group);
            command
        }))
    }

    fn file(&self, what: &str, rank: usize) -> PathBuf {
        self.files.0.join(format!("{rank}.{what}"))
    }

    fn is_ready(&self, setting: Setting, rank: usize) -> bool {
        let said = fs::read_to_string(self.file("log", rank)).unwrap_or_default();
        let measured = setting.transport != DEFAULT.transport || said.contains(MEASURED);
        measured && said.contains(COMPLETE)
    }
}

/// Panics unless all were told everything that any of them sent, once and in one order.
pub(crate) fn agreed(clients: &mut Crew) {
    let until = Instant::now() + PATIENCE;
    loop {
        let told = clients.ask(&Words::new("told"));
        let sent: u64 = told.iter().map(|words| words.get::<u64>("sent")).sum();
        let complete = told.iter().all(|words| words.get::<u64>("total") == sent);
        if complete || Instant::now() > until {
            let order = told[0].get::<String>("order");
            let same = |words: &Words| {
                words.get::<u64>("wrong") == 0 && words.get::<String>("order") == order
            };
            assert!(complete && told.iter().all(same), "corosync disagrees: {told:?}");
            return;
        }
        wait(Duration::from_millis(5));
    }
}

/// Whether its programs are here.
fn installed() -> Result<(), String> {
    let runs = |program: &str, words: &[&str]| {
        let quiet = Command::new(program).args(words).stdout(Stdio::null()).status();
        quiet.is_ok_and(|status| status.success())
    };
    let library = runs("pkg-config", &["--exists", "libcpg"]);
    if !runs("corosync", &["-v"]) || !library {
        let what = "apt install corosync libcpg-dev pkg-config gcc";
        return Err(format!("corosync is not installed ({what})"));
    }
    Ok(())
}

fn compile(files: &Path) -> Result<(), String> {
    let source = files.join("client.c");
    fs::write(&source, CLIENT).map_err(|error| format!("{source:?}: {error}"))?;
    let flags = Command::new("pkg-config").args(["--cflags", "--libs", "libcpg"]).output();
    let flags = flags.map_err(|error| format!("pkg-config: {error}"))?.stdout;
    let mut cc = Command::new("cc");
    cc.args(["-std=gnu11", "-O2", "-o"]).arg(files.join("client")).arg(&source);
    cc.args(String::from_utf8_lossy(&flags).split_whitespace());
    let done = cc.output().map_err(|error| format!("cc: {error} (apt install gcc)"))?;
    let why = String::from_utf8_lossy(&done.stderr);
    if done.status.success() { Ok(()) } else { Err(format!("cc: {}", why.trim())) }
}

fn configured(setting: Setting, log: &Path) -> String {
    let Setting { real_time, transport, ring, .. } = setting;
    let (priority, log) = (if real_time { "yes" } else { "no" }, log.display());
    let mut text = format!(
        "totem {{\nversion: 2\ncluster_name: bench\ntransport: {transport}\n{ring}}}\n\
         system {{\nsched_rr: {priority}\nstate_dir: /run\n}}\n\
         logging {{\nto_syslog: no\nto_stderr: no\nto_logfile: yes\nlogfile: {log}\n}}\n\
         quorum {{\nprovider: corosync_votequorum\n}}\n\
         nodelist {{\n"
    );
    for rank in 0..MEMBERS {
        let (id, address) = (rank + 1, address(rank));
        let _ = writeln!(text, "node {{\nnodeid: {id}\nname: n{id}\nring0_addr: {address}\n}}");
    }
    text + "}\n"
}
