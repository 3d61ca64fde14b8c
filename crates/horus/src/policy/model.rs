//! Model: light-weight groups on core groups as a policy maps them, without a network.
//!
//! It knows what the floor does with a policy's answers, and counts what that costs: a founding and
//! a flush for each change of a core group, a datagram for each receiver of a message.

use std::collections::{BTreeMap, BTreeSet};

use lwg::limits::REVIEWS_MIN;
use lwg::{CoreSet, Endpoint, GroupId, Place, Policy, Remap, Standing};
use muts::{Duration, NodeId, ProcId};

use super::trace::Event;

/// What a policy has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Core groups that were founded.
    pub(crate) founded: u64,
    /// The most that there were at a time.
    pub(crate) most: u64,
    /// Flushes: foundings, joins, failures, leaves.
    pub(crate) flushes: u64,
    /// Groups that moved.
    pub(crate) moves: u64,
    /// Deliveries to members of groups.
    pub(crate) deliveries: u64,
    /// Deliveries at who is not in the group.
    pub(crate) extra: u64,
    /// Bytes of messages, once for each receiver other than the sender.
    pub(crate) bytes: u64,
    /// Bytes of those that nobody wanted.
    pub(crate) extra_bytes: u64,
}

type Members = Vec<Endpoint>;

/// See the head of this file.
pub(crate) struct Model {
    policy: Box<dyn Policy>,
    names: BTreeMap<String, Endpoint>,
    index: CoreSet,
    cores: BTreeMap<GroupId, Core>,
    groups: BTreeMap<String, (GroupId, Members)>,
    wishes: BTreeMap<(GroupId, Members), (Remap, u8)>,
    now: Duration,
    reviewed: Duration,
    minted: u128,
    sums: Sums,
}

struct Core {
    members: Members,
    groups: BTreeSet<String>,
    idle_since: Duration,
}

impl Model {
    pub(crate) fn new(policy: Box<dyn Policy>) -> Self {
        Self {
            policy,
            names: BTreeMap::new(),
            index: CoreSet::default(),
            cores: BTreeMap::new(),
            groups: BTreeMap::new(),
            wishes: BTreeMap::new(),
            now: Duration::ZERO,
            reviewed: Duration::ZERO,
            minted: 0,
            sums: Sums::default(),
        }
    }

    /// Lets this happen. What is said of a group that is not there says nothing.
    pub(crate) fn take(&mut self, event: &Event) {
        match event {
            Event::At(at) => self.pass(*at),
            Event::Create { group, members } => {
                let members = self.all(members);
                self.create(group, members);
            }
            Event::Add { group, members } => {
                let members = self.all(members);
                self.change(group, |had| had.iter().chain(&members).copied().collect());
            }
            Event::Remove { group, members } => {
                let members = self.all(members);
                let stays = |who: &&Endpoint| !members.contains(who);
                self.change(group, |had| had.iter().filter(stays).copied().collect());
            }
            Event::Send { group, count, bytes } => self.send(group, *count, *bytes),
            Event::Destroy { group } => self.destroy(group),
            Event::Fail { process } => {
                let process = self.all(std::slice::from_ref(process))[0];
                self.fail(process);
            }
        }
        self.close_idle();
    }

    /// What it came to.
    pub(crate) fn end(self) -> Sums {
        self.sums
    }

    fn all(&mut self, names: &[String]) -> Members {
        let mut all: BTreeSet<Endpoint> = BTreeSet::new();
        for name in names {
            let node = NodeId(self.names.len() as u64);
            let new = Endpoint::of(ProcId { node, incarnation: 1 });
            all.insert(*self.names.entry(name.clone()).or_insert(new));
        }
        all.into_iter().collect()
    }

    fn found(&mut self, members: &Members) -> GroupId {
        self.minted += 1;
        let core = GroupId(self.minted);
        self.index.set(core, members);
        let new = Core { members: members.clone(), groups: BTreeSet::new(), idle_since: self.now };
        self.cores.insert(core, new);
        self.sums.founded += 1;
        self.sums.flushes += 1;
        self.sums.most = self.sums.most.max(self.cores.len() as u64);
        core
    }

