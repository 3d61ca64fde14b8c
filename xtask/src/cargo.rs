//! Runs cargo and what it built: shows each command, stops at the first that fails.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Done;

/// The folder of the root manifest.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Where builds go: `target/`, or where the environment says.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root().join(directory),
        None => root().join("target"),
    }
}

/// The cargo that runs us.
pub(crate) fn program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// Runs cargo in the root of the workspace.
pub(crate) fn run(args: &[&str]) -> Done {
    run_with(args, &[])
}

/// The same with variables added to the environment.
pub(crate) fn run_with(args: &[&str], env: &[(&str, &str)]) -> Done {
    let mut command = Command::new(program());
    command.args(args).envs(env.iter().copied());
    let shown: String = env.iter().map(|(name, value)| format!("{name}='{value}' ")).collect();
    execute(&mut command, &format!("{shown}cargo {}", args.join(" ")))
}

/// Runs a command in the root, shown as `shown`.
pub(crate) fn execute(command: &mut Command, shown: &str) -> Done {
    eprintln!("$ {shown}");
    match command.current_dir(root()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` failed: {status}")),
        Err(error) => Err(format!("`{shown}` could not be started: {error}")),
    }
}

/// Whether `cargo WORD` is installed.
pub(crate) fn has(word: &str) -> bool {
    let mut command = Command::new(program());
    command.args([word, "--version"]).current_dir(root());
    command.output().is_ok_and(|output| output.status.success())
}

/// Runs the simulator, with the optimiser's help.
pub(crate) fn sim(args: &[String]) -> Done {
    let mut all = vec!["run", "--quiet", "--profile", "storm", "--package", "sim", "--"];
    all.extend(args.iter().map(String::as_str));
    run(&all)
}

/// Runs the benchmarks: what they print is all there is on standard output.
pub(crate) fn bench(args: &[String]) -> Done {
    let mut all = vec!["bench", "--quiet", "--package", "horus", "--bench", "figures", "--"];
    all.extend(args.iter().map(String::as_str));
    run(&all)
}

/// What tidy reads of `cargo metadata`.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// The members of the workspace.
    pub(crate) packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// What its manifest names, tests' dependencies included.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A line of a manifest.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Dependency {
    /// The name in the registry, or of the member.
    pub(crate) name: String,
    /// Where it lies, if here.
    pub(crate) path: Option<String>,
    /// Whether its default features come with it.
    pub(crate) uses_default_features: bool,
    /// Features beyond those.
    pub(crate) features: Vec<String>,
}

/// Asks cargo what the manifests say.
pub(crate) fn metadata() -> Result<Metadata, String> {
    let mut command = Command::new(program());
    command.args(["metadata", "--format-version", "1", "--no-deps"]).current_dir(root());
    let output = command.output().map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}
