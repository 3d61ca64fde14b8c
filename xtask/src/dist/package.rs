//! Package: a space where a Debian system wants it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::fresh;
use crate::Done;
use crate::cargo::{execute, target};
use crate::spaces::Space;

/// From the space, into the system.
const PLACES: [(&str, &str); 5] = [
    ("bin", "usr/bin"),
    ("lib", "usr/lib"),
    ("include", "usr/include"),
    ("share", "usr/share"),
    ("etc", "etc"),
];

/// What a Debian system reads of the licences; their texts are made a part of it.
fn copyright() -> String {
    let indented = |text: &str| {
        let lines = text.lines().map(|line| if line.is_empty() { "." } else { line });
        lines.map(|line| format!(" {line}\n")).collect::<String>()
    };
    let mit = indented(include_str!("../../../LICENSE-MIT"));
    format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\n\
         Copyright: 2026 The HORUS authors\nLicense: MIT or Apache-2.0\n\nLicense: MIT\n{mit}\n\
         License: Apache-2.0\n On Debian systems the whole text is in\n \
         /usr/share/common-licenses/Apache-2.0\n"
    )
}

/// The user that the daemon runs as, made where it is installed; it stays when the package goes, as
/// what it owns does.
const USER: &str = "if [ \"$1\" = configure ]; then
  if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers ${DPKG_ROOT:+--root=\"$DPKG_ROOT\"} horusd.conf
  elif [ -z \"$DPKG_ROOT\" ]; then
    adduser --system --group --quiet --no-create-home --home /nonexistent horus
  fi
fi
";

/// A keeper of services that runs hears of the unit; whether it starts is for its owner to say.
const RELOAD: &str =
    "if [ -z \"$DPKG_ROOT\" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
";

/// Makes it below `dist`.
pub(super) fn make(space: &Space, dist: &Path) -> Result<PathBuf, String> {
    let tree = fresh(&dist.join(format!("{}.tree", space.root)))?;
    let from = target().join("space").join(space.name);
    for (part, place) in PLACES.into_iter().filter(|(part, _)| from.join(part).exists()) {
        let place = tree.join(place);
        let folder = place.parent().ok_or("a place lies in a folder")?;
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let mut copy = Command::new("cp");
        copy.arg("--archive").arg(from.join(part)).arg(&place);
        execute(&mut copy, &format!("cp --archive {part}"))?;
    }
    let program = fs::read(tree.join("usr/bin").join(space.root));
    let program = program.map_err(|error| error.to_string())?;
    write(&tree.join("usr/share/doc").join(space.root).join("copyright"), &copyright())?;
    let installed = kibibytes(&tree)?;
    let users = if tree.join("usr/lib/sysusers.d").exists() {
        ", systemd | systemd-standalone-sysusers | systemd-sysusers | adduser"
    } else {
        ""
    };
    let text = format!(
        "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: HORUS <horus@localhost>\n\
         Installed-Size: {installed}\nDepends: libc6 (>= {}), libgcc-s1{users}\nSection: net\n\
         Priority: optional\nDescription: {}\n",
        space.root,
        env!("CARGO_PKG_VERSION"),
        architecture(),
        libc_wanted(&program).ok_or("the program names no version of the system's library")?,
        space.about,
    );
    let control = tree.join("DEBIAN");
    write(&control.join("control"), &text)?;
    if tree.join("etc").exists() {
        write(&control.join("conffiles"), "/etc/horus/horusd.toml\n")?;
        for (script, user) in [("postinst", USER), ("postrm", "")] {
            write(&control.join(script), &format!("#!/bin/sh\nset -e\n{user}{RELOAD}"))?;
            let mut mode = Command::new("chmod");
            execute(mode.arg("755").arg(control.join(script)), &format!("chmod 755 {script}"))?;
        }
    }
    let (version, architecture) = (env!("CARGO_PKG_VERSION"), architecture());
    let made = dist.join(format!("{}_{version}_{architecture}.deb", space.root));
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "--build"]).arg(&tree).arg(&made);
    execute(&mut build, &format!("dpkg-deb --build {}", made.display()))?;
    fs::remove_dir_all(&tree).map_err(|error| format!("{}: {error}", tree.display()))?;
    Ok(made)
}

fn write(to: &Path, text: &str) -> Done {
    let folder = to.parent().ok_or("a file lies in a folder")?;
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    fs::write(to, text).map_err(|error| format!("{}: {error}", to.display()))
}

/// The newest version of the system's library of which a program wants something.
fn libc_wanted(program: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"GLIBC_2.";
    let minor = |at: usize| {
        let digits = program[at + MARK.len()..].iter().take_while(|byte| byte.is_ascii_digit());
        String::from_utf8(digits.copied().collect()).ok()?.parse::<u32>().ok()
    };
    let marks = program.windows(MARK.len()).enumerate().filter(|(_, here)| *here == MARK);
    marks.filter_map(|(at, _)| minor(at)).max().map(|minor| format!("2.{minor}"))
}

fn kibibytes(folder: &Path) -> Result<u64, String> {
    let mut sum = 0;
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let known = fs::symlink_metadata(&path).map_err(|error| error.to_string())?;
        sum += if known.is_dir() { kibibytes(&path)? } else { known.len().div_ceil(1024) };
    }
    Ok(sum)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_licences_are_told_with_their_texts() {
        let told = copyright();
        assert!(told.contains(" THE SOFTWARE IS PROVIDED \"AS IS\"") && told.contains("\n .\n"));
        assert!(told.contains("common-licenses/Apache-2.0"));
        let fields = |line: &str| line.starts_with(' ') || line.is_empty() || line.contains(": ");
        assert!(told.lines().all(fields), "{told}");
    }

    #[test]
    fn the_newest_version_that_a_program_wants_counts() {
        let program = b"\0GLIBC_2.4\0GLIBC_2.34\0GLIBC_2.\0GLIBC_2.17\0";
        assert_eq!(libc_wanted(program).as_deref(), Some("2.34"));
        assert_eq!(libc_wanted(b"a script"), None);
    }
}
