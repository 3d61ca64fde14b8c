//! Neighbours over real sockets: processes of one host that have a directory in common.
#![cfg(all(feature = "os", target_os = "linux", not(feature = "portable"), not(horus_loom)))]

use std::path::PathBuf;
use std::time::Instant;

use muts::keyed::KeyFile;
use muts::os::Driver;
use muts::{Channel, Counted, Down, Message, Up};

use crate::ends::{End, PATIENCE, cast, until};

const CHANNEL: Channel = Channel(5);

/// A directory of one test, gone when it ends.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("muts-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("a directory").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn counted(end: &End, name: &str) -> u64 {
    let mut found = 0;
    let mut each = |counter: &'static str, value: u64| found += value * u64::from(counter == name);
    end.driver.count(&mut each);
    end.transport.count(&mut each);
    found
}

/// Two that know each other as neighbours, and nothing else of each other.
fn neighbours(directory: &Directory, keys: Option<&[KeyFile; 2]>) -> [End; 2] {
    let mut ends =
        crate::ends::pair(keys, |end| end.driver.settle(&directory.0).expect("a socket"));
    until(&mut ends, |ends| ends.iter().all(End::has_met));
    ends
}

#[test]
fn what_neighbours_say_comes_whole_and_in_order_and_none_of_it_is_lost() {
    let one = KeyFile::generate(None);
    let keys = [one.clone(), KeyFile::generate(Some(&one))];
    for keys in [None, Some(&keys)] {
        let directory = Directory::new(if keys.is_some() { "sealed" } else { "plain" });
        let mut ends = neighbours(&directory, keys);
        ends[0].open(CHANNEL, 2, false);
        ends[1].open(CHANNEL, 1, false);
        let long = [10, 5_000, 3_000_000].into_iter().cycle().take(30);
        let sent: Vec<Vec<u8>> =
            long.enumerate().map(|(at, length)| vec![at as u8; length]).collect();
        let mut waiting = sent.iter();
        let mut next = waiting.next();
        let start = Instant::now();
        while ends[1].heard(CHANNEL).len() < sent.len() {
            assert!(start.elapsed() < PATIENCE, "{} came", ends[1].heard(CHANNEL).len());
            while let Some(bytes) = next
                && ends[0].may_ask(cast(CHANNEL, bytes.clone()))
            {
                next = waiting.next();
            }
            ends.iter_mut().for_each(End::turn);
        }
        let sent: Vec<Message> = sent.into_iter().map(Message::new).collect();
        assert_eq!(ends[1].heard(CHANNEL), sent.iter().collect::<Vec<_>>());
        assert_eq!(counted(&ends[0], "os.dropped_full"), 0);
        assert_eq!(counted(&ends[1], "os.neighbours"), 1);
    }
}

#[test]
fn a_neighbour_that_died_is_missed_at_once() {
    let directory = Directory::new("died");
    let [mut end, other] = neighbours(&directory, None);
    drop(other);
    let start = Instant::now();
    while !end.told.iter().any(|up| matches!(up, Up::Silent { .. })) {
        assert!(start.elapsed() < PATIENCE, "its end is not noticed");
        end.turn();
    }
    assert_eq!(directory.names().len(), 1, "it leaves no name behind");
}

#[test]
fn a_neighbour_that_takes_nothing_keeps_no_other_waiting_and_is_named() {
    let directory = Directory::new("still");
    let mut ends = neighbours(&directory, None);
    let mut still = End::new(3, None);
    let address = still.driver.settle(&directory.0).expect("a socket");
    ends[0].meet(3, address);
    let start = Instant::now();
    while ends[0].told.iter().filter(|up| matches!(up, Up::Met { .. })).count() < 2 {
        assert!(start.elapsed() < PATIENCE, "the third is not met");
        ends[0].turn();
        still.turn();
    }
    let peers = vec![crate::ends::proc(3)];
    ends[0].ask(Down::Open { channel: Channel(9), peers, credit: false });
    ends[0].open(CHANNEL, 2, false);
    ends[1].open(CHANNEL, 1, false);
    still.open(Channel(9), 1, false);
    still.turn();
    // From here on the third does nothing: what is for it waits.
    for at in 0..1_000_u32 {
        let _ = ends[0].may_ask(cast(Channel(9), vec![7; 60_000]));
        ends[0].ask(cast(CHANNEL, vec![7; 100]));
        while ends[1].heard(CHANNEL).len() <= at as usize {
            assert!(start.elapsed() < PATIENCE, "{at} came beside one that takes nothing");
            ends.iter_mut().for_each(End::turn);
        }
    }
    assert_eq!(counted(&ends[0], "muts.streams_held"), 1, "the stream to it is held up");
    assert_eq!(ends[0].transport.holder(Channel(9)), Some(crate::ends::proc(3)));
}

