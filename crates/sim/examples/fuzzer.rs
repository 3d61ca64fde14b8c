//! The fuzzer: libFuzzer over one target, whose name the environment tells. See `cargo xtask fuzz`.
#![no_main]

#[path = "../tests/fuzz/allocator.rs"]
mod allocator;
#[path = "../tests/fuzz/targets.rs"]
mod targets;

use std::sync::OnceLock;

use targets::Target;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

static CHOSEN: OnceLock<Target> = OnceLock::new();

fn choose() -> Target {
    let name = std::env::var("HORUS_FUZZ").unwrap_or_default();
    let all = targets::all();
    let names: Vec<_> = all.iter().map(|target| target.name).collect();
    let chosen = all.iter().find(|target| target.name == name);
    *chosen.unwrap_or_else(|| {
        println!("{}", names.join("\n"));
        std::process::exit(2)
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    CHOSEN.get_or_init(choose).attempt(bytes);
});
