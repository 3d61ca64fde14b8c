//! Spoiled: daemons whose links are bad on purpose, and cut, under the load of their clients.

use horus::write_keys;
use muts::keyed::KeyFile;
use serde_json::{Value, json};

use super::housed::{Houses, SECOND, T, socket};
use super::operator::{REFUSED, ask, object};
use super::town::GROUP;

/// What an option that cannot be ends with.
const BAD_OPTIONS: i32 = 2;

/// What goes wrong beside a cut.
const WEATHER: [&str; 4] = ["loss=10", "twice=30", "corrupt=10", "delay_ms=30"];

/// Three daemons that may be spoiled, and four nodes behind them. They have keys: without, damage
/// that passes for sound is believed.
fn spoilable(called: &str) -> Houses {
    let first = KeyFile::generate(None);
    Houses::with(called, 3, 4, None, |daemon, directory| {
        let file = directory.join(format!("d{daemon}.keys"));
        let own = if daemon == 0 { first.clone() } else { KeyFile::generate(Some(&first)) };
        write_keys(&file, &own).expect("a new file");
        vec!["--allow-chaos".into(), "--key-file".into(), file.display().to_string()]
    })
}

impl Houses {
    /// Has this be wrong with the links of a daemon, and nothing else.
    fn spoil(&mut self, daemon: usize, how: &[&str]) {
        self.town.note(&format!("d{daemon} <- chaos {}", how.join(" ")));
        let words = [&["chaos"], how].concat();
        let (code, told) = object(&words, &socket(&self.town, daemon));
        assert_eq!(code, 0, "{told}");
    }

    /// A counter of a daemon.
    fn counted(&self, daemon: usize, name: &str) -> u64 {
        let (code, counters) = object(&["counters"], &socket(&self.town, daemon));
        assert_eq!(code, 0, "{counters}");
        counters[name].as_u64().unwrap_or_else(|| panic!("no {name} in {counters}"))
    }
}

#[test]
fn bad_links_between_daemons_change_no_view_and_whoever_is_cut_off_comes_back() {
    let (mut houses, mut load) = spoilable("spoiled").get_busy("spoiled", 4);
    let view = houses.town.sights[0].cores[GROUP].view.clone();
    for weather in [&["loss=30"][..], &["twice=30"], &["corrupt=30"], &["delay_ms=100"], &WEATHER] {
        (0..3).for_each(|daemon| houses.spoil(daemon, weather));
        houses.work(&mut load, SECOND);
    }
    for node in 0..4 {
        assert_eq!(houses.town.sights[node].cores[GROUP].view, view, "of {node}");
    }

    // The links of the others stay as bad as they are.
    houses.spoil(2, &[&["drop=d0,d1"], &WEATHER[..]].concat());
    houses.together(&[2], T * 2 + SECOND);
    houses.together(&[0, 1, 3], T * 2 + SECOND);
    houses.work(&mut load, SECOND);
    houses.spoil(2, &WEATHER);
    houses.together(&[0, 1, 2, 3], SECOND * 10);
    houses.work(&mut load, SECOND);

    for daemon in 0..3 {
        for what in ["lost", "doubled", "damaged", "delayed"] {
            let count = houses.counted(daemon, &format!("chaos.{what}"));
            assert!(count > 20, "d{daemon}: {count} {what}");
        }
        let refused = houses.counted(daemon, "muts.dropped_unsealed")
            + houses.counted(daemon, "muts.dropped_malformed")
            + houses.counted(daemon, "muts.dropped_session");
        assert!(refused > 20, "d{daemon}: {refused} that were damaged had no effect");
        let cut = houses.counted(daemon, "chaos.cut");
        assert_eq!(cut > 20, daemon == 2, "d{daemon} was cut off {cut} times");
        houses.spoil(daemon, &[]);
    }
    houses.end();
}

#[test]
fn links_are_spoiled_only_where_that_is_allowed_and_only_as_they_can_be() {
    let houses = Houses::with("sound", 2, 0, None, |daemon, _| {
        (0..daemon).map(|_| "--allow-chaos".into()).collect()
    });
    let [sound, spoilt] = [0, 1].map(|daemon| socket(&houses.town, daemon));
    let (code, _, complaint) = ask(&["chaos", "loss=3"], &sound);
    assert!(code == REFUSED && complaint.contains("`allow_chaos`"), "{code} {complaint}");
    for (wrong, says) in [("loss=101", "101"), ("loss=few", "`loss`"), ("spede=1", "spede=1")] {
        let (code, _, complaint) = ask(&["chaos", wrong], &spoilt);
        assert!(code == BAD_OPTIONS && complaint.contains(says), "{code} {complaint}");
    }
    let (code, _, complaint) = ask(&["chaos", "drop=nobody"], &spoilt);
    assert!(code == REFUSED && complaint.contains("`nobody`"), "{code} {complaint}");
    let (code, told) = object(&["chaos", "drop_in=127.0.0.1:9", "loss=3"], &spoilt);
    assert_eq!((code, &told["drop_in"]), (0, &json!(["127.0.0.1:9"])), "{told}");
    assert_eq!((&told["loss"], &told["drop_out"]), (&json!(3), &Value::Array(Vec::new())));
    let log = |daemon: usize| {
        let log = houses.town.directory.join(format!("d{daemon}.log"));
        std::fs::read_to_string(log).expect("a log")
    };
    let mark = "allow_chaos: its own user";
    assert!(!log(0).contains(mark) && log(1).contains(mark), "{}{}", log(0), log(1));
    assert!(log(1).contains("as an operator wants them"), "{}", log(1));
    let directory = houses.town.directory.clone();
    drop(houses);
    let _ = std::fs::remove_dir_all(directory);
}
