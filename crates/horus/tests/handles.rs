//! Handles that come and go: what is told to one is not lost by another, and no wait is for ever.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use horus::{
    Causality, Config, CoreGroup, CoreHeard, Error, Group, Heard, Horus, Order, Partition, Terms,
};

/// Longer than anything here takes, so that a hang fails instead of hanging.
const LONG: Duration = Duration::from_secs(20);

fn state(test: &str) -> PathBuf {
    std::env::temp_dir().join(format!("horus-handles-{test}-{}", std::process::id()))
}

fn config(test: &str, name: &str) -> Config {
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    Config { state_dir: Some(state(test)), ..Config::new(name, here) }
}

fn open(test: &str, name: &str) -> Horus {
    Horus::embedded(config(test, name)).expect("a free port")
}

/// Two processes that have met.
fn two(test: &str) -> (Horus, Horus) {
    both(open(test, "a"), open(test, "b"))
}

fn both(a: Horus, b: Horus) -> (Horus, Horus) {
    for (from, to, name) in [(&a, &b, "b"), (&b, &a, "a")] {
        from.meet(name, to.address().expect("bound")).expect("a name");
        from.member(name).wait_for(LONG).expect("in time").expect("met");
    }
    (a, b)
}

fn invited(horus: &Horus) -> Group {
    let Ok(group) = horus.invited().wait_for(LONG) else { panic!("not invited in time") };
    group.expect("open")
}

/// Until nothing of this group is told here any more.
fn until_out(group: &Group) {
    while group.hear().wait_for(LONG).expect("in time").is_ok() {}
}

#[test]
fn dropping_the_handle_of_a_membership_that_is_over_leaves_the_next_one_alone() {
    let (a, b) = two("again");
    let at_b = b.create(&[a.me(), b.me()]).wait().expect("made");
    let before = invited(&a);
    at_b.remove(&[a.me()]).wait().expect("removed");
    until_out(&before);
    at_b.add(&[a.me()]).wait().expect("added");
    let again = invited(&a);
    drop(before);
    let question = at_b.ask(Order::Total, "still there?").expect("open");
    again.receive().wait_for(LONG).expect("in time").expect("in").reply("yes");
    at_b.receive().wait_for(LONG).expect("in time").expect("in").reply("yes");
    assert_eq!(question.into_iter().count(), 2);
}

#[test]
fn who_made_a_group_for_others_and_let_it_go_is_offered_it_once_it_is_added() {
    let (a, b) = two("for-others");
    drop(a.create(&[b.me()]).wait().expect("made"));
    let at_b = invited(&b);
    at_b.add(&[a.me()]).wait().expect("added");
    assert_eq!(invited(&a).id(), at_b.id());
}

#[test]
fn who_made_a_group_for_others_multicasts_there_only_once_a_member_has_added_it() {
    let (a, b) = two("outside");
    let mine = a.create(&[b.me()]).wait().expect("made");
    let at_b = invited(&b);
    assert!(matches!(mine.add(&[a.me()]).wait(), Err(Error::NoGroup)), "it knows nothing of it");
    let (order, both) = (Order::Total, [a.me(), b.me()]);
    for refused in [
        mine.send(order, "lost?").err(),
        mine.ask(order, "lost?").err(),
        mine.send_to(&both, order, "lost?").err(),
        mine.ask_to(&both, order, "lost?").err(),
        mine.send_within(LONG, order, "lost?").err(),
        mine.try_send(order, "lost?").err(),
    ] {
        let why = refused.expect("it is not in");
        assert!(matches!(why, Error::Out) && why.to_string().contains("send_through"), "{why}");
    }
    at_b.add(&[a.me()]).wait().expect("added");
    let heard = mine.hear().wait_for(LONG).expect("in time").expect("in");
    assert!(matches!(&heard, Heard::View(view) if view.members.len() == 2), "{heard:?}");
    let sent = mine.send(order, "here").expect("in");
    let received = at_b.receive().wait_for(LONG).expect("in time").expect("in");
    assert_eq!(&received.body()[..], b"here", "nothing came before");
    sent.stable().wait_for(LONG).expect("in time").expect("stable");
}

