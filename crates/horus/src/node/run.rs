//! Run: the one loop of a node. It waits for events, lines and the time, and turns the tower.

use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use horus::history::Event;
use horus::{Events, Horus};
use serde_json::json;
use tools::Tool as _;

use super::alarms::Alarms;
use super::command::Command;
use super::flood::Flood;
use super::groups::Groups;
use super::ids::{Ids, Newest};
use super::input::{Input, Inputs};
use super::introductions::Introductions;
use super::leaving::Leaving;
use super::limits::{CASTS_KEPT_MAX, MEETING_PATIENCE, PARKED_MAX};
use super::options::Options;
use super::outlet::Outlet;
use super::parked::Parked;
use super::record::Record;
use super::replies::{Awaited, Owed};
use super::settled::{Look, Settling};

/// A bad option, as other tools answer it; what fails outside is a plain failure.
pub(crate) const BAD_OPTIONS: u8 = 2;

/// All that a node is.
pub(crate) struct Node {
    pub(crate) horus: Horus,
    pub(crate) record: Record,
    pub(crate) me: String,
    pub(crate) groups: Groups,
    pub(crate) owed: Owed,
    /// Multicasts of core groups heard last.
    pub(crate) casts: Newest,
    pub(crate) awaited: Awaited,
    pub(crate) flood: Option<Flood>,
    pub(crate) settling: Option<Settling>,
    /// What goes down after this step, in order.
    pub(crate) asks: Vec<lwg::Down>,
    pub(crate) tool_asks: tools::Asks,
    /// When replicas want to be woken.
    pub(crate) alarms: Alarms,
    /// Its kernel, with peers and links, is in a daemon.
    pub(crate) is_housed: bool,
    /// Where everybody listens, for chaos.
    pub(crate) addresses: std::collections::BTreeMap<String, std::net::SocketAddr>,
    /// Lines that wait for somebody to be met, or for a group to be made.
    pub(crate) parked: Parked,
    introductions: Introductions,
    json: bool,
    /// Where its keys lie.
    pub(crate) key_file: Option<PathBuf>,
    /// How often quiet links are heard.
    pub(crate) beat: Duration,
    start: Instant,
    /// What its messages and its replies are called.
    pub(crate) ids: Ids,
    pub(crate) reply_ids: Ids,
    /// Set once it is to end.
    pub(crate) leaving: Option<Leaving>,
}

/// One thing that happened.
enum Happened {
    Up(Box<lwg::Up>),
    Input(Input, Instant),
    Closed,
}

/// Runs a node to its end.
pub(crate) fn run(options: &Options) -> ExitCode {
    let config = match options.config() {
        Ok(config) => config,
        Err(why) => {
            eprintln!("horus node: {why}");
            return ExitCode::from(BAD_OPTIONS);
        }
    };
    match Node::open(options, config) {
        Ok((mut node, events, inputs)) => {
            let code = node.live(&events, &inputs);
            if node.record.finish() { code } else { ExitCode::FAILURE }
        }
        Err(why) => {
            eprintln!("horus node: {why}");
            ExitCode::FAILURE
        }
    }
}

fn failed(why: impl ToString) -> String {
    why.to_string()
}

