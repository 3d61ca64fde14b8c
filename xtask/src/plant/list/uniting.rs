//! Uniting: parts whose groups become one a few at a time. Tests of light-weight groups find these:
//! some unite one group in a turn.

use super::Plant;
use super::storms::light;

pub(super) const PLANTS: [Plant; 10] = [
    light(
        "an operation finds its group not united",
        "crates/lwg/src/change.rs",
        "        self.unite_first(here, op.lwg);\n",
        "",
    ),
    light(
        "the MARK for all groups goes before all are united",
        "crates/lwg/src/marking.rs",
        "        if self.uniting.is_some() {\n            return;\n        }\n",
        "",
    ),
    light(
        "a core view ends with groups that are not united",
        "crates/lwg/src/core_group.rs",
        "        self.unite_some(here, usize::MAX);\n",
        "",
    ),
    light(
        "what is sent in a new view is told where its turn has not come",
        "crates/lwg/src/core_group.rs",
        "        self.ripen_first(here, data.lwg);\n",
        "",
    ),
    light(
        "a core view ends changes that had all MARKs as if it had ended them",
        "crates/lwg/src/change.rs",
        "        self.ripen(here, slot);\n        let mut overtaken",
        "        let mut overtaken",
    ),
    light(
        "a core group is not closed by who has groups to unite",
        "crates/lwg/src/grace.rs",
        "        self.unite_some(here, usize::MAX);\n",
        "",
    ),
    light(
        "a membership whose place was used again ends the sweep of those behind it",
        "crates/lwg/src/directory.rs",
        "            let is_there = memberships.is_of(index, self.core);\n",
        "            let is_there = memberships.is_of(index, self.core);\n\
         \x20           if is_there && !memberships.members(index).contains(&here.me) {\n\
         \x20               return;\n            }\n",
    ),
    light(
        "what is told in a relaxed group comes before who is in it",
        "crates/lwg/src/relaxed.rs",
        "        self.unite_first(here, lwg);\n",
        "",
    ),
    light(
        "who makes a group does not look among those that are not united",
        "crates/lwg/src/groups/asking.rs",
        "            self.catch_up(*lwg);\n",
        "            let _ = lwg;\n",
    ),
    light(
        "who asks looks where a group is before that is up to date",
        "crates/lwg/src/groups/asking.rs",
        "        self.catch_up(ask.lwg());\n        if let Some(arriving) =",
        "        let held = self.here.arriving.contains_key(&ask.lwg());\n        \
         self.catch_up(ask.lwg());\n        if held && let Some(arriving) =",
    ),
];
