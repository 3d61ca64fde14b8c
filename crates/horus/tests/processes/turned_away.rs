//! Turned away: who joins and is not let in, or is about to end, and what it is told.

use std::time::Duration;

use serde_json::json;

use super::town::Town;

const SECOND: Duration = Duration::from_secs(1);

fn end(town: Town) {
    let directory = town.directory.clone();
    assert!(town.wrong.is_empty(), "{}: {:#?}", directory.display(), town.wrong);
    drop(town);
    let _ = std::fs::remove_dir_all(directory);
}

#[test]
fn who_is_not_let_in_is_told_whether_the_one_it_asked_is_heard() {
    let mut town = Town::founded("turned-away", 3);
    town.stop(2);
    for (group, contact) in [("h", Some("b")), ("i", Some("c")), ("j", None)] {
        town.say(0, &json!({ "do": "join", "group": group, "contact": contact }));
    }
    town.expect("an end of each", SECOND * 12, |town| town.sights[0].left.len() == 3);
    let left = |group: &str| town.sights[0].left[group].clone();
    for (group, says) in
        [("h", "is heard, and is not in it"), ("i", "is not heard"), ("j", "`found` starts it")]
    {
        assert_eq!(left(group)["reason"], "not_found");
        let why = left(group)["why"].as_str().expect("a sentence").to_owned();
        assert!(why.contains(says), "{group}: {why}");
    }
    end(town);
}

#[test]
fn who_is_to_end_waits_for_no_join() {
    let mut town = Town::founded("gives-up", 2);
    town.say(0, &json!({ "do": "join", "group": "h" }));
    town.expect("it asks", SECOND, |town| town.sights[0].joining.contains("h"));
    town.say(0, &json!({ "do": "quit" }));
    town.expect("it has ended", SECOND * 2, |town| town.nodes[0].is_none());
    assert_eq!(town.sights[0].left["h"]["reason"], "left");
    assert_eq!(town.sights[0].count_of("end"), 1);
    end(town);
}
