//! Policy: `horus policy`, as it is typed: a trace through a pipe, the table, the chart, and what
//! is said of input that cannot be.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::json;

use super::town::Town;

/// What the table has a row of, and the chart a colour.
const POLICIES: [&str; 5] = ["one-to-one", "exact", "subset", "subset, no grace", "adaptive"];

/// Numbers in a row.
const COLUMNS: usize = 7;

/// A directory of the test's own; it goes with this.
struct Room(PathBuf);

impl Room {
    fn new(called: &str) -> Self {
        let name = format!("horus-policy-{}-{called}", std::process::id());
        let room = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&room).expect("a directory for temporary files");
        Self(room)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `horus policy` with these words, and this on its standard input.
fn policy(words: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_horus"));
    command.arg("policy").args(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary of this crate");
    // Who refuses its words does not read it.
    let _ = child.stdin.take().expect("asked for").write_all(input);
    child.wait_with_output().expect("an end")
}

/// What it wrote, having done what it was asked.
fn done(words: &[&str], input: &[u8]) -> String {
    let output = policy(words, input);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "{words:?}: {complaint}");
    String::from_utf8(output.stdout).expect("text")
}

/// What it said of what cannot be, and nothing else.
fn refused(words: &[&str], input: &[u8]) -> String {
    let output = policy(words, input);
    assert_eq!(output.status.code(), Some(2), "{words:?}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let complaint = String::from_utf8(output.stderr).expect("text");
    assert!(complaint.starts_with("horus: ") && complaint.lines().count() == 1, "{complaint}");
    complaint
}

/// The numbers in a row of the table.
fn row(table: &str, policy: &str) -> Vec<u64> {
    let ends = |rest: &&str| rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let row = table.lines().find_map(|line| line.strip_prefix(policy).filter(ends));
    let row = row.unwrap_or_else(|| panic!("no row of `{policy}` in\n{table}"));
    row.split_whitespace().map(|word| word.parse().expect("a number")).collect()
}

#[test]
fn a_trace_is_replayed_through_a_pipe_against_every_policy_and_drawn() {
    let room = Room::new("replay");
    let chart = room.path("chart.svg");
    for application in ["deceit", "transactions", "meta"] {
        let trace = done(&["trace", application, "--seed", "3", "--groups", "200"], b"");
        let table = done(&["replay", "-", "--svg", &chart], trace.as_bytes());
        assert_eq!(table.lines().count(), 1 + POLICIES.len(), "{table}");
        let rows = POLICIES.map(|policy| row(&table, policy));
        assert!(rows.iter().all(|row| row.len() == COLUMNS), "{table}");
        let [founded, extras] = [0, 4].map(|column| rows.clone().map(|row| row[column]));
        let [one_to_one, exact, subset, ..] = founded;
        assert_eq!(one_to_one, 200, "a core group for each group: {table}");
        assert!(exact < one_to_one && subset <= exact, "shared, and more widely: {table}");
        assert!(extras[0] <= extras[1] && extras[1] <= extras[2], "at a price: {table}");

        let drawn = std::fs::read_to_string(&chart).expect("it is drawn");
        assert!(drawn.starts_with("<svg") && drawn.trim_end().ends_with("</svg>"), "{drawn}");
        for policy in POLICIES {
            assert!(drawn.lines().any(|line| line.trim() == policy), "{policy} in {drawn}");
        }
        // The same of a file.
        let file = room.path("trace");
        std::fs::write(&file, &trace).expect("written");
        assert_eq!(done(&["replay", &file], b""), table);
        std::fs::remove_file(&chart).expect("it was there");
    }
}

#[test]
fn what_real_nodes_did_is_recorded_from_their_histories_and_replayed() {
    const SECOND: Duration = Duration::from_secs(1);
    let mut town = Town::new("recorded", 3, &[]);
    (0..3).for_each(|node| town.start(node));
    for (label, members, count) in [("all", &[0, 1, 2][..], 1), ("few", &[0, 1], 2)] {
        let names = town.names(members);
        town.say(0, &json!({ "do": "create", "lwg": label, "members": names }));
        let made = |town: &Town| members.iter().all(|at| town.sights[*at].lights.len() == count);
        town.expect("it is made", SECOND * 20, made);
    }
    for _ in 0..5 {
        let send = json!({ "do": "send", "lwg": "few", "order": "abcast", "body": "x" });
        town.say(0, &send);
    }
    let heard = |town: &Town, node: usize| town.sights[node].delivered.values().sum::<u64>();
    town.expect("all is there", SECOND * 20, |town| (0..2).all(|node| heard(town, node) == 5));
    town.kill(2);
    let without = |town: &Town| town.sights[0].lights.values().all(|seen| seen.members.len() == 2);
    town.expect("the others go on", SECOND * 10, without);
    for node in [0, 1] {
        town.say(node, &json!({ "do": "quit" }));
    }
    town.expect("they end", SECOND * 10, |town| town.nodes.iter().all(Option::is_none));
    assert!(town.wrong.is_empty(), "{:#?}", town.wrong);

    let histories = town.directory.join("histories").display().to_string();
    let trace = done(&["record", &histories, "--bytes", "9", "--a-second", "2"], b"");
    let lines: Vec<&str> = trace.lines().collect();
    let begins = |verb: &str| lines.iter().filter(|line| line.starts_with(verb)).count();
    assert_eq!((begins("create "), begins("at ") >= 3), (2, true), "{trace}");
    let [a, b, c] = [0, 1, 2].map(|node| &town.sights[node].process[..]);
    let few = lines.iter().find(|line| line.ends_with(&format!(" {a} {b}"))).expect("its members");
    let few = few.split(' ').nth(1).expect("its name");
    let sent = lines.iter().filter_map(|line| line.strip_prefix(&format!("send {few} ")));
    let sent = sent.map(|line| line.strip_suffix(" 9").and_then(|count| count.parse::<u64>().ok()));
    assert_eq!(sent.sum::<Option<u64>>(), Some(5), "{trace}");
    assert!(lines.contains(&&format!("fail {c}")[..]), "{trace}");

    let table = done(&["replay", "-"], trace.as_bytes());
    let founded = POLICIES.map(|policy| row(&table, policy)[0]);
    assert_eq!((founded[0], founded[2]), (2, 1), "alone, and on one core group: {table}");
    let _ = std::fs::remove_dir_all(&town.directory);
}

#[test]
fn of_input_that_cannot_be_it_is_said_what_and_where() {
    let room = Room::new("refused");
    let why = refused(&["replay", "-"], b"create g a b\nsend g many 3\n");
    assert!(why.contains("line 2 is none of") && !why.contains("many"), "{why}");
    let why = refused(&["replay", "-"], b"create g a b\n\xff\xfe\n");
    assert!(why.contains("UTF-8"), "{why}");
    let missing = room.path("missing");
    assert!(refused(&["replay", &missing], b"").contains(&missing));
    let nowhere = room.path("no/such/chart.svg");
    let output = policy(&["replay", "-", "--svg", &nowhere], b"create g a b\n");
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && why.contains(&nowhere), "{why}");
    assert!(refused(&["trace", "chess"], b"").contains("deceit"));
    assert!(refused(&["record", &missing], b"").contains(&missing));
    let why = refused(&["record", &room.path("")], b"");
    assert!(why.contains("no history there tells of a light-weight group"), "{why}");
    assert!(refused(&["record", &missing, "--a-second", "0"], b"").contains("--a-second"));
    std::fs::write(room.path("a#1.jsonl"), "{\"ev\":\"view\"}\n").expect("written");
    assert!(refused(&["record", &room.path("")], b"").contains("a#1.jsonl:1: "));
}

#[test]
fn what_cannot_be_written_is_a_failure_and_who_has_heard_enough_is_none() {
    let room = Room::new("unwritten");
    let (trace, file) = (room.path("trace"), room.path("keys"));
    std::fs::write(&trace, done(&["trace", "meta", "--groups", "9"], b"")).expect("written");
    let lines: [&[&str]; 5] = [
        &["policy", "trace", "meta"],
        &["policy", "replay", &trace],
        &["keygen", &file],
        &["--help"],
        &["--version"],
    ];
    for words in lines {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").ok();
        let (reader, closed) = std::io::pipe().expect("a pipe");
        drop(reader);
        for (output, code) in [(full.map(Stdio::from), 1), (Some(closed.into()), 0)] {
            let Some(output) = output else { continue };
            let mut command = Command::new(env!("CARGO_BIN_EXE_horus"));
            command.args(words).stdout(output).stderr(Stdio::piped());
            let ended = command.spawn().and_then(std::process::Child::wait_with_output);
            let ended = ended.expect("the binary of this crate");
            let complaint = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(code), "{words:?}: {complaint}");
            assert_eq!(complaint.lines().count(), usize::from(code == 1), "{words:?}: {complaint}");
            assert_eq!(complaint.contains("standard output cannot be written"), code == 1);
            let _ = std::fs::remove_file(&file);
        }
    }
}
