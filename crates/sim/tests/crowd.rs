//! A crowd: thousands of core groups that change at once, at hosts that take in only so much.

use std::collections::{BTreeMap, VecDeque};

use muts::{Duration, Instant, Transport};
use sim::{App, Birth, Intake, Trace, World};
use vsync::{Down, GroupId, Kernel, Up, View};

const HOSTS: usize = 4;
const GROUPS: u64 = 2_000;

/// A core that has other things to do: two megabytes a second, and a large socket buffer.
const BUSY: Intake = Intake { byte_ns: 500, kept_bytes: 1 << 20 };

/// Asks what it is given, and keeps how large each group is by its last view.
#[derive(Default)]
pub(crate) struct Founder {
    pub(crate) asks: VecDeque<Down>,
    pub(crate) sizes: BTreeMap<GroupId, usize>,
    /// The last view of each.
    pub(crate) present: BTreeMap<GroupId, View>,
    /// Views so far.
    pub(crate) views: u64,
    last: Option<Instant>,
    /// Multicasts that came.
    pub(crate) casts: u64,
    /// Of each group when the last multicast came, and the longest time between two.
    pub(crate) gaps: BTreeMap<GroupId, (Instant, Duration)>,
    /// One was handed back, and there has been no room since.
    waits: bool,
}

impl App for Founder {
    type Down = Down;
    type Up = Up;

    fn told(&mut self, now: Instant, up: Up) {
        if let Up::View(view) = up {
            self.sizes.insert(view.group, view.members.len());
            self.views += 1;
            self.last = Some(now);
            self.present.insert(view.group, *view);
        } else if let Up::Cast { group, .. } = up {
            self.casts += 1;
            let (last, longest) = self.gaps.entry(group).or_insert((now, Duration::ZERO));
            *longest = now.since(*last).max(*longest);
            *last = now;
        } else if let Up::Room { .. } = up {
            self.waits = false;
        }
    }
    fn ask(&mut self, _now: Instant) -> Option<Down> {
        if self.waits { None } else { self.asks.pop_front() }
    }
    fn asked(&mut self, _now: Instant, refused: Option<Down>) {
        let Some(refused) = refused else { return };
        assert!(matches!(refused, Down::Cast { .. }), "only casts are handed back");
        self.asks.push_front(refused);
        self.waits = true;
    }
}

pub(crate) type Crowd = World<Kernel<Transport>, Founder>;

/// Who is in a group: three of the four, each of them in three of four groups.
fn trio(number: u64) -> [usize; 3] {
    let first = number as usize % HOSTS;
    [first, (first + 1) % HOSTS, (first + 2) % HOSTS]
}

fn group(number: u64) -> GroupId {
    GroupId(u128::from(number) + 1)
}

/// So many hosts that have met and are in no group.
pub(crate) fn met(hosts: usize, seed: u64) -> Crowd {
    met_with(hosts, seed, |_| {})
}

/// The same with other settings.
pub(crate) fn met_with(
    hosts: usize,
    seed: u64,
    change: impl Fn(&mut vsync::Config) + 'static,
) -> Crowd {
    let factory = move |birth: Birth| {
        let transport = Transport::new(muts::Config::new(birth.me, birth.seed));
        let mut founder = Founder::default();
        for host in 0..birth.roster.hosts() {
            let address = muts::Address::Pipe(host as u32);
            founder.asks.push_back(Down::Meet { node: birth.roster.node(host), address });
        }
        let mut config = vsync::Config::new(birth.me, birth.seed);
        change(&mut config);
        (Kernel::new(transport, config), founder)
    };
    let mut world = World::new(hosts, seed, Trace::off(), Box::new(factory));
    (0..hosts).for_each(|host| world.start(host));
    world.run_for(Duration::from_secs(1));
    world
}

fn found_all(world: &mut Crowd) {
    for number in 0..GROUPS {
        let [first, others @ ..] = trio(number);
        let members = others.map(|host| world.process(host)).to_vec();
        let found = Down::Found { group: group(number), members };
        world.act(first, |founder| founder.asks.push_back(found));
    }
}

/// Hosts that take in so much, and all groups founded among them; tells how long that took.
fn founded(seed: u64, intake: Intake) -> (Crowd, Duration) {
    let mut world = met(HOSTS, seed);
    world.network.set_intake(intake);
    found_all(&mut world);
    let (took, _) = until_all(&mut world, |_| 3);
    (world, took)
}

