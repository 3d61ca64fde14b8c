//! Tools: states that are not equal, or come to nobody. Storms look first, as they do in earnest.

use super::Plant;

const fn tool(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &["state"], packages: &["tools"] }
}

pub(super) const PLANTS: [Plant; 15] = [
    tool(
        "a donor gives the wrong part of its state",
        "crates/tools/src/giving.rs",
        "kept.chunks.get(at)?.clone()",
        "kept.chunks.get(at / 2)?.clone()",
    ),
    Plant {
        families: &[],
        ..tool(
            "a snapshot that was asked for early is never given",
            "crates/tools/src/giving.rs",
            "self.early.iter().filter(|(_, (wanted, _))| *wanted <= boundary);",
            "self.early.iter().filter(|(_, (wanted, _))| *wanted < boundary);",
        )
    },
    tool(
        "one message between the cut of a state and its coming is passed over",
        "crates/tools/src/replica.rs",
        "        for command in self.held.take() {\n            self.apply(command, asks);",
        "        for command in self.held.take().into_iter().skip(1) {\n\
         \x20           self.apply(command, asks);",
    ),
    tool(
        "what comes before the verdict is not held",
        "crates/tools/src/replica.rs",
        "Stage::Deciding { spilled: false, .. } | Stage::Taking(_) => {",
        "Stage::Taking(_) => {",
    ),
    tool(
        "who is out before its state has come leaves askers waiting",
        "crates/tools/src/replica.rs",
        "        self.decline_held(asks);\n        self.stage = Stage::Outside;",
        "        let _ = (self.held.take(), asks);\n        self.stage = Stage::Outside;",
    ),
    tool(
        "of two sides that meet each keeps its state",
        "crates/tools/src/replica/boundary.rs",
        "        if mine && self.ready {",
        "        if self.ready {",
    ),
    tool(
        "a state counts as agreed on while it is undecided whose it is to be",
        "crates/tools/src/replica/boundary.rs",
        "            Some(_) => self.is_settled(),",
        "            Some(_) => self.ready,",
    ),
    tool(
        "a snapshot that all have is kept",
        "crates/tools/src/replica/boundary.rs",
        "        self.giving.done(from);\n        if self.all_settled() {",
        "        self.giving.done(from);\n        if self.all_settled() && self.boundary > 0 {",
    ),
    tool(
        "a state goes on with what has come of another",
        "crates/tools/src/transfer.rs",
        "self.part.take().filter(|part| Some(part.sum) == self.sum)",
        "self.part.take()",
    ),
    Plant {
        families: &[],
        ..tool(
            "states come as fast as they can",
            "crates/tools/src/pace.rs",
            "        self.due = self.due.max(now - SMOOTH) + cost;",
            "        self.due = self.due.max(now - SMOOTH - cost);",
        )
    },
    Plant {
        families: &[],
        ..tool(
            "those who take a state at the same time do not share the pace",
            "crates/tools/src/pace.rs",
            "CHUNK_BYTES as u64 * takers.max(1) as u64;",
            "CHUNK_BYTES as u64 * takers.min(1) as u64;",
        )
    },
    Plant {
        families: &[],
        ..tool(
            "who had not agreed on a state wins over who had",
            "crates/tools/src/exchange.rs",
            "if same { beats(&offer.ranks, &best.ranks) } else { offer.agreed };",
            "if same { beats(&offer.ranks, &best.ranks) } else { best.agreed };",
        )
    },
    tool(
        "a state is offered before it is written whole",
        "crates/tools/src/giving.rs",
        "        if first.get_mut().write(most) {",
        "        if first.get_mut().write(most) && false {",
    ),
    Plant {
        families: &[],
        ..tool(
            "who asks for what is still written is told that there is none",
            "crates/tools/src/giving.rs",
            "if boundary > boundary_here || self.coming.contains_key(&boundary) {",
            "if boundary > boundary_here {",
        )
    },
    Plant {
        families: &[],
        ..tool(
            "a state that is written in pieces is summed up without the last of them",
            "crates/tools/src/giving.rs",
            "digest: self.digest.and(&self.rest) };",
            "digest: self.digest };",
        )
    },
];
