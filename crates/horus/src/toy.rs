//! A tower of one process without a network: every member but oneself is missing.

use std::collections::{BTreeMap, VecDeque};

use lwg::{Down, Endpoint, LwgId, Outcome, Up, View, ViewId};
use muts::{Full, Instant, Layer, Packet, ProcId, Transmit};

use crate::tower::Tower;

pub(crate) struct Toy {
    me: Endpoint,
    told: VecDeque<Up>,
    groups: BTreeMap<LwgId, ViewId>,
}

impl Toy {
    pub(crate) fn new(me: ProcId) -> Self {
        Self { me: Endpoint::of(me), told: VecDeque::new(), groups: BTreeMap::new() }
    }

    fn create(&mut self, lwg: LwgId, members: lwg::Members) {
        let others: lwg::Members = members.iter().copied().filter(|m| *m != self.me).collect();
        let outcome = if others.is_empty() { Outcome::Done } else { Outcome::Missing(others) };
        if outcome == Outcome::Done {
            let id = ViewId { counter: 1, digest: 1 };
            self.groups.insert(lwg, id);
            let view = View {
                lwg,
                id,
                transitional: members.clone(),
                members,
                core: vsync::GroupId(1),
                core_view: vsync::ViewId::default(),
                previous: None,
            };
            self.told.push_back(Up::View(view));
        }
        self.told.push_back(Up::Done { lwg, outcome });
    }
}

impl Layer for Toy {
    type Down = Down;
    type Up = Up;
    fn down(&mut self, _: Instant, ask: Down) -> Result<(), Full<Down>> {
        match ask {
            Down::Create { lwg, members } => self.create(lwg, members),
            Down::Send { lwg, send, order, replies, message } => {
                if let Some(view) = self.groups.get(&lwg) {
                    let (view, from) = (*view, self.me);
                    let up = Up::Message { lwg, view, from, send, order, replies, message };
                    self.told.push_back(up);
                    self.told.push_back(Up::Stable { send });
                }
            }
            Down::Reply { send, reply, .. } => {
                if let Some(message) = reply {
                    self.told.push_back(Up::Reply { send, from: self.me, message });
                }
                self.told.push_back(Up::Answered { send, lost: lwg::Members::new() });
            }
            Down::Destroy { lwg } => {
                self.groups.remove(&lwg);
                self.told.push_back(Up::Done { lwg, outcome: Outcome::Done });
                self.told.push_back(Up::Out { lwg, why: lwg::Why::Destroyed });
            }
            _ => {}
        }
        Ok(())
    }
    fn up(&mut self) -> Option<Up> {
        self.told.pop_front()
    }
    fn receive(&mut self, _: Instant, _: Packet) {}
    fn transmit(&mut self, _: Instant) -> Option<Transmit> {
        None
    }
    fn wake(&mut self, _: Instant) {}
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Tower for Toy {
    fn count(&self, tell: &mut dyn FnMut(&'static str, u64)) {
        tell("toy.groups", self.groups.len() as u64);
    }
    fn why(&self, lwg: LwgId) -> Option<String> {
        self.groups.contains_key(&lwg).then(|| "alone".into())
    }
}
