//! The world itself, tried with a toy floor: a counter told to everybody until everybody has it.

use std::cell::RefCell;
use std::rc::Rc;

use muts::{Address, Duration, Full, Instant, Layer, Packet, Transmit};
use sim::{App, Birth, Choice, Phase, Storm, Trace, Weather, World};

const AGAIN: Duration = Duration::from_millis(20);

/// Tells all hosts its number every 20 ms, and what numbers it hears.
struct Toy {
    me: u64,
    hosts: u32,
    said: u64,
    heard: Vec<(u32, u64)>,
    out: Vec<Transmit>,
    next: Instant,
}

impl Layer for Toy {
    type Down = u64;
    type Up = (u32, u64);

    fn down(&mut self, _now: Instant, ask: u64) -> Result<(), Full<u64>> {
        if ask == 13 {
            return Err(Full(ask));
        }
        self.said = ask;
        Ok(())
    }

    fn up(&mut self) -> Option<(u32, u64)> {
        self.heard.pop()
    }

    fn receive(&mut self, _now: Instant, packet: Packet) {
        let Address::Pipe(from) = packet.from else { return };
        if let Ok(bytes) = packet.bytes[..].try_into() {
            self.heard.push((from, u64::from_le_bytes(bytes)));
        }
    }

    fn transmit(&mut self, _now: Instant) -> Option<Transmit> {
        self.out.pop()
    }

    fn wake(&mut self, now: Instant) {
        if now < self.next {
            return;
        }
        self.next = now + AGAIN;
        let bytes = (self.me * 1_000 + self.said).to_le_bytes().to_vec();
        for to in 0..self.hosts {
            self.out.push(Transmit::whole(Address::Pipe(to), bytes.clone().into()));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.next)
    }
}

/// Writes down what it hears, and says each second one more.
struct Listener {
    name: String,
    book: Rc<RefCell<Vec<String>>>,
    say: Option<u64>,
    said: u64,
    refused: u64,
    next: Instant,
}

impl App for Listener {
    type Down = u64;
    type Up = (u32, u64);

    fn told(&mut self, now: Instant, (from, number): (u32, u64)) {
        let line = format!("{} {} {from} {number}", now.as_nanos(), self.name);
        self.book.borrow_mut().push(line);
    }
    fn ask(&mut self, _now: Instant) -> Option<u64> {
        self.say.take()
    }
    fn asked(&mut self, _now: Instant, refused: Option<u64>) {
        self.refused += refused.map_or(0, |_| 1);
    }
    fn wake(&mut self, now: Instant) {
        if now >= self.next {
            self.next = now + Duration::from_secs(1);
            self.said += 1;
            self.say = Some(self.said);
        }
    }
    fn deadline(&self) -> Option<Instant> {
        Some(self.next)
    }
    fn phase(&mut self, _now: Instant, phase: Phase, with: &[String]) {
        self.book.borrow_mut().push(format!("{} {phase:?} {with:?}", self.name));
    }
    fn crashed(&mut self, _now: Instant) {
        self.book.borrow_mut().push(format!("{} crashed", self.name));
    }
}

type Book = Rc<RefCell<Vec<String>>>;

fn toys(hosts: usize, seed: u64, trace: Trace) -> (World<Toy, Listener>, Book) {
    let book = Book::default();
    let kept = book.clone();
    let mut world = World::new(
        hosts,
        seed,
        trace,
        Box::new(move |birth: Birth| {
            let toy = Toy {
                me: birth.me.incarnation,
                hosts: birth.roster.hosts() as u32,
                said: 0,
                heard: vec![],
                out: vec![],
                next: birth.now,
            };
            let listener = Listener {
                name: birth.name,
                book: kept.clone(),
                say: None,
                said: 0,
                refused: 0,
                next: birth.now,
            };
            (toy, listener)
        }),
    );
    for host in 0..hosts {
        world.start(host);
    }
    (world, book)
}

fn heard(book: &Book, what: &str) -> usize {
    book.borrow().iter().filter(|line| line.ends_with(what)).count()
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let run = |seed| {
        let (mut world, book) = toys(4, seed, Trace::off());
        Storm::drawn(Choice::from_seed(seed), 200).rage(&mut world, Duration::from_secs(20));
        let up = world.now();
        assert!(world.complaints().is_empty());
        (world.digest(), up, book.take())
    };
    assert!(run(7) == run(7));
    assert_ne!(run(7).0, run(8).0);
}

