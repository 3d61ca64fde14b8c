//! Judges what towers were told, from their histories alone.

use std::collections::{BTreeMap, BTreeSet};

use lwg::{Endpoint, LwgId, Members, Order, SendId, Up, View, ViewId};

/// What one process was told in one view of one group.
#[derive(Debug)]
pub(crate) struct Stay {
    pub(crate) view: View,
    pub(crate) messages: Vec<(Endpoint, SendId, Order)>,
    /// The view after it, if there was one.
    pub(crate) next: Option<ViewId>,
}

pub(crate) type Stays = BTreeMap<(Endpoint, LwgId), Vec<Stay>>;

/// Checks each history by itself and returns it by group.
pub(crate) fn stays(told: &BTreeMap<Endpoint, Vec<Up>>, open: &BTreeSet<LwgId>) -> Stays {
    let mut all = Stays::new();
    for (who, told) in told {
        let mut present: BTreeMap<LwgId, bool> = BTreeMap::new();
        let mut core: BTreeMap<_, (vsync::ViewId, Vec<Endpoint>)> = BTreeMap::new();
        for up in told {
            match up {
                Up::Core(vsync::Up::View(view)) => {
                    core.insert(view.group, (view.id, view.members.clone()));
                }
                Up::View(view) => {
                    let now = core[&view.core].0;
                    assert_eq!(view.core_view, now, "{who:?} {view:?} is late or early");
                    let stays = all.entry((*who, view.lwg)).or_default();
                    let inside = present.insert(view.lwg, true) == Some(true);
                    check_view(*who, view, stays.last().filter(|_| inside));
                    // Also after it was out of the group in between.
                    let last = stays.last().map_or(0, |last| last.view.id.counter);
                    assert!(view.id.counter > last, "{who:?} {view:?} after number {last}");
                    if let Some(last) = stays.last_mut().filter(|_| inside) {
                        last.next = Some(view.id);
                    }
                    stays.push(Stay { view: (**view).clone(), messages: Vec::new(), next: None });
                }
                Up::Message { lwg, view, from, send, order, .. } => {
                    assert_eq!(present.get(lwg), Some(&true), "{who:?} is told and not in");
                    let stay = all.get_mut(&(*who, *lwg)).and_then(|stays| stays.last_mut());
                    let stay = stay.expect("a view before a message");
                    assert_eq!(stay.view.id, *view, "not the view told last");
                    let outside = !stay.view.members.contains(from);
                    assert!(!outside || open.contains(lwg), "from outside the view");
                    stay.messages.push((*from, *send, *order));
                    let core = &core[&stay.view.core].1;
                    let inside = stay.view.members.iter().all(|member| core.contains(member));
                    assert!(inside, "told in {:?} while the core is {core:?}", stay.view);
                }
                Up::Out { lwg, .. } => {
                    assert_eq!(present.insert(*lwg, false), Some(true), "out and never in");
                }
                _ => {}
            }
        }
    }
    all
}

fn check_view(who: Endpoint, view: &View, last: Option<&Stay>) {
    assert!(view.members.contains(&who), "{who:?} in {view:?}");
    assert!(view.transitional.contains(&who));
    assert!(view.transitional.iter().all(|member| view.members.contains(member)));
    match last {
        Some(last) => {
            assert_eq!(view.previous, Some(last.view.id), "{who:?} {view:?}");
            assert!(view.id.counter > last.view.id.counter);
            assert!(!view.first, "{who:?} was in it before {view:?}");
        }
        None => {
            assert_eq!(view.previous, None, "{who:?} {view:?}");
            assert_eq!(view.transitional[..], [who]);
        }
    }
}

/// Checks what processes that move together were told against each other.
pub(crate) fn judge(told: &BTreeMap<Endpoint, Vec<Up>>) {
    judge_also(told, &BTreeSet::new(), &Aimed::new(), &BTreeSet::new());
}

/// Sends that are for some only.
pub(crate) type Aimed = BTreeMap<SendId, Members>;

