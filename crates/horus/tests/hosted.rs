//! Tools in groups by handles: nobody follows events, and nothing is fed by hand.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use horus::names::{Command, Contact, Name, Outcome, Resolved};
use horus::tools::{Answer, Asks, Corrupt, Frozen, Replica, State, Tool};
use horus::{Config, Error, Horus, Hosted, Wire as _};
use lwg::Up;

/// Longer than anything here takes, so that a hang fails instead of hanging.
const LONG: Duration = Duration::from_secs(20);

fn state(test: &str) -> PathBuf {
    std::env::temp_dir().join(format!("horus-hosted-{test}-{}", std::process::id()))
}

/// Processes that have met.
fn town<const N: usize>(test: &str, names: [&str; N]) -> [Horus; N] {
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let all = names.map(|name| {
        let config = Config { state_dir: Some(state(test)), ..Config::new(name, here) };
        Horus::embedded(config).expect("a free port")
    });
    for from in &all {
        for (to, name) in all.iter().zip(names).filter(|(to, _)| to.me() != from.me()) {
            from.meet(name, to.address().expect("bound")).expect("a name");
        }
    }
    all
}

/// What is still to be written of a log as it was: one entry in each turn.
struct OneByOne(VecDeque<u64>);

impl Frozen for OneByOne {
    fn write(&mut self, into: &mut Vec<u8>, _: usize) -> bool {
        self.0.pop_front().into_iter().for_each(|said| said.write(into));
        !self.0.is_empty()
    }
}

/// What was said, in order.
#[derive(Debug, Default, Clone, PartialEq)]
struct Log(Vec<u64>);

impl State for Log {
    type Command = u64;
    type Answer = usize;

    fn apply(&mut self, said: u64) -> usize {
        self.0.push(said);
        self.0.len()
    }
    fn save(&self, into: &mut Vec<u8>) {
        self.0.iter().for_each(|said| said.write(into));
    }
    fn freeze(&self) -> Option<Box<dyn Frozen>> {
        Some(Box::new(OneByOne(self.0.clone().into())))
    }
    fn load(mut from: &[u8]) -> Result<Self, Corrupt> {
        let mut said = Vec::new();
        while !from.is_empty() {
            said.push(u64::read(&mut from)?);
        }
        Ok(Self(said))
    }
}

/// Hears until so much was said; whether the state came from another member meanwhile.
fn until(log: &Hosted<Replica<Log>>, length: usize) -> bool {
    let mut came = false;
    while log.state(|log| log.0.len()) != Some(length) {
        let heard = log.hear().wait_for(LONG).expect("in time").expect("in");
        came |= matches!(heard, Answer::Ready { .. });
    }
    came
}

#[test]
fn what_anybody_proposes_is_in_the_state_of_all_and_who_comes_later_receives_it() {
    let [a, b] = town("replica", ["a", "b"]);
    let at_a = a.create(&[a.me()]).wait().expect("made").replica(Log::default());
    for said in 0..100 {
        at_a.propose(&said).expect("open");
    }
    assert!(!until(&at_a, 100), "nobody else had it");
    let other = a.member("b").wait_for(LONG).expect("in time").expect("met");
    at_a.add(&[other]).wait().expect("added");
    let at_b = b.invited().wait().expect("open").replica(Log::default());
    std::thread::scope(|scope| {
        let heard = scope.spawn(|| until(&at_a, 300));
        assert!(until(&at_b, 100), "it received the state");
        let mine = at_b.propose(&100).expect("open");
        let answer = loop {
            match at_b.hear().wait_for(LONG).expect("in time").expect("in") {
                Answer::Applied { from, send, answer, .. } if send == mine && from == b.me() => {
                    break answer;
                }
                _ => {}
            }
        };
        assert_eq!(answer, 101);
        for said in 101..200 {
            at_a.propose(&said).expect("open");
            at_b.propose(&said).expect("open");
        }
        at_a.propose(&200).expect("open");
        assert!(!until(&at_b, 300) && !heard.join().expect("it ends"));
    });
    let all = |log: &Hosted<Replica<Log>>| log.state(Log::clone).expect("here");
    assert_eq!(all(&at_a), all(&at_b));
    assert_eq!(at_a.view().expect("one").members.len(), 2);

    at_a.remove(&[other]).wait().expect("removed");
    let last = loop {
        match at_b.hear().wait_for(LONG).expect("in time") {
            Ok(heard) => assert!(matches!(heard, Answer::Out { .. }), "{heard:?}"),
            Err(last) => break last,
        }
    };
    assert!(matches!(last, Error::Out));
    assert_eq!(all(&at_b), all(&at_a), "it stays as it was");
}

