//! Housed: nodes whose kernels are in daemons; clients and daemons die, and histories are judged.

use std::fs::OpenOptions;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::json;

use super::load::Load;
use super::space::Space;
use super::town::{GROUP, Town};
use super::untried::not_tried;

/// The limit of silence that daemons have by default.
pub(super) const T: Duration = Duration::from_secs(1);

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// The daemon's binary lies beside that of this crate; nothing here may depend on its package.
pub(super) fn horusd() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let horus = Path::new(env!("CARGO_BIN_EXE_horus"));
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "horusd"]);
        if horus.components().any(|part| part.as_os_str() == "release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo").success(), "horusd does not build");
        horus.with_file_name("horusd")
    })
}

/// Some daemons, and the town of their clients.
pub(super) struct Houses {
    pub(super) town: Town,
    pub(super) daemons: Vec<Option<Child>>,
    addresses: Vec<SocketAddr>,
    /// Where each daemon has a network of its own, if they have.
    space: Option<Space>,
    /// The versions that each speaks from its next start on, if not its own.
    pub(super) pretends: Vec<Option<&'static str>>,
    /// More options of each.
    more: Vec<Vec<String>>,
}

impl Houses {
    /// So many daemons that run, and nodes, none started, behind them by turns.
    pub(super) fn new(called: &str, daemons: usize, nodes: usize, space: Option<Space>) -> Self {
        Self::with(called, daemons, nodes, space, |_, _| Vec::new())
    }

    /// The same, and each daemon, by its number and the directory of all, has more options.
    pub(super) fn with(
        called: &str,
        daemons: usize,
        nodes: usize,
        space: Option<Space>,
        more: impl Fn(usize, &Path) -> Vec<String>,
    ) -> Self {
        let mut town = Town::new(called, nodes, &[]);
        let sockets: Vec<UdpSocket> =
            (0..daemons).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a free port")).collect();
        let mut addresses: Vec<SocketAddr> =
            sockets.iter().map(|it| it.local_addr().expect("bound")).collect();
        drop(sockets);
        for (room, address) in addresses.iter_mut().enumerate() {
            if let Some(space) = &space {
                address.set_ip(space.address(room).parse().expect("an address"));
            }
        }
        for node in 0..nodes {
            let socket = socket(&town, node % daemons);
            town.option(node, "--daemon", &socket.display().to_string());
        }
        let none = (0..daemons).map(|_| None).collect();
        let pretends = vec![None; daemons];
        let more = (0..daemons).map(|daemon| more(daemon, &town.directory)).collect();
        let mut houses = Self { town, daemons: none, addresses, space, pretends, more };
        (0..daemons).for_each(|daemon| houses.start(daemon));
        houses
    }

    /// One more daemon, whose versions have been said; it and the first know of each other once
    /// the new one has called.
    pub(super) fn add(&mut self) {
        let free = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        self.addresses.push(free.local_addr().expect("bound"));
        drop(free);
        self.daemons.push(None);
        self.more.push(Vec::new());
        self.start(self.daemons.len() - 1);
    }

    pub(super) fn start(&mut self, daemon: usize) {
        self.town.note(&format!("start d{daemon}"));
        let directory = &self.town.directory;
        let errors = directory.join(format!("d{daemon}.log"));
        let errors = OpenOptions::new().create(true).append(true).open(errors).expect("a log");
        let mut command = match &self.space {
            None => Command::new(horusd()),
            Some(space) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", &space.name(daemon)]).arg(horusd());
                command.arg("--insecure");
                command
            }
        };
        command.args(["--name", &format!("d{daemon}"), "--log", "debug", "--health", "off"]);
        command.args(["--listen", &self.addresses[daemon].to_string()]);
        let others = (0..self.addresses.len()).filter(|other| *other != daemon);
        let others: Vec<String> =
            others.map(|other| format!("d{other}={}", self.addresses[other])).collect();
        if !others.is_empty() {
            command.args(["--peers", &others.join(",")]);
        }
        command.arg("--socket").arg(socket(&self.town, daemon));
        command.arg("--state").arg(directory.join("state")).args(&self.more[daemon]);
        if let Some(versions) = self.pretends[daemon] {
            command.env("HORUS_PRETENDS", versions);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn();
        self.daemons[daemon] = Some(child.expect("horusd"));
        let (began, socket) = (Instant::now(), socket(&self.town, daemon));
        while UnixStream::connect(&socket).is_err() {
            assert!(began.elapsed() < SECOND * 10, "d{daemon} does not listen");
            self.town.pass(Duration::from_millis(5));
        }
    }

