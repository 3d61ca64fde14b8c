//! Keys: the file that they lie in, read and written.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use muts::keyed::KeyFile;
use muts::os::is_open_to_others;

use crate::error::Error;

/// Reads the keys in a file. If other users may read it too, that is said on standard error.
///
/// # Errors
/// [`Error::Keys`] says what is wrong, and in which line.
pub fn read_keys(path: &Path) -> Result<KeyFile, Error> {
    let wrong = |why: String| Error::Keys { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let keys = KeyFile::parse(&text).map_err(|error| wrong(error.to_string()))?;
    if is_open_to_others(path) {
        let path = path.display();
        // A program whose standard error is gone does not fall over that.
        let _ = writeln!(
            std::io::stderr(),
            "horus: every user of this host can read the keys in {path}: `chmod 600 {path}`"
        );
    }
    Ok(keys)
}

/// Writes keys into a new file that nobody else may read.
///
/// # Errors
/// [`Error::Unwritten`]; a file that is there already is left as it is, and what could not be
/// written whole is removed.
pub fn write_keys(path: &Path, keys: &KeyFile) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        let whole = file.write_all(keys.to_string().as_bytes()).and_then(|()| file.sync_all());
        // Half of it would be in the way of the next try.
        whole.inspect_err(|_| drop(std::fs::remove_file(path)))
    });
    written.map_err(|cause| Error::Unwritten { path: path.to_owned(), cause })
}
