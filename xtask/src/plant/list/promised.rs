//! Promised: one fault for each promise that no other of the list breaks.

use super::{Plant, kernel, light};

pub(super) const PLANTS: [Plant; 12] = [
    kernel(
        "who joins is told a first view without itself",
        "crates/vsync/src/succession.rs",
        "    let members: Vec<Endpoint> = endpoints(&install.members());\n",
        "    let mut procs = install.members();
    procs.retain(|proc| part.is_some() || *proc != me);
    let members: Vec<Endpoint> = endpoints(&procs);\n",
    ),
    kernel(
        "who comes back is told in a view beside what it was before",
        "crates/vsync/src/succession.rs",
        "    let members: Vec<Endpoint> = endpoints(&install.members());\n",
        "    let mut procs = install.members();
    let before = |proc: ProcId| ProcId { incarnation: proc.incarnation - 1, ..proc };
    let back = install.joiners.iter().filter(|joiner| joiner.proc.incarnation > 1);
    procs.extend(back.map(|joiner| before(joiner.proc)));
    let members: Vec<Endpoint> = endpoints(&procs);\n",
    ),
    kernel(
        "whoever is in a view is said to have come along",
        "crates/vsync/src/succession.rs",
        "Some(part) if !part.hidden => endpoints(&part.members),",
        "Some(part) if !part.hidden => members.clone(),",
    ),
    kernel(
        "a CBCAST is told as an FBCAST",
        "crates/vsync/src/delivery.rs",
        "            order: cast.order,\n            safe,\n",
        "            order: match cast.order {
                Order::Causal => Order::Fifo,
                order => order,
            },
            safe,\n",
    ),
    kernel(
        "who leaves is told so before the rest of its view",
        "crates/vsync/src/succession.rs",
        "        closing::close(&mut self.epoch, turn, &part);\n",
        "        if part.leavers.contains(&me) {
            turn.tell(Up::Out { group: self.group(), why: Why::Left });
        }
        closing::close(&mut self.epoch, turn, &part);\n",
    ),
    kernel(
        "a GBCAST is told twice",
        "crates/vsync/src/delivery.rs",
        "                told.push((from, self.as_told(rank, position, cast.safe, &cast)));\n",
        "                told.push((from, self.as_told(rank, position, cast.safe, &cast)));
                told.push((from, self.as_told(rank, position, cast.safe, &cast)));\n",
    ),
    kernel(
        "what a member sent itself and a flush has still to tell is told to the others only",
        "crates/vsync/src/delivery.rs",
        "        if cast.is_for(self.rank) {
            self.tell(turn, rank, head, safe, cast);\n",
        "        if cast.is_for(self.rank) && (ending.is_none() || rank != self.rank) {
            self.tell(turn, rank, head, safe, cast);\n",
    ),
    kernel(
        "a view has the number of the one before it",
        "crates/vsync/src/succession.rs",
        "let view = ViewId { epoch: highest + 1, coordinator: turn.me() };",
        "let view = ViewId { epoch: highest.max(1), coordinator: turn.me() };",
    ),
    light(
        "a reply is told twice",
        "crates/lwg/src/replies.rs",
        "            Some(message) => told.push_back(Up::Reply { send, from, message }),\n",
        "            Some(message) => {
                told.push_back(Up::Reply { send, from, message: message.clone() });
                told.push_back(Up::Reply { send, from, message });
            }\n",
    ),
    light(
        "a group of two keeps a member that its core group has lost",
        "crates/lwg/src/membership.rs",
        "            if membership.members.iter().all(&along) {\n",
        "            if membership.members.len() == 2 || membership.members.iter().all(&along) {\n",
    ),
    light(
        "a message of a group is told under another view than that it is told in",
        "crates/lwg/src/here.rs",
        "        self.counters.messages_told += 1;\n        self.told.push_back(Up::Message",
        "        self.counters.messages_told += 1;
        let view = crate::view::ViewId { counter: view.counter - 1, ..view };
        self.told.push_back(Up::Message",
    ),
    light(
        "who is not in a relaxed group is told what is said there",
        "crates/lwg/src/relaxed.rs",
        "if inside && !(own && aside) {",
        "if slot.is_some() && !(own && aside) {",
    ),
];
