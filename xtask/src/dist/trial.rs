//! Trial: what was packed is put somewhere else, and a daemon and its clients run from there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{fresh, name};
use crate::Done;
use crate::cargo::execute;
use crate::space::SPACES;

/// How long a daemon may take until it answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a node is told, and ends behind.
const SCRIPT: &str = r#"{"do":"found","group":"g"}
{"do":"cast","group":"g","order":"abcast","msg":"m1","body":"x"}
{"do":"create","lwg":"l","members":["x"]}
{"do":"send","lwg":"l","order":"cbcast","msg":"m2","body":"x"}
{"do":"settled"}
"#;

/// Unpacks the archives side by side.
pub(super) fn archives(archives: &[PathBuf], into: &Path) -> Done {
    fresh(into)?;
    for archive in archives {
        let mut tar = Command::new("tar");
        tar.arg("--extract").arg("--file").arg(archive).arg("--directory").arg(into);
        execute(&mut tar, &format!("tar --extract --file {}", archive.display()))?;
    }
    let [system, user] = SPACES.map(|which| into.join(name(which.space())));
    Trial { system: &system, user: &user, etc: &system.join("etc") }.run()
}

/// Installs the packages into a system of their own, and takes them out again.
pub(super) fn packages(packages: &[PathBuf], into: &Path) -> Done {
    let system = fresh(into)?;
    fresh(&system.join("var/lib/dpkg/info"))?;
    fresh(&system.join("var/lib/dpkg/updates"))?;
    fs::write(system.join("var/lib/dpkg/status"), "").map_err(|error| error.to_string())?;
    let dpkg = |words: &[&str]| {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg("--root").arg(&system).arg("--log=/dev/null");
        // There is nothing in that system, so nothing that they depend on.
        dpkg.args(["--force-depends", "--force-not-root", "--force-script-chrootless"]);
        dpkg.args(words).stdout(Stdio::null());
        execute(&mut dpkg, &format!("dpkg --root {} {}", system.display(), words.join(" ")))
    };
    let files: Vec<String> = packages.iter().map(|path| path.display().to_string()).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    dpkg(&[&["--install"][..], &files].concat())?;
    let usr = system.join("usr");
    Trial { system: &usr, user: &usr, etc: &system.join("etc") }.run()?;
    let unit = usr.join("lib/systemd/system/horusd.service");
    let kept = system.join("etc/horus/horusd.toml");
    expect(unit.exists() && kept.exists(), "the unit and the settings are installed")?;
    let texts = ["horusd", "horus"].map(|package| usr.join("share/doc").join(package));
    let licensed = |doc: &PathBuf| {
        ["LICENSE-MIT", "LICENSE-APACHE", "copyright"].iter().all(|text| doc.join(text).exists())
    };
    expect(texts.iter().all(licensed), "the licences are installed")?;
    if Command::new("systemd-sysusers").arg("--version").output().is_ok() {
        let users = fs::read_to_string(system.join("etc/passwd")).unwrap_or_default();
        expect(users.contains("horus:"), "the user that the daemon runs as is made")?;
    }
    dpkg(&["--remove", "horusd", "horus"])?;
    let gone = !usr.join("bin/horusd").exists() && !usr.join("bin/horus").exists();
    expect(gone && kept.exists(), "a removed package leaves its settings and nothing else")?;
    dpkg(&["--purge", "horusd"])?;
    expect(!kept.exists(), "a purged package leaves nothing")
}

fn expect(holds: bool, what: &str) -> Done {
    if holds { Ok(()) } else { Err(format!("not so: {what}")) }
}

/// Where both spaces lie now.
struct Trial<'a> {
    system: &'a Path,
    user: &'a Path,
    etc: &'a Path,
}

