//! Load: what the nodes are asked while faults happen, drawn from what they have told so far.

use serde_json::{Value, json};

use super::choice::Choice;
use super::town::{GROUP, Town};

const ORDERS: [&str; 3] = ["fbcast", "cbcast", "abcast"];

/// Core groups that come and go.
const OTHERS: [&str; 2] = ["h", "i"];

/// More light-weight groups than this are not made by one node.
const LIGHTS_MAX: usize = 6;

/// Draws what is asked.
pub(crate) struct Load {
    choice: Choice,
    /// Messages so far: each id is used once.
    sent: u64,
    /// Groups so far: each label is used once.
    made: u64,
    /// How many of a hundred asks change something.
    changes: usize,
}

impl Load {
    /// The load of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut choice = Choice::new(seed, 1);
        let changes = choice.pick(&[5, 20, 40]).expect("three");
        Self { choice, sent: 0, made: 0, changes }
    }

    /// Asks some node for something.
    pub(crate) fn act(&mut self, town: &mut Town) {
        let awake = town.awake();
        let ready: Vec<usize> =
            awake.into_iter().filter(|node| !town.sights[*node].process.is_empty()).collect();
        let Some(node) = self.choice.pick(&ready) else { return };
        if self.choice.chance(self.changes) {
            self.change(town, node);
            return;
        }
        match self.choice.below(22) {
            20 => self.visit(town, node),
            21 => self.put(town, node),
            0..5 => self.cast(town, node),
            5..13 => self.send(town, node),
            13 => self.flood(town, node),
            14..17 => self.reply(town, node),
            17 => self.look(town, node),
            18 => self.rejoin(town, node),
            _ => self.discard(town, node),
        }
    }

    fn body(&mut self) -> String {
        let bytes = match self.choice.below(20) {
            0 => self.choice.between(5_000, 60_000),
            1..5 => self.choice.between(200, 2_000),
            _ => self.choice.below(60),
        };
        "x".repeat(bytes)
    }

    fn letter(&mut self, town: &Town, node: usize) -> (String, Value) {
        self.sent += 1;
        let msg = format!("{}/{}", town.sights[node].process, self.sent);
        let order = self.choice.pick(&ORDERS).expect("three");
        let (body, stable) = (self.body(), self.choice.chance(20));
        let letter = json!({ "order": order, "msg": msg, "body": body, "stable": stable });
        (msg, letter)
    }

    fn cast(&mut self, town: &mut Town, node: usize) {
        let is_in = |group: &&&str| town.sights[node].cores.contains_key(**group);
        let groups: Vec<&str> =
            [GROUP, OTHERS[0], OTHERS[1]].iter().filter(is_in).copied().collect();
        let Some(group) = self.choice.pick(&groups) else { return };
        let (_, mut letter) = self.letter(town, node);
        letter["do"] = "cast".into();
        letter["group"] = group.into();
        town.say(node, &letter);
    }

    fn light(&mut self, town: &Town, node: usize) -> Option<String> {
        let groups: Vec<String> = town.sights[node].lights.keys().cloned().collect();
        self.choice.pick(&groups)
    }

    fn send(&mut self, town: &mut Town, node: usize) {
        let Some(lwg) = self.light(town, node) else {
            return self.change(town, node);
        };
        for _ in 0..self.choice.between(1, 4) {
            let (msg, mut letter) = self.letter(town, node);
            letter["do"] = "send".into();
            letter["lwg"] = lwg.as_str().into();
            town.say(node, &letter);
            if self.choice.chance(25) {
                town.say(node, &json!({ "do": "replies", "msg": msg }));
                town.sights[node].asked.insert(msg);
            }
        }
    }

    fn flood(&mut self, town: &mut Town, node: usize) {
        if town.sights[node].floods > 0 {
            return;
        }
        let order = self.choice.pick(&ORDERS).expect("three");
        let size = self.choice.pick(&[10, 200, 1_500]).expect("three");
        let count = self.choice.between(20, 400);
        let mut flood =
            json!({ "do": "flood", "order": order, "size": size, "count": count, "quiet": true });
        if self.choice.chance(50) {
            flood["rate"] = 300.into();
        }
        match self.light(town, node) {
            Some(lwg) if self.choice.chance(60) => flood["lwg"] = lwg.into(),
            _ if town.sights[node].cores.contains_key(GROUP) => flood["group"] = GROUP.into(),
            _ => return,
        }
        town.sights[node].floods += 1;
        town.say(node, &flood);
    }

    fn reply(&mut self, town: &mut Town, node: usize) {
        for _ in 0..self.choice.between(1, 8) {
            let Some(to) = town.sights[node].to_answer.pop_front() else { return };
            let body = self.body();
            town.say(node, &json!({ "do": "reply", "to": to, "body": body }));
        }
    }

    fn discard(&mut self, town: &mut Town, node: usize) {
        let asked: Vec<String> = town.sights[node].asked.iter().cloned().collect();
        if let Some(msg) = self.choice.pick(&asked) {
            town.sights[node].asked.remove(&msg);
            town.say(node, &json!({ "do": "discard", "msg": msg }));
        }
    }

    fn look(&mut self, town: &mut Town, node: usize) {
        match self.light(town, node) {
            Some(lwg) => town.say(node, &json!({ "do": "where", "lwg": lwg })),
            None => town.say(node, &json!({ "do": "stats" })),
        }
    }

    /// Into another core group, which is founded if nobody is in it, or out of it.
    fn visit(&mut self, town: &mut Town, node: usize) {
        let group = self.choice.pick(&OTHERS).expect("two");
        let sight = &town.sights[node];
        if sight.cores.contains_key(group) {
            if self.choice.chance(40) {
                town.say(node, &json!({ "do": "leave", "group": group }));
            }
        } else if town.sights.iter().any(|sight| sight.cores.contains_key(group)) {
            town.say(node, &json!({ "do": "join", "group": group }));
        } else {
            let up = town.up();
            let members = self.choice.some(&up, 1);
            let members = town.names(&members);
            town.say(node, &json!({ "do": "found", "group": group, "members": members }));
        }
    }

    /// A new document for a light-weight group, which newcomers get too.
    fn put(&mut self, town: &mut Town, node: usize) {
        let Some(lwg) = self.light(town, node) else { return };
        self.made += 1;
        let file = town.directory.join(format!("document-{}", self.made));
        let bytes = self.choice.pick(&[10, 3_000, 200_000]).expect("three");
        std::fs::write(&file, vec![self.made as u8; bytes]).expect("a temporary file");
        let put =
            json!({ "do": "put", "lwg": lwg, "name": format!("d{}", self.made), "file": file });
        town.say(node, &put);
    }

    /// Into the group again if it is out; now and then out of it.
    fn rejoin(&mut self, town: &mut Town, node: usize) {
        let sight = &town.sights[node];
        if !sight.cores.contains_key(GROUP) {
            if !sight.joining.contains(GROUP) {
                town.say(node, &json!({ "do": "join", "group": GROUP }));
            }
        } else if self.choice.chance(20) {
            town.say(node, &json!({ "do": "leave", "group": GROUP }));
        }
    }

    /// Has some node send something.
    pub(crate) fn send_any(&mut self, town: &mut Town) {
        let awake = town.awake();
        let Some(node) = self.choice.pick(&awake) else { return };
        match self.choice.below(4) {
            0 => self.cast(town, node),
            1 => self.reply(town, node),
            _ if town.sights[node].lights.is_empty() => {}
            _ => self.send(town, node),
        }
    }

    /// Has some node change something.
    pub(crate) fn change_any(&mut self, town: &mut Town) {
        let awake = town.awake();
        if let Some(node) = self.choice.pick(&awake) {
            self.change(town, node);
        }
    }

    /// Has a node begin something that takes its time.
    pub(crate) fn work(&mut self, town: &mut Town, node: usize) {
        if town.sights[node].cores.contains_key(GROUP) {
            self.change(town, node);
        } else {
            self.rejoin(town, node);
        }
    }

    /// Changes some light-weight group.
    fn change(&mut self, town: &mut Town, node: usize) {
        let lwg = self.light(town, node);
        let (up, count) = (town.up(), town.sights[node].lights.len());
        let mut members = self.choice.some(&up, 1);
        let fresh = lwg.is_none() || (count < LIGHTS_MAX && self.choice.chance(40));
        let Some(lwg) = lwg.filter(|_| !fresh) else {
            // Mostly its maker is a member.
            if !members.contains(&node) && self.choice.chance(80) {
                members.push(node);
            }
            self.made += 1;
            let (label, members) = (format!("l{}", self.made), town.names(&members));
            town.sights[node].open += 1;
            return town.say(node, &json!({ "do": "create", "lwg": label, "members": members }));
        };
        let members = town.names(&members);
        let change = match self.choice.below(20) {
            0..2 => json!({ "do": "destroy", "lwg": lwg }),
            2..10 => json!({ "do": "remove", "lwg": lwg, "members": members }),
            _ => json!({ "do": "add", "lwg": lwg, "members": members }),
        };
        town.sights[node].open += 1;
        town.say(node, &change);
    }
}
