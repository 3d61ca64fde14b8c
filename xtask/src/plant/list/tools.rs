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

pub(super) const PLANTS: [Plant; 21] = [
    tool(
        "a donor gives the wrong part of its state",
        "crates/tools/src/giving.rs",
        "written.chunks.get(at)?.clone()",
        "written.chunks.get(at / 2)?.clone()",
    ),
    Plant {
        families: &[],
        ..tool(
            "a snapshot that was asked for early is never given",
            "crates/tools/src/giving.rs",
            "let is_due = cut <= here && !self.is_coming(cut);",
            "let is_due = cut < here && !self.is_coming(cut);",
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
        "        self.giving.done(from);\n",
        "",
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
            "if same { beats(&heard.ranks, &best.ranks) } else { heard.offer.agreed };",
            "if same { beats(&heard.ranks, &best.ranks) } else { best.offer.agreed };",
        )
    },
    tool(
        "a state is offered before it is written whole",
        "crates/tools/src/giving.rs",
        "                if coming.write(most) {",
        "                if coming.write(most) && false {",
    ),
    Plant {
        families: &[],
        ..tool(
            "who asks for what is still written is told that there is none",
            "crates/tools/src/giving.rs",
            "if cut > here || self.is_coming(cut) {",
            "if cut > here {",
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
    Plant {
        families: &[],
        ..tool(
            "who parted from a taker since the cut of what it takes is a donor of that",
            "crates/tools/src/cut.rs",
            "cuts.contains(&self.cut) && self.along.contains(&donor)",
            "cuts.contains(&self.cut)",
        )
    },
    tool(
        "what was held before a view moves the state that is cut at it",
        "crates/tools/src/replica/boundary.rs",
        "                self.decline_earlier(asks);\n",
        "",
    ),
    Plant {
        families: &[],
        ..tool(
            "a donor keeps no snapshot beyond its view",
            "crates/tools/src/replica/boundary.rs",
            "        self.giving.go_along(&next.transitional);",
            "        self.giving.clear();",
        )
    },
    Plant {
        families: &[],
        ..tool(
            "a donor keeps as many snapshots as views have brought takers",
            "crates/tools/src/giving.rs",
            "            let stays = left > 0 && !kept.takers.is_empty();",
            "            let stays = !kept.takers.is_empty();",
        )
    },
    tool(
        "who could not tell in time that it has loaded never tells",
        "crates/tools/src/replica/boundary.rs",
        "            if !self.is_counted() {\n                self.cast(",
        "            if !mine {\n                self.cast(",
    ),
    Plant {
        families: &[],
        ..tool(
            "another donor is not asked for what the first had been asked for",
            "crates/tools/src/transfer.rs",
            "            self.asked = self.next;\n            self.heard_at = now;",
            "            self.heard_at = now;",
        )
    },
];
