//! Dist: an archive and a Debian package of each space; each is unpacked again and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Done;
use crate::cargo::{execute, target};
use crate::space::{self, Which};
use crate::spaces::{SYSTEM, Space, USER};

/// Makes what can be handed out, below `target/dist`.
pub(crate) fn run() -> Done {
    let dist = target().join("dist");
    fs::create_dir_all(&dist).map_err(|error| format!("{}: {error}", dist.display()))?;
    for (which, space) in [(Which::System, &SYSTEM), (Which::User, &USER)] {
        space::run_for(which)?;
        let archive = archive(space, &dist)?;
        try_archive(space, &archive)?;
        let package = package(space, &dist)?;
        try_package(space, &package)?;
        for made in [archive, package] {
            let bytes = fs::metadata(&made).map_err(|error| error.to_string())?.len();
            println!("{:>10} KiB  {}", bytes.div_ceil(1024), made.display());
        }
    }
    Ok(())
}

fn name(space: &Space) -> String {
    format!("{}-{}", space.root, env!("CARGO_PKG_VERSION"))
}

/// Everything under one folder, to be put anywhere.
fn archive(space: &Space, dist: &Path) -> Result<PathBuf, String> {
    let made = dist.join(format!("{}.tar.gz", name(space)));
    let mut tar = Command::new("tar");
    tar.arg("--create").arg("--gzip").arg("--file").arg(&made);
    tar.arg("--directory").arg(target().join("space")).arg("--owner=0").arg("--group=0");
    tar.arg(format!("--transform=s,^{},{},", space.name, name(space))).arg(space.name);
    execute(&mut tar, &format!("tar --create --file {}", made.display()))?;
    Ok(made)
}

/// The same where a Debian system wants it.
fn package(space: &Space, dist: &Path) -> Result<PathBuf, String> {
    let tree = fresh(&dist.join(format!("{}.tree", space.root)))?;
    let from = target().join("space").join(space.name);
    let mut moves = vec![("bin", "usr/bin"), ("share", "usr/share")];
    moves.extend([("lib", "usr/lib"), ("etc", "etc")]);
    for (part, place) in moves.into_iter().filter(|(part, _)| from.join(part).exists()) {
        let place = tree.join(place);
        let folder = place.parent().ok_or("a place lies in a folder")?;
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let mut copy = Command::new("cp");
        copy.arg("--recursive").arg(from.join(part)).arg(&place);
        execute(&mut copy, &format!("cp --recursive {part}"))?;
    }
    let control = tree.join("DEBIAN");
    fs::create_dir_all(&control).map_err(|error| error.to_string())?;
    let text = format!(
        "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: HORUS <horus@localhost>\n\
         Depends: libc6\nSection: net\nPriority: optional\nDescription: {}\n",
        space.root,
        env!("CARGO_PKG_VERSION"),
        architecture(),
        space.about,
    );
    fs::write(control.join("control"), text).map_err(|error| error.to_string())?;
    if tree.join("etc").exists() {
        let kept = "/etc/horus/horusd.toml\n";
        fs::write(control.join("conffiles"), kept).map_err(|error| error.to_string())?;
    }
    let made = dist.join(format!("{}_{}.deb", space.root, env!("CARGO_PKG_VERSION")));
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "--build"]).arg(&tree).arg(&made);
    execute(&mut build, &format!("dpkg-deb --build {}", made.display()))?;
    Ok(made)
}

const fn architecture() -> &'static str {
    if cfg!(target_arch = "x86_64") {
        "amd64"
    } else if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "any"
    }
}

fn try_archive(space: &Space, archive: &Path) -> Done {
    let into = fresh(&target().join("dist").join("tried"))?;
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--file").arg(archive).arg("--directory").arg(&into);
    execute(&mut tar, &format!("tar --extract --file {}", archive.display()))?;
    try_binary(space, &into.join(name(space)).join("bin").join(space.root))
}

fn try_package(space: &Space, package: &Path) -> Done {
    let into = fresh(&target().join("dist").join("tried"))?;
    let mut unpack = Command::new("dpkg-deb");
    unpack.arg("--extract").arg(package).arg(&into);
    execute(&mut unpack, &format!("dpkg-deb --extract {}", package.display()))?;
    try_binary(space, &into.join("usr/bin").join(space.root))
}

/// What was unpacked runs, and knows who it is.
fn try_binary(space: &Space, binary: &Path) -> Done {
    let output = Command::new(binary).arg("--version").output();
    let output = output.map_err(|error| format!("{}: {error}", binary.display()))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = format!("{} {}", space.root, env!("CARGO_PKG_VERSION"));
    if said.trim() == expected {
        Ok(())
    } else {
        Err(format!("{} says `{}`, not `{expected}`", binary.display(), said.trim()))
    }
}

fn fresh(folder: &Path) -> Result<PathBuf, String> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder.to_path_buf())
}
