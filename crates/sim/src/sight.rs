//! Sight: what a test may see of a world that no process in it can.

use muts::{Counted, Layer};
use vsync::GroupId;

use crate::script::App;
use crate::towers::{CoreWorld, LightWorld};
use crate::world::World;

/// Whether these hosts are all in one view of a core group, and nobody else is in it.
#[must_use]
pub fn share_core_view(world: &CoreWorld, group: GroupId, hosts: &[usize]) -> bool {
    let mut members: Vec<_> = hosts.iter().map(|host| world.process(*host)).collect();
    members.sort();
    let mut first = None;
    hosts.iter().all(|host| {
        let Some(app) = world.app(*host) else { return false };
        let Some(view) = app.views().find(|view| view.group == group) else { return false };
        let mut listed: Vec<_> = view.members.iter().map(|member| member.proc).collect();
        listed.sort();
        *first.get_or_insert(view.id) == view.id && listed == members
    })
}

/// What is still under way at these hosts, by the floors' own gauges: a sentence for each.
#[must_use]
pub fn unsettled<T, A>(world: &World<T, A>, hosts: &[usize]) -> Vec<String>
where
    T: Layer + Counted,
    A: App<Down = T::Down, Up = T::Up>,
{
    const GAUGES: [&str; 5] =
        ["vsync.changing", "vsync.parted", "vsync.disagreeing", "lwg.unsettled", "lwg.gathering"];
    let mut found = Vec::new();
    for host in hosts {
        let Some(tower) = world.tower(*host) else { continue };
        tower.count(&mut |name, count| {
            if GAUGES.contains(&name) && count > 0 {
                found.push(format!("settled: {name} is {count} at p{host}"));
            }
        });
    }
    found
}

/// How often processes that live were told by others of a change of views that cannot be: there are
/// no liars here, so each is a fault of the kernel's.
pub(crate) fn unsound<T, A>(world: &World<T, A>) -> Vec<String>
where
    T: Layer + Counted,
    A: App<Down = T::Down, Up = T::Up>,
{
    let mut found = Vec::new();
    for host in 0..world.hosts() {
        let Some(tower) = world.tower(host) else { continue };
        tower.count(&mut |name, count| {
            if name == "vsync.unsound" && count > 0 {
                found.push(format!("V1: {count} times p{host} was told what cannot be"));
            }
        });
    }
    found
}

/// Groups whose states are not equal at these hosts in one view of theirs: a sentence for each.
pub(crate) fn unlike(world: &LightWorld, hosts: &[usize]) -> Vec<String> {
    let mut first = std::collections::BTreeMap::new();
    let mut found = Vec::new();
    for host in hosts {
        for (lwg, view, digest) in world.app(*host).into_iter().flat_map(|app| app.states()) {
            let (other, there) = *first.entry((lwg, view)).or_insert((*host, digest));
            if there != digest {
                found.push(format!("state: p{other} and p{host} have different ones of {lwg:?}"));
            }
        }
    }
    found
}

/// Which of these hosts, that can all reach each other, are not together in the groups that they
/// are in or joining: a sentence for each group.
#[must_use]
pub fn apart(world: &CoreWorld, hosts: &[usize]) -> Vec<String> {
    let mut found = Vec::new();
    let apps = || hosts.iter().filter_map(|host| Some((*host, world.app(*host)?)));
    let groups: std::collections::BTreeSet<_> =
        apps().flat_map(|(_, app)| app.views().map(|view| view.group)).collect();
    for group in groups {
        let within: Vec<_> = apps()
            .filter(|(_, app)| app.views().any(|view| view.group == group))
            .map(|(host, _)| host)
            .collect();
        if !share_core_view(world, group, &within) {
            let views = apps().flat_map(|(_, app)| app.views()).filter(|view| view.group == group);
            let views: Vec<_> =
                views.map(|view| format!("{:?} {:?}", view.id, view.members)).collect();
            found
                .push(format!("together: {within:?} are in different views: {}", views.join("; ")));
        }
    }
    for (_, app) in apps().filter(|(_, app)| app.is_joining()) {
        found.push(format!("together: {:?} still waits to join", app.me));
    }
    found
}
