//! Terms from outside: a group cut apart has one primary side at most, and a key keeps others out.

use std::time::Duration;

use serde_json::json;

use super::town::{GROUP, Town};

/// The limit of silence of the profile that nodes have by default.
const T: Duration = Duration::from_secs(1);

const SECOND: Duration = Duration::from_secs(1);

/// What the member says of its view of [`GROUP`].
fn primary(town: &Town, node: usize) -> Option<bool> {
    town.sights[node].cores.get(GROUP)?.primary
}

/// Multicasts, and answers how many have been delivered at each before.
fn cast(town: &mut Town, node: usize, msg: &str) -> Vec<u64> {
    let before = delivered(town);
    let cast = json!({ "do": "cast", "group": GROUP, "order": "abcast", "msg": msg, "body": msg });
    town.say(node, &cast);
    before
}

fn delivered(town: &Town) -> Vec<u64> {
    let of = |sight: &super::sight::Sight| sight.delivered.get(GROUP).copied().unwrap_or(0);
    town.sights.iter().map(of).collect()
}

/// All of the town are told this, started and in the group.
fn founded(called: &str, nodes: usize, terms: &serde_json::Value) -> Town {
    let mut town = Town::new(called, nodes, &[]);
    for node in 0..nodes {
        town.start(node);
        town.say(node, terms);
    }
    town.found_group(&(0..nodes).collect::<Vec<_>>());
    town
}

#[test]
fn of_a_group_cut_apart_one_side_is_primary_and_the_others_multicasts_are_refused() {
    let names = ["a", "b", "c", "d", "e"];
    let terms = json!({ "do": "terms", "group": GROUP, "primary": names, "refuse": true });
    let mut town = founded("primary", 5, &terms);
    let all: Vec<usize> = (0..5).collect();
    assert!(all.iter().all(|node| primary(&town, *node) == Some(true)), "it begins as one");

    // The founder is with the minority.
    let (few, most) = ([0, 3], [1, 2, 4]);
    few.iter().for_each(|node| town.cut(*node, &most, &[], &[]));
    let apart = |town: &Town| town.share_view(&few, &few) && town.share_view(&most, &most);
    town.expect("two sides", T * 2 + SECOND, apart);
    let says = |town: &Town, these: &[usize], this| {
        these.iter().all(|node| primary(town, *node) == Some(this))
    };
    assert!(says(&town, &few, false), "a minority of the electorate is not primary");
    assert!(says(&town, &most, true), "most of the electorate are");

    let before = cast(&mut town, 0, "lost");
    let refused = |town: &Town| town.sights[0].errors.iter().any(|it| it.contains("not primary"));
    town.expect("it is refused", SECOND, refused);
    town.expect("it was not sent", SECOND, |town| town.sights[0].count_of("send_fail") == 1);
    town.sights[0].errors.clear();
    cast(&mut town, 1, "kept");
    town.expect("the others go on", SECOND, |town| {
        most.iter().all(|node| delivered(town)[*node] == before[*node] + 1)
    });
    assert!(few.iter().all(|node| delivered(&town)[*node] == before[*node]));

    town.heal();
    town.expect("one again", SECOND * 9, |town| town.share_view(&all, &all));
    town.expect("primary", SECOND, |town| says(town, &all, true));
    let before = cast(&mut town, 0, "again");
    town.expect("who was refused sends again", SECOND, |town| {
        all.iter().all(|node| delivered(town)[*node] == before[*node] + 1)
    });
    let outcome = town.finish();
    assert!(outcome.wrong.is_empty(), "{:#?}", outcome.wrong);
    assert!(outcome.verdict.deliveries >= 8, "{}", outcome.verdict.deliveries);
}

#[test]
fn who_does_not_say_the_key_of_a_group_does_not_come_in_and_is_told_why() {
    let terms = |key: &str| json!({ "do": "terms", "group": GROUP, "key": key });
    let mut town = founded("group-key", 2, &terms("open sesame"));
    town.kill(1);
    town.expect("alone", T + SECOND, |town| town.share_view(&[0], &[0]));
    let join = json!({ "do": "join", "group": GROUP });
    for (key, comes) in [("sesame", false), ("open sesame", true)] {
        town.start(1);
        town.say(1, &terms(key));
        town.say(1, &join);
        if comes {
            town.expect("it is in", SECOND * 5, |town| town.share_view(&[0, 1], &[0, 1]));
        } else {
            town.expect("it is out", SECOND * 8, |town| town.sights[1].left.contains_key(GROUP));
            let left = &town.sights[1].left[GROUP];
            assert_eq!(left["reason"], "denied", "{left}");
            assert!(left["why"].as_str().is_some_and(|why| why.contains("key")), "{left}");
            assert!(town.share_view(&[0], &[0]));
            let before = cast(&mut town, 0, "among ourselves");
            town.expect("it is told", SECOND, |town| delivered(town)[0] == before[0] + 1);
            assert_eq!(delivered(&town)[1], 0);
            town.kill(1);
        }
    }
    let before = cast(&mut town, 1, "let in");
    town.expect("both are told", SECOND, |town| {
        [0, 1].iter().all(|node| delivered(town)[*node] == before[*node] + 1)
    });
    let outcome = town.finish();
    assert!(outcome.wrong.is_empty(), "{:#?}", outcome.wrong);
}
