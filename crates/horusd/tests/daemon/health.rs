//! Health: what a daemon tells whoever watches over it, and when.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use muts::Message;
use serde_json::json;
use vsync::{Down, Order};

use super::desk::{Desk, group};
use super::house::{Daemon, LONG, SECOND};

/// Status and body of what is answered.
fn get(daemon: &Daemon, path: &str) -> (u16, String) {
    let at = daemon.status("health").as_str().expect("a port").to_owned();
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.set_read_timeout(Some(LONG)).expect("a timeout");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: d\r\n\r\n").expect("written");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("head and body");
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (code.expect("a status"), body.to_owned())
}

/// Asks until it is so.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LONG, "not so: {what}");
        std::thread::yield_now();
    }
}

fn series(daemon: &Daemon) -> BTreeSet<String> {
    let (code, text) = get(daemon, "/metrics");
    assert_eq!(code, 200, "{text}");
    let names = text.lines().filter(|line| !line.starts_with('#'));
    names.map(|line| line.split(' ').next().expect("a name").to_owned()).collect()
}

fn value(daemon: &Daemon, name: &str) -> u64 {
    let (_, text) = get(daemon, "/metrics");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[test]
fn it_lives_at_once_and_is_ready_when_the_others_were_met() {
    let d = Daemon::start("ready", &["--peers", "e=127.0.0.1:9", "--expect", "1"]);
    assert_eq!(get(&d, "/livez"), (200, "it lives\n".into()));
    let why = "not ready: 1 of 1 other daemons were not met yet\n";
    until("its reason is told", || get(&d, "/readyz") == (503, why.into()));
    assert_eq!((d.status("ready"), value(&d, "horus_daemon_ready")), (json!(false), 0));
    let at = d.status("listen").as_str().expect("an address").to_owned();
    let e = Daemon::start("ready-e", &["--name", "e", "--peers", &format!("d={at}")]);
    until("both are ready", || get(&d, "/readyz").0 == 200 && get(&e, "/readyz").0 == 200);
    assert_eq!(value(&d, "horus_gate_neighbours"), 1);
    drop(e);
    until("it misses the other", || value(&d, "horus_gate_silent") == 1);
    assert_eq!(get(&d, "/readyz").0, 200, "one host that goes takes no other with it");
    d.ask(&json!({ "ask": "drain" }));
}

#[test]
fn metrics_are_what_the_contract_says_whoever_is_attached_and_never_fall() {
    let daemon = Daemon::start("metrics", &[]);
    let contract = include_str!("../../../../docs/metrics.md");
    let rows = contract.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let rows: BTreeSet<String> = rows.map(str::to_owned).collect();
    assert_eq!(series(&daemon), rows);
    let mut desk = Desk::attach(&daemon, "x");
    for word in ["one", "two", "three"] {
        let group = group(&mut desk, word);
        let (order, message) = (Order::Total, Message::new(&b"ping"[..]));
        assert!(desk.ask(Down::Cast { group, how: order.into(), message }));
        desk.until("its own cast", LONG, |desk| desk.casts() > 0);
        desk.told.clear();
    }
    until("casts are counted", || {
        desk.turn(Duration::ZERO);
        value(&daemon, "horus_vsync_casts_total") == 3
    });
    assert_eq!(series(&daemon), rows, "groups and clients make no new series");
    drop(desk);
    until("it has gone", || value(&daemon, "horus_gate_clients") == 0);
    assert_eq!(value(&daemon, "horus_vsync_casts_total"), 3, "a counter never falls");
    assert_eq!(value(&daemon, "horus_vsync_groups"), 0, "a gauge says what there is");
}

#[test]
fn who_asks_slowly_or_nonsense_holds_up_nobody() {
    let daemon = Daemon::start("asking", &[]);
    let at = daemon.status("health").as_str().expect("a port").to_owned();
    let slow = TcpStream::connect(&at).expect("it listens");
    let mut nonsense = TcpStream::connect(&at).expect("it listens");
    nonsense.write_all(b"\0\0\0\r\n\r\n").expect("written");
    let mut text = String::new();
    nonsense.read_to_string(&mut text).expect("an answer");
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    assert_eq!(get(&daemon, "/livez").0, 200);
    assert_eq!(get(&daemon, "/secrets"), (404, "/livez, /readyz and /metrics\n".into()));
    drop(slow);
}

#[test]
fn a_health_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = taken.local_addr().expect("bound").to_string();
    let mut daemon = super::house::command("taken", |command| {
        command.args(["--health", &at]);
    });
    let output = daemon.output().expect("run");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let wanted = format!(
        "horusd: health: cannot listen at {at}: Address already in use (os error 98); name another \
         address, or `off`"
    );
    assert_eq!(said.lines().last(), Some(&wanted[..]));
}

/// What its keeper hears of a daemon.
struct Keeper(UnixDatagram, std::path::PathBuf);

impl Keeper {
    fn open(called: &str) -> Self {
        let name = format!("horusd-keeper-{}-{called}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let socket = UnixDatagram::bind(&path).expect("a socket");
        socket.set_read_timeout(Some(LONG)).expect("a timeout");
        Self(socket, path)
    }

    fn hear(&self) -> String {
        let mut bytes = [0; 512];
        let count = self.0.recv(&mut bytes).expect("something is said");
        String::from_utf8_lossy(&bytes[..count]).trim().to_owned()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.1);
    }
}

#[test]
fn its_keeper_hears_that_it_lives_that_it_is_ready_and_that_it_ends() {
    let keeper = Keeper::open("life");
    let mut d = Daemon::start_as("kept", |command| {
        command.args(["--peers", "e=127.0.0.1:9", "--expect", "1"]);
        command.env("NOTIFY_SOCKET", &keeper.1).env("WATCHDOG_USEC", "2000000");
    });
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(keeper.hear(), "WATCHDOG=1", "alone it lives, and is not ready");
        assert!(began.elapsed() < SECOND * 2, "that comes too late for its keeper");
    }
    let at = d.status("listen").as_str().expect("an address").to_owned();
    let _e = Daemon::start("kept-e", &["--name", "e", "--peers", &format!("d={at}")]);
    while keeper.hear() != "READY=1" {}
    d.signal("STOP");
    // What it said before is still there to be heard; then nothing is.
    keeper.0.set_read_timeout(Some(SECOND * 2)).expect("a timeout");
    let mut bytes = [0; 512];
    let said = std::iter::from_fn(|| keeper.0.recv(&mut bytes).ok()).take(100).count();
    assert!(said < 100, "who stands still does not say that it lives");
    keeper.0.set_read_timeout(Some(LONG)).expect("a timeout");
    d.signal("CONT");
    assert_eq!(keeper.hear(), "WATCHDOG=1");
    d.signal("TERM");
    while keeper.hear() != "STOPPING=1" {}
    assert!(d.child.wait().expect("a child").success());
}
