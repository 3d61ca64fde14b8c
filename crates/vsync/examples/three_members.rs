//! Three kernels over a transport of a few lines: a group is founded, and all hear one order.
//!
//! `cargo run -p vsync --example three_members`

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use muts::{Down as Ask, Full, Instant, Layer, NodeId, Packet, ProcId, Transmit, Up as Told};
use vsync::{Config, Down, Duration, GroupId, Kernel, Message, Order, Up};

/// What each process is about to be told. Nothing is lost here, so there is nothing to repeat.
type Air = Rc<RefCell<BTreeMap<ProcId, VecDeque<Told>>>>;

/// A transport that only hands over: enough for a kernel, which asks no more than `Multicast`.
struct HandOver {
    me: ProcId,
    air: Air,
    channels: BTreeMap<muts::Channel, (Vec<ProcId>, u64)>,
}

impl Layer for HandOver {
    type Down = Ask;
    type Up = Told;
    fn down(&mut self, _: Instant, ask: Ask) -> Result<(), Full<Ask>> {
        let (from, mut air) = (self.me, self.air.borrow_mut());
        let mut tell = |to, told| air.entry(to).or_default().push_back(told);
        match ask {
            Ask::Open { channel, peers, .. } => drop(self.channels.insert(channel, (peers, 0))),
            Ask::Close { channel } => drop(self.channels.remove(&channel)),
            Ask::Cast { channel, message, .. } => {
                let (peers, seq) = self.channels.get_mut(&channel).expect("open");
                for to in peers.iter() {
                    tell(*to, Told::Cast { channel, from, seq: *seq, message: message.clone() });
                }
                *seq += 1;
            }
            Ask::Send { to, message } => tell(to, Told::Send { from, message }),
            Ask::Tell { to, message, .. } => tell(to, Told::Tell { from, message }),
            Ask::Beat { to, bytes, .. } => tell(to, Told::Beat { from, bytes }),
            // Nothing is lost here, and nobody is missed.
            _ => {}
        }
        Ok(())
    }
    fn up(&mut self) -> Option<Told> {
        self.air.borrow_mut().get_mut(&self.me)?.pop_front()
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

fn main() {
    let air = Air::default();
    // They live as long as this process; who starts again takes `muts::os::next_incarnation`.
    let procs = [1, 2, 3].map(|node| ProcId { node: NodeId(node), incarnation: 1 });
    let mut kernels = procs.map(|me| {
        for peer in procs.into_iter().filter(|peer| *peer != me) {
            air.borrow_mut().entry(me).or_default().push_back(Told::Met { peer });
        }
        let below = HandOver { me, air: air.clone(), channels: BTreeMap::new() };
        Kernel::new(below, Config::new(me, me.node.0))
    });
    let group = GroupId::of_word("example");
    let (mut now, mut lines) = (Instant::ZERO, 0);
    for step in 0..2_000 {
        now += Duration::from_millis(1);
        if step == 0 {
            let found = Down::Found { group, members: procs.to_vec() };
            kernels[0].down(now, found).expect("room");
        }
        for (kernel, me) in kernels.iter_mut().zip(procs) {
            if step == 1_000 {
                let message = Message::new(format!("from {me:?}"));
                let cast = Down::Cast { group, how: Order::Total.into(), message };
                kernel.down(now, cast).expect("room");
            }
            kernel.wake(now);
            while let Some(up) = kernel.up() {
                match up {
                    Up::View(view) => println!("{me:?}: view {:?} {:?}", view.id, view.members),
                    Up::Cast { message, .. } => {
                        let text = String::from_utf8_lossy(message.body()).into_owned();
                        println!("{me:?}: {text}");
                        lines += 1;
                    }
                    _ => {}
                }
            }
        }
    }
    assert_eq!(lines, 9, "three messages at three members");
}
