//! Look: what the tower is looked at for when an operator asks, in one go between two turns.
//!
//! Numbers alone: words are made of them by another thread, so that the tower is not kept.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lwg::{Listed, LwgId, Seen, Where};
use muts::{Duration, Instant, NodeId};
use vsync::{Exclusion, GroupId, Hold, Known};

use super::limits::CORES_LISTED_MAX;
use crate::engine::Engine;
use crate::sightings::Core;

/// What is to be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Status,
    Groups,
    Lights(usize),
    Members(Meant),
    Why(Meant),
    Counters,
    Leave,
}

/// What a word may mean, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) node: Option<NodeId>,
    pub(crate) light: Option<LwgId>,
    pub(crate) core: GroupId,
}

/// What was seen.
#[derive(Debug)]
pub(crate) enum Facts {
    Status(Box<Status>),
    /// Some of the core groups, and how many there are.
    Groups(Vec<Core>, usize),
    /// Some of the light-weight groups, and how many there are.
    Lights(Vec<Listed>, usize),
    Members(Option<Found>),
    Why(Box<Why>),
    Counters(BTreeMap<&'static str, u64>),
    Leaving,
}

#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) listens: Option<SocketAddr>,
    pub(crate) cores: usize,
    pub(crate) lights: usize,
    /// Known where the kernel is in this process.
    pub(crate) met_and_heard: Option<(usize, usize)>,
    pub(crate) counters: BTreeMap<&'static str, u64>,
}

/// A group.
#[derive(Debug)]
pub(crate) enum Found {
    Core(Core),
    Light(LwgId, Seen),
}

/// What there is to say.
#[derive(Debug)]
pub(crate) enum Why {
    Peer(Peer),
    /// A core group, what holds it if that is known, and when that was looked at.
    Core(Core, Option<Vec<Hold>>, Instant),
    Light(LwgId, Seen, Where),
    Nobody,
}

/// Another node, or this one.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) node: NodeId,
    /// What the kernel knows, if it is in this process.
    pub(crate) kernel: Option<Option<Known>>,
    /// The newest of its processes that is over.
    pub(crate) over: Option<u64>,
    /// The versions that it speaks, if none of them is spoken here.
    pub(crate) strange: Option<(u8, u8)>,
    /// Without which of its processes views were changed here, and how long ago.
    pub(crate) exclusions: Vec<(Exclusion, Duration)>,
}

/// Looks; `Leave` is carried out.
pub(crate) fn look(engine: &mut Engine, wanted: Wanted) -> Facts {
    match wanted {
        Wanted::Status => Facts::Status(Box::new(status(engine))),
        Wanted::Groups => groups(engine),
        Wanted::Lights(most) => {
            let sight = engine.tower.sight();
            Facts::Lights(sight.list(most), sight.lights())
        }
        Wanted::Members(meant) => Facts::Members(found(engine, meant)),
        Wanted::Why(meant) => Facts::Why(Box::new(why(engine, meant))),
        Wanted::Counters => Facts::Counters(counters(engine)),
        Wanted::Leave => {
            engine.leave();
            Facts::Leaving
        }
    }
}

fn counters(engine: &Engine) -> BTreeMap<&'static str, u64> {
    let mut counters = BTreeMap::new();
    engine.count(&mut |name, value| *counters.entry(name).or_insert(0) += value);
    counters
}

fn status(engine: &Engine) -> Status {
    let (sight, now) = (engine.tower.sight(), engine.now());
    Status {
        listens: engine.address(),
        cores: sight.cores().count() + engine.sightings.cores.len(),
        lights: sight.lights(),
        met_and_heard: sight.grounds().map(|grounds| grounds.met_and_heard(now)),
        counters: counters(engine),
    }
}

fn groups(engine: &Engine) -> Facts {
    let sight = engine.tower.sight();
    let own = &engine.sightings.cores;
    let placed_on = sight.cores().map(Core::of);
    let own_ones = own.values().map(|view| Core::of((view, 0)));
    let carried = |core: Core| Core { carried: sight.carried(core.group), ..core };
    let listed = own_ones.chain(placed_on).take(CORES_LISTED_MAX).map(carried).collect();
    Facts::Groups(listed, own.len() + sight.cores().count())
}

fn core(engine: &Engine, group: GroupId) -> Option<Core> {
    let own = engine.sightings.cores.get(&group).map(|view| (view, 0));
    own.or_else(|| engine.tower.sight().core(group)).map(Core::of)
}

fn found(engine: &Engine, meant: Meant) -> Option<Found> {
    let light = meant.light.and_then(|lwg| Some((lwg, engine.tower.sight().light(lwg)?)));
    match light {
        Some((lwg, seen)) => Some(Found::Light(lwg, seen)),
        None => core(engine, meant.core).map(Found::Core),
    }
}

fn why(engine: &Engine, meant: Meant) -> Why {
    if let Some(node) = meant.node {
        return Why::Peer(peer(engine, node));
    }
    match found(engine, meant) {
        Some(Found::Light(lwg, seen)) => match engine.tower.explain(lwg) {
            Some(place) => Why::Light(lwg, seen, place),
            None => Why::Nobody,
        },
        Some(Found::Core(core)) => {
            let grounds = engine.tower.sight().grounds();
            let holds = grounds.map(|grounds| grounds.holds(core.group));
            Why::Core(core, holds, engine.now())
        }
        None => Why::Nobody,
    }
}

fn peer(engine: &Engine, node: NodeId) -> Peer {
    let (grounds, now) = (engine.tower.sight().grounds(), engine.now());
    let exclusions = grounds.map_or_else(Vec::new, |grounds| grounds.exclusions());
    let of_node = exclusions.into_iter().filter(|exclusion| exclusion.who.node == node);
    Peer {
        node,
        kernel: grounds.map(|grounds| grounds.known(now, node)),
        over: engine.sightings.over(node),
        strange: engine.sightings.strange.get(&node).copied(),
        exclusions: of_node.map(|exclusion| (exclusion, now.since(exclusion.at))).collect(),
    }
}
