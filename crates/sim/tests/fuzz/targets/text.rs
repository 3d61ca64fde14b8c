//! What is read as a whole: key files, names, tables of names, states on their way, histories.

use horus::check::{Options, judge};
use horus::history::{Event, Log};
use muts::keyed::KeyFile;
use names::{Name, Table};
use tools::State;

use super::decoders::bounded;
use crate::allocator;

/// Errors name the line; JSON keeps what it has understood so far.
const TEXT_BESIDES: usize = 16 << 10;

/// A key file is read, or the line that is wrong is named.
pub(super) fn keys(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let (keys, most) = allocator::most(|| KeyFile::parse(text));
    assert!(most <= bytes.len() * 4 + TEXT_BESIDES, "{most} bytes for {}", bytes.len());
    match keys {
        Ok(keys) => {
            let written = keys.to_string();
            let again = KeyFile::parse(&written).expect("what was written");
            assert_eq!(again.to_string(), written);
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}

/// A text is a name, and stays what it is.
pub(super) fn name(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    match text.parse::<Name>() {
        Ok(name) => {
            assert_eq!(name.to_string(), text);
            assert!(name.words().all(|word| !word.is_empty()));
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}

/// A table of names as another member has saved it.
pub(super) fn table(bytes: &[u8]) {
    let (table, most) = allocator::most(|| Table::load(bytes));
    // A node of its map has room for eleven entries.
    bounded(most.saturating_sub(4 << 10), bytes.len());
    if let Ok(table) = table {
        let mut saved = Vec::new();
        table.save(&mut saved);
        assert_eq!(saved, bytes, "{table:?}");
    }
}

/// A line of a history.
pub(super) fn event(bytes: &[u8]) {
    let (event, most) = allocator::most(|| serde_json::from_slice::<Event>(bytes));
    assert!(most <= bytes.len() * 64 + TEXT_BESIDES, "{most} bytes for {}", bytes.len());
    let Ok(event) = event else { return };
    let written = serde_json::to_vec(&event).expect("an event");
    let again: Event = serde_json::from_slice(&written).expect("what was written");
    assert_eq!(again, event);
}

/// Histories of four processes, lines from the input by turns, and the judges before them.
pub(super) fn history(bytes: &[u8]) {
    let mut logs: Vec<Log> = ["a#1", "a#2", "b#1", "c#1"].map(Log::new).into();
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    for (at, line) in lines.take(256) {
        if let Ok(event) = serde_json::from_slice::<Event>(line) {
            logs[at % 4].push(event);
        }
    }
    let options = Options {
        causal_across: true,
        apart_excused: true,
        total_strong: true,
        refuse_unknown: true,
    };
    let (verdict, most) = allocator::most(|| judge(&logs, &options));
    assert!(most <= bytes.len() * 512 + (1 << 20), "{most} bytes for {}", bytes.len());
    assert_eq!(verdict, judge(&logs, &options), "one verdict for one run");
}
