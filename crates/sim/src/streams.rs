//! The judge of streams: what the transport promises, checked over what its applications saw.

use std::collections::BTreeMap;

use muts::{Channel, Instant, ProcId};

use crate::script::{Seen, Stream};

/// What one process heard of one sender on one channel, or was sent by it.
type Heard<'a> = BTreeMap<(Channel, ProcId), Vec<(Instant, u64, u64)>>;

/// What was found, and how much was compared.
#[derive(Debug, Default)]
pub struct Findings {
    /// Promises broken, the property first.
    pub violations: Vec<String>,
    /// Messages compared.
    pub compared: u64,
}

/// Judges a run whose faults are over: `alive` are those who could reach each other at its end.
#[must_use]
pub fn judge(apps: &[Stream], alive: &[ProcId]) -> Findings {
    let mut findings = Findings::default();
    let by_id: BTreeMap<_, _> = apps.iter().map(|app| (app.me, app)).collect();
    let heard: BTreeMap<_, _> = apps.iter().map(|app| (app.me, heard_by(app))).collect();
    for app in apps {
        findings.violations.extend(app.wrong.iter().map(|wrong| format!("{}: {wrong}", app.name)));
        casts(&mut findings, app, &by_id, &heard, alive);
        sends(&mut findings, app, &by_id, alive);
        settled(&mut findings, app, &heard);
        links(&mut findings, app, &by_id, alive);
    }
    if findings.compared == 0 {
        findings.violations.push("empty: nothing was compared".to_owned());
    }
    findings
}

fn heard_by(app: &Stream) -> Heard<'_> {
    let mut heard = Heard::new();
    for (at, seen) in &app.seen {
        if let Seen::Heard(channel, from, seq, body) = seen {
            heard.entry((*channel, *from)).or_default().push((*at, *seq, *body));
        }
    }
    heard
}

/// Every cast once, in order, whole; and all of them at live peers whose channel stayed open.
fn casts(
    findings: &mut Findings,
    app: &Stream,
    by_id: &BTreeMap<ProcId, &Stream>,
    heard: &BTreeMap<ProcId, Heard>,
    alive: &[ProcId],
) {
    let mut cast: BTreeMap<Channel, Vec<u64>> = BTreeMap::new();
    for (_, seen) in &app.seen {
        if let Seen::Cast(channel, _, body) = seen {
            cast.entry(*channel).or_default().push(*body);
        }
    }
    for (peer, heard) in heard {
        for (channel, bodies) in &cast {
            let Some(told) = heard.get(&(*channel, app.me)) else { continue };
            for (number, (_, seq, body)) in told.iter().enumerate() {
                findings.compared += 1;
                if *seq != number as u64 || bodies.get(number) != Some(body) {
                    findings.violations.push(format!(
                        "T1: {peer:?} was told cast {seq} of {} on {channel:?} as number {number}",
                        app.name
                    ));
                    break;
                }
            }
        }
        for (channel, from) in heard.keys() {
            if *from == app.me && !cast.contains_key(channel) {
                findings.violations.push(format!("T4: a cast of {} that it never made", app.name));
            }
        }
    }
    for (channel, peers) in app.channels() {
        let owed = cast.get(channel).map_or(0, Vec::len);
        for peer in peers.iter().filter(|_| alive.contains(&app.me)) {
            let open = by_id.get(peer).is_some_and(|peer| peer.channels().contains_key(channel));
            if !open || !alive.contains(peer) {
                continue;
            }
            let told = heard[peer].get(&(*channel, app.me)).map_or(0, Vec::len);
            if told != owed {
                findings.violations.push(format!(
                    "T1: {peer:?} was told {told} of {owed} casts of {} on {channel:?}",
                    app.name
                ));
            }
        }
    }
}

/// Every send once and in order; and all of them among those who live.
fn sends(
    findings: &mut Findings,
    app: &Stream,
    by_id: &BTreeMap<ProcId, &Stream>,
    alive: &[ProcId],
) {
    for (peer, other) in by_id {
        let sent: Vec<u64> = app.seen.iter().filter_map(|(_, seen)| seen.sent_to(*peer)).collect();
        let got: Vec<u64> = other.seen.iter().filter_map(|(_, seen)| seen.got_of(app.me)).collect();
        findings.compared += got.len() as u64;
        if !sent.starts_with(&got) {
            findings.violations.push(format!(
                "sends: {} was told {} sends of {}, not the first ones in order",
                other.name,
                got.len(),
                app.name
            ));
        } else if alive.contains(&app.me) && alive.contains(peer) && sent.len() != got.len() {
            findings.violations.push(format!(
                "sends: {} was told {} of {} sends of {}",
                other.name,
                got.len(),
                sent.len(),
                app.name
            ));
        }
    }
}

impl Seen {
    fn sent_to(&self, peer: ProcId) -> Option<u64> {
        if let Self::Sent(to, body) = self { (*to == peer).then_some(*body) } else { None }
    }

    fn got_of(&self, peer: ProcId) -> Option<u64> {
        if let Self::Got(from, body) = self { (*from == peer).then_some(*body) } else { None }
    }
}

/// Settled is told only of what every peer had been told by then.
fn settled(findings: &mut Findings, app: &Stream, heard: &BTreeMap<ProcId, Heard>) {
    for (at, seen) in &app.seen {
        let Seen::Settled(channel, below) = seen else { continue };
        let Some(peers) = app.channels().get(channel) else { continue };
        for peer in peers {
            let had = heard
                .get(peer)
                .and_then(|heard| heard.get(&(*channel, app.me)))
                .map_or(0, |told| told.iter().filter(|(when, ..)| when <= at).count());
            if (had as u64) < *below {
                findings.violations.push(format!(
                    "settled: {} was told {below} settled on {channel:?}, {peer:?} had {had}",
                    app.name
                ));
            }
        }
    }
}

/// Who lives is met and not silent; who is told lost is dead; silence and return alternate.
fn links(
    findings: &mut Findings,
    app: &Stream,
    by_id: &BTreeMap<ProcId, &Stream>,
    alive: &[ProcId],
) {
    let mut silent: BTreeMap<ProcId, bool> = BTreeMap::new();
    for (_, seen) in &app.seen {
        let right = match seen {
            Seen::Met(peer) => silent.insert(*peer, false).is_none(),
            Seen::Silent(peer) => silent.insert(*peer, true) == Some(false),
            Seen::Back(peer) => silent.insert(*peer, false) == Some(true),
            Seen::Lost(peer) => {
                silent.insert(*peer, true);
                by_id.get(peer).is_none_or(|peer| peer.dead)
            }
            _ => true,
        };
        if !right {
            findings.violations.push(format!("links: {} was told {seen:?}", app.name));
        }
    }
    if !alive.contains(&app.me) {
        return;
    }
    for peer in by_id.keys().filter(|peer| **peer != app.me) {
        let silent = silent.get(peer).copied();
        let lives = alive.contains(peer);
        if lives && silent != Some(false) || by_id[peer].dead && silent == Some(false) {
            findings.violations.push(format!(
                "links: at the end {} takes {peer:?} for silent: {silent:?}, alive: {lives}",
                app.name
            ));
        }
    }
}
