//! Untried: what a test says that could not be tried here, of which nobody would hear otherwise.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Says that something could not be tried here, and why. With `HORUS_MUST=1` that is a failure;
/// otherwise it is added to the file that `HORUS_UNTRIED` names: `cargo xtask test` sums it up.
pub(crate) fn not_tried(what: &str, why: &str) {
    let must = std::env::var_os("HORUS_MUST").is_some_and(|it| it == "1");
    assert!(!must, "not tried, and HORUS_MUST=1 says that it must be: {what}: {why}");
    eprintln!("not tried: {what}: {why}");
    let Some(file) = std::env::var_os("HORUS_UNTRIED") else { return };
    let file = OpenOptions::new().create(true).append(true).open(file);
    // One write, so that lines of several processes stay whole.
    file.and_then(|mut file| file.write_all(format!("{what}: {why}\n").as_bytes()))
        .expect("the file that HORUS_UNTRIED names can be written");
}
