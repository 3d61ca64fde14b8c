//! Operation: a create, add, remove or destroy that was begun, and is waited for later.
//!
//! *Takes* names of members, who need not have been met. *Promises* that it is asked for at once if
//! they have been, else as soon as somebody waits for it and they are; and that what does not come
//! in time can be waited for again. *Keeps* no group open that C has freed.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use roof::{Endpoint, Group, Pending, Traits};

use crate::Done;
use crate::handles::{Lwg, Patience, Tower, met, not_met};
use crate::status::{bad, failed, late, late_for, wrong};

/// A create, add, remove or destroy that was begun, and is waited for with `lwg_wait`.
pub struct Operation {
    tower: Tower,
    creates: bool,
    state: Mutex<State>,
}

enum State {
    /// Of these members one has not been met.
    Naming {
        names: Vec<String>,
        what: What,
    },
    Making(Pending<Group>),
    Changing(Pending<()>),
    /// It has ended, or a thread waits for it.
    Taken,
}

/// What is to be done once its members are known.
enum What {
    Create(Traits),
    Change(Weak<Group>, Change),
}

/// What is asked of a group.
pub(crate) type Change = fn(&Group, &[Endpoint]) -> Pending<()>;

impl Operation {
    pub(crate) fn create(tower: &Tower, names: &[&str], traits: Traits) -> Done<Self> {
        Self::begin(tower, names, What::Create(traits))
    }

    pub(crate) fn change(lwg: &Lwg, names: &[&str], how: Change) -> Done<Self> {
        Self::begin(&lwg.tower, names, What::Change(Arc::downgrade(&lwg.group), how))
    }

    fn begin(tower: &Tower, names: &[&str], what: What) -> Done<Self> {
        let creates = matches!(what, What::Create(_));
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        // A name that cannot be one is told now.
        let state = match ask(tower, names, what, Patience::of(0))? {
            Ok(asked) => asked,
            Err((naming, _)) => naming,
        };
        Ok(Self { tower: tower.clone(), creates, state: Mutex::new(state) })
    }

    /// Whether it makes a group.
    pub(crate) const fn creates(&self) -> bool {
        self.creates
    }

    /// How it ended; of a create the group.
    pub(crate) fn wait(&self, patience: Patience) -> Done<Option<Lwg>> {
        let mut state = self.put(State::Taken);
        if let State::Naming { names, what } = state {
            state = match ask(&self.tower, names, what, patience)? {
                Ok(asked) => asked,
                Err((naming, why)) => {
                    self.put(naming);
                    return Err(late_for(&why));
                }
            };
        }
        match state {
            State::Making(made) => match made.wait_for(patience.left()) {
                Ok(group) => Ok(Some(Lwg::new(&self.tower, group.map_err(wrong)?))),
                Err(made) => Err(self.late(State::Making(made))),
            },
            State::Changing(changed) => match changed.wait_for(patience.left()) {
                Ok(ended) => ended.map_err(wrong).map(|()| None),
                Err(changed) => Err(self.late(State::Changing(changed))),
            },
            State::Naming { .. } | State::Taken => {
                Err(bad("it has ended, or another thread waits for it"))
            }
        }
    }

    fn late(&self, state: State) -> crate::horus_status {
        self.put(state);
        late()
    }

    fn put(&self, state: State) -> State {
        std::mem::replace(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner), state)
    }
}

/// Asks for it if its members are met in time; else what it was, and who is missing.
fn ask(
    tower: &Tower,
    names: Vec<String>,
    what: What,
    patience: Patience,
) -> Done<Result<State, (State, String)>> {
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let members = match met(&tower.horus, &all, patience)? {
        Ok(members) => members,
        Err(name) => {
            let why = not_met(name);
            return Ok(Err((State::Naming { names, what }, why)));
        }
    };
    match what {
        What::Create(traits) => Ok(Ok(State::Making(tower.ask_for(&members, traits)))),
        What::Change(group, how) => {
            let group = group.upgrade().ok_or_else(|| failed("the group was freed"))?;
            Ok(Ok(State::Changing(how(&group, &members))))
        }
    }
}