/// The same; to these groups processes outside send too, and these sends are for some only, and
/// those by way of a member.
pub(crate) fn judge_also(
    told: &BTreeMap<Endpoint, Vec<Up>>,
    open: &BTreeSet<LwgId>,
    aimed: &Aimed,
    through: &BTreeSet<SendId>,
) {
    let all = stays(told, open);
    let mut views: BTreeMap<(LwgId, ViewId), &View> = BTreeMap::new();
    let mut by_view: BTreeMap<(LwgId, ViewId), Vec<(Endpoint, &Stay)>> = BTreeMap::new();
    for ((who, lwg), stays) in &all {
        let mut sent: BTreeMap<Endpoint, SendId> = BTreeMap::new();
        for stay in stays {
            let first = views.entry((*lwg, stay.view.id)).or_insert(&stay.view);
            assert_eq!(first.members, stay.view.members, "one id, two memberships");
            assert_eq!(first.core, stay.view.core);
            assert_eq!(first.first, stay.view.first, "the first view for some only");
            by_view.entry((*lwg, stay.view.id)).or_default().push((*who, stay));
            for (from, send, _) in &stay.messages {
                let meant = aimed.get(send).is_none_or(|to| to.contains(who));
                assert!(meant, "{who:?} is told {send:?}, which is for others");
                if through.contains(send) {
                    // It took the way of some member: it has no place among its sender's own.
                    continue;
                }
                let last = sent.insert(*from, *send);
                assert!(last.is_none_or(|last| last < *send), "not FIFO: {from:?} {send:?}");
            }
        }
    }
    judge_successors(&all);
    for ((lwg, id), stays) in &by_view {
        for (at, (one, mine)) in stays.iter().enumerate() {
            for (other, theirs) in &stays[at + 1..] {
                judge_pair((*lwg, *id), (*one, mine), (*other, theirs), aimed);
            }
        }
    }
}

/// Who goes straight from one view to another was left by nobody who comes to that one by way of a
/// third.
fn judge_successors(all: &Stays) {
    for ((who, lwg), mine) in all {
        for ((other, _), theirs) in all.iter().filter(|((_, of), _)| of == lwg) {
            for stay in mine {
                let Some(next) = stay.next else { continue };
                let at = |id| theirs.iter().position(|stay| stay.view.id == id);
                if let (Some(from), Some(to)) = (at(stay.view.id), at(next)) {
                    let straight = theirs[from].next == Some(next) || theirs[from].next.is_none();
                    assert!(straight, "{who:?} {:?} to {next:?}, {other:?} {from} {to}", stay.view);
                }
            }
        }
    }
}

/// Each GBCAST of a stay, and what was told before it.
fn globals(stay: &Stay, counts: impl Fn(&SendId) -> bool) -> Vec<(SendId, BTreeSet<SendId>)> {
    let all = stay.messages.iter().enumerate();
    let globals = all.filter(|(_, (_, _, order))| *order == Order::Global);
    let before = |at: usize| {
        let sends = stay.messages[..at].iter().map(|(_, send, _)| *send);
        sends.filter(|send| counts(send)).collect()
    };
    globals.map(|(at, (_, send, _))| (*send, before(at))).collect()
}

fn judge_pair(
    (lwg, id): (LwgId, ViewId),
    (one, mine): (Endpoint, &Stay),
    (other, theirs): (Endpoint, &Stay),
    aimed: &Aimed,
) {
    let for_both =
        |send: &SendId| aimed.get(send).is_none_or(|to| to.contains(&one) && to.contains(&other));
    // Same transitional sets as facts: who came from where.
    let together = mine.view.previous.is_some() && mine.view.previous == theirs.view.previous;
    for (who, view) in [(other, &mine.view), (one, &theirs.view)] {
        assert_eq!(view.transitional.contains(&who), together, "{lwg:?} {id:?} {one:?} {other:?}");
    }
    // Wherever a GBCAST is told, the same comes before it.
    for (send, before) in globals(mine, for_both) {
        let there = globals(theirs, for_both).into_iter().find(|(other, _)| *other == send);
        let same = there.is_none_or(|(_, there)| there == before);
        assert!(same, "{lwg:?} {id:?}: {send:?} after other messages at {one:?} and {other:?}");
    }
    let is_total = |order: Order| matches!(order, Order::Total | Order::Global);
    let total = |stay: &Stay| -> Vec<SendId> {
        let total = stay.messages.iter().filter(|(_, _, order)| is_total(*order));
        total.map(|(_, send, _)| *send).filter(for_both).collect()
    };
    let (first, second) = (total(mine), total(theirs));
    if mine.next.is_some() && mine.next == theirs.next {
        let sent = |stay: &Stay| -> BTreeSet<SendId> {
            stay.messages.iter().map(|(_, send, _)| *send).filter(for_both).collect()
        };
        assert_eq!(sent(mine), sent(theirs), "{lwg:?} {id:?}: {one:?} {other:?} part unequal");
        assert_eq!(first, second, "two total orders");
    }
}

