//! Choked: who is waited for because it does not take what it is told.

use super::{Plant, kernel, light};

pub(super) const PLANTS: [Plant; 9] = [
    light(
        "who takes again what it is told of a group tells nobody",
        "crates/lwg/src/choked.rs",
        "for to in self.choked.ease(lwg) {",
        "for to in self.choked.ease(lwg).into_iter().take(0) {",
    ),
    light(
        "who sends to a group after it was choked does not hear of it",
        "crates/lwg/src/here.rs",
        "self.tell_choked(lwg, from);",
        "",
    ),
    light(
        "a view without who choked a group gives no room",
        "crates/lwg/src/here.rs",
        "        if free {\n",
        "        if free && self.choked.is_empty() {\n",
    ),
    light(
        "who is no member of a relaxed group waits for who has crashed there",
        "crates/lwg/src/groups/hearing.rs",
        "        self.here.look_all_choked();\n        self.sweeping",
        "        self.sweeping",
    ),
    kernel(
        "a view without who choked a core group gives no room",
        "crates/vsync/src/kernel/choking.rs",
        "if !self.choked.is_by(group, &view.members) {",
        "if self.choked.is_empty() {",
    ),
    light(
        "what was handed back because too many moves are under way is not told of room",
        "crates/lwg/src/groups/hearing.rs",
        "                self.give_room();\n",
        "",
    ),
    light(
        "what is told to a process that takes nothing is kept without a bound",
        "crates/lwg/src/groups/asking.rs",
        "if self.letters.refuse(to, lwg) {",
        "if self.letters.refuse(to, lwg) && lwg.is_none() {",
    ),
    light(
        "who was handed a letter back is told of room only if all are taken",
        "crates/lwg/src/letters.rs",
        "if rest.is_err() && !waiting.has_room() {",
        "if rest.is_err() {",
    ),
    kernel(
        "who is told nothing is kept each word that a core group is choked, or not",
        "crates/vsync/src/kernel/choking.rs",
        "words.remove(&group);",
        "",
    ),
];
