//! Liar: one of two towers changes what it says on its way down.
//!
//! Nobody falls over it, and memory stays in proportion to what was said. In one target all that a
//! kernel says is changed as it pleases; in the other of the kernel's own headers only the length
//! is, so that they mean nothing, and of the floors above everything.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use lwg::{Endpoint, Groups, LwgId, Members, Order, SendId};
use muts::{
    Address, Counted, Down, Duration, Full, Instant, Layer, Malformed, Message, Packet, Sink,
    Transmit, Transport, Up, Wire,
};
use vsync::{GroupId, How, Kernel};

use super::pair::{Pair, at, proc};
use crate::allocator;

/// Two towers with their windows, and a few groups.
const BESIDES_MAX: usize = 8 << 20;

/// All of a header.
struct Raw(Vec<u8>);

impl Wire for Raw {
    fn write(&self, into: &mut impl Sink) {
        into.extend_from_slice(&self.0);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self(core::mem::take(from).to_vec()))
    }
}

/// The bytes of the input, used up by both ends' words as they go by.
type Lies = Rc<RefCell<std::collections::VecDeque<u8>>>;

/// A transport that does not say what it is asked to.
#[derive(Debug)]
struct Liar {
    inner: Transport,
    lies: Lies,
    /// Whether it changes what the lowest header means, too.
    deep: bool,
}

impl Liar {
    fn lie(&self, message: &mut Message) {
        let mut lies = self.lies.borrow_mut();
        let Some(how) = lies.pop_front().filter(|how| how & 0x80 != 0) else { return };
        // The lowest header but so many.
        let mut heads = Vec::new();
        for _ in 0..=(how & 3) {
            match message.pop::<Raw>() {
                Ok(head) => heads.push(head),
                Err(Malformed) => break,
            }
        }
        let lowest = heads.len() == 1 && !self.deep;
        if let Some(Raw(head)) = heads.last_mut() {
            for _ in 0..if lowest { 1 } else { 1 + (how >> 2 & 3) } {
                let (place, what) = (lies.pop_front().unwrap_or(0), lies.pop_front().unwrap_or(1));
                change(head, lowest, how >> 4 & 7, (place.into(), what));
            }
        }
        heads.iter().rev().for_each(|head| message.push(head));
    }

    fn lie_bytes(&self, bytes: &Bytes) -> Bytes {
        let mut message = Message::new(Bytes::new());
        message.push(&Raw(bytes.to_vec()));
        self.lie(&mut message);
        message.pop::<Raw>().map_or_else(|_| Bytes::new(), |raw| raw.0.into())
    }
}

/// Changes a header; the lowest never to one of the same length.
fn change(head: &mut Vec<u8>, lowest: bool, how: u8, (place, what): (usize, u8)) {
    let place = place % (head.len() + 1);
    match how {
        _ if lowest && how < 4 && place < head.len() => head.truncate(place),
        _ if lowest => head.push(what),
        0..=2 if place < head.len() => head[place] = what,
        // A number as large as they come, or nearly.
        3 => head[place..].iter_mut().take(8).for_each(|byte| *byte = what | 0x7f),
        4 => head.truncate(place),
        5 => head.insert(place, what),
        6 if place < head.len() => drop(head.remove(place)),
        _ if place < head.len() => head[place] ^= what,
        _ => head.push(what),
    }
}

impl Layer for Liar {
    type Down = Down;
    type Up = Up;

    fn down(&mut self, now: Instant, mut ask: Down) -> Result<(), Full<Down>> {
        match &mut ask {
            Down::Cast { message, .. }
            | Down::Send { message, .. }
            | Down::Tell { message, .. } => {
                self.lie(message);
            }
            Down::Beat { bytes, .. } => *bytes = self.lie_bytes(bytes),
            _ => {}
        }
        self.inner.down(now, ask)
    }
    fn up(&mut self) -> Option<Up> {
        self.inner.up()
    }
    fn receive(&mut self, now: Instant, packet: Packet) {
        self.inner.receive(now, packet);
    }
    fn transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.inner.transmit(now)
    }
    fn wake(&mut self, now: Instant) {
        self.inner.wake(now);
    }
    fn deadline(&self) -> Option<Instant> {
        self.inner.deadline()
    }
}

impl Counted for Liar {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.inner.count(each);
    }
}

type Liars = Pair<Kernel<Transport>, Kernel<Liar>>;

