//! Incarnation: a number that grows with every start of a node, kept where a crash cannot lose it.

use core::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{format, writeln};

/// The last incarnation could not be kept.
#[derive(Debug)]
pub struct Forgetful {
    /// Where.
    pub path: PathBuf,
    /// What the system says.
    pub cause: io::Error,
}

impl fmt::Display for Forgetful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, cause) = (self.path.display(), &self.cause);
        write!(
            f,
            "cannot keep the incarnation in {path}: {cause}; name a directory that can be written"
        )
    }
}

impl std::error::Error for Forgetful {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// The directory of the user's state, `horus` in it: where nothing else was said.
///
/// # Errors
/// [`Forgetful`] if the environment does not tell.
fn default_dir() -> Result<PathBuf, Forgetful> {
    if let Some(dir) = std::env::var_os("XDG_STATE_HOME").filter(|dir| !dir.is_empty()) {
        return Ok(PathBuf::from(dir).join("horus"));
    }
    if let Some(home) = std::env::var_os("HOME").filter(|home| !home.is_empty()) {
        return Ok(PathBuf::from(home).join(".local/state/horus"));
    }
    let cause = io::Error::new(io::ErrorKind::NotFound, "neither HOME nor XDG_STATE_HOME is set");
    Err(Forgetful { path: PathBuf::from("the user's state directory"), cause })
}

/// The next incarnation of this node: max(wall clock in µs, last + 1). On disk when this returns.
///
/// The clock alone can be set back; the file alone can be lost. Together they only grow. Of starts
/// at the same time each has its own, where files can be locked. Without a directory it is kept in
/// the user's.
///
/// # Errors
/// [`Forgetful`] if it cannot be kept: a number used twice would make two processes one.
pub fn next_incarnation(dir: Option<&Path>, name: &str) -> Result<u64, Forgetful> {
    let dir = dir.map_or_else(default_dir, |dir| Ok(dir.to_path_buf()))?;
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let wall = u64::try_from(wall).unwrap_or(u64::MAX);
    advance(&dir, name, wall).map_err(|cause| Forgetful { path: dir, cause })
}

fn advance(dir: &Path, name: &str, wall: u64) -> io::Result<u64> {
    fs::create_dir_all(dir)?;
    // Who starts under this name meanwhile waits until that is closed: both would read the same.
    let turn = File::create(dir.join(format!("{name}.incarnation.lock")))?;
    match turn.lock() {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
        locked => locked?,
    }
    let path = dir.join(format!("{name}.incarnation"));
    let last = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse::<u64>().map_err(|_| {
            let why = format!("{} does not hold a number; remove it", path.display());
            io::Error::new(io::ErrorKind::InvalidData, why)
        })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    let next = last.checked_add(1).ok_or_else(|| {
        let why = format!(
            "{} holds the highest number there is; give the node another name, or remove the file \
             if nobody remembers that incarnation",
            path.display()
        );
        io::Error::new(io::ErrorKind::InvalidData, why)
    })?;
    let next = wall.max(next);
    // Renamed into place: a crash leaves the old number or the new one, never half of one.
    let fresh = fresh(dir, name);
    let whole = write(&fresh, next).and_then(|()| fs::rename(&fresh, &path));
    whole.inspect_err(|_| drop(fs::remove_file(&fresh)))?;
    sync_dir(dir)?;
    Ok(next)
}

/// Where it is written first.
fn fresh(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.incarnation.{}", std::process::id()))
}

fn write(path: &Path, number: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    writeln!(file, "{number}")?;
    file.sync_all()
}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    fn room(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("horus-incarnation-{name}-{}", std::process::id()))
    }

    #[test]
    fn it_grows_when_the_clock_is_set_back() {
        let dir = room("back");
        assert_eq!(advance(&dir, "a", 100).expect("written"), 100);
        assert_eq!(advance(&dir, "a", 50).expect("written"), 101);
        assert_eq!(advance(&dir, "b", 50).expect("written"), 50);
        assert_eq!(advance(&dir, "a", 200).expect("written"), 200);
        fs::remove_dir_all(dir).expect("removed");
    }

    #[test]
    fn after_the_highest_number_there_is_no_start() {
        let dir = room("highest");
        fs::create_dir_all(&dir).expect("made");
        fs::write(dir.join("a.incarnation"), std::format!("{}", u64::MAX - 1)).expect("written");
        assert_eq!(advance(&dir, "a", 100).expect("written"), u64::MAX);
        assert!(advance(&dir, "a", 100).is_err());
        fs::remove_dir_all(dir).expect("removed");
    }

    #[cfg(unix)]
    #[test]
    fn what_was_written_but_could_not_be_kept_is_removed() {
        let dir = room("unkept");
        fs::create_dir_all(&dir).expect("made");
        std::os::unix::fs::symlink("/dev/full", fresh(&dir, "a")).expect("made");
        assert!(advance(&dir, "a", 100).is_err());
        assert!(!fresh(&dir, "a").is_symlink());
        assert_eq!(advance(&dir, "a", 100).expect("written"), 100);
        fs::remove_dir_all(dir).expect("removed");
    }

    #[test]
    fn starts_at_the_same_time_have_numbers_of_their_own() {
        let dir = room("together");
        let start = std::sync::Barrier::new(8);
        let starts = || {
            start.wait();
            (0..20).map(|_| advance(&dir, "a", 0).expect("written")).collect::<Vec<_>>()
        };
        let numbers: BTreeSet<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(starts)).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("it ends")).collect()
        });
        assert_eq!(numbers, (1..=160).collect());
        fs::remove_dir_all(dir).expect("removed");
    }

    #[test]
    fn a_file_that_holds_no_number_is_an_error_not_a_new_start() {
        let dir = room("bad");
        fs::create_dir_all(&dir).expect("made");
        fs::write(dir.join("a.incarnation"), "soon").expect("written");
        assert!(advance(&dir, "a", 100).is_err());
        fs::remove_dir_all(dir).expect("removed");
    }
}
