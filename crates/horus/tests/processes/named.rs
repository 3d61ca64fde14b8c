//! Storms with a name: one thing happens in each, with a bound on how long it may take to mend.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::load::Load;
use super::town::{GROUP, Town};

/// The limit of silence of the profile that nodes have by default.
const T: Duration = Duration::from_secs(1);

const SECOND: Duration = Duration::from_secs(1);

/// Takes what is told for so long, while the nodes have something to do.
fn work(town: &mut Town, load: &mut Load, time: Duration) {
    let began = std::time::Instant::now();
    while began.elapsed() < time {
        load.send_any(town);
        town.pass(Duration::from_millis(5));
    }
}

/// Five nodes with some light-weight groups, and load in them.
fn busy(called: &str) -> (Town, Load) {
    let mut town = Town::founded(called, 5);
    let mut load = Load::new(called.len() as u64);
    let all: Vec<&str> = town.names(&[0, 1, 2, 3, 4]);
    for members in [&all[..], &all[..3], &all[2..], &all[1..4]] {
        town.sights[1].open += 1;
        town.say(1, &json!({ "do": "create", "lwg": members.concat(), "members": members }));
    }
    town.expect("all groups", SECOND * 10, |town| town.sights[1].open == 0);
    work(&mut town, &mut load, SECOND);
    (town, load)
}

/// How long it takes until these are in one view without anybody else.
fn together(town: &mut Town, these: &[usize], within: Duration) {
    let what = format!("{} are together", town.names(these).concat());
    let took = town.expect(&what, within, |town| town.share_view(these, these));
    println!("{what} after {} ms of at most {} ms", took.as_millis(), within.as_millis());
}

fn end(town: Town) {
    let directory = town.directory.clone();
    let outcome = town.finish();
    assert!(outcome.wrong.is_empty(), "{}: {:#?}", directory.display(), outcome.wrong);
    assert!(outcome.verdict.deliveries > 100, "next to nothing was compared");
    let _ = std::fs::remove_dir_all(directory);
}

#[test]
fn sigkill_of_a_member_under_load() {
    let (mut town, mut load) = busy("member");
    town.kill(3);
    together(&mut town, &[0, 1, 2, 4], T + SECOND);
    work(&mut town, &mut load, SECOND);
    end(town);
}

#[test]
fn sigkill_of_the_coordinator_under_load() {
    let (mut town, mut load) = busy("coordinator");
    for (victim, left) in [(0, &[1, 2, 3, 4][..]), (4, &[1, 2, 3]), (3, &[1, 2])] {
        town.kill(victim);
        together(&mut town, left, T + SECOND);
        work(&mut town, &mut load, SECOND / 2);
    }
    end(town);
}

#[test]
fn all_but_one_are_killed_at_once() {
    let (mut town, mut load) = busy("all-but-one");
    (1..5).for_each(|node| town.kill(node));
    together(&mut town, &[0], T + SECOND * 2);
    work(&mut town, &mut load, SECOND);
    end(town);
}

#[test]
fn restart_at_once() {
    let (mut town, mut load) = busy("restart");
    for node in [0, 2, 0, 2] {
        town.kill(node);
        town.start(node);
        town.say(node, &json!({ "do": "join", "group": GROUP }));
        together(&mut town, &[0, 1, 2, 3, 4], T + SECOND * 2);
        work(&mut town, &mut load, SECOND / 4);
    }
    end(town);
}

#[test]
fn stopped_and_continued() {
    let (mut town, mut load) = busy("stopped");
    let before = town.sights[1].cores[GROUP].view.clone();
    town.stop(2);
    work(&mut town, &mut load, T / 2);
    town.go_on(2);
    work(&mut town, &mut load, T);
    assert_eq!(town.sights[1].cores[GROUP].view, before, "out after half the limit");
    for node in [2, 0] {
        let others: Vec<usize> = (0..5).filter(|other| *other != node).collect();
        town.stop(node);
        together(&mut town, &others, T + SECOND);
        work(&mut town, &mut load, T);
        town.go_on(node);
        together(&mut town, &[0, 1, 2, 3, 4], SECOND * 5);
    }
    end(town);
}

#[test]
fn all_are_stopped_and_continued() {
    let (mut town, mut load) = busy("all-stopped");
    let before = town.sights[1].cores[GROUP].view.clone();
    (0..5).for_each(|node| town.stop(node));
    town.pass(T * 3);
    (0..5).for_each(|node| town.go_on(node));
    work(&mut town, &mut load, T * 2);
    assert_eq!(town.sights[1].cores[GROUP].view, before, "everybody was away: nobody is out");
    end(town);
}