#[test]
fn a_name_that_was_bound_at_a_member_is_found_by_who_is_in_no_group() {
    let [a, b] = town("names", ["a", "b"]);
    let keeper = b.member("a").wait_for(LONG).expect("in time").expect("met");
    let directory = a.create(&[a.me()]).wait().expect("made").directory();
    let [name, other]: [Name; 2] = ["plant/one", "plant/two"].map(|it| it.parse().expect("one"));
    let contact = Contact { lwg: directory.id(), members: vec![keeper] };
    let bind = |name: &Name, owner| {
        let (name, contact) = (name.clone(), contact.clone());
        Command::Bind { name, contact, owner, expected: None }
    };
    let mine = directory.change(&bind(&name, a.me())).expect("open");
    loop {
        match directory.hear().wait_for(LONG).expect("in time").expect("in") {
            Answer::Applied { send, answer, .. } if send == mine => {
                break assert_eq!(answer, Outcome::Bound { version: 1 });
            }
            _ => {}
        }
    }
    let resolvers = [(); 2].map(|()| b.resolver(directory.id(), &[keeper]));
    let [resolver, second] = resolvers;
    std::thread::scope(|scope| {
        scope.spawn(|| while directory.hear().wait_for(LONG).is_some_and(|it| it.is_ok()) {});
        let heard = || resolver.hear().wait_for(LONG).expect("in time").expect("open");
        let asked = resolver.ask(|tool, now, asks| tool.resolve(now, name.clone(), asks));
        let found = heard();
        let Resolved::Found { question, binding } = found else { panic!("{found:?}") };
        assert_eq!((question, binding.owner), (asked.expect("room"), a.me()));
        let change = bind(&other, b.me());
        resolver.ask(|tool, now, asks| tool.change(now, change, asks)).expect("room");
        let told = heard();
        let right = matches!(told, Resolved::Changed { outcome: Outcome::Bound { .. }, .. });
        assert!(right, "{told:?}");
        assert_eq!(directory.get(&other).expect("bound").owner, b.me());
        directory.remove(&[a.me()]).wait().expect("left");
    });
    // One listens for a group, be it inside or outside.
    assert!(matches!(second.hear().wait_for(LONG), Some(Err(Error::Out))));
}

/// Tells how late it was woken, once.
#[derive(Default)]
struct Egg {
    due: Option<muts::Instant>,
    told: VecDeque<Duration>,
}

impl Tool for Egg {
    type Answer = Duration;

    fn hear(&mut self, now: muts::Instant, heard: &Up, _: &mut Asks) {
        if let Up::View(_) = heard {
            self.due = Some(now + Duration::from_millis(50));
        }
    }
    fn answer(&mut self) -> Option<Duration> {
        self.told.pop_front()
    }
    fn wake(&mut self, now: muts::Instant, _: &mut Asks) {
        self.told.extend(self.due.take_if(|due| *due <= now).map(|due| now.since(due)));
    }
    fn deadline(&self) -> Option<muts::Instant> {
        self.due
    }
}

/// Says so when it is woken.
struct Woken(mpsc::Sender<()>);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        // Nobody may wait any more.
        let _ = self.0.send(());
    }
}

