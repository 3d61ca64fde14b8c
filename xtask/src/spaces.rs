//! The layering as data: which arrows may be, and where each foreign thing lives.

/// Lowest first. An arrow may only point to the left.
pub(crate) const FLOORS: [&str; 6] = ["muts", "vsync", "lwg", "tools", "names", "horus"];

/// The floors that do no I/O and need no standard library.
pub(crate) const BARE: [&str; 5] = ["muts", "vsync", "lwg", "tools", "names"];

/// A package beside the floors, and the packages of the workspace it may name.
pub(crate) struct Beside {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it may depend on.
    pub(crate) on: &'static [&'static str],
}

/// The root of the system space, the other world, and this one. Nothing may depend on them.
pub(crate) const BESIDE: [Beside; 4] = [
    Beside { name: "horusd", on: &["muts", "vsync"] },
    Beside { name: "libhorus", on: &["horus"] },
    Beside { name: "sim", on: &FLOORS },
    Beside { name: "xtask", on: &[] },
];

/// What a member of the workspace may depend on; `None` for a stranger.
pub(crate) fn may_depend_on(package: &str) -> Option<&'static [&'static str]> {
    let floor = FLOORS.iter().position(|floor| *floor == package);
    let beside = BESIDE.iter().find(|beside| beside.name == package);
    floor.map(|at| &FLOORS[..at]).or(beside.map(|beside| beside.on))
}

/// One of the two spaces of the paper's figure 3: what is linked into one image.
pub(crate) struct Space {
    /// Its name.
    pub(crate) name: &'static str,
    /// The package that it is named after: its program.
    pub(crate) root: &'static str,
    /// All packages that it is built from.
    pub(crate) packages: &'static [&'static str],
    /// What it is, in a line.
    pub(crate) about: &'static str,
    /// The floors that it may be made of.
    pub(crate) floors: &'static [&'static str],
    /// How it is built.
    pub(crate) build: &'static [&'static str],
    /// What is built: from the folder of the build, into the space.
    pub(crate) built: &'static [(&'static str, &'static str)],
    /// How its program is told to write man pages and completions below a directory.
    pub(crate) pages: &'static str,
    /// What goes in beside that: from the root of the workspace, into the space.
    pub(crate) files: &'static [(&'static str, &'static str)],
}

/// Transport and kernel, as a daemon.
pub(crate) const SYSTEM: Space = Space {
    name: "system",
    root: "horusd",
    packages: &["horusd"],
    about: "group communication for all processes of a host: the system space of HORUS",
    floors: &["muts", "vsync"],
    build: &[],
    built: &[("horusd", "bin/horusd")],
    pages: "--write-pages",
    files: &[
        ("crates/horusd/horusd.service", "lib/systemd/system/horusd.service"),
        ("crates/horusd/horusd.sysusers", "lib/sysusers.d/horusd.conf"),
        ("crates/horusd/README.md", "share/doc/horusd/README.md"),
        ("LICENSE-MIT", "share/doc/horusd/LICENSE-MIT"),
        ("LICENSE-APACHE", "share/doc/horusd/LICENSE-APACHE"),
    ],
};

/// The rest, as a library and a command line that reach a kernel through the gate only. Of `vsync`
/// it has the gate and its words, of `muts` what they are written in.
pub(crate) const USER: Space = Space {
    name: "user",
    root: "horus",
    packages: &["horus", "libhorus"],
    about: "light-weight process groups: the user space of HORUS",
    floors: &["muts", "vsync", "lwg", "tools", "names"],
    build: &["--no-default-features"],
    built: &[
        ("horus", "bin/horus"),
        ("libhorus.so", "lib/libhorus.so.0"),
        ("libhorus.a", "lib/libhorus.a"),
    ],
    pages: "pages",
    files: &[
        ("crates/horus/README.md", "share/doc/horus/README.md"),
        ("LICENSE-MIT", "share/doc/horus/LICENSE-MIT"),
        ("LICENSE-APACHE", "share/doc/horus/LICENSE-APACHE"),
        ("crates/libhorus/README.md", "share/doc/horus/C.md"),
        ("crates/libhorus/examples/attached.c", "share/doc/horus/examples/attached.c"),
        ("crates/libhorus/include/horus.h", "include/horus.h"),
    ],
};

/// A foreign dependency and its home.
pub(crate) struct Home {
    /// Its name in the registry.
    pub(crate) name: &'static str,
    /// The manifests that may name it.
    pub(crate) packages: &'static [&'static str],
    /// The folders or files whose code may use it; tests of those packages always may.
    pub(crate) rooms: &'static [&'static str],
}

const fn home(
    name: &'static str,
    packages: &'static [&'static str],
    rooms: &'static [&'static str],
) -> Home {
    Home { name, packages, rooms }
}

