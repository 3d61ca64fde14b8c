//! Keys: what stands in the answers to operators is what the README of this crate says, all of it:
//! one word is of one type, whoever answers and whatever was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::asked::{create, end, hatch, town};
use super::housed::{Houses, SECOND, socket};
use super::operator::{NOT_READY, REFUSED, object};
use super::town::GROUP;

/// What is asked of all, and answered in these keys.
const VERBS: [&str; 4] = ["status", "groups", "members", "why"];

/// A key as the table has it.
struct Key {
    of: &'static str,
    or_null: bool,
    verbs: BTreeSet<&'static str>,
}

/// The table.
fn keys() -> &'static BTreeMap<&'static str, Key> {
    static KEYS: OnceLock<BTreeMap<&'static str, Key>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let readme = include_str!("../../README.md");
        let (_, table) = readme.split_once("| key | type |").expect("the table is there");
        let (table, _) = table.split_once("\n\n").expect("it ends");
        let mut keys = BTreeMap::new();
        // Behind the rest of its head, and the line under that.
        for row in table.lines().skip(2) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let ["", key, of, verbs, _, ""] = cells[..] else { panic!("{row}") };
            let verbs: BTreeSet<&str> = verbs.split(", ").collect();
            assert!(verbs.iter().all(|verb| VERBS.contains(verb)), "{row}");
            let or_null = of.ends_with(" or null");
            let of = of.trim_end_matches(" or null");
            let key = key.trim_matches('`');
            let twice = keys.insert(key, Key { of, or_null, verbs });
            assert!(twice.is_none(), "{key} is there twice");
        }
        keys
    })
}

fn is_a(value: &Value, of: &str) -> bool {
    let all = |holds: fn(&Value) -> bool| value.as_array().is_some_and(|all| all.iter().all(holds));
    match of {
        "text" => value.is_string(),
        "number" => value.is_u64(),
        "truth" => value.is_boolean(),
        "texts" => all(Value::is_string),
        "objects" => all(Value::is_object),
        other => panic!("`{other}` is no type"),
    }
}

/// Every key of an answer, with its value, at whatever depth.
fn each<'a>(answer: &'a Value, tell: &mut impl FnMut(&'a str, &'a Value)) {
    match answer {
        Value::Object(fields) => {
            for (key, value) in fields {
                tell(key, value);
                each(value, tell);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each(item, tell)),
        _ => {}
    }
}

/// The keys of an answer to this verb are those that the table has for it, each of its type.
pub(super) fn are_as_told(verb: &str, answer: &Value) {
    if !VERBS.contains(&verb) {
        return;
    }
    each(answer, &mut |key, value| {
        let Some(known) = keys().get(key) else {
            panic!("`{key}` of `{verb}` is not in the README: {answer}")
        };
        assert!(known.verbs.contains(verb), "`{key}` is not told by `{verb}` there: {answer}");
        let null = known.or_null && value.is_null();
        let of = known.of;
        assert!(null || is_a(value, of), "`{key}` of `{verb}` is no {of}: {value}");
    });
}

/// Verbs and keys that were told.
#[derive(Default)]
struct Told(BTreeSet<(&'static str, String)>);

impl Told {
    /// Asks, and notes what is told.
    fn ask(&mut self, words: &[&str], socket: &std::path::Path) -> (i32, Value) {
        let (code, answer) = object(words, socket);
        let verb = VERBS.into_iter().find(|verb| *verb == words[0]).expect("one of these");
        each(&answer, &mut |key, _| {
            self.0.insert((verb, key.to_owned()));
        });
        (code, answer)
    }
}

#[test]
fn every_key_of_every_answer_is_in_the_readme_with_its_type_and_none_is_there_that_is_not_told() {
    let mut told = Told::default();
    let mut town = town("keys", 3, &[]);
    create(&mut town, "files", &[0, 1]);
    let a = hatch(&town, 0);
    for words in [
        &["status"][..],
        &["groups"],
        &["groups", "--light"],
        &["members", GROUP],
        &["members", "files"],
        &["why", GROUP],
        &["why", "files"],
        &["why", "a"],
        &["why", "b"],
    ] {
        assert_eq!(told.ask(words, &a).0, 0, "{words:?}");
    }
    for words in
        [&["why", "nobody"][..], &["members", "nope"], &["groups", "--light", "--most", "1001"]]
    {
        assert_eq!(told.ask(words, &a).0, REFUSED, "{words:?}");
    }
    town.kill(2);
    let began = Instant::now();
    while told.ask(&["why", "c"], &a).1["excluded"] == json!([]) {
        assert!(began.elapsed() < SECOND * 60, "c is never excluded");
        town.pass(Duration::from_millis(5));
    }
    end(town);

    let mut houses = Houses::new("keys-house", 2, 2, None);
    let d0 = socket(&houses.town, 0);
    let a = hatch(&houses.town, 0);
    houses.town.option(0, "--operators", &a.display().to_string());
    [0, 1].into_iter().for_each(|node| houses.town.start(node));
    houses.town.found_group(&[0, 1]);
    create(&mut houses.town, "files", &[0, 1]);
    for words in [&["status"][..], &["groups"], &["members", GROUP], &["why", GROUP]] {
        assert_eq!(told.ask(words, &a).0, 0, "{words:?}");
        assert_eq!(told.ask(words, &d0).0, 0, "{words:?}");
    }
    for words in [["why", "a"], ["why", "b"], ["why", "d0"], ["why", "d1"]] {
        assert_eq!(told.ask(&words, &d0).0, 0, "{words:?}");
    }
    for words in [&["why", "nobody"][..], &["members", "nope"], &["groups", "--light"]] {
        assert_eq!(told.ask(words, &d0).0, REFUSED, "{words:?}");
    }
    houses.town.kill(1);
    let began = Instant::now();
    while told.ask(&["why", GROUP], &d0).1["excluded"] == json!([]) {
        assert!(began.elapsed() < SECOND * 60, "b is never excluded");
        houses.town.pass(Duration::from_millis(5));
    }
    super::operator::ask(&["drain"], &d0);
    assert_eq!(told.ask(&["status"], &d0).0, NOT_READY);
    let directory = houses.town.directory.clone();
    drop(houses);
    let _ = std::fs::remove_dir_all(directory);

    let all = keys()
        .iter()
        .flat_map(|(key, known)| known.verbs.iter().map(|verb| (*verb, (*key).to_owned())));
    let untold: Vec<_> = all.filter(|pair| !told.0.contains(pair)).collect();
    assert!(untold.is_empty(), "in the README, and never told: {untold:?}");
}
