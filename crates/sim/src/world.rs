//! World: many processes, one clock, one queue of what happens next, one seed.

mod refusing;
mod turn;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use bytes::Bytes;
use muts::{Duration, Instant, Layer, ProcId};

use crate::choice::Choice;
use crate::host::{Host, Running};
use crate::network::{Network, Weather};
use crate::script::{App, Birth, Phase, Roster};
use crate::spelling::Spelling;
use crate::trace::{Digest, Trace};
use refusing::Refusals;

/// Makes the tower and the application of a process that starts.
pub type Factory<T, A> = Box<dyn FnMut(Birth) -> (T, A)>;

/// Processes on pretended hosts under a pretended network and clock.
///
/// The clock jumps from event to event; events at one moment come in the order they were made in.
/// Nothing is taken from outside: the same seed and the same calls give the same run.
pub struct World<T: Layer, A: App<Down = T::Down, Up = T::Up>> {
    now: Instant,
    number: u64,
    queue: BinaryHeap<Reverse<Event>>,
    hosts: Vec<Host<T, A>>,
    roster: Roster,
    spelling: Spelling,
    factory: Factory<T, A>,
    choice: Choice,
    refusals: Refusals,
    phase: Phase,
    component: Vec<usize>,
    trace: Trace,
    digest: Digest,
    counts: BTreeMap<&'static str, u64>,
    complaints: Vec<String>,
    /// The network; cuts and weather may be changed at any time.
    pub network: Network,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    at: Instant,
    number: u64,
    what: What,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Arrive { from: usize, to: usize, bytes: Bytes },
    Wake { host: usize, incarnation: u64 },
    Resume { host: usize, incarnation: u64 },
}

impl<T: Layer, A: App<Down = T::Down, Up = T::Up>> World<T, A> {
    /// A world of this many hosts, none of them started.
    pub fn new(hosts: usize, seed: u64, trace: Trace, factory: Factory<T, A>) -> Self {
        let mut choice = Choice::from_seed(seed);
        let network = Network::new(hosts, Weather::FAIR, choice.fork());
        Self {
            now: Instant::ZERO,
            number: 0,
            queue: BinaryHeap::new(),
            hosts: (0..hosts).map(|_| Host::default()).collect(),
            spelling: Spelling::new(Roster::new(hosts)),
            roster: Roster::new(hosts),
            factory,
            choice,
            refusals: Refusals::default(),
            phase: Phase::Storm,
            component: Vec::new(),
            trace,
            digest: Digest::default(),
            counts: BTreeMap::new(),
            complaints: Vec::new(),
            network,
        }
    }

    /// Pretended time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// How many hosts there are.
    #[must_use]
    pub const fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Who they are.
    #[must_use]
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Whether a process runs on this host, paused or not.
    #[must_use]
    pub fn is_up(&self, host: usize) -> bool {
        self.hosts[host].running.is_some()
    }

    /// Whether its process is stopped.
    #[must_use]
    pub fn is_paused(&self, host: usize) -> bool {
        self.hosts[host].paused_until.is_some()
    }

    /// Whether a process runs on this host that its application can spare.
    #[must_use]
    pub fn may_die(&self, host: usize) -> bool {
        self.app(host).is_some_and(App::may_die)
    }

    /// The process that runs on this host, or ran there last.
    #[must_use]
    pub fn process(&self, host: usize) -> ProcId {
        ProcId { node: self.roster.node(host), incarnation: self.hosts[host].incarnation }
    }

    /// The tower on this host, if a process runs there.
    #[must_use]
    pub fn tower(&self, host: usize) -> Option<&T> {
        self.hosts[host].running.as_ref().map(|running| &running.tower)
    }

    /// The application on this host, if a process runs there.
    #[must_use]
    pub fn app(&self, host: usize) -> Option<&A> {
        self.hosts[host].running.as_ref().map(|running| &running.app)
    }

    /// Has the application on this host do something, and lets it have its effect. Nothing
    /// happens where no process runs.
    pub fn act(&mut self, host: usize, what: impl FnOnce(&mut A)) {
        if let Some(running) = &mut self.hosts[host].running {
            what(&mut running.app);
            self.settle(host);
        }
    }

    /// Everything that the applications of the run wrote down, the dead ones first.
    pub fn into_apps(self) -> Vec<A> {
        let mut apps = Vec::new();
        for host in self.hosts {
            apps.extend(host.past);
            apps.extend(host.running.map(|running| running.app));
        }
        apps
    }

    /// Datagrams that this host's processes have sent.
    #[must_use]
    pub fn datagrams(&self, host: usize) -> u64 {
        self.hosts[host].datagrams
    }

