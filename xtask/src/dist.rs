//! Dist: an archive and a Debian package of each space; what was packed is unpacked and run.

mod package;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Done;
use crate::cargo::{execute, target};
use crate::space::{self, SPACES};
use crate::spaces::Space;

/// Makes what can be handed out, below `target/dist`.
pub(crate) fn run() -> Done {
    let dist = target().join("dist");
    fs::create_dir_all(&dist).map_err(|error| format!("{}: {error}", dist.display()))?;
    let (mut archives, mut packages) = (Vec::new(), Vec::new());
    for which in SPACES {
        space::run_for(which)?;
        archives.push(archive(which.space(), &dist)?);
        packages.push(package::make(which.space(), &dist)?);
    }
    let tried = fresh(&dist.join("tried"))?;
    trial::archives(&archives, &tried.join("archives"))?;
    trial::packages(&packages, &tried.join("packages"))?;
    fs::remove_dir_all(&tried).map_err(|error| format!("{}: {error}", tried.display()))?;
    for made in archives.iter().chain(&packages) {
        let bytes = fs::metadata(made).map_err(|error| error.to_string())?.len();
        println!("{:>10} KiB  {}", bytes.div_ceil(1024), made.display());
    }
    Ok(())
}

/// What the archive of a space, and the folder in it, are called.
fn name(space: &Space) -> String {
    format!("{}-{}", space.root, env!("CARGO_PKG_VERSION"))
}

/// Everything under one folder, to be put anywhere.
fn archive(space: &Space, dist: &Path) -> Result<PathBuf, String> {
    let made = dist.join(format!("{}.tar.gz", name(space)));
    let mut tar = Command::new("tar");
    tar.arg("--create").arg("--gzip").arg("--file").arg(&made);
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
    tar.arg("--directory").arg(target().join("space"));
    // The names of files alone: what links point to is no path from there.
    tar.arg(format!("--transform=flags=r;s,^{},{},", space.name, name(space))).arg(space.name);
    execute(&mut tar, &format!("tar --create --file {}", made.display()))?;
    Ok(made)
}

/// An empty folder.
fn fresh(folder: &Path) -> Result<PathBuf, String> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder.to_path_buf())
}
