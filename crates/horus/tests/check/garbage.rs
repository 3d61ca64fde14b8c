//! Histories that make no sense are judged like others: with a verdict, never with a panic.

use horus::check::{Options, judge};
use horus::history::{Deliver, Event, Id, Log, Order, Send, View};

/// Runs of random events; each takes well under a millisecond.
const RUNS: u64 = 3_000;

/// Draws from few names, so that histories contradict each other all the time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one(&mut self, names: &[&str]) -> Id {
        names[self.below(names.len() as u64) as usize].into()
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        (self.below(3) == 0).then_some(value)
    }

    fn proc(&mut self) -> Id {
        self.one(&["a#1", "a#2", "b#1", "c", "#"])
    }

    fn procs(&mut self) -> Vec<Id> {
        (0..self.below(4)).map(|_| self.proc()).collect()
    }

    fn group(&mut self) -> Id {
        self.one(&["G", "H"])
    }

    fn message(&mut self) -> Id {
        self.one(&["1", "2", "3", "4", "5", "6"])
    }

    fn view(&mut self) -> Id {
        self.one(&["1:a", "1:b", "2", "99999999999999999999999", "x", ""])
    }

    fn order(&mut self) -> Order {
        use Order::{Abcast, Cbcast, Fbcast, Gbcast, Mbcast};
        [Mbcast, Fbcast, Cbcast, Abcast, Gbcast][self.below(5) as usize]
    }

    fn view_event(&mut self) -> Event {
        let (group, view, members) = (self.group(), self.view(), self.procs());
        let transitional = self.procs();
        let (core, core_view) = (self.group(), self.view());
        let (flag, number) = (self.below(2) == 0, self.below(4));
        Event::View(Box::new(View {
            group,
            view,
            members,
            transitional: self.maybe(transitional),
            primary: self.maybe(flag),
            number: self.maybe(number),
            core: self.maybe(core),
            core_view: self.maybe(core_view),
            semantics: None,
        }))
    }

    fn send_event(&mut self) -> Event {
        let mut send = Send::new(self.group(), self.message(), self.order());
        let (view, yes, no) = (self.view(), true, false);
        send.view = self.maybe(view);
        send.safe = self.maybe(yes);
        send.to_self = self.maybe(no);
        send.external = self.maybe(yes);
        Event::Send(send)
    }

    fn deliver_event(&mut self) -> Event {
        let mut deliver = Deliver::new(self.group(), self.message(), self.proc());
        let (view, order) = (self.view(), self.order());
        deliver.view = self.maybe(view);
        deliver.order = self.maybe(order);
        deliver.safe = self.maybe(true);
        Event::Deliver(deliver)
    }

    fn event(&mut self) -> Event {
        let (group, msg, view) = (self.group(), self.message(), self.view());
        let (from, reply) = (self.proc(), self.message());
        let (component, digest) = (self.procs(), self.message());
        match self.below(24) {
            0..=4 => self.view_event(),
            5..=8 => self.send_event(),
            9..=13 => self.deliver_event(),
            14 => Event::Left { group, reason: None },
            15 => Event::JoinReq { group },
            16 => Event::Sent { msg, view },
            17 => Event::SendFail { msg },
            18 => Event::Stable { group, msg },
            19 => Event::State { group, digest, view: self.maybe(view) },
            20 => Event::JoinState { group, digest, view: None, from: self.maybe(from) },
            21 => Event::Reply { msg, reply },
            22 => Event::GotReply { msg, reply, from },
            _ if self.below(2) == 0 => Event::DiscardReplies { msg },
            _ => Event::Quiesce { component: self.maybe(component) },
        }
    }
}

#[test]
fn histories_that_contradict_themselves_get_a_verdict() {
    let options = Options {
        causal_across: true,
        apart_excused: true,
        total_strong: true,
        refuse_unknown: true,
    };
    let mut bad = 0;
    for run in 1..=RUNS {
        let mut draw = Draw(run.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut logs = Vec::new();
        for name in ["a#1", "a#2", "b#1", "c"] {
            let mut log = Log::new(name);
            (0..draw.below(40)).for_each(|_| log.push(draw.event()));
            draw.maybe(()).into_iter().for_each(|()| log.push(Event::End));
            logs.push(log);
        }
        let verdict = judge(&logs, &options);
        assert_eq!(verdict, judge(&logs, &options), "one verdict for one run");
        bad += u64::from(!verdict.is_good());
    }
    assert!(bad > RUNS / 2, "only {bad} of {RUNS} were found bad");
}
