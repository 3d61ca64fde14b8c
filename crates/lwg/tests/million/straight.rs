//! Straight: a kernel for one tower, which delivers what is cast at once and forgets it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use lwg::{Endpoint, GroupId};
use muts::{Counted, Full, Instant, Layer, Packet, Transmit};
use vsync::{Down, Up, View, ViewId};

#[derive(Default)]
pub(crate) struct Wire {
    told: VecDeque<Up>,
    /// What was asked of the kernel, other than founding.
    pub(crate) asks: u64,
    epoch: u64,
    /// It takes no casts.
    pub(crate) full: bool,
}

pub(crate) struct Straight {
    me: Endpoint,
    wire: Rc<RefCell<Wire>>,
}

impl Straight {
    pub(crate) fn new(me: Endpoint) -> (Self, Rc<RefCell<Wire>>) {
        let wire = Rc::new(RefCell::new(Wire::default()));
        (Self { me, wire: Rc::clone(&wire) }, wire)
    }
}

impl Wire {
    /// It takes casts again.
    pub(crate) fn make_room(&mut self, group: GroupId) {
        self.full = false;
        self.told.push_back(Up::Room { group });
    }

    /// The next view of a group: these came along, if there was one before.
    pub(crate) fn view(&mut self, group: GroupId, members: &[Endpoint], first: bool) {
        self.epoch += 1;
        let members = members.to_vec();
        let previous =
            (!first).then_some(ViewId { epoch: self.epoch - 1, coordinator: members[0].proc });
        self.told.push_back(Up::View(Box::new(View {
            group,
            id: ViewId { epoch: self.epoch, coordinator: members[0].proc },
            transitional: members.clone(),
            parts: vec![members.clone()],
            members,
            previous,
            primary: None,
        })));
    }
}

impl Layer for Straight {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, _: Instant, ask: Down) -> Result<(), Full<Down>> {
        let mut wire = self.wire.borrow_mut();
        match ask {
            Down::Found { group, mut members } => {
                members.sort_unstable();
                let members: Vec<Endpoint> = members.into_iter().map(Endpoint::of).collect();
                wire.view(group, &members, true);
            }
            Down::Cast { group, how, message } if wire.full => {
                return Err(Full(Down::Cast { group, how, message }));
            }
            Down::Cast { group, how, message } => {
                wire.asks += 1;
                let (from, seq) = (self.me, wire.asks);
                wire.told.push_back(Up::Cast {
                    group,
                    from,
                    seq,
                    order: how.order,
                    safe: how.safe,
                    message,
                });
            }
            _ => wire.asks += 1,
        }
        Ok(())
    }

    fn up(&mut self) -> Option<Up> {
        self.wire.borrow_mut().told.pop_front()
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

impl Counted for Straight {
    fn count(&self, _: &mut dyn FnMut(&'static str, u64)) {}
}
