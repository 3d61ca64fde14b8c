//! Groups: what the node knows of the groups it is in, and of its own messages in them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use horus::{Endpoint, LwgId, SendId, View};
use lwg::Operation;
use serde_json::Value;
use tools::{Counts, Replica};

use super::document::Document;
use super::names::show_lwg;

/// A light-weight group that this process is in.
pub(crate) struct Light {
    /// Its view.
    pub(crate) view: View,
    /// Its document.
    pub(crate) replica: Replica<Document>,
}

/// A core group that this process is in or joins.
#[derive(Default)]
pub(crate) struct Core {
    /// What its user calls it, if it is shown otherwise.
    pub(crate) word: Option<String>,
    /// It is founded here.
    pub(crate) founds: bool,
    /// Whom it asks to be let in; everybody if none.
    pub(crate) contact: Option<Endpoint>,
    /// Its view; none before the first.
    pub(crate) view: Option<vsync::View>,
    /// Who has asked to come in and was not answered, the newest process of each node.
    pub(crate) asked: VecDeque<Endpoint>,
    /// Own messages that have not been delivered here.
    pub(crate) undelivered: VecDeque<Own>,
    /// Own messages that are not known stable, by position.
    pub(crate) unstable: BTreeMap<u64, Own>,
}

/// An own message.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    /// Its id.
    pub(crate) msg: String,
    /// Whether to tell when it is stable.
    pub(crate) stable: bool,
    /// Whether a flood waits for it.
    pub(crate) flood: bool,
}

/// An own message in a light-weight group.
#[derive(Debug, Clone)]
pub(crate) struct OwnLight {
    /// The group.
    pub(crate) lwg: LwgId,
    /// The message.
    pub(crate) own: Own,
    /// Whether it has been delivered here.
    pub(crate) delivered: bool,
}

/// An operation whose outcome is awaited.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// What was asked.
    pub(crate) operation: Operation,
    /// The group as the asker wrote it.
    pub(crate) written: String,
}

/// All groups of the node.
#[derive(Default)]
pub(crate) struct Groups {
    /// The light-weight groups it is in.
    pub(crate) lights: BTreeMap<LwgId, Light>,
    /// The core groups it is in or joins, those of the default set included.
    pub(crate) cores: BTreeMap<vsync::GroupId, Core>,
    /// Own messages in light-weight groups, until stable.
    pub(crate) own: BTreeMap<SendId, OwnLight>,
    /// What the replicas of groups counted that are over.
    counted: Counts,
    /// Those that were created here, until they are known to be over, or this process is out.
    created: BTreeSet<LwgId>,
    operations: BTreeMap<LwgId, VecDeque<Asked>>,
}

impl Core {
    /// What is told of it besides.
    pub(crate) fn called(&self) -> Option<(&'static str, Value)> {
        self.word.as_ref().map(|word| ("word", word.as_str().into()))
    }
}

impl Groups {
    /// An operation is asked.
    pub(crate) fn asked(&mut self, lwg: LwgId, operation: Operation, written: &str) {
        if operation == Operation::Create {
            self.created.insert(lwg);
        }
        let asked = Asked { operation, written: written.to_owned() };
        self.operations.entry(lwg).or_default().push_back(asked);
    }

    /// It is over, was never made, or is nothing for this process any more.
    pub(crate) fn is_over(&mut self, lwg: LwgId) {
        self.created.remove(&lwg);
    }

    /// This process is out of a light-weight group.
    pub(crate) fn out(&mut self, lwg: LwgId) {
        self.is_over(lwg);
        if let Some(light) = self.lights.remove(&lwg) {
            self.counted += light.replica.counts();
        }
    }

    /// What all replicas have counted since the start.
    pub(crate) fn counts(&self) -> Counts {
        let mut all = self.counted;
        self.lights.values().for_each(|light| all += light.replica.counts());
        all
    }

    /// Whether what it is called here may mean no other.
    pub(crate) fn is_here(&self, lwg: LwgId) -> bool {
        self.created.contains(&lwg) || self.lights.contains_key(&lwg)
    }

    /// Whether an operation on this group is under way.
    pub(crate) fn is_changing(&self, lwg: LwgId) -> bool {
        self.operations.contains_key(&lwg)
    }

    /// Operations under way, on light-weight groups and to enter core groups.
    pub(crate) fn changing(&self) -> usize {
        let entering = self.cores.values().filter(|core| core.view.is_none()).count();
        self.operations.len() + entering
    }

    /// Those of them that others have to do with: who joins and is to leave at once does not join.
    pub(crate) fn owed(&self) -> usize {
        let joining = self.cores.values().filter(|core| core.view.is_none() && !core.founds);
        self.changing() - joining.count()
    }

    /// The oldest operation of this kind on this group has ended; answers how its asker wrote the
    /// group.
    pub(crate) fn ended(&mut self, lwg: LwgId, operation: Operation) -> String {
        let Some(asked) = self.operations.get_mut(&lwg) else { return show_lwg(lwg) };
        let at = asked.iter().position(|asked| asked.operation == operation);
        let ended = at.and_then(|at| asked.remove(at));
        if asked.is_empty() {
            self.operations.remove(&lwg);
        }
        ended.map_or_else(|| show_lwg(lwg), |asked| asked.written)
    }

