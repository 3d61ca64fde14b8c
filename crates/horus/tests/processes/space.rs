//! Space: network namespaces, one for each daemon, on one bridge that links can be taken off.

use std::process::Command;

/// Some namespaces; gone when this is dropped.
pub(crate) struct Space {
    tag: String,
    rooms: usize,
}

impl Space {
    /// So many, if this user may make any: it takes the right to administer the network.
    pub(crate) fn open(rooms: usize) -> Option<Self> {
        let tag = format!("hr{}", std::process::id() % 100_000);
        if !ip(&format!("link add {tag} type bridge")) {
            return None;
        }
        let space = Self { tag, rooms };
        let tag = &space.tag;
        let mut done = ip(&format!("link set {tag} up"));
        for room in 0..rooms {
            let (name, link) = (space.name(room), space.link(room));
            let address = space.address(room);
            done = done
                && ip(&format!("netns add {name}"))
                && ip(&format!("link add {link} type veth peer name e0 netns {name}"))
                && ip(&format!("link set {link} master {tag} up"))
                && ip(&format!("-n {name} addr add {address}/24 dev e0"))
                && ip(&format!("-n {name} link set e0 up"))
                && ip(&format!("-n {name} link set lo up"));
        }
        done.then_some(space)
    }

    /// What a namespace is called.
    pub(crate) fn name(&self, room: usize) -> String {
        format!("{}n{room}", self.tag)
    }

    /// The address there.
    pub(crate) fn address(&self, room: usize) -> String {
        format!("10.{}.7.{}", 100 + std::process::id() % 100, room + 1)
    }

    fn link(&self, room: usize) -> String {
        format!("{}l{room}", self.tag)
    }

    /// Takes the link of one down, or up again.
    pub(crate) fn set(&self, room: usize, up: bool) {
        let how = if up { "up" } else { "down" };
        assert!(ip(&format!("link set {} {how}", self.link(room))));
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        for room in 0..self.rooms {
            ip(&format!("netns del {}", self.name(room)));
        }
        ip(&format!("link del {}", self.tag));
    }
}

fn ip(words: &str) -> bool {
    let output = Command::new("ip").args(words.split_whitespace()).output();
    output.is_ok_and(|output| output.status.success())
}
