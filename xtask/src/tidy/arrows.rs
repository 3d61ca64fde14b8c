//! Arrows point to the left: what each package may depend on.

use super::Fault;
use crate::cargo::Package;
use crate::spaces::may_depend_on;

/// Every member is known, and depends on nothing of ours but what lies beneath it.
pub(super) fn point_left(packages: &[Package]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for package in packages {
        let manifest = manifest(&package.name);
        let Some(allowed) = may_depend_on(&package.name) else {
            faults.push(Fault::new(&manifest, 0, "not a floor and not beside them: spaces.rs"));
            continue;
        };
        for on in package.dependencies.iter().filter(|on| on.path.is_some()) {
            if !allowed.contains(&on.name.as_str()) {
                let what = format!("{} may not depend on {}", package.name, on.name);
                faults.push(Fault::new(&manifest, 0, what));
            }
            let system = matches!(package.name.as_str(), "horus" | "horusd");
            let os = on.uses_default_features || on.features.iter().any(|it| it == "os");
            if on.name == "muts" && os && !system {
                let what = format!("{} may not use the feature `os` of muts", package.name);
                faults.push(Fault::new(&manifest, 0, what));
            }
        }
    }
    faults
}

/// Where a member's manifest lies.
pub(super) fn manifest(package: &str) -> String {
    if package == "xtask" {
        "xtask/Cargo.toml".into()
    } else {
        format!("crates/{package}/Cargo.toml")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::Dependency;

    fn package(name: &str, on: &[&str]) -> Package {
        let one = |name: &&str| Dependency {
            name: (*name).into(),
            path: Some(String::new()),
            uses_default_features: false,
            features: Vec::new(),
        };
        Package { name: name.into(), dependencies: on.iter().map(one).collect() }
    }

    #[test]
    fn an_arrow_that_points_up_sideways_or_to_a_mirror_is_refused() {
        let wrong = |name, on| point_left(&[package(name, &[on])]).len();
        assert_eq!(wrong("lwg", "vsync"), 0);
        assert_eq!(wrong("vsync", "lwg"), 1);
        assert_eq!(wrong("tools", "names"), 1);
        assert_eq!(wrong("horusd", "lwg"), 1);
        assert_eq!(wrong("horus", "sim"), 1);
        assert_eq!(wrong("xtask", "sim"), 1);
        assert_eq!(wrong("annex", "muts"), 1);
    }

    #[test]
    fn a_floor_does_not_ask_for_the_operating_system() {
        let mut floor = package("vsync", &["muts"]);
        floor.dependencies[0].features.push("os".into());
        assert_eq!(point_left(&[floor]).len(), 1);
        let mut roof = package("horus", &["muts"]);
        roof.dependencies[0].features.push("os".into());
        assert_eq!(point_left(&[roof]).len(), 0);
    }
}
