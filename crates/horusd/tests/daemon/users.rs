//! Users: whose group the socket is given to, who gets in by that, and when it cannot be.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::house::{Daemon, command};
use super::untried::not_tried;

/// A user without rights of its own.
const NOBODY: u32 = 65_534;

/// A group that nobody is in but who is said to be.
const GROUP: u32 = 59_999;

/// What the system says of the socket: whose group, and what that may.
fn of(socket: &Path) -> (u32, u32) {
    let known = std::fs::metadata(socket).expect("a socket");
    (known.gid(), known.permissions().mode() & 0o777)
}

fn root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

#[test]
fn the_socket_belongs_to_the_group_that_is_named() {
    let own = std::fs::metadata("/proc/self").expect("Linux").gid();
    let group = if root() { GROUP } else { own };
    let words = ["--socket-group", &group.to_string(), "--socket-mode", "0660"];
    let daemon = Daemon::start("group", &words);
    assert_eq!(of(daemon.socket()), (group, 0o660));
}

#[test]
fn a_group_that_the_daemon_is_not_in_ends_it_with_what_to_do() {
    let mut command = command("foreign", |command| {
        command.args(["--socket-group", "0"]);
    });
    let directory = directory_of(&command);
    if root() {
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(&directory, open).expect("its own directory");
        command.uid(NOBODY).gid(NOBODY);
    }
    let ended = command.output().expect("run");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    let last = said.lines().last().unwrap_or_default();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    let told = "it cannot be of the group of users 0: Operation not permitted (os error 1); a \
                daemon has to be in its `socket_group`, and may write at `socket`";
    assert!(last.starts_with("horusd: cannot listen at ") && last.ends_with(told), "{said}");
    let files = std::fs::read_dir(&directory).expect("there").flatten();
    let sockets = files.filter(|file| file.file_name().to_string_lossy().starts_with("sock"));
    assert_eq!(sockets.count(), 0, "a socket of the wrong group is left");
    std::fs::remove_dir_all(directory).expect("removed");
}

fn directory_of(command: &Command) -> std::path::PathBuf {
    let socket = command.get_envs().find(|(key, _)| *key == "HORUSD_SOCKET");
    let socket = socket.and_then(|(_, path)| path).map(Path::new).expect("a socket");
    socket.parent().expect("a directory").to_path_buf()
}

#[test]
fn who_is_in_the_group_gets_in_and_who_is_not_does_not() {
    let what = "users in and out of the group of a daemon's socket";
    if !root() {
        return not_tried(what, "only root runs programs as somebody else");
    }
    let words = ["--socket-group", &GROUP.to_string(), "--socket-mode", "0660"];
    let daemon = Daemon::start("let_in", &words);
    // A second daemon looks first whether somebody lets it in there.
    let second = |group: u32| {
        let mut command = command("let_in_second", |_| {});
        command.env("HORUSD_SOCKET", daemon.socket()).env("HORUSD_NAME", "second");
        let directory = std::env::temp_dir().join(format!("horusd-{}-nobody", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(&directory, open).expect("its own directory");
        command.env("HORUSD_STATE", &directory).uid(NOBODY).gid(group);
        let ended = command.output().expect("run");
        let _ = std::fs::remove_dir_all(directory);
        String::from_utf8_lossy(&ended.stderr).into_owned()
    };
    let (inside, outside) = (second(GROUP), second(NOBODY));
    assert!(inside.contains("another process listens there"), "{inside}");
    assert!(outside.contains("Permission denied"), "{outside}");
    let _ = std::fs::remove_dir_all(directory_of(&command("let_in_second", |_| {})));
}
