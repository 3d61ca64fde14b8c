//! Hand: what the kernel tells while it is at hand, and how soon; and who gives the places.

use super::Plant;

pub(super) const PLANTS: [Plant; 7] = [
    Plant {
        name: "what comes is told before an MBCAST that its sender multicast earlier",
        file: "crates/vsync/src/delivery.rs",
        from: "if self.streams.iter().any(Stream::has_pending) {",
        to: "if self.streams.is_empty() {",
        families: &[],
        packages: &["vsync"],
    },
    Plant {
        name: "what comes is told at hand while a flush holds the group",
        file: "crates/vsync/src/group.rs",
        from: "let open = serving.is_open();",
        to: "let open = true;",
        families: &[],
        packages: &["vsync"],
    },
    Plant {
        name: "a link that comes and goes for good passes for whole",
        file: "crates/vsync/src/peers.rs",
        from: "if !held && peer.breaks > 1 {",
        to: "if !held && peer.breaks > 99 {",
        families: &[],
        packages: &["vsync"],
    },
    Plant {
        name: "a link that breaks again is on probation no longer than the first time",
        file: "crates/vsync/src/peers.rs",
        from: "(peer.probation * 2).max(again)",
        to: "peer.probation.max(again)",
        families: &[],
        packages: &["sim"],
    },
    Plant {
        name: "who is asked what it has says it once, however much is on its way",
        file: "crates/vsync/src/stability.rs",
        from: "            self.awaited_here = Some(wanted.into());\n",
        to: "",
        families: &[],
        packages: &["vsync"],
    },
    Plant {
        name: "a group that is still is so for long, whether its turn is taken or not",
        file: "crates/vsync/src/kernel/causes.rs",
        from: "                    group.hush_briefly(self.now);\n",
        to: "                    let _ = group;\n",
        families: &[],
        packages: &["vsync"],
    },
    Plant {
        name: "a core group is named so that anybody gives its places",
        file: "crates/lwg/src/groups.rs",
        from: "if group.sequencer(members.max(1)) == 0 ||",
        to: "if group.sequencer(members.max(1)) < members ||",
        families: &[],
        packages: &["lwg"],
    },
];
