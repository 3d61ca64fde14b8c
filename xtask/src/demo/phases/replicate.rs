//! Replicate: each piece is multicast in its group, and every member replies with its SHA-256.

use std::collections::{BTreeMap, VecDeque};

use serde_json::json;

use super::super::events::Event;
use super::super::limits::{NAMES, PUT_BYTES_AHEAD, PUTS_AHEAD};
use super::super::town::{Phase, Town};

/// See the head of this file.
pub(in super::super) struct Replicate {
    /// Groups whose piece is still to be sent, by who sends it.
    queues: [VecDeque<usize>; NAMES.len()],
    /// Right replies so far, by group.
    under_way: BTreeMap<usize, usize>,
    ahead: [(usize, u64); NAMES.len()],
    /// Replies with the right hash.
    pub(in super::super) replies: usize,
}

impl Replicate {
    /// Every group that is there.
    pub(in super::super) fn new(town: &Town<'_>) -> Self {
        let mut queues = [const { VecDeque::new() }; NAMES.len()];
        for (number, group) in town.groups.iter().enumerate() {
            queues[group.members[0]].push_back(number);
        }
        Self { queues, under_way: BTreeMap::new(), ahead: [(0, 0); NAMES.len()], replies: 0 }
    }

    fn go_on(&mut self, town: &mut Town<'_>, sender: usize) -> Result<(), String> {
        while let Some(number) = self.queues[sender].front().copied() {
            let (count, bytes) = self.ahead[sender];
            let piece = &town.groups[number].piece;
            if count > 0 && (count >= PUTS_AHEAD || bytes + piece.bytes > PUT_BYTES_AHEAD) {
                return Ok(());
            }
            self.ahead[sender] = (count + 1, bytes + piece.bytes);
            self.queues[sender].pop_front();
            self.under_way.insert(number, 0);
            let put = json!({
                "do": "put",
                "lwg": town.groups[number].id,
                "msg": format!("put:{number}"),
                "name": piece.name,
                "file": piece.source,
                "from": piece.from,
                "bytes": piece.bytes,
            });
            town.tell(sender, &put)?;
        }
        Ok(())
    }
}

/// The group whose piece a message carries.
fn number(msg: &str) -> Option<usize> {
    msg.strip_prefix("put:")?.parse().ok()
}

impl Phase for Replicate {
    fn name(&self) -> String {
        "multicast every file in its group".into()
    }

    fn begin(&mut self, town: &mut Town<'_>) -> Result<(), String> {
        (0..NAMES.len()).try_for_each(|sender| self.go_on(town, sender))
    }

    fn hear(&mut self, town: &mut Town<'_>, from: usize, event: &Event) -> Result<(), String> {
        match event {
            Event::GotReply { msg, body } => {
                let Some(number) = number(msg) else { return Ok(()) };
                let piece = &town.groups[number].piece;
                if *body != piece.sha256 {
                    return Err(format!(
                        "{}: a member replies {body}, the original has {}; was it changed?",
                        piece.name, piece.sha256
                    ));
                }
                *self.under_way.entry(number).or_default() += 1;
                self.replies += 1;
            }
            Event::Answered { msg, lost } => {
                let Some(number) = number(msg) else { return Ok(()) };
                let (group, replies) = (&town.groups[number], self.under_way.remove(&number));
                if !lost.is_empty() || replies != Some(group.members.len()) {
                    return Err(format!(
                        "{}: {} of {} members replied; lost: {}",
                        group.piece.name,
                        replies.unwrap_or(0),
                        group.members.len(),
                        lost.join(", ")
                    ));
                }
                let (count, bytes) = self.ahead[from];
                self.ahead[from] = (count - 1, bytes - group.piece.bytes);
                return self.go_on(town, from);
            }
            _ => {}
        }
        Ok(())
    }

    fn left(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum::<usize>() + self.under_way.len()
    }

    fn missing(&self, town: &Town<'_>) -> String {
        let Some((number, replies)) = self.under_way.first_key_value() else {
            return "nothing".into();
        };
        let group = &town.groups[*number];
        let of = group.members.len();
        format!("replies to {}: {replies} of {of} came", group.piece.name)
    }
}
