//! Every judge passes what is right and finds the fault planted for it, and that fault alone.
#![allow(clippy::unwrap_used)]

mod garbage;
mod joiners;
mod orders;
mod partition;
mod script;
mod story;
mod words;

use horus::check::{Options, Property, judge};
use horus::history::{Event, Writer};
use script::{Edit, parse, report};

/// A fault: what is changed in a story, and the properties that this breaks, no more, no less.
struct Fault {
    broken: &'static [Property],
    edits: &'static [Edit],
}

/// Every story is good, and bad in exactly the planned way with each of its faults.
fn try_faults(story: &str, faults: &[Fault], options: &Options) {
    let verdict = judge(&parse(story, &[]), options);
    assert!(verdict.is_good(), "the story itself: {verdict}");
    let mut wrong = String::new();
    for fault in faults {
        let verdict = judge(&parse(story, fault.edits), options);
        let found: Vec<Property> = verdict.found.keys().copied().collect();
        if found != fault.broken || verdict.is_good() {
            wrong += &format!("not {:?}: {:?}:\n{verdict}\n", fault.broken, fault.edits);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_property_has_a_planted_fault() {
    let across = Options { causal_across: true, ..Options::default() };
    let mut planted: Vec<Property> = Vec::new();
    for (story, faults) in [
        (story::STORY, story::FAULTS),
        (story::STORY, orders::FAULTS),
        (partition::STORY, partition::FAULTS),
        (words::STORY, words::FAULTS),
        (joiners::STORY, joiners::FAULTS),
    ] {
        try_faults(story, faults, &Options::default());
        planted.extend(faults.iter().flat_map(|fault| fault.broken));
    }
    try_faults(orders::ACROSS, orders::ACROSS_FAULTS, &across);
    planted.extend(orders::ACROSS_FAULTS.iter().flat_map(|fault| fault.broken));
    let missing: Vec<&Property> =
        Property::ALL.iter().filter(|property| !planted.contains(property)).collect();
    assert!(missing.is_empty(), "no fault was planted for {missing:?}");
}

#[test]
fn across_groups_nothing_is_owed_to_who_went_apart_where_that_is_excused() {
    let across = Options { causal_across: true, ..Options::default() };
    let excused = Options { apart_excused: true, ..across.clone() };
    for apart in [orders::APART, orders::APART_AND_LEFT] {
        let apart = parse(orders::ACROSS, apart);
        let found = judge(&apart, &across).found;
        assert!(found.contains_key(&Property::CausalAcross), "asked strictly it is an inversion");
        let verdict = judge(&apart, &excused);
        assert!(!verdict.found.contains_key(&Property::CausalAcross), "{verdict}");
    }
    try_faults(orders::ACROSS, orders::ACROSS_FAULTS, &excused);
}

#[test]
fn what_comes_from_outside_has_no_place_among_what_its_sender_does_itself() {
    try_faults(orders::OUTSIDE, orders::OUTSIDE_FAULTS, &Options::default());
}

#[test]
fn what_goes_past_a_gbcast_does_not_say_in_which_view_that_was_sent() {
    try_faults(orders::PAST_A_GBCAST, orders::PAST_A_GBCAST_FAULTS, &Options::default());
}

#[test]
fn causality_across_groups_is_an_option() {
    try_faults(orders::ACROSS, &[], &Options::default());
    let edits = orders::ACROSS_FAULTS[0].edits;
    let verdict = judge(&parse(orders::ACROSS, edits), &Options::default());
    assert!(verdict.is_good(), "{verdict}");
}

#[test]
fn one_order_for_the_crashed_too_is_an_option_for_messages_that_are_not_safe() {
    let strong = Options { total_strong: true, ..Options::default() };
    let verdict = judge(&parse(story::STORY, orders::CRASHED_SWAP), &Options::default());
    assert!(verdict.is_good(), "{verdict}");
    try_faults(
        story::STORY,
        &[Fault { broken: &[Property::TotalStrong], edits: orders::CRASHED_SWAP }],
        &strong,
    );
}

#[test]
fn a_relaxed_group_owes_less() {
    try_faults(words::RELAXED, words::RELAXED_FAULTS, &Options::default());
}

#[test]
fn what_waited_for_a_view_that_did_not_come_was_sent_in_none() {
    try_faults(words::NOWHERE, words::NOWHERE_FAULTS, &Options::default());
}

#[test]
fn what_was_told_safe_is_owed_by_who_ended_where_it_was_unless_it_was_cut_off() {
    try_faults(joiners::ENDED, joiners::ENDED_FAULTS, &Options::default());
    try_faults(joiners::CUT_OFF, joiners::CUT_OFF_FAULTS, &Options::default());
}

#[test]
fn what_was_sent_before_the_view_was_told_went_out_in_it() {
    try_faults(words::BEFORE, words::BEFORE_FAULTS, &Options::default());
}

#[test]
fn histories_without_anything_to_compare_are_not_good() {
    for story in ["", "a start a#1\na end", "a view G 1 a\na quiesce\na end"] {
        let verdict = judge(&parse(story, &[]), &Options::default());
        assert!(verdict.found.is_empty());
        assert!(!verdict.is_good() && verdict.void.is_some(), "{verdict}");
    }
}

#[test]
fn unknown_events_are_refused_only_on_request() {
    let story = format!("{}\nx chaos G", story::STORY);
    let verdict = judge(&parse(&story, &[]), &Options::default());
    assert!(verdict.is_good() && verdict.unknown == 1, "{verdict}");
    assert!(verdict.to_string().contains("(1 of an unknown kind)"), "{verdict}");
    let strict = Options { refuse_unknown: true, ..Options::default() };
    assert!(!judge(&parse(&story, &[]), &strict).is_good());
}

#[test]
fn a_verdict_names_process_line_and_ids() {
    let edits = &[Edit::After("a deliver G m1 a", "a deliver G m1 a")];
    let text = report(story::STORY, edits);
    assert!(text.contains("no-duplicates: a#1:7: a#1 delivers m1 again"), "{text}");
}

#[test]
fn histories_on_disk_are_judged_as_those_in_memory() {
    let place = std::env::temp_dir().join(format!("horus-check-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&place);
    for log in parse(story::STORY, &[]) {
        let mut writer = Writer::create(&place, &log.proc).unwrap();
        let told = log.events.iter().filter(|event| !matches!(event, Event::Start { .. }));
        told.for_each(|event| writer.write(event).unwrap());
    }
    let verdict = horus::check::directory(&place, &Options::default()).unwrap();
    assert!(verdict.is_good(), "{verdict}");
    assert_eq!(verdict.found, judge(&parse(story::STORY, &[]), &Options::default()).found);

    // `horus check DIR | head` ends as quietly as `head` does, and its exit code is the verdict's.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_horus"));
    let check = check.arg("check").arg(&place).stdout(writer).stderr(std::process::Stdio::piped());
    let ended = check.output().unwrap();
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && complaint.is_empty(), "{:?}: {complaint}", ended.status);
}

#[test]
fn the_exit_code_tells_what_is_broken_from_what_cannot_be_read() {
    let place = std::env::temp_dir().join(format!("horus-check-code-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&place);
    let code = |place: &std::path::Path| {
        let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_horus"));
        check.arg("check").arg(place).output().unwrap().status.code()
    };
    assert_eq!(code(&place), Some(2), "there is no such directory");
    std::fs::create_dir_all(&place).unwrap();
    assert_eq!(code(&place), Some(1), "there is nothing to judge");
    std::fs::write(place.join("a#1.jsonl"), "{\"ev\":\"left\"}\n").unwrap();
    assert_eq!(code(&place), Some(2), "a line is no event");
}