impl Node {
    fn open(
        options: &Options,
        config: horus::Config,
    ) -> Result<(Self, Events, Arc<Inputs>), String> {
        let outlet = Outlet::open(std::io::stdout()).map_err(failed)?;
        // Before all that takes time, so that no signal finds nobody to take it.
        let inputs = Inputs::open(&outlet).map_err(failed)?;
        let beat = config.timing.beat;
        let addresses = config.peers.iter().cloned().collect();
        let opened = Horus::embedded_with_events(config);
        let (horus, events) = opened.map_err(failed)?;
        let me = horus.show(horus.me());
        let record = Record::open(options.history.as_deref(), &me, options.json, outlet)
            .map_err(|why| format!("{why}; name a directory that can be written"))?;
        let ids = Ids::new("msg", format!("{me}:"));
        let reply_ids = Ids::new("reply", format!("{me}:r"));
        let node = Self {
            horus,
            record,
            me,
            ids,
            reply_ids,
            groups: Groups::default(),
            owed: Owed::default(),
            casts: Newest::new(CASTS_KEPT_MAX),
            awaited: Awaited::default(),
            flood: None,
            settling: None,
            asks: Vec::new(),
            tool_asks: tools::Asks::new(),
            alarms: Alarms::default(),
            is_housed: options.daemon.is_some(),
            addresses,
            parked: Parked::default(),
            introductions: Introductions::default(),
            json: options.json,
            key_file: options.key_file.clone(),
            beat,
            start: Instant::now(),
            leaving: None,
        };
        Ok((node, events, inputs))
    }

    fn live(&mut self, events: &Events, inputs: &Inputs) -> ExitCode {
        let mut lines_first = false;
        loop {
            let patience = self.next_time().map(|at| at.saturating_duration_since(Instant::now()));
            let horus = self.horus.clone();
            let takes_lines = self.parked.len() < PARKED_MAX && self.leaving.is_none();
            // Neither a flood of events nor a long script may starve the other.
            lines_first = !lines_first;
            let introductions = &mut self.introductions;
            let happened = horus.wait(
                poll_fn(|context| match lines_first {
                    true => poll_input(inputs, takes_lines, context)
                        .map_or_pending(|| poll_named(introductions, &horus, events, context)),
                    false => poll_named(introductions, &horus, events, context)
                        .map_or_pending(|| poll_input(inputs, takes_lines, context)),
                }),
                patience,
            );
            match happened {
                Some(Happened::Up(up)) => {
                    if changes(&up) {
                        self.parked.stir();
                    }
                    self.hear(*up);
                }
                Some(Happened::Input(input, came)) => self.take(input, came),
                Some(Happened::Closed) => return self.over(),
                None => {}
            }
            self.tick(Instant::now());
            let ends = self.has_left(Instant::now());
            if ends {
                self.end_memberships();
                self.record.event(&Event::End, []);
            }
            // Before anything is asked: what is not written down must not go out.
            if let Some(why) = self.record.broken() {
                eprintln!("horus node: {why}; make room, and start it again");
                return ExitCode::FAILURE;
            }
            if ends {
                return ExitCode::SUCCESS;
            }
            self.ask_all();
        }
    }

    /// The tower is over: whoever was told to leave has done so, anything else is wrong. It had no
    /// time to leave its groups one by one: to others and to the judges it stopped.
    fn over(&mut self) -> ExitCode {
        let why = self.horus.ended().unwrap_or_else(|| "of a bug".into());
        if self.horus.was_told_to_leave() {
            self.record.tell("over", json!({ "what": why }));
            return ExitCode::SUCCESS;
        }
        self.record.error(format!("the tower is over: {why}"));
        ExitCode::FAILURE
    }

    fn take(&mut self, input: Input, came: Instant) {
        match input {
            Input::Line(line) => match super::command::parse(&line, self.json) {
                // A line that waited behind another has had a part of its patience.
                Ok(command) => self.carry_out(command, came + MEETING_PATIENCE),
                Err(why) => self.record.tell("error", json!({ "what": why, "line": line })),
            },
            Input::Bad(why) => self.record.error(why),
            Input::End => self.carry_out(Command::Quit {}, came + MEETING_PATIENCE),
            Input::Stop => self.leave_all(),
        }
    }

    /// The moment as replicas see it.
    pub(crate) fn now(&self) -> muts::Instant {
        let nanos = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        muts::Instant::from_nanos(nanos)
    }

    /// Puts what replicas ask for in its place among the asks.
    pub(crate) fn take_tool_asks(&mut self) {
        while let Some(ask) = self.tool_asks.take() {
            self.asks.push(ask);
        }
    }

