//! A daemon as a process, and clients that do it no good: garbage, floods, silence, death.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use muts::os::Pipe;
use muts::{Layer as _, Message, NodeId, ProcId};
use vsync::gate::{Bye, Client, Reader, Say, State, Tell, framed};
use vsync::{Down, GroupId, Order, Up};

const SECOND: Duration = Duration::from_secs(1);

/// A daemon with a directory of its own; both go with it.
struct Daemon {
    child: Child,
    directory: PathBuf,
    log: PathBuf,
}

impl Daemon {
    fn start(called: &str, more: &[&str]) -> Self {
        let name = format!("horusd-{}-{called}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).expect("a directory");
        let log = directory.join("log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_horusd"));
        command.args(["--name", "d", "--listen", "127.0.0.1:0", "--log", "debug"]);
        command.arg("--socket").arg(directory.join("sock"));
        command.arg("--state").arg(&directory).args(more);
        command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).expect("a log"));
        let child = command.spawn().expect("horusd");
        let daemon = Self { child, directory, log };
        let began = Instant::now();
        while UnixStream::connect(daemon.socket()).is_err() {
            assert!(began.elapsed() < SECOND * 10, "it does not listen: {}", daemon.logged());
            std::thread::yield_now();
        }
        daemon
    }

    fn socket(&self) -> PathBuf {
        self.directory.join("sock")
    }

    fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill").success()
        );
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A client on this thread.
struct Desk {
    pipe: Pipe,
    client: Client,
    told: Vec<Up>,
}

impl Desk {
    fn attach(daemon: &Daemon, name: &str) -> Self {
        let me = ProcId { node: NodeId::of_name(name), incarnation: 1 };
        let pipe = Pipe::open(&daemon.socket()).expect("a daemon");
        let mut desk = Self { pipe, client: Client::new(me, name), told: Vec::new() };
        desk.until("attached", SECOND * 5, |desk| {
            matches!(desk.client.state(), State::Attached(_))
        });
        desk
    }

    fn turn(&mut self, patience: Duration) {
        self.pipe.turn(&mut self.client, Some(patience)).expect("a pipe");
        self.told.extend(std::iter::from_fn(|| self.client.up()));
    }

    fn until(&mut self, what: &str, patience: Duration, holds: impl Fn(&Self) -> bool) -> Duration {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < patience, "not within {patience:?}: {what}");
            self.turn(Duration::from_millis(10));
        }
        began.elapsed()
    }

    fn ask(&mut self, ask: Down) -> bool {
        let now = self.pipe.now();
        let taken = self.client.down(now, ask).is_ok();
        self.turn(Duration::ZERO);
        taken
    }

    fn casts(&self) -> usize {
        self.told.iter().filter(|up| matches!(up, Up::Cast { .. })).count()
    }

    /// Round trips to itself through the daemon in so much time.
    fn pace(&mut self, group: GroupId, time: Duration) -> usize {
        let (began, mut done) = (Instant::now(), 0);
        while began.elapsed() < time {
            let before = self.casts();
            let (order, message) = (Order::Total, Message::new(&b"ping"[..]));
            assert!(self.ask(Down::Cast { group, how: order.into(), message }));
            self.until("one's own cast", SECOND * 5, |desk| desk.casts() > before);
            done += 1;
        }
        done
    }
}

fn bye(stream: &mut UnixStream) -> Option<Bye> {
    stream.set_read_timeout(Some(SECOND * 5)).expect("a timeout");
    let (mut reader, mut bytes) = (Reader::default(), [0; 4096]);
    loop {
        if let Ok(Some(Tell::Bye(why))) = reader.take::<Tell>() {
            return Some(why);
        }
        match stream.read(&mut bytes) {
            Ok(count @ 1..) => reader.put(&bytes[..count]),
            _ => return None,
        }
    }
}

fn group(desk: &mut Desk, word: &str) -> GroupId {
    let group = GroupId::of_word(word);
    assert!(desk.ask(Down::Found { group, members: Vec::new() }));
    desk.until("a view", SECOND * 5, |desk| desk.told.iter().any(|up| matches!(up, Up::View(_))));
    group
}

