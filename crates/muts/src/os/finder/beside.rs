//! Beside: a directory in which processes of one host say where they listen, each in a file that it
//! keeps locked: a file that anybody can lock is of somebody who has died.

use std::format;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

use super::on_this_host;
use crate::limits::FOUND_MAX;

/// Longer than any address that is written down.
const ADDRESS_BYTES_MAX: u64 = 64;

#[derive(Debug)]
pub(super) struct Beside {
    directory: PathBuf,
    /// What names of files of the same system end with.
    end: String,
    name: String,
    own: SocketAddr,
    /// Locked as long as this lives.
    held: File,
}

impl Beside {
    pub(super) fn open(
        directory: &Path,
        name: &str,
        tag: u64,
        own: SocketAddr,
    ) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let end = format!(".{tag:016x}");
        let held = say(directory, name, &end, own)?;
        Ok(Self { directory: directory.to_path_buf(), end, name: name.into(), own, held })
    }

    fn path(&self) -> PathBuf {
        self.directory.join(format!("{}{}", self.name, self.end))
    }

    /// Where the others listen.
    pub(super) fn others(&mut self) -> Vec<SocketAddr> {
        let own = self.path();
        // Somebody who cleaned up may have taken it for that of its predecessor.
        if !own.exists()
            && let Ok(held) = say(&self.directory, &self.name, &self.end, self.own)
        {
            self.held = held;
        }
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path()).filter(|path| *path != own);
        let alike = paths.filter(|path| path.to_string_lossy().ends_with(&self.end));
        alike.take(FOUND_MAX).filter_map(|path| read(&path)).collect()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path());
    }
}

/// Writes where this process listens; nobody sees the file before it is locked.
fn say(directory: &Path, name: &str, end: &str, own: SocketAddr) -> io::Result<File> {
    let fresh = directory.join(format!("{name}.{}", std::process::id()));
    let mut file = File::create(&fresh)?;
    file.lock()?;
    write!(file, "{}", on_this_host(own))?;
    fs::rename(&fresh, directory.join(format!("{name}{end}")))?;
    Ok(file)
}

/// Where somebody listens, if it lives.
fn read(path: &Path) -> Option<SocketAddr> {
    let file = File::open(path).ok()?;
    if let Err(TryLockError::WouldBlock) = file.try_lock_shared() {
        let long = file.metadata().ok()?.len() > ADDRESS_BYTES_MAX;
        return if long { None } else { fs::read_to_string(path).ok()?.parse().ok() };
    }
    let _ = fs::remove_file(path);
    None
}
