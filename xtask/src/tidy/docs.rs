//! The documentation of a public item says what it is for, where it is read without its file.

use super::{Fault, Source};

/// What means nothing in a page of the documentation, or in the header of the C interface.
const NOTHING: [&str; 3] = ["head of this file", "What those are called.", "What they are called."];

/// No public item is described by such words.
pub(super) fn say_something(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut said: Option<usize> = None;
    for (at, line) in source.text.lines().enumerate() {
        let line = line.trim_start();
        if let Some(prose) = line.strip_prefix("/// ") {
            let says_nothing = NOTHING.iter().any(|words| prose.contains(words));
            said = if says_nothing { Some(at + 1) } else { said };
        } else if !line.is_empty()
            && !line.starts_with(['#', '/'])
            && let Some(line) = said.take().filter(|_| line.starts_with("pub "))
        {
            let what = "a public item is read without its file: say what it is for";
            faults.push(Fault::new(&source.path, line, what));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_item_that_is_described_by_where_it_stands_is_refused() {
        let found = |text| say_something(&Source::new("crates/a/src/b.rs", text)).len();
        assert_eq!(found("/// See the head of this file.\npub struct A;"), 1);
        assert_eq!(
            found("/// See the head of this file. It ends.\n#[derive(Debug)]\npub enum A {}"),
            1
        );
        assert_eq!(found("    /// What those are called.\n    pub fn a() {}"), 1);
        assert_eq!(found("/// See the head of this file.\npub(crate) struct A;"), 0);
        assert_eq!(found("/// See the head of this file.\nstruct A;\npub struct B;"), 0);
        assert_eq!(found("/// Something.\npub struct A;"), 0);
    }
}