/// Whether each group has this many members wherever it lives.
fn all_have(world: &Crowd, size: impl Fn(u64) -> usize) -> bool {
    (0..GROUPS).all(|number| {
        trio(number).into_iter().all(|host| {
            let app = world.app(host);
            app.is_none_or(|app| app.sizes.get(&group(number)) == Some(&size(number)))
        })
    })
}

/// Runs until all groups are so large; tells how long that took, and the datagrams it took.
fn until_all(world: &mut Crowd, size: impl Fn(u64) -> usize) -> (Duration, u64) {
    let (begun, sent) = (world.now(), world.network.counted().0);
    let step = Duration::from_millis(10);
    let mut steps = 0;
    while !all_have(world, &size) {
        assert!(steps < 6_000, "not after a minute");
        world.run_for(step);
        steps += 1;
    }
    let last = (0..HOSTS).filter_map(|host| world.app(host)?.last).max().expect("views");
    (last.since(begun), world.network.counted().0 - sent)
}

/// All groups come about, one host crashes: three of four groups have to close their epoch, and
/// what they say again must leave room for what they wait for.
#[test]
fn thousands_of_groups_that_change_at_once_do_not_keep_each_other_from_it() {
    for seed in 1..=3 {
        let (mut world, took) = founded(seed, BUSY);
        assert!(took < Duration::from_secs(1), "founded after {took:?}, seed {seed}");
        world.run_for(Duration::from_secs(3));

        world.crash(3);
        let (took, datagrams) = until_all(&mut world, |n| if trio(n).contains(&3) { 2 } else { 3 });
        // A second of it passes before anybody is suspected.
        assert!(took < Duration::from_millis(1_500), "last view after {took:?}, seed {seed}");
        assert!(datagrams < 2_500, "{datagrams} datagrams, seed {seed}");
    }
}

/// The same with an eighth of the room: what is lost on the way is said again, and all comes about.
#[test]
fn thousands_of_groups_change_at_once_where_most_of_what_they_say_is_lost() {
    let (mut world, took) = founded(1, Intake { byte_ns: 2_000, kept_bytes: 208 << 10 });
    assert!(took < Duration::from_secs(5), "founded after {took:?}");
    world.run_for(Duration::from_secs(3));
    world.crash(3);
    let (took, datagrams) = until_all(&mut world, |n| if trio(n).contains(&3) { 2 } else { 3 });
    assert!(took < Duration::from_millis(4_500), "last view after {took:?}");
    assert!(datagrams < 20_000, "{datagrams} datagrams");
}

/// One host is cut off and comes back: three of four groups part, and become one again.
#[test]
fn thousands_of_groups_part_and_meet_again() {
    let (mut world, _) = founded(1, BUSY);
    for host in 0..HOSTS - 1 {
        world.network.cut(host, HOSTS - 1, true);
        world.network.cut(HOSTS - 1, host, true);
    }
    world.run_for(Duration::from_secs(10));
    assert!(!all_have(&world, |_| 3), "nobody missed who was cut off");
    world.network.heal();
    let (took, datagrams) = until_all(&mut world, |_| 3);
    assert!(took < Duration::from_secs(5), "last view after {took:?}");
    assert!(datagrams < 80_000, "{datagrams} datagrams");
}

/// One host crashes, and comes back before anybody can know it. It asks into all of its groups at
/// once, which exclude what it was and take in what it is.
#[test]
fn thousands_of_groups_take_in_one_that_comes_back() {
    let (mut world, _) = founded(1, BUSY);
    world.run_for(Duration::from_secs(3));
    world.crash(3);
    world.start(3);
    for number in (0..GROUPS).filter(|number| trio(*number).contains(&3)) {
        let contact = trio(number).into_iter().find(|host| *host != 3);
        let contact = contact.map(|host| world.process(host));
        let join = Down::Join { group: group(number), contact };
        world.act(3, |founder| founder.asks.push_back(join));
    }
    let (took, datagrams) = until_all(&mut world, |_| 3);
    assert!(took < Duration::from_millis(2_500), "last view after {took:?}");
    assert!(datagrams < 30_000, "{datagrams} datagrams");
}
