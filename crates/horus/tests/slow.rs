//! A process that does not receive: it is waited for in that group, and nowhere else, and memory
//! stays bounded; after a while it is taken out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use horus::{Config, CoreHeard, Error, Group, Horus, Order, SetId, Timing, Traits, Trouble};

/// Longer than anything here takes, so that a hang fails instead of hanging.
const LONG: Duration = Duration::from_secs(20);

/// More than the limit of what may lie at one handle, what is on its way, and what its kernel has
/// in hand; far less than what is sent.
const BOUND: u64 = 12 << 20;

const SENDS: usize = 3_000;
const BYTES: usize = 32 << 10;

fn state(test: &str) -> PathBuf {
    std::env::temp_dir().join(format!("horus-slow-{test}-{}", std::process::id()))
}

/// Two processes that have met; how long they are waited for.
fn two(test: &str, untaken: Option<Duration>) -> (Horus, Horus) {
    patient(test, Timing { untaken, ..Timing::LOCAL })
}

/// The same, of any patience.
fn patient(test: &str, timing: Timing) -> (Horus, Horus) {
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let open = |name: &str| {
        let state_dir = Some(state(test));
        let config = Config { state_dir, timing, chaos: true, ..Config::new(name, here) };
        Horus::embedded(config).expect("a free port")
    };
    let (a, b) = (open("a"), open("b"));
    for (from, to, name) in [(&a, &b, "b"), (&b, &a, "a")] {
        let at = to.address().expect("bound");
        from.meet(name, at).expect("a name");
    }
    (a, b)
}

/// A group of both, at each.
fn both(a: &Horus, b: &Horus) -> (Group, Group) {
    let other = a.member("b").wait_for(LONG).expect("in time").expect("met");
    let at_a = a.create(&[a.me(), other]).wait().expect("made");
    let at_b = b.invited().wait().expect("open");
    (at_a, at_b)
}

fn counter(horus: &Horus, name: &str) -> u64 {
    horus.counters().wait().expect("open")[name]
}

/// Until this counter is as it should be.
fn until(horus: &Horus, name: &str, right: impl Fn(u64) -> bool) {
    let start = Instant::now();
    while !right(counter(horus, name)) {
        assert!(start.elapsed() < LONG, "{name} is {}", counter(horus, name));
        horus.wait(std::future::pending::<()>(), Some(Duration::from_millis(5)));
    }
}

/// Takes what lies there: a sender's own copies hold up itself.
fn take_own(group: &Group) {
    while let Some(Ok(_)) = group.hear().wait_for(Duration::ZERO) {}
}

/// A group whose other member does not take what it is told, and how many sends went out before.
fn choked(a: &Horus, slow: &Group) -> usize {
    let mut sent = 0;
    while slow.try_send(Order::Fifo, body(sent)).is_ok() {
        sent += 1;
        take_own(slow);
        assert!(sent < SENDS, "it never has to wait");
    }
    until(a, "lwg.choked_elsewhere", |count| count == 1);
    sent
}

/// The number in each message.
fn body(number: usize) -> Vec<u8> {
    let mut body = vec![0; BYTES];
    body[..8].copy_from_slice(&(number as u64).to_le_bytes());
    body
}

#[test]
fn who_does_not_receive_is_waited_for_in_that_group_alone() {
    let (a, b) = two("waits", None);
    let (slow, untaken) = both(&a, &b);
    let (brisk, answering) = both(&a, &b);
    let sender = std::thread::spawn(move || {
        for number in 0..SENDS {
            slow.send(Order::Fifo, body(number)).expect("open");
            take_own(&slow);
        }
        slow
    });
    until(&a, "lwg.choked_elsewhere", |count| count == 1);
    // Its asks are kept apart from those of others.
    until(&a, "horus.asks_waiting", |count| count >= 1_024);
    for number in 0..100 {
        let question = brisk.ask(Order::Total, format!("{number}")).expect("open");
        answering.receive().wait_for(LONG).expect("in time").expect("in").reply("here");
        brisk.receive().wait_for(LONG).expect("in time").expect("in");
        let (from, _) =
            question.next_reply().wait_for(LONG).expect("in time").expect("in").expect("one");
        assert_eq!(from, b.me());
    }
    let lies = counter(&b, "horus.untaken_bytes");
    assert!((4 << 20..BOUND).contains(&lies), "{lies} bytes lie there");

    for number in 0..SENDS {
        let received = untaken.receive().wait_for(LONG).expect("in time").expect("in");
        assert_eq!(received.body()[..8], (number as u64).to_le_bytes());
    }
    let slow = sender.join().expect("sent all");
    until(&a, "lwg.choked_elsewhere", |count| count == 0);
    assert_eq!(counter(&b, "horus.untaken_bytes"), 0);
    assert!(slow.view().is_none_or(|view| view.members.len() == 2), "nobody was put out");
}

