//! Uniting: parts whose groups become one a few at a time.

use super::Plant;

/// What the tests of light-weight groups find: storms of them unite one group in a turn.
const fn united(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &[], packages: &["lwg"] }
}

pub(super) const PLANTS: [Plant; 7] = [
    united(
        "an operation finds its group not united",
        "crates/lwg/src/change.rs",
        "        self.unite_first(here, op.lwg);\n",
        "",
    ),
    united(
        "the MARK for all groups goes before all are united",
        "crates/lwg/src/marking.rs",
        "        if self.uniting.is_some() {\n            return;\n        }\n",
        "",
    ),
    united(
        "a core view ends with groups that are not united",
        "crates/lwg/src/core_group.rs",
        "        self.unite_some(here, usize::MAX);\n",
        "",
    ),
    united(
        "what is sent in a new view is told where its turn has not come",
        "crates/lwg/src/core_group.rs",
        "        self.ripen_first(here, data.lwg);\n",
        "",
    ),
    united(
        "a core view ends changes that had all MARKs as if it had ended them",
        "crates/lwg/src/change.rs",
        "        self.ripen(here, slot);\n        let mut overtaken",
        "        let mut overtaken",
    ),
    united(
        "a core group is not closed by who has groups to unite",
        "crates/lwg/src/grace.rs",
        "        self.unite_some(here, usize::MAX);\n",
        "",
    ),
    united(
        "a membership whose place was used again ends the sweep of those behind it",
        "crates/lwg/src/directory.rs",
        "            let is_there = memberships.is_of(index, self.core);\n",
        "            let is_there = memberships.is_of(index, self.core);\n\
         \x20           if is_there && !memberships.members(index).contains(&here.me) {\n\
         \x20               return;\n            }\n",
    ),
];
