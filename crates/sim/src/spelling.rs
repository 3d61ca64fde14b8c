//! Spelling: the words of histories for what floors name by numbers, each made once a run.
//!
//! A storm writes hundreds of thousands of events: clones of a word share its text, so writing one
//! down costs a look-up and no allocation.

use std::cell::RefCell;
use std::rc::Rc;

use hashbrown::{HashMap, HashSet};
use horus::history::Id;
use lwg::LwgId;
use muts::ProcId;
use vsync::GroupId;

use crate::script::Roster;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Named {
    Process(ProcId),
    CoreGroup(GroupId),
    Circle(GroupId, usize),
    CoreView(vsync::ViewId),
    LightGroup(LwgId),
    LightView(lwg::ViewId),
    Hash(u64),
}

#[derive(Debug, Default)]
struct Known {
    things: HashMap<Named, Id>,
    texts: HashSet<Id>,
}

/// The words of one run; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Spelling {
    roster: Roster,
    known: Rc<RefCell<Known>>,
}

impl Spelling {
    pub(crate) fn new(roster: Roster) -> Self {
        Self { roster, known: Rc::default() }
    }

    fn word(&self, thing: Named, spell: impl FnOnce(&Roster) -> String) -> Id {
        let mut known = self.known.borrow_mut();
        known.things.entry(thing).or_insert_with(|| spell(&self.roster).into()).clone()
    }

    /// A message or reply id.
    pub(crate) fn text(&self, text: &str) -> Id {
        let mut known = self.known.borrow_mut();
        known.texts.get_or_insert_with(text, |text| text.into()).clone()
    }

    pub(crate) fn process(&self, process: ProcId) -> Id {
        self.word(Named::Process(process), |roster| roster.name(process))
    }

    pub(crate) fn core_group(&self, group: GroupId) -> Id {
        self.word(Named::CoreGroup(group), |_| format!("{group:?}"))
    }

    pub(crate) fn circle(&self, group: GroupId, circle: usize) -> Id {
        self.word(Named::Circle(group, circle), |_| format!("{group:?}~{circle}"))
    }

    pub(crate) fn core_view(&self, view: vsync::ViewId) -> Id {
        self.word(Named::CoreView(view), |roster| {
            format!("{}:{}", view.epoch, roster.name(view.coordinator))
        })
    }

    pub(crate) fn light_group(&self, lwg: LwgId) -> Id {
        self.word(Named::LightGroup(lwg), |_| format!("{lwg:?}"))
    }

    pub(crate) fn light_view(&self, view: lwg::ViewId) -> Id {
        self.word(Named::LightView(view), |_| format!("{view:?}"))
    }

    /// The hash of a body.
    pub(crate) fn hash(&self, body: &[u8]) -> Id {
        let mut digest = crate::trace::Digest::default();
        digest.add_bytes(body);
        self.word(Named::Hash(digest.value()), |_| format!("{:016x}", digest.value()))
    }
}
