//! Town: some nodes on this host, all that they tell in one channel, and what is done to them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::node::{Node, Start, Told};
use super::sight::Sight;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// The core group that everybody is to be in at the end.
pub(crate) const GROUP: &str = "g";

/// See the head of this file.
pub(crate) struct Town {
    /// The runs under way.
    pub(crate) nodes: Vec<Option<Node>>,
    /// What they have told.
    pub(crate) sights: Vec<Sight>,
    /// Where everything is written.
    pub(crate) directory: PathBuf,
    /// What should not have happened and no history tells.
    pub(crate) wrong: Vec<String>,
    /// Nodes that were asked to end.
    pub(crate) quits: BTreeSet<usize>,
    /// Somebody founds [`GROUP`], and is not in it yet.
    pub(crate) founds: bool,
    addresses: Vec<SocketAddr>,
    runs: Vec<usize>,
    told: Receiver<Told>,
    teller: Sender<Told>,
    diary: File,
    began: Instant,
    more: Vec<Vec<String>>,
    /// The versions that each speaks from its next start on, if not its own.
    pub(crate) pretends: Vec<Option<&'static str>>,
}

/// Towns of this process so far: each has a directory and ports of its own.
static TOWNS: AtomicUsize = AtomicUsize::new(0);

impl Town {
    /// So many nodes, none started; `more` are options for all of them.
    pub(crate) fn new(called: &str, nodes: usize, more: &[&str]) -> Self {
        let number = TOWNS.fetch_add(1, Ordering::Relaxed);
        let name = format!("horus-processes-{}-{number}-{called}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).expect("a directory for temporary files");
        let diary = File::create(directory.join("schedule.txt")).expect("a file in it");
        let (teller, told) = channel();
        Self {
            nodes: (0..nodes).map(|_| None).collect(),
            sights: (0..nodes).map(|_| Sight::default()).collect(),
            directory,
            wrong: Vec::new(),
            quits: BTreeSet::new(),
            founds: false,
            addresses: addresses(number, nodes),
            runs: vec![0; nodes],
            told,
            teller,
            diary,
            began: Instant::now(),
            pretends: vec![None; nodes],
            more: vec![more.iter().map(|&word| word.to_owned()).collect(); nodes],
        }
    }

    /// An option for one of them, when it starts next.
    pub(crate) fn option(&mut self, node: usize, name: &str, value: &str) {
        let more = &mut self.more[node];
        if let Some(at) = more.iter().position(|word| word == name) {
            more.drain(at..at + 2);
        }
        more.extend([name, value].map(str::to_owned));
    }

    /// A town in which all nodes are up, have met, and are in [`GROUP`].
    pub(crate) fn founded(called: &str, nodes: usize) -> Self {
        let mut town = Self::new(called, nodes, &[]);
        (0..nodes).for_each(|node| town.start(node));
        town.found_group(&(0..nodes).collect::<Vec<_>>());
        town
    }

    /// These have been started; the first of them founds [`GROUP`] with all of them in it.
    pub(crate) fn found_group(&mut self, all: &[usize]) {
        let started = |town: &Self| town.sights.iter().all(|sight| !sight.process.is_empty());
        self.expect("all started", Duration::from_secs(10), started);
        self.say(all[0], &json!({ "do": "found", "group": GROUP, "members": self.names(all) }));
        self.expect("the group was founded", Duration::from_secs(10), |town| {
            town.share_view(all, all)
        });
    }

    /// How a node is called.
    pub(crate) const fn name(&self, node: usize) -> &'static str {
        NAMES[node]
    }

    /// Where a node listens.
    pub(crate) fn address(&self, node: usize) -> SocketAddr {
        self.addresses[node]
    }

