//! Secret: whether a file that its owner alone should read can be read by others.

use std::path::Path;

/// Whether users that are neither its owner nor in its group may read this file. Where no mode of a
/// file tells, as outside Unix, it is said of none.
#[must_use]
pub fn is_open_to_others(path: &Path) -> bool {
    #[cfg(unix)]
    if let Ok(file) = std::fs::metadata(path) {
        return std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o004 != 0;
    }
    let _ = path;
    false
}
