//! Numbers: what a run measured, and the object that `--json` prints.

use serde_json::{Value, json};

use super::limits::NAMES;

/// Times end in their unit; those of the fault count from SIGKILL, that of the return from the
/// restart.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    /// Light-weight groups, and core groups that carried them.
    pub(super) lwgs: usize,
    pub(super) core_groups: usize,
    /// Files, and bytes of their content, one copy of each.
    pub(super) files: usize,
    pub(super) bytes: u64,
    pub(super) files_verified: usize,
    /// Copies of pieces that were compared at the end.
    pub(super) copies_verified: usize,
    /// Creating a group on a core group that was there, and one with a core group of its own.
    pub(super) lwg_create_us: Vec<u64>,
    pub(super) core_create_us: Vec<u64>,
    pub(super) create_ms: f64,
    /// Until every file was acknowledged by every member.
    pub(super) replicate_ms: f64,
    /// Groups that the killed process was in.
    pub(super) lwgs_hit: usize,
    pub(super) core_groups_hit: usize,
    /// Light-weight views that changed for its death, over all survivors.
    pub(super) views_changed: usize,
    pub(super) detect_ms: f64,
    pub(super) last_view_ms: f64,
    pub(super) flushes: u64,
    pub(super) flushes_restarted: u64,
    pub(super) view_change_datagrams: u64,
    pub(super) rejoin_ms: f64,
    /// Bytes of content that came to the restarted process by state transfer.
    pub(super) rejoin_bytes: u64,
    /// All datagrams of all processes, and their bytes.
    pub(super) datagrams: u64,
    pub(super) bytes_moved: u64,
    /// Lines of history that were judged, and broken promises.
    pub(super) events: u64,
    pub(super) violations: u64,
    pub(super) seconds: f64,
}

/// So many hundredths of the values are at most this; none of nothing.
pub(super) fn percentile(values: &[u64], hundredths: usize) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * hundredths).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Rounded to microseconds.
fn round(ms: f64) -> f64 {
    (ms * 1_000.0).round() / 1_000.0
}

impl Numbers {
    /// Flushes for each light-weight group that the fault hit.
    pub(super) fn flushes_per_lwg(&self) -> Option<f64> {
        (self.lwgs_hit > 0).then(|| self.flushes as f64 / self.lwgs_hit as f64)
    }

    fn one(&self) -> Value {
        json!({
            "lwgs": self.lwgs,
            "core_groups": self.core_groups,
            "files": self.files,
            "bytes": self.bytes,
            "files_verified": self.files_verified,
            "copies_verified": self.copies_verified,
            "lwg_create_us_p50": percentile(&self.lwg_create_us, 50),
            "lwg_create_us_p99": percentile(&self.lwg_create_us, 99),
            "lwg_creates_timed": self.lwg_create_us.len(),
            "core_create_us_p50": percentile(&self.core_create_us, 50),
            "core_create_us_p99": percentile(&self.core_create_us, 99),
            "core_creates_timed": self.core_create_us.len(),
            "create_ms": round(self.create_ms),
            "replicate_ms": round(self.replicate_ms),
            "lwgs_hit": self.lwgs_hit,
            "core_groups_hit": self.core_groups_hit,
            "views_changed": self.views_changed,
            "detect_ms": round(self.detect_ms),
            "last_view_ms": round(self.last_view_ms),
            "flushes": self.flushes,
            "flushes_restarted": self.flushes_restarted,
            "view_change_datagrams": self.view_change_datagrams,
            "rejoin_ms": round(self.rejoin_ms),
            "rejoin_bytes": self.rejoin_bytes,
            "datagrams": self.datagrams,
            "bytes_moved": self.bytes_moved,
            "events": self.events,
            "violations": self.violations,
            "seconds": round(self.seconds),
        })
    }

    /// The run, and beside it the naive one if there was one; violations are those of both.
    pub(super) fn json(&self, naive: Option<&Self>, history_dir: &str) -> Value {
        let mut all = self.one();
        all["processes"] = NAMES.len().into();
        all["history_dir"] = history_dir.into();
        all["flushes_naive_per_lwg"] = naive.and_then(Self::flushes_per_lwg).into();
        let violations = self.violations + naive.map_or(0, |naive| naive.violations);
        all["violations"] = violations.into();
        all["naive"] = naive.map(Self::one).into();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_the_smallest_value_that_covers_so_many() {
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(percentile(&hundred, 50), Some(50));
        assert_eq!(percentile(&hundred, 99), Some(99));
        assert_eq!(percentile(&hundred, 100), Some(100));
        assert_eq!(percentile(&[7, 1, 3], 50), Some(3));
        assert_eq!(percentile(&[7], 1), Some(7));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn the_object_has_what_was_promised_with_and_without_the_naive_run() {
        let numbers = Numbers { violations: 1, flushes: 6, lwgs_hit: 3, ..Numbers::default() };
        for naive in [None, Some(&numbers)] {
            let json = numbers.json(naive, "h");
            for name in [
                "processes",
                "lwgs",
                "core_groups",
                "files",
                "bytes",
                "files_verified",
                "flushes",
                "flushes_naive_per_lwg",
                "lwg_create_us_p50",
                "core_create_us_p50",
                "detect_ms",
                "last_view_ms",
                "view_change_datagrams",
                "rejoin_ms",
                "violations",
                "history_dir",
            ] {
                assert!(json.get(name).is_some(), "{name}");
            }
        }
        assert_eq!(numbers.json(Some(&numbers), "h")["violations"], 2);
        assert_eq!(numbers.json(Some(&numbers), "h")["flushes_naive_per_lwg"], 2.0);
    }
}
