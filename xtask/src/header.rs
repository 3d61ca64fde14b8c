//! Header: what C sees of libhorus, made from its source and kept beside it.

use std::fs;

use crate::Done;
use crate::cargo::root;

const CRATE: &str = "crates/libhorus";
const HEADER: &str = "crates/libhorus/include/horus.h";

/// The header as the source wants it.
fn made() -> Result<String, String> {
    let crate_dir = root().join(CRATE);
    let config = cbindgen::Config::from_file(crate_dir.join("cbindgen.toml"))?;
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in ["lib.rs", "handles.rs"] {
        builder = builder.with_src(crate_dir.join("src").join(file));
    }
    let bindings = builder.generate().map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).map_err(|error| error.to_string())
}

/// Writes it.
pub(crate) fn write() -> Done {
    let path = root().join(HEADER);
    let folder = path.parent().ok_or("a header lies in a folder")?;
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    fs::write(&path, made()?).map_err(|error| format!("{HEADER}: {error}"))
}

/// What is wrong with the one that is there.
pub(crate) fn stale() -> Option<String> {
    let there = fs::read_to_string(root().join(HEADER)).unwrap_or_default();
    match made() {
        Ok(made) if made == there => None,
        Ok(_) => Some("not what the source says: run `cargo xtask header`".to_owned()),
        Err(error) => Some(format!("cannot be made: {error}")),
    }
}

/// Where it lies, from the root.
pub(crate) const fn place() -> &'static str {
    HEADER
}
