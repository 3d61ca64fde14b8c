//! The first line of every file says what the room is for.

use super::{Fault, Source};

/// The first line is a sentence: `//! ...`, ending as sentences do, before long.
pub(super) fn sentence(source: &Source) -> Vec<Fault> {
    let mut words = String::new();
    for line in source.text.lines() {
        let Some(prose) = line.strip_prefix("//! ") else { break };
        words.push_str(prose.trim_end());
        if prose.trim_end().ends_with(['.', ':', '?']) {
            return Vec::new();
        }
        words.push(' ');
    }
    let what = if words.is_empty() {
        "the first line must be a sentence: //! what the room is for."
    } else {
        "the first paragraph must end like a sentence"
    };
    vec![Fault::new(&source.path, 1, what)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_without_a_sentence_at_its_door_is_refused() {
        let found = |text| sentence(&Source::new("crates/a/src/b.rs", text)).len();
        assert_eq!(found("//! A room for testing.\nuse a;"), 0);
        assert_eq!(found("//! A room for what does not\n//! fit on a line.\nuse a;"), 0);
        assert_eq!(found("//! A room\nuse a;"), 1);
        assert_eq!(found("//! A room\n//!\n//! For it.\nuse a;"), 1);
        assert_eq!(found("use a;"), 1);
        assert_eq!(found(""), 1);
    }
}
