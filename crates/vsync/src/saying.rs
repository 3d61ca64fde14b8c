//! Saying: grounds as sentences without their ends, for operators; `show` writes a process.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use muts::{Instant, ProcId};

use crate::grounds::{Charge, Hold};
use crate::terms::Denial;

impl Charge {
    /// What it is.
    #[must_use]
    pub fn say(self, show: &dyn Fn(ProcId) -> String) -> String {
        match self {
            Self::Over => "it said farewell, or another process of its node was met".into(),
            Self::Silent => {
                "nothing was heard of it, or it heard nothing, for the limit of silence".into()
            }
            Self::NeverMet => "it was never met".into(),
            Self::Deaf => {
                "it has not heard this process for the limit of silence, by what it says itself"
                    .into()
            }
            Self::Elsewhere => {
                "it is in a view without this process, or does not come along".into()
            }
            Self::Unsound => "it said of a change of views what cannot be".into(),
            Self::Apart(other) => {
                alloc::format!("it and {} do not hear each other", show(other))
            }
        }
    }
}

impl Denial {
    /// What it is.
    #[must_use]
    pub fn say(self) -> String {
        match self {
            Self::NotListed => "its node is not on the group's list".into(),
            Self::WrongKey => "what it shows is not the group's key".into(),
            Self::Refused(reason) => {
                alloc::format!("a member refused it, for its reason {reason}")
            }
        }
    }
}

impl Hold {
    /// What it is, now.
    #[must_use]
    pub fn say(&self, now: Instant, show: &dyn Fn(ProcId) -> String) -> String {
        let list = |begin: &str, who: &[ProcId]| {
            let who: Vec<String> = who.iter().map(|proc| show(*proc)).collect();
            alloc::format!("{begin}: {}", who.join(", "))
        };
        match self {
            Self::Founding => "not all who are to be in its first view have come".into(),
            Self::Flush { by, since, missing } => {
                let ms = now.since(*since).as_millis();
                let mut said =
                    alloc::format!("{} has been changing the view for {ms} ms", show(*by));
                if !missing.is_empty() {
                    said.push_str(&list(", and waits for", missing).replacen(": ", " ", 1));
                }
                said
            }
            Self::Lower { who, since } => {
                let ms = now.since(*since).as_millis();
                let who = show(*who);
                alloc::format!(
                    "others hear {who}: for {ms} ms it has been left to change the view first"
                )
            }
            Self::Unconfirmed(who) => list("not known to be in the present view yet", who),
            Self::Unsettled(who) => {
                list("not known to have received all, so what is safe waits for them", who)
            }
            Self::Unstable(who) => list("not known to have delivered all", who),
            Self::Window(who) => list("no room; these have received least", who),
            Self::Untaken(who) => list("not taking what they are told of it", who),
            Self::Across(groups) => {
                let mut said = String::from("causality across groups waits for what was sent in");
                for (number, group) in groups.iter().enumerate() {
                    let comma = if number == 0 { "" } else { "," };
                    let _ = write!(said, "{comma} {group:?}");
                }
                said
            }
            Self::NotPrimary => "its view is not primary, and it refuses multicasts there".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use muts::NodeId;

    use super::*;
    use crate::endpoint::GroupId;

    #[test]
    fn whoever_is_named_is_shown() {
        let show = |proc: ProcId| format!("n{}", proc.node.0);
        let [a, b] = [1, 2].map(|node| ProcId { node: NodeId(node), incarnation: 1 });
        let now = Instant::from_nanos(7_000_000);
        let flush = |missing| Hold::Flush { by: a, since: Instant::ZERO, missing };
        let said = flush(alloc::vec![a, b]).say(now, &show);
        assert_eq!(said, "n1 has been changing the view for 7 ms, and waits for n1, n2");
        assert_eq!(flush(Vec::new()).say(now, &show), "n1 has been changing the view for 7 ms");
        let lower = Hold::Lower { who: b, since: Instant::ZERO }.say(now, &show);
        assert_eq!(lower, "others hear n2: for 7 ms it has been left to change the view first");
        let window = Hold::Window(alloc::vec![b]).say(now, &show);
        assert_eq!(window, "no room; these have received least: n2");
        let across = Hold::Across(alloc::vec![GroupId(1), GroupId(2)]).say(now, &show);
        assert!(across.ends_with("01, 00000000000000000000000000000002"), "{across}");
        assert_eq!(Denial::Refused(7).say(), "a member refused it, for its reason 7");
        assert_eq!(Charge::Apart(b).say(&show), "it and n2 do not hear each other");
    }
}
