//! Weather between real processes, and a hall for them: rows 12 and 13 of what is promised.

use std::time::{Duration, Instant};

use muts::keyed::KeyFile;
use serde_json::{Value, json};

use super::keyed::keyed;
use super::load::Load;
use super::town::{GROUP, Town};

const SECOND: Duration = Duration::from_secs(1);

fn three_keys() -> [KeyFile; 3] {
    let first = KeyFile::generate(None);
    [first.clone(), KeyFile::generate(Some(&first)), KeyFile::generate(Some(&first))]
}

fn work(town: &mut Town, load: &mut Load, time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        load.send_any(town);
        town.pass(Duration::from_millis(5));
    }
}

fn stats(town: &mut Town, node: usize, counter: &str) -> u64 {
    let before = town.sights[node].count_of("stats");
    town.say(node, &json!({ "do": "stats" }));
    town.expect("stats", SECOND * 5, |town| town.sights[node].count_of("stats") > before);
    find(&town.sights[node].stats, counter).unwrap_or(0)
}

fn find(stats: &Value, counter: &str) -> Option<u64> {
    let fields = stats.as_object()?;
    fields
        .get(counter)
        .and_then(Value::as_u64)
        .or_else(|| fields.values().find_map(|inner| find(inner, counter)))
}

fn end(town: Town) {
    let directory = town.directory.clone();
    let outcome = town.finish();
    assert!(outcome.wrong.is_empty(), "{}: {:#?}", directory.display(), outcome.wrong);
    assert!(outcome.verdict.deliveries > 100, "next to nothing was compared");
    let _ = std::fs::remove_dir_all(directory);
}

#[test]
fn bad_weather_changes_no_view() {
    let mut town = keyed("weather", 3, &three_keys(), &[]);
    town.found_group(&[0, 1, 2]);
    let view = town.sights[0].cores[GROUP].view.clone();
    let mut load = Load::new(7);
    let weathers = [
        json!({ "loss": 30 }),
        json!({ "twice": 30 }),
        json!({ "corrupt": 30 }),
        json!({ "delay_ms": 100 }),
        json!({ "loss": 10, "twice": 30, "corrupt": 10, "delay_ms": 30 }),
        json!({}),
    ];
    for weather in weathers {
        for node in 0..3 {
            let mut command = weather.clone();
            command["do"] = json!("chaos");
            town.say(node, &command);
        }
        work(&mut town, &mut load, SECOND * 2);
    }
    // Half of the limit on silence, all is lost.
    (0..3).for_each(|node| town.say(node, &json!({ "do": "chaos", "loss": 100 })));
    work(&mut town, &mut load, SECOND / 2);
    town.heal();
    work(&mut town, &mut load, SECOND);
    for node in 0..3 {
        assert_eq!(town.sights[node].cores[GROUP].view, view, "of {}", town.name(node));
    }
    let dropped = stats(&mut town, 0, "muts.dropped_unsealed")
        + stats(&mut town, 0, "muts.dropped_malformed")
        + stats(&mut town, 0, "muts.dropped_session");
    assert!(dropped > 20, "{dropped} damaged datagrams had no effect");
    end(town);
}

#[test]
fn processes_that_share_a_hall_say_once_what_several_hear() {
    let number = std::process::id();
    let hall = format!("239.255.{}.9:{}", number % 250, 30_000 + number % 9_000);
    let mut town = keyed("hall", 3, &three_keys(), &["--hall", &hall]);
    town.found_group(&[0, 1, 2]);
    town.pass(SECOND);
    let mut load = Load::new(8);
    work(&mut town, &mut load, SECOND * 2);
    let said = stats(&mut town, 0, "muts.hall_sent");
    assert!(said > 10, "{said} said in the hall");
    end(town);
}
