//! Script: lines written down in one go, and what is wrong from the start; all of it is answered.

use std::io::Write;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use horus::check::{Options, directory};
use serde_json::Value;

const HORUS: &str = env!("CARGO_BIN_EXE_horus");

fn room(called: &str) -> PathBuf {
    let name = format!("horus-script-{}-{called}", std::process::id());
    let room = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&room).expect("a directory for temporary files");
    room
}

fn options(room: &Path) -> Vec<String> {
    let (state, histories) = (room.join("state"), room.join("histories"));
    let words = ["node", "--json", "--name", "a", "--listen", "127.0.0.1:0", "--state"];
    let mut words: Vec<String> = words.map(str::to_owned).into();
    words.extend([state.display().to_string(), "--history".into()]);
    words.push(histories.display().to_string());
    words
}

/// Writes down the script, closes standard input and waits for the end.
fn run(command: &mut Command, script: &str) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary of this crate");
    let mut input = child.stdin.take().expect("asked for");
    // Who ends at once does not read it.
    let _ = input.write_all(script.as_bytes());
    drop(input);
    child.wait_with_output().expect("an end")
}

fn events(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

/// Says the script, and once `settled` is told what comes behind it; then no more.
fn run_behind(options: &[String], script: &str, behind: &str) -> Vec<Value> {
    use std::io::{BufRead as _, BufReader};
    let mut node = Command::new(HORUS);
    node.args(options).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().expect("the binary of this crate");
    let mut input = node.stdin.take().expect("asked for");
    let told = BufReader::new(node.stdout.take().expect("asked for")).lines();
    let told =
        told.map(|line| -> Value { serde_json::from_str(&line.expect("text")).expect("an event") });
    input.write_all(script.as_bytes()).expect("it reads");
    let (mut input, mut events) = (Some(input), Vec::new());
    for event in told {
        if event["ev"] == "settled"
            && let Some(mut input) = input.take()
        {
            input.write_all(behind.as_bytes()).expect("it reads");
        }
        events.push(event);
    }
    assert!(node.wait().expect("an end").success(), "{events:#?}");
    events
}

fn place_of(events: &[Value], kind: &str) -> Option<usize> {
    events.iter().position(|event| event["ev"] == kind)
}

#[test]
fn a_script_written_down_in_one_go_is_carried_out_to_its_end() {
    let room = room("whole");
    let script = r#"
        {"do":"found","group":"g"}
        {"do":"cast","group":"g","order":"abcast","msg":"m1","body":"x"}
        {"do":"create","lwg":"l","members":["a"]}
        {"do":"send","lwg":"l","order":"cbcast","msg":"m2","body":"x","stable":true}
        {"do":"flood","group":"g","order":"fbcast","size":10,"count":2000,"quiet":true}
        {"do":"settled"}"#;
    let output = run(Command::new(HORUS).args(options(&room)), script);
    let events = events(&output);
    assert_eq!(output.status.code(), Some(0), "{events:#?}");
    for kind in ["created", "stable", "flooded", "settled", "end"] {
        assert!(place_of(&events, kind).is_some(), "no {kind} in {events:#?}");
    }
    assert_eq!(place_of(&events, "error"), None, "{events:#?}");
    // Quiet: the flood's deliveries are not told, all else is.
    let told = |kind: &str| events.iter().filter(|event| event["ev"] == kind).count();
    assert_eq!((told("send"), told("deliver")), (2_002, 2));
    let verdict = directory(&room.join("histories"), &Options::default()).expect("histories");
    assert!(verdict.is_good(), "{verdict}");
    assert_eq!((verdict.sends, verdict.deliveries), (2_002, 2_002));
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn a_relaxed_group_is_made_by_a_word_and_judged_as_such() {
    let room = room("relaxed");
    let script = r#"
        {"do":"create","lwg":"s","members":["a"],"semantics":"relaxed"}
        {"do":"send","lwg":"s","order":"fbcast","msg":"m1","body":"x","stable":true}
        {"do":"create","lwg":"w","members":["a"],"semantics":"loose"}
        {"do":"settled"}"#;
    let output = run(Command::new(HORUS).args(options(&room)), script);
    let events = events(&output);
    let view = place_of(&events, "view").expect("a view");
    let relaxed = events.iter().filter(|event| event["semantics"] == "relaxed").count();
    assert!(relaxed > 0 && place_of(&events, "stable") > Some(view), "{events:#?}");
    let wrong: Vec<&Value> = events.iter().filter(|event| event["ev"] == "error").collect();
    assert_eq!(wrong.len(), 1, "{events:#?}");
    assert!(wrong[0]["what"].as_str().is_some_and(|what| what.contains("relaxed")), "{wrong:?}");
    let verdict = directory(&room.join("histories"), &Options::default()).expect("histories");
    assert!(verdict.is_good() && verdict.deliveries == 1, "{verdict}");
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn a_light_weight_group_takes_every_order_and_safe_and_stands_in_the_set_that_was_named() {
    let room = room("orders");
    let script = r#"
        {"do":"create","lwg":"l","members":["a"]}
        {"do":"create","lwg":"k","members":["a"],"set":"files"}
        {"do":"send","lwg":"l","order":"mbcast","msg":"m1","body":"x","stable":true}
        {"do":"send","lwg":"l","order":"gbcast","msg":"m2","body":"x","stable":true}
        {"do":"send","lwg":"l","order":"fbcast","msg":"m3","body":"x","stable":true,"safe":true}
        {"do":"send","lwg":"k","order":"gbcast","msg":"m4","body":"x","stable":true,"safe":true}
        {"do":"settled"}"#;
    let output = run(Command::new(HORUS).args(options(&room)), script);
    let events = events(&output);
    let delivered: Vec<(&str, &str, bool)> = events
        .iter()
        .filter(|event| event["ev"] == "deliver")
        .filter_map(|event| {
            let safe = event["safe"] == true;
            Some((event["msg"].as_str()?, event["order"].as_str()?, safe))
        })
        .collect();
    for told in [
        ("m1", "mbcast", false),
        ("m2", "gbcast", false),
        ("m3", "fbcast", true),
        ("m4", "gbcast", true),
    ] {
        assert!(delivered.contains(&told), "{told:?} in {delivered:?}");
    }
    assert_eq!(events.iter().filter(|event| event["ev"] == "stable").count(), 4, "{events:#?}");
    let cores: std::collections::BTreeSet<&str> =
        events.iter().filter_map(|event| event["core"].as_str()).collect();
    assert_eq!(cores.len(), 2, "one set for both: {events:#?}");
    let verdict = directory(&room.join("histories"), &Options::default()).expect("histories");
    assert!(verdict.is_good() && verdict.deliveries == 4, "{verdict}");
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn whoever_waits_holds_up_nobody_else_and_is_answered_before_the_end() {
    let room = room("waits");
    let script = r#"
        {"do":"create","lwg":"l","members":["a","zoe"]}
        {"do":"send","lwg":"l","order":"cbcast","msg":"m1","body":"x"}
        {"do":"found","group":"g"}
        {"do":"cast","group":"g","order":"abcast","msg":"m2","body":"x"}
        {"do":"quit"}"#;
    let events = events(&run(Command::new(HORUS).args(options(&room)), script));
    let refused: Vec<&Value> = events.iter().filter(|event| event["ev"] == "error").collect();
    let asked: Vec<&str> = refused.iter().filter_map(|event| event["do"].as_str()).collect();
    assert_eq!(asked, ["create", "send"], "{events:#?}");
    let what = refused[0]["what"].as_str().expect("a sentence");
    assert!(what.contains("zoe (no `peer` says where it listens"), "{what}");
    assert!(place_of(&events, "deliver") < place_of(&events, "error"), "{events:#?}");
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn a_label_means_one_group_until_that_is_over() {
    let room = room("label");
    let script = r#"
        {"do":"create","lwg":"l","members":["a"]}
        {"do":"create","lwg":"l","members":["a"]}
        {"do":"destroy","lwg":"l"}
        {"do":"create","lwg":"l","members":["a"]}
        {"do":"settled"}"#;
    let events = events(&run(Command::new(HORUS).args(options(&room)), script));
    let refused: Vec<&Value> = events.iter().filter(|event| event["ev"] == "error").collect();
    assert_eq!(refused.len(), 1, "{events:#?}");
    let what = refused[0]["what"].as_str().expect("a sentence");
    assert!(what.contains("`l` is the label of") && what.contains("`destroy` it"), "{what}");
    assert_eq!(events.iter().filter(|event| event["ev"] == "created").count(), 2, "{events:#?}");
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn who_names_a_group_by_a_label_that_was_not_given_here_is_told_what_goes_instead() {
    let room = room("hint");
    let script = r#"
        {"do":"found","group":"g"}
        {"do":"send","lwg":"elsewhere","order":"fbcast","body":"x"}
        {"do":"send","lwg":"g","order":"fbcast","body":"x"}
        {"do":"settled"}"#;
    let events = events(&run(Command::new(HORUS).args(options(&room)), script));
    let [elsewhere, core] = refused(&events)[..] else { panic!("{events:#?}") };
    for (written, told) in [("elsewhere", elsewhere), ("g", core)] {
        assert_eq!(told.0, "send");
        assert!(told.1.contains(&format!("is called `{written}` here")), "{told:?}");
        for hint in ["where it was given", "the number in its `view` line", "`create`", "`cast`"] {
            assert!(told.1.contains(hint), "{hint}: {told:?}");
        }
    }
    let _ = std::fs::remove_dir_all(room);
}

/// What was refused: the commands, and why.
fn refused(events: &[Value]) -> Vec<(&str, &str)> {
    let errors = events.iter().filter(|event| event["ev"] == "error");
    errors.filter_map(|event| Some((event["do"].as_str()?, event["what"].as_str()?))).collect()
}

#[test]
fn a_name_that_nobody_can_have_is_refused_at_once_and_a_component_is_of_those_who_are_known() {
    let room = room("names");
    let script = r#"
        {"do":"found","group":"g","members":["a,b!"]}
        {"do":"quiesce","component":["a","zoe"]}
        {"do":"quiesce","component":["zoe#3"]}
        {"do":"quiesce","component":["a"]}
        {"do":"found","group":"h"}
        {"do":"settled"}"#;
    let events = events(&run(Command::new(HORUS).args(options(&room)), script));
    let [found, bare, whole] = refused(&events)[..] else { panic!("{events:#?}") };
    assert!(found.0 == "found" && found.1.contains("`a,b!` cannot be a node's name"), "{found:?}");
    assert!(bare.1.contains("not met: zoe (") && whole.1.contains("not met: zoe#3 ("), "{bare:?}");
    assert!(place_of(&events, "error") < place_of(&events, "view"), "{events:#?}");
    let marks: Vec<&Value> = events.iter().filter(|event| event["ev"] == "quiesce").collect();
    assert_eq!(marks.len(), 1, "{events:#?}");
    assert_eq!(marks[0]["component"], Value::from(vec![events[0]["proc"].clone()]));
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn every_floor_tells_what_it_counts() {
    let room = room("stats");
    let script = r#"
        {"do":"found","group":"g"}
        {"do":"create","lwg":"l","members":["a"]}
        {"do":"settled"}
        "#;
    let behind = "{\"do\":\"destroy\",\"lwg\":\"l\"}\n{\"do\":\"stats\"}";
    let events = run_behind(&options(&room), script, behind);
    let stats = &events[place_of(&events, "stats").expect("an answer")];
    for counts in ["vsync.views", "vsync.flushes", "lwg.views_told", "muts.version"] {
        assert!(stats[counts].as_u64() > Some(0), "{counts} of {stats}");
    }
    for told in ["vsync.flushes_restarted", "tools.again", "tools.bytes_taken", "os.refused"] {
        assert!(stats[told].is_u64(), "{told} of {stats}");
    }
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn a_group_is_shown_with_the_word_that_it_was_given() {
    let room = room("word");
    let script = r#"
        {"do":"found","group":"the orders of \"today\""}
        {"do":"found","group":"short#1"}
        {"do":"settled"}"#;
    let events = events(&run(Command::new(HORUS).args(options(&room)), script));
    for kind in ["view", "left"] {
        let told: Vec<&Value> = events.iter().filter(|event| event["ev"] == kind).collect();
        let odd = told.iter().find(|event| event["word"] == "the orders of \"today\"");
        let group = odd.and_then(|event| event["group"].as_str()).expect("one that has a word");
        assert!(group.len() == 32, "{group}");
        let short = told.iter().find(|event| event["group"] == "short#1").expect("the other");
        assert_eq!(short.get("word"), None, "{short}");
    }
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn an_id_is_taken_once_and_nobody_replies_in_a_core_group() {
    let room = room("ids");
    let script = r#"
        {"do":"found","group":"g"}
        {"do":"create","lwg":"l","members":["a"]}
        {"do":"cast","group":"g","order":"abcast","msg":"m1","body":"x"}
        {"do":"send","lwg":"l","order":"abcast","msg":"m1","body":"x"}
        {"do":"send","lwg":"l","order":"abcast","msg":"m2","body":"x","stable":true}
        {"do":"send","lwg":"l","order":"abcast","msg":"m3","body":"x","stable":true}
        {"do":"settled"}
        "#;
    let behind = r#"
        {"do":"reply","to":"m1","body":"x"}
        {"do":"reply","to":"m0","body":"x"}
        {"do":"reply","to":"m2","reply":"r","body":"x"}
        {"do":"reply","to":"m3","reply":"r","body":"x"}
        {"do":"reply","to":"m3","reply":"s","body":"x"}"#;
    let events = run_behind(&options(&room), script, behind);
    let [sent, to_cast, to_none, again] = refused(&events)[..] else { panic!("{events:#?}") };
    assert!(sent.0 == "send" && sent.1.contains("has used `m1` before"), "{sent:?}");
    assert!(to_cast.0 == "reply" && to_cast.1.contains("`m1` was a `cast`"), "{to_cast:?}");
    assert!(to_none.1.contains("no message `m0`"), "{to_none:?}");
    assert!(again.0 == "reply" && again.1.contains("has used `r` before"), "{again:?}");
    let verdict = directory(&room.join("histories"), &Options::default()).expect("histories");
    assert!(verdict.is_good() && verdict.deliveries == 3, "{verdict}");
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn a_second_settled_is_refused_and_the_first_is_answered() {
    let room = room("twice");
    let script = "{\"do\":\"settled\"}\n{\"do\":\"settled\"}\n";
    let events = events(&run(Command::new(HORUS).args(options(&room)), script));
    let (first, second) = (place_of(&events, "settled"), place_of(&events, "error"));
    assert!(first.is_some() && second < first, "{events:#?}");
    assert_eq!(events[second.expect("an error")]["do"], "settled");
    let _ = std::fs::remove_dir_all(room);
}

/// Its script is over before the core group is there that it waits for.
#[test]
fn the_end_waits_for_what_was_asked_of_others() {
    let room = room("others");
    let [here, there] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a port"));
    let [here, there] = [here, there].map(|port| port.local_addr().expect("bound").to_string());
    let node = |name: &str, listen: &str, peer: String| {
        let mut words = options(&room);
        words[3] = name.to_owned();
        words[5] = listen.to_owned();
        words.extend(["--peer".to_owned(), peer]);
        words
    };
    let words = node("b", &there, format!("a={here}"));
    let other = Command::new(HORUS).args(words).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut other = other.expect("the binary of this crate");
    let script = r#"{"do":"create","lwg":"l","members":["a","b"]}"#;
    let words = node("a", &here, format!("b={there}"));
    let events = events(&run(Command::new(HORUS).args(words), script));
    assert!(place_of(&events, "created").is_some(), "{events:#?}");
    drop(other.stdin.take());
    assert!(other.wait().expect("an end").success());
    let _ = std::fs::remove_dir_all(room);
}

#[cfg(unix)]
#[test]
fn who_is_told_to_leave_by_its_operator_says_so_once_and_ends_well() {
    use std::io::{BufRead as _, BufReader};
    let room = room("told");
    let socket = room.join("sock");
    let mut words = options(&room);
    words.extend(["--operators".to_owned(), socket.display().to_string()]);
    let mut node = Command::new(HORUS);
    node.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut node = node.spawn().expect("the binary of this crate");
    let mut input = node.stdin.take().expect("asked for");
    input.write_all(b"{\"do\":\"found\",\"group\":\"g\"}\n").expect("it reads");
    let told = BufReader::new(node.stdout.take().expect("asked for")).lines();
    let mut told =
        told.map(|line| -> Value { serde_json::from_str(&line.expect("text")).expect("an event") });
    assert!(told.any(|event| event["ev"] == "view"), "it is in a group");
    let (code, answer, complaint) = super::operator::ask(&["leave"], &socket);
    assert_eq!((code, &complaint[..]), (0, ""), "{answer}");
    let last: Vec<Value> = told.collect();
    let output = node.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(0), "{last:#?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(last.len(), 1, "{last:#?}");
    assert!(last[0]["ev"] == "over" && last[0]["what"].as_str().expect("why").contains("operator"));
    drop(input);
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn what_is_wrong_from_the_start_is_one_line_that_names_it() {
    let room = room("wrong");
    let file = room.join("file");
    std::fs::write(&file, "").expect("a file");
    let file = file.display().to_string();
    let below = format!("{file}/below");
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("bound").to_string();
    for (more, code, named) in [
        (&["--history", &file][..], 1, "name a directory that can be written"),
        (&["--state", &file], 1, "name a directory that can be written"),
        (&["--operators", &below], 1, &below),
        (&["--beside", &below], 1, &below),
        (&["--listen", "localhost:7001"], 2, "like 127.0.0.1:7001"),
        (&["--listen", "0.0.0.0:0"], 2, "horus keygen"),
        (&["--peer", "b"], 2, "NAME=ADDRESS"),
        (&["--key-file", &file], 2, "horus keygen"),
        (&["--profile", "fast"], 2, "possible values: local, lan, wan"),
        (&["--prfile", "lan"], 2, "--profile"),
        (&["--set", "speed=9"], 2, "the keys are"),
    ] {
        // What is given once more would be refused for that.
        let mut words = options(&room);
        if let Some(at) = words.iter().position(|word| word == more[0]) {
            words.drain(at..at + 2);
        }
        let output = run(Command::new(HORUS).args(words).args(more), "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{more:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{more:?}: {said}");
        assert!(said.contains(named), "{more:?}: {said}");
    }
    for (verb, named) in [("keygen", "<FILE>"), ("check", "<DIRECTORY>"), ("node", "--name")] {
        let output = run(Command::new(HORUS).arg(verb), "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{verb}: {said}");
        assert!(said.contains(named) && said.lines().count() == 1, "{verb}: {said}");
    }
    let words = options(&room).into_iter().map(|word| word.replace("127.0.0.1:0", &taken));
    // It would be a hidden file where its incarnation is kept.
    let hidden =
        options(&room).into_iter().map(|word| if word == "a" { ".a".into() } else { word });
    let output = run(Command::new(HORUS).args(hidden), "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("not beginning with `.`") && said.lines().count() == 1, "{said}");
    let output = run(Command::new(HORUS).args(words), "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("another process has it: choose another port"), "{said}");
    assert_eq!(said.matches("choose").count(), 1, "{said}");
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn who_trusts_everybody_says_so_once_where_errors_go_and_nowhere_else() {
    let room = room("insecure");
    let plain = run(Command::new(HORUS).args(options(&room)), "");
    assert_eq!(String::from_utf8_lossy(&plain.stderr), "");
    let words = options(&room).into_iter().map(|word| word.replace("127.0.0.1", "0.0.0.0"));
    let open = run(Command::new(HORUS).args(words).arg("--insecure"), "");
    let said = String::from_utf8_lossy(&open.stderr);
    assert!(said.starts_with("horus: insecure: every host that can reach 0.0.0.0:"), "{said}");
    assert!(said.ends_with(" is trusted\n") && said.lines().count() == 1, "{said}");
    let kinds = |output| events(output).into_iter().map(|event| event["ev"].clone());
    assert!(kinds(&open).eq(kinds(&plain)), "{open:#?}");
    let _ = std::fs::remove_dir_all(room);
}

#[test]
fn who_was_not_told_of_the_one_that_calls_it_writes_its_name_all_the_same() {
    let room = room("introduced");
    let free = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let at = free.local_addr().expect("bound").to_string();
    drop(free);
    let at_a = |word: String| if word == "127.0.0.1:0" { at.clone() } else { word };
    let a = Command::new(HORUS)
        .args(options(&room).into_iter().map(at_a))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut a = a.expect("the binary of this crate");
    let as_b = |word: String| if word == "a" { "b".into() } else { word };
    let mut b = Command::new(HORUS);
    b.args(options(&room).into_iter().map(as_b)).arg("--peer").arg(format!("a={at}"));
    let script = r#"
        {"do":"found","group":"g","members":["b","a"]}
        {"do":"cast","group":"g","order":"abcast","msg":"m1","body":"x"}
        {"do":"settled"}"#;
    let b = run(&mut b, script);
    assert_eq!(b.status.code(), Some(0), "{:#?}", events(&b));
    drop(a.stdin.take());
    let a = events(&a.wait_with_output().expect("an end"));
    let met = place_of(&a, "met").expect("it was called");
    assert!(a[met]["process"].as_str().is_some_and(|b| b.starts_with("b#")), "{a:#?}");
    let verdict = directory(&room.join("histories"), &Options::default()).expect("histories");
    assert!(verdict.is_good() && verdict.deliveries == 2, "{verdict}");
    let _ = std::fs::remove_dir_all(room);
}
