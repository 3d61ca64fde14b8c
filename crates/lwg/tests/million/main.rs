//! A million groups at one process: what they take, and what a failure costs. Counts, not times.

mod counting;
mod straight;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use counting::Counting;
use lwg::{
    Config, Down, Endpoint, GroupId, Groups, LwgId, Members, Message, Order, ProcId, SendId,
    Smallest, Up,
};
use muts::{Counted, Duration, Instant, Layer, NodeId};
use straight::{Straight, Wire};

#[global_allocator]
static COUNTING: Counting = Counting::new();

/// Who measures is alone.
static MEASURED: Mutex<()> = Mutex::new(());

const MILLION: u64 = 1_000_000;

fn seat(node: u64) -> Endpoint {
    Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 })
}

fn seats(nodes: &[u64]) -> Members {
    nodes.iter().map(|node| seat(*node)).collect()
}

struct Alone {
    tower: Groups<Straight>,
    wire: Rc<RefCell<Wire>>,
    now: Instant,
    views: u64,
    core: GroupId,
}

impl Alone {
    fn new() -> Self {
        let (below, wire) = Straight::new(seat(1));
        let policy = Smallest { extras_max: Some(0), grace: None };
        let tower = Groups::with_policy(below, Config::new(seat(1)), policy);
        Self { tower, wire, now: Instant::ZERO, views: 0, core: GroupId::default() }
    }

    fn hear(&mut self) {
        while let Some(up) = self.tower.up() {
            if let Up::View(view) = up {
                self.views += 1;
                self.core = view.core;
            }
        }
    }

    fn create(&mut self, count: u64, members: &Members) {
        let lwg = LwgId::minted(seat(1), count);
        let ask = Down::Create { lwg, members: members.clone() };
        self.tower.down(self.now, ask).expect("room");
        if count.is_multiple_of(200) {
            self.hear();
        }
    }

    fn count(&self, name: &str) -> u64 {
        let mut found = 0;
        self.tower.count(&mut |each, number| {
            if each == name {
                found = number;
            }
        });
        found
    }
}

/// What a failure cost: asks to the kernel, groups touched and things told until the first message
/// of the new view.
fn failure(groups: u64) -> (u64, u64, u64) {
    let mut alone = Alone::new();
    let members = seats(&[1, 2, 3, 4]);
    (0..groups).for_each(|count| alone.create(count, &members));
    alone.hear();
    assert_eq!(alone.views, groups);
    assert_eq!(alone.count("lwg.groups"), groups);
    let asks = alone.wire.borrow().asks;
    alone.wire.borrow_mut().view(alone.core, &seats(&[1, 2, 3]), false);
    // What is done to the kernel so, it may have told of.
    let _ = alone.tower.below_mut();
    let send = Down::Send {
        lwg: LwgId::minted(seat(1), groups / 2),
        send: SendId(1),
        how: Order::Fifo.into(),
        replies: false,
        message: Message::default(),
    };
    alone.tower.down(alone.now, send).expect("room");
    let mut told = 1;
    while !matches!(alone.tower.up().expect("a message"), Up::Message { .. }) {
        told += 1;
    }
    let cost = (alone.wire.borrow().asks - asks, alone.count("lwg.touched"), told);
    // The rest waits until what is sent has gone, and comes by and by, a bounded part a turn.
    assert!(alone.tower.deadline().is_none_or(|at| at > alone.now), "messages go first");
    alone.now += Duration::from_millis(2);
    let mut turns = 0;
    while alone.tower.deadline().is_some_and(|at| at <= alone.now) {
        alone.tower.wake(alone.now);
        alone.hear();
        turns += 1;
    }
    assert_eq!(alone.count("lwg.touched"), groups);
    assert!(alone.views >= (2 * groups).saturating_sub(257), "few were told before the message");
    assert!(turns <= 1 + groups / 256, "{turns} turns");
    assert_eq!(alone.wire.borrow().asks, asks + 1, "the message, and nothing else");
    alone.now += Duration::from_secs(3_600);
    alone.tower.wake(alone.now);
    assert_eq!((alone.tower.up().is_none(), alone.tower.deadline()), (true, None));
    cost
}

#[test]
fn a_failure_costs_the_same_with_few_groups_and_with_a_million() {
    let _alone = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(failure(1), (1, 1, 3), "the message; its group; core view, view, message");
    // 256 are brought up to date with the view, and the one that the message is of.
    for groups in [1_000, 100_000, MILLION] {
        let (asks, touched, told) = failure(groups);
        assert_eq!(asks, 1, "{groups} groups");
        assert!(touched <= 257 && told <= 259, "{touched} touched, {told} told of {groups}");
    }
}

#[test]
fn a_million_idle_groups_take_at_most_64_bytes_each() {
    let _alone = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut alone = Alone::new();
    let members = seats(&[1, 2, 3, 4]);
    alone.create(0, &members);
    alone.hear();
    let before = COUNTING.held();
    (1..MILLION).for_each(|count| alone.create(count, &members));
    alone.hear();
    let each = (COUNTING.held() - before) as f64 / MILLION as f64;
    println!("{each:.1} bytes a group on one core group");
    assert!(each <= 64.0, "{each} bytes");
    assert_eq!(alone.count("lwg.memberships"), 1);
    // Pipelined creates travel together.
    let casts = alone.count("lwg.batches");
    assert!(casts <= MILLION / 190, "{casts} casts for a million creates");
}

#[test]
fn spread_over_200_core_groups_they_take_no_more() {
    let _alone = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut alone = Alone::new();
    let mut before = 0;
    for round in 0..1_000 {
        for core in 0..200 {
            alone.create(round * 200 + core, &seats(&[1, 2, 3, 100 + core]));
        }
        alone.hear();
        if round == 0 {
            before = COUNTING.held();
        }
    }
    assert_eq!(alone.count("lwg.core_groups"), 200);
    let each = (COUNTING.held() - before) as f64 / (999.0 * 200.0);
    println!("{each:.1} bytes a group on 200 core groups");
    assert!(each <= 64.0, "{each} bytes");
}

#[test]
fn what_is_held_is_counted() {
    let _alone = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    let before = COUNTING.held();
    let kept = vec![0_u8; 1 << 24];
    // Whoever runs the tests lets go of a little meanwhile.
    assert!(COUNTING.held() + (1 << 20) >= before + kept.len());
}

/// The kernel is full while all this is asked; then each operation is back before what was asked
/// after it has gone out.
#[test]
fn what_was_asked_first_goes_first_though_operations_come_to_nothing() {
    let _alone = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut alone = Alone::new();
    alone.create(1, &seats(&[1]));
    alone.hear();
    alone.wire.borrow_mut().full = true;
    let lwg = LwgId::minted(seat(1), 1);
    for send in (1..=4).map(SendId) {
        let remove = Down::Remove { lwg, members: seats(&[9]) };
        alone.tower.down(alone.now, remove).expect("room");
        let (how, replies, message) = (Order::Fifo.into(), false, Message::default());
        alone.tower.down(alone.now, Down::Send { lwg, send, how, replies, message }).expect("room");
        alone.hear();
    }
    let core = alone.core;
    alone.wire.borrow_mut().make_room(core);
    let mut told = Vec::new();
    while let Some(up) = alone.tower.up() {
        if let Up::Message { send, .. } = up {
            told.push(send.0);
        }
    }
    assert_eq!(told, [1, 2, 3, 4]);
}
