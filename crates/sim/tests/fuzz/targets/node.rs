//! What a node reads: lines that it is driven by, and what other nodes put around and into bodies.

use std::fmt::Debug;

use muts::Wire;
use tools::State;

use super::decoders::bounded;
use crate::allocator;

#[path = "../../../../horus/src/node/command.rs"]
#[expect(dead_code, reason = "what a node does with it is not read here")]
mod command;
#[path = "../../../../horus/src/node/document.rs"]
mod document;
#[path = "../../../../horus/src/node/envelope.rs"]
mod envelope;
#[path = "../../../../horus/src/node/limits.rs"]
#[expect(dead_code, reason = "what a node does with it is not read here")]
mod limits;
#[path = "../../../../horus/src/node/terms.rs"]
mod terms;
#[path = "../../../../horus/src/node/words.rs"]
#[expect(dead_code, reason = "what a node does with it is not read here")]
mod words;

/// A line, as words and as JSON: understood, or refused by a sentence.
pub(super) fn line(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    for json in [false, true] {
        let (command, most) = allocator::most(|| command::parse(text, json));
        // A map of a few fields, and the sentence that lists all verbs.
        assert!(most <= bytes.len() * 64 + (16 << 10), "{most} bytes for {}", bytes.len());
        match command {
            Ok(command) => {
                let written = serde_json::to_string(&command).expect("plain fields");
                let again = command::parse(&written, true);
                assert_eq!(again.as_ref(), Ok(&command), "{written}");
            }
            Err(why) => assert!(!why.is_empty()),
        }
    }
}

/// A value of the node's own.
fn whole<T: Wire + Debug>(bytes: &[u8]) {
    let mut rest = bytes;
    let (read, most) = allocator::most(|| T::read(&mut rest));
    bounded(most, bytes.len());
    if let Ok(value) = read {
        let mut written = Vec::new();
        value.write(&mut written);
        assert_eq!(written, bytes[..bytes.len() - rest.len()], "{value:?}");
    }
}

pub(super) fn envelope(bytes: &[u8]) {
    whole::<envelope::Envelope>(bytes);
}

pub(super) fn put(bytes: &[u8]) {
    whole::<document::Put>(bytes);
    let read = document::Put::read(&mut &bytes[..]).ok();
    if let Some(put) = read {
        assert_eq!(document::Put::id_in(bytes), Some(put.id));
    }
}

pub(super) fn document(bytes: &[u8]) {
    let (document, most) = allocator::most(|| document::Document::load(bytes));
    bounded(most, bytes.len());
    if let Ok(document) = document {
        let mut saved = Vec::new();
        document.save(&mut saved);
        assert_eq!(saved, bytes, "{document:?}");
    }
}