    /// Asks all that came up in this step, in order, with one nudge.
    fn ask_all(&mut self) {
        self.take_tool_asks();
        if !self.asks.is_empty() {
            self.horus.ask_all(self.asks.drain(..));
        }
    }

    /// What is due by now.
    fn tick(&mut self, now: Instant) {
        self.wake_replicas();
        self.send_flood(now);
        self.look_settled(now);
        // Last: quitting waits for what may just have ended.
        for (command, until) in self.parked.take_due(now) {
            self.carry_out(command, until);
        }
    }

    fn wake_replicas(&mut self) {
        let now = self.now();
        for lwg in self.alarms.take_due(now) {
            if let Some(light) = self.groups.lights.get_mut(&lwg) {
                light.replica.wake(now, &mut self.tool_asks);
                self.hear_replica(lwg);
            }
        }
    }

    fn look_settled(&mut self, now: Instant) {
        let Some(settling) = &mut self.settling else { return };
        if settling.next() > now {
            return;
        }
        let Ok(counters) = self.horus.counters().wait() else { return };
        match settling.look(now, &counters, self.groups.changing() + self.parked.open()) {
            Look::Unsure => return,
            Look::Settled => self.record.tell("settled", json!({})),
            Look::Late(why) => self.not_settled(&why),
        }
        self.settling = None;
        self.parked.stir();
    }

    pub(crate) fn not_settled(&mut self, why: &str) {
        let what = format!("not settled: {why}");
        self.record.tell("error", json!({ "do": "settled", "what": what }));
    }

    /// When something is due although nothing happens.
    fn next_time(&self) -> Option<Instant> {
        let flood = self.flood.as_ref().filter(|_| !self.flood_waits()).and_then(Flood::next);
        let settling = self.settling.as_ref().map(Settling::next);
        let replicas = self.alarms.next();
        let replicas = replicas.map(|at| self.start + Duration::from_nanos(at.as_nanos()));
        let leaving = self.leaving.as_ref().map(Leaving::until);
        let named = self.introductions.next();
        [self.parked.next(), flood, settling, replicas, leaving, named].into_iter().flatten().min()
    }
}

/// Whether somebody was met, or a group has changed: commands may have waited for it.
const fn changes(up: &lwg::Up) -> bool {
    use vsync::Up::{Cast, Room, Send, Stable};
    !matches!(
        up,
        lwg::Up::Message { .. }
            | lwg::Up::Reply { .. }
            | lwg::Up::Stable { .. }
            | lwg::Up::Unstable { .. }
            | lwg::Up::Core(Cast { .. } | Room { .. } | Send { .. } | Stable { .. })
    )
}

fn poll_event(events: &Events, context: &mut Context<'_>) -> Poll<Happened> {
    Pin::new(&mut events.next())
        .poll(context)
        .map(|up| up.map_or(Happened::Closed, |up| Happened::Up(Box::new(up))))
}

/// The next that is told, once all are known by name.
fn poll_named(
    introductions: &mut Introductions,
    horus: &Horus,
    events: &Events,
    context: &mut Context<'_>,
) -> Poll<Happened> {
    let now = Instant::now();
    loop {
        if let Poll::Ready(up) = introductions.poll(now, horus.book(), context) {
            return Poll::Ready(Happened::Up(up));
        }
        match poll_event(events, context) {
            Poll::Ready(Happened::Up(up)) => introductions.hear(now, up),
            other => return other,
        }
    }
}

fn poll_input(inputs: &Inputs, takes: bool, context: &mut Context<'_>) -> Poll<Happened> {
    inputs.poll(takes, context).map(|(input, came)| Happened::Input(input, came))
}

/// The first that is ready.
trait OrElse {
    fn map_or_pending(self, other: impl FnOnce() -> Self) -> Self;
}

impl<T> OrElse for Poll<T> {
    fn map_or_pending(self, other: impl FnOnce() -> Self) -> Self {
        if self.is_ready() { self } else { other() }
    }
}
