//! Peers: what the kernel believes of other processes, and a daemon of its clients.

use super::Plant;

pub(super) const PLANTS: [Plant; 3] = [
    Plant {
        name: "a client that keeps a group waiting for its last word stays",
        file: "crates/vsync/src/gate/server.rs",
        from: "[guest.choked, guest.kept_waiting()]",
        to: "[guest.choked, None]",
        families: &[],
        packages: &["vsync"],
    },
    Plant {
        name: "who is over stays a hole in the rows of others",
        file: "crates/vsync/src/peers.rs",
        from: "        self.all.values_mut().for_each(|peer| _ = peer.holes.remove(&proc));\n",
        to: "",
        families: &[],
        packages: &["vsync"],
    },
    Plant {
        name: "a row names fifty processes at most",
        file: "crates/vsync/src/beat.rs",
        from: "pub(crate) const ROW_MAX: usize = 264;",
        to: "pub(crate) const ROW_MAX: usize = 50;",
        families: &[],
        packages: &["sim"],
    },
];
