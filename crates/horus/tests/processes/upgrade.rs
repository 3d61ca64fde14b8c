//! Upgrade: daemons and clients of this version and the next go together, or say why not.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::housed::{Houses, SECOND, T, socket};
use super::town::GROUP;

/// What comes after this version: it speaks what this one does at the most, and something newer.
const NEXT: &str = "frames=4-5,gate=2-6";

/// What shares nothing with this version any more.
const FAR: &str = "frames=5-6,gate=6-7";

fn horus(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_horus")).args(arguments).output().expect("it runs")
}

/// What an operator is told by this daemon.
fn asked(houses: &Houses, daemon: usize, words: &[&str]) -> Value {
    let socket = socket(&houses.town, daemon).display().to_string();
    let all = [words, &["--socket", &socket, "--json"]].concat();
    serde_json::from_slice(&horus(&all).stdout).expect("an object")
}

impl Houses {
    /// A daemon ends as it is asked to, and is what comes after it from now on.
    fn replace(&mut self, daemon: usize, others: &[usize]) {
        self.signal(daemon, "TERM");
        self.end_without_daemon(&[daemon], SECOND * 2);
        self.together(others, T);
        let ended = self.daemons[daemon].as_mut().expect("it ran").wait().expect("a child");
        assert!(ended.success(), "{ended}");
        self.pretends[daemon] = Some(NEXT);
        self.start(daemon);
    }

    /// A client that does not run comes in again.
    fn come_in(&mut self, node: usize) {
        self.town.start(node);
        self.town.expect("it started", SECOND * 5, |town| !town.sights[node].process.is_empty());
        self.town.say(node, &json!({ "do": "join", "group": GROUP }));
        self.together(&[0, 1, 2], SECOND * 10);
    }

    /// The lowest version of frames that a daemon speaks with any other.
    fn spoken(&self, daemon: usize) -> Value {
        asked(self, daemon, &["counters"])["muts.version"].clone()
    }
}

#[test]
fn daemons_and_clients_go_over_to_the_next_version_one_by_one_while_groups_go_on() {
    let (mut houses, mut load) = Houses::busy("upgrade", 3, 3);
    for daemon in [1, 0, 2] {
        let others: Vec<usize> = (0..3).filter(|node| *node != daemon).collect();
        houses.replace(daemon, &others);
        houses.come_in(daemon);
        houses.work(&mut load, SECOND / 3);
        if daemon != 2 {
            assert_eq!(houses.spoken(daemon), 4, "some are as they were");
        }
        houses.town.kill(daemon);
        houses.town.pretends[daemon] = Some(NEXT);
        houses.come_in(daemon);
        houses.work(&mut load, SECOND / 3);
    }
    for daemon in 0..3 {
        assert_eq!(houses.spoken(daemon), 5, "all are of the next version");
    }
    houses.end();
}

#[test]
fn versions_that_share_nothing_refuse_each_other_and_say_what_to_do() {
    let mut houses = Houses::new("far", 1, 1, None);
    houses.pretends.push(Some(FAR));
    houses.add();
    let began = Instant::now();
    let told = loop {
        let told = asked(&houses, 0, &["why", "d1"]);
        if told["why"].as_str().is_some_and(|why| why.contains("versions 5 to 6")) {
            break told;
        }
        assert!(began.elapsed() < SECOND * 10, "{told}");
        houses.town.pass(Duration::from_millis(20));
    };
    assert!(told["why"].as_str().expect("words").contains("update the older"), "{told}");
    assert_eq!(told["heard"], false);
    let status = asked(&houses, 0, &["status"]);
    assert_eq!(status["daemons_heard"], 0);
    assert_eq!(status["daemons_of_other_versions"], 1);
    let log = houses.town.directory.join("d0.log");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("versions 5 to 6"), "{log}");

    let far = socket(&houses.town, 1).display().to_string();
    let refused = horus(&["node", "--name", "z", "--daemon", &far]);
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(words.contains("another version of the gate; update one of the two"), "{words}");
    let directory = houses.town.directory.clone();
    drop(houses);
    let _ = std::fs::remove_dir_all(directory);
}
