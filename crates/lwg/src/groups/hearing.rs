//! Hearing: what the kernel tells, to the core group that it concerns.

use muts::Message;
use vsync::{Core, Endpoint, GroupId, How};

use super::{Groups, is_managed};
use crate::core_group::CoreGroup;
use crate::group::Post;
use crate::header::Header;
use crate::here::{Aside, CoreNumber};
use crate::interface::Up;
use crate::letter::Letter;
use crate::membership::distinct;
use crate::policy::Policy;
use crate::traits::LOST;

impl<C: Core, P: Policy> Groups<C, P> {
    /// Takes in all that the kernel tells and gives it all that it takes. What the kernel has told
    /// is processed before it is asked anything, so that stamps name views it is in.
    pub(super) fn turn(&mut self) {
        self.burst = 0;
        loop {
            self.listen();
            self.post_waiting();
            let Some(number) = self.ready.first().copied() else {
                self.heard = true;
                self.give_room();
                return;
            };
            if let Some(core) = self.cores[number as usize].as_mut() {
                core.cast_next(&mut self.here, &mut self.below);
            }
            self.settle_asides();
            self.note(number);
        }
    }

    /// Takes in all that the kernel tells.
    pub(super) fn listen(&mut self) {
        while let Some(up) = self.below.up() {
            self.hear(up);
        }
    }

    fn hear(&mut self, mut up: vsync::Up) {
        // What comes by the million is not moved about.
        if let vsync::Up::Cast { group, from, seq, order, safe, message } = &mut up
            && is_managed(*group)
        {
            if let Some(number) = self.number_of(*group)
                && let Some(core) = self.cores[number as usize].as_mut()
                && !core.on_cast(&mut self.here, (*from, *seq), (*order, *safe), message)
            {
                if self.here.has_news() {
                    self.settle_asides();
                }
                self.note(number);
            }
            return;
        }
        match up {
            vsync::Up::View(view) if is_managed(view.group) => self.on_view(*view),
            vsync::Up::Stable { group, from, below } if is_managed(group) => {
                let me = self.here.me;
                if let Some(number) = self.number_of(group)
                    && let Some(core) = self.cores[number as usize].as_mut()
                    && from == me
                {
                    core.on_stable(&mut self.here, below);
                }
            }
            vsync::Up::Room { group } if is_managed(group) => {
                if let Some(number) = self.number_of(group)
                    && let Some(core) = self.cores[number as usize].as_mut()
                {
                    core.full = false;
                    self.note(number);
                }
            }
            vsync::Up::Out { group, why } if is_managed(group) => self.on_out(group, why),
            vsync::Up::Fault { group, fault } if is_managed(group) => self.on_fault(group, &fault),
            vsync::Up::Merged { group, .. } | vsync::Up::Asks { group, .. }
                if is_managed(group) => {}
            vsync::Up::Send { from, message } => self.on_letter(from, message),
            other => self.pass_up(other),
        }
    }

    /// About a core group of the user's own, or about processes.
    fn pass_up(&mut self, mut up: vsync::Up) {
        if let vsync::Up::Cast { message, .. } = &mut up
            && message.pop::<Header>() != Ok(Header::Bare)
        {
            self.here.counters.malformed += 1;
            return;
        }
        if let vsync::Up::Met { peer } = up {
            self.here.table.memberships.latest.is_met(peer);
        }
        if let vsync::Up::Lost { peer } = up {
            self.here.table.memberships.latest.lose(peer);
            self.placing_lost(peer);
            self.seeking.forget(peer);
            self.letters.lose(peer, &mut self.here.told);
            self.choked_lost(peer);
        }
        self.here.told.push_back(Up::Core(up));
    }

    fn on_view(&mut self, view: vsync::View) {
        let group = view.group;
        let latest = &mut self.here.table.memberships.latest;
        view.members.iter().for_each(|member| latest.is_met(member.proc));
        self.seek_changed(&view);
        self.sets.cores_mut(group).set(group, &view.members);
        let number = if let Some(&number) = self.numbers.get(&group) {
            if let Some(core) = self.cores[number as usize].as_mut() {
                core.on_view(&mut self.here, view);
                if core.closed {
                    self.sets.cores_mut(group).remove(group);
                }
            }
            number
        } else {
            let number = self.free.pop().unwrap_or_else(|| {
                self.cores.push(None);
                (self.cores.len() - 1) as CoreNumber
            });
            self.numbers.insert(group, number);
            self.cores[number as usize] = Some(CoreGroup::new(number, view, &mut self.here));
            number
        };
        self.here.look_all_choked();
        self.sweeping.on_view(self.here.now, number);
        self.settle_asides();
        self.placing_view(number, group);
        self.review_later(group);
        self.say_again(group);
        // The kernel takes casts in every new view, whatever it handed back before.
        if let Some(core) = self.cores[number as usize].as_mut() {
            core.full = false;
        }
        self.note(number);
    }

