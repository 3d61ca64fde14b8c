//! House: daemons and their clients on perfect air.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use muts::{Address, Counted as _, Layer, NodeId, Packet, Porter, ProcId};
use vsync::gate::{Bye, Client, Config, News, Server, VERSIONS};
use vsync::{Down, GroupId, Order, Up};

use crate::common::{Air, Breath, message, proc};

pub(crate) const GROUP: GroupId = GroupId(1 << 127 | 7);

/// Daemons on perfect air, each with some clients.
pub(crate) struct House {
    pub(crate) air: Rc<RefCell<Air>>,
    pub(crate) servers: Vec<Server<Breath>>,
    pub(crate) clients: BTreeMap<u32, Desk>,
    pub(crate) parted: Vec<(u32, Bye)>,
    pub(crate) pipes: u32,
}

/// A client, and what it was told.
pub(crate) struct Desk {
    pub(crate) client: Client,
    pub(crate) server: usize,
    pub(crate) told: Vec<Up>,
    /// It takes nothing out of its pipe.
    pub(crate) deaf: bool,
}

pub(crate) fn named(name: &str, incarnation: u64) -> ProcId {
    ProcId { node: NodeId::of_name(name), incarnation }
}

impl House {
    pub(crate) fn new(daemons: &str) -> Self {
        Self::configured(daemons, |_| {})
    }

    pub(crate) fn configured(daemons: &str, change: impl Fn(&mut Config)) -> Self {
        let air = Air::with(daemons, 5);
        let servers = daemons.chars().map(|name| {
            let me = proc(name);
            let mut config = Config::new(me, 9);
            change(&mut config);
            Server::new(Breath::of(me, &air), config)
        });
        let servers = servers.collect();
        Self { air, servers, clients: BTreeMap::new(), parted: Vec::new(), pipes: 0 }
    }

    pub(crate) fn open(&mut self, server: usize) -> u32 {
        self.pipes += 1;
        let now = self.air.borrow().now;
        self.servers[server].opened(now, self.pipes, None);
        self.pipes
    }

    /// A client of this name comes to that daemon.
    pub(crate) fn come(&mut self, server: usize, name: &str, incarnation: u64) -> u32 {
        self.come_speaking(server, name, incarnation, VERSIONS)
    }

    pub(crate) fn come_speaking(
        &mut self,
        server: usize,
        name: &str,
        incarnation: u64,
        versions: (u8, u8),
    ) -> u32 {
        let pipe = self.open(server);
        let client = Client::speaking(versions, named(name, incarnation), name);
        self.clients.insert(pipe, Desk { client, server, told: Vec::new(), deaf: false });
        self.turn();
        pipe
    }

    pub(crate) fn ask(&mut self, pipe: u32, ask: Down) -> bool {
        let now = self.air.borrow().now;
        let desk = self.clients.get_mut(&pipe).expect("a client");
        let taken = desk.client.down(now, ask).is_ok();
        self.turn();
        taken
    }

    pub(crate) fn cast(&mut self, pipe: u32, text: &str) -> bool {
        let (order, message) = (Order::Total, message(text));
        self.ask(pipe, Down::Cast { group: GROUP, how: order.into(), message })
    }

    /// Bytes go to and fro until nobody has any.
    pub(crate) fn turn(&mut self) {
        let now = self.air.borrow().now;
        let mut busy = true;
        while std::mem::take(&mut busy) {
            for (pipe, desk) in &mut self.clients {
                let server = &mut self.servers[desk.server];
                while let Some(bytes) = desk.client.transmit(now) {
                    server.hear(now, *pipe, &bytes.gather());
                    busy = true;
                }
                while !desk.deaf
                    && let Some(bytes) = server.write(now, *pipe)
                {
                    desk.client.receive(now, Packet { from: Address::Pipe(0), bytes });
                    busy = true;
                }
                desk.told.extend(std::iter::from_fn(|| desk.client.up()));
            }
            for server in &mut self.servers {
                while let Some(news) = server.up() {
                    let News::Parted { pipe, why, last, .. } = news else { continue };
                    self.parted.push((pipe, why));
                    if let Some(desk) = self.clients.get_mut(&pipe) {
                        desk.client.receive(now, Packet { from: Address::Pipe(0), bytes: last });
                    }
                }
            }
        }
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.air.borrow().now + time;
        loop {
            let now = Air::step(&self.air);
            for server in &mut self.servers {
                let due = server.deadline().is_some_and(|due| due <= now);
                if due || Air::waits(&self.air, server.below()) {
                    server.wake(now);
                }
            }
            self.turn();
            if now >= end {
                return;
            }
        }
    }

    /// A daemon is heard no more, or again, though all that is said to it arrives.
    pub(crate) fn mute(&mut self, daemon: char, mute: bool) {
        let mut air = self.air.borrow_mut();
        if mute {
            air.still.insert(proc(daemon));
        } else {
            air.still.remove(&proc(daemon));
        }
    }

    /// No daemon is turned for so long: all stood still.
    pub(crate) fn stand_still(&mut self, time: Duration) {
        self.air.borrow_mut().now += time;
    }

    pub(crate) fn heard(&self, pipe: u32) -> Vec<String> {
        let casts = self.clients[&pipe].told.iter().filter_map(|up| match up {
            Up::Cast { message, .. } => Some(String::from_utf8_lossy(message.body()).into_owned()),
            _ => None,
        });
        casts.collect()
    }

    pub(crate) fn members(&self, pipe: u32) -> Vec<ProcId> {
        let views = self.clients[&pipe].told.iter().rev().filter_map(|up| match up {
            Up::View(view) => Some(view.members.iter().map(|member| member.proc).collect()),
            _ => None,
        });
        let mut members: Vec<ProcId> = views.take(1).next().unwrap_or_default();
        members.sort_unstable();
        members
    }

    pub(crate) fn count(&self, server: usize, name: &str) -> u64 {
        let mut found = 0;
        self.servers[server].count(&mut |each, number| {
            if each == name {
                found += number;
            }
        });
        found
    }
}

/// Three clients of one daemon and one of another, in one group.
pub(crate) fn town() -> (House, [u32; 4]) {
    let mut house = House::new("AB");
    let pipes = [("a", 0), ("b", 0), ("c", 0), ("d", 1)].map(|(name, at)| house.come(at, name, 1));
    house.run(Duration::from_millis(600));
    let members = ["a", "b", "c", "d"].map(|name| named(name, 1)).to_vec();
    assert!(house.ask(pipes[0], Down::Found { group: GROUP, members: members.clone() }));
    house.run(Duration::from_millis(400));
    let mut sorted = members;
    sorted.sort_unstable();
    for pipe in pipes {
        assert_eq!(house.members(pipe), sorted);
    }
    (house, pipes)
}
