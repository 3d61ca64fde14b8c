//! Table: what each policy has cost, a row each.

use std::fmt::Write as _;

use super::model::Sums;

/// A heading, and what stands under it.
type Column = (&'static str, fn(&Sums) -> u64);

/// What is told of each, by its heading.
pub(super) const COLUMNS: [Column; 7] = [
    ("founded", |sums| sums.founded),
    ("at once", |sums| sums.most),
    ("flushes", |sums| sums.flushes),
    ("moves", |sums| sums.moves),
    ("extra deliveries", |sums| sums.extra),
    ("bytes", |sums| sums.bytes),
    ("of them in vain", |sums| sums.extra_bytes),
];

/// The table as text.
pub(super) fn of(rows: &[(&str, Sums)]) -> String {
    let mut text = format!("{:<18}", "policy");
    for (name, _) in COLUMNS {
        let _ = write!(text, "{name:>18}");
    }
    text.push('\n');
    for (name, sums) in rows {
        let _ = write!(text, "{name:<18}");
        for (_, number) in COLUMNS {
            let _ = write!(text, "{:>18}", number(sums));
        }
        text.push('\n');
    }
    text
}
