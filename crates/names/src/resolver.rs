//! Resolver: asks, remembers, forgets when a lease ends.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use lwg::{Down, Endpoint, LwgId, Up};
use muts::{Duration, Full, Instant};
use tools::{Asks, Tool};

use crate::header::{Header, Words};
use crate::limits::{PATIENCE, QUESTIONS_MAX, REMEMBERED_MAX, TRIES_MAX};
use crate::name::Name;
use crate::table::{Binding, Command, Outcome};

/// What a resolver tells, each with the number that its question got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// The name stands for this.
    Found {
        /// The question.
        question: u64,
        /// What it stands for.
        binding: Binding,
    },
    /// The name stands for nothing, or the change was of a name that does.
    Unknown {
        /// The question.
        question: u64,
    },
    /// What a change came to.
    Changed {
        /// The question.
        question: u64,
        /// The outcome.
        outcome: Outcome,
    },
    /// No member of the directory has answered. A change may have been made all the same.
    NoDirectory {
        /// The question.
        question: u64,
    },
}

#[derive(Debug)]
enum What {
    Name(Name),
    Change(Command),
}

#[derive(Debug)]
struct Question {
    what: What,
    asked_first: Instant,
    asked_last: Instant,
    tries: u32,
    /// Which member was asked last.
    at: usize,
}

#[derive(Debug)]
struct Remembered {
    binding: Binding,
    until: Instant,
}

/// Finds names for a process that need not be in the directory, nor in any group.
#[derive(Debug)]
pub struct Resolver {
    lwg: LwgId,
    directory: Vec<Endpoint>,
    /// The member that answered last: asked first.
    liked: usize,
    asked: u64,
    questions: BTreeMap<u64, Question>,
    remembered: BTreeMap<Name, Remembered>,
    told: VecDeque<Resolved>,
}

impl Resolver {
    /// A resolver that asks these members of the directory, which is this group. `first` is the
    /// number of the first question: another one for each resolver of one process.
    #[must_use]
    pub fn new(lwg: LwgId, directory: Vec<Endpoint>, first: u64) -> Self {
        let (questions, remembered) = (BTreeMap::new(), BTreeMap::new());
        let told = VecDeque::new();
        Self { lwg, directory, liked: 0, asked: first, questions, remembered, told }
    }

    /// Asks what a name stands for; answered at once if that is remembered. Tells the question's
    /// number.
    ///
    /// # Errors
    /// [`Full`] hands the name back if too many questions are open.
    pub fn resolve(
        &mut self,
        now: Instant,
        name: Name,
        asks: &mut Asks,
    ) -> Result<u64, Full<Name>> {
        if let Some(binding) = self.remembered(now, &name).cloned() {
            let question = self.number();
            self.told.push_back(Resolved::Found { question, binding });
            return Ok(question);
        }
        if self.questions.len() >= QUESTIONS_MAX {
            return Err(Full(name));
        }
        Ok(self.ask(now, What::Name(name), asks))
    }

    /// Asks for a change of the table; whatever owner it names, it is made in the asker's own name.
    /// A change whose answer is lost is asked for again, elsewhere: to bind twice does no harm, to
    /// unbind twice may tell `Unknown`.
    ///
    /// # Errors
    /// [`Full`] hands the change back if too many questions are open.
    pub fn change(
        &mut self,
        now: Instant,
        command: Command,
        asks: &mut Asks,
    ) -> Result<u64, Full<Command>> {
        if self.questions.len() >= QUESTIONS_MAX {
            return Err(Full(command));
        }
        let (Command::Bind { name, .. } | Command::Unbind { name, .. }) = &command;
        self.remembered.remove(name);
        Ok(self.ask(now, What::Change(command), asks))
    }

    /// What is remembered of a name, while its lease lasts.
    #[must_use]
    pub fn remembered(&self, now: Instant, name: &Name) -> Option<&Binding> {
        let kept = self.remembered.get(name).filter(|kept| now < kept.until)?;
        Some(&kept.binding)
    }

    /// Forgets a name at once: what it stood for turned out to be wrong.
    pub fn forget(&mut self, name: &Name) {
        self.remembered.remove(name);
    }

