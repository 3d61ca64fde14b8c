//! Core groups of the application's own: who asks to come in is answered, what would have to wait
//! is not sent, and the sides of one that was cut apart tell each other what they have come to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use horus::{
    Admission, Config, CoreGroup, CoreHeard, Denial, Endpoint, Error, Horus, Order, Terms, Trouble,
};

/// Longer than anything here takes, so that a hang fails instead of hanging.
const LONG: Duration = Duration::from_secs(20);

fn state(test: &str) -> PathBuf {
    std::env::temp_dir().join(format!("horus-core-groups-{test}-{}", std::process::id()))
}

/// Two processes that have met and can be cut apart; who founds or lets in says that its user is
/// asked, and shows its name.
fn two(test: &str) -> [Horus; 2] {
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let all = ["a", "b"].map(|name| {
        let state_dir = Some(state(test));
        let config = Config { state_dir, chaos: true, ..Config::new(name, here) };
        let horus = Horus::embedded(config).expect("a free port");
        let ticket = format!("it is {name}").into_bytes();
        let admission = Admission::Asked;
        horus.set_terms("town", Terms { admission, ticket, ..Terms::default() }).expect("short");
        horus
    });
    for (one, other, name) in [(0, 1, "b"), (1, 0, "a")] {
        all[one].meet(name, all[other].address().expect("bound")).expect("a name");
        all[one].member(name).wait_for(LONG).expect("in time").expect("met");
    }
    all
}

/// The next thing told, but for this: who was cut off is told so once it hears the others again.
fn hear(group: &CoreGroup) -> CoreHeard {
    loop {
        match group.hear().wait_for(LONG).expect("in time").expect("in") {
            CoreHeard::Fault(vsync::Fault::Excluded { .. }) => {}
            heard => return heard,
        }
    }
}

/// Until a view of these; it is the next thing told.
fn view(group: &CoreGroup, members: &[Endpoint]) {
    match hear(group) {
        CoreHeard::View(view) => assert_eq!(view.members, members),
        other => panic!("no view: {other:?}"),
    }
}

/// The next thing told is that this one asks, and what it shows.
fn asks(group: &CoreGroup, asker: Endpoint, shows: &str) {
    match hear(group) {
        CoreHeard::Asks { who, ticket } => {
            assert_eq!((who, &ticket[..]), (asker, shows.as_bytes()));
        }
        other => panic!("nobody asks: {other:?}"),
    }
}

/// The next thing told is this multicast.
fn message(group: &CoreGroup, sender: Endpoint, says: &str) {
    match hear(group) {
        CoreHeard::Message { from, body, .. } => {
            assert_eq!((from, &body[..]), (sender, says.as_bytes()));
        }
        other => panic!("not `{says}`: {other:?}"),
    }
}

/// Both founded and came, and heard the view of both.
fn together([a, b]: &[Horus; 2]) -> [CoreGroup; 2] {
    let at_a = a.found("town", &[]).expect("few");
    view(&at_a, &[a.me()]);
    let at_b = b.join("town", Some(a.me()));
    asks(&at_a, b.me(), "it is b");
    at_a.answer(b.me(), None);
    let both = [a.me(), b.me()];
    for group in [&at_a, &at_b] {
        view(group, &both);
    }
    [at_a, at_b]
}

#[test]
fn who_is_refused_hears_the_reason_and_may_ask_again() {
    let [a, b] = two("refused");
    let at_a = a.found("town", &[]).expect("few");
    view(&at_a, &[a.me()]);
    for reason in [7, u16::MAX] {
        let at_b = b.join("town", Some(a.me()));
        asks(&at_a, b.me(), "it is b");
        at_a.answer(b.me(), Some(reason));
        let why = at_b.hear().wait_for(LONG).expect("in time").expect_err("not let in");
        assert!(matches!(why, Error::Denied(Denial::Refused(told)) if told == reason), "{why}");
        assert!(why.to_string().contains(&format!("its reason {reason}")), "{why}");
        assert!(matches!(at_b.hear().wait_for(LONG), Some(Err(Error::Out))), "said once");
    }
    let at_b = b.join("town", Some(a.me()));
    asks(&at_a, b.me(), "it is b");
    at_a.answer(b.me(), None);
    for group in [&at_a, &at_b] {
        view(group, &[a.me(), b.me()]);
    }
}

#[test]
fn what_cannot_go_out_at_once_is_not_sent_by_who_will_not_wait() {
    let [a, b] = two("tries");
    let at_a = a.found("town", &[]).expect("few");
    view(&at_a, &[a.me()]);
    let at_b = b.join("town", Some(a.me()));
    asks(&at_a, b.me(), "it is b");
    // It is not in yet, and what it casts would wait for that.
    assert!(matches!(at_b.try_cast(Order::Total, "too early"), Err(Error::NotSent)));
    let waits = at_b.cast(Order::Total, "early").expect("open");
    assert!(matches!(waits.sent_within(Duration::from_millis(20)), Err(Error::NotSent)));
    at_a.answer(b.me(), None);
    for group in [&at_a, &at_b] {
        view(group, &[a.me(), b.me()]);
    }
    let posted = at_b.try_cast(Order::Total, "now").expect("nothing is in its way");
    posted.stable().wait_for(LONG).expect("in time").expect("both have it");
    for group in [&at_a, &at_b] {
        message(group, b.me(), "now");
    }
}