    fn create(&mut self, group: &str, members: Members) {
        if self.groups.contains_key(group) {
            return;
        }
        let core = match self.policy.place(&members, &self.index) {
            Place::Exact(core) | Place::Superset(core, _) => core,
            Place::New | Place::Alone => self.found(&members),
            Place::Nowhere => return,
        };
        self.put(group, core, members);
    }

    fn put(&mut self, group: &str, core: GroupId, members: Members) {
        if let Some(core) = self.cores.get_mut(&core) {
            core.groups.insert(group.to_owned());
        }
        self.groups.insert(group.to_owned(), (core, members));
    }

    fn take_off(&mut self, group: &str) -> Option<(GroupId, Members)> {
        let (core, members) = self.groups.remove(group)?;
        if let Some(on) = self.cores.get_mut(&core) {
            on.groups.remove(group);
            if on.groups.is_empty() {
                on.idle_since = self.now;
            }
        }
        Some((core, members))
    }

    /// Who is not in the core group joins it first, at the price of a flush.
    fn change(&mut self, group: &str, new: impl FnOnce(&[Endpoint]) -> BTreeSet<Endpoint>) {
        let Some((core, members)) = self.groups.get_mut(group) else { return };
        *members = new(members).into_iter().collect();
        let (core, members) = (*core, members.clone());
        if members.is_empty() {
            return self.destroy(group);
        }
        let Some(on) = self.cores.get_mut(&core) else { return };
        let missing = members.iter().filter(|who| !on.members.contains(who));
        let missing: Vec<Endpoint> = missing.copied().collect();
        if !missing.is_empty() {
            on.members.extend(missing);
            on.members.sort_unstable();
            let all = on.members.clone();
            self.index.set(core, &all);
            self.sums.flushes += 1;
        }
    }

    fn send(&mut self, group: &str, count: u64, bytes: u64) {
        let Some((core, members)) = self.groups.get(group) else { return };
        let Some(on) = self.cores.get(core) else { return };
        let (all, inside) = (on.members.len() as u64, members.len() as u64);
        let extra = all - inside;
        self.sums.deliveries += count * inside;
        self.sums.extra += count * extra;
        self.sums.bytes += count * (all - 1) * bytes;
        self.sums.extra_bytes += count * extra * bytes;
    }

    fn destroy(&mut self, group: &str) {
        self.take_off(group);
    }

