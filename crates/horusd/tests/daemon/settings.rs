//! Settings: read, refused, read again; and how a daemon ends.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::Command;

use muts::{NodeId, ProcId};
use vsync::gate::{Bye, Say, State, framed};

use super::desk::{Desk, bye};
use super::house::{Daemon, LONG};

#[test]
fn settings_are_read_again_and_an_end_is_said() {
    let file = std::env::temp_dir().join(format!("horusd-{}.toml", std::process::id()));
    std::fs::write(&file, "clients_max = 1\n").expect("written");
    let path = file.display().to_string();
    let mut daemon = Daemon::start("reload", &["--config", &path]);
    let mut one = Desk::attach(&daemon, "one");
    let mut refused = UnixStream::connect(daemon.socket()).expect("a door");
    let me = ProcId { node: NodeId::of_name("two"), incarnation: 1 };
    let hello = Say::Hello { versions: vsync::gate::VERSIONS, me, name: "two".into() };
    refused.write_all(&framed(&hello)).expect("written");
    assert_eq!(bye(&mut refused), Some(Bye::Crowded));
    std::fs::write(&file, "clients_max = 2\nspeed = 9\n").expect("written");
    daemon.signal("HUP");
    one.until("refused", LONG, |_| daemon.logged().contains("stay as they were"));
    std::fs::write(&file, "clients_max = 2\n").expect("written");
    daemon.signal("HUP");
    one.until("read again", LONG, |_| daemon.logged().contains("read again"));
    let _two = Desk::attach(&daemon, "two");
    daemon.signal("TERM");
    one.until("told", LONG, |desk| desk.client.state() == State::Over(Some(Bye::Stopping)));
    assert!(daemon.child.wait().expect("a child").success());
    assert!(!daemon.socket().exists(), "nobody finds a door without a house");
    let _ = std::fs::remove_file(file);
}

/// What is said about settings that cannot be: flags, and the one line.
const WRONG: [(&[&str], &str); 18] = [
    (
        &["--listen", "0.0.0.0:1"],
        "listen: 0.0.0.0:1 can be reached from outside and there is no key: set key_file \
         (`horus keygen` makes one), or insecure if every host that can reach it is trusted",
    ),
    (&["--listen", "here"], "listen: `here` is no address with a port, like 127.0.0.1:7100"),
    (
        &["--name", "a b"],
        "name: `a b` cannot be a node's name: 1 to 64 letters, digits, `-`, `_` or `.`, not \
         beginning with `.`",
    ),
    (&["--peers", "b"], "peers: `b` is not NAME=HOST:PORT"),
    (&["--peers", "b=host"], "peers: `host` is not HOST:PORT"),
    (&["--seeds", "host"], "seeds: `host` is not HOST:PORT"),
    (&["--services", "a:1"], "services: `a:1` is no name like _horusd._udp.example.org"),
    (
        &["--beacon", "10.0.0.1:1"],
        "beacon: `10.0.0.1:1` is no multicast group like 239.255.71.0:7101",
    ),
    (
        &["--expect", "1", "--beside=false"],
        "expect: nobody would be found to wait for: set peers, seeds, services, beacon or beside",
    ),
    (
        &["--first", "b", "--beside=false"],
        "first: nobody would be found to wait for: set peers, seeds, services, beacon or beside",
    ),
    (&["--socket-mode", "rw"], "socket_mode: `rw` is no octal like 0660"),
    (
        &["--socket-group", "no such"],
        "socket_group: this system has no group of users `no such`: make it (`groupadd --system no \
         such`), or name one that there is",
    ),
    (&["--silence-ms", "150"], "silence_ms: 150 must be at least twice beat_ms, 200"),
    (
        &["--silence-ms", "soon"],
        "invalid value 'soon' for '--silence-ms <MS>': invalid digit found in string",
    ),
    (&["--log", "loud"], "log: `loud` is none of error, warn, info, debug, trace, off"),
    (&["--log-form", "xml"], "log_form: `xml` is neither text nor json"),
    (
        &["--config", "/nowhere/horusd.toml"],
        "cannot read /nowhere/horusd.toml: No such file or directory (os error 2)",
    ),
    (&["--speed", "9"], "unexpected argument '--speed' found"),
];

fn run(words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_horusd"));
    let ended = command.env("HORUSD_NAME", "a").args(words).output().expect("run");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

#[test]
fn settings_that_cannot_be_end_it_at_once_with_one_line_that_says_what_to_do() {
    for (words, wanted) in WRONG {
        let (code, _, said) = run(words);
        assert_eq!((code, &said[..]), (Some(2), &format!("horusd: {wanted}\n")[..]), "{words:?}");
    }
    let file = std::env::temp_dir().join(format!("horusd-wrong-{}.toml", std::process::id()));
    let path = file.display().to_string();
    std::fs::write(&file, "slow_ms = 5\nspeed = 9\n").expect("written");
    let (code, _, said) = run(&["--config", &path]);
    let begin = format!("horusd: {path}: line 2: unknown field `speed`, expected one of `name`, ");
    assert!(code == Some(2) && said.starts_with(&begin) && said.lines().count() == 1, "{said}");
    let _ = std::fs::remove_file(file);
}

#[test]
fn what_is_printed_is_a_file_that_means_the_same() {
    let (code, printed, _) = run(&["--slow-ms", "5", "--peers", "b=h:1,c=h:2", "--print-config"]);
    assert_eq!(code, Some(0));
    for line in [
        "slow_ms = 5",
        "clients_max = 256",
        "health = \"127.0.0.1:7180\"",
        "beside = true",
        "allow_chaos = false",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "no {line} in {printed}");
    }
    let file = std::env::temp_dir().join(format!("horusd-print-{}.toml", std::process::id()));
    std::fs::write(&file, &printed).expect("written");
    let again = run(&["--config", &file.display().to_string(), "--print-config"]);
    assert_eq!(again, (Some(0), printed, String::new()));
    let _ = std::fs::remove_file(file);
}

#[test]
fn settings_that_cannot_be_printed_are_a_failure_of_one_line() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let mut command = Command::new(env!("CARGO_BIN_EXE_horusd"));
    command.args(["--name", "a", "--print-config"]).stdout(full);
    let ended = command.stderr(std::process::Stdio::piped()).spawn().expect("it starts");
    let ended = ended.wait_with_output().expect("an end");
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{complaint}");
    assert!(complaint.starts_with("horusd: standard output cannot be written: "), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
}
