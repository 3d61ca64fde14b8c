//! Frames come back, no prefix of one does, and bytes that mean nothing are refused.

use alloc::vec;

use muts::{Address, Audience, Message, NodeId, Random};

use super::*;
use crate::endpoint::Endpoint;
use crate::gate::reader::{Framed, Reader};
use crate::grounds::Charge;
use crate::how::How;
use crate::interface::Side;
use crate::order::Order;
use crate::terms::{Denial, Terms};
use crate::view::{View, ViewId};

fn proc(node: u64) -> ProcId {
    ProcId { node: NodeId(node), incarnation: 7 }
}

fn says() -> Vec<Say> {
    let (group, to) = (GroupId(5), Endpoint::of(proc(2)));
    let mut message = Message::new(&b"body"[..]);
    message.push(&9_u32);
    let members = vec![proc(1), proc(2)];
    let (view, some) = (ViewId { epoch: 3, coordinator: proc(1) }, Audience([1, 2, 3, 4]));
    let partition = Partition::Primary { electorate: vec![NodeId(1)], refuse: true };
    let strict = Terms { partition, admission: Admission::Key(vec![1]), ticket: vec![2] };
    let downs = vec![
        Down::Meet { node: NodeId(1), address: Address::Pipe(3) },
        Down::Farewell,
        Down::Found { group, members: members.clone() },
        Down::Join { group, contact: Some(proc(1)) },
        Down::Invite { group, members },
        Down::Leave { group },
        Down::Cast { group, how: How::from(Order::Total).safe(), message: message.clone() },
        Down::Cast { group, how: How::from(Order::Fifo).to(view, some), message: message.clone() },
        Down::Terms { group, terms: Terms::default() },
        Down::Terms { group, terms: strict },
        Down::Answer { group, who: proc(1), denied: Some(3) },
        Down::Digest { group, digest: 9 },
        Down::Choke { group, choked: true },
        Down::Send { to, message },
        Down::Closed { group },
    ];
    let hello = Say::Hello { versions: VERSIONS, me: proc(1), name: "a".into() };
    downs
        .into_iter()
        .map(Say::Ask)
        .chain([hello, Say::Pong, Say::Query(vec![1, 2]), Say::Look])
        .collect()
}

fn tells() -> Vec<Tell> {
    let (group, from, peer) = (GroupId(5), Endpoint::of(proc(2)), proc(2));
    let message = Message::new(&b"body"[..]);
    let view = View {
        group,
        id: ViewId { epoch: 3, coordinator: peer },
        members: vec![from],
        transitional: vec![from],
        parts: vec![vec![from], vec![]],
        previous: None,
        primary: Some(true),
    };
    let id = view.id;
    let side = Side { view: view.id, members: view.members.clone(), digest: Some(1) };
    let ups = vec![
        Up::Met { peer },
        Up::Lost { peer },
        Up::Refused { peer, versions: (1, 2) },
        Up::Merged { group, sides: vec![side] },
        Up::View(view.into()),
        Up::Asks { group, who: peer, ticket: vec![1, 2] },
        Up::Cast {
            group,
            from,
            seq: 9,
            order: Order::Global,
            safe: true,
            message: message.clone(),
        },
        Up::Send { from, message },
        Up::Stable { group, from, below: 10 },
        Up::Room { group },
        Up::Closing { group },
        Up::Out { group, why: Why::NotFound },
        Up::Out { group, why: Why::Denied(Denial::Refused(7)) },
        Up::Fault { group, fault: Fault::NotPrimary },
        Up::Fault { group, fault: Fault::TooLong },
        Up::Fault { group, fault: Fault::Denied(Denial::WrongKey) },
        Up::Fault { group, fault: Fault::Excluded { view: id, by: peer, charge: Charge::Deaf } },
        Up::Fault { group, fault: Fault::Missing(vec![peer]) },
    ];
    let others = [
        Tell::Welcome { version: VERSIONS.1.into(), daemon: peer },
        Tell::Bye(Bye::Slow),
        Tell::Ping,
        Tell::Answer(vec![3]),
        Tell::Name(vec![98]),
        Tell::Took { group: Some(group), bytes: 70 },
        Tell::Own { group, seq: 9, count: 2, order: Order::Total, safe: true },
        Tell::UnderWay(UnderWay::default()),
    ];
    ups.into_iter().map(Tell::Told).chain(others).collect()
}

