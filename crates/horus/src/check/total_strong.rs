//! `total-strong`: one order fits the ABCASTs and GBCASTs of all processes, crashed and
//! partitioned ones included. For those marked `safe` always; for all of them as an option.

use hashbrown::HashMap;

use super::facts::Facts;
use super::{Property, Report};

/// So many messages of a ring are named; more are not readable.
const NAMED: usize = 8;

/// One message right before another at some process.
struct Edge {
    before: u32,
    after: u32,
    delivery: u32,
}

pub(super) fn judge(facts: &Facts<'_>, report: &mut Report, all: bool) {
    let edges = edges(facts, all);
    report.compared(Property::TotalStrong, edges.len());
    let mut into: Vec<Vec<u32>> = vec![Vec::new(); facts.messages.len()];
    let mut out: Vec<Vec<u32>> = vec![Vec::new(); facts.messages.len()];
    for (at, edge) in (0u32..).zip(&edges) {
        into[edge.after as usize].push(at);
        out[edge.before as usize].push(edge.after);
    }
    let mut missing: Vec<usize> = into.iter().map(Vec::len).collect();
    let mut free: Vec<u32> =
        (0..missing.len() as u32).filter(|&message| missing[message as usize] == 0).collect();
    while let Some(message) = free.pop() {
        for &after in &out[message as usize] {
            missing[after as usize] -= 1;
            if missing[after as usize] == 0 {
                free.push(after);
            }
        }
    }
    // What could not be placed lies on a ring or behind one; the first of each group is told.
    let mut told = vec![false; facts.groups.len()];
    for message in (0..missing.len()).filter(|&message| missing[message] > 0) {
        let group = facts.delivery(edges[into[message][0] as usize].delivery).group;
        if !std::mem::replace(&mut told[group as usize], true) {
            broken(facts, report, &edges, &into, &missing, message as u32);
        }
    }
}

fn edges(facts: &Facts<'_>, all: bool) -> Vec<Edge> {
    let mut edges = Vec::new();
    // By process and group; looked up, never iterated.
    let mut last: HashMap<(u32, u32), u32> = HashMap::new();
    for (at, delivery) in (0u32..).zip(&facts.deliveries) {
        let message = delivery.message;
        let Some(send) = facts.send_of(message).filter(|_| facts.is_total(message)) else {
            continue;
        };
        let first = facts.delivery_at(delivery.proc, message).map(|first| first.event);
        let repeated = first != Some(delivery.event);
        let chosen = all || facts.send_event(send).safe == Some(true);
        if !chosen || repeated || send.group != delivery.group || !facts.owes(send.group) {
            continue;
        }
        if let Some(before) = last.insert((delivery.proc, delivery.group), message) {
            edges.push(Edge { before, after: message, delivery: at });
        }
    }
    edges
}

/// Walks back from `message` until a message comes again: that is a ring.
fn broken(
    facts: &Facts<'_>,
    report: &mut Report,
    edges: &[Edge],
    into: &[Vec<u32>],
    missing: &[usize],
    message: u32,
) {
    let mut path: Vec<(u32, u32)> = Vec::new();
    let mut at = message;
    let ring = loop {
        if let Some(start) = path.iter().position(|&(seen, _)| seen == at) {
            break &path[start..];
        }
        let stuck = |&&edge: &&u32| missing[edges[edge as usize].before as usize] > 0;
        let Some(&edge) = into[at as usize].iter().find(stuck) else { return };
        path.push((at, edge));
        at = edges[edge as usize].before;
    };
    let delivery = facts.delivery(edges[ring[0].1 as usize].delivery);
    report.broken(Property::TotalStrong, facts.proc(delivery.proc), delivery.event, || {
        let steps: Vec<String> = ring
            .iter()
            .take(NAMED)
            .map(|&(after, edge)| {
                let edge = &edges[edge as usize];
                let proc = facts.proc(facts.delivery(edge.delivery).proc);
                let (before, after) = (facts.message(edge.before).id, facts.message(after).id);
                format!("{before} before {after} at {proc}")
            })
            .collect();
        let more = if ring.len() > NAMED { " ..." } else { "" };
        format!("no one order fits: {}{more}", steps.join(", "))
    });
}
