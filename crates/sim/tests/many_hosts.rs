//! More hosts than fit a short heartbeat: all hear of each other, and nobody is taken for deaf.

use std::collections::VecDeque;

use muts::{Duration, Instant, ProcId, Transport};
use sim::{App, Birth, Trace, World};
use vsync::{Down, GroupId, Kernel, Up};

const HOSTS: usize = 64;
const GROUP: GroupId = GroupId(1);

/// Asks what it is given, and keeps its last view.
#[derive(Default)]
struct Member {
    asks: VecDeque<Down>,
    members: Vec<ProcId>,
}

impl App for Member {
    type Down = Down;
    type Up = Up;

    fn told(&mut self, _now: Instant, up: Up) {
        if let Up::View(view) = up {
            self.members = view.members.iter().map(|member| member.proc).collect();
        }
    }
    fn ask(&mut self, _now: Instant) -> Option<Down> {
        self.asks.pop_front()
    }
    fn asked(&mut self, _now: Instant, refused: Option<Down>) {
        assert!(refused.is_none(), "only casts are handed back");
    }
}

fn all_have(world: &World<Kernel<Transport>, Member>, size: usize) -> bool {
    let mut apps = (0..HOSTS).filter_map(|host| world.app(host));
    apps.all(|app| app.members.len() == size)
}

#[test]
fn sixty_four_hosts_are_one_group_and_one_fewer_when_one_dies() {
    let factory = |birth: Birth| {
        let transport = Transport::new(muts::Config::new(birth.me, birth.seed));
        let mut member = Member::default();
        for host in 0..birth.roster.hosts() {
            let address = muts::Address::Pipe(host as u32);
            member.asks.push_back(Down::Meet { node: birth.roster.node(host), address });
        }
        (Kernel::new(transport, vsync::Config::new(birth.me, birth.seed)), member)
    };
    let mut world = World::new(HOSTS, 3, Trace::off(), Box::new(factory));
    (0..HOSTS).for_each(|host| world.start(host));
    world.run_for(Duration::from_secs(1));
    let members = (1..HOSTS).map(|host| world.process(host)).collect();
    let found = Down::Found { group: GROUP, members };
    world.act(0, |member| member.asks.push_back(found));
    world.run_for(Duration::from_secs(4));
    assert!(all_have(&world, HOSTS), "all are in");
    world.crash(HOSTS - 1);
    world.run_for(Duration::from_secs(3));
    assert!(all_have(&world, HOSTS - 1), "all have noticed, and nobody else is out");
}
