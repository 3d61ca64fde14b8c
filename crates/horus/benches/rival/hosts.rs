//! Hosts: several on one bridge, each a network namespace that lasts as long as this value.
//!
//! None has a name. Each is held by a process whose input ends with the benchmark, however that
//! ends, and with the last process in it the system takes it down, its end of a cable with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::common::crew::{Crew, this};
use crate::common::words::Words;

/// Where their addresses begin: nothing outside the bridge sees them.
const NET: &str = "10.77.1";

/// Shared memory and notes of daemons are each host's own too.
const HOLD: &str =
    "mount -t tmpfs none /dev/shm && mount -t tmpfs none /run && echo here && exec cat";

/// A process that ends with this value.
#[derive(Debug)]
pub(crate) struct Started(Child);

impl Started {
    /// Starts it, or says why not.
    pub(crate) fn new(command: &mut Command) -> Result<Self, String> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.spawn().map(Self).map_err(|error| format!("{program}: {error}"))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// Held, never looked at again.
    _bridge: Space,
    hosts: Vec<Space>,
}

/// One namespace.
#[derive(Debug)]
struct Space(Started);

impl Space {
    fn new() -> Result<Self, String> {
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "--mount", "sh", "-c", HOLD]);
        unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut space = Started::new(&mut unshare)?;
        let mut line = String::new();
        let output = space.0.stdout.as_mut().expect("asked for");
        let _ = BufReader::new(output).read_line(&mut line);
        if line.trim() == "here" {
            return Ok(Self(space));
        }
        let mut why = String::new();
        let _ = space.0.stderr.take().expect("asked for").read_to_string(&mut why);
        Err(format!("network namespaces need root here ({})", why.trim()))
    }

    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--net", "--mount", "--target", &self.0.0.id().to_string()]);
        // What is started there ends with the benchmark, even one that is killed.
        command.args(["setpriv", "--pdeathsig", "KILL"]);
        command
    }

    /// Says these lines to `ip` there.
    fn ip(&self, lines: &str) -> Result<(), String> {
        let mut ip = self.enter();
        ip.args(["ip", "-batch", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut ip = ip.spawn().map_err(|error| format!("nsenter: {error}"))?;
        let mut input = ip.stdin.take().expect("asked for");
        input.write_all(lines.as_bytes()).map_err(|error| format!("ip: {error}"))?;
        drop(input);
        let done = ip.wait_with_output().map_err(|error| format!("ip: {error}"))?;
        let why = String::from_utf8_lossy(&done.stderr);
        if done.status.success() { Ok(()) } else { Err(format!("ip: {}", why.trim())) }
    }
}

impl Hosts {
    /// So many, whose cables take packets of this size; or why there can be none.
    pub(crate) fn new(hosts: usize, mtu: usize) -> Result<Self, String> {
        let bridge = Space::new()?;
        bridge.ip(&format!("link add bridge mtu {mtu} type bridge\nlink set bridge up\n"))?;
        let hosts = (0..hosts).map(|_| Space::new()).collect::<Result<Vec<_>, _>>()?;
        for (rank, host) in hosts.iter().enumerate() {
            let (port, holder) = (format!("port{rank}"), host.0.0.id());
            bridge.ip(&format!(
                "link add {port} mtu {mtu} type veth peer name cable mtu {mtu} netns {holder}\n\
                 link set {port} master bridge up\n"
            ))?;
            let address = address(rank);
            host.ip(&format!(
                "link set lo up\nlink set cable up\naddr add {address}/24 dev cable\n"
            ))?;
        }
        Ok(Self { _bridge: bridge, hosts })
    }

    /// What runs a program on a host.
    pub(crate) fn on(&self, rank: usize) -> Command {
        self.hosts[rank].enter()
    }

    /// A crew of ours, one member a host.
    pub(crate) fn crew(&self, role: &Words) -> Crew {
        Crew::start_as((0..self.hosts.len()).map(|rank| {
            let mut command = self.on(rank);
            command.arg(this().get_program());
            (command, role.clone().with("host", address(rank)))
        }))
    }
}

/// The address of a host.
pub(crate) fn address(rank: usize) -> String {
    format!("{NET}.{}", rank + 1)
}
