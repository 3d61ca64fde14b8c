//! The fuzzer: libFuzzer over one target, whose name the environment tells. See `cargo xtask fuzz`.
#![no_main]

#[path = "../tests/fuzz/allocator.rs"]
mod allocator;
#[path = "../tests/fuzz/corpus.rs"]
mod corpus;
#[path = "../tests/fuzz/targets/mod.rs"]
#[expect(dead_code, reason = "how long an attempt takes is for who counts them")]
mod targets;

use std::path::Path;
use std::sync::OnceLock;

use targets::Target;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

static CHOSEN: OnceLock<Target> = OnceLock::new();

/// The target that is asked for; without one, their names.
fn choose() -> Target {
    let name = std::env::var("HORUS_FUZZ").unwrap_or_default();
    let all = targets::all();
    let Some(chosen) = all.iter().find(|target| target.name == name) else {
        all.iter().for_each(|target| println!("{}", target.name));
        std::process::exit(2)
    };
    if let Ok(folder) = std::env::var("HORUS_FUZZ_SEEDS") {
        for (at, seed) in corpus::of(chosen.name).iter().enumerate() {
            let file = Path::new(&folder).join(format!("seed-{at}"));
            std::fs::write(file, seed).expect("a folder for seeds");
        }
    }
    *chosen
}

libfuzzer_sys::fuzz_target!(
    init: {
        CHOSEN.get_or_init(choose);
    },
    |bytes: &[u8]| {
        CHOSEN.get_or_init(choose).attempt(bytes);
    }
);
