//! One home for each foreign thing: which manifest may name a dependency, which room may use it.

use super::arrows::manifest;
use super::code::has_word;
use super::{Fault, Source};
use crate::cargo::Package;
use crate::spaces::HOMES;

/// Manifests name no dependency that is not at home there.
pub(super) fn named(packages: &[Package]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for package in packages {
        for on in package.dependencies.iter().filter(|on| on.path.is_none()) {
            let home = HOMES.iter().find(|home| home.name == on.name);
            if !home.is_some_and(|home| home.packages.contains(&package.name.as_str())) {
                let what = format!("{} is not at home in {}: spaces.rs", on.name, package.name);
                faults.push(Fault::new(&manifest(&package.name), 0, what));
            }
        }
    }
    faults
}

/// No home stands empty, and no manifest names what its package does not use.
pub(super) fn empty(packages: &[Package], sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for package in packages {
        let (name, place) = (package.name.as_str(), manifest(&package.name));
        let names = |it: &str| package.dependencies.iter().any(|on| on.name == it);
        let at_home = HOMES.iter().filter(|home| home.packages.contains(&name));
        for home in at_home.filter(|home| !names(home.name)) {
            let what = format!("{} is at home in {name}, which does not name it", home.name);
            faults.push(Fault::new(&place, 0, what));
        }
        let folder = place.trim_end_matches("Cargo.toml");
        let own = || sources.iter().filter(|it| it.is_rust() && it.path.starts_with(folder));
        // Files of another package that it takes in whole.
        let taken = |it: &Source| {
            let crates = it.path.strip_prefix("crates/").and_then(|path| path.split_once("/src/"));
            crates.is_some_and(|(other, _)| {
                own().any(|source| source.text.contains(&format!("/{other}/src/")))
            })
        };
        let used = |word: &str| {
            let lent = sources.iter().filter(|it| it.is_rust() && taken(it));
            own().chain(lent).any(|source| has_word(&source.text, word))
        };
        for on in &package.dependencies {
            let word = on.name.replace('-', "_");
            if !used(&word) {
                let what = format!("{} is named and used nowhere in {name}", on.name);
                faults.push(Fault::new(&place, 0, what));
            }
        }
    }
    faults
}

/// Code uses no dependency outside its rooms.
pub(super) fn used(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, line) in source.shipped() {
        for home in &HOMES {
            let path = format!("{}::", home.name.replace('-', "_"));
            let mentioned = line.contains(&path) && has_word(line, &path[..path.len() - 2]);
            if mentioned && !home.rooms.iter().any(|room| source.path.starts_with(room)) {
                let what = format!("{} is used outside its home, {:?}", home.name, home.rooms);
                faults.push(Fault::new(&source.path, number, what));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::Dependency;

    #[test]
    fn a_dependency_away_from_home_is_refused() {
        let on = |name: &str| Dependency {
            name: name.into(),
            path: None,
            uses_default_features: true,
            features: Vec::new(),
        };
        let package = |on| Package { name: "vsync".into(), dependencies: vec![on] };
        assert_eq!(named(&[package(on("bytes"))]).len(), 0);
        assert_eq!(named(&[package(on("mio"))]).len(), 1);
        assert_eq!(named(&[package(on("left-pad"))]).len(), 1);
    }

    #[test]
    fn what_is_named_is_used_and_what_has_a_home_lives_there() {
        let on = |name: &str, path: Option<&str>| Dependency {
            name: name.into(),
            path: path.map(str::to_owned),
            uses_default_features: true,
            features: Vec::new(),
        };
        let tools = |dependencies| Package { name: "tools".into(), dependencies };
        let source = |text| [Source::new("crates/tools/src/lib.rs", text)];
        let found = |package, text| empty(&[package], &source(text)).len();
        let all = || vec![on("bytes", None), on("lwg", Some("crates/lwg"))];
        assert_eq!(found(tools(all()), "use bytes::Bytes;\nuse lwg::Up;"), 0);
        assert_eq!(found(tools(all()), "use bytes::Bytes;"), 1);
        assert_eq!(found(tools(vec![]), ""), 1, "bytes are at home there");
    }

    #[test]
    fn a_room_that_uses_what_lives_elsewhere_is_refused() {
        let found = |path, text| used(&Source::new(path, text)).len();
        assert_eq!(found("crates/muts/src/os/unix.rs", "use mio::Poll;"), 0);
        assert_eq!(found("crates/muts/src/channel.rs", "use mio::Poll;"), 1);
        assert_eq!(found("crates/muts/src/channel.rs", "// mio::Poll\nuse camio::X;"), 0);
        assert_eq!(found("crates/vsync/src/group.rs", "use quinn_udp::X;"), 1);
    }
}