/// Both ends found groups, the second of one word; speak in every order; leave, come back.
pub(super) fn kernels(bytes: &[u8]) {
    let before = allocator::used();
    let lies: Lies = Rc::new(RefCell::new(bytes.iter().copied().collect()));
    let end = |node| Transport::new(muts::Config::new(proc(node), node));
    let liar = Liar { inner: end(2), lies, deep: true };
    let config = |node| vsync::Config::new(proc(node), node);
    let kernels = (Kernel::new(end(1), config(1)), Kernel::new(liar, config(2)));
    let mut pair = Pair::new(kernels.0, kernels.1);
    let [first, word] = [GroupId(1), GroupId::of_word("both")];
    let meet = |node| vsync::Down::Meet { node: proc(node).node, address: at(node as u32) };
    let found = |group, others: &[u64]| {
        let members = others.iter().map(|node| proc(*node)).collect();
        vsync::Down::Found { group, members }
    };
    let ask = |pair: &mut Liars, a: Vec<vsync::Down>, b: Vec<vsync::Down>, ms| {
        let now = pair.now;
        // An ask that is handed back is not wanted again: this is no test of what is promised.
        a.into_iter().for_each(|ask| drop(pair.a.down(now, ask)));
        b.into_iter().for_each(|ask| drop(pair.b.down(now, ask)));
        pair.run(Duration::from_millis(ms));
    };
    ask(&mut pair, vec![meet(2)], vec![meet(1)], 300);
    ask(&mut pair, vec![found(first, &[2]), found(word, &[])], vec![found(word, &[])], 600);
    for how in [
        How::from(Order::Total),
        How::from(Order::Causal).safe(),
        How::from(Order::Unordered).safe(),
        How::from(Order::Total).safe(),
        How::from(Order::Global),
    ] {
        let cast = |group| {
            let message = Message::new(&b"said"[..]);
            vsync::Down::Cast { group, how: how.clone(), message }
        };
        ask(&mut pair, vec![cast(first), cast(word)], vec![cast(first), cast(word)], 60);
    }
    let leave = vsync::Down::Leave { group: first };
    ask(&mut pair, vec![leave], vec![], 200);
    let join = vsync::Down::Join { group: first, contact: None };
    ask(&mut pair, vec![join], vec![vsync::Down::Leave { group: word }], 2_000);
    (pair.told_a, pair.told_b) = (Vec::new(), Vec::new());
    let more = usize::try_from(allocator::used() - before).unwrap_or(0);
    assert!(more <= BESIDES_MAX + 64 * bytes.len(), "{more} bytes in use for {}", bytes.len());
}

type Tower<M> = Groups<Kernel<M>>;

fn tower<M: muts::Multicast>(node: u64, below: M) -> Tower<M> {
    let kernel = Kernel::new(below, vsync::Config::new(proc(node), node));
    Groups::new(kernel, lwg::Config::new(Endpoint::of(proc(node))))
}

fn meet(node: u64, address: Address) -> lwg::Down {
    lwg::Down::Core(vsync::Down::Meet { node: proc(node).node, address })
}

/// Both ends make groups of both and speak in them.
pub(super) fn towers(bytes: &[u8]) {
    let before = allocator::used();
    let lies: Lies = Rc::new(RefCell::new(bytes.iter().copied().collect()));
    let end = |node| Transport::new(muts::Config::new(proc(node), node));
    let liar = Liar { inner: end(2), lies, deep: false };
    let mut pair = Pair::new(tower(1, end(1)), tower(2, liar));
    let both = Members::from_slice(&[Endpoint::of(proc(1)), Endpoint::of(proc(2))]);
    let group = |node| LwgId::minted(Endpoint::of(proc(node)), 0);
    let now = pair.now;
    // An ask that is handed back is not wanted again: this is no test of what is promised.
    let _ = (pair.a.down(now, meet(2, at(2))), pair.b.down(now, meet(1, at(1))));
    pair.run(Duration::from_millis(300));
    let create = |node| lwg::Down::Create { lwg: group(node), members: both.clone() };
    let now = pair.now;
    let _ = (pair.a.down(now, create(1)), pair.b.down(now, create(2)));
    pair.run(Duration::from_millis(600));
    for (round, order) in [Order::Total, Order::Causal, Order::Fifo].into_iter().enumerate() {
        let now = pair.now;
        for lwg in [group(1), group(2)] {
            let send = SendId(round as u64 * 2 + u64::from(lwg == group(1)));
            let message = Message::new(&b"said"[..]);
            let send = lwg::Down::Send { lwg, send, how: order.into(), replies: true, message };
            let _ = (pair.a.down(now, send.clone()), pair.b.down(now, send));
        }
        pair.run(Duration::from_millis(50));
    }
    let one = Members::from_slice(&[Endpoint::of(proc(1))]);
    let now = pair.now;
    let _ = pair.b.down(now, lwg::Down::Remove { lwg: group(1), members: one.clone() });
    let _ = pair.b.down(now, lwg::Down::Add { lwg: group(1), members: one });
    let _ = pair.a.down(now, lwg::Down::Destroy { lwg: group(2) });
    pair.run(Duration::from_secs(1));
    (pair.told_a, pair.told_b) = (Vec::new(), Vec::new());
    let more = usize::try_from(allocator::used() - before).unwrap_or(0);
    assert!(more <= BESIDES_MAX + 64 * bytes.len(), "{more} bytes in use for {}", bytes.len());
}
