//! Asked: nodes that answer operators themselves, in words, in JSON and as an exit code.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::housed::{Houses, SECOND, socket};
use super::operator::{NOT_READY, REFUSED, UNREACHED, ask, object};
use super::town::{GROUP, Town};

const MINUTE: Duration = Duration::from_secs(60);

/// Where a node is asked.
pub(super) fn hatch(town: &Town, node: usize) -> PathBuf {
    town.directory.join(format!("{}.ask", town.name(node)))
}

/// A town of nodes that answer, together in [`GROUP`].
pub(super) fn town(called: &str, nodes: usize, more: &[&str]) -> Town {
    let mut town = Town::new(called, nodes, more);
    for node in 0..nodes {
        let socket = hatch(&town, node).display().to_string();
        town.option(node, "--operators", &socket);
        town.start(node);
    }
    town.found_group(&(0..nodes).collect::<Vec<_>>());
    town
}

pub(super) fn create(town: &mut Town, label: &str, members: &[usize]) {
    town.sights[members[0]].open += 1;
    let names = town.names(members);
    town.say(members[0], &json!({ "do": "create", "lwg": label, "members": names }));
    let members = members.to_vec();
    town.expect("the group was made", SECOND * 10, |town| {
        members.iter().all(|node| !town.sights[*node].lights.is_empty())
    });
}

