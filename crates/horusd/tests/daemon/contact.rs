//! First contact: how daemons find each other, and how none begins too early.

use std::net::UdpSocket;
use std::time::Instant;

use serde_json::json;
use simple_dns::rdata::{RData, SRV};
use simple_dns::{CLASS, Name, Packet, ResourceRecord};
use vsync::gate::{Bye, State};

use super::desk::Desk;
use super::house::{Daemon, LONG};

/// A daemon of that name; alone on its host unless it is told otherwise.
fn start(name: &str, called: &str, more: &[&str]) -> Daemon {
    Daemon::start_as(called, |command| {
        command.args(["--name", name, "--beside=false"]).args(more);
    })
}

fn listens(daemon: &Daemon) -> String {
    daemon.status("listen").as_str().expect("an address").to_owned()
}

#[test]
fn daemons_of_one_host_meet_without_being_told_of_each_other() {
    let d = Daemon::start("beside", &[]);
    let beside = |name: &str, more: &[&str]| {
        Daemon::start_as(&format!("beside-{name}"), |command| {
            command.env("HORUSD_SOCKET", d.directory.join(name));
            command.args(["--name", name]).args(more);
        })
    };
    let stranger = beside("stranger", &["--system", "another"]);
    let e = beside("e", &[]);
    d.hears(1);
    e.hears(1);
    drop(e);
    d.hears(0);
    let again = beside("e", &[]);
    d.hears(1);
    again.hears(1);
    assert_eq!(stranger.status("daemons_heard"), json!(0));
}

#[test]
fn a_seed_is_an_address_whatever_the_daemon_there_is_called() {
    let d = start("d", "seed", &[]);
    let port = listens(&d).rsplit_once(':').expect("a port").1.to_owned();
    let e = start("e", "seed-e", &["--seeds", &format!("127.0.0.1:9,localhost:{port}")]);
    e.hears(1);
    d.hears(1);
}

#[test]
fn daemons_of_one_network_hear_each_others_beacons() {
    let port = 20_000 + std::process::id() % 20_000;
    let group = format!("239.255.71.3:{port}");
    let d = start("d", "beacon", &["--beacon", &group]);
    let e = start("e", "beacon-e", &["--beacon", &group]);
    let stranger = start("s", "beacon-s", &["--beacon", &group, "--system", "another"]);
    d.hears(1);
    e.hears(1);
    assert_eq!(stranger.status("daemons_heard"), json!(0));
}

/// A name server that lists this port of this host for every name.
fn name_server(port: u16) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let at = socket.local_addr().expect("bound").to_string();
    std::thread::spawn(move || {
        let mut bytes = [0; 512];
        while let Ok((count, from)) = socket.recv_from(&mut bytes) {
            let query = Packet::parse(&bytes[..count]).expect("a query");
            let name = query.questions[0].qname.clone();
            let target = Name::new("localhost").expect("a name");
            let server = RData::SRV(SRV { priority: 0, weight: 0, port, target });
            let mut answer = query.into_reply();
            answer.answers.push(ResourceRecord::new(name, CLASS::IN, 5, server));
            let answer = answer.build_bytes_vec().expect("bytes");
            socket.send_to(&answer, from).expect("sent");
        }
    });
    at
}

#[test]
fn a_service_lists_where_daemons_listen() {
    let d = start("d", "service", &[]);
    let port = listens(&d).rsplit_once(':').expect("a port").1.parse().expect("a number");
    let server = name_server(port);
    let words = ["--services", "_horusd._udp.example.org", "--name-servers", &server];
    let e = start("e", "service-e", &words);
    e.hears(1);
    d.hears(1);
}

#[test]
fn nobody_is_let_in_before_the_others_are_there() {
    let d = start("d", "early", &["--expect", "1", "--seeds", "127.0.0.1:9"]);
    let mut early = Desk::call(&d, "x");
    let state = State::Over(Some(Bye::Early));
    early.until("told", LONG, |desk| desk.client.state() == state);
    let e = start("e", "early-e", &["--seeds", &listens(&d), "--first", "d"]);
    e.hears(1);
    while d.status("ready") != json!(true) || e.status("ready") != json!(true) {}
    Desk::attach(&d, "x");
    Desk::attach(&e, "y");
    drop(e);
    d.hears(0);
    Desk::attach(&d, "z");
}

