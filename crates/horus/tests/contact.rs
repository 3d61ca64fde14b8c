//! First contact: processes that embed their kernel find each other, and none begins too early.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use horus::{Clues, Config, Error, Horus, Order, Start};

const PATIENCE: Duration = Duration::from_secs(20);

/// A directory of the test's own; it goes with this.
struct Room(PathBuf);

impl Room {
    fn new(called: &str) -> Self {
        let name = format!("horus-contact-{}-{called}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn config(&self, name: &str, clues: Clues) -> Config {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Config { clues, state_dir: Some(self.0.clone()), ..Config::new(name, anywhere) }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn processes_of_one_host_meet_without_an_address_and_work_together() {
    let room = Room::new("beside");
    let beside = Clues { beside: Some(room.0.join("near")), ..Clues::default() };
    let open = |name: &str| {
        let config = room.config(name, beside.clone()).expect(1, PATIENCE);
        std::thread::spawn(move || Horus::embedded(config).expect("the other was met"))
    };
    let (a, b) = (open("a"), open("b"));
    let (a, b) = (a.join().expect("opened"), b.join().expect("opened"));
    let members = [a.me(), a.member("b").wait().expect("met")];
    let group = a.create(&members).wait().expect("a group");
    let _question = group.ask(Order::Total, "who is there?").expect("sent");
    let at_b = b.invited().wait_for(PATIENCE).ok().expect("in time").expect("a group");
    let heard = at_b.receive().wait_for(PATIENCE).expect("in time").expect("a message");
    assert_eq!(&heard.body()[..], b"who is there?");
}

#[test]
fn of_two_processes_of_one_name_the_earlier_is_over_and_says_why() {
    let room = Room::new("namesakes");
    let other = Horus::embedded(room.config("other", Clues::default())).expect("a port");
    let seeds =
        || Clues { seeds: vec![other.address().expect("listens").to_string()], ..Clues::default() };
    let old = Horus::embedded(room.config("namesake", seeds())).expect("the earlier");
    let group =
        old.create(&[old.me(), old.member("other").wait().expect("met")]).wait().expect("made");
    let new = Horus::embedded(room.config("namesake", seeds())).expect("the later");
    let ended = loop {
        match group.hear().wait_for(PATIENCE).expect("in time") {
            Ok(_) => {}
            Err(ended) => break ended,
        }
    };
    assert!(matches!(ended, Error::Closed), "{ended}");
    let why = old.ended().expect("it is over");
    let incarnation = format!("incarnation {}", new.me().proc.incarnation);
    for says in ["this node's name", &incarnation, "a name of its own"] {
        assert!(why.contains(says), "{why}");
    }
    assert!(old.was_superseded() && !old.was_told_to_leave());

    let later = other.member("namesake").wait_for(PATIENCE).expect("in time").expect("met");
    assert_eq!(later, new.me());
    let both = new.create(&[new.me(), new.member("other").wait().expect("met")]).wait();
    assert!(both.is_ok() && !new.was_superseded() && other.ended().is_none());
}

#[test]
fn a_seed_is_enough_and_who_is_missing_is_said() {
    let room = Room::new("seed");
    let alone = room.config("a", Clues::default()).expect(1, Duration::from_millis(50));
    let Err(Error::Alone(who)) = Horus::embedded(alone) else { panic!("it began alone") };
    assert_eq!(who, "1 of 1 other nodes were not met");

    let begins = |name: &str, clues: Clues, patience: Duration| {
        let start = Start { expect: 0, first: Some("a".into()), patience };
        Horus::embedded(Config { start: Some(start), ..room.config(name, clues) })
    };
    let Err(Error::Alone(who)) = begins("b", Clues::default(), Duration::from_millis(50)) else {
        panic!("it began before the first")
    };
    assert_eq!(who, "`a`, which begins, was not met");
    let a = begins("a", Clues::default(), PATIENCE).expect("it begins alone");
    let seeds = vec![a.address().expect("listens").to_string()];
    let b = begins("b", Clues { seeds, ..Clues::default() }, PATIENCE).expect("a was met");
    assert!(b.member("a").wait_for(PATIENCE).is_some());
}
