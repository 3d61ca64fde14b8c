//! One view of one pretended core group: its streams, and who has delivered how much.

use std::collections::BTreeSet;

use lwg::{Endpoint, Message, Order};
use muts::{Audience, Random};
use vsync::{How, Up, View};

pub(crate) struct Frame {
    order: Order,
    safe: bool,
    after_all: bool,
    /// How much its sender had delivered of each.
    past: Vec<usize>,
    /// By rank; none: everybody.
    to: Option<Audience>,
    message: Message,
}

impl Frame {
    fn is_for(&self, rank: usize) -> bool {
        self.to.is_none_or(|to| to.has(rank))
    }
}

/// Positions as told: they grow, with gaps.
pub(crate) const SEQ_STEP: u64 = 3;

pub(crate) struct Epoch {
    /// As told to nobody in particular.
    pub(crate) view: View,
    frames: Vec<Vec<Frame>>,
    /// Of each receiver: how much of each sender it has delivered.
    heads: Vec<Vec<usize>>,
    /// ABCASTs in their order, as rank 0 says.
    places: Vec<(usize, usize)>,
    /// How many of them each receiver has delivered.
    next: Vec<usize>,
    /// A flush runs.
    pub(crate) blocked: bool,
    pub(crate) over: bool,
    told_stable: Vec<usize>,
}

impl Epoch {
    pub(crate) fn new(view: View) -> Self {
        let n = view.members.len();
        Self {
            view,
            frames: (0..n).map(|_| Vec::new()).collect(),
            heads: vec![vec![0; n]; n],
            places: Vec::new(),
            next: vec![0; n],
            blocked: false,
            over: false,
            told_stable: vec![0; n],
        }
    }

    pub(crate) fn rank(&self, who: Endpoint) -> usize {
        self.view.members.iter().position(|member| *member == who).expect("a member")
    }

    pub(crate) fn cast(&mut self, who: Endpoint, how: &How, message: Message) {
        let rank = self.rank(who);
        let past = self.heads[rank].clone();
        let to = how.to.as_ref().map(|to| to.1);
        let (order, safe, after_all) = (how.order, how.safe, how.after_all);
        self.frames[rank].push(Frame { order, safe, after_all, past, to, message });
    }

    /// In which orders the frames of one of that rank went.
    pub(crate) fn orders(&self, rank: usize) -> Vec<Order> {
        self.frames[rank].iter().map(|frame| frame.order).collect()
    }

    /// In which orders those went that are to be safe.
    pub(crate) fn safe_orders(&self, rank: usize) -> Vec<Order> {
        self.frames[rank].iter().filter(|frame| frame.safe).map(|frame| frame.order).collect()
    }

    /// Whether the next of `sender` may be delivered at `receiver` now.
    pub(crate) fn ready(&self, receiver: usize, sender: usize) -> bool {
        let head = self.heads[receiver][sender];
        let Some(frame) = self.frames[sender].get(head) else { return false };
        let waits = frame.after_all || frame.order != Order::Fifo;
        let caused = (0..frame.past.len())
            .all(|of| of == sender || frame.past[of] <= self.heads[receiver][of]);
        if waits && !caused {
            return false;
        }
        if frame.order != Order::Total {
            return true;
        }
        let place = self.places.iter().position(|placed| *placed == (sender, head));
        match place {
            Some(place) => place == self.next[receiver],
            None => receiver == 0 && self.next[0] == self.places.len(),
        }
    }

    /// Delivers it, or passes it over where it is not for the receiver.
    pub(crate) fn deliver(&mut self, receiver: usize, sender: usize) -> Option<Up> {
        let head = self.heads[receiver][sender];
        let frame = &self.frames[sender][head];
        if frame.order == Order::Total {
            if !self.places.contains(&(sender, head)) {
                self.places.push((sender, head));
            }
            self.next[receiver] += 1;
        }
        self.heads[receiver][sender] += 1;
        frame.is_for(receiver).then(|| Up::Cast {
            group: self.view.group,
            from: self.view.members[sender],
            seq: head as u64 * SEQ_STEP,
            order: frame.order,
            safe: false,
            message: frame.message.clone(),
        })
    }