/// The same histories without these groups.
pub(crate) fn without(
    told: &BTreeMap<Endpoint, Vec<Up>>,
    groups: &BTreeSet<LwgId>,
) -> BTreeMap<Endpoint, Vec<Up>> {
    let stays = |up: &&Up| match up {
        Up::View(view) => !groups.contains(&view.lwg),
        Up::Message { lwg, .. } | Up::Out { lwg, .. } => !groups.contains(lwg),
        _ => true,
    };
    let kept = |told: &Vec<Up>| told.iter().filter(stays).cloned().collect();
    told.iter().map(|(who, told)| (*who, kept(told))).collect()
}

/// Checks what relaxed groups promise: who is told is in it, is told each message once, in its
/// sender's order, and only what is for it; in the end all who are in it know the same members.
pub(crate) fn judge_relaxed(
    told: &BTreeMap<Endpoint, Vec<Up>>,
    relaxed: &BTreeSet<LwgId>,
    aimed: &Aimed,
    through: &BTreeSet<SendId>,
    alive: &BTreeSet<Endpoint>,
) {
    let mut last: BTreeMap<(Endpoint, LwgId), Members> = BTreeMap::new();
    for (who, told) in told {
        let (mut sent, mut once) = (BTreeMap::new(), BTreeSet::new());
        for up in told {
            match up {
                Up::View(view) if relaxed.contains(&view.lwg) => {
                    assert!(view.members.contains(who), "{who:?} in {view:?}");
                    last.insert((*who, view.lwg), view.members.clone());
                }
                Up::Out { lwg, .. } if relaxed.contains(lwg) => {
                    assert!(last.remove(&(*who, *lwg)).is_some(), "out and never in");
                }
                Up::Message { lwg, from, send, .. } if relaxed.contains(lwg) => {
                    assert!(last.contains_key(&(*who, *lwg)), "{who:?} is told and not in");
                    let meant = aimed.get(send).is_none_or(|to| to.contains(who));
                    assert!(meant && once.insert(*send), "{who:?} is told {send:?}");
                    let before = match through.contains(send) {
                        true => None,
                        false => sent.insert((*lwg, *from), *send),
                    };
                    assert!(before.is_none_or(|before| before < *send), "{from:?} {send:?}");
                }
                _ => {}
            }
        }
    }
    for ((who, lwg), members) in last.iter().filter(|((who, _), _)| alive.contains(who)) {
        for member in members {
            let theirs = last.get(&(*member, *lwg));
            assert_eq!(theirs, Some(members), "{lwg:?} at {who:?} and {member:?}");
        }
    }
}

/// Checks that at rest all who are in a group share its last view.
pub(crate) fn judge_rest(told: &BTreeMap<Endpoint, Vec<Up>>, alive: &BTreeSet<Endpoint>) {
    let mut last: BTreeMap<(Endpoint, LwgId), Option<(ViewId, Members)>> = BTreeMap::new();
    for who in alive {
        for up in &told[who] {
            match up {
                Up::View(view) => {
                    last.insert((*who, view.lwg), Some((view.id, view.members.clone())));
                }
                Up::Out { lwg, .. } => {
                    last.insert((*who, *lwg), None);
                }
                _ => {}
            }
        }
    }
    for ((who, lwg), view) in &last {
        let Some((_, members)) = view else { continue };
        for member in members {
            let theirs = last.get(&(*member, *lwg));
            assert_eq!(theirs, Some(view), "{lwg:?} at {who:?} and {member:?}");
        }
    }
}

/// Checks that every send with replies has ended, and nobody answered twice.
pub(crate) fn judge_replies(told: &[Up], asked: &BTreeSet<SendId>) {
    let mut open = asked.clone();
    let mut from = BTreeSet::new();
    for up in told {
        match up {
            Up::Reply { send, from: who, .. } => {
                assert!(open.contains(send), "a reply after the end");
                assert!(from.insert((*send, *who)), "two replies of one");
            }
            Up::Answered { send, .. } => assert!(open.remove(send), "ended twice"),
            _ => {}
        }
    }
    assert!(open.is_empty(), "never answered: {open:?}");
}
