//! Roof: what handles are told, and what waits for the tower.

use super::Plant;

const fn roof(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &[], packages: &["horus"] }
}

pub(super) const PLANTS: [Plant; 8] = [
    roof(
        "who is removed waits behind messages that wait for just that",
        "crates/horus/src/backlog.rs",
        "asked.passes(self.me) && queue.iter()",
        "queue.is_empty() && queue.iter()",
    ),
    roof(
        "an operation goes past another that waits",
        "crates/horus/src/backlog.rs",
        "asked.passes(self.me) && queue.iter().all(|other| operation_of(&other.ask).is_none())",
        "asked.passes(self.me)",
    ),
    roof(
        "an operation that waits is not ended when its process is out of the group",
        "crates/horus/src/backlog.rs",
        "self.outcome.iter().for_each(|inbox| inbox.push(Outcome::NoGroup));",
        "",
    ),
    roof(
        "whoever waits for what was taken back waits on",
        "crates/horus/src/engine.rs",
        "            self.router.take_back(SendId(ticket));\n",
        "            let _ = SendId(ticket);\n",
    ),
    roof(
        "a tool is not woken when it wants to be",
        "crates/horus/src/engine.rs",
        "        let timer = self.timers.ring(std::time::Instant::now());\n",
        "        let timer: Option<Duration> = None;\n",
    ),
    roof(
        "an operation of which nobody waits to hear has no place among the others",
        "crates/horus/src/outcomes.rs",
        "        self.waiting.entry(what).or_default().push_back(inbox.unwrap_or_default());\n",
        "        self.waiting.entry(what).or_default().extend(inbox);\n",
    ),
    roof(
        "a name is believed of whoever says it",
        "crates/horus/src/naming.rs",
        "Some(name.filter(|name| NodeId::of_name(name) == from.node))",
        "Some(name.filter(|name| NodeId::of_name(name) == from.node || from.incarnation > 0))",
    ),
    roof(
        "nobody says what it is called",
        "crates/horus/src/engine.rs",
        "                    let letter = naming::letter(*peer, name);\n",
        "                    let letter = naming::letter(*peer, &name.repeat(9));\n",
    ),
];
