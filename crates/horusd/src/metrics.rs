//! Metrics: the counters and gauges that are promised to whoever watches, and their text form.
//!
//! `docs/metrics.md` has the same list for people; a test holds the two together. What is not in it
//! is told by `horus counters` and may change.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Only grows, from 0 at the start.
const COUNTER: &str = "counter";
/// What there is now.
const GAUGE: &str = "gauge";

/// Every counter and gauge by its name, as floors tell them.
pub(crate) type Counters = BTreeMap<&'static str, u64>;

/// Name at the floor, kind, meaning. No labels, so there are as many series as rows.
const METRICS: [(&str, &str, &str); 49] = [
    ("daemon.ready", GAUGE, "1 if it takes part: what /readyz says"),
    ("daemon.draining", GAUGE, "1 if it takes no more clients"),
    ("gate.clients", GAUGE, "Clients that are attached"),
    ("gate.attached", COUNTER, "Clients that were let in"),
    ("gate.put_out", COUNTER, "Clients that went or were not let in, whatever the reason"),
    ("gate.groups", GAUGE, "Core groups that clients are in, each as often as there are clients"),
    ("gate.bytes_waiting", GAUGE, "Bytes that wait for clients to take them"),
    ("gate.slow", GAUGE, "Clients for which too much waits"),
    ("gate.processes", GAUGE, "Clients known to live, at this daemon and at others"),
    ("gate.neighbours", GAUGE, "Other daemons that are met"),
    ("gate.silent", GAUGE, "Those of them that are silent"),
    ("gate.channels", GAUGE, "Views that clients here are in, each once"),
    ("gate.malformed", COUNTER, "Words of other daemons that made no sense"),
    ("os.pipes", GAUGE, "Streams that are open: clients, operators, and who has said nothing yet"),
    ("os.pipes_refused", COUNTER, "Streams refused because there were too many"),
    ("os.refused", COUNTER, "Datagrams that the system did not take"),
    ("vsync.groups", GAUGE, "Core groups at the kernels of all clients"),
    ("vsync.changing", GAUGE, "Core groups in the middle of a view change"),
    ("vsync.parted", GAUGE, "Core groups whose parts are to come together"),
    ("vsync.disagreeing", GAUGE, "Peers that see groups differently"),
    ("vsync.views", COUNTER, "Views entered"),
    ("vsync.flushes", COUNTER, "Flushes begun here"),
    ("vsync.flushes_restarted", COUNTER, "Flushes begun again because somebody failed meanwhile"),
    ("vsync.flushed", COUNTER, "Flushes that ended here with a view or a GBCAST"),
    ("vsync.flushed_us", COUNTER, "For how long they kept groups from casting, in microseconds"),
    ("vsync.merges", COUNTER, "Views that joined parts again"),
    ("vsync.suspicions", COUNTER, "Processes suspected"),
    ("vsync.casts", COUNTER, "Multicasts that clients made"),
    ("vsync.delivered", COUNTER, "Multicasts told to clients"),
    ("vsync.asks_refused", COUNTER, "Asks of clients handed back for want of room"),
    ("vsync.malformed", COUNTER, "Words of other kernels that made no sense"),
    ("muts.links", GAUGE, "Links to other daemons"),
    ("muts.version", GAUGE, "The lowest version spoken on any link"),
    ("muts.datagrams_sent", COUNTER, "Datagrams sent"),
    ("muts.datagrams_received", COUNTER, "Datagrams received"),
    ("muts.bytes_sent", COUNTER, "Bytes sent"),
    ("muts.bytes_received", COUNTER, "Bytes received"),
    ("muts.frames_resent", COUNTER, "Frames sent again"),
    ("muts.links_met", COUNTER, "Links made"),
    ("muts.links_lost", COUNTER, "Links whose other end is over"),
    ("muts.silences", COUNTER, "Links that fell silent"),
    ("muts.window_full", COUNTER, "Multicasts handed back because a receiver is behind"),
    ("muts.sessions_renewed", COUNTER, "Sessions renewed"),
    ("muts.refused_version", COUNTER, "Greetings of daemons without a version in common"),
    ("muts.nobody_listening", COUNTER, "Datagrams to where nobody listens"),
    ("muts.dropped_malformed", COUNTER, "Datagrams that made no sense"),
    ("muts.dropped_stranger", COUNTER, "Datagrams of nobody that was met"),
    ("muts.dropped_unsealed", COUNTER, "Datagrams that were changed, or sealed with another key"),
    ("muts.dropped_replay", COUNTER, "Datagrams that came before"),
];

/// The name in the text form: `gate.attached` is `horus_gate_attached_total`.
fn exposed(name: &str, kind: &str) -> String {
    let end = if kind == COUNTER { "_total" } else { "" };
    format!("horus_{}{end}", name.replace('.', "_"))
}

/// The text form of Prometheus, version 0.0.4. What no floor has told yet is 0.
pub(crate) fn text(counters: &Counters) -> String {
    let mut text = String::new();
    for (name, kind, meaning) in METRICS {
        let (value, name) = (counters.get(name).copied().unwrap_or(0), exposed(name, kind));
        let _ = writeln!(text, "# HELP {name} {meaning}.");
        let _ = writeln!(text, "# TYPE {name} {kind}\n{name} {value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_same_rows() {
        let document = include_str!("../../../docs/metrics.md");
        let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| `")).collect();
        let row = |&(name, kind, meaning): &(&str, &str, &str)| {
            format!("| `{}` | {kind} | {meaning} |", exposed(name, kind))
        };
        let wanted: Vec<String> = METRICS.iter().map(row).collect();
        assert_eq!(rows, wanted, "write:\n{}", wanted.join("\n"));
    }

    #[test]
    fn each_has_its_kind_and_what_is_not_promised_is_not_there() {
        let text = text(&BTreeMap::from([("gate.attached", 3), ("gate.unlisted", 4)]));
        assert!(text.contains("# TYPE horus_gate_attached_total counter\n"), "{text}");
        assert!(text.contains("\nhorus_gate_attached_total 3\n"), "{text}");
        assert!(text.contains("\nhorus_gate_clients 0\n"), "{text}");
        assert!(!text.contains("unlisted"));
    }
}
