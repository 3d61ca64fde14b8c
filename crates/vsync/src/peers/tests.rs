//! What is known of peers, as time passes.

use alloc::vec;

use super::over::FORGOTTEN_AFTER;
use super::*;
use crate::limits::LOST_MAX;

#[test]
fn who_is_over_is_no_hole_in_anybodys_row() {
    let proc = |node, incarnation| ProcId { node: NodeId(node), incarnation };
    let (now, other) = (Instant::ZERO, proc(2, 1));
    let mut peers = Peers::new(&Config::new(proc(1, 1), 1));
    peers.met(now, other);
    let (beat, bytes) = (Beat { row: Row::default(), digest: 0 }, Bytes::new());
    for incarnation in 1..100 {
        peers.met(now, proc(3, incarnation));
        peers.hear_row(now, other, &beat, &bytes);
        assert_eq!(peers.all[&other].holes.len(), 2, "this process, and that one");
        peers.lost(now, proc(3, incarnation));
        peers.hear_row(now, other, &beat, &bytes);
        assert_eq!(peers.all[&other].holes.len(), 1);
    }
}

#[test]
fn what_is_said_again_is_looked_at_again_once_others_are_known_or_over() {
    let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
    let (now, other) = (Instant::ZERO, proc(2));
    let mut peers = Peers::new(&Config::new(proc(1), 1));
    peers.met(now, other);
    let row = [Brief::of(other, proc(1))].into_iter().collect();
    let (beat, bytes) = (Beat { row, digest: 7 }, Bytes::from_static(b"a beat"));
    let hear = |peers: &mut Peers| {
        assert_eq!(peers.says_again(other, &bytes), None);
        peers.hear_row(now, other, &beat, &bytes);
        assert_eq!(peers.says_again(other, &bytes), Some(7));
        assert_eq!(peers.says_again(other, &Bytes::from_static(b"another")), None);
        peers.all[&other].holes.keys().copied().collect::<Vec<ProcId>>()
    };
    assert_eq!(hear(&mut peers), []);
    peers.met(now, proc(3));
    assert_eq!(hear(&mut peers), [proc(3)], "one more is known, whom it does not hear");
    peers.lost(now, proc(3));
    assert_eq!(hear(&mut peers), []);
    peers.silent(now, other, now);
    peers.back(now, other);
    assert_eq!(hear(&mut peers), [], "what it said before the silence is old");
    peers.know(now, proc(4));
    assert_eq!(hear(&mut peers), [proc(4)]);
    peers.forget(now + FORGOTTEN_AFTER * 2);
    assert_eq!(hear(&mut peers), []);
}

#[test]
fn who_restarts_a_thousand_times_is_known_once() {
    let proc = |node, incarnation| ProcId { node: NodeId(node), incarnation };
    let mut peers = Peers::new(&Config::new(proc(1, 1), 1));
    for incarnation in 1..1_000 {
        let now = Instant::from_nanos(incarnation * 1_000_000_000);
        if incarnation > 1 {
            peers.lost(now, proc(3, incarnation - 1));
        }
        peers.met(now, proc(3, incarnation));
        // Each is in a view that ends after the next one has come.
        peers.share(now, proc(3, incarnation), 7);
        peers.forget(now);
        assert!(peers.count() <= 2, "{} are known", peers.count());
        if incarnation > 1 {
            peers.share(now, proc(3, incarnation - 1), 7);
        }
    }
    let now = Instant::from_nanos(1_000_000_000_000);
    assert!(peers.is_lost(proc(3, 5)) && peers.is_long_lost(now, proc(3, 5)));
    assert_eq!(peers.heir(proc(3, 5)), proc(3, 999));
    assert_eq!(peers.charge(now, proc(3, 5)), Some(Charge::Over));
}

#[test]
fn of_nodes_that_are_over_only_so_many_are_known() {
    let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
    let mut peers = Peers::new(&Config::new(proc(0), 1));
    for node in 1..=2 * LOST_MAX as u64 {
        let now = Instant::from_nanos(node);
        peers.met(now, proc(node));
        peers.lost(now, proc(node));
    }
    peers.know(Instant::ZERO, proc(u64::MAX));
    peers.forget(Instant::ZERO + FORGOTTEN_AFTER * 2);
    assert_eq!(peers.count(), LOST_MAX);
    assert!(peers.is_lost(proc(2 * LOST_MAX as u64)) && !peers.is_lost(proc(1)));
}

#[test]
fn a_link_that_breaks_again_and_again_has_to_be_good_for_ever_longer() {
    let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
    let mut peers = Peers::new(&Config::new(proc(0), 1));
    let (mut now, other) = (Instant::ZERO, proc(1));
    peers.met(now, other);
    let mut waits = Vec::new();
    for _ in 0..9 {
        peers.silent(now, other, now);
        peers.back(now, other);
        let mut waited = Duration::ZERO;
        while !peers.hears(now, other) {
            waited += Duration::from_millis(500);
            now += Duration::from_millis(500);
        }
        waits.push(waited.as_millis());
    }
    assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    now += FORGIVEN_AFTER * 2;
    peers.silent(now, other, now);
    peers.back(now, other);
    assert!(!peers.hears(now, other) && peers.hears(now + Duration::from_millis(500), other));
}

