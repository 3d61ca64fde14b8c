//! Space: assembles one of the two spaces into `target/space/`, and looks at what went in.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::ValueEnum;

use crate::Done;
use crate::cargo::{execute, program, root, run, target};
use crate::spaces::{FLOORS, SYSTEM, Space, USER};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// The daemon: transport and kernel
    System,
    /// Library and command line, without a kernel
    User,
}

/// Both, since they are of use together only.
pub(crate) const SPACES: [Which; 2] = [Which::System, Which::User];

impl Which {
    /// What the table says of it.
    pub(crate) const fn space(self) -> &'static Space {
        match self {
            Self::System => &SYSTEM,
            Self::User => &USER,
        }
    }
}

/// What C programs ask how to compile and link: relative to itself, so that it can lie anywhere.
const PKG_CONFIG: &str = "prefix=${pcfiledir}/../..
libdir=${prefix}/lib
includedir=${prefix}/include

Name: horus
Description: light-weight process groups
Version: VERSION
Libs: -L${libdir} -lhorus
Libs.private: -lpthread -ldl -lm
Cflags: -I${includedir}
";

/// Where the linker and programs look for the library.
const SONAME: &str = "libhorus.so.0";

/// Builds it, checks its closure against the table, copies it together, prints what is in it.
pub(crate) fn run_for(which: Which) -> Done {
    let space = which.space();
    check(space)?;
    build(space)?;
    let into = target().join("space").join(space.name);
    if into.exists() {
        fs::remove_dir_all(&into).map_err(|error| format!("{}: {error}", into.display()))?;
    }
    for (from, to) in space.built {
        let to = into.join(to);
        copy(&target().join("release").join(from), &to)?;
        // What debuggers want stays behind in the folder of the build.
        let mut strip = Command::new("strip");
        execute(strip.arg("--strip-debug").arg(&to), &format!("strip {}", to.display()))?;
    }
    for (from, to) in space.files {
        copy(&root().join(from), &into.join(to))?;
    }
    let share = into.join("share");
    let mut pages = Command::new(into.join("bin").join(space.root));
    execute(pages.arg(space.pages).arg(&share), &format!("{} {}", space.root, space.pages))?;
    match which {
        Which::System => {
            let sample = share.join("doc/horusd/examples/horusd.toml");
            let sample = fs::read_to_string(&sample).map_err(|error| error.to_string())?;
            let settings = for_the_system(&sample)?;
            write(&into.join("etc/horus/horusd.toml"), settings.as_bytes())?;
        }
        Which::User => {
            let described = PKG_CONFIG.replace("VERSION", env!("CARGO_PKG_VERSION"));
            write(&into.join("lib/pkgconfig/horus.pc"), described.as_bytes())?;
            link(SONAME, &into.join("lib/libhorus.so"))?;
        }
    }
    list(&into)
}

/// The sample of the settings as a system is given it: whoever is in the daemon's group may attach.
fn for_the_system(sample: &str) -> Result<String, String> {
    let (own, group) = ("# socket_mode = \"0600\"\n", "socket_mode = \"0660\"\n");
    match sample.matches(own).count() {
        1 => Ok(sample.replace(own, group)),
        places => Err(format!("the sample of the settings has {own:?} {places} times, not once")),
    }
}

/// Programs first; the library in a build of its own, because it is given a name for the linker.
fn build(space: &Space) -> Done {
    for package in space.packages {
        let library = *package == "libhorus";
        let verb = if library { "rustc" } else { "build" };
        let mut words = vec![verb, "--release", "--package", package];
        words.extend(space.build);
        let soname = format!("link-arg=-Wl,-soname,{SONAME}");
        if library && cfg!(unix) {
            words.extend(["--lib", "--", "-C", &soname]);
        }
        run(&words)?;
    }
    Ok(())
}

/// Every package that the space is made of: of the workspace only those that the table has.
fn check(space: &Space) -> Done {
    let mut tree = Command::new(program());
    tree.args(["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    space.packages.iter().for_each(|package| {
        tree.args(["--package", package]);
    });
    tree.args(space.build).current_dir(root());
    let output = tree.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let closure: BTreeSet<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let (own, foreign): (Vec<&str>, Vec<&str>) =
        closure.into_iter().partition(|line| line.contains("(/") || line.contains("(\\"));
    let names: BTreeSet<&str> =
        own.iter().filter_map(|line| line.split_whitespace().next()).collect();
    let strangers = strangers(space, &names);
    if !strangers.is_empty() {
        return Err(format!("{} must not hold {}", space.name, strangers.join(", ")));
    }
    println!("{}: {} and {} packages of others", space.name, join(&names), foreign.len());
    Ok(())
}

/// Members of the workspace that do not belong into the space.
fn strangers<'a>(space: &Space, names: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let belongs = |name: &str| space.packages.contains(&name) || space.floors.contains(&name);
    names.iter().copied().filter(|name| !belongs(name)).collect()
}

fn join(names: &BTreeSet<&str>) -> String {
    let mut names: Vec<&str> = names.iter().copied().collect();
    names.sort_by_key(|name| FLOORS.iter().position(|floor| floor == name));
    names.join(", ")
}

fn copy(from: &Path, to: &Path) -> Done {
    let bytes = fs::read(from).map_err(|error| format!("{}: {error}", from.display()))?;
    write(to, &bytes)?;
    let permissions = fs::metadata(from).map_err(|error| error.to_string())?.permissions();
    fs::set_permissions(to, permissions).map_err(|error| error.to_string())
}

fn write(to: &Path, bytes: &[u8]) -> Done {
    let folder = to.parent().ok_or("a file lies in a folder")?;
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    fs::write(to, bytes).map_err(|error| format!("{}: {error}", to.display()))
}

#[cfg(unix)]
fn link(to: &str, at: &Path) -> Done {
    std::os::unix::fs::symlink(to, at).map_err(|error| format!("{}: {error}", at.display()))
}

/// Where files have no second names the library has one as it is.
#[cfg(not(unix))]
fn link(to: &str, at: &Path) -> Done {
    copy(&at.with_file_name(to), at)
}

fn list(into: &Path) -> Done {
    let (mut folders, mut files) = (vec![into.to_path_buf()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::metadata(&path).map_err(|error| error.to_string())?.len();
                let inside = path.strip_prefix(into).map_err(|error| error.to_string())?;
                files.push((inside.display().to_string(), bytes));
            }
        }
    }
    files.sort();
    println!("{}", into.display());
    for (file, bytes) in &files {
        println!("{:>10} KiB  {file}", bytes.div_ceil(1024));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_of_the_other_space_is_a_stranger() {
        let names = BTreeSet::from(["horusd", "muts", "vsync"]);
        assert!(strangers(&SYSTEM, &names).is_empty());
        let names = BTreeSet::from(["horusd", "muts", "vsync", "lwg"]);
        assert_eq!(strangers(&SYSTEM, &names), ["lwg"]);
    }

    #[test]
    fn a_daemon_of_the_system_lets_its_group_in() {
        let sample = "# of\n# socket_mode = \"0600\"\n# users = [1]\n";
        let settings = for_the_system(sample).expect("it stands there");
        assert_eq!(settings, "# of\nsocket_mode = \"0660\"\n# users = [1]\n");
        assert!(for_the_system("# of\n").is_err());
    }

    #[test]
    fn both_spaces_are_made_of_what_the_table_has() {
        for space in [&SYSTEM, &USER] {
            check(space).expect("its closure");
        }
    }
}