fn come_back<T: Framed + fmt::Debug>(all: &[T]) {
    let mut out = Out::default();
    all.iter().for_each(|what| out.put(what));
    let bytes = out.take();
    let mut reader = Reader::default();
    let mut back = Out::default();
    for byte in &bytes {
        let whole = reader.take::<T>(&mut &[*byte][..]).expect("whole");
        whole.iter().for_each(|what| back.put(what));
    }
    assert_eq!(back.take(), bytes);
    for what in all {
        let mut whole = Vec::new();
        what.write(&mut whole);
        for end in 0..whole.len() {
            assert!(T::read(&mut &whole[..end]).is_err(), "{what:?} to {end}");
            let cut = Bytes::copy_from_slice(&whole[..end]);
            assert!(T::of(&cut, &cut).is_err(), "{what:?} to {end}");
        }
        whole.push(0);
        let more = Bytes::from(whole);
        assert!(T::of(&more, &more).is_err(), "{what:?} and more");
    }
}

#[test]
fn every_frame_comes_back_in_whatever_pieces_and_no_prefix_of_it_does() {
    come_back(&says());
    come_back(&tells());
}

#[test]
fn a_length_that_lies_is_refused_before_anything_is_reserved() {
    let mut reader = Reader::default();
    assert!(reader.take::<Say>(&mut &u32::MAX.to_le_bytes()[..]).is_err());
    for (kind, query) in [(3, None), (4, Some(100))] {
        let mut reader = Reader::limited(99);
        let came = reader.take::<Say>(&mut &100_u32.to_le_bytes()[..]);
        assert!(matches!(came, Ok(None)), "what it is decides what is said of it");
        assert!(reader.take::<Say>(&mut &[kind][..]).is_err());
        assert_eq!(reader.overlong_query(), query);
    }
    let mut bytes = vec![3, 3];
    GroupId(1).write(&mut bytes);
    muts::write_varint(&mut bytes, u64::MAX);
    assert!(Say::read(&mut &bytes[..]).is_err());
}

#[test]
fn the_highest_version_that_both_speak_is_spoken() {
    for (ours, theirs, spoken) in [
        ((1, 2), (1, 2), Some(2)),
        ((1, 2), (1, 0), Some(1)),
        ((1, 2), (2, 7), Some(2)),
        ((2, 3), (1, 2), Some(2)),
        ((2, 3), (1, 0), None),
        ((1, 2), (3, 4), None),
    ] {
        assert_eq!(common_version(ours, theirs), spoken, "{ours:?} {theirs:?}");
    }
}

#[test]
fn bytes_that_mean_nothing_are_refused_and_nothing_panics() {
    let mut random = Random::new(1);
    for say in says() {
        let mut bytes = Vec::new();
        say.write(&mut bytes);
        for _ in 0..2_000 {
            let mut bent = bytes.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(bent.len() as u64) as usize;
                bent[at] = random.draw() as u8;
            }
            let bent = Bytes::from(bent);
            assert_eq!(said(Say::of(&bent, &bent)), said(read_whole::<Say>(&bent)));
            assert_eq!(said(Tell::of(&bent, &bent)), said(read_whole::<Tell>(&bent)));
        }
    }
}

/// As `Framed::of`, with every message copied.
fn read_whole<T: Wire>(mut bytes: &[u8]) -> Result<T, Malformed> {
    let read = T::read(&mut bytes)?;
    if bytes.is_empty() { Ok(read) } else { Err(Malformed) }
}

fn said<T: Wire>(read: Result<T, Malformed>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    read.ok()?.write(&mut bytes);
    Some(bytes)
}