/// A daemon, killed when this goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Trial<'_> {
    /// A daemon with the sample of settings, a node on it, a program in C on it, and its end.
    fn run(&self) -> Done {
        let rooms = std::env::temp_dir().join(format!("horus-dist-{}", std::process::id()));
        let room = fresh(&rooms)?;
        let done = self.run_in(&room);
        let _ = fs::remove_dir_all(room);
        done
    }

    fn run_in(&self, room: &Path) -> Done {
        let (horusd, horus) = (self.system.join("bin/horusd"), self.user.join("bin/horus"));
        for (program, name) in [(&horusd, "horusd"), (&horus, "horus")] {
            let said = said(Command::new(program).arg("--version"), "")?;
            let expected = format!("{name} {}", env!("CARGO_PKG_VERSION"));
            expect(said.trim() == expected, &format!("{name} --version says `{expected}`"))?;
        }
        let socket = room.join("horusd.sock");
        let mut command = Command::new(&horusd);
        command.arg("--config").arg(self.etc.join("horus/horusd.toml"));
        command.args(["--name", "d", "--listen", "127.0.0.1:0"]);
        command.arg("--socket").arg(&socket).arg("--state").arg(room.join("state"));
        let mut daemon = Running(command.spawn().map_err(|error| format!("horusd: {error}"))?);
        let ask = |verb: &str| {
            let mut ask = Command::new(&horus);
            ask.arg(verb).arg("--socket").arg(&socket).arg("--json").output()
        };
        let began = Instant::now();
        while !ask("status").is_ok_and(|output| output.status.success()) {
            let ended = daemon.0.try_wait().map_err(|error| error.to_string())?;
            expect(ended.is_none() && began.elapsed() < PATIENCE, "the daemon answers")?;
            std::thread::yield_now();
        }
        let mode = fs::metadata(&socket).map_err(|error| error.to_string())?.permissions().mode();
        expect(mode & 0o777 == 0o660, "who is in the daemon's group may attach")?;
        let mut node = Command::new(&horus);
        node.args(["node", "--json", "--name", "x", "--daemon"]).arg(&socket);
        node.arg("--state").arg(room.join("state"));
        let told = said(&mut node, SCRIPT)?;
        let delivered = told.lines().filter(|line| line.contains("\"deliver\"")).count();
        expect(delivered == 2, &format!("a node hears what it said twice:\n{told}"))?;
        let mut alone = Command::new(&horus);
        alone.args(["node", "--name", "y", "--listen", "127.0.0.1:0", "--state"]).arg(room);
        let alone = output(&mut alone, "")?;
        let why = String::from_utf8_lossy(&alone.stderr).into_owned();
        expect(why.contains("embeds no kernel"), "the user space has no kernel of its own")?;
        self.in_c(room, &socket)?;
        ask("leave").map_err(|error| error.to_string())?;
        let ended = daemon.0.wait().map_err(|error| error.to_string())?;
        expect(ended.success() && !socket.exists(), "the daemon ends when told")
    }

    /// Compiles the example against what is there, as its users would.
    fn in_c(&self, room: &Path, socket: &Path) -> Done {
        let lib = self.user.join("lib");
        let mut flags = Command::new("pkg-config");
        flags.args(["--cflags", "--libs", "horus"]).env("PKG_CONFIG_PATH", lib.join("pkgconfig"));
        let flags = said(&mut flags, "")?;
        let program = room.join("attached");
        let mut compile = Command::new("cc");
        compile.arg(self.user.join("share/doc/horus/examples/attached.c"));
        compile.args(flags.split_whitespace()).arg("-o").arg(&program);
        execute(&mut compile, "cc attached.c $(pkg-config --cflags --libs horus)")?;
        let mut run = Command::new(&program);
        run.arg(socket).env("LD_LIBRARY_PATH", &lib).env("XDG_STATE_HOME", room.join("state"));
        let said = said(&mut run, "")?;
        let hears = said.starts_with("ca#") && said.trim_end().ends_with(" says: hello");
        expect(hears, &format!("a program in C hears itself: {said}"))
    }
}

/// What a program says when it is told this; it has to end well.
fn said(command: &mut Command, input: &str) -> Result<String, String> {
    let output = output(command, input)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(format!("{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

fn output(command: &mut Command, input: &str) -> Result<Output, String> {
    use std::io::Write as _;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    // Who wants none may have ended already.
    let _ = child.stdin.take().map(|mut pipe| pipe.write_all(input.as_bytes()));
    child.wait_with_output().map_err(|error| format!("{command:?}: {error}"))
}
