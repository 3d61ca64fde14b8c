//! Keys: the file that they lie in, read and written.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use muts::keyed::KeyFile;

use crate::error::Error;

/// Reads the keys in a file.
///
/// # Errors
/// [`Error::Keys`] says what is wrong, and in which line.
pub fn read_keys(path: &Path) -> Result<KeyFile, Error> {
    let wrong = |why: String| Error::Keys { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    KeyFile::parse(&text).map_err(|error| wrong(error.to_string()))
}

/// Writes keys into a new file that nobody else may read.
///
/// # Errors
/// [`Error::Unwritten`]; a file that is there already is left as it is.
pub fn write_keys(path: &Path, keys: &KeyFile) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(keys.to_string().as_bytes())?;
        file.sync_all()
    });
    written.map_err(|cause| Error::Unwritten { path: path.to_owned(), cause })
}
