//! Ends: what should have come to one by the time that all has settled.

use super::Client;

impl Client {
    /// What should have ended by the time that all has settled.
    pub(super) fn look_for_loose_ends(&mut self) {
        for (lwg, count) in &self.changing {
            if *count > 0 {
                self.wrong.push(format!("liveness: {count} changes of {lwg:?} never ended"));
            }
        }
        for send in &self.awaited {
            let msg = &self.sends[send].1;
            self.wrong.push(format!("liveness: the answers to {msg} never ended"));
        }
        for lwg in self.full.iter().filter(|lwg| self.views.contains_key(lwg)) {
            self.wrong.push(format!("liveness: it was never told of room in {lwg:?}"));
        }
        let within = |lwg, to| self.views.get(lwg).is_some_and(|view| view.members.contains(to));
        for (lwg, to) in self.full_to.iter().filter(|(lwg, to)| within(lwg, to)) {
            self.wrong.push(format!("liveness: it was never told of room for {to:?} in {lwg:?}"));
        }
        self.wrong.extend(self.carrying.loose_ends());
    }
}
