//! Settings: read, refused, read again; and how a daemon ends.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::Command;

use muts::{NodeId, ProcId};
use vsync::gate::{Bye, Say, State, framed};

use super::desk::{Desk, bye};
use super::house::{Daemon, SECOND};

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