    /// Whether a question is open.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        !self.questions.is_empty()
    }

    fn number(&mut self) -> u64 {
        let question = self.asked;
        self.asked = self.asked.wrapping_add(1);
        question
    }

    fn ask(&mut self, now: Instant, what: What, asks: &mut Asks) -> u64 {
        let number = self.number();
        let at = self.liked;
        let question = Question { what, asked_first: now, asked_last: now, tries: 0, at };
        self.questions.insert(number, question);
        self.try_next(now, number, asks);
        number
    }

    /// Asks one more member, or gives up.
    fn try_next(&mut self, now: Instant, number: u64, asks: &mut Asks) {
        let Some(question) = self.questions.get_mut(&number) else { return };
        if question.tries >= TRIES_MAX || self.directory.is_empty() {
            self.questions.remove(&number);
            return self.told.push_back(Resolved::NoDirectory { question: number });
        }
        if question.tries > 0 {
            question.at += 1;
        }
        question.tries += 1;
        question.asked_last = now;
        let to = self.directory[question.at % self.directory.len()];
        let words = match &question.what {
            What::Name(name) => Words::Resolve(name.clone()),
            What::Change(command) => Words::Change(command.clone()),
        };
        let message = Header { question: number, words }.message();
        asks.push(Down::Tell { lwg: self.lwg, to, message });
    }

    fn answered(&mut self, now: Instant, from: Endpoint, answer: Header, asks: &mut Asks) {
        // Whom this resolver never asked cannot answer, nor anybody a question that is closed.
        let Some(at) = self.directory.iter().position(|member| *member == from) else { return };
        let number = answer.question;
        let Some(question) = self.questions.get(&number) else { return };
        let told = match (answer.words, &question.what) {
            (Words::Found { binding, lease_ns }, What::Name(name)) => {
                let (name, asked) = (name.clone(), question.asked_first);
                // Counted from the asking: the lease had begun when the answer was written.
                let until = asked + Duration::from_nanos(lease_ns);
                self.remember(now, name, Remembered { binding: binding.clone(), until });
                Resolved::Found { question: number, binding }
            }
            (Words::Unknown, What::Name(_)) => Resolved::Unknown { question: number },
            (Words::Changed(outcome), What::Change(_)) => {
                Resolved::Changed { question: number, outcome }
            }
            // Only from whom it was asked last: an older refusal was taken notice of.
            (Words::Elsewhere, _) if question.at % self.directory.len() == at => {
                return self.try_next(now, number, asks);
            }
            _ => return,
        };
        self.liked = at;
        self.questions.remove(&number);
        self.told.push_back(told);
    }

    fn remember(&mut self, now: Instant, name: Name, kept: Remembered) {
        if kept.until <= now {
            return;
        }
        if self.remembered.len() >= REMEMBERED_MAX && !self.remembered.contains_key(&name) {
            let first = self.remembered.iter().min_by_key(|(_, kept)| kept.until);
            if let Some(first) = first.map(|(name, _)| name.clone()) {
                self.remembered.remove(&first);
            }
        }
        self.remembered.insert(name, kept);
    }
}

impl Tool for Resolver {
    type Answer = Resolved;

    fn hear(&mut self, now: Instant, heard: &Up, asks: &mut Asks) {
        if let Up::Told { lwg, from, message } = heard
            && *lwg == self.lwg
            && let Some(answer) = Header::of(message)
        {
            self.answered(now, *from, answer, asks);
        }
    }

    fn answer(&mut self) -> Option<Resolved> {
        self.told.pop_front()
    }

    fn wake(&mut self, now: Instant, asks: &mut Asks) {
        self.remembered.retain(|_, kept| now < kept.until);
        let waiting = self.questions.iter();
        let late = waiting.filter(|(_, question)| question.asked_last + PATIENCE <= now);
        for number in late.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.try_next(now, number, asks);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let patience = self.questions.values().map(|question| question.asked_last + PATIENCE);
        patience.chain(self.remembered.values().map(|kept| kept.until)).min()
    }
}
