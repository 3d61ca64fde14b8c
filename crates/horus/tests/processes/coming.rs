//! Coming: who asks to come into a core group is answered from outside, and the sides of a group
//! that become one tell what they have come to; with a kernel in each process, and through daemons.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

#[cfg(unix)]
use super::housed::Houses;
use super::town::{GROUP, Town};

/// The limit of silence of the profile that nodes have by default, and daemons too.
const T: Duration = Duration::from_secs(1);

const SECOND: Duration = Duration::from_secs(1);

/// Starts two; whoever founds or lets in says that its user is asked, and shows its name.
fn alone(town: &mut Town) {
    for node in [0, 1] {
        town.start(node);
        let key = format!("it is {}", town.name(node));
        town.say(node, &json!({ "do": "terms", "group": GROUP, "asked": true, "key": key }));
    }
    town.found_group(&[0]);
}

/// The second asks to come in, the first hears of it and answers.
fn come(town: &mut Town, denied: Option<u16>) {
    let before = town.sights[0].asks.len();
    town.say(1, &json!({ "do": "join", "group": GROUP }));
    town.expect("it asks", SECOND * 5, |town| town.sights[0].asks.len() > before);
    let asks = town.sights[0].asks.last().cloned().unwrap_or_default();
    let process = &town.sights[1].process;
    let right = json!([GROUP, process, "it is b"]);
    assert_eq!(json!([asks["group"], asks["process"], asks["ticket"]]), right, "{asks}");
    assert!(town.share_view(&[0], &[0]), "nobody has said that it may");
    // By its name, and by its whole one.
    let who = if denied.is_some() { "b" } else { process };
    let mut answer = json!({ "do": "answer", "group": GROUP, "who": who });
    if denied.is_some() {
        answer["denied"] = denied.into();
    }
    town.say(0, &answer);
}

/// Refused for a reason, then let in; who did not ask is not answered.
fn come_at_last(town: &mut Town) {
    come(town, Some(7));
    town.expect("it is out", SECOND * 5, |town| town.sights[1].left.contains_key(GROUP));
    let left = town.sights[1].left.remove(GROUP).unwrap_or_default();
    assert_eq!(left["reason"], "denied", "{left}");
    assert!(left["why"].as_str().is_some_and(|why| why.ends_with("its reason 7")), "{left}");
    assert!(town.share_view(&[0], &[0]));

    come(town, None);
    town.expect("it is in", SECOND * 5, |town| town.share_view(&[0, 1], &[0, 1]));
    town.say(0, &json!({ "do": "answer", "group": GROUP, "who": "b" }));
    let refused = |town: &Town| {
        let says = "`b` does not wait for an answer in `g`; who does: nobody (";
        town.sights[0].errors.iter().any(|error| error.starts_with(says))
    };
    town.expect("it was answered", SECOND * 5, refused);
    town.sights[0].errors.clear();
}

fn delivered(town: &Town, node: usize) -> u64 {
    town.sights[node].delivered.get(GROUP).copied().unwrap_or(0)
}

/// Both sides say what they have come to, each with a multicast of its own.
fn go_on_apart(town: &mut Town, digests: [u64; 2]) {
    for (node, digest) in digests.into_iter().enumerate() {
        let before = delivered(town, node);
        town.say(node, &json!({ "do": "digest", "group": GROUP, "digest": digest }));
        let cast = json!({ "do": "cast", "group": GROUP, "order": "abcast", "body": "among us" });
        town.say(node, &cast);
        town.expect("each side goes on", SECOND * 5, |town| delivered(town, node) == before + 1);
    }
    assert!(town.sights.iter().all(|sight| sight.merged.is_empty()));
}

/// They are one again, and both were told what each had come to.
fn one_again(town: &mut Town, digests: [u64; 2]) {
    town.expect("one again", SECOND * 10, |town| town.share_view(&[0, 1], &[0, 1]));
    let side = |node: usize| {
        let members = json!([town.sights[node].process]);
        (members.to_string(), json!(digests[node]).to_string())
    };
    let right: BTreeSet<_> = [0, 1].map(side).into();
    for sight in &town.sights {
        let [merged] = &sight.merged[..] else { panic!("{:?}", sight.merged) };
        assert_eq!(merged["group"], GROUP);
        let sides: Vec<&Value> = merged["sides"].as_array().into_iter().flatten().collect();
        let told = |side: &&Value| (side["members"].to_string(), side["digest"].to_string());
        assert_eq!(sides.iter().map(told).collect::<BTreeSet<_>>(), right, "{merged}");
        let views: BTreeSet<_> = sides.iter().map(|side| side["view"].to_string()).collect();
        assert_eq!(views.len(), 2, "each side has a view of its own: {merged}");
    }
    assert_eq!(town.sights[0].asks.len(), 2, "who was in it is let in again without asking");
}

#[test]
fn who_asks_is_answered_from_outside_and_sides_that_become_one_tell_their_digests() {
    let mut town = Town::new("coming", 2, &[]);
    alone(&mut town);
    come_at_last(&mut town);
    town.cut(0, &[1], &[], &[]);
    let apart = |town: &Town| town.share_view(&[0], &[0]) && town.share_view(&[1], &[1]);
    town.expect("two sides", T * 2 + SECOND, apart);
    let digests = [1, u64::MAX];
    go_on_apart(&mut town, digests);
    town.heal();
    one_again(&mut town, digests);
    let outcome = town.finish();
    assert!(outcome.wrong.is_empty(), "{:#?}", outcome.wrong);
    assert!(outcome.verdict.deliveries >= 2, "{}", outcome.verdict);
}

#[cfg(unix)]
#[test]
fn through_daemons_who_asks_is_answered_and_sides_that_become_one_tell_their_digests() {
    let mut houses = Houses::new("coming-housed", 2, 2, None);
    alone(&mut houses.town);
    come_at_last(&mut houses.town);
    let digests = [5, 6];
    for node in [0, 1] {
        let digest = json!({ "do": "digest", "group": GROUP, "digest": digests[node] });
        houses.town.say(node, &digest);
    }
    let town = &mut houses.town;
    let flood = json!({ "do": "flood", "group": GROUP, "order": "abcast", "size": 9, "count": 99 });
    town.say(0, &flood);
    town.expect("all is here", SECOND * 5, |town| (0..2).all(|node| delivered(town, node) == 99));
    houses.signal(1, "STOP");
    houses.together(&[0], T * 2 + SECOND);
    houses.signal(1, "CONT");
    one_again(&mut houses.town, digests);
    houses.end();
}
