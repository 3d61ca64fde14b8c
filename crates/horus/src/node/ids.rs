//! Ids: what this node calls its messages and its replies, each once.
//!
//! Those that it makes itself are numbered, so that however many there are take no room. Those that
//! it is told are kept, the newest [`IDS_KEPT_MAX`] of them.

use std::collections::{BTreeSet, VecDeque};

use super::limits::{ID_BYTES_MAX, IDS_KEPT_MAX};

/// The newest ids of some kind, so many at most.
pub(crate) struct Newest {
    ids: BTreeSet<String>,
    age: VecDeque<String>,
    most: usize,
}

impl Newest {
    /// None yet.
    pub(crate) const fn new(most: usize) -> Self {
        Self { ids: BTreeSet::new(), age: VecDeque::new(), most }
    }

    /// Keeps one more; the oldest is forgotten if there are too many.
    pub(crate) fn add(&mut self, id: &str) {
        if self.ids.insert(id.to_owned()) {
            self.age.push_back(id.to_owned());
        }
        if self.age.len() > self.most
            && let Some(oldest) = self.age.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    /// Whether this is one of them.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }
}

/// Ids of one kind of thing.
pub(crate) struct Ids {
    /// What they are, as a command's field is called.
    field: &'static str,
    /// What those begin with that are made here; a number follows.
    begin: String,
    /// The number made last.
    made: u64,
    told: Newest,
}

impl Ids {
    /// None yet.
    pub(crate) const fn new(field: &'static str, begin: String) -> Self {
        Self { field, begin, made: 0, told: Newest::new(IDS_KEPT_MAX) }
    }

    /// One that was not there before.
    pub(crate) fn make(&mut self) -> String {
        loop {
            self.made += 1;
            let id = format!("{}{}", self.begin, self.made);
            if !self.told.has(&id) {
                return id;
            }
        }
    }

    /// Whether somebody may call something so from now on.
    ///
    /// # Errors
    /// A sentence that names the id if it cannot be one, or is that of something else.
    pub(crate) fn look(&self, id: &str) -> Result<(), String> {
        let field = self.field;
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return Err(format!("`{field}` has 1 to {ID_BYTES_MAX} bytes"));
        }
        if self.told.has(id) || self.is_made(id) {
            return Err(format!("`{field}`: this process has used `{id}` before: take another"));
        }
        Ok(())
    }

    /// Something is called so.
    pub(crate) fn use_up(&mut self, id: &str) {
        self.told.add(id);
    }

    fn is_made(&self, id: &str) -> bool {
        let number = id.strip_prefix(&self.begin).filter(|number| !number.starts_with(['0', '+']));
        number.and_then(|number| number.parse::<u64>().ok()).is_some_and(|n| n <= self.made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_used_once_whoever_made_it() {
        let mut ids = Ids::new("msg", "a#1:".into());
        ids.look("a#1:2").expect("nothing is called so");
        ids.use_up("a#1:2");
        assert_eq!([ids.make(), ids.make()], ["a#1:1", "a#1:3"]);
        for used in ["a#1:1", "a#1:2", "a#1:3"] {
            assert!(ids.look(used).expect_err("refused").contains(used));
        }
        for free in ["a#1:4", "a#1:03", "a#1:+3", "a#12", "b#1:1", "3"] {
            assert_eq!(ids.look(free), Ok(()), "{free}");
        }
        assert!(ids.look("").expect_err("refused").contains("`msg`"));
    }

    #[test]
    fn of_those_that_were_told_the_oldest_are_forgotten() {
        let mut newest = Newest::new(2);
        ["x", "y", "y", "z"].into_iter().for_each(|id| newest.add(id));
        assert_eq!(["x", "y", "z"].map(|id| newest.has(id)), [false, true, true]);
        assert_eq!(newest.age.len(), 2);
    }
}