#[test]
fn sides_that_become_one_are_told_with_what_each_has_come_to() {
    let all = two("merged");
    let groups = together(&all);
    let addresses = [0, 1].map(|at| muts::Address::Net(all[at].address().expect("bound")));
    let cut = |others: [Option<muts::Address>; 2]| {
        for (horus, other) in all.iter().zip(others) {
            let other = || other.into_iter().collect();
            let trouble = Trouble { from: other(), to: other(), ..Trouble::default() };
            horus.spoil(trouble).wait().expect("allowed");
        }
    };
    let digests = [u64::MAX, 2];
    cut([Some(addresses[1]), Some(addresses[0])]);
    for ((horus, group), digest) in all.iter().zip(&groups).zip(digests) {
        view(group, &[horus.me()]);
        // The newest counts.
        group.set_digest(0);
        group.set_digest(digest);
        group.cast(Order::Total, "alone").expect("open");
        message(group, horus.me(), "alone");
    }
    cut([None, None]);
    for group in &groups {
        let sides = match hear(group) {
            CoreHeard::Merged(sides) => sides,
            other => panic!("no sides: {other:?}"),
        };
        assert_eq!(sides.len(), 2, "{sides:?}");
        for (horus, digest) in all.iter().zip(digests) {
            let side = sides.iter().find(|side| side.members == [horus.me()]);
            assert_eq!(side.and_then(|side| side.digest), Some(digest), "{sides:?}");
        }
        match hear(group) {
            CoreHeard::View(view) => assert_eq!(view.members.len(), 2),
            other => panic!("no view of both: {other:?}"),
        }
    }
    groups[1].try_cast(Order::Total, "one again").expect("nothing is in its way");
    for group in &groups {
        message(group, all[1].me(), "one again");
    }
}

#[test]
fn who_joins_a_group_that_nobody_answers_for_is_told_that_nobody_does() {
    let [a, _b] = two("nobody");
    let nowhere = a.join("nothere", None);
    let told = nowhere.hear().wait_for(LONG).expect("in time");
    assert!(matches!(told, Err(Error::Nobody)), "{told:?}");
    assert!(matches!(nowhere.hear().wait_for(LONG), Some(Err(Error::Out))), "said once");
}

#[test]
fn terms_that_are_too_long_are_refused_and_the_ones_before_hold() {
    let [a, b] = two("terms");
    let at_a = a.found("town", &[]).expect("few");
    view(&at_a, &[a.me()]);
    let key = |bytes| Terms { admission: Admission::Key(vec![0; bytes]), ..Terms::default() };
    let shows = |bytes| Terms { ticket: vec![0; bytes], ..Terms::default() };
    let nodes = vec![muts::NodeId(1); vsync::limits::LISTED_MAX + 1];
    let listed = Terms { admission: Admission::Listed(nodes), ..Terms::default() };
    let over = vsync::limits::TICKET_BYTES_MAX + 1;
    for terms in [key(over), shows(over), listed] {
        for refused in [at_a.set_terms(terms.clone()), a.set_terms("town", terms.clone())] {
            let why = refused.expect_err("too long").to_string();
            assert!(why.contains("256 bytes") && why.contains("4096 nodes"), "{why}");
        }
    }
    b.set_terms("fair", key(over - 1)).expect("just short enough");
    b.set_terms("fair", shows(over - 1)).expect("just short enough");
    let _at_b = b.join("town", Some(a.me()));
    asks(&at_a, b.me(), "it is b");
}

#[test]
fn a_group_of_nobody_or_of_more_than_can_be_is_refused_before_anything_is_asked() {
    let [a, _b] = two("members");
    let others: Vec<Endpoint> = (0..horus::MEMBERS_MAX)
        .map(|at| a.book().find(&format!("n{at}#1")).expect("a name").expect("given"))
        .collect();
    let all = [&[a.me()], &others[..]].concat();
    let group = a.create(&[a.me(), a.me()]).wait().expect("one, named twice");
    for (refused, count) in [
        (a.create(&[]).wait().err(), 0),
        (a.create(&all).wait().err(), 257),
        (group.add(&all).wait().err(), 257),
        (a.found("town", &others).err(), 257),
        (a.found_core(horus::SetId::DEFAULT, &others).err(), 257),
    ] {
        let why = refused.expect("refused");
        assert!(matches!(why, Error::Members(told) if told == count), "{why}");
        assert!(why.to_string().contains("1 to 256 members"), "{why}");
    }
}