#[test]
fn hostile_clients_are_put_out_and_slow_down_nobody() {
    let daemon = Daemon::start("hostile", &["--clients-max", "16"]);
    let mut victim = Desk::attach(&daemon, "victim");
    let own = group(&mut victim, "own");
    let alone = victim.pace(own, SECOND / 2);
    let connect = || UnixStream::connect(daemon.socket()).expect("a door");

    let mut garbage = connect();
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("written");
    assert_eq!(bye(&mut garbage), Some(Bye::Malformed));

    let mut lying = connect();
    lying.write_all(&u32::MAX.to_le_bytes()).expect("written");
    assert_eq!(bye(&mut lying), Some(Bye::Malformed));

    let mut masked = connect();
    let me = ProcId { node: NodeId::of_name("victim"), incarnation: 9 };
    let hello = Say::Hello { version: vsync::gate::VERSION, me, name: "other".into() };
    masked.write_all(&framed(&hello)).expect("written");
    assert_eq!(bye(&mut masked), Some(Bye::Forbidden));

    // Thousands of connections that say nothing: no more than there is room for are kept.
    let crowd: Vec<UnixStream> =
        (0..3_000).filter_map(|_| UnixStream::connect(daemon.socket()).ok()).collect();
    let pace = victim.pace(own, SECOND / 4);
    assert!(pace * 8 > alone, "{pace} round trips beside a crowd, {alone} alone in twice the time");
    drop(crowd);
    // One that sends into groups that it is not in, as fast as it can.
    let group = GroupId::of_word("own");
    let (order, body) = (Order::Fifo, Message::new(vec![7; 10_000]));
    let cast = Say::Ask(Down::Cast { group, how: order.into(), message: body });
    let before = victim.casts();
    let mut raw = connect();
    let me = ProcId { node: NodeId::of_name("raw"), incarnation: 1 };
    let hello = Say::Hello { version: vsync::gate::VERSION, me, name: "raw".into() };
    raw.write_all(&framed(&hello)).expect("written");
    raw.set_write_timeout(Some(SECOND / 10)).expect("a timeout");
    let frame = framed(&cast);
    // It is told each time that it is not in there, and reads none of it.
    let written = (0..20_000).take_while(|_| raw.write_all(&frame).is_ok()).count();
    println!("{written} casts into another's group");
    assert_eq!(victim.casts(), before, "nobody casts into a group that it is not in");
    let beside = victim.pace(own, SECOND / 2);
    assert!(beside * 3 > alone, "{beside} round trips beside them, {alone} alone");
}

#[test]
fn a_client_that_stands_still_is_put_out_and_a_daemon_that_dies_is_known_at_once() {
    let mut daemon = Daemon::start("still", &["--silence-ms", "600", "--beat-ms", "50"]);
    let (mut one, mut other) = (Desk::attach(&daemon, "one"), Desk::attach(&daemon, "other"));
    let word = GroupId::of_word("both");
    let members = vec![ProcId { node: NodeId::of_name("other"), incarnation: 1 }];
    one.until("met", SECOND * 5, |desk| desk.told.iter().any(|up| matches!(up, Up::Met { .. })));
    assert!(one.ask(Down::Found { group: word, members }));
    let of = |count: usize| {
        move |desk: &Desk| {
            let mut views = desk.told.iter().rev();
            views.find_map(|up| match up {
                Up::View(view) => Some(view.members.len() == count),
                _ => None,
            }) == Some(true)
        }
    };
    let began = Instant::now();
    while !of(2)(&one) {
        assert!(began.elapsed() < SECOND * 10, "{:?}", one.told);
        one.turn(Duration::from_millis(5));
        other.turn(Duration::from_millis(5));
    }
    // From here on nobody turns the other.
    let took = one.until("alone", SECOND * 3, of(1));
    assert!(took > SECOND / 4, "{took:?} is no silence");
    other.until("told", SECOND, |desk| desk.client.state() == State::Over(Some(Bye::Silent)));
    let _ = daemon.child.kill();
    let took = one.until("over", SECOND, |desk| desk.client.state() == State::Over(None));
    assert!(took < SECOND / 2, "{took:?}");
}

#[test]
fn settings_are_read_again_and_an_end_is_said() {
    let file = std::env::temp_dir().join(format!("horusd-{}.toml", std::process::id()));
    std::fs::write(&file, "clients_max = 1\n").expect("written");
    let path = file.display().to_string();
    let mut daemon = Daemon::start("reload", &["--config", &path]);
    let mut one = Desk::attach(&daemon, "one");
    let mut refused = UnixStream::connect(daemon.socket()).expect("a door");
    let me = ProcId { node: NodeId::of_name("two"), incarnation: 1 };
    let hello = Say::Hello { version: vsync::gate::VERSION, me, name: "two".into() };
    refused.write_all(&framed(&hello)).expect("written");
    assert_eq!(bye(&mut refused), Some(Bye::Crowded));
    std::fs::write(&file, "clients_max = 2\nspeed = 9\n").expect("written");
    daemon.signal("HUP");
    one.until("refused", SECOND * 5, |_| daemon.logged().contains("stay as they were"));
    std::fs::write(&file, "clients_max = 2\n").expect("written");
    daemon.signal("HUP");
    one.until("read again", SECOND * 5, |_| daemon.logged().contains("read again"));
    let _two = Desk::attach(&daemon, "two");
    daemon.signal("TERM");
    one.until("told", SECOND * 5, |desk| desk.client.state() == State::Over(Some(Bye::Stopping)));
    assert!(daemon.child.wait().expect("a child").success());
    assert!(!daemon.socket().exists(), "nobody finds a door without a house");
    let _ = std::fs::remove_file(file);
}

#[test]
fn bad_settings_end_it_at_once_and_name_the_key() {
    for (words, named) in [
        (&["--listen", "0.0.0.0:1"][..], "listen"),
        (&["--peers", "b"], "peers"),
        (&["--silence-ms", "soon"], "--silence-ms"),
        (&["--config", "/nowhere/horusd.toml"], "/nowhere/horusd.toml"),
    ] {
        let ended = Command::new(env!("CARGO_BIN_EXE_horusd")).args(words).output().expect("run");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains(named) && said.lines().count() == 1, "{said}");
    }
    let words = ["--name", "x", "--slow-ms", "5", "--print-config"];
    let printed = Command::new(env!("CARGO_BIN_EXE_horusd")).args(words).output().expect("run");
    let text = String::from_utf8_lossy(&printed.stdout);
    assert!(text.contains("slow_ms = 5") && text.contains("clients_max = 256"), "{text}");
}