    fn fail(&mut self, process: Endpoint) {
        let hit = self.cores.iter_mut().filter(|(_, core)| core.members.contains(&process));
        let hit: Vec<GroupId> = hit.map(|(core, _)| *core).collect();
        for core in hit {
            self.sums.flushes += 1;
            self.leave(core, process);
        }
        let of = |(_, members): &(GroupId, Members)| members.contains(&process);
        let touched = self.groups.iter().filter(|(_, group)| of(group));
        for group in touched.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.change(&group, |had| had.iter().filter(|who| **who != process).copied().collect());
        }
        self.names.retain(|_, known| *known != process);
    }

    fn leave(&mut self, core: GroupId, process: Endpoint) {
        let Some(on) = self.cores.get_mut(&core) else { return };
        on.members.retain(|member| *member != process);
        let members = on.members.clone();
        if members.is_empty() {
            self.index.remove(core);
            self.cores.remove(&core);
        } else {
            self.index.set(core, &members);
        }
    }

    fn pass(&mut self, to: Duration) {
        let Some(period) = self.policy.review() else {
            self.now = self.now.max(to);
            return self.close_idle();
        };
        while self.reviewed + period <= to {
            self.reviewed += period;
            self.now = self.now.max(self.reviewed);
            self.close_idle();
            self.review();
        }
        self.now = self.now.max(to);
        self.close_idle();
    }

    fn close_idle(&mut self) {
        let (now, grace) = (self.now, self.policy.grace());
        let over = |core: &Core| core.groups.is_empty() && core.idle_since + grace <= now;
        let idle = self.cores.iter().filter(|(_, core)| over(core));
        for core in idle.map(|(core, _)| *core).collect::<Vec<_>>() {
            self.index.remove(core);
            self.cores.remove(&core);
        }
    }

    fn review(&mut self) {
        let before = std::mem::take(&mut self.wishes);
        let mut standing: BTreeMap<(GroupId, Members), Vec<String>> = BTreeMap::new();
        for (name, (core, members)) in &self.groups {
            standing.entry((*core, members.clone())).or_default().push(name.clone());
        }
        for ((core, members), names) in standing {
            let Some(on) = self.cores.get(&core) else { continue };
            let core_members = &on.members[..];
            let groups = u32::try_from(names.len()).unwrap_or(u32::MAX);
            let looked = Standing { members: &members, core, core_members, groups };
            let wish = self.policy.remap(&looked, &self.index);
            let key = (core, members.clone());
            let looks = match before.get(&key) {
                Some((same, looks)) if *same == wish => looks.saturating_add(1),
                _ => 1,
            };
            self.wishes.insert(key, (wish, looks));
            let to = match wish {
                Remap::Share(to) | Remap::Part(to) if looks >= REVIEWS_MIN => to,
                Remap::PartToNew if looks >= REVIEWS_MIN => {
                    self.index.exact(&members).unwrap_or_else(|| self.found(&members))
                }
                _ => continue,
            };
            for name in names {
                if let Some((_, members)) = self.take_off(&name) {
                    self.sums.moves += 1;
                    self.put(&name, to, members);
                }
            }
        }
        if self.policy.shrinks() {
            self.shrink();
        }
    }

    /// Whoever is in no group of a core group leaves it.
    fn shrink(&mut self) {
        let mut unused: Vec<(GroupId, Endpoint)> = Vec::new();
        for (core, on) in self.cores.iter().filter(|(_, on)| !on.groups.is_empty()) {
            let used: BTreeSet<Endpoint> =
                on.groups.iter().flat_map(|group| self.groups[group].1.iter().copied()).collect();
            let out = on.members.iter().filter(|member| !used.contains(member));
            unused.extend(out.map(|member| (*core, *member)));
        }
        for (core, member) in unused {
            self.sums.flushes += 1;
            self.leave(core, member);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::trace;
    use lwg::{Adaptive, OneToOne, Smallest};

    fn sums(policy: impl Policy + 'static, text: &str) -> Sums {
        let mut model = Model::new(Box::new(policy));
        for event in trace::read(text).expect("a trace") {
            model.take(&event);
        }
        model.end()
    }

    #[test]
    fn a_failure_flushes_each_core_group_once_however_many_groups_it_has() {
        let mut text: String = (0..50).map(|group| format!("create g{group} a b c\n")).collect();
        text.push_str("fail a\n");
        let one = sums(OneToOne, &text);
        assert_eq!((one.founded, one.flushes), (50, 100));
        let few = sums(Smallest::default(), &text);
        assert_eq!((few.founded, few.flushes, few.most), (1, 2, 1));
    }

    #[test]
    fn extra_members_cost_deliveries_and_bytes() {
        let text = "create all a b c\ncreate two a b\nsend two 10 100\n";
        let subset = sums(Smallest::default(), text);
        assert_eq!((subset.deliveries, subset.extra, subset.bytes), (20, 10, 2_000));
        let exact = sums(Smallest::exact(), text);
        assert_eq!((exact.founded, exact.extra, exact.bytes), (2, 0, 1_000));
    }

    #[test]
    fn grace_keeps_a_core_group_for_the_next_transaction() {
        let text = "create t1 a b\ndestroy t1\nat 5\ncreate t2 a b\n";
        assert_eq!(sums(Smallest::default(), text).founded, 1);
        let cold = Smallest { extras_max: None, grace: Some(Duration::ZERO) };
        assert_eq!(sums(cold, text).founded, 2);
    }

    #[test]
    fn an_adaptive_policy_moves_what_many_hear_in_vain() {
        let all = "a b c d e f g h i";
        let text = format!(
            "create all {all}\ncreate few a b c d e f g\nremove few c d e f g\nat 60\n\
             send few 1 1\n"
        );
        let adaptive = sums(Adaptive::default(), &text);
        assert_eq!((adaptive.moves, adaptive.extra), (1, 0));
        assert_eq!(sums(Smallest::default(), &text).extra, 7);
    }
}
