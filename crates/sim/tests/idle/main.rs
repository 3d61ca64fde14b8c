//! Idle: what core groups take in which nothing happens. Counts, not times.

#[path = "../fuzz/allocator.rs"]
#[expect(dead_code, reason = "the most in use is for fuzzers")]
mod allocator;

use std::collections::VecDeque;
use std::ops::Range;

use muts::{Duration, Instant, ProcId, Transport};
use sim::{App, Birth, Trace, World};
use vsync::{Down, GroupId, Kernel, Order, Up};

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

const HOSTS: usize = 4;

/// Bytes of one group at one process: what `cargo xtask bench vsync` wants to see of 10,000.
const BYTES_MAX: isize = 4_096;

/// The same once everybody has spoken: what streams and their last causes take besides.
const SPOKEN_BYTES_MAX: isize = 4_608;

/// The same after many views: besides, what members asked with to be let in, and trees of which
/// more is empty. No more than that grows with views.
const CHANGED_BYTES_MAX: isize = 4_352;

/// Asks what it is given, counts views, keeps nothing.
#[derive(Default)]
struct Founder {
    asks: VecDeque<Down>,
    whole: u64,
}

impl App for Founder {
    type Down = Down;
    type Up = Up;

    fn told(&mut self, _now: Instant, up: Up) {
        if let Up::View(view) = up {
            self.whole += u64::from(view.members.len() == HOSTS);
        }
    }
    fn ask(&mut self, _now: Instant) -> Option<Down> {
        self.asks.pop_front()
    }
    fn asked(&mut self, _now: Instant, refused: Option<Down>) {
        assert!(refused.is_none(), "windows are wide");
    }
}

type Idle = World<Kernel<Transport>, Founder>;

fn met() -> Idle {
    let factory = |birth: Birth| {
        let transport = Transport::new(muts::Config::new(birth.me, birth.seed));
        let mut founder = Founder::default();
        for host in 0..birth.roster.hosts() {
            let address = muts::Address::Pipe(host as u32);
            founder.asks.push_back(Down::Meet { node: birth.roster.node(host), address });
        }
        (Kernel::new(transport, vsync::Config::new(birth.me, birth.seed)), founder)
    };
    let mut world = World::new(HOSTS, 1, Trace::off(), Box::new(factory));
    (0..HOSTS).for_each(|host| world.start(host));
    world.run_for(Duration::from_secs(1));
    world
}

/// Founds these groups at the first host, and waits until they are whole and quiet.
fn found(world: &mut Idle, groups: Range<u64>) {
    let members: Vec<ProcId> = (1..HOSTS).map(|host| world.process(host)).collect();
    let until = groups.end;
    world.act(0, |founder| {
        for number in groups {
            let group = GroupId(u128::from(number) + 1);
            founder.asks.push_back(Down::Found { group, members: members.clone() });
        }
    });
    let whole = |world: &Idle| (0..HOSTS).all(|h| world.app(h).is_some_and(|a| a.whole == until));
    assert!(world.run_until_so(Duration::from_secs(10), whole), "not founded");
    world.run_for(Duration::from_secs(5));
}

/// Everybody multicasts once in each of these groups; then they are quiet again.
fn speak(world: &mut Idle, groups: Range<u64>, order: Order) {
    for host in 0..HOSTS {
        world.act(host, |founder| {
            for number in groups.clone() {
                let group = GroupId(u128::from(number) + 1);
                let message = muts::Message::new(vec![7; 100]);
                founder.asks.push_back(Down::Cast { group, how: order.into(), message });
            }
        });
    }
    world.run_for(Duration::from_secs(5));
    // A queue keeps its room: that is not the groups'.
    (0..HOSTS).for_each(|host| world.act(host, |founder| founder.asks = VecDeque::new()));
}

/// The last host goes out of each of these groups and comes in again, so often.
fn change(world: &mut Idle, groups: Range<u64>, times: usize) {
    let host = HOSTS - 1;
    for _ in 0..times {
        for comes in [false, true] {
            let contact = Some(world.process(0));
            world.act(host, |founder| {
                for number in groups.clone() {
                    let group = GroupId(u128::from(number) + 1);
                    founder.asks.push_back(match comes {
                        true => Down::Join { group, contact },
                        false => Down::Leave { group },
                    });
                }
            });
            world.run_for(Duration::from_secs(4));
        }
    }
    world.act(host, |founder| founder.asks = VecDeque::new());
}

/// More groups than are measured fill the transports' pools and queues before: what those keep does
/// not grow with groups.
#[test]
fn an_idle_group_of_four_takes_less_than_four_kilobytes() {
    let mut world = met();
    found(&mut world, 0..4_000);
    speak(&mut world, 0..4_000, Order::Total);
    let before = allocator::used();
    let taken = |groups: isize| (allocator::used() - before) / (HOSTS as isize * groups);

    found(&mut world, 4_000..5_000);
    let fresh = taken(1_000);
    assert!(fresh < BYTES_MAX, "{fresh} bytes, fresh");

    for order in [Order::Fifo, Order::Total] {
        speak(&mut world, 4_000..5_000, order);
    }
    let used = taken(1_000);
    assert!(used < SPOKEN_BYTES_MAX, "{used} bytes, after multicasts");

    let whole = world.app(0).expect("up").whole;
    change(&mut world, 4_000..5_000, 8);
    let changed = taken(1_000);
    assert!(changed < CHANGED_BYTES_MAX, "{changed} bytes, after sixteen views");
    assert_eq!(world.app(0).expect("up").whole, whole + 8 * 1_000);
}
