//! Examples: each is run, and says what it is to say.

use std::process::Command;

/// What an example of this crate writes. Tests are not given examples' programs, so cargo is asked.
fn run(example: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--package", "horus", "--example", example]);
    let output = cargo.output().expect("cargo runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{example}: {} {complaint}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_question_is_answered_by_both() {
    let said = run("hello");
    let mut who: Vec<&str> = said.lines().filter_map(|line| line.split('#').next()).collect();
    who.sort_unstable();
    assert_eq!(who, ["a", "b"], "{said}");
}

#[test]
fn a_state_is_the_same_at_both() {
    assert_eq!(run("replica"), "both have Some(42)\n");
}

#[test]
fn a_name_is_found_from_outside() {
    let said = run("directory");
    assert!(said.starts_with("plant/boiler-2 is at a#"), "{said}");
}

#[test]
fn one_thread_serves_a_thousand_groups() {
    assert_eq!(run("many"), "one thread answered 3000 questions in 1000 groups\n");
}
