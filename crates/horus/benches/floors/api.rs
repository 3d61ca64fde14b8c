//! Api: a process that uses the public API as a program would: it asks, or it answers.

use horus::{Config, Endpoint, Group, Horus, Order};

use crate::common::clock::now_ns;
use crate::common::crew;
use crate::common::words::Words;
use crate::member::stamp::{Pings, Times};

/// What processes are called.
fn name(rank: usize) -> String {
    format!("p{rank}")
}

/// Lives as a member of a crew: the first asks, the others answer.
pub(crate) fn run(role: &Words) {
    let rank: usize = role.get("rank");
    let anywhere = "127.0.0.1:0".parse().expect("an address");
    let horus = Horus::embedded(Config::new(name(rank), anywhere)).expect("a free port");
    crew::tell(&Words::new("listens").with("at", horus.address().expect("it listens")));
    let mut lines = std::io::stdin().lines().map_while(Result::ok).map(|line| Words::read(&line));
    let meet = lines.next().expect("where the others listen");
    let (group, others) = meet_all(&horus, rank, &meet);
    crew::tell(&Words::new("met"));
    let mut asker = None;
    if rank == 0 {
        asker = Some(group);
    } else {
        // One thread waits and answers, as in a program; the lines have this one.
        std::thread::spawn(move || answer(&group));
    }
    let mut times = Times::new();
    for words in lines {
        match words.verb.as_str() {
            "times" => crew::tell(&times.tell(Words::new("times"))),
            verb => {
                if verb == "bind" {
                    crew::bind(rank, &words);
                }
                crew::tell(&Words::new(verb));
            }
        }
        if let ("ping", Some(group)) = (words.verb.as_str(), &asker) {
            ask(group, &others, Pings::read(&words), &mut times);
        }
    }
}

/// Meets the others, and makes a group of all or waits to be put in it; whom the first asks.
fn meet_all(horus: &Horus, rank: usize, meet: &Words) -> (Group, Vec<Endpoint>) {
    let peers: Vec<_> = meet.all("at").enumerate().filter(|(peer, _)| *peer != rank).collect();
    for (peer, at) in &peers {
        horus.meet(&name(*peer), at.parse().expect("an address")).expect("it runs");
    }
    if rank > 0 {
        return (horus.invited().wait().expect("a group"), Vec::new());
    }
    let member = |peer: &(usize, &str)| horus.member(&name(peer.0)).wait().expect("a peer");
    let others: Vec<_> = peers.iter().map(member).collect();
    let all: Vec<_> = [horus.me()].into_iter().chain(others.iter().copied()).collect();
    (horus.create(&all).wait().expect("a group"), others)
}

fn answer(group: &Group) {
    while let Ok(received) = group.receive().wait() {
        let body = received.body().clone();
        received.reply(body);
    }
}

/// Asks so often, and notes how long until another process has answered.
fn ask(group: &Group, others: &[Endpoint], mut pings: Pings, times: &mut Times) {
    let body = vec![7; pings.length];
    while let Some(pause) = pings.wait() {
        std::thread::park_timeout(pause);
        if !pings.due() {
            continue;
        }
        let since = now_ns();
        let question = group.ask_to(others, Order::Fifo, body.clone()).expect("it runs");
        if let Ok(Some(_)) = question.next_reply().wait() {
            times.note(since);
        }
    }
}
