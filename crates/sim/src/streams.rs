//! The judge of streams: what the transport promises, checked over what its applications saw.

use std::collections::BTreeMap;

use muts::{Audience, Channel, Instant, ProcId};

use crate::script::{Seen, Stream};

/// What one process was told of one sender's casts on one channel: when, the first number that it
/// is about, the hash of the body unless they were not for it, and the number after them.
type Heard<'a> = BTreeMap<(Channel, ProcId), Vec<(Instant, u64, Option<u64>, u64)>>;

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
        match seen {
            Seen::Heard(channel, from, seq, body) => {
                let told = heard.entry((*channel, *from)).or_default();
                told.push((*at, *seq, Some(*body), seq + 1));
            }
            Seen::Skipped(channel, from, below) => {
                let told = heard.entry((*channel, *from)).or_default();
                let first = told.last().map_or(0, |last| last.3);
                told.push((*at, first, None, *below));
            }
            _ => {}
        }
    }
    heard
}

/// Every cast once, in order, whole, at whom it is for; and all of them at live peers whose
/// channel stayed open.
fn casts(
    findings: &mut Findings,
    app: &Stream,
    by_id: &BTreeMap<ProcId, &Stream>,
    heard: &BTreeMap<ProcId, Heard>,
    alive: &[ProcId],
) {
    let mut cast: BTreeMap<Channel, Vec<(u64, Audience)>> = BTreeMap::new();
    for (_, seen) in &app.seen {
        if let Seen::Cast(channel, _, body, to) = seen {
            cast.entry(*channel).or_default().push((*body, *to));
        }
    }
    for (peer, heard) in heard {
        for ((channel, _), told) in heard.iter().filter(|((_, from), _)| *from == app.me) {
            let cast = cast.get(channel).map_or(&[][..], Vec::as_slice);
            let place = app.reached(*channel).iter().position(|reached| reached == peer);
            let Some(place) = place else {
                findings.violations.push(format!("T4: {peer:?} heard {} on {channel:?}", app.name));
                continue;
            };
            findings.compared += told.len() as u64;
            if let Some(wrong) = out_of_line(cast, place, told) {
                let name = &app.name;
                let what = format!("T1: {peer:?} was told {wrong} of {name} on {channel:?}");
                findings.violations.push(what);
            }
        }
    }
    for (channel, peers) in app.channels() {
        let owed = cast.get(channel).map_or(0, |cast| cast.len() as u64);
        for peer in peers.iter().filter(|_| alive.contains(&app.me)) {
            let other = by_id.get(peer).filter(|peer| peer.channels().contains_key(channel));
            if other.is_none() || !alive.contains(peer) {
                continue;
            }
            let told = heard[peer].get(&(*channel, app.me)).and_then(|told| told.last());
            let told = told.map_or(0, |last| last.3);
            if told != owed {
                findings.violations.push(format!(
                    "T1: {peer:?} was told {told} of {owed} casts of {} on {channel:?}",
                    app.name
                ));
            }
        }
    }
}

/// The first thing told that is not the next of what was cast.
fn out_of_line(
    cast: &[(u64, Audience)],
    place: usize,
    told: &[(Instant, u64, Option<u64>, u64)],
) -> Option<String> {
    let mut next = 0;
    for (_, first, body, below) in told {
        let about = cast.get(*first as usize..*below as usize);
        let fits = about.is_some_and(|about| match body {
            Some(body) => about.iter().all(|(sent, to)| sent == body && to.has(place)),
            None => about.iter().all(|(_, to)| !to.has(place)),
        });
        if *first != next || below <= first || !fits {
            return Some(format!("{body:?} as {first}..{below} after {next}"));
        }
        next = *below;
    }
    None
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

/// Settled is told only of what every peer that had not closed its end had been told by then.
fn settled(findings: &mut Findings, app: &Stream, heard: &BTreeMap<ProcId, Heard>) {
    for (at, seen) in &app.seen {
        let Seen::Settled(channel, below) = seen else { continue };
        let gone = |peer: &&ProcId| {
            let before = app.seen.iter().take_while(|(when, _)| when <= at);
            before.map(|(_, seen)| seen).any(|seen| *seen == Seen::Gone(*channel, **peer))
        };
        for peer in app.reached(*channel).iter().filter(|peer| !gone(peer)) {
            let had = heard
                .get(peer)
                .and_then(|heard| heard.get(&(*channel, app.me)))
                .and_then(|told| told.iter().rev().find(|(when, ..)| when <= at))
                .map_or(0, |last| last.3);
            if had < *below {
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