#[test]
fn one_alone_may_begin_and_the_others_wait_for_it() {
    let waits = ["--first", "d", "--seeds", "127.0.0.1:9"];
    let (e, f) = (start("e", "first-e", &waits), start("f", "first-f", &waits));
    let g = start("g", "first-g", &["--first", "d", "--seeds", &listens(&e)]);
    e.hears(1);
    g.hears(1);
    let why = json!("`d`, which begins, was not met yet");
    for daemon in [&e, &f, &g] {
        assert_eq!(
            (daemon.status("ready"), daemon.status("waits_for")),
            (json!(false), why.clone())
        );
    }
    let seeds = [&e, &f, &g].map(listens).join(",");
    let d = start("d", "first", &["--first", "d", "--seeds", &seeds]);
    d.hears(3);
    assert_eq!(d.status("ready"), json!(true));
    for daemon in [&e, &f, &g] {
        while daemon.status("ready") != json!(true) {}
    }
}

#[test]
fn of_two_daemons_of_one_name_the_earlier_is_not_ready_and_says_why() {
    let e = start("e", "namesakes-e", &[]);
    let seeds = listens(&e);
    let old = start("d", "namesakes-old", &["--seeds", &seeds]);
    e.hears(1);
    assert_eq!(old.status("ready"), json!(true));
    let new = start("d", "namesakes-new", &["--seeds", &seeds]);
    while old.status("ready") != json!(false) {}
    let why = old.status("waits_for");
    assert!(why.as_str().is_some_and(|why| why.contains("a later daemon of its name")), "{why}");
    assert!(old.logged().contains("a later daemon of its name"), "{}", old.logged());
    new.hears(1);
    assert_eq!((new.status("ready"), e.status("ready")), (json!(true), json!(true)));
}

#[test]
fn a_daemon_is_told_of_by_name_in_answers_and_in_the_log() {
    let free = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let at = free.local_addr().expect("bound").to_string();
    drop(free);
    let peers = format!("e={at},f=no..where:7100");
    let d = start("d", "told", &["--peers", &peers]);
    let why = |name: &str| d.ask(&json!({ "ask": "why", "name": name }));
    assert_eq!(why("e")["heard"], false);
    assert_eq!((&why("d")["heard"], &why("d")["why"]), (&json!(true), &json!("it answers")));
    let mut e = start("e", "told-e", &["--listen", &at]);
    d.hears(1);
    let answer = why("e");
    assert!(answer["heard"] == true && answer["why"] == "it is a daemon, and is heard", "{answer}");
    let process = answer["process"].as_str().expect("a name").to_owned();
    assert!(process.starts_with("e#"), "{answer}");
    let all = json!([{ "process": process, "address": at, "heard": true }]);
    assert_eq!(d.status("daemons"), all);
    e.signal("STOP");
    d.hears(0);
    assert_eq!(why("e")["heard"], false);
    assert_eq!(d.status("daemons")[0]["heard"], false);
    e.signal("CONT");
    d.hears(1);
    e.signal("TERM");
    assert!(e.child.wait().expect("a child").success());
    d.hears(0);
    assert_eq!(d.status("daemons"), json!([]));
    let logged = d.logged();
    let told: Vec<&str> = logged.lines().filter(|line| line.contains(&process)).collect();
    let words: Vec<&str> = told.iter().filter_map(|line| line.split_whitespace().nth(3)).collect();
    assert_eq!(words, ["met", "silent", "back", "over"], "{logged}");
    let began = Instant::now();
    while !d.logged().contains("cannot be looked up") {
        assert!(began.elapsed() < LONG, "nothing is said of `no..where`: {}", d.logged());
        std::thread::yield_now();
    }
}
