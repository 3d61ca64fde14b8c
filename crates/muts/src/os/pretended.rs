//! Pretended: versions that a process is told to speak, so that one build is tried beside its next.

#[cfg(debug_assertions)]
use std::string::String;

/// `frames=2-3,gate=2-3`: what each of them names, from the lowest to the highest.
#[cfg(debug_assertions)]
const VARIABLE: &str = "HORUS_PRETENDS";

/// The lowest and the highest version of this that the variable `HORUS_PRETENDS` names, if it does.
/// Builds without debug assertions pretend nothing.
#[must_use]
pub fn pretended(what: &str) -> Option<(u8, u8)> {
    #[cfg(debug_assertions)]
    return named(&std::env::var(VARIABLE).unwrap_or_else(|_| String::new()), what);
    #[cfg(not(debug_assertions))]
    {
        let _ = what;
        None
    }
}

#[cfg(debug_assertions)]
fn named(all: &str, what: &str) -> Option<(u8, u8)> {
    let mut pairs = all.split(',').filter_map(|pair| pair.split_once('='));
    let (lowest, highest) = pairs.find(|(name, _)| *name == what)?.1.split_once('-')?;
    Some((lowest.parse().ok()?, highest.parse().ok()?))
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::named;

    #[test]
    fn each_thing_has_a_range_of_its_own() {
        let all = "frames=2-3,gate=7-9";
        assert_eq!(named(all, "frames"), Some((2, 3)));
        assert_eq!(named(all, "gate"), Some((7, 9)));
        assert_eq!(named(all, "names"), None);
        assert_eq!(named("frames=3", "frames"), None);
        assert_eq!(named("", "frames"), None);
    }
}
