//! Histories on disk: written a line at a time, read with one forgiveness.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Event, Id, Log};

/// What the files are called after their process.
const SUFFIX: &str = ".jsonl";

/// Appends the events of one process to `DIRECTORY/NAME#INCARNATION.jsonl`.
///
/// Every event is one `write(2)`, so a kill can tear at most the last line.
#[derive(Debug)]
pub struct Writer {
    file: File,
    line: Vec<u8>,
}

impl Writer {
    /// Opens the history of `proc` (`name#incarnation`) in `directory`, which is made if it is
    /// not there, and writes its `start` line.
    ///
    /// # Errors
    /// What the file system answers; `InvalidInput` if `proc` cannot be part of a file name.
    pub fn create(directory: &Path, proc: &str) -> io::Result<Writer> {
        if proc.is_empty() || proc.contains(['/', '\\', '\0']) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{proc:?} cannot name a history"),
            ));
        }
        fs::create_dir_all(directory)?;
        let path = directory.join(format!("{proc}{SUFFIX}"));
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let mut writer = Writer { file, line: Vec::new() };
        writer.write(&Event::Start { proc: proc.into() })?;
        Ok(writer)
    }

    /// Appends one event.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, event)?;
        self.line.push(b'\n');
        self.file.write_all(&self.line)
    }
}

/// Why histories cannot be read.
#[derive(Debug)]
pub enum Error {
    /// The file system refused.
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Its answer.
        error: io::Error,
    },
    /// A line is not an event.
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Two files tell of the same process.
    Twice {
        /// The second file.
        path: PathBuf,
        /// The process.
        proc: Id,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io { path, error } => write!(formatter, "{}: {error}", path.display()),
            Error::Line { path, line, reason } => {
                write!(formatter, "{}:{line}: {reason}", path.display())
            }
            Error::Twice { path, proc } => {
                write!(formatter, "{}: a second history of {proc}", path.display())
            }
        }
    }
}

impl std::error::Error for Error {}

/// Reads every `*.jsonl` of `directory`, in the order of their names.
///
/// # Errors
/// The first thing that cannot be read; an empty directory is no error.
pub fn read_dir(directory: &Path) -> Result<Vec<Log>, Error> {
    let io = |error| Error::Io { path: directory.to_owned(), error };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.to_string_lossy().ends_with(SUFFIX) {
            paths.push(path);
        }
    }
    paths.sort();
    let mut logs: Vec<Log> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for path in paths {
        let log = read_file(&path)?;
        if !seen.insert(log.proc.clone()) {
            return Err(Error::Twice { path, proc: log.proc });
        }
        logs.push(log);
    }
    Ok(logs)
}

/// Reads one history. Without a `start` line the file name names the process.
///
/// # Errors
/// The file cannot be read, or one of its lines is not an event.
pub fn read_file(path: &Path) -> Result<Log, Error> {
    let io = |error| Error::Io { path: path.to_owned(), error };
    // A pipe would be waited for.
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(io(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    let bytes = fs::read(path).map_err(io)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut log = Log::new(name.strip_suffix(SUFFIX).unwrap_or(&name));
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    log.torn = whole < bytes.len();
    for (number, line) in bytes[..whole].split_inclusive(|&byte| byte == b'\n').enumerate() {
        let bad = |reason| Error::Line { path: path.to_owned(), line: number + 1, reason };
        let event = serde_json::from_slice(line.trim_ascii_end());
        let event = event.map_err(|error| bad(place_in_line(&error)))?;
        if let Some(last @ (Event::Crash | Event::End)) = log.events.last() {
            let last = if *last == Event::End { "end" } else { "crash" };
            return Err(bad(format!("{last} is the last line")));
        }
        match event {
            Event::Start { ref proc } if number == 0 => log.proc = proc.clone(),
            Event::Start { .. } => return Err(bad("start is the first line or none".into())),
            _ => {}
        }
        log.push(event);
    }
    Ok(log)
}

/// What is wrong, and where: the line is the file's, not the reader's first.
fn place_in_line(error: &serde_json::Error) -> String {
    let (said, column) = (error.to_string(), error.column());
    let place = format!(" at line {} column {column}", error.line());
    said.strip_suffix(&place).map_or(said.clone(), |what| format!("{what} at column {column}"))
}
