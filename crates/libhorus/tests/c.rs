//! C: the example is compiled against the header, linked both ways, and run.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use roof::KeyFile;

/// Where cargo has put the libraries: beside the test's own folder.
fn libraries() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    test.parent().and_then(Path::parent).expect("target/profile/deps/test").to_path_buf()
}

/// Tests cannot link such libraries, nor run another package's program, so cargo does not make them
/// for tests.
fn build(package: &str) {
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "-p", package]).status();
    assert!(built.expect("cargo runs").success(), "{package} does not build");
}

/// A daemon in a directory of its own; both go with it.
struct Daemon {
    child: Child,
    room: PathBuf,
}

impl Daemon {
    fn start() -> Self {
        build("horusd");
        let room = std::env::temp_dir().join(format!("horus-c-daemon-{}", std::process::id()));
        std::fs::create_dir_all(&room).expect("a directory");
        let mut command = Command::new(libraries().join("horusd"));
        command.args(["--name", "cd", "--listen", "127.0.0.1:0", "--health", "off"]);
        command.arg("--socket").arg(room.join("sock")).arg("--state").arg(&room);
        let log = std::fs::File::create(room.join("log")).expect("a log");
        let child = command.stderr(log).spawn().expect("horusd");
        let mut daemon = Self { child, room };
        let began = Instant::now();
        while UnixStream::connect(daemon.room.join("sock")).is_err() {
            let lives = daemon.child.try_wait().expect("a child").is_none();
            let in_time = began.elapsed() < Duration::from_secs(60);
            assert!(lives && in_time, "it does not listen: {}", daemon.logged());
            std::thread::yield_now();
        }
        daemon
    }

    fn logged(&self) -> String {
        std::fs::read_to_string(self.room.join("log")).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.room);
    }
}

fn run(link: &[&str], example: &str, name: &str, says: &str) {
    run_with(&[], link, (example, name), says);
}

/// Compiles an example under that name, and runs it with these words.
fn run_with(words: &[&Path], link: &[&str], (example, name): (&str, &str), says: &str) {
    build("libhorus");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (libraries, state) = (libraries(), std::env::temp_dir().join(format!("horus-c-{name}")));
    let program = libraries.join(name);
    let compiled = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(here.join("include"))
        .arg(here.join("examples").join(example))
        .arg("-o")
        .arg(&program)
        .arg(format!("-L{}", libraries.display()))
        .args(link)
        .status();
    assert!(compiled.expect("a C compiler").success(), "the example does not compile");
    let output = Command::new(&program)
        .args(words)
        .env("LD_LIBRARY_PATH", &libraries)
        .env("XDG_STATE_HOME", &state)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{wrong}");
    assert!(said.contains(says), "{said}");
}

const REPLIES: &str = "2 replies of 2 members";

#[test]
fn the_example_runs_on_the_shared_library() {
    run(&["-lhorus"], "table_one.c", "table_one_shared", REPLIES);
}

#[test]
fn the_example_runs_on_the_static_library() {
    run(&["-l:libhorus.a", "-lpthread", "-ldl", "-lm"], "table_one.c", "table_one_static", REPLIES);
}

#[test]
fn no_call_waits_for_longer_than_it_may() {
    run(&["-lhorus"], "patience.c", "patience", "room for many, then for more");
}

#[test]
fn who_is_outside_sends_through_a_member_and_beside_a_relaxed_group() {
    run(&["-lhorus"], "outside.c", "outside", "10 readings, and 2 replies to who is outside");
}

#[test]
fn a_tower_that_is_closed_leaves_whatever_of_it_is_still_to_be_freed() {
    run(&["-lhorus"], "closing.c", "closing", "one member is left");
}

#[test]
fn whoever_is_attached_to_a_daemon_uses_its_kernel() {
    let daemon = Daemon::start();
    let socket = daemon.room.join("sock");
    run_with(&[&socket], &["-lhorus"], ("attached.c", "attached"), "says: hello");
    let logged = daemon.logged();
    assert!(logged.contains("attached name=\"ca\""), "{logged}");
}

#[test]
fn operations_are_begun_together_and_each_is_waited_for_no_longer_than_it_may() {
    run(&["-lhorus"], "pipelined.c", "pipelined", "100 groups were on their way at once");
}

#[test]
fn views_are_waited_for_and_come_in_their_places_between_messages() {
    run(&["-lhorus"], "views.c", "views", "each view came once");
}

#[test]
fn a_core_group_with_an_electorate_has_primary_views_and_refuses_in_others() {
    run(&["-lhorus"], "primary.c", "primary", "two of three are primary, and one is not");
}

#[test]
fn with_keys_two_processes_meet_at_addresses_of_their_own() {
    let room = std::env::temp_dir().join(format!("horus-c-keys-{}", std::process::id()));
    std::fs::create_dir_all(&room).expect("a directory");
    let first = KeyFile::generate(None);
    let second = KeyFile::generate(Some(&first));
    for (name, keys) in [("ka", &first), ("kb", &second)] {
        roof::write_keys(&room.join(name).with_extension("keys"), keys).expect("a new file");
    }
    run_with(&[&room], &["-lhorus"], ("keyed.c", "keyed"), "answers over sealed links");
    for name in ["ka.incarnation", "kb.incarnation"] {
        assert!(room.join(name).is_file(), "{name} is kept where it was told");
    }
    std::fs::remove_dir_all(room).expect("removed");
}
