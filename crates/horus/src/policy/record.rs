//! Record: a trace of what happened, from the histories of those to whom it happened.
//!
//! *Takes* the histories of all processes, each in its own order. *Promises* a trace in one order
//! that agrees with each of them wherever they agree with each other: a message is sent before it
//! is delivered, a group's views grow, and who has died says nothing afterwards. *Keeps* of each
//! light-weight group its members as they were told last. Histories tell neither when something
//! happened nor how long a message was: that is said by whoever asks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use horus::history::{Event, Log, View};

/// What histories do not tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guess {
    /// Bytes of each message.
    pub(super) bytes: u64,
    /// Lines of the trace that happen in a second.
    pub(super) a_second: u64,
}

/// The trace; empty if no history tells of a light-weight group.
pub(super) fn trace(logs: &[Log], guess: Guess) -> String {
    let mut recorder = Recorder::new(logs, guess);
    while recorder.take_ready() || recorder.take_any() {}
    recorder.trace.end()
}

/// A group as it was told last.
struct Group<'a> {
    number: u64,
    members: BTreeSet<&'a str>,
}

/// All histories, and how far each has been read.
struct Recorder<'a> {
    logs: &'a [Log],
    read: Vec<usize>,
    /// Those that stop without an end, by process, and where they stand.
    died: BTreeMap<&'a str, usize>,
    /// Groups that are light-weight ones.
    light: BTreeSet<&'a str>,
    /// Messages whose sending was not refused and is still to be read.
    unsent: BTreeSet<&'a str>,
    /// How many of those each group has.
    unsent_in: BTreeMap<&'a str, usize>,
    /// Numbers of views that are still to be read, and how often they come.
    views: BTreeMap<&'a str, BTreeMap<u64, usize>>,
    groups: BTreeMap<&'a str, Group<'a>>,
    /// Groups that were destroyed.
    over: BTreeSet<&'a str>,
    trace: Lines<'a>,
}

/// A number as a view's id begins with it.
fn number(view: &View) -> u64 {
    let digits = view.view.split(|c: char| !c.is_ascii_digit()).next();
    view.number.or_else(|| digits?.parse().ok()).unwrap_or(0)
}

impl<'a> Recorder<'a> {
    fn new(logs: &'a [Log], guess: Guess) -> Self {
        let events = || logs.iter().flat_map(|log| &log.events);
        let mut recorder = Self {
            logs,
            read: vec![0; logs.len()],
            died: BTreeMap::new(),
            light: BTreeSet::new(),
            unsent: BTreeSet::new(),
            unsent_in: BTreeMap::new(),
            views: BTreeMap::new(),
            groups: BTreeMap::new(),
            over: BTreeSet::new(),
            trace: Lines::new(guess),
        };
        for (at, log) in logs.iter().enumerate() {
            if log.events.last() != Some(&Event::End) {
                recorder.died.insert(log.proc.as_str(), at);
            }
        }
        let mut refused = BTreeSet::new();
        for event in events() {
            match event {
                Event::View(view) if view.core.is_some() => {
                    recorder.light.insert(view.group.as_str());
                    let views = recorder.views.entry(view.group.as_str()).or_default();
                    *views.entry(number(view)).or_default() += 1;
                }
                Event::SendFail { msg } => drop(refused.insert(msg.as_str())),
                _ => {}
            }
        }
        for event in events() {
            if let Event::Send(send) = event
                && recorder.light.contains(send.group.as_str())
                && !refused.contains(send.msg.as_str())
                && recorder.unsent.insert(send.msg.as_str())
            {
                *recorder.unsent_in.entry(send.group.as_str()).or_default() += 1;
            }
        }
        recorder
    }

    /// Reads on in each history as far as the others allow; answers whether anything was read.
    fn take_ready(&mut self) -> bool {
        let before: usize = self.read.iter().sum();
        let logs = self.logs;
        for (at, log) in logs.iter().enumerate() {
            while let Some(event) = log.events.get(self.read[at])
                && self.is_ready(event)
            {
                self.take(at, event);
            }
        }
        self.read.iter().sum::<usize>() > before
    }

    /// Where histories wait for each other in a circle, as where a group was parted, the one that
    /// was read least goes on; answers whether there is one.
    fn take_any(&mut self) -> bool {
        let logs = self.logs;
        let left = |at: &usize| self.read[*at] < logs[*at].events.len();
        let Some(at) = (0..logs.len()).filter(left).min_by_key(|at| self.read[*at]) else {
            return false;
        };
        self.take(at, &logs[at].events[self.read[at]]);
        true
    }

