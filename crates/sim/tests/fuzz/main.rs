//! Bytes of strangers, without a fuzzer: the corpus, and what a few seeds make of it.

mod allocator;
mod corpus;
mod mutate;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};

use muts::Random;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

/// Mutations of a target that reads one value.
const VALUES: u64 = 30_000;

/// And of one that plays a conversation.
const CONVERSATIONS: u64 = 300;

/// Tries every target whose name begins so; a failure tells the bytes.
fn attempt_all(floor: &str) {
    let mut tried = 0;
    for target in targets::all().into_iter().filter(|target| target.name.starts_with(floor)) {
        let corpus = corpus::of(target.name);
        let attempt = |bytes: &[u8]| {
            let held = catch_unwind(AssertUnwindSafe(|| target.attempt(bytes)));
            assert!(held.is_ok(), "{} fails on {bytes:02x?}", target.name);
        };
        corpus.iter().for_each(|bytes| attempt(bytes));
        let mut random = Random::new(0x0068_6f72_7573);
        for _ in 0..if target.is_slow() { CONVERSATIONS } else { VALUES } {
            attempt(&mutate::mutated(&mut random, &corpus));
        }
        tried += 1;
    }
    assert!(tried > 0, "no target of {floor}");
}

#[test]
fn what_the_transport_reads() {
    attempt_all("muts.");
}

#[test]
fn what_the_kernel_reads() {
    attempt_all("vsync.");
}

#[test]
fn what_is_read_at_the_gate() {
    attempt_all("gate.");
}

#[test]
fn what_light_weight_groups_read() {
    attempt_all("lwg.");
}

#[test]
fn what_tools_read() {
    attempt_all("tools.");
}

#[test]
fn what_names_read() {
    attempt_all("names.");
}

#[test]
fn what_is_read_of_histories() {
    attempt_all("horus.");
}

#[test]
fn what_a_node_reads() {
    attempt_all("node.");
}

#[test]
fn every_folder_of_the_corpus_is_a_target() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus");
    let (known, mut bytes) = (targets::all(), 0);
    for entry in std::fs::read_dir(folder).expect("the corpus").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(known.iter().any(|target| target.name == name), "{name} is no target");
        let files = std::fs::read_dir(entry.path()).expect("a folder").flatten();
        bytes += files.map(|file| file.metadata().map_or(0, |meta| meta.len())).sum::<u64>();
    }
    assert!(bytes <= 64 << 10, "the corpus is to stay small: {bytes} bytes");
}
