//! Keys in real processes: who has none is nobody, and they change while all goes on.

use std::path::PathBuf;
use std::time::Duration;

use horus::write_keys;
use muts::keyed::KeyFile;
use serde_json::json;

use super::load::Load;
use super::town::{GROUP, Town};

const SECOND: Duration = Duration::from_secs(1);

/// How long sessions of the keys before are still heard (`Guarded`), and a bit.
const RETIRED: Duration = Duration::from_secs(11);

/// Nodes of one cluster, each with keys of its own.
pub(crate) fn keyed(called: &str, nodes: usize, keys: &[KeyFile], more: &[&str]) -> Town {
    let mut town = Town::new(called, nodes, more);
    for (node, keys) in keys.iter().enumerate() {
        let file = put(&town, &format!("{}.keys", town.name(node)), keys);
        town.option(node, "--key-file", file.to_str().expect("a plain path"));
    }
    (0..nodes).for_each(|node| town.start(node));
    town
}

fn put(town: &Town, name: &str, keys: &KeyFile) -> PathBuf {
    let file = town.directory.join(name);
    write_keys(&file, keys).expect("a new file");
    file
}

/// Keys with these lines for the cluster, and their own as before.
fn with_clusters(keys: &KeyFile, clusters: &[&KeyFile]) -> KeyFile {
    let lines_of = |keys: &KeyFile, word: &str| -> Vec<String> {
        keys.to_string().lines().filter(|it| it.starts_with(word)).map(str::to_owned).collect()
    };
    let mut lines: Vec<String> =
        clusters.iter().flat_map(|keys| lines_of(keys, "cluster").into_iter().take(1)).collect();
    lines.extend(lines_of(keys, "private"));
    KeyFile::parse(&lines.join("\n")).expect("keys")
}

#[test]
fn whoever_has_another_key_or_none_is_met_by_nobody() {
    let first = KeyFile::generate(None);
    let all = [first.clone(), KeyFile::generate(Some(&first)), KeyFile::generate(None)];
    // The fourth has none.
    let mut town = keyed("strangers", 4, &all, &[]);
    town.found_group(&[0, 1]);
    town.pass(SECOND);
    for node in 0..4 {
        let met = town.sights[node].count_of("met");
        assert_eq!(met, u64::from(node < 2), "{} has met {met}", town.name(node));
    }
    let _ = std::fs::remove_dir_all(&town.directory);
}

#[test]
fn the_secret_of_the_cluster_changes_under_load_and_nobody_is_lost() {
    let old = KeyFile::generate(None);
    let own = [old.clone(), KeyFile::generate(Some(&old)), KeyFile::generate(Some(&old))];
    let new = KeyFile::generate(None);
    let mut town = keyed("rotation", 3, &own, &[]);
    town.found_group(&[0, 1, 2]);
    let view = town.sights[0].cores[GROUP].view.clone();
    let mut load = Load::new(1);
    let steps: [&[&KeyFile]; 3] = [&[&old, &new], &[&new, &old], &[&new]];
    for (step, clusters) in steps.into_iter().enumerate() {
        for (node, own) in own.iter().enumerate() {
            let file = put(&town, &format!("{step}-{node}"), &with_clusters(own, clusters));
            town.say(node, &json!({ "do": "keys", "file": file }));
        }
        let until = std::time::Instant::now() + if step == 2 { RETIRED } else { SECOND };
        while std::time::Instant::now() < until {
            load.send_any(&mut town);
            town.pass(Duration::from_millis(5));
        }
    }
    for node in 0..3 {
        assert_eq!(town.sights[node].count_of("keys"), 3, "of {}", town.name(node));
        assert_eq!(town.sights[node].cores[GROUP].view, view, "of {}", town.name(node));
        assert_eq!(town.sights[node].count_of("lost"), 0, "of {}", town.name(node));
    }
    // Who starts again has the new secret alone, or nobody would know it.
    town.kill(2);
    let file = town.directory.join("2-2");
    town.option(2, "--key-file", file.to_str().expect("a plain path"));
    let directory = town.directory.clone();
    let outcome = town.finish();
    assert!(outcome.wrong.is_empty(), "{}: {:#?}", directory.display(), outcome.wrong);
    let _ = std::fs::remove_dir_all(directory);
}

/// No file may grow there: what a full disk does.
#[test]
fn keys_that_could_not_be_written_whole_are_not_in_the_way_of_the_next_try() {
    let file = std::env::temp_dir().join(format!("horus-keygen-{}", std::process::id()));
    let keygen = |before: &str| {
        let line = format!("{before}exec \"$0\" keygen \"$1\"");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_horus")]).arg(&file);
        command.output().expect("a shell")
    };
    let full = keygen("trap '' XFSZ; ulimit -f 0; ");
    let complaint = String::from_utf8_lossy(&full.stderr);
    assert_eq!(full.status.code(), Some(1), "{complaint}");
    assert!(complaint.lines().count() == 1 && !file.exists(), "{complaint}");
    let again = keygen("");
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    std::fs::remove_file(file).expect("it was written");
}

#[cfg(unix)]
#[test]
fn a_key_file_that_every_user_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;

    let file = std::env::temp_dir().join(format!("horus-open-{}", std::process::id()));
    let other = file.with_extension("other");
    write_keys(&file, &KeyFile::generate(None)).expect("a new file");
    for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true)] {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("changed");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_horus"));
        let output = command.arg("keygen").arg(&other).arg("--like").arg(&file).output();
        let complaint = String::from_utf8(output.expect("it runs").stderr).expect("text");
        assert_eq!(complaint.contains("every user of this host can read"), warned, "{complaint}");
        std::fs::remove_file(&other).expect("written all the same");
    }
    std::fs::remove_file(file).expect("removed");
}
