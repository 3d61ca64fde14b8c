//! Verify: every copy at every process against the original, by hash.

use std::collections::{BTreeMap, BTreeSet};

use super::events::Event;
use super::limits::NAMES;
use super::plan::Group;

/// What was compared and found equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Verified {
    /// Copies of pieces.
    pub(super) copies: usize,
    /// Files all of whose pieces have all their copies.
    pub(super) files: usize,
}

/// Compares what each of these processes holds with what it should hold: neither less nor more.
///
/// # Errors
/// A sentence naming the first difference.
pub(super) fn compare(groups: &[Group], held: &BTreeMap<usize, Event>) -> Result<Verified, String> {
    let mut verified = Verified::default();
    for (process, answer) in held {
        let name = NAMES[*process];
        let Event::Held { documents } = answer else { continue };
        let mut found: BTreeMap<&str, &str> = documents
            .iter()
            .map(|document| (document.group.as_str(), document.sha256.as_str()))
            .collect();
        for group in groups.iter().filter(|group| group.members.contains(process)) {
            let piece = &group.piece;
            match group.id.as_deref().and_then(|id| found.remove(id)) {
                Some(sha256) if sha256 == piece.sha256 => verified.copies += 1,
                Some(_) => return Err(format!("{name} holds another content of {}", piece.name)),
                None => return Err(format!("{name} does not hold {}", piece.name)),
            }
        }
        if let Some((group, _)) = found.first_key_value() {
            return Err(format!("{name} holds a document of {group}, where it is no member"));
        }
    }
    let files: BTreeSet<usize> = groups.iter().map(|group| group.piece.file).collect();
    verified.files = files.len();
    Ok(verified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::events::Document;
    use crate::demo::tree::Piece;

    fn group(number: usize, members: &[usize]) -> Group {
        let piece = Piece {
            file: number / 2,
            name: format!("piece {number}"),
            source: "x".into(),
            from: 0,
            bytes: 1,
            sha256: format!("sum {number}"),
        };
        Group { piece, members: members.to_vec(), id: Some(format!("g{number}")) }
    }

    fn holds(numbers: &[usize]) -> Event {
        let document = |number: &usize| Document {
            group: format!("g{number}"),
            sha256: format!("sum {number}"),
        };
        Event::Held { documents: numbers.iter().map(document).collect() }
    }

    #[test]
    fn only_what_is_everywhere_where_it_should_be_is_verified() {
        let groups = [group(0, &[0, 1]), group(1, &[1, 2]), group(2, &[0, 2])];
        let compare = |held: [Event; 3]| compare(&groups, &(0..).zip(held).collect());
        let good = compare([holds(&[0, 2]), holds(&[0, 1]), holds(&[1, 2])]);
        assert_eq!(good, Ok(Verified { copies: 6, files: 2 }));
        let less = compare([holds(&[0]), holds(&[0, 1]), holds(&[1, 2])]);
        assert_eq!(less, Err("a does not hold piece 2".into()));
        let more = compare([holds(&[0, 1, 2]), holds(&[0, 1]), holds(&[1, 2])]);
        assert!(more.expect_err("refused").contains("no member"));
        let mut other = groups.to_vec();
        other[0].piece.sha256 = "sum 9".into();
        let held = (0..).zip([holds(&[0, 2])]).collect();
        let wrong = super::compare(&other, &held).expect_err("refused");
        assert!(wrong.contains("another content of piece 0"));
    }
}
