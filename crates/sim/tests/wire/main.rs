//! Golden bytes: what `docs/wire.md` says of every message is what the floors read and write.

mod datagrams;
mod examples;

use std::collections::{BTreeMap, BTreeSet};

use muts::decoders::{Decoded, Decoder};

use examples::Example;

/// What these read goes to the end of the message, so a part of it may be whole.
const OPEN_ENDED: [&str; 3] = ["muts.message", "lwg.directory", "gate.table"];

/// Bytes appended to a changed example, so that a longer kind of message finds its fields.
const TAIL: [u8; 512] = [0; 512];

fn decoders() -> BTreeMap<&'static str, Decoder> {
    let mut all = Vec::new();
    all.extend(muts::decoders::all());
    all.extend(vsync::decoders::all());
    all.extend(vsync::gate::decoders());
    all.extend(lwg::decoders::all());
    all.extend(tools::decoders::all());
    all.extend(names::decoders::all());
    all.into_iter().map(|decoder| (decoder.name, decoder)).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The block that would be right.
fn block(decoder: &str, read: &dyn Decoded) -> String {
    let fields = read.fields();
    let lines: String = fields.iter().map(|field| format!("{} | ?\n", hex(field))).collect();
    format!("```wire {decoder}\n{lines}= {read:?}\n```")
}

/// The words by which `Debug` tells one kind from another.
fn kinds(shown: &str) -> BTreeSet<String> {
    let words = shown.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(Into::into)
        .collect()
}

fn check(example: &Example, decoder: &Decoder) {
    let at = format!("docs/wire.md:{}", example.line);
    let mut rest = &example.bytes[..];
    let Ok(read) = (decoder.read)(&mut rest) else {
        panic!("{at}: {} does not read this any more", decoder.name);
    };
    let right = block(decoder.name, &*read);
    assert!(rest.is_empty(), "{at}: {} bytes are left over; right would be\n{right}", rest.len());
    let shown = format!("{read:?}");
    let same = shown.split_whitespace().eq(example.shown.split_whitespace());
    assert!(same, "{at}: it means something else; right would be\n{right}");
    assert_eq!(hex(&read.fields().concat()), hex(&example.bytes), "{at}: it is written so now");
    let parts = if OPEN_ENDED.contains(&decoder.name) { 0 } else { example.bytes.len() };
    for end in 0..parts {
        let read = (decoder.read)(&mut &example.bytes[..end]);
        assert!(read.is_err(), "{at}: its first {end} bytes are taken for {read:?}");
    }
}

#[test]
fn every_example_is_what_is_read_and_written() {
    let decoders = decoders();
    let examples = examples::read();
    for example in examples.iter().filter(|example| !datagrams::is_one(example)) {
        let decoder = decoders.get(&example.decoder[..]);
        check(example, decoder.unwrap_or_else(|| panic!("{} reads nothing", example.decoder)));
    }
    for name in decoders.keys() {
        assert!(examples.iter().any(|example| example.decoder == *name), "no example of {name}");
    }
}

/// Examples with one byte changed mean every kind of message that there is: each has an example.
#[test]
fn every_kind_of_message_has_an_example() {
    let decoders = decoders();
    let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let examples = examples::read();
    for example in &examples {
        known.entry(&example.decoder).or_default().extend(kinds(&example.shown));
    }
    // A message is of one kind, and shows bytes.
    let of_one =
        |example: &Example| datagrams::is_one(example) || example.decoder == "muts.message";
    for example in examples.iter().filter(|example| !of_one(example)) {
        let decoder = decoders[&example.decoder[..]];
        let known = &known[&example.decoder[..]];
        let open = OPEN_ENDED.contains(&decoder.name);
        for place in 0..example.bytes.len() {
            for value in 0..=if place < 2 { u8::MAX } else { 40 } {
                let mut changed = example.bytes.clone();
                changed[place] = value;
                let tail: &[u8] = if open { &[] } else { &TAIL };
                for kept in [changed.len(), place + 1] {
                    let bytes = [&changed[..kept], tail].concat();
                    let Ok(read) = (decoder.read)(&mut &bytes[..]) else { continue };
                    let new: Vec<_> =
                        kinds(&format!("{read:?}")).difference(known).cloned().collect();
                    assert!(
                        new.is_empty(),
                        "docs/wire.md has no example of {new:?}; one would be\n{}",
                        block(decoder.name, &*read)
                    );
                }
            }
        }
    }
}
