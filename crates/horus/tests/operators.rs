//! Operators: a program asked at its own socket while it does something else, and by whom not.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use horus::{Config, Error, Horus, Order};
use serde_json::{Value, json};
use vsync::gate::{Bye, Reader, Say, Tell, framed};

/// Longer than anything here takes, so that a hang fails instead of hanging.
const LONG: Duration = Duration::from_secs(20);

struct Room(PathBuf);

impl Room {
    fn new(test: &str) -> Self {
        let room = std::env::temp_dir().join(format!("horus-asked-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&room).expect("a directory for temporary files");
        Self(room)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("a.sock")
    }

    fn config(&self) -> Config {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config::new("a", here).operators(self.socket());
        Config { state_dir: Some(self.0.join("state")), ..config }
    }

    fn open(&self) -> Horus {
        Horus::embedded(self.config()).expect("a free port and a socket")
    }

    fn refused(&self) -> String {
        let refused = Horus::embedded(self.config()).err().expect("refused");
        assert!(matches!(refused, Error::Operators { .. }), "{refused:?}");
        refused.to_string()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).expect("it listens");
    stream.set_read_timeout(Some(LONG)).expect("a timeout");
    stream
}

/// What a stream is told, and that it is closed then.
fn told(stream: &mut UnixStream) -> Option<Tell> {
    let (mut reader, mut bytes, mut told) = (Reader::default(), vec![0; 4096], None);
    loop {
        let count = match stream.read(&mut bytes) {
            Ok(count) => count,
            // It was closed with something unread in it.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("it is left open: {error}"),
        };
        if count == 0 {
            return told;
        }
        let came = &mut &bytes[..count];
        while let Some(tell) = reader.take(came).expect("frames") {
            assert!(told.is_none(), "{tell:?} after {told:?}");
            told = Some(tell);
        }
    }
}

fn ask(socket: &Path, query: &Value) -> Value {
    let mut stream = connect(socket);
    let query = Say::Query(query.to_string().into_bytes());
    stream.write_all(&framed(&query)).expect("room for a question");
    match told(&mut stream) {
        Some(Tell::Answer(answer)) => serde_json::from_slice(&answer).expect("an object"),
        other => panic!("{other:?} for an answer"),
    }
}

fn status(socket: &Path) -> Value {
    ask(socket, &json!({ "ask": "status" }))
}

fn bye(mut stream: UnixStream) -> Option<Bye> {
    match told(&mut stream) {
        Some(Tell::Bye(why)) => Some(why),
        None => None,
        other => panic!("{other:?} for a bye"),
    }
}

#[test]
fn a_process_answers_while_its_threads_wait_and_while_none_does() {
    let room = Room::new("waits");
    let horus = room.open();
    let idle = status(&room.socket());
    assert_eq!((&idle["process"], &idle["ready"]), (&json!(horus.show(horus.me())), &json!(true)));
    let group = horus.create(&[horus.me()]).wait().expect("made");
    horus.book().label("files", group.id());
    let _own = horus.found("g", &[]).expect("few");
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| group.receive().wait_for(LONG).expect("in time").expect("in"));
        for _ in 0..50 {
            let light = ask(&room.socket(), &json!({ "ask": "members", "group": "files" }));
            assert_eq!(light["members"], json!([horus.show(horus.me())]), "{light}");
        }
        assert!(!waits.is_finished(), "nothing was sent");
        group.send(Order::Total, "now").expect("open");
        assert_eq!(&waits.join().expect("received").body()[..], b"now");
    });
    let now = status(&room.socket());
    assert_eq!((&now["core_groups"], &now["light_groups"]), (&json!(2), &json!(1)), "{now}");
    assert_eq!(now["socket"], json!(room.socket().display().to_string()));
}

#[test]
fn a_socket_that_nobody_listens_at_is_replaced_and_nothing_else_is() {
    let room = Room::new("stale");
    drop(UnixListener::bind(room.socket()).expect("a place for a socket"));
    let horus = room.open();
    let mode = std::fs::metadata(room.socket()).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let other = room.refused();
    assert!(other.contains("another process listens there"), "{other}");
    assert!(other.contains("--operators"), "{other}");
    assert_eq!(status(&room.socket())["ready"], json!(true), "the first is as it was");
    drop(horus);
    assert!(!room.socket().exists(), "it goes with its process");

    std::fs::write(room.socket(), "notes").expect("a file");
    let wrong = room.refused();
    assert!(wrong.contains("no socket"), "{wrong}");
    assert_eq!(std::fs::read(room.socket()).expect("it is there"), b"notes");
}