    /// Those whose outcome nobody will hear.
    pub(crate) fn take_operations(&mut self) -> impl Iterator<Item = (LwgId, Asked)> + use<> {
        let all = std::mem::take(&mut self.operations).into_iter();
        all.flat_map(|(lwg, each)| each.into_iter().map(move |asked| (lwg, asked)))
    }

    /// Whether a light-weight group has members that its core group has lost: its next view is on
    /// the way, and what is sent now would be written down in the old one.
    pub(crate) fn is_late(&self, lwg: LwgId) -> bool {
        let Some(light) = self.lights.get(&lwg) else { return false };
        let core = self.cores.get(&light.view.core).and_then(|core| core.view.as_ref());
        // Mostly it is the view that it stands on.
        core.filter(|core| core.id != light.view.core_view)
            .is_some_and(|core| !light.view.members.iter().all(|it| core.members.contains(it)))
    }

    /// Own messages delivered in light-weight groups on a core group whose view has ended: those
    /// that are stable were told so before, of the others nothing will be told.
    pub(crate) fn take_delivered(&mut self, core: vsync::GroupId) -> Vec<OwnLight> {
        let ended = |own: &OwnLight| {
            own.delivered && self.lights.get(&own.lwg).is_some_and(|light| light.view.core == core)
        };
        let sends: Vec<_> =
            self.own.iter().filter(|(_, own)| ended(own)).map(|(send, _)| *send).collect();
        sends.into_iter().filter_map(|send| self.own.remove(&send)).collect()
    }

    /// Own messages of a group that this process is out of: whether a delivery may still be owed
    /// elsewhere nobody can say.
    pub(crate) fn take_own(&mut self, lwg: LwgId) -> Vec<OwnLight> {
        let sends: Vec<_> =
            self.own.iter().filter(|(_, own)| own.lwg == lwg).map(|(send, _)| *send).collect();
        sends.into_iter().filter_map(|send| self.own.remove(&send)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use horus::Members;
    use muts::{NodeId, ProcId};

    fn member(node: u64) -> Endpoint {
        Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 })
    }

    fn light(count: u64, core: u128, members: &[Endpoint]) -> Light {
        let lwg = LwgId { creator: 1, count };
        let view = View {
            lwg,
            id: lwg::ViewId::default(),
            members: Members::from_slice(members),
            transitional: Members::new(),
            core: vsync::GroupId(core),
            core_view: vsync::ViewId::default(),
            traits: lwg::Traits::PLAIN,
            previous: None,
            first: true,
        };
        Light { view, replica: Replica::new(lwg, member(1), Document::default()) }
    }

    #[test]
    fn a_group_of_others_made_here_is_here_until_it_is_over() {
        let (mut groups, lwg) = (Groups::default(), LwgId { creator: 1, count: 1 });
        groups.asked(lwg, Operation::Create, "l");
        groups.ended(lwg, Operation::Create);
        assert!(groups.is_here(lwg));
        groups.is_over(lwg);
        assert!(!groups.is_here(lwg));
        groups.lights.insert(lwg, light(1, 7, &[]));
        assert!(groups.is_here(lwg), "it was added again");
    }

    #[test]
    fn when_a_core_view_ends_only_what_was_delivered_on_it_is_given_up() {
        let mut groups = Groups::default();
        for (count, core, delivered) in [(1, 7, true), (2, 7, false), (3, 8, true)] {
            let light = light(count, core, &[]);
            let lwg = light.view.lwg;
            groups.lights.insert(lwg, light);
            let own = Own { msg: count.to_string(), stable: false, flood: true };
            groups.own.insert(SendId(count), OwnLight { lwg, own, delivered });
        }
        let taken = groups.take_delivered(vsync::GroupId(7));
        assert_eq!(taken.iter().map(|own| own.own.msg.as_str()).collect::<Vec<_>>(), ["1"]);
        assert_eq!(groups.own.len(), 2);
    }

    #[test]
    fn a_view_is_late_while_it_lists_who_is_out_of_the_core_group() {
        let mut groups = Groups::default();
        for (count, members) in [(1, &[1, 2][..]), (2, &[1, 3])] {
            let members: Vec<_> = members.iter().map(|node| member(*node)).collect();
            let light = light(count, 7, &members);
            groups.lights.insert(light.view.lwg, light);
        }
        let view = vsync::View {
            group: vsync::GroupId(7),
            id: vsync::ViewId { epoch: 9, coordinator: member(1).proc },
            members: vec![member(1), member(3)],
            transitional: Vec::new(),
            parts: Vec::new(),
            previous: None,
            primary: None,
        };
        groups.cores.insert(view.group, Core { view: Some(view), ..Core::default() });
        let late: Vec<_> = groups.lights.keys().map(|lwg| groups.is_late(*lwg)).collect();
        assert_eq!(late, [true, false]);
    }
}
