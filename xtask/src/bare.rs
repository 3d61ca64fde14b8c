//! The proof that floors do no I/O: they link into a program that has no standard library.
//!
//! The program brings its own panic handler. If anything beneath a floor brought the standard
//! library along, there would be two, and the compiler refuses that.

use std::fmt::Write;
use std::fs;

use crate::Done;
use crate::cargo::{root, run_with, target};
use crate::spaces::BARE;

const PROGRAM: &str = "\
#![no_std]
use core::alloc::{GlobalAlloc, Layout};
struct Nowhere;
unsafe impl GlobalAlloc for Nowhere {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
#[global_allocator]
static NOWHERE: Nowhere = Nowhere;
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
";

/// Builds that program with every floor that has to be bare.
pub(crate) fn run() -> Done {
    let folder = target().join("bare");
    let broken = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder.join("src")).map_err(broken)?;
    let mut manifest = String::from(
        "[package]\nname = \"bare\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"staticlib\"]\n\
         [workspace]\n[profile.dev]\npanic = \"abort\"\n[dependencies]\n",
    );
    let mut program = PROGRAM.to_owned();
    for floor in BARE {
        let path = root().join("crates").join(floor);
        let path = path.display();
        let line = format!("{floor} = {{ path = \"{path}\", default-features = false }}");
        let written = writeln!(manifest, "{line}").and(writeln!(program, "use {floor} as _;"));
        written.map_err(|error| error.to_string())?;
    }
    fs::write(folder.join("Cargo.toml"), manifest).map_err(broken)?;
    fs::write(folder.join("src/lib.rs"), program).map_err(broken)?;
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).map_err(broken)?;
    let manifest = folder.join("Cargo.toml").display().to_string();
    let into = folder.join("target").display().to_string();
    run_with(&["build", "--quiet", "--manifest-path", &manifest], &[("CARGO_TARGET_DIR", &into)])
}