    fn is_ready(&self, event: &Event) -> bool {
        match event {
            Event::Deliver(deliver) => !self.unsent.contains(deliver.msg.as_str()),
            Event::View(view) if view.core.is_some() => {
                let views = self.views.get(view.group.as_str());
                let first = views.and_then(|views| views.first_key_value());
                first.is_none_or(|(first, _)| *first >= number(view))
                    && self.lost(view).all(|at| self.is_read(at))
            }
            Event::Left { group, .. } if is_destroyed(event) => {
                !self.unsent_in.contains_key(group.as_str())
            }
            _ => true,
        }
    }

    /// The histories of those that this view is the first without, and that have died.
    fn lost(&self, view: &View) -> impl Iterator<Item = usize> {
        let group = self.groups.get(view.group.as_str());
        let group = group.filter(|group| group.number < number(view));
        let members = group.into_iter().flat_map(|group| &group.members);
        let gone =
            members.filter(|who| !view.members.iter().any(|member| member.as_str() == **who));
        gone.filter_map(|who| self.died.get(who).copied())
    }

    fn is_read(&self, at: usize) -> bool {
        self.read[at] == self.logs[at].events.len()
    }

    fn take(&mut self, at: usize, event: &'a Event) {
        self.read[at] += 1;
        match event {
            Event::View(view) if view.core.is_some() => self.take_view(view),
            Event::Send(send) if self.unsent.remove(send.msg.as_str()) => {
                let group = send.group.as_str();
                if let Some(unsent) = self.unsent_in.get_mut(group) {
                    *unsent -= 1;
                    if *unsent == 0 {
                        self.unsent_in.remove(group);
                    }
                }
                if self.groups.contains_key(group) {
                    self.trace.send(group);
                }
            }
            Event::Left { group, .. } if is_destroyed(event) => {
                if self.groups.remove(group.as_str()).is_some() {
                    self.trace.line("destroy", &[group]);
                }
                self.over.insert(group);
            }
            _ => {}
        }
    }

    fn take_view(&mut self, view: &'a View) {
        let (name, number) = (view.group.as_str(), number(view));
        if let Some(views) = self.views.get_mut(name)
            && let Some(count) = views.get_mut(&number)
        {
            *count -= 1;
            if *count == 0 {
                views.remove(&number);
            }
        }
        if self.over.contains(name) {
            return;
        }
        let members: BTreeSet<&str> = view.members.iter().map(|member| member.as_str()).collect();
        let Some(group) = self.groups.get_mut(name) else {
            self.trace.group("create", name, &mut members.iter().copied());
            self.groups.insert(name, Group { number, members });
            return;
        };
        // Another member has told of it, or another side of the group.
        if group.number >= number {
            return;
        }
        group.number = number;
        let before = std::mem::replace(&mut group.members, members.clone());
        self.trace.group("add", name, &mut members.difference(&before).copied());
        let gone: Vec<&str> = before.difference(&members).copied().collect();
        let (died, left): (Vec<&str>, Vec<&str>) =
            gone.into_iter().partition(|who| self.died.contains_key(who));
        died.into_iter().for_each(|who| self.trace.fail(who));
        self.trace.group("remove", name, &mut left.into_iter());
    }
}

fn is_destroyed(event: &Event) -> bool {
    matches!(event, Event::Left { reason: Some(reason), .. } if reason.as_str() == "destroyed")
}

/// The trace as it is written.
struct Lines<'a> {
    guess: Guess,
    text: String,
    count: u64,
    failed: BTreeSet<&'a str>,
    /// Sends to one group in a row.
    row: Option<(&'a str, u64)>,
}

impl<'a> Lines<'a> {
    const fn new(guess: Guess) -> Self {
        Self { guess, text: String::new(), count: 0, failed: BTreeSet::new(), row: None }
    }

    /// One more thing happens.
    fn tick(&mut self) {
        if self.count > 0 && self.count.is_multiple_of(self.guess.a_second) {
            self.end_row();
            let _ = writeln!(self.text, "at {}", self.count / self.guess.a_second);
        }
        self.count += 1;
    }

    fn line(&mut self, verb: &str, words: &[&str]) {
        self.tick();
        self.end_row();
        self.text.push_str(verb);
        for word in words {
            // What could be taken for two words is one.
            let _ = write!(self.text, " {}", word.replace(char::is_whitespace, "_"));
        }
        self.text.push('\n');
    }

    /// Nothing if there are no members.
    fn group(&mut self, verb: &str, group: &'a str, members: &mut dyn Iterator<Item = &'a str>) {
        let words: Vec<&str> = std::iter::once(group).chain(members).collect();
        if words.len() > 1 {
            self.line(verb, &words);
        }
    }