pub(super) fn end(town: Town) {
    let directory = town.directory.clone();
    assert!(town.wrong.is_empty(), "{}: {:#?}", directory.display(), town.wrong);
    drop(town);
    let _ = std::fs::remove_dir_all(directory);
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn a_process_is_asked_as_a_daemon_is_and_knows_light_weight_groups_too() {
    let mut town = town("asked", 3, &[]);
    create(&mut town, "files", &[0, 1]);
    let a = hatch(&town, 0);
    let [pa, pb, pc] = [0, 1, 2].map(|node| town.sights[node].process.clone());

    let (code, words, _) = ask(&["status"], &a);
    assert!(code == 0 && words.contains("ready: true\n"), "{code} {words}");
    assert!(words.contains("light groups: 1\n"), "{words}");
    let (code, status) = object(&["status"], &a);
    assert_eq!((code, &status["process"]), (0, &json!(pa)));
    assert_eq!((&status["processes_met"], &status["processes_heard"]), (&json!(2), &json!(2)));
    assert_eq!((&status["core_groups"], &status["daemon_socket"]), (&json!(2), &Value::Null));

    let (code, groups) = object(&["groups"], &a);
    let groups = groups["groups"].as_array().cloned().expect("a list");
    assert_eq!((code, groups.len()), (0, 2));
    let own = groups.iter().find(|group| group["called"] == GROUP).expect("the own one");
    assert_eq!((&own["member_count"], &own["light_groups"]), (&json!(3), &json!(0)));
    assert_eq!(texts(&own["members"]).len(), 3, "{own}");
    let placed = groups.iter().find(|group| group["light_groups"] == 1).expect("files is on it");
    for group in [own, placed] {
        let carries = json!([group["extras"], group["filtered"], group["bytes_spared"]]);
        assert_eq!(carries, json!([0, 0, 0]), "{group}");
    }
    let (_, words, _) = ask(&["groups"], &a);
    assert!(words.contains("groups: 2\n") && words.contains(&pc), "{words}");

    let (code, members) = object(&["members", GROUP], &a);
    assert_eq!((code, texts(&members["members"]).len()), (0, 3), "{members}");
    let (code, files) = object(&["members", "files"], &a);
    assert_eq!((code, texts(&files["members"])), (0, vec![&pa[..], &pb]), "{files}");
    for written in [&files["group"], &placed["group"]] {
        let (code, same) = object(&["members", written.as_str().expect("text")], &a);
        assert!(code == 0 && texts(&same["members"]).contains(&&pb[..]), "{written}: {same}");
    }
    // A label is its maker's own; the number is everybody's.
    let b = hatch(&town, 1);
    assert_eq!(ask(&["members", "files"], &b).0, REFUSED);
    let number = files["group"].as_str().expect("text");
    assert_eq!(object(&["members", number], &b).1["members"], files["members"]);

    let (code, why) = object(&["why", "files"], &a);
    assert_eq!((code, &why["core"]), (0, &placed["group"]), "{why}");
    assert!(why["why"].is_string() && why["extras"] == 0, "{why}");
    assert_eq!(why["candidates"].as_array().map(Vec::len), Some(1), "{why}");
    let (code, why) = object(&["why", GROUP], &a);
    assert_eq!((code, &why["held"]), (0, &json!(false)), "{why}");
    let (code, why) = object(&["why", "b"], &a);
    assert_eq!((code, &why["heard"], &why["process"]), (0, &json!(true), &json!(pb)));
    let (code, counters, _) = ask(&["counters"], &a);
    assert!(code == 0 && counters.contains("lwg.groups: 1\n"), "{counters}");

    for (words, says) in [
        (&["members", "nope"][..], "`groups` lists"),
        (&["groups", "--light", "--most", "1001"], "1 to 1000"),
        (&["out", "b"], "no clients"),
        (&["drain"], "`leave`"),
        (&["chaos", "loss=3"], "`Horus::spoil`"),
    ] {
        let (code, _, complaint) = ask(words, &a);
        assert!(code == REFUSED && complaint.contains(says), "{words:?}: {code} {complaint}");
    }
    let (code, words, _) = ask(&["why", "nobody"], &a);
    assert!(code == REFUSED && words.contains("no process of that name was met"), "{words}");
    end(town);
}

#[test]
fn light_weight_groups_are_listed_whether_the_process_is_inside_or_not_and_no_more_than_wanted() {
    let mut town = town("light", 3, &[]);
    create(&mut town, "all", &[0, 1, 2]);
    town.say(0, &json!({ "do": "create", "lwg": "few", "members": ["a", "b"] }));
    let both = |town: &Town| [0, 1].iter().all(|node| town.sights[*node].lights.len() == 2);
    town.expect("the group was made", SECOND * 10, both);
    let light = |node, more: &[&str]| {
        let words = [&["groups", "--light"], more].concat();
        let (code, told) = object(&words, &hatch(&town, node));
        assert_eq!(code, 0, "{told}");
        (told["groups"].as_array().cloned().expect("a list"), told["groups_more"].clone())
    };
    let (listed, more) = light(0, &[]);
    let told = |label: &str| {
        let found = listed.iter().find(|group| group["called"] == label).expect("its own label");
        json!([found["kind"], found["member_count"], found["inside"]])
    };
    assert_eq!((listed.len(), more), (2, json!(0)));
    let right = [3, 2].map(|members| json!(["light", members, true]));
    assert_eq!(["all", "few"].map(told), right);
    // Who is in the core group knows both, but not what they are called elsewhere.
    let (listed, _) = light(2, &[]);
    let inside = listed.iter().filter(|group| group["inside"] == true).count();
    assert_eq!((listed.len(), inside), (2, 1), "{listed:?}");
    assert!(listed.iter().all(|group| group["called"].is_null()), "{listed:?}");
    let id = |group: &Value| group["group"].as_str().expect("an id").to_owned();
    for group in &listed {
        let (code, same) = object(&["members", &id(group)], &hatch(&town, 2));
        let same = [&same["core"], &same["view"], &same["member_count"]];
        assert_eq!((code, same), (0, [&group["core"], &group["view"], &group["member_count"]]));
    }
    let (listed, more) = light(0, &["--most", "1"]);
    assert_eq!((listed.len(), more), (1, json!(1)));
    let (code, words, _) = ask(&["groups", "--light", "--most", "1"], &hatch(&town, 0));
    assert!(code == 0 && words.contains("groups: 2, of which 1 are not listed\n"), "{words}");
    for (most, complaint) in [("0", "--most"), ("many", "--most")] {
        let (code, _, said) = ask(&["groups", "--light", "--most", most], &hatch(&town, 0));
        assert!(code == 2 && said.contains(complaint), "{most}: {code} {said}");
    }
    end(town);
}

/// What a core group that light-weight groups are on carries, as that node is told to tell.
fn carried(town: &Town, node: usize) -> Value {
    let (code, told) = object(&["groups"], &hatch(town, node));
    assert_eq!(code, 0, "{told}");
    let all = told["groups"].as_array().cloned().unwrap_or_default();
    let placed: Vec<&Value> = all.iter().filter(|group| group["light_groups"] != 0).collect();
    let [placed] = placed[..] else { panic!("one for both groups: {told}") };
    let fields = ["light_groups", "extras", "filtered", "bytes_spared"];
    let fields = fields.map(|field| (field.to_owned(), placed[field].clone()));
    Value::Object(fields.into_iter().collect())
}

#[test]
fn what_a_core_group_carries_is_told_to_operators_and_by_where() {
    let mut town = town("carries", 3, &[]);
    create(&mut town, "all", &[0, 1, 2]);
    town.say(0, &json!({ "do": "create", "lwg": "few", "members": ["a", "b"] }));
    let both = |town: &Town| [0, 1].iter().all(|node| town.sights[*node].lights.len() == 2);
    town.expect("the group was made", SECOND * 10, both);
    for order in ["fbcast", "abcast"] {
        let body = "x".repeat(100);
        town.say(0, &json!({ "do": "send", "lwg": "few", "order": order, "body": body }));
    }
    // Behind all of that in the sender's order: who has this has passed over the rest.
    town.say(0, &json!({ "do": "send", "lwg": "all", "order": "fbcast", "body": "last" }));
    town.expect("all is here", SECOND * 10, |town| {
        (0..3).all(|node| {
            let delivered = &town.sights[node].delivered;
            delivered.values().sum::<u64>() == if node == 2 { 1 } else { 3 }
        })
    });
    let of = |bytes: u64| {
        json!({
            "light_groups": 2, "extras": 1, "filtered": 0, "bytes_spared": bytes,
        })
    };
    // The third was not sent what is not for it.
    assert_eq!(carried(&town, 0), of(200));
    assert_eq!([1, 2].map(|node| carried(&town, node)), [of(0), of(0)]);
    town.say(0, &json!({ "do": "where", "lwg": "few" }));
    town.expect("it tells", SECOND * 5, |town| !town.sights[0].place.is_null());
    assert_eq!(town.sights[0].place["core_carries"], of(200), "{}", town.sights[0].place);
    end(town);
}

#[test]
fn a_process_tells_who_is_not_heard_who_was_excluded_and_what_waits_for_whom() {
    let mut town = town("excluded", 3, &["--set", "silence_ms=3000"]);
    let a = hatch(&town, 0);
    town.stop(2);
    let mut cast = json!({ "do": "cast", "group": GROUP, "order": "abcast", "msg": "m" });
    cast["body"] = "x".into();
    cast["safe"] = true.into();
    town.say(0, &cast);
    let told = |what: &str, holds: &dyn Fn(&Value) -> bool, words: &[&str], town: &mut Town| {
        let began = std::time::Instant::now();
        loop {
            let (code, told) = object(words, &a);
            if holds(&told) {
                return (code, told);
            }
            assert!(began.elapsed() < MINUTE, "never: {what}: {told}");
            town.pass(Duration::from_millis(5));
        }
    };
    let held = |told: &Value| {
        let holds = told["holds"].to_string();
        told["held"] == true && holds.contains("not known to have") && holds.contains("c#")
    };
    let (code, _) = told("it waits for c", &held, &["why", GROUP], &mut town);
    assert_eq!(code, 0);
    let silent = |told: &Value| told["heard"] == false;
    let (code, why) = told("c is not heard", &silent, &["why", "c"], &mut town);
    assert_eq!(code, REFUSED);
    assert!(why["why"].as_str().is_some_and(|why| why.contains("limit of silence")), "{why}");
    let excluded = |told: &Value| told["excluded"][0]["called"] == GROUP;
    let (_, why) = told("c was excluded", &excluded, &["why", "c"], &mut town);
    assert!(why["excluded"][0]["why"].is_string(), "{why}");
    let (_, status) = object(&["status"], &a);
    assert_eq!((&status["processes_met"], &status["processes_heard"]), (&json!(2), &json!(1)));
    // The one that stands still takes the question and does not come round to it.
    let (code, _, complaint) = ask(&["status"], &hatch(&town, 2));
    assert!(code == UNREACHED && complaint.contains("stopped"), "{code} {complaint}");
    town.go_on(2);
    end(town);
}

#[test]
fn a_process_that_was_killed_is_not_reached_and_its_next_run_takes_the_socket() {
    let mut town = town("killed", 2, &[]);
    let b = hatch(&town, 1);
    town.kill(1);
    assert!(b.exists(), "nobody removed it");
    let (code, _, complaint) = ask(&["status"], &b);
    assert!(code == UNREACHED && complaint.contains("does not run"), "{code} {complaint}");
    town.start(1);
    town.expect("it started", SECOND * 10, |town| !town.sights[1].process.is_empty());
    let (code, status) = object(&["status"], &b);
    assert_eq!((code, &status["process"]), (0, &json!(town.sights[1].process)));

    assert_eq!(ask(&["leave"], &b).0, 0);
    town.wait(SECOND * 10, |town| town.nodes[1].is_none()).expect("it ends");
    assert_eq!(town.sights[1].count_of("over"), 1, "its operator's wish is said once");
    town.expect("the other goes on alone", SECOND, |town| town.share_view(&[0], &[0]));
    let (code, _, complaint) = ask(&["status"], &b);
    assert!(code == UNREACHED && complaint.contains("start horusd"), "{code} {complaint}");
    end(town);
}

#[test]
fn a_process_that_waits_for_others_before_it_begins_says_so() {
    let mut town = Town::new("early", 2, &["--expect", "1"]);
    let a = hatch(&town, 0);
    town.option(0, "--operators", &a.display().to_string());
    town.start(0);
    let began = std::time::Instant::now();
    while !a.exists() {
        assert!(began.elapsed() < MINUTE, "it does not listen");
        town.pass(Duration::from_millis(5));
    }
    let (code, words, _) = ask(&["status"], &a);
    assert!(code == NOT_READY && words.contains("waits for: 1 of 1 other nodes"), "{words}");
    let (code, why) = object(&["why", "b"], &a);
    assert_eq!(code, REFUSED);
    assert!(why["why"].as_str().is_some_and(|why| why.contains("never met")), "{why}");
    town.start(1);
    let started = |town: &Town| town.sights.iter().all(|sight| !sight.process.is_empty());
    town.expect("both began", SECOND * 10, started);
    assert_eq!(ask(&["status"], &a).0, 0);
    end(town);
}

#[test]
fn a_client_of_a_daemon_is_asked_too_and_names_the_daemon_for_the_rest() {
    let mut houses = Houses::new("asked-client", 1, 2, None);
    let a = hatch(&houses.town, 0);
    houses.town.option(0, "--operators", &a.display().to_string());
    [0, 1].into_iter().for_each(|node| houses.town.start(node));
    houses.town.found_group(&[0, 1]);
    create(&mut houses.town, "files", &[0, 1]);
    let daemon = socket(&houses.town, 0);
    let (code, status) = object(&["status"], &a);
    assert_eq!((code, &status["daemon_socket"]), (0, &json!(daemon.display().to_string())));
    assert_eq!((&status["processes_met"], &status["light_groups"]), (&json!(1), &json!(1)));
    let (code, members) = object(&["members", "files"], &a);
    assert_eq!((code, texts(&members["members"]).len()), (0, 2), "{members}");
    let (_, why) = object(&["why", GROUP], &a);
    assert_eq!(why["held"], Value::Null, "{why}");
    let (code, why) = object(&["why", "b"], &a);
    let says = why["why"].as_str().expect("text");
    assert!(code == 0 && says.contains("horus why b --socket"), "{why}");
    // What it names is there, and says more.
    assert_eq!(object(&["why", "b"], &daemon).1["heard"], json!(true));
    let directory = houses.town.directory.clone();
    drop(houses);
    let _ = std::fs::remove_dir_all(directory);
}