#[test]
fn who_receives_nothing_for_long_is_taken_out_and_told_why() {
    let (a, b) = two("untaken", Some(Duration::from_millis(300)));
    let (slow, untaken) = both(&a, &b);
    for number in 0..SENDS {
        slow.send(Order::Fifo, body(number)).expect("open");
        take_own(&slow);
    }
    let alone = |slow: &Group| slow.view().is_some_and(|view| view.members[..] == [a.me()]);
    while !alone(&slow) {
        slow.hear().wait_for(LONG).expect("in time").expect("in");
    }
    assert_eq!(counter(&a, "lwg.choked_elsewhere"), 0);
    let mut received = 0;
    let why = loop {
        match untaken.receive().wait_for(LONG).expect("in time") {
            Ok(_) => received += 1,
            Err(why) => break why,
        }
    };
    assert!(matches!(why, Error::Untaken), "{why}");
    assert!(why.to_string().contains("receive more often"), "{why}");
    assert!(received > 0 && received < SENDS, "{received} were told before");
    assert_eq!(counter(&b, "horus.untaken_bytes"), 0);
}

#[test]
fn what_would_have_to_wait_is_taken_back_and_told_to_nobody() {
    let (a, b) = two("tries", None);
    let (slow, untaken) = both(&a, &b);
    let not_sent = |tried: Result<_, Error>| matches!(tried, Err(Error::NotSent));
    let sent = choked(&a, &slow);
    let patience = Duration::from_millis(30);
    assert!(not_sent(slow.send_within(patience, Order::Fifo, body(SENDS))));
    assert_eq!(counter(&a, "horus.asks_waiting"), 0, "nothing waits that was taken back");
    let taker = std::thread::spawn(move || {
        for number in 0.. {
            let received = untaken.receive().wait_for(LONG).expect("in time").expect("in");
            let told = u64::from_le_bytes(received.body()[..8].try_into().expect("eight"));
            if told == u64::MAX {
                return number;
            }
            assert_eq!(told, number);
        }
        unreachable!("it ends with the last")
    });
    let mut last = body(0);
    last[..8].fill(0xff);
    slow.send_within(LONG, Order::Fifo, last).expect("room once it is taken");
    assert_eq!(taker.join().expect("all of them"), sent as u64);
}

#[test]
fn a_send_that_waits_can_be_taken_back_and_what_waits_behind_it_goes_out() {
    let (a, b) = two("back", None);
    let (slow, untaken) = both(&a, &b);
    let sent = choked(&a, &slow);
    let first = slow.send(Order::Fifo, body(SENDS)).expect("open");
    let question = slow.ask(Order::Total, "who?").expect("open");
    let one = slow.ask_to(&[b.me()], Order::Causal, "you?").expect("open");
    let last = slow.send(Order::Fifo, "last").expect("open");
    until(&a, "horus.asks_waiting", |count| count == 4);
    for back in [&first, &question, &one] {
        assert!(back.cancel().wait().expect("open"), "it waits");
        assert!(!back.cancel().wait().expect("open"), "it is back already");
        assert!(matches!(back.stable().wait_for(LONG), Some(Err(Error::NotSent))));
    }
    for asked in [&question, &one] {
        assert!(matches!(asked.next_reply().wait_for(LONG), Some(Err(Error::NotSent))));
    }
    drop(first);
    until(&a, "horus.asks_waiting", |count| count == 1);
    for number in 0..sent {
        let received = untaken.receive().wait_for(LONG).expect("in time").expect("in");
        assert_eq!(received.body()[..8], (number as u64).to_le_bytes());
    }
    let received = untaken.receive().wait_for(LONG).expect("in time").expect("in");
    assert_eq!(received.body(), "last");
    last.stable().wait_for(LONG).expect("in time").expect("both have it");
    assert!(!last.cancel().wait().expect("open"), "it went out");
    assert!(untaken.receive().wait_for(Duration::ZERO).is_none(), "nothing else was sent");
}

#[test]
fn a_send_through_a_member_that_hears_nothing_can_be_taken_back() {
    let (a, b) = patient("through", Timing { silence: LONG, ..Timing::LOCAL });
    let traits = Traits { open: true, ..Traits::PLAIN };
    let group = b.create_in(SetId::DEFAULT, &[b.me()], traits).wait().expect("made");
    let member = a.member("b").wait_for(LONG).expect("in time").expect("met");
    let to = muts::Address::Net(b.address().expect("bound"));
    let cut = Trouble { from: [to].into(), to: [to].into(), ..Trouble::default() };
    a.spoil(cut).wait().expect("allowed");
    let mut sent = Vec::new();
    while counter(&a, "horus.asks_waiting") == 0 {
        let number = sent.len();
        let send = a.send_through(member, group.id(), Order::Fifo, body(number));
        sent.push(send.expect("open"));
        assert!(number < SENDS, "it never has to wait");
    }
    let last = sent.pop().expect("one waits");
    assert!(last.cancel().wait().expect("open"), "it waits");
    assert!(matches!(last.next_reply().wait_for(LONG), Some(Err(Error::NotSent))));
    assert_eq!(counter(&a, "horus.asks_waiting"), 0);
    a.spoil(Trouble::default()).wait().expect("allowed");
    a.send_through(member, group.id(), Order::Fifo, "last").expect("open");
    for (number, sent) in sent.iter().enumerate() {
        let received = group.receive().wait_for(LONG).expect("in time").expect("in");
        assert_eq!(received.body()[..8], (number as u64).to_le_bytes());
        assert!(!sent.cancel().wait().expect("open"), "it went out");
    }
    let received = group.receive().wait_for(LONG).expect("in time").expect("in");
    assert_eq!(received.body(), "last");
}