    /// All nodes started and together in [`GROUP`], with some light-weight groups and load.
    pub(super) fn busy(called: &str, daemons: usize, nodes: usize) -> (Self, Load) {
        Self::new(called, daemons, nodes, None).get_busy(called, nodes)
    }

    pub(super) fn get_busy(self, called: &str, nodes: usize) -> (Self, Load) {
        let mut houses = self;
        let all: Vec<usize> = (0..nodes).collect();
        all.iter().for_each(|node| houses.town.start(*node));
        houses.town.found_group(&all);
        let mut load = Load::new(called.len() as u64);
        let names = houses.town.names(&all);
        let town = &mut houses.town;
        for members in [&names[..], &names[..2], &names[1..]] {
            town.sights[1].open += 1;
            let create = json!({ "do": "create", "lwg": members.concat(), "members": members });
            town.say(1, &create);
        }
        town.expect("all groups", SECOND * 10, |town| town.sights[1].open == 0);
        houses.work(&mut load, SECOND / 3);
        (houses, load)
    }

    pub(super) fn work(&mut self, load: &mut Load, time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time {
            load.send_any(&mut self.town);
            self.town.pass(Duration::from_millis(5));
        }
    }

    fn kill(&mut self, daemon: usize) {
        self.town.note(&format!("kill d{daemon}"));
        if let Some(mut child) = self.daemons[daemon].take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(super) fn signal(&mut self, daemon: usize, name: &str) {
        self.town.note(&format!("{name} to d{daemon}"));
        let id = self.daemons[daemon].as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.expect("a program named kill").success());
    }

    pub(super) fn together(&mut self, these: &[usize], within: Duration) {
        let what = format!("{} are together", self.town.names(these).concat());
        let took = self.town.expect(&what, within, |town| town.share_view(these, these));
        println!("{what} after {} ms of at most {} ms", took.as_millis(), within.as_millis());
    }

    /// These end by themselves, since their daemon has gone; each with an error that says so.
    pub(super) fn end_without_daemon(&mut self, these: &[usize], within: Duration) {
        let took = self.town.expect("told that the daemon is gone", within, |town| {
            these.iter().all(|node| town.nodes[*node].is_none())
        });
        println!("told after {} ms", took.as_millis());
        for node in these {
            let name = self.town.name(*node);
            let told = self.town.sights[*node].errors.iter().any(|what| what.contains("daemon"));
            assert!(told, "{name}: {:?}", self.town.sights[*node].errors);
            // Ending with a failure is what is asked of it here.
            let own = format!("{name} ended by itself");
            self.town.wrong.retain(|wrong| !wrong.starts_with(&own));
        }
    }

    pub(super) fn end(mut self) {
        let directory = self.town.directory.clone();
        let town = std::mem::replace(&mut self.town, Town::new("after", 0, &[]));
        let after = self.town.directory.clone();
        let outcome = town.finish();
        for daemon in 0..self.daemons.len() {
            self.signal(daemon, "TERM");
            let ended = self.daemons[daemon].as_mut().expect("it runs").wait().expect("a child");
            assert!(ended.success(), "d{daemon}: {ended}");
            self.daemons[daemon] = None;
        }
        assert!(outcome.wrong.is_empty(), "{}: {:#?}", directory.display(), outcome.wrong);
        assert!(outcome.verdict.deliveries > 100, "next to nothing was compared");
        let _ = std::fs::remove_dir_all(directory);
        let _ = std::fs::remove_dir_all(after);
    }
}

impl Drop for Houses {
    fn drop(&mut self) {
        (0..self.daemons.len()).for_each(|daemon| self.kill(daemon));
    }
}

pub(super) fn socket(town: &Town, daemon: usize) -> PathBuf {
    town.directory.join(format!("d{daemon}.sock"))
}

#[test]
fn sigkill_of_a_client_is_known_before_any_silence() {
    let (mut houses, mut load) = Houses::busy("client", 2, 4);
    houses.town.kill(1);
    houses.together(&[0, 2, 3], T / 2);
    houses.work(&mut load, SECOND / 3);
    houses.town.start(1);
    houses.work(&mut load, SECOND / 3);
    houses.end();
}