#[test]
fn who_is_heard_for_a_moment_now_and_then_is_not_waited_for() {
    let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
    let mut peers = Peers::new(&Config::new(proc(0), 1));
    // However short probation is.
    peers.good_again = Duration::from_secs(30);
    let (mut now, other) = (Instant::ZERO, proc(1));
    peers.met(now, other);
    for breaks in 1..6 {
        peers.silent(now, other, now);
        assert!(!peers.comes_back(now, other));
        now += Duration::from_millis(200);
        peers.back(now, other);
        assert_eq!(peers.comes_back(now, other), breaks <= 1, "after {breaks} breaks");
        now += Duration::from_millis(1_000);
        assert!(breaks <= 1 || !peers.comes_back(now, other), "after {breaks} breaks");
    }
    now += Duration::from_millis(1);
    assert!(peers.comes_back(now, other), "it has held");
}

#[test]
fn what_time_alone_changes_is_seen_at_its_time_though_nothing_is_heard() {
    let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
    let config = Config::new(proc(1), 1);
    let (met, named) = (proc(2), proc(3));
    let mut peers = Peers::new(&config);
    peers.met(Instant::ZERO, met);
    peers.know(Instant::ZERO, named);
    // What is looked at is what is asked for, at each time.
    let mut seen = [(false, false); 2];
    let step = Duration::from_millis(1);
    let mut now = Instant::ZERO;
    while now < Instant::ZERO + config.suspicion * 2 {
        let (changed, _) = peers.look(now);
        for (proc, seen) in [met, named].into_iter().zip(&mut seen) {
            let known = peers.all[&proc].met;
            let is = (peers.suspects(now, proc) && known, peers.hears(now, proc));
            assert_eq!(changed.contains(&proc), is != *seen, "{proc:?} at {now:?}");
            *seen = is;
        }
        now += step;
    }
    assert_eq!(seen[0], (false, true), "it is relied on");
    // Another says for too long that it does not hear that one.
    peers.met(now, named);
    let row = Row::default();
    let (beat, bytes) = (Beat { row, digest: 0 }, Bytes::new());
    peers.hear_row(now, met, &beat, &bytes);
    let torn = now + config.suspicion;
    assert!(!peers.look(torn).0.contains(&met));
    assert!(peers.look(torn + step).0.contains(&met), "it does not hear us");
}

#[test]
fn of_more_than_a_row_names_each_learns_that_it_is_heard_and_nobody_passes_for_deaf() {
    let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
    let all: Vec<ProcId> = (1..=ROW_MAX as u64 + 40).map(proc).collect();
    let (start, later) = (Instant::ZERO, Instant::ZERO + Duration::from_secs(3));
    let of = |me: ProcId| {
        let mut peers = Peers::new(&Config::new(me, 1));
        all.iter().filter(|peer| **peer != me).for_each(|peer| peers.met(start, *peer));
        peers
    };
    let (sender, last) = (all[0], *all.last().expect("many"));
    let mut says = of(sender);
    says.share(start, last, 7);
    let (beats, _) = says.new_beats(later);
    assert_eq!(beats.len(), all.len() - 1);
    let to = |whom: ProcId| {
        let (_, bytes) = beats.iter().find(|(to, _)| *to == whom).expect("it is told");
        (Beat::of(bytes).expect("a beat"), bytes.clone())
    };
    for me in all[1..].iter().copied().step_by(7).chain([last]) {
        let (beat, bytes) = to(me);
        assert!(beat.row.is_cut() && beat.row.contains(Brief::of(sender, me)), "{me:?}");
        assert!(beat.row.contains(Brief::of(sender, last)), "the two share something");
        let mut peers = of(me);
        peers.hear_row(start, sender, &beat, &bytes);
        assert!(!peers.suspects(later, sender));
        assert!(all.iter().all(|other| peers.compatible(later, sender, *other)));
        assert!(all[1..].iter().all(|other| peers.row_has(later, sender, *other)));
        // Of the receiver alone it says whether it is heard.
        let named = all.iter().filter(|other| **other != me).take(ROW_MAX);
        let row = named.map(|other| Brief::of(sender, *other)).collect();
        peers.hear_row(start, sender, &Beat { row, digest: 0 }, &Bytes::new());
        assert!(peers.suspects(later, sender) && !peers.row_has(later, sender, me));
    }
}

#[test]
fn that_somebody_is_missed_is_said_at_once_and_all_else_in_its_turn() {
    let proc = |node| ProcId { node: NodeId(node), incarnation: 1 };
    let mut peers = Peers::new(&Config::new(proc(1), 1));
    let mut now = Instant::ZERO;
    let mut said = |peers: &mut Peers, after: u64| {
        now += Duration::from_secs(after);
        peers.look(now);
        let (beats, soon) = peers.new_beats(now);
        (beats.iter().map(|(to, _)| to.node.0).collect::<Vec<_>>(), soon)
    };
    (2..=4).for_each(|node| peers.met(Instant::ZERO, proc(node)));
    assert_eq!(said(&mut peers, 3), (vec![2, 3, 4], false), "all are heard");
    peers.share(Instant::ZERO, proc(2), 7);
    assert_eq!(said(&mut peers, 1), (vec![2], false), "something is shared");
    peers.silent(Instant::ZERO, proc(3), Instant::ZERO);
    assert_eq!(said(&mut peers, 1), (vec![2, 3, 4], true), "one is missed");
    peers.share(Instant::ZERO, proc(2), 7);
    assert_eq!(said(&mut peers, 1), (vec![2], false), "it is missed still");
    peers.lost(Instant::ZERO, proc(4));
    assert_eq!(said(&mut peers, 1), (vec![2, 3], false), "who is over needs no sign of life");
    peers.back(Instant::ZERO, proc(3));
    assert_eq!(said(&mut peers, 100), (vec![2, 3], false), "and is heard again");
}