/// Every foreign dependency that there is.
pub(crate) const HOMES: [Home; 33] = [
    // What waits for the system, and talks to it.
    home("mio", &["muts"], &["crates/muts/src/os/"]),
    home("quinn-udp", &["muts", "horus"], &["crates/muts/src/os/", "crates/horus/benches/"]),
    home("socket2", &["muts"], &["crates/muts/src/os/"]),
    home("nix", &["muts", "horus"], &["crates/muts/src/os/", "crates/horus/benches/"]),
    // Where others listen, as name servers tell it.
    home("resolv-conf", &["muts"], &["crates/muts/src/os/finder/service.rs"]),
    home("simple-dns", &["muts", "horusd"], &["crates/muts/src/os/finder/service.rs"]),
    // Greetings and seals.
    home("snow", &["muts"], &["crates/muts/src/keyed"]),
    home("aws-lc-rs", &["muts"], &["crates/muts/src/keyed"]),
    home("zeroize", &["muts"], &["crates/muts/src/keyed"]),
    // Bodies shared by everybody they pass; windows and lists whose bound is a constant.
    home("bytes", &["muts", "vsync", "lwg", "tools", "horus", "sim"], &["crates/"]),
    home("heapless", &["muts"], &["crates/muts/src/"]),
    home("smallvec", &["muts", "lwg"], &["crates/muts/src/", "crates/lwg/src/"]),
    // Look-ups that nobody iterates: groups by name, judges, and the words of histories.
    home(
        "hashbrown",
        &["lwg", "horus", "sim"],
        &["crates/lwg/src/table.rs", "crates/horus/src/check/", "crates/sim/src/"],
    ),
    // Between the threads of an application and the tower.
    home("crossbeam", &["horus"], &["crates/horus/src/"]),
    home("parking_lot", &["horus"], &["crates/horus/src/"]),
    // Programs.
    home("clap", &["horus", "horusd", "sim", "xtask"], &["crates/", "xtask/src/"]),
    home(
        "clap_complete",
        &["horus", "horusd"],
        &["crates/horus/src/pages.rs", "crates/horusd/src/pages.rs"],
    ),
    home(
        "clap_mangen",
        &["horus", "horusd"],
        &["crates/horus/src/pages.rs", "crates/horusd/src/pages.rs"],
    ),
    home("serde", &["horus", "horusd", "sim", "xtask"], &["crates/horus", "xtask/src/"]),
    home("serde_json", &["horus", "horusd", "sim", "xtask"], &["crates/horus", "xtask/src/"]),
    home("sha2", &["horus", "sim", "xtask"], &["crates/horus/", "xtask/src/"]),
    home(
        "signal-hook",
        &["horus", "horusd", "xtask"],
        &["crates/horus/src/", "crates/horusd/src/", "xtask/src/demo"],
    ),
    // A chart of what policies cost, and the header for C.
    home("plotters", &["horus"], &["crates/horus/src/policy/", "crates/horus/benches/paper/"]),
    home("cbindgen", &["xtask"], &["xtask/src/header.rs"]),
    // The daemon: its settings, its health, its keeper, its log.
    home("toml", &["horusd"], &["crates/horusd/"]),
    home("httparse", &["horusd"], &["crates/horusd/src/health.rs"]),
    home("sd-notify", &["horusd"], &["crates/horusd/src/"]),
    home("tracing", &["horusd"], &["crates/horusd/src/"]),
    home("tracing-subscriber", &["horusd"], &["crates/horusd/src/log.rs"]),
    home("indicatif", &["xtask"], &["xtask/src/demo"]),
    // Times in benchmarks.
    home("hdrhistogram", &["horus"], &["crates/horus/benches/"]),
    // Every interleaving of the bell, and of who waits for room at the roof.
    home("loom", &["muts"], &["crates/muts/src/sync.rs", "crates/muts/tests/loom_"]),
    // Coverage-guided bytes, in a build of their own.
    home("libfuzzer-sys", &["sim"], &["crates/sim/examples/fuzzer.rs"]),
];

/// The files that ask the compiler to look away, each with its argument at its head.
pub(crate) const UNSAFE: [&str; 10] = [
    // Every allocation is counted there; the trait for that is an unsafe one.
    "crates/horus/benches/common/allocator.rs",
    "crates/lwg/tests/million/counting.rs",
    "crates/sim/tests/fuzz/allocator.rs",
    // C hands over pointers.
    "crates/libhorus/src/lib.rs",
    "crates/libhorus/src/handed.rs",
    "crates/libhorus/src/outside.rs",
    "crates/libhorus/src/begun.rs",
    "crates/libhorus/src/core_group.rs",
    "crates/libhorus/src/sending.rs",
    "crates/libhorus/src/views.rs",
];

/// Where code may touch the world: threads, sockets, the clock, the system's own differences.
pub(crate) const WORLDLY: [&str; 6] = [
    "crates/muts/src/os/",
    "crates/horus/",
    "crates/horusd/",
    "crates/libhorus/",
    "xtask/",
    // The simulator's binary measures its own speed; the world inside it never sees that clock.
    "crates/sim/src/main.rs",
];

/// Where the judges live: beside the histories they read, because `horus check` ships them.
pub(crate) const JUDGES: &str = "crates/horus/src/check/";