#[test]
fn who_takes_it_for_a_daemon_is_told_what_it_is() {
    let room = Room::new("attach");
    let _horus = room.open();
    let config = Config { operators: None, ..room.config() }.daemon(room.socket());
    let refused = Horus::embedded(config).err().expect("refused").to_string();
    assert!(refused.contains("there is no daemon"), "{refused}");
    assert!(refused.contains("horusd"), "{refused}");
}

#[test]
fn a_process_does_not_take_away_the_socket_of_another() {
    let room = Room::new("other");
    let horus = room.open();
    std::fs::remove_file(room.socket()).expect("it was there");
    let other = UnixListener::bind(room.socket()).expect("a place for a socket");
    drop(horus);
    assert!(room.socket().exists(), "it is another's");
    drop(other);
}

#[test]
fn askers_that_do_no_good_are_put_out_and_keep_nobody() {
    let room = Room::new("hostile");
    let horus = room.open();
    let group = horus.create(&[horus.me()]).wait().expect("made");
    let round_trips = |count| {
        for _ in 0..count {
            group.send(Order::Total, "x").expect("open");
            group.receive().wait_for(LONG).expect("in time").expect("in");
        }
    };
    let cut = framed(&Say::Query(b"[]".into()));
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &u32::MAX.to_le_bytes(), &[1, 0, 0, 0, 99]] {
        let mut stream = connect(&room.socket());
        stream.write_all(bytes).expect("room");
        assert_eq!(bye(stream), Some(Bye::Malformed), "{bytes:?}");
    }
    let (mut silent, mut slow) = (connect(&room.socket()), connect(&room.socket()));
    slow.write_all(&cut[..5]).expect("room");
    // One that asks and never reads.
    let mut deaf = connect(&room.socket());
    deaf.write_all(&framed(&Say::Query(br#"{"ask":"counters"}"#.into()))).expect("room");
    round_trips(200);
    assert!(status(&room.socket())["ready"].as_bool().expect("an answer"));
    for late in [&mut silent, &mut slow] {
        assert!(matches!(told(late), Some(Tell::Bye(Bye::Silent))));
    }
    assert!(matches!(told(&mut deaf), Some(Tell::Answer(_))));
    for query in ["", "[[[[", r#"{"ask":["status"]}"#, &"[".repeat(4000)] {
        let mut stream = connect(&room.socket());
        stream.write_all(&framed(&Say::Query(query.into()))).expect("room");
        let Some(Tell::Answer(answer)) = told(&mut stream) else { panic!("no answer to {query}") };
        assert!(String::from_utf8_lossy(&answer).contains("error"), "{query}");
    }
}

#[test]
fn a_crowd_that_says_nothing_keeps_the_tower_from_nothing_and_operators_for_a_second() {
    let room = Room::new("crowd");
    let horus = room.open();
    let group = horus.create(&[horus.me()]).wait().expect("made");
    let crowd: Vec<UnixStream> = (0..300).map(|_| connect(&room.socket())).collect();
    for _ in 0..200 {
        group.send(Order::Total, "x").expect("open");
        group.receive().wait_for(LONG).expect("in time").expect("in");
    }
    let (mut kept, mut turned_away) = (0, 0);
    for stream in crowd {
        match bye(stream) {
            Some(Bye::Silent) => kept += 1,
            None => turned_away += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(turned_away > 100 && kept > 0, "{kept} were kept, {turned_away} turned away");
    assert_eq!(status(&room.socket())["ready"], json!(true), "they are gone");
}

#[test]
fn an_operator_can_have_it_leave_and_it_can_be_opened_again() {
    let room = Room::new("leaves");
    let horus = room.open();
    let group = horus.create(&[horus.me()]).wait().expect("made");
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| horus.invited().wait());
        assert_eq!(ask(&room.socket(), &json!({ "ask": "leave" })), json!({ "leaving": true }));
        let ended = waits.join().expect("no panic");
        assert!(matches!(ended, Err(Error::Closed)), "{:?}", ended.err());
    });
    assert!(group.receive().wait().is_err(), "nothing more comes");
    assert!(horus.ended().expect("it is over").contains("operator"));
    let began = Instant::now();
    while room.socket().exists() {
        assert!(began.elapsed() < LONG, "the socket stays");
        std::thread::yield_now();
    }
    let again = room.open();
    assert_eq!(status(&room.socket())["process"], json!(again.show(again.me())));
    drop(horus);
    assert_eq!(status(&room.socket())["ready"], json!(true), "what was over took nothing with it");
}