#[test]
fn who_lets_go_of_a_group_before_it_is_made_declines_what_is_asked_there() {
    let (a, b) = two("let-go");
    drop(a.create(&[a.me(), b.me()]));
    let at_b = invited(&b);
    let question = at_b.ask_to(&[a.me()], Order::Total, "anybody?").expect("open");
    assert_eq!(question.next_reply().wait_for(LONG).expect("it ends").expect("in"), None);
    assert_eq!(&question.declined()[..], [a.me()]);
    assert!(a.invited().wait_for(Duration::ZERO).is_err(), "it made the group itself");
}

fn members(group: &CoreGroup) -> usize {
    loop {
        match group.hear().wait_for(LONG).expect("in time").expect("in") {
            CoreHeard::View(view) => return view.members.len(),
            _ => continue,
        }
    }
}

#[test]
fn the_newest_handle_of_a_word_is_told_all_and_the_one_before_that_it_is_over() {
    let a = open("word", "a");
    let before = a.found("town", &[]).expect("few");
    assert_eq!(members(&before), 1);
    let after = a.join("town", None);
    while before.hear().wait_for(LONG).expect("it ends").is_ok() {}
    assert_eq!(members(&after), 1, "it is told the present view");
    after.cast(Order::Fifo, "to all of one").expect("open");
    loop {
        match after.hear().wait_for(LONG).expect("in time").expect("in") {
            CoreHeard::Message { body, .. } => break assert_eq!(&body[..], b"to all of one"),
            _ => continue,
        }
    }
}

fn is_out(told: Option<Result<(), Error>>) -> bool {
    matches!(told.expect("in time"), Err(Error::Out))
}

#[test]
fn a_multicast_of_who_is_not_in_the_core_group_is_out_and_the_next_ones_are_not_mistaken_for_it() {
    let a = open("not-in", "a");
    let group = a.found("town", &[]).expect("few");
    members(&group);
    group.leave();
    while group.hear().wait_for(LONG).expect("in time").is_ok() {}
    let late = group.cast(Order::Fifo, "late").expect("open");
    assert!(is_out(late.sent().wait_for(LONG)) && is_out(late.stable().wait_for(LONG)));
    let again = a.found("town", &[]).expect("few");
    members(&again);
    for number in 0..3 {
        let posted = again.cast(Order::Fifo, format!("{number}")).expect("open");
        posted.sent().wait_for(LONG).expect("in time").expect("sent");
        posted.stable().wait_for(LONG).expect("in time").expect("stable");
    }
}

#[test]
fn a_gbcast_that_a_view_refuses_for_not_being_primary_is_not_sent_and_said_so() {
    let a = open("not-primary", "a");
    let others = ["b", "c"].map(node);
    let electorate: Vec<_> = [a.me().proc.node].into_iter().chain(others).collect();
    let partition = Partition::Primary { electorate, refuse: true };
    a.set_terms("town", Terms { partition, ..Terms::default() }).expect("short");
    let group = a.found("town", &[]).expect("few");
    assert_eq!(members(&group), 1);
    for order in [Order::Global, Order::Unordered, Order::Total] {
        let refused = group.cast(order, "refused").expect("open");
        for told in [refused.sent().wait_for(LONG), refused.stable().wait_for(LONG)] {
            assert!(matches!(told.expect("in time"), Err(Error::NotSent)));
        }
    }
}

/// How often a multicast waited for another core group, where each follows from one there.
fn waits_for_others(test: &str, causality: Causality) -> u64 {
    let open = |name| Horus::embedded(Config { causality, ..config(test, name) });
    let (a, b) = both(open("a").expect("a free port"), open("b").expect("a free port"));
    let groups = ["one", "two"].map(|word| a.found(word, &[b.me()]).expect("few"));
    while groups.iter().any(|group| members(group) < 2) {}
    let posted: Vec<_> = (0..20)
        .map(|number| groups[number % 2].cast(Order::Causal, "cause, then effect").expect("open"))
        .collect();
    for each in posted {
        each.stable().wait_for(LONG).expect("in time").expect("stable");
    }
    let Ok(counters) = a.counters().wait_for(LONG) else { panic!("not counted in time") };
    counters.expect("open")["vsync.held_across"]
}