#[test]
fn some_are_neighbours_and_others_are_met_on_the_network() {
    let directory = Directory::new("both");
    let mut ends = neighbours(&directory, None);
    let mut far = End::new(3, None);
    let (own, there) = (ends[0].listens(), far.listens());
    ends[0].meet(3, there);
    far.meet(1, own);
    let peers = vec![crate::ends::proc(2), crate::ends::proc(3)];
    ends[0].ask(Down::Open { channel: CHANNEL, peers, credit: false });
    ends[1].open(CHANNEL, 1, false);
    far.open(CHANNEL, 1, false);
    let sent: Vec<Message> = (0..50_u8).map(|at| Message::new(vec![at; 5_000])).collect();
    for message in &sent {
        ends[0].ask(cast(CHANNEL, message.body().to_vec()));
    }
    let start = Instant::now();
    while far.heard(CHANNEL).len() < 50 || ends[1].heard(CHANNEL).len() < 50 {
        assert!(start.elapsed() < PATIENCE, "not all comes");
        ends.iter_mut().for_each(End::turn);
        far.turn();
    }
    let sent: Vec<&Message> = sent.iter().collect();
    assert_eq!((far.heard(CHANNEL), ends[1].heard(CHANNEL)), (sent.clone(), sent));
    assert_eq!(counted(&ends[0], "os.neighbours"), 1);
}

#[test]
fn who_does_not_speak_as_a_neighbour_is_dismissed() {
    use socket2::{Domain, SockAddr, Socket, Type};
    let directory = Directory::new("strange");
    let mut ends = neighbours(&directory, None);
    for name in directory.names() {
        let path = SockAddr::unix(directory.0.join(name)).expect("a path");
        let stranger = Socket::new(Domain::UNIX, Type::SEQPACKET, None).expect("a socket");
        stranger.connect(&path).expect("somebody listens");
        stranger.send(b"hello, who are you?").expect("room");
        stranger.send(&[0xff; 400]).expect("room");
    }
    let start = Instant::now();
    while ends.iter().any(|end| counted(end, "os.neighbours_dismissed") == 0) {
        assert!(start.elapsed() < PATIENCE, "they are not dismissed");
        ends.iter_mut().for_each(End::turn);
    }
    assert_eq!(ends.each_ref().map(|end| counted(end, "os.neighbours")), [1, 1]);
    let further = ends.each_ref().map(|end| counted(end, "muts.dropped_version"));
    assert_eq!(further, [0, 0], "nothing that they said came further");
}

#[test]
fn a_directory_that_cannot_be_is_named_with_what_to_do() {
    let mut driver = Driver::open("127.0.0.1:0".parse().expect("an address")).expect("loopback");
    let long = std::env::temp_dir().join("x".repeat(120));
    let told = driver.settle(&long).expect_err("too long").to_string();
    assert!(told.contains("shorter than 90"), "{told}");
    let _ = std::fs::remove_dir(&long);
    let file = std::env::temp_dir().join(format!("muts-{}-file", std::process::id()));
    std::fs::write(&file, "no directory").expect("room");
    let told = driver.settle(&file).expect_err("a file").to_string();
    assert!(told.contains(&file.display().to_string()), "{told}");
    std::fs::remove_file(&file).expect("it is there");
}
