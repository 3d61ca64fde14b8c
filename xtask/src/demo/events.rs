//! Events: what a node tells on its standard output, as far as the demo listens.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One line. Times are microseconds of the wall clock, which all processes of a host share.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "ev", rename_all = "snake_case")]
pub(super) enum Event {
    Start {
        proc: String,
    },
    Met {
        process: String,
    },
    View {
        group: String,
        members: Vec<String>,
        /// The core group beneath; none if it is one.
        core: Option<String>,
        at_us: u64,
    },
    Created {
        lwg: String,
        group: String,
        at_us: u64,
    },
    Done {
        #[serde(rename = "do")]
        verb: String,
    },
    Deliver {},
    GotReply {
        msg: String,
        body: String,
    },
    Answered {
        msg: String,
        lost: Vec<String>,
    },
    /// A document came by state transfer.
    Received {
        group: String,
        sha256: String,
        bytes: u64,
        at_us: u64,
    },
    Held {
        documents: Vec<Document>,
    },
    Stats(BTreeMap<String, u64>),
    Settled {},
    Flooded {},
    Quiesce {},
    Error {
        what: String,
    },
    /// Not a line: there are no more.
    #[serde(skip)]
    Gone,
    #[serde(other)]
    Other,
}

/// A document as a node holds it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Document {
    pub(super) group: String,
    pub(super) sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Event {
        serde_json::from_str(line).expect("an event")
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        let line = r#"{"ev":"view","group":"G","view":"1:a#1","members":["a#1"],"at_us":7}"#;
        let Event::View { core: None, at_us: 7, .. } = read(line) else { panic!("a core view") };
        assert!(matches!(read(r#"{"ev":"dance","with":"b","at_us":7}"#), Event::Other));
        assert!(matches!(read(r#"{"ev":"settled","at_us":7}"#), Event::Settled {}));
        let Event::Stats(counters) = read(r#"{"ev":"stats","muts.links":3,"at_us":7}"#) else {
            panic!("counters");
        };
        assert_eq!(counters["muts.links"], 3);
    }
}