    /// A hash over all that has happened: equal for equal runs.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest.value()
    }

    /// What was counted: faults by kind, events.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Adds to a count.
    pub fn count(&mut self, kind: &'static str, by: u64) {
        *self.counts.entry(kind).or_default() += by;
    }

    /// What the world itself found wrong: towers that spin or never stop talking.
    #[must_use]
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Writes a fault to the trace, the digest and the counts.
    pub fn note(&mut self, kind: &'static str, what: std::fmt::Arguments) {
        self.count(kind, 1);
        self.digest.add(self.now.as_nanos());
        self.digest.add_bytes(kind.as_bytes());
        self.trace.line(self.now, "-", "world", kind, what);
    }

    /// Starts a process on a host that has none, with a higher incarnation than ever there.
    pub fn start(&mut self, host: usize) {
        assert!(!self.is_up(host), "p{host} runs already");
        self.hosts[host].incarnation += 1;
        let me = self.process(host);
        let name = self.roster.name(me);
        self.note("start", format_args!("{name}"));
        let birth = Birth {
            host,
            me,
            name,
            roster: self.roster.clone(),
            spelling: self.spelling.clone(),
            seed: self.choice.below(u64::MAX),
            choice: self.choice.fork(),
            now: self.now,
        };
        let (tower, app) = (self.factory)(birth);
        let place = &mut self.hosts[host];
        place.running = Some(Running { tower, app });
        place.paused_until = None;
        place.inbox.clear();
        place.wake_at = None;
        place.doom = None;
        place.is_dark = false;
        place.phase_told = self.phase;
        self.wake(host);
    }

    /// Kills a process between two turns: what it had not sent by now it never sends.
    pub fn crash(&mut self, host: usize) {
        let name = self.roster.name(self.process(host));
        let place = &mut self.hosts[host];
        let Some(mut running) = place.running.take() else { return };
        running.app.crashed(self.now);
        place.past.push(running.app);
        place.paused_until = None;
        place.inbox.clear();
        self.draw_dark(host);
        self.note("crash", format_args!("{name}"));
    }

    /// Kills a process once it has sent this many datagrams more: in the middle of a turn.
    pub fn doom(&mut self, host: usize, datagrams: u64) {
        let place = &mut self.hosts[host];
        if place.running.is_some() {
            place.doom = Some(place.datagrams + datagrams);
        }
    }

    /// Takes a doom back that has not come yet.
    pub fn spare(&mut self, host: usize) {
        self.hosts[host].doom = None;
    }

    /// Stops a process for a while: datagrams queue as far as a socket keeps them, timers are late.
    pub fn pause(&mut self, host: usize, length: Duration) {
        let place = &mut self.hosts[host];
        if place.running.is_none() || place.paused_until.is_some() {
            return;
        }
        let until = self.now + length;
        place.paused_until = Some(until);
        let incarnation = place.incarnation;
        self.push(until, What::Resume { host, incarnation });
        self.note("pause", format_args!("p{host} for {length:?}"));
    }

    /// Lets a stopped process go on.
    pub fn resume(&mut self, host: usize) {
        let place = &mut self.hosts[host];
        if place.paused_until.take().is_none() {
            return;
        }
        let waiting: Vec<_> = place.inbox.drain(..).collect();
        self.note("resume", format_args!("p{host}"));
        if self.hosts[host].phase_told < self.phase {
            self.tell_phase(host);
        }
        // A real driver may see its timers or its sockets first.
        if self.choice.chance(500_000) {
            self.wake(host);
        }
        for (from, bytes) in waiting {
            self.receive(from, host, bytes);
        }
        self.wake(host);
    }

    /// Tells the applications on these hosts what the world is at now; stopped ones hear it when
    /// they go on.
    pub fn enter(&mut self, phase: Phase, hosts: &[usize]) {
        self.phase = phase;
        self.component = hosts.to_vec();
        self.note("phase", format_args!("{phase:?} {hosts:?}"));
        for &host in hosts {
            if self.is_up(host) && !self.is_paused(host) {
                self.tell_phase(host);
                self.wake(host);
            }
        }
    }

    fn tell_phase(&mut self, host: usize) {
        if !self.component.contains(&host) {
            return;
        }
        let (now, phase) = (self.now, self.phase);
        let with: Vec<_> =
            self.component.iter().map(|host| self.roster.name(self.process(*host))).collect();
        let place = &mut self.hosts[host];
        place.phase_told = phase;
        if let Some(running) = &mut place.running {
            running.app.phase(now, phase, &with);
        }
    }

    /// Lets happen what happens until then.
    pub fn run_until(&mut self, then: Instant) {
        while let Some(Reverse(event)) = self.queue.peek() {
            if event.at > then {
                break;
            }
            let Reverse(event) = self.queue.pop().expect("just peeked");
            self.now = event.at;
            self.happen(event);
        }
        self.now = then;
    }

    /// Lets this much time pass.
    pub fn run_for(&mut self, length: Duration) {
        self.run_until(self.now + length);
    }

    /// Lets time pass until something holds, at most this much; tells whether it came to hold.
    pub fn run_until_so(&mut self, most: Duration, mut so: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now + most;
        loop {
            if so(self) {
                return true;
            }
            match self.queue.peek() {
                Some(Reverse(event)) if event.at <= end => {
                    let at = event.at;
                    self.run_until(at);
                }
                _ => break,
            }
        }
        self.now = end;
        so(self)
    }

    fn push(&mut self, at: Instant, what: What) {
        self.number += 1;
        self.queue.push(Reverse(Event { at, number: self.number, what }));
    }

    fn happen(&mut self, event: Event) {
        match event.what {
            What::Arrive { from, to, bytes } => self.arrive(from, to, bytes),
            What::Wake { host, incarnation } => {
                let place = &mut self.hosts[host];
                let meant = place.wake_at == Some(event.at) && place.incarnation == incarnation;
                if meant {
                    place.wake_at = None;
                    if place.running.is_some() && place.paused_until.is_none() {
                        self.guard_spinning(host);
                        self.wake(host);
                    }
                }
            }
            What::Resume { host, incarnation } => {
                let place = &self.hosts[host];
                if place.incarnation == incarnation && place.paused_until == Some(event.at) {
                    self.resume(host);
                }
            }
        }
    }

    fn arrive(&mut self, from: usize, to: usize, bytes: Bytes) {
        let place = &mut self.hosts[to];
        if place.running.is_none() {
            return;
        }
        if place.paused_until.is_some() {
            place.keep(from, bytes);
        } else {
            self.receive(from, to, bytes);
        }
    }

    fn complain(&mut self, what: String) {
        self.trace.line(self.now, "-", "world", "complaint", format_args!("{what}"));
        if self.complaints.len() < 16 {
            let at = self.now.as_nanos() / 1_000_000;
            self.complaints.push(format!("{what} (at {at} ms)"));
        }
    }
}
