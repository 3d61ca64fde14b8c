//! Deny: what the workspace depends on, looked through for known holes, licences, sources.

use crate::Done;
use crate::cargo::{has, run};

/// What may be depended on.
const RULES: &str = "ci/deny.toml";

/// Looks, with `cargo deny`; it asks the network for the list of known holes.
pub(crate) fn run_all() -> Done {
    if has("deny") {
        run(&["deny", "check", "--config", RULES])
    } else {
        Err("`cargo deny` is not here: `cargo install cargo-deny --locked` brings it".into())
    }
}

/// The same where it is; where it is not, that is said and is no failure.
pub(crate) fn run_if_there() -> Done {
    if has("deny") {
        return run_all();
    }
    eprintln!("not looked at: what the workspace depends on ({RULES}), for want of `cargo deny`");
    Ok(())
}
