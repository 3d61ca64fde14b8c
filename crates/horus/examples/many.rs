//! A thousand groups served by one thread: all that is told of all of them comes in one stream.

use std::collections::BTreeMap;
use std::thread;

use horus::{Config, Down, Error, Events, Group, Horus, LwgId, Message, Order, Pending, Up};

const GROUPS: usize = 1_000;

/// Counts what is asked in each group and answers with that, until the last group is gone.
fn serve(horus: &Horus, events: &Events) -> Result<u64, Error> {
    let (mut counts, mut all) = (BTreeMap::<LwgId, u64>::new(), 0);
    loop {
        match events.next().wait()? {
            // It has been put into a group, or others have come or gone.
            Up::View(view) => {
                counts.entry(view.lwg).or_insert(0);
            }
            Up::Message { lwg, from, send, replies: true, .. } => {
                let count = counts.entry(lwg).or_insert(0);
                *count += 1;
                all += 1;
                let reply = Some(Message::new(count.to_string()));
                horus.ask(Down::Reply { to: from, send, reply });
            }
            Up::Out { lwg, .. } => {
                counts.remove(&lwg);
                if counts.is_empty() {
                    return Ok(all);
                }
            }
            _ => {}
        }
    }
}

/// All are asked for before the first is waited for.
fn each<T>(asked: impl Iterator<Item = Pending<T>>) -> Result<Vec<T>, Error> {
    let asked: Vec<Pending<T>> = asked.collect();
    asked.into_iter().map(Pending::wait).collect()
}

fn main() -> Result<(), Error> {
    let anywhere = "127.0.0.1:0".parse().expect("an address");
    let (a, events) = Horus::embedded_with_events(Config::new("a", anywhere))?;
    let b = Horus::embedded(Config::new("b", anywhere).peer("a", a.address()?))?;

    thread::scope(|scope| {
        let served = scope.spawn(|| serve(&a, &events));
        let server = b.member("a").wait()?;
        let groups: Vec<Group> = each((0..GROUPS).map(|_| b.create(&[b.me(), server])))?;
        for round in 1..=3 {
            let asked = groups.iter().map(|group| group.ask_to(&[server], Order::Fifo, "count"));
            let asked: Vec<_> = asked.collect::<Result<_, _>>()?;
            for (_, reply) in asked.iter().flatten() {
                assert_eq!(reply, round.to_string(), "each group has a count of its own");
            }
        }
        each(groups.iter().map(Group::destroy))?;
        let all = served.join().expect("it does not panic")?;
        println!("one thread answered {all} questions in {GROUPS} groups");
        Ok(())
    })
}