    /// Who has come with a view, or is out of it, may have parts of what this process is in.
    fn seek_changed(&mut self, view: &vsync::View) {
        let number = self.numbers.get(&view.group).copied();
        let before = number.and_then(|number| self.cores[number as usize].as_ref());
        let before = before.map_or(&[][..], |core| &core.view.members);
        let (me, now) = (self.here.me, self.here.now);
        let come = view.members.iter().filter(|member| !before.contains(member));
        let gone = before.iter().filter(|member| !view.members.contains(member));
        for &member in come.chain(gone).filter(|member| **member != me) {
            self.seeking.note(now, member);
        }
    }

    fn on_out(&mut self, group: GroupId, why: vsync::Why) {
        self.sets.cores_mut(group).remove(group);
        if let Some(number) = self.numbers.remove(&group)
            && let Some(core) = self.cores[number as usize].take()
        {
            self.ready.remove(&number);
            self.sweeping.forget(number);
            if let Some(since) = core.idle_since {
                self.idle.remove(&(since, number));
            }
            core.on_out(&mut self.here);
            self.here.look_all_choked();
            self.placing_out(number);
            self.moves_out(number, group);
            for lwg in self.here.arriving_at(group) {
                self.here.lose_arriving(lwg, crate::interface::Why::CoreLeft);
            }
            self.here.look_at_all_hopes();
            self.settle_asides();
            self.free.push(number);
        }
        self.founding_failed(group);
        self.here.told.push_back(Up::Core(vsync::Up::Out { group, why }));
    }

    pub(crate) fn settle_asides(&mut self) {
        self.here.gather_letters();
        while let Some(aside) = self.here.asides.pop_front() {
            match aside {
                Aside::Known { lwg, core } => {
                    self.known(lwg);
                    self.note(core);
                }
                Aside::Ended { op, outcome } => self.ended(&op, outcome),
                Aside::Homeless { op } => self.place(op.lwg),
                Aside::Moved { op } => self.follow(op),
                Aside::Called { lwg, comes } => self.called(lwg, comes),
                Aside::Departed { lwg } => self.departed(lwg),
                Aside::Arrived { lwg } => {
                    if let Some((core, slot)) = self.here.find(lwg) {
                        self.note(core);
                        self.gathered(lwg, core);
                        if self.here.table.entry(slot).marks.has(LOST) {
                            self.seeking.note_all(self.here.now);
                        }
                    }
                }
                Aside::Hoped { lwg } => self.look_at_hopes(lwg),
                Aside::Asked { lwg, core } => self.asked_in(lwg, core),
                Aside::Elsewhere { lwg, to } => self.gather(lwg, to),
                Aside::Doomed { lwg } => self.doom(lwg),
                Aside::Say { to, letter } => self.say(to, &letter),
                Aside::Closed { core } => {
                    self.sets.cores_mut(core).remove(core);
                    self.ask_below(vsync::Down::Leave { group: core });
                }
            }
        }
    }

    pub(super) fn on_letter(&mut self, from: Endpoint, mut message: Message) {
        match message.pop::<Letter>() {
            Ok(Letter::Bare) => {
                self.here.told.push_back(Up::Core(vsync::Up::Send { from, message }));
            }
            Ok(Letter::Told { lwg }) => {
                self.here.told.push_back(Up::Told { lwg, from, message });
            }
            Ok(Letter::Reply { send }) => {
                self.here.replies.answer(from, send, Some(message), &mut self.here.told);
            }
            Ok(Letter::Declined { send }) => {
                self.here.replies.answer(from, send, None, &mut self.here.told);
            }
            Ok(Letter::Place { lwg, set, members, traits }) => match distinct(&members) {
                Some(members) => self.create((lwg, set), (members, traits), Some(from)),
                None => self.here.counters.malformed += 1,
            },
            Ok(Letter::Placed { lwg, outcome }) => self.on_placed(from, lwg, outcome),
            Ok(Letter::Through { lwg, send, order, safe, replies }) => {
                let (to, outside) = (None, Some(from));
                let how = How { safe, ..How::from(order) };
                self.pass_on(Post { lwg, send, how, replies, to, outside, message });
            }
            Ok(Letter::Passed { send, members }) => {
                self.here.replies.passed(from, send, &members, &mut self.here.told);
            }
            Ok(Letter::Gone { send, members }) => {
                self.here.replies.gone(from, send, &members, &mut self.here.told);
            }
            Ok(Letter::Forget { send }) => self.here.passing.forget(from, send),
            Ok(Letter::After { send }) => self.is_asked_after(from, send),
            Ok(Letter::Still { send }) => self.here.replies.still(from, send),
            Ok(Letter::Seek { groups }) => self.on_seek(from, &groups),
            Ok(Letter::Found { again, parts }) => self.on_found(from, again, parts),
            Ok(Letter::Come { core, groups }) => self.on_come(core, &groups),
            Ok(Letter::Bring { core, members }) => self.invite_to(core, &members),
            Ok(Letter::Choke { lwg }) => self.on_choke(from, lwg, true),
            Ok(Letter::Ease { lwg }) => self.on_choke(from, lwg, false),
            Err(_) => self.here.counters.malformed += 1,
        }
        self.settle_asides();
    }
}
