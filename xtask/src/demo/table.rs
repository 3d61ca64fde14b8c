//! Table: what was measured, for a person.

use super::numbers::{Numbers, percentile};

/// Thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// With as many decimals as mean something.
fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        ms => format!("{} ms", count(ms.round() as u64)),
    }
}

fn bytes(bytes: u64) -> String {
    let bytes_f = bytes as f64;
    match bytes {
        0..10_000 => format!("{} B", count(bytes)),
        10_000..10_000_000 => format!("{} kB", count((bytes_f / 1e3).round() as u64)),
        _ => format!("{} MB", count((bytes_f / 1e6).round() as u64)),
    }
}

/// Half of them took at most so long.
fn median(us: &[u64]) -> String {
    percentile(us, 50).map_or_else(|| "-".into(), |us| milliseconds(us as f64 / 1e3))
}

/// One line for each thing: what it is, and how it reads off a run. None is a line of space.
type Row = Option<(&'static str, fn(&Numbers) -> String)>;

const ROWS: [Row; 22] = [
    Some(("light-weight groups, one a file or piece", |run| count(run.lwgs as u64))),
    Some(("core groups beneath them", |run| count(run.core_groups as u64))),
    Some(("content, one copy", |run| bytes(run.bytes))),
    None,
    Some(("create on a core group that is there, p50", |run| median(&run.lwg_create_us))),
    Some(("create with a core group of its own, p50", |run| median(&run.core_create_us))),
    Some(("create them all", |run| milliseconds(run.create_ms))),
    Some(("replicate all, acknowledged by all", |run| milliseconds(run.replicate_ms))),
    None,
    Some(("SIGKILL: light-weight groups hit", |run| count(run.lwgs_hit as u64))),
    Some(("core groups hit", |run| count(run.core_groups_hit as u64))),
    Some(("detected after", |run| milliseconds(run.detect_ms))),
    Some(("last light-weight view after", |run| milliseconds(run.last_view_ms))),
    Some(("light-weight views changed", |run| count(run.views_changed as u64))),
    Some(("flushes run", |run| count(run.flushes))),
    Some(("datagrams the view change cost", |run| count(run.view_change_datagrams))),
    None,
    Some(("restart: all files back after", |run| milliseconds(run.rejoin_ms))),
    Some(("content by state transfer", |run| bytes(run.rejoin_bytes))),
    Some(("bytes moved in the whole run", |run| bytes(run.bytes_moved))),
    Some(("copies equal to the originals", |run| count(run.copies_verified as u64))),
    Some(("promises broken, by our own judge", |run| count(run.violations))),
];

/// Widths of the columns.
const WHAT: usize = 44;
const WIDTH: usize = 16;

/// The run, and beside it the naive one.
pub(super) fn table(run: &Numbers, naive: Option<&Numbers>) -> String {
    let runs: Vec<(&str, &Numbers)> = [("light-weight", Some(run)), ("one-to-one", naive)]
        .into_iter()
        .filter_map(|(name, run)| Some((name, run?)))
        .collect();
    let mut text = format!("{:WHAT$}", "");
    for (name, _) in &runs {
        text.push_str(&format!("{name:>WIDTH$}"));
    }
    for row in ROWS {
        text.push('\n');
        let Some((what, read)) = row else { continue };
        text.push_str(&format!("{what:WHAT$}"));
        for (_, run) in &runs {
            text.push_str(&format!("{:>WIDTH$}", read(run)));
        }
    }
    text
}

/// What the numbers say.
pub(super) fn sentence(run: &Numbers, naive: Option<&Numbers>) -> String {
    let mut text = format!(
        "One death hit {} light-weight groups on {} core groups and cost {} flushes.",
        count(run.lwgs_hit as u64),
        count(run.core_groups_hit as u64),
        count(run.flushes)
    );
    if let Some((naive, each)) = naive.and_then(|naive| Some((naive, naive.flushes_per_lwg()?))) {
        text.push_str(&format!(
            "\nWith a core group for each it hit {} groups and cost {} flushes, {each:.2} a group.",
            count(naive.lwgs_hit as u64),
            count(naive.flushes)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(milliseconds(0.314), "0.31 ms");
        assert_eq!(milliseconds(1_018.6), "1,019 ms");
        assert_eq!(bytes(9_999), "9,999 B");
        assert_eq!(bytes(1_234_567), "1,235 kB");
        assert_eq!(median(&[]), "-");
    }

    #[test]
    fn both_runs_stand_in_columns_of_one_width() {
        let run = Numbers::default();
        let widths = |text: String| text.lines().map(str::len).max();
        assert_eq!(widths(table(&run, None)), Some(WHAT + WIDTH));
        assert_eq!(widths(table(&run, Some(&run))), Some(WHAT + 2 * WIDTH));
        assert!(ROWS.iter().flatten().all(|(what, _)| what.len() < WHAT));
    }
}
