//! The world stays at the edge: no clock, socket, thread or system's own words in a floor.

use super::{Fault, Source};
use crate::spaces::WORLDLY;

/// What only the edge may say.
const EDGES: [&str; 11] = [
    "target_os",
    "cfg(unix",
    "cfg(windows",
    "std::net",
    "std::thread",
    "std::fs",
    "std::process",
    "std::env",
    "Instant::now",
    "SystemTime",
    "RandomState",
];

/// What the simulator may say too: it writes histories and ends with an exit code.
const FILES: [&str; 3] = ["std::fs", "std::process", "std::env"];

/// Shipped code outside the edge says nothing of the world.
pub(super) fn edges(source: &Source) -> Vec<Fault> {
    if WORLDLY.iter().any(|edge| source.path.starts_with(edge)) {
        return Vec::new();
    }
    let sim = source.path.starts_with("crates/sim/");
    let mut faults = Vec::new();
    for (number, line) in source.shipped() {
        for word in EDGES.iter().filter(|word| line.contains(*word)) {
            if !(sim && FILES.contains(word)) {
                let what = format!("`{word}` belongs to the edge: {WORLDLY:?}");
                faults.push(Fault::new(&source.path, number, what));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_that_touches_the_world_is_refused() {
        let found = |path, text| edges(&Source::new(path, text)).len();
        for text in
            ["let now = Instant::now();", "use std::net::UdpSocket;", "std::thread::spawn(f);"]
        {
            assert_eq!(found("crates/vsync/src/kernel.rs", text), 1, "{text}");
            assert_eq!(found("crates/sim/src/world.rs", text), 1, "{text}");
            assert_eq!(found("crates/muts/src/os/unix.rs", text), 0, "{text}");
            assert_eq!(found("crates/vsync/tests/storm.rs", text), 0, "{text}");
        }
        assert_eq!(found("crates/muts/src/bell.rs", "#[cfg(target_os = \"linux\")]"), 1);
        assert_eq!(found("crates/sim/src/verdict.rs", "use std::fs;"), 0);
        assert_eq!(found("crates/lwg/src/groups.rs", "use std::fs;"), 1);
    }
}
