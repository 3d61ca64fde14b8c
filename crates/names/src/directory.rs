//! Directory: a Replica of the table in one well-known group, and what it answers to others.

use alloc::collections::BTreeMap;

use lwg::{Down, Endpoint, LwgId, SendId, Up};
use muts::{Duration, Instant};
use tools::{Answer, Asks, Replica, Tool};

use crate::header::{Header, Words};
use crate::limits::{CHANGES_MAX, LEASE};
use crate::name::Name;
use crate::table::{Binding, Command, Outcome, Table};

/// One member of the directory.
///
/// Well known is the group's id and some of its members; how, is the user's affair: configuration,
/// a file, another directory. Every member answers questions from its own table, which may lag
/// behind by what is on its way; changes go through the total order.
#[derive(Debug)]
pub struct Directory {
    replica: Replica<Table>,
    lease: Duration,
    /// Changes under way for others: who asked, and the asker's number.
    changes: BTreeMap<SendId, (Endpoint, u64)>,
    told: alloc::collections::VecDeque<Answer<Outcome>>,
}

impl Directory {
    /// A member at this endpoint, before it is in the group.
    #[must_use]
    pub fn new(lwg: LwgId, me: Endpoint) -> Self {
        let replica = Replica::new(lwg, me, Table::default());
        let (changes, told) = (BTreeMap::new(), alloc::collections::VecDeque::new());
        Self { replica, lease: LEASE, changes, told }
    }

    /// The same with another lease: how long who asks may go by the answer.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// The replica: its view, its digest, its counts.
    #[must_use]
    pub fn replica(&self) -> &Replica<Table> {
        &self.replica
    }

    /// The table as this member has it; none while it lacks it.
    #[must_use]
    pub fn table(&self) -> Option<&Table> {
        self.replica.state()
    }

    /// What a name stands for, as far as this member knows.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<&Binding> {
        self.table()?.get(name)
    }

    /// A change by this member: `Applied` with this name of the send tells what it came to.
    pub fn change(&self, command: &Command, send: SendId, asks: &mut Asks) {
        self.replica.propose(command, send, false, asks);
    }

    /// After `Lost`: the directory goes on from what this member has. See [`Replica::revive`].
    pub fn revive(&self, asks: &mut Asks) {
        self.replica.revive(asks);
    }

    fn asked(&mut self, from: Endpoint, asked: Header, asks: &mut Asks) {
        let question = asked.question;
        let words = match asked.words {
            Words::Resolve(name) => self.resolve(&name),
            Words::Change(command) => {
                if self.table().is_some() && self.changes.len() < CHANGES_MAX {
                    let send = asks.mint();
                    self.changes.insert(send, (from, question));
                    let command = owned(command, from);
                    return self.replica.propose(&command, send, false, asks);
                }
                Words::Elsewhere
            }
            // An answer to what this member never asked.
            _ => return,
        };
        self.tell(from, question, words, asks);
    }

    fn resolve(&self, name: &Name) -> Words {
        let Some(table) = self.table() else { return Words::Elsewhere };
        table.get(name).map_or(Words::Unknown, |binding| {
            let lease_ns = u64::try_from(self.lease.as_nanos()).unwrap_or(u64::MAX);
            Words::Found { binding: binding.clone(), lease_ns }
        })
    }

    fn tell(&self, to: Endpoint, question: u64, words: Words, asks: &mut Asks) {
        let message = Header { question, words }.message();
        asks.push(Down::Tell { lwg: self.replica.lwg(), to, message });
    }

    /// Passes on what the replica tells, and to others what concerns them.
    fn pass_on(&mut self, asks: &mut Asks) {
        while let Some(answer) = self.replica.answer() {
            match &answer {
                Answer::Applied { from, send, answer, .. } => {
                    let mine = *from == self.replica.endpoint();
                    if let Some((who, question)) = self.changes.remove(send).filter(|_| mine) {
                        self.tell(who, question, Words::Changed(answer.clone()), asks);
                    }
                }
                Answer::Lacking { .. } | Answer::Lost { .. } | Answer::Out { .. } => {
                    // What becomes of them will not be seen here: elsewhere it can be asked again.
                    for (_, (who, question)) in core::mem::take(&mut self.changes) {
                        self.tell(who, question, Words::Elsewhere, asks);
                    }
                }
                Answer::Ready { .. } | Answer::GaveUp { .. } => {}
            }
            self.told.push_back(answer);
        }
    }
}

/// Nobody binds in another's name.
fn owned(command: Command, owner: Endpoint) -> Command {
    match command {
        Command::Bind { name, contact, expected, .. } => {
            Command::Bind { name, contact, owner, expected }
        }
        Command::Unbind { name, expected, .. } => Command::Unbind { name, owner, expected },
    }
}

impl Tool for Directory {
    /// What the replica tells: every change of the table is told to every member.
    type Answer = Answer<Outcome>;

    fn hear(&mut self, now: Instant, heard: &Up, asks: &mut Asks) {
        if let Up::Told { lwg, from, message } = heard
            && *lwg == self.replica.lwg()
            && let Some(asked) = Header::of(message)
        {
            return self.asked(*from, asked, asks);
        }
        self.replica.hear(now, heard, asks);
        self.pass_on(asks);
    }

    fn answer(&mut self) -> Option<Self::Answer> {
        self.told.pop_front()
    }

    fn wake(&mut self, now: Instant, asks: &mut Asks) {
        self.replica.wake(now, asks);
        self.pass_on(asks);
    }

    fn deadline(&self) -> Option<Instant> {
        self.replica.deadline()
    }
}
