//! Namesakes: two nodes that were started under one name.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::town::Town;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_node_whose_name_is_given_to_another_one_ends_and_says_why() {
    let mut town = Town::founded("namesakes", 2);
    let namesake = town.directory.join("namesake");
    let mut later = Command::new(env!("CARGO_BIN_EXE_horus"));
    later.args(["node", "--name", "a", "--listen", "127.0.0.1:0", "--state"]).arg(namesake);
    let at_b = format!("b={}", town.address(1));
    later.args(["--peer", &at_b]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut later = later.spawn().expect("the binary of this crate");
    town.expect("the earlier has ended", SECOND * 20, |town| town.nodes[0].is_none());
    let said = town.sights[0].errors.join("; ");
    assert!(said.contains("a later process of this node's name"), "{said}");
    assert!(
        matches!(&town.wrong[..], [how] if how.contains("a ended by itself")),
        "{:?}",
        town.wrong
    );
    town.expect("b goes on without it", SECOND * 10, |town| town.share_view(&[1], &[1]));
    assert!(later.try_wait().expect("a child").is_none(), "the later one goes on");
    // It ends with what it reads.
    drop(later.stdin.take());
    assert!(later.wait().expect("a child").success());
    let directory = town.directory.clone();
    drop(town);
    let _ = std::fs::remove_dir_all(directory);
}
