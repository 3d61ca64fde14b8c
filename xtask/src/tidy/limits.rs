//! Every bound has its reason: the constants of each `limits.rs` are explained.

use super::{Fault, Source};

/// Every constant of a `limits.rs` has a comment above it.
pub(super) fn reasons(source: &Source) -> Vec<Fault> {
    if !source.path.ends_with("/limits.rs") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut before = "";
    for (at, line) in source.text.lines().enumerate() {
        let words = line.trim_start();
        let public = words.split_once(' ').filter(|(first, _)| first.starts_with("pub"));
        let rest = public.map_or(words, |(_, rest)| rest);
        if rest.starts_with("const ") && !rest.contains(" fn ") && !before.starts_with("///") {
            faults.push(Fault::new(&source.path, at + 1, "a limit without its reason"));
        }
        if !words.starts_with("#[") {
            before = words;
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_without_a_reason_is_refused() {
        let found = |path, text| reasons(&Source::new(path, text)).len();
        let bare = "//! Limits.\n\npub const A_MAX: usize = 7;\n";
        assert_eq!(found("crates/a/src/limits.rs", bare), 1);
        assert_eq!(found("crates/a/src/other.rs", bare), 0);
        let crated = "//! Limits.\n\npub(crate) const A_MAX: usize = 7;\n";
        assert_eq!(found("crates/a/src/limits.rs", crated), 1);
        let given = "//! Limits.\n\n/// Because.\n#[cfg(x)]\npub const A_MAX: usize = 7;\n";
        assert_eq!(found("crates/a/src/limits.rs", given), 0);
    }
}
