//! Hatch: a local socket where operators ask this process, as they ask a daemon.
//!
//! Takes: the questions of whoever may open the socket, which is its user and root. Promises: the
//! tower waits for nobody here: it is looked at between two turns, for one question at a time, and
//! all the rest is done by a thread of its own. Keeps: the socket, until the tower is over.

mod answers;
mod askers;
mod limits;
mod look;
mod query;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use muts::os::Bell;
use muts::{Layer as _, ProcId};
use serde_json::Value;

use self::answers::{House, wrong};
use self::askers::{Askers, News, Reply};
use self::limits::ASKERS_MAX;
use self::look::{Facts, look};
use self::query::Query;
use crate::config::Config;
use crate::engine::Engine;
use crate::error::Error;
use crate::inbox::Inbox;
use crate::runtime::Runtime;
use crate::shared::{Shared, Word};

/// Nobody but its user may ask.
const MODE: u32 = 0o600;

/// See the head of this file. Closed when dropped.
pub(crate) struct Hatch {
    closing: Arc<AtomicBool>,
    bell: Bell,
    thread: Option<JoinHandle<()>>,
}

/// What its thread has.
struct Attendant {
    hatch: muts::os::Hatch,
    askers: Askers,
    house: House,
    runtime: Arc<Runtime<Engine>>,
    closing: Arc<AtomicBool>,
    /// Questions that wait for those before them: one of each asker.
    questions: VecDeque<(u32, Vec<u8>)>,
    /// Whose question the tower is looked at for, and how they call what they ask for.
    asking: Option<(u32, String)>,
    seen: Arc<Inbox<Facts>>,
}

impl Hatch {
    /// Opens it at this socket.
    ///
    /// # Errors
    /// [`Error::Operators`].
    pub(crate) fn open(
        config: &Config,
        socket: &Path,
        me: ProcId,
        runtime: &Arc<Runtime<Engine>>,
        shared: &Arc<Shared>,
    ) -> Result<Self, Error> {
        let broken = |cause| Error::Operators { socket: socket.to_path_buf(), cause };
        let hatch = muts::os::Hatch::open(socket, MODE, ASKERS_MAX).map_err(broken)?;
        let (closing, bell) = (Arc::new(AtomicBool::new(false)), hatch.bell());
        shared.ring_at_end(bell.clone());
        let attendant = Attendant {
            hatch,
            askers: Askers::default(),
            house: House {
                shared: Arc::clone(shared),
                me,
                socket: socket.to_path_buf(),
                daemon: config.daemon.clone(),
                start: config.start.clone(),
            },
            runtime: Arc::clone(runtime),
            closing: Arc::clone(&closing),
            questions: VecDeque::new(),
            asking: None,
            seen: Arc::default(),
        };
        let thread = std::thread::Builder::new().name("operators".into());
        let thread = thread.spawn(move || attendant.serve()).map_err(broken)?;
        Ok(Self { closing, bell, thread: Some(thread) })
    }
}

impl Drop for Hatch {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        self.bell.ring();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // It cannot have died of anything that was not said already.
            let _ = thread.join();
        }
    }
}

impl Attendant {
    fn serve(mut self) {
        while self.hatch.turn(&mut self.askers).is_ok() {
            let over = self.closing.load(Ordering::SeqCst) || self.house.shared.ended().is_some();
            // What was seen before the end is still told.
            while let Some(facts) = self.seen.take() {
                if let Some((pipe, called)) = self.asking.take() {
                    let answer = self.house.answer(&called, facts);
                    self.reply(pipe, &answer);
                }
            }
            if over {
                self.askers.close();
            }
            self.hear();
            if over {
                return;
            }
            self.ask_next();
        }
    }

    fn reply(&mut self, pipe: u32, answer: &Value) {
        let answer = answer.to_string().into_bytes();
        let taken = self.askers.down(self.hatch.now(), Reply { pipe, answer });
        debug_assert!(taken.is_ok(), "there is always room for an answer");
    }

    fn hear(&mut self) {
        while let Some(news) = self.askers.up() {
            match news {
                News::Question { pipe, query } => self.questions.push_back((pipe, query)),
                News::Over { pipe, last } => {
                    self.questions.retain(|(asker, _)| *asker != pipe);
                    self.hatch.close(pipe, last);
                }
            }
        }
    }

    /// Lets whoever turns the tower look at it for the next question.
    fn ask_next(&mut self) {
        while self.asking.is_none()
            && let Some((pipe, query)) = self.questions.pop_front()
        {
            let query = match Query::read(&query) {
                Ok(query) => query,
                Err(why) => {
                    self.reply(pipe, &wrong(&why));
                    continue;
                }
            };
            let (wanted, called) = self.house.wanted(query);
            self.asking = Some((pipe, called));
            let (seen, bell) = (Arc::clone(&self.seen), self.hatch.bell());
            self.house.shared.push(Word::Do(Box::new(move |engine| {
                seen.push(look(engine, wanted));
                bell.ring();
            })));
            if !self.runtime.nudge() {
                self.house.shared.refuse();
            }
        }
    }
}