    /// What everybody has delivered, told anew to each sender.
    pub(crate) fn stable(&mut self) -> Vec<(Endpoint, Up)> {
        let mut told = Vec::new();
        for (rank, from) in self.view.members.iter().enumerate() {
            let below = self.heads.iter().map(|heads| heads[rank]).min().unwrap_or(0);
            if below > self.told_stable[rank] {
                self.told_stable[rank] = below;
                let below = below as u64 * SEQ_STEP;
                told.push((*from, Up::Stable { group: self.view.group, from: *from, below }));
            }
        }
        told
    }

    /// Ends it for those who move together: what is left to deliver at each, the same for all.
    pub(crate) fn close(
        &self,
        along: &BTreeSet<Endpoint>,
        random: &mut Random,
    ) -> Vec<(Endpoint, Up)> {
        let n = self.view.members.len();
        let along: Vec<usize> =
            (0..n).filter(|rank| along.contains(&self.view.members[*rank])).collect();
        let mut cut: Vec<usize> = (0..n)
            .map(|sender| {
                let all = self.frames[sender].len();
                let least = along.iter().map(|rank| self.heads[*rank][sender]).max().unwrap_or(0);
                if along.contains(&sender) {
                    all
                } else {
                    least + random.below((all - least + 1) as u64) as usize
                }
            })
            .collect();
        while let Some((sender, at)) = self.first_beyond(&cut) {
            cut[sender] = at;
        }
        let known = along.iter().map(|rank| self.next[*rank]).max().unwrap_or(0);
        let known = if along.contains(&0) {
            self.places.len()
        } else {
            known + random.below((self.places.len() - known + 1) as u64) as usize
        };
        let mut places: Vec<(usize, usize)> = self.places[..known].to_vec();
        places.retain(|(sender, at)| *at < cut[*sender]);
        let mut orphans: Vec<(usize, usize, usize)> = Vec::new();
        for (sender, end) in cut.iter().copied().enumerate() {
            for (at, frame) in self.frames[sender][..end].iter().enumerate() {
                if frame.order == Order::Total && !places.contains(&(sender, at)) {
                    let others: usize =
                        (0..n).filter(|of| *of != sender).map(|of| frame.past[of]).sum();
                    orphans.push((others + at, sender, at));
                }
            }
        }
        orphans.sort_unstable();
        places.extend(orphans.into_iter().map(|(_, sender, at)| (sender, at)));
        let mut told = Vec::new();
        for receiver in along {
            self.finish(receiver, &cut, &places, &mut told);
        }
        told
    }

    /// The first frame kept that points at one that is not.
    fn first_beyond(&self, cut: &[usize]) -> Option<(usize, usize)> {
        for sender in 0..cut.len() {
            for at in 0..cut[sender] {
                let frame = &self.frames[sender][at];
                let waits = frame.after_all || frame.order != Order::Fifo;
                if waits && (0..cut.len()).any(|of| of != sender && frame.past[of] > cut[of]) {
                    return Some((sender, at));
                }
            }
        }
        None
    }

    fn finish(
        &self,
        receiver: usize,
        cut: &[usize],
        places: &[(usize, usize)],
        told: &mut Vec<(Endpoint, Up)>,
    ) {
        let who = self.view.members[receiver];
        let mut heads = self.heads[receiver].clone();
        let mut next = self.next[receiver];
        loop {
            let before = heads.clone();
            for sender in 0..cut.len() {
                while heads[sender] < cut[sender] {
                    let frame = &self.frames[sender][heads[sender]];
                    let waits = frame.after_all || frame.order != Order::Fifo;
                    let caused =
                        (0..cut.len()).all(|of| of == sender || frame.past[of] <= heads[of]);
                    let placed = frame.order != Order::Total
                        || places.get(next) == Some(&(sender, heads[sender]));
                    if waits && !caused || !placed {
                        break;
                    }
                    next += usize::from(frame.order == Order::Total);
                    let seq = heads[sender] as u64 * SEQ_STEP;
                    heads[sender] += 1;
                    let up = Up::Cast {
                        group: self.view.group,
                        from: self.view.members[sender],
                        seq,
                        order: frame.order,
                        safe: false,
                        message: frame.message.clone(),
                    };
                    if frame.is_for(receiver) {
                        told.push((who, up));
                    }
                }
            }
            if heads == before {
                break;
            }
        }
        assert_eq!(heads, cut, "the pretended kernel stalls");
    }
}