#[test]
fn a_client_that_is_killed_and_starts_at_once_comes_in_again_and_again() {
    let (mut houses, mut load) = Houses::busy("restart", 2, 3);
    for _ in 0..4 {
        houses.town.kill(2);
        houses.town.start(2);
        houses.town.expect("it started", T + SECOND * 2, |town| !town.sights[2].process.is_empty());
        houses.town.say(2, &json!({ "do": "join", "group": GROUP }));
        houses.together(&[0, 1, 2], T + SECOND * 2);
        houses.work(&mut load, SECOND / 5);
    }
    houses.end();
}

#[test]
fn a_client_that_stands_still_is_excluded_and_told_so_when_it_goes_on() {
    let (mut houses, mut load) = Houses::busy("zombie", 2, 4);
    houses.town.stop(3);
    houses.town.pass(T / 2);
    houses.town.go_on(3);
    houses.together(&[0, 1, 2, 3], SECOND);
    houses.town.stop(3);
    houses.together(&[0, 1, 2], T * 2 + SECOND);
    houses.work(&mut load, SECOND / 2);
    houses.town.go_on(3);
    houses.end_without_daemon(&[3], SECOND);
    houses.work(&mut load, SECOND / 5);
    houses.end();
}

#[test]
fn sigkill_of_a_daemon_and_a_new_start() {
    let (mut houses, mut load) = Houses::busy("daemon", 2, 4);
    houses.kill(1);
    houses.end_without_daemon(&[1, 3], SECOND / 2);
    houses.together(&[0, 2], T + SECOND);
    houses.work(&mut load, SECOND / 3);
    houses.start(1);
    houses.end();
}

#[test]
fn a_daemon_that_stands_still_comes_back_with_its_clients() {
    let (mut houses, mut load) = Houses::busy("still", 3, 4);
    houses.signal(2, "STOP");
    houses.together(&[0, 1, 3], T * 2 + SECOND);
    houses.work(&mut load, SECOND / 3);
    houses.signal(2, "CONT");
    houses.together(&[0, 1, 2, 3], SECOND * 8);
    houses.work(&mut load, SECOND / 3);
    houses.end();
}

#[test]
fn who_is_behind_a_daemon_is_settled_once_what_is_under_way_there_has_ended() {
    let (mut houses, _) = Houses::busy("settled", 2, 3);
    let settled = |houses: &mut Houses, times: u64| {
        houses.town.say(0, &json!({ "do": "settled" }));
        houses.town.expect("it is settled", T * 2 + SECOND * 2, |town| {
            town.sights[0].count_of("settled") == times
        });
    };
    settled(&mut houses, 1);
    assert!(houses.town.share_view(&[0, 1, 2], &[0, 1, 2]));
    houses.signal(1, "STOP");
    settled(&mut houses, 2);
    assert!(houses.town.share_view(&[0, 2], &[0, 2]), "it is told of the next view first");
    houses.signal(1, "CONT");
    houses.together(&[0, 1, 2], SECOND * 8);
    houses.end();
}

#[test]
fn daemons_in_namespaces_are_cut_apart_and_healed() {
    let Some(space) = Space::open(3) else {
        let why = "it takes the right to administer the network";
        return not_tried("daemons in network namespaces that are cut apart and healed", why);
    };
    let houses = Houses::new("namespaces", 3, 4, Some(space));
    let (mut houses, mut load) = houses.get_busy("namespaces", 4);
    for cut in [2, 0] {
        let set = |houses: &mut Houses, up| {
            houses.town.note(&format!("the link of d{cut}: {up}"));
            houses.space.as_ref().expect("made").set(cut, up);
        };
        set(&mut houses, false);
        let inside: Vec<usize> = (0..4).filter(|node| node % 3 == cut).collect();
        let outside: Vec<usize> = (0..4).filter(|node| node % 3 != cut).collect();
        houses.together(&inside, T * 2 + SECOND);
        houses.together(&outside, T * 2 + SECOND);
        houses.work(&mut load, SECOND / 3);
        set(&mut houses, true);
        houses.together(&[0, 1, 2, 3], SECOND * 10);
        houses.work(&mut load, SECOND / 3);
    }
    houses.end();
}