#[test]
fn a_handle_that_is_dropped_holds_up_nobody() {
    let (a, b) = two("dropped", None);
    let (slow, untaken) = both(&a, &b);
    let sender = std::thread::spawn(move || {
        for number in 0..SENDS {
            slow.send(Order::Fifo, body(number)).expect("open");
            take_own(&slow);
        }
    });
    until(&a, "lwg.choked_elsewhere", |count| count == 1);
    drop(untaken);
    sender.join().expect("sent all");
    until(&a, "horus.asks_waiting", |count| count == 0);
    assert_eq!(counter(&a, "lwg.choked_elsewhere") + counter(&b, "horus.untaken_bytes"), 0);
}

#[test]
fn a_stream_of_events_that_nobody_reads_is_waited_for_too() {
    let (a, b) = two("events", None);
    let (slow, dropped) = both(&a, &b);
    drop(dropped);
    let events = b.events();
    // It is there once what is asked after it is answered.
    counter(&b, "horus.untaken_bytes");
    let sender = std::thread::spawn(move || {
        for number in 0..SENDS {
            slow.send(Order::Fifo, body(number)).expect("open");
            take_own(&slow);
        }
    });
    until(&a, "lwg.choked_elsewhere", |count| count == 1);
    let lies = counter(&b, "horus.untaken_bytes");
    assert!((4 << 20..BOUND).contains(&lies), "{lies} bytes lie there");
    let mut told = 0;
    while told < SENDS {
        let up = events.next().wait_for(LONG).expect("in time").expect("open");
        told += usize::from(matches!(up, lwg::Up::Message { .. }));
    }
    sender.join().expect("sent all");
    until(&a, "lwg.choked_elsewhere", |count| count == 0);
}

#[test]
fn a_core_group_of_ones_own_waits_for_who_does_not_hear_it() {
    let (a, b) = two("core", None);
    let other = a.member("b").wait_for(LONG).expect("in time").expect("met");
    let (slow, untaken) = (a.found("town", &[other]).expect("few"), b.join("town", Some(a.me())));
    let all = |heard: CoreHeard| matches!(heard, CoreHeard::View(view) if view.members.len() == 2);
    while !all(slow.hear().wait_for(LONG).expect("in time").expect("in")) {}
    let sender = std::thread::spawn(move || {
        for number in 0..SENDS {
            slow.cast(Order::Fifo, body(number)).expect("open");
            while let Some(Ok(_)) = slow.hear().wait_for(Duration::ZERO) {}
        }
        slow
    });
    until(&a, "vsync.choked_elsewhere", |count| count == 1);
    until(&a, "horus.asks_waiting", |count| count >= 1_024);
    let lies = counter(&b, "horus.untaken_bytes");
    assert!((4 << 20..BOUND).contains(&lies), "{lies} bytes lie there");
    let mut next = 0;
    while next < SENDS {
        let heard = untaken.hear().wait_for(LONG).expect("in time").expect("in");
        let CoreHeard::Message { body, .. } = heard else { continue };
        assert_eq!(body[..8], (next as u64).to_le_bytes());
        next += 1;
    }
    drop(sender.join().expect("sent all"));
    until(&a, "vsync.choked_elsewhere", |count| count == 0);
}

#[test]
fn who_never_receives_its_own_is_told_so_at_a_bound_and_goes_on_once_it_does() {
    let (a, b) = two("own", None);
    let (untaken, receiving) = both(&a, &b);
    let receiver = std::thread::spawn(move || {
        let told = || receiving.receive().wait_for(LONG).expect("in time").expect("in");
        std::iter::repeat_with(told).take_while(|told| told.body().len() == BYTES).count()
    });
    let mut sent = 0;
    let why = loop {
        match untaken.send(Order::Fifo, body(sent)) {
            Ok(last) if sent % 64 == 0 => {
                last.stable().wait_for(LONG).expect("in time").expect("in")
            }
            Ok(_) => {}
            Err(why) => break why,
        }
        sent += 1;
        assert!(sent < SENDS, "it keeps all that it ever sent");
    };
    assert!(matches!(why, Error::OwnUntaken), "{why}");
    assert!((60 << 20..72 << 20).contains(&(sent * BYTES)), "{sent} were sent");
    assert!(matches!(untaken.try_send(Order::Fifo, body(sent)), Err(Error::NotSent)));
    // Another thread takes them meanwhile.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..sent {
                untaken.receive().wait_for(LONG).expect("in time").expect("in");
            }
        });
        untaken.send_within(LONG, Order::Fifo, body(sent)).expect("room once it is taken");
    });
    untaken.send(Order::Fifo, "last").expect("open");
    assert_eq!(receiver.join().expect("all of them"), sent + 1);
    assert_eq!(counter(&b, "lwg.choked_elsewhere"), 0, "nobody waited for it");
}