#[test]
fn a_tool_that_wants_to_be_woken_is_where_nothing_else_happens() {
    let [a] = town("timer", ["a"]);
    let egg = a.create(&[a.me()]).wait().expect("made").host(|_, _| Egg::default());
    // Looked at only when something has happened, as by whoever has an executor.
    let (sender, woken) = mpsc::channel();
    let waker = Waker::from(Arc::new(Woken(sender)));
    let mut context = Context::from_waker(&waker);
    let late = loop {
        match Pin::new(&mut egg.hear()).poll(&mut context) {
            Poll::Ready(late) => break late.expect("in"),
            Poll::Pending => woken.recv_timeout(LONG).expect("it is woken"),
        }
    };
    assert!(late < LONG, "{late:?}");
    assert!(egg.hear().wait_for(Duration::ZERO).is_none(), "it is told once");
}

/// A place at a tool, looked at only when it is woken, as by whoever has an executor.
struct Looker {
    waker: Waker,
    woken: mpsc::Receiver<()>,
}

impl Looker {
    fn new() -> Self {
        let (sender, woken) = mpsc::channel();
        Self { waker: Waker::from(Arc::new(Woken(sender))), woken }
    }

    fn look<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&self.waker))
    }

    /// What comes of it, each look but the first because it was woken.
    fn wait<F: Future + Unpin>(&self, future: &mut F) -> F::Output {
        loop {
            self.woken.recv_timeout(LONG).expect("it is woken");
            if let Poll::Ready(done) = self.look(future) {
                break done;
            }
        }
    }
}

/// An egg that nothing is heard of: it is due when somebody says so.
fn cold_egg(horus: &Horus) -> Hosted<Egg> {
    let egg = horus.create(&[horus.me()]).wait().expect("made").host(|_, _| Egg::default());
    let first = egg.hear().wait_for(LONG).expect("in time");
    assert!(first.is_ok(), "of its first view");
    egg
}

fn heat(egg: &Hosted<Egg>, within: Duration) {
    egg.ask(|egg, now, _| egg.due = Some(now + within));
}

#[test]
fn who_waits_for_a_tool_is_woken_for_what_another_thread_asks_of_it() {
    let [a] = town("asked", ["a"]);
    let egg = cold_egg(&a);
    let (looker, mut hears) = (Looker::new(), egg.hear());
    assert!(looker.look(&mut hears).is_pending());
    heat(&egg, Duration::from_millis(5));
    assert!(looker.wait(&mut hears).is_ok());
    drop(hears);
    let mut hears = egg.hear();
    assert!(looker.look(&mut hears).is_pending());
    egg.ask(|egg, _, _| egg.told.push_back(Duration::ZERO));
    assert_eq!(looker.wait(&mut hears).expect("in"), Duration::ZERO);
}

#[test]
fn of_several_who_wait_for_a_tool_the_last_is_woken_when_it_is_due_though_the_others_gave_up() {
    let [a] = town("alternate", ["a"]);
    let egg = cold_egg(&a);
    let (stays, mut hears) = (Looker::new(), egg.hear());
    heat(&egg, LONG * 100);
    assert!(stays.look(&mut hears).is_pending());
    let (goes, mut others) = (Looker::new(), egg.hear());
    for _ in 0..3 {
        assert!(goes.look(&mut others).is_pending() && stays.look(&mut hears).is_pending());
    }
    heat(&egg, Duration::from_millis(20));
    assert!(goes.look(&mut others).is_pending());
    drop(others);
    assert!(stays.wait(&mut hears).expect("in") < LONG);
}

#[test]
#[should_panic(expected = "before anything is heard")]
fn a_tool_is_not_given_a_group_of_which_it_would_lack_what_was_heard() {
    let [a] = town("heard", ["a"]);
    let group = a.create(&[a.me()]).wait().expect("made");
    group.hear().wait_for(LONG).expect("in time").expect("in");
    let _lacks = group.replica(Log::default());
}
