//! Town: the processes of a run, what they tell, and the phases that wait for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::UdpSocket;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Instant;

use serde_json::{Value, json};

use super::bar::Bar;
use super::events::Event;
use super::houses::Houses;
use super::limits::{NAMES, PATIENCE};
use super::node::{Kit, Mail, Node, Policy, last_words, now_us};
use super::plan::Group;
use super::wards::Wards;

/// Something that takes a while: commands go out and events come in until nothing is left.
pub(super) trait Phase {
    /// What is being done, in a few words.
    fn name(&self) -> String;

    /// The first commands.
    ///
    /// # Errors
    /// A sentence; it ends the demo.
    fn begin(&mut self, _: &mut Town<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Process `from` tells something.
    ///
    /// # Errors
    /// A sentence; it ends the demo.
    fn hear(&mut self, town: &mut Town<'_>, from: usize, event: &Event) -> Result<(), String>;

    /// How much is still to come; at 0 it is done.
    fn left(&self) -> usize;

    /// What is waited for, in a few words: said if it does not come.
    fn missing(&self, town: &Town<'_>) -> String;
}

/// See the head of this file.
pub(super) struct Town<'a> {
    /// The node of each process, while it lives.
    pub(super) nodes: [Option<Node>; NAMES.len()],
    pub(super) groups: Vec<Group>,
    /// The number of each group, by its id.
    pub(super) by_id: HashMap<String, usize>,
    /// The members of each core group, as they were told last.
    pub(super) cores: BTreeMap<String, Vec<String>>,
    /// Who still multicasts the load.
    pub(super) flooding: BTreeSet<usize>,
    kit: Kit<'a>,
    /// Processes that may end now.
    leaving: bool,
    starts: u32,
    post: Sender<Mail>,
    mail: Receiver<Mail>,
    wards: &'a Wards,
    bar: &'a Bar,
}

impl<'a> Town<'a> {
    /// A town without processes; their ports are free ones.
    ///
    /// # Errors
    /// A sentence if there are no ports.
    pub(super) fn new(
        (binary, folder): (&'a Path, &'a Path),
        houses: Option<&'a Houses<'a>>,
        policy: Policy,
        groups: Vec<Group>,
        wards: &'a Wards,
        bar: &'a Bar,
    ) -> Result<Self, String> {
        let (post, mail) = channel();
        let ports = free_ports()?;
        let kit = Kit { binary, policy, houses, ports, folder };
        Ok(Self {
            nodes: [const { None }; NAMES.len()],
            groups,
            by_id: HashMap::new(),
            cores: BTreeMap::new(),
            flooding: BTreeSet::new(),
            kit,
            leaving: false,
            starts: 0,
            post,
            mail,
            wards,
            bar,
        })
    }

    /// Starts a process; answers when, in microseconds.
    ///
    /// # Errors
    /// A sentence if it cannot be started.
    pub(super) fn start(&mut self, number: usize) -> Result<u64, String> {
        self.starts += 1;
        let at_us = now_us();
        let node = Node::start(&self.kit, (number, self.starts), &self.post, self.wards)?;
        self.nodes[number] = Some(node);
        Ok(at_us)
    }

    /// SIGKILL; answers when, in microseconds. Nothing that it told is heard any more.
    ///
    /// # Errors
    /// A sentence if it cannot be sent.
    pub(super) fn kill(&mut self, number: usize) -> Result<u64, String> {
        let Some(node) = self.nodes[number].take() else {
            return Err(format!("process {} is not there to be killed", NAMES[number]));
        };
        let at_us = now_us();
        let killed = self.wards.kill(node.id).and_then(|()| self.wards.ended(node.id));
        killed.map_err(|error| format!("cannot kill process {}: {error}", NAMES[number]))?;
        self.flooding.remove(&number);
        Ok(at_us)
    }

    /// Forgets the groups that were not created.
    pub(super) fn keep_created(&mut self) {
        self.groups.retain(|group| group.id.is_some());
        let ids = self.groups.iter().enumerate();
        self.by_id = ids.filter_map(|(at, group)| Some((group.id.clone()?, at))).collect();
    }

    /// From now on processes may end.
    pub(super) fn let_go(&mut self) {
        self.leaving = true;
    }

    /// The processes that live.
    pub(super) fn living(&self) -> Vec<usize> {
        self.nodes.iter().flatten().map(|node| node.number).collect()
    }

    /// How a process is written, `name#incarnation`.
    pub(super) fn proc(&self, number: usize) -> &str {
        self.nodes[number].as_ref().map_or("", |node| &node.proc)
    }

    /// Tells a process what to do; the time just before, in microseconds.
    ///
    /// # Errors
    /// A sentence if it does not listen.
    pub(super) fn tell(&mut self, number: usize, command: &Value) -> Result<u64, String> {
        match &mut self.nodes[number] {
            Some(node) => node.tell(command),
            None => Err(format!("process {} is not there to be told anything", NAMES[number])),
        }
    }

    /// Goes through a phase; fails if nothing more of it comes about in [`PATIENCE`].
    ///
    /// # Errors
    /// A sentence that says what was waited for, or what went wrong.
    pub(super) fn run<P: Phase>(&mut self, mut phase: P) -> Result<P, String> {
        let name = phase.name();
        phase.begin(self)?;
        let mut left = phase.left();
        let whole = left;
        self.bar.begin(&name, whole);
        let mut last = Instant::now();
        while left > 0 {
            let patience = (last + PATIENCE).saturating_duration_since(Instant::now());
            match self.mail.recv_timeout(patience) {
                Ok(mail) => self.take(mail, &mut phase)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(format!("{name}: no post")),
            }
            if phase.left() != left {
                left = phase.left();
                last = Instant::now();
                self.bar.at(whole.saturating_sub(left));
            } else if last.elapsed() >= PATIENCE {
                let seconds = PATIENCE.as_secs();
                let missing = phase.missing(self);
                return Err(format!("{name}: for {seconds} s waited in vain for {missing}"));
            }
        }
        self.bar.end(&name);
        Ok(phase)
    }

    fn take(&mut self, mail: Mail, phase: &mut impl Phase) -> Result<(), String> {
        let (from, start, event) = mail;
        let Some(node) = self.nodes[from].as_mut().filter(|node| node.start == start) else {
            return Ok(());
        };
        let name = NAMES[from];
        let event = event.map_err(|error| format!("process {name} is not understood: {error}"))?;
        match &event {
            Event::Start { proc } => node.proc.clone_from(proc),
            Event::Error { what } => return Err(format!("process {name}: {what}")),
            Event::Gone => self.gone(from)?,
            Event::Flooded {} => {
                self.flooding.remove(&from);
            }
            _ => {}
        }
        phase.hear(self, from, &event)?;
        // After the phase, which may want to know how it was before.
        if let Event::View { group, members, core: None, .. } = event {
            self.cores.insert(group, members);
        }
        Ok(())
    }

    fn gone(&mut self, number: usize) -> Result<(), String> {
        let Some(node) = self.nodes[number].take() else { return Ok(()) };
        let name = NAMES[number];
        let ended = self.wards.ended(node.id).map_err(|error| error.to_string())?;
        let status = ended.map_or_else(String::new, |status| format!(" ({status})"));
        if self.leaving && ended.is_some_and(|status| status.success()) {
            return Ok(());
        }
        let words = last_words(self.kit.folder, number, node.start);
        Err(format!("process {name} has ended by itself{status}{words}"))
    }

    /// Tells every process that lives the same.
    ///
    /// # Errors
    /// A sentence if one does not listen.
    pub(super) fn tell_all(&mut self, verb: &str) -> Result<(), String> {
        for number in self.living() {
            self.tell(number, &json!({ "do": verb }))?;
        }
        Ok(())
    }
}

/// Ports that nobody has: taken together, so that they differ, and given back to be used.
pub(super) fn free_ports<const N: usize>() -> Result<[u16; N], String> {
    let mut ports = [0; N];
    let mut taken = Vec::new();
    for port in &mut ports {
        let cannot = |error| format!("there is no free port on loopback: {error}");
        let socket = UdpSocket::bind("127.0.0.1:0").map_err(cannot)?;
        *port = socket.local_addr().map_err(cannot)?.port();
        taken.push(socket);
    }
    Ok(ports)
}