#[test]
fn a_stopped_process_hears_later_what_its_socket_kept() {
    let (mut world, book) = toys(2, 1, Trace::off());
    world.run_for(Duration::from_millis(100));
    book.take();
    world.pause(1, Duration::from_millis(500));
    world.run_for(Duration::from_millis(490));
    assert_eq!(book.borrow().iter().filter(|line| line.contains("p1#1")).count(), 0);
    world.run_for(Duration::from_millis(20));
    let at_once = book.borrow().iter().filter(|line| line.contains("p1#1 0 ")).count();
    assert!(at_once >= 24, "{at_once} of 25 waited in the socket");
}

#[test]
fn a_doomed_process_dies_in_the_middle_of_its_fan_out() {
    let (mut world, book) = toys(3, 1, Trace::off());
    world.run_for(Duration::from_millis(5));
    let before = world.datagrams(0);
    world.doom(0, 2);
    world.run_for(Duration::from_millis(100));
    assert!(!world.is_up(0));
    assert_eq!(world.datagrams(0) - before, 2);
    assert_eq!(heard(&book, "p0#1 crashed"), 1);
}

#[test]
fn a_restarted_process_is_another_one_at_the_same_address() {
    let (mut world, book) = toys(2, 1, Trace::off());
    world.run_for(Duration::from_millis(25));
    world.crash(0);
    world.start(0);
    world.run_for(Duration::from_millis(50));
    assert_eq!(world.process(0).incarnation, 2);
    assert!(heard(&book, "p1#1 0 2001") > 0);
}

#[test]
fn a_full_floor_hands_the_ask_back_to_the_application() {
    let (mut world, _) = toys(1, 1, Trace::off());
    world.run_for(Duration::from_millis(12_500));
    assert_eq!(world.app(0).map(|app| (app.said, app.refused)), Some((13, 1)));
}

#[test]
fn a_cut_link_carries_nothing_until_it_is_healed() {
    let (mut world, book) = toys(2, 1, Trace::off());
    world.run_for(Duration::from_millis(10));
    world.network.cut(0, 1, true);
    book.take();
    world.run_for(Duration::from_millis(100));
    assert!(!book.borrow().iter().any(|line| line.contains("p1#1 0 ")));
    assert!(book.borrow().iter().any(|line| line.contains("p0#1 1 ")));
    world.network.heal();
    world.run_for(Duration::from_millis(100));
    assert!(book.borrow().iter().any(|line| line.contains("p1#1 0 ")));
}

#[test]
fn datagrams_overtake_each_other_in_rough_weather() {
    let (mut world, book) = toys(2, 3, Trace::off());
    let rough = Weather { delay_max_ns: 2_500_000_000, ..Weather::FAIR };
    world.network.set_weather_everywhere(rough);
    world.run_for(Duration::from_secs(10));
    let numbers: Vec<u64> = book
        .borrow()
        .iter()
        .filter(|line| line.contains("p1#1 0 "))
        .map(|line| line.rsplit(' ').next().expect("a number").parse().expect("a number"))
        .collect();
    assert!(numbers.windows(2).any(|pair| pair[0] > pair[1]));
}

#[test]
fn a_phase_is_told_to_those_it_is_about_and_to_stopped_ones_when_they_go_on() {
    let (mut world, book) = toys(3, 1, Trace::off());
    world.pause(1, Duration::from_secs(1));
    world.enter(Phase::Quiet, &[0, 1]);
    assert_eq!(heard(&book, r#"Quiet ["p0#1", "p1#1"]"#), 1);
    world.run_for(Duration::from_secs(2));
    assert_eq!(heard(&book, r#"Quiet ["p0#1", "p1#1"]"#), 2);
}

#[test]
fn a_trace_has_a_line_for_each_fault() {
    let trace = Trace::kept();
    let (mut world, _) = toys(2, 1, trace.clone());
    world.crash(1);
    let lines = trace.take();
    assert_eq!(lines.last().map(String::as_str), Some("0.000000 - world crash p1#1"));
}

/// Six at once and one a second, of a process that is over; nothing where the host went with it.
#[test]
fn most_hosts_say_that_their_process_is_over() {
    let refusals = |seed| {
        let (mut world, _) = toys(2, seed, Trace::off());
        let count = |world: &World<Toy, Listener>| *world.counts().get("refusals").unwrap_or(&0);
        world.refuse_for_the_dead();
        world.run_for(Duration::from_secs(5));
        assert_eq!(count(&world), 0, "all live");
        world.crash(1);
        world.run_for(Duration::from_millis(4_500));
        count(&world)
    };
    let told: Vec<u64> = (1..=30).map(refusals).collect();
    assert!(told.iter().all(|told| [0, 10].contains(told)), "{told:?}");
    assert!((1..15).contains(&told.iter().filter(|told| **told == 0).count()), "{told:?}");
}