#[test]
fn causal_order_reaches_from_one_core_group_to_another_if_it_is_asked_to() {
    assert_eq!(waits_for_others("causes-within", Causality::Group), 0);
    assert!(waits_for_others("causes-across", Causality::System) > 0);
}

fn node(name: &str) -> muts::NodeId {
    muts::NodeId::of_name(name)
}

#[test]
fn all_that_is_asked_or_waited_for_at_a_closed_tower_says_that_it_is_closed() {
    let a = open("closed", "a");
    let core = a.found("town", &[]).expect("few");
    members(&core);
    let group = a.create(&[a.me()]).wait().expect("made");
    let hosted = a.create(&[a.me()]).wait().expect("made").directory();
    let question = group.ask(Order::Total, "who?").expect("open");
    let posted = core.cast(Order::Total, "there?").expect("open");
    let is_closed = |what: &str, error: Option<Error>| {
        assert!(matches!(error, Some(Error::Closed)), "{what}: {error:?}");
    };
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| a.member("b").wait_for(LONG).map(Result::err));
        // It waits by then, or is told at once.
        assert!(a.member("b").wait_for(Duration::from_millis(5)).is_none());
        a.close();
        is_closed("member", waits.join().expect("it ends").expect("in time"));
    });
    assert_eq!(a.ended().as_deref(), Some("it was closed"));
    is_closed("member again", a.member("b").wait_for(LONG).expect("in time").err());
    let last = |hear: Box<dyn FnMut() -> Option<Error> + '_>| {
        std::iter::repeat_with(hear).find_map(|error| error)
    };
    let hear = || group.hear().wait_for(LONG).expect("in time").err();
    is_closed("hear", last(Box::new(hear)));
    is_closed("receive", group.receive().wait_for(LONG).expect("in time").err());
    is_closed("core", last(Box::new(|| core.hear().wait_for(LONG).expect("in time").err())));
    is_closed("tool", last(Box::new(|| hosted.hear().wait_for(LONG).expect("in time").err())));
    is_closed("reply", question.next_reply().wait_for(LONG).expect("in time").err());
    is_closed("posted", posted.stable().wait_for(LONG).expect("in time").err());
    is_closed("send", group.send(Order::Total, "late").err());
    is_closed("send_within", group.send_within(LONG, Order::Total, "late").err());
    is_closed("cast", core.cast(Order::Total, "late").err());
    is_closed("try_cast", core.try_cast(Order::Total, "late").err());
    is_closed("tell", group.tell(a.me(), "late").err());
    is_closed("create", a.create(&[a.me()]).wait().err());
    let Ok(invited) = a.invited().wait_for(LONG) else { panic!("it can come no more") };
    is_closed("invited", invited.err());
}

#[test]
fn an_incarnation_that_is_asked_for_by_name_is_waited_for_until_it_was_met() {
    let (a, b) = two("incarnation");
    assert!(a.member("zz#7").wait_for(Duration::ZERO).is_none(), "nobody has met it");
    let later = format!("b#{}", b.me().proc.incarnation + 1);
    assert!(a.member(&later).wait_for(Duration::ZERO).is_none(), "only the one before was met");
    for met in [b.me().proc.incarnation, b.me().proc.incarnation - 1] {
        let found = a.member(&format!("b#{met}")).wait_for(LONG).expect("in time").expect("met");
        assert_eq!(found.proc.incarnation, met);
    }
    let stranger = a.book().find("zz#7").expect("a name").expect("given");
    let Err(Error::Missing(who)) = a.create(&[a.me(), stranger]).wait() else {
        panic!("made without it");
    };
    assert_eq!(who, ["zz#7"], "as it was asked for");
}