    fn fail(&mut self, who: &'a str) {
        if self.failed.insert(who) {
            self.line("fail", &[who]);
        }
    }

    fn send(&mut self, group: &'a str) {
        self.tick();
        match &mut self.row {
            Some((same, count)) if *same == group => *count += 1,
            _ => {
                self.end_row();
                self.row = Some((group, 1));
            }
        }
    }

    fn end_row(&mut self) {
        if let Some((group, count)) = self.row.take() {
            let group = group.replace(char::is_whitespace, "_");
            let _ = writeln!(self.text, "send {group} {count} {}", self.guess.bytes);
        }
    }

    fn end(mut self) -> String {
        self.end_row();
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::trace::read;
    use horus::history::{Deliver, Order, Send};

    fn view(group: &str, number: u64, members: &[&str]) -> Event {
        Event::View(Box::new(View {
            group: group.into(),
            view: format!("{number}:x").as_str().into(),
            members: members.iter().map(|&member| member.into()).collect(),
            core: Some("core".into()),
            ..View::default()
        }))
    }

    fn send(group: &str, msg: &str) -> Event {
        Event::Send(Send::new(group, msg, Order::Abcast))
    }

    fn log(proc: &str, events: Vec<Event>) -> Log {
        Log { events, ..Log::new(proc) }
    }

    fn recorded(logs: &[Log], a_second: u64) -> Vec<String> {
        let text = trace(logs, Guess { bytes: 7, a_second });
        read(&text).expect("a trace");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_each_saw_is_told_once_and_in_an_order_that_agrees_with_all() {
        let left = |reason: &str| Event::Left { group: "g".into(), reason: Some(reason.into()) };
        let heard = |msg: &str, from: &str| Event::Deliver(Deliver::new("g", msg, from));
        let a = log(
            "a#1",
            vec![
                view("g", 1, &["a#1", "b#1"]),
                heard("m1", "b#1"),
                heard("m2", "b#1"),
                view("g", 2, &["a#1", "b#1", "c#1"]),
                send("g", "refused"),
                Event::SendFail { msg: "refused".into() },
                view("g", 3, &["a#1", "c#1"]),
                heard("m3", "c#1"),
                send("g", "m4"),
                view("g", 4, &["a#1"]),
                left("destroyed"),
                Event::End,
            ],
        );
        // It is killed after it has sent what nobody hears.
        let b = log(
            "b#1",
            vec![
                view("g", 1, &["a#1", "b#1"]),
                send("g", "m1"),
                send("g", "m2"),
                view("g", 2, &["a#1", "b#1", "c#1"]),
                heard("m0", "c#1"),
                send("g", "unheard"),
            ],
        );
        let c = log(
            "c#1",
            vec![
                view("g", 2, &["a#1", "b#1", "c#1"]),
                send("g", "m0"),
                view("g", 3, &["a#1", "c#1"]),
                send("g", "m3"),
                left("removed"),
                Event::End,
            ],
        );
        let told = [
            "create g a#1 b#1",
            "send g 2 7",
            "add g c#1",
            "send g 2 7",
            "fail b#1",
            "send g 2 7",
            "remove g c#1",
            "destroy g",
        ];
        assert_eq!(recorded(&[a.clone(), b.clone(), c.clone()], 100), told);
        assert_eq!(recorded(&[c, b, a], 100), told, "whoever is read first");
    }

    #[test]
    fn so_many_lines_are_a_second_and_groups_of_the_kernel_are_none() {
        let core = Event::View(Box::new(View { core: None, ..View::default() }));
        let events =
            vec![core, view("g h", 1, &["a#1"]), send("g h", "1"), send("g h", "2"), send("", "3")];
        let told = ["create g_h a#1", "send g_h 1 7", "at 1", "send g_h 1 7"];
        assert_eq!(recorded(&[log("a#1", events)], 2), told);
        assert!(
            trace(&[log("a#1", vec![send("g", "1")])], Guess { bytes: 1, a_second: 1 }).is_empty()
        );
    }

    #[test]
    fn sides_of_a_group_that_wait_for_each_other_are_read_to_their_ends() {
        let side = |me: &str, first: &str, second: &str| {
            let events = [view(first, 2, &[me]), view(second, 1, &[me]), send(first, me)];
            log(me, events.into_iter().chain([Event::End]).collect())
        };
        let told = recorded(&[side("a#1", "g", "h"), side("b#1", "h", "g")], 100);
        assert_eq!(told.iter().filter(|line| line.starts_with("send")).count(), 2, "{told:?}");
    }
}