#[test]
fn cut_and_healed() {
    let (mut town, mut load) = busy("cut");
    let (one, other) = (&[0, 1][..], &[2, 3, 4][..]);
    one.iter().for_each(|node| town.cut(*node, other, &[], &[]));
    other.iter().for_each(|node| town.cut(*node, one, &[], &[]));
    together(&mut town, one, T + SECOND);
    together(&mut town, other, SECOND / 2);
    load.change_any(&mut town);
    work(&mut town, &mut load, SECOND * 2);
    town.heal();
    // Who waits for `settled` has one view then, however early it asks.
    (0..5).for_each(|node| town.say(node, &json!({ "do": "settled" })));
    town.expect("all settled", SECOND * 6, |town| {
        town.sights.iter().all(|sight| sight.count_of("settled") > 0)
    });
    together(&mut town, &[0, 1, 2, 3, 4], Duration::ZERO);
    end(town);
}

#[test]
fn one_way_cut() {
    let (mut town, mut load) = busy("one-way");
    town.cut(3, &[], &[0], &[]);
    let views = |town: &Town| -> u64 { town.sights.iter().map(|s| s.count_of("view")).sum() };
    let apart = |town: &Town| {
        let mine = |node: usize| town.sights[node].cores.get(GROUP).map(|seen| &seen.members);
        mine(0).is_some_and(|members| !members.contains(&town.sights[3].process))
            && mine(3).is_some_and(|members| !members.contains(&town.sights[0].process))
    };
    town.expect("0 and 3 are apart", T * 2 + SECOND, apart);
    town.pass(SECOND);
    let before = views(&town);
    work(&mut town, &mut load, SECOND * 4);
    assert!(apart(&town));
    assert!(views(&town) <= before + 5, "views go on changing while the cut lasts");
    town.heal();
    together(&mut town, &[0, 1, 2, 3, 4], SECOND * 9);
    end(town);
}

#[test]
fn two_do_not_hear_each_other_and_all_others_hear_both() {
    let (mut town, mut load) = busy("bridge");
    town.cut(2, &[3], &[], &[]);
    town.cut(3, &[2], &[], &[]);
    let others = |town: &Town, node| {
        let left: Vec<usize> = (0..5).filter(|other| *other != node).collect();
        town.share_view(&left, &left) && town.share_view(&[node], &[node])
    };
    let apart = |town: &Town| others(town, 2) || others(town, 3);
    town.expect("one of the two is out", T * 2 + SECOND, apart);
    work(&mut town, &mut load, SECOND * 2);
    assert!(apart(&town), "views go on changing while the cut lasts");
    town.heal();
    together(&mut town, &[0, 1, 2, 3, 4], SECOND * 5);
    end(town);
}

#[test]
fn everybody_restarts() {
    let (mut town, mut load) = busy("everybody");
    let before: BTreeSet<String> = town.sights.iter().map(|sight| sight.process.clone()).collect();
    (0..5).for_each(|node| town.kill(node));
    (0..5).for_each(|node| town.start(node));
    let found = json!({ "do": "found", "group": GROUP, "members": ["a", "b", "c", "d", "e"] });
    town.say(0, &found);
    together(&mut town, &[0, 1, 2, 3, 4], T + SECOND * 2);
    let seen = &town.sights[0].cores[GROUP].members;
    assert!(seen.iter().all(|member| !before.contains(member)), "old and new in one view");
    work(&mut town, &mut load, SECOND);
    end(town);
}

#[test]
fn killed_while_creating() {
    let (mut town, mut load) = busy("creating");
    for wait_ms in [0, 1, 3, 8] {
        let names = town.names(&[0, 1, 2, 3, 4]);
        let before: Vec<usize> = (1..5).map(|node| town.sights[node].lights.len()).collect();
        for pair in 1..5 {
            let members = [names[0], names[pair], names[pair % 4 + 1]];
            town.say(0, &json!({ "do": "create", "lwg": format!("x{pair}"), "members": members }));
        }
        town.pass(Duration::from_millis(wait_ms));
        town.kill(0);
        together(&mut town, &[1, 2, 3, 4], T + SECOND);
        town.note(&format!("{before:?} groups before"));
        town.start(0);
        town.say(0, &json!({ "do": "join", "group": GROUP }));
        together(&mut town, &[0, 1, 2, 3, 4], T + SECOND * 2);
        work(&mut town, &mut load, SECOND / 4);
    }
    end(town);
}

#[test]
fn whoever_quits_is_out_at_once() {
    let (mut town, mut load) = busy("quits");
    town.say(0, &json!({ "do": "quit" }));
    together(&mut town, &[1, 2, 3, 4], SECOND / 2);
    if let Some(node) = &mut town.nodes[3] {
        node.signal("TERM");
    }
    together(&mut town, &[1, 2, 4], SECOND / 2);
    let all_gone = |town: &Town| {
        let gone = [&town.sights[0].process, &town.sights[3].process];
        let lights = [1, 2, 4].map(|node| town.sights[node].lights.values());
        lights.into_iter().flatten().all(|seen| !seen.members.iter().any(|m| gone.contains(&m)))
    };
    town.expect("out of the light-weight groups", SECOND / 2, all_gone);
    work(&mut town, &mut load, SECOND / 2);
    end(town);
}