    /// How all of these are called.
    pub(crate) fn names(&self, nodes: &[usize]) -> Vec<&'static str> {
        nodes.iter().map(|node| NAMES[*node]).collect()
    }

    /// Writes down what is done, for whoever looks into a run.
    pub(crate) fn note(&mut self, what: &str) {
        let at_ms = self.began.elapsed().as_millis();
        let _ = writeln!(self.diary, "{at_ms:>7} {what}");
    }

    /// Starts a node that is not up.
    pub(crate) fn start(&mut self, node: usize) {
        self.note(&format!("start {}", NAMES[node]));
        self.quits.remove(&node);
        self.runs[node] += 1;
        self.sights[node] = Sight::default();
        let others = (0..self.addresses.len()).filter(|other| *other != node);
        let start = Start {
            name: NAMES[node],
            listen: self.addresses[node],
            peers: others.map(|other| (NAMES[other], self.addresses[other])).collect(),
            directory: &self.directory,
            more: &self.more[node],
            pretends: self.pretends[node],
        };
        let started = Node::start(&start, node, self.runs[node], self.teller.clone());
        self.nodes[node] = Some(started.expect("the binary of this crate"));
    }

    /// Kills a node.
    pub(crate) fn kill(&mut self, node: usize) {
        self.note(&format!("kill {}", NAMES[node]));
        if let Some(mut node) = self.nodes[node].take() {
            node.kill();
        }
    }

    /// Stops a node as SIGSTOP does.
    pub(crate) fn stop(&mut self, node: usize) {
        self.note(&format!("stop {}", NAMES[node]));
        if let Some(node) = &mut self.nodes[node] {
            node.signal("STOP");
        }
    }

    /// Lets a stopped node go on.
    pub(crate) fn go_on(&mut self, node: usize) {
        self.note(&format!("go on {}", NAMES[node]));
        if let Some(node) = &mut self.nodes[node] {
            node.signal("CONT");
        }
    }

    /// Has a node ignore these in both directions, only hear or only reach no more of these.
    pub(crate) fn cut(&mut self, node: usize, both: &[usize], from: &[usize], to: &[usize]) {
        let (both, from, to) = (self.names(both), self.names(from), self.names(to));
        let cut = json!({ "do": "chaos", "drop": both, "drop_in": from, "drop_out": to });
        self.say(node, &cut);
    }

    /// Makes the links of every node whole.
    pub(crate) fn heal(&mut self) {
        self.note("heal");
        for node in self.up() {
            self.say(node, &json!({ "do": "chaos", "drop": [] }));
        }
    }

    /// Says a command to a node; lines wait for a node that is stopped.
    pub(crate) fn say(&mut self, node: usize, command: &Value) {
        let what = format!("{} <- {command}", NAMES[node]);
        self.note(&what);
        if let Some(node) = &mut self.nodes[node] {
            node.say(&command.to_string());
        }
    }

    /// The nodes that run, stopped or not.
    pub(crate) fn up(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].is_some()).collect()
    }

    /// The nodes that run and are not stopped.
    pub(crate) fn awake(&self) -> Vec<usize> {
        let awake = |node: &usize| self.nodes[*node].as_ref().is_some_and(|node| !node.stopped);
        (0..self.nodes.len()).filter(awake).collect()
    }

    /// Whether these nodes are in one view of [`GROUP`], which has exactly those members.
    pub(crate) fn share_view(&self, these: &[usize], members: &[usize]) -> bool {
        let wanted: BTreeSet<&str> =
            members.iter().map(|node| self.sights[*node].process.as_str()).collect();
        let mut ids = BTreeSet::new();
        these.iter().all(|node| {
            self.sights[*node].cores.get(GROUP).is_some_and(|seen| {
                ids.insert(seen.view.clone());
                seen.members.iter().map(String::as_str).collect::<BTreeSet<_>>() == wanted
            })
        }) && ids.len() == 1
    }

    /// Takes what is told for so long: how a schedule spends its time.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.wait(time, |_| false);
    }

    /// Takes what is told until this holds; how long that took, or none if it took too long.
    pub(crate) fn wait(
        &mut self,
        patience: Duration,
        holds: impl Fn(&Self) -> bool,
    ) -> Option<Duration> {
        let began = Instant::now();
        loop {
            if holds(self) {
                return Some(began.elapsed());
            }
            let left = patience.saturating_sub(began.elapsed());
            match self.told.recv_timeout(left) {
                Ok(told) => self.take(told),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => unreachable!("the town has a teller too"),
            }
        }
    }

    /// Like [`Town::wait`]; too long is wrong.
    pub(crate) fn expect(
        &mut self,
        what: &str,
        patience: Duration,
        holds: impl Fn(&Self) -> bool,
    ) -> Duration {
        let took = self.wait(patience, holds);
        self.note(&format!("{what}: {took:?}"));
        took.unwrap_or_else(|| {
            let late = format!("late: not so within {patience:?}: {what}");
            self.wrong.push(late);
            patience
        })
    }

    fn take(&mut self, told: Told) {
        // Of a run before the present one nobody asks any more.
        if told.run != self.runs[told.node] {
            return;
        }
        match told.event {
            Some(event) => self.sights[told.node].take(told.at, &event),
            None => {
                self.sights[told.node].closed = true;
                let ended = self.nodes[told.node].as_mut().and_then(Node::wait);
                self.note(&format!("{} has ended: {ended:?}", NAMES[told.node]));
                if self.nodes[told.node].take().is_some() && !ended.is_some_and(|how| how.success())
                {
                    self.wrong.push(format!("{} ended by itself: {ended:?}", NAMES[told.node]));
                }
            }
        }
    }
}

/// Free addresses, on a host of their own where the loopback has more than one: what others bind
/// to while a node is down is then not its.
fn addresses(town: usize, nodes: usize) -> Vec<SocketAddr> {
    let bytes = (std::process::id() as usize).wrapping_mul(61).wrapping_add(town).to_le_bytes();
    let own = Ipv4Addr::new(127, bytes[2].max(1), bytes[1], bytes[0].clamp(1, 254));
    let bind = |host| {
        let sockets: std::io::Result<Vec<UdpSocket>> =
            (0..nodes).map(|_| UdpSocket::bind((host, 0))).collect();
        sockets.and_then(|all| all.iter().map(UdpSocket::local_addr).collect())
    };
    bind(own).or_else(|_| bind(Ipv4Addr::LOCALHOST)).expect("free ports")
}
