//! Plan: a group for each piece, on some of the processes by a hash of its name, smallest first.

use sha2::{Digest, Sha256};

use super::limits::{MEMBERS_MIN, NAMES};
use super::tree::Piece;

/// A light-weight group and what it replicates.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) piece: Piece,
    /// Numbers of processes, each once; the first creates the group and puts its content.
    pub(super) members: Vec<usize>,
    /// Its id, once it is there.
    pub(super) id: Option<String>,
}

/// The processes that hold a piece of this name: two to all of them. The hash ranks them, so that
/// every set is as likely as any other of its size.
fn members(name: &str) -> Vec<usize> {
    let rank = |process: usize| Sha256::digest(format!("{name}\0{}", NAMES[process]));
    let mut ranked: Vec<usize> = (0..NAMES.len()).collect();
    ranked.sort_by_key(|process| rank(*process));
    let sizes = NAMES.len() - MEMBERS_MIN + 1;
    ranked.truncate(MEMBERS_MIN + usize::from(Sha256::digest(name)[0]) % sizes);
    ranked
}

/// The groups in the order of their creation: fewest members first, so that no core group is made
/// that is larger than what stands on it.
pub(super) fn groups(pieces: Vec<Piece>) -> Vec<Group> {
    let group = |piece: Piece| Group { members: members(&piece.name), piece, id: None };
    let mut groups: Vec<Group> = pieces.into_iter().map(group).collect();
    groups.sort_by_key(|group| group.members.len());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_set_of_two_to_four_processes_comes_up() {
        let mut sets: BTreeMap<BTreeSet<usize>, usize> = BTreeMap::new();
        for number in 0..1_000 {
            let name = format!("crates/file-{number}.rs");
            let chosen = members(&name);
            assert_eq!(chosen, members(&name));
            let set: BTreeSet<usize> = chosen.iter().copied().collect();
            assert_eq!(set.len(), chosen.len());
            *sets.entry(set).or_default() += 1;
        }
        // Six pairs, four triples, one of all; about a third of the groups of each size.
        assert_eq!(sets.len(), 11);
        assert!(sets.keys().all(|set| (MEMBERS_MIN..=NAMES.len()).contains(&set.len())));
        assert!(sets.values().all(|count| *count > 25), "{sets:?}");
    }

    #[test]
    fn small_groups_come_first_and_nothing_is_lost() {
        let piece = |number: usize| Piece {
            file: number,
            name: number.to_string(),
            source: "x".into(),
            from: 0,
            bytes: 1,
            sha256: String::new(),
        };
        let groups = groups((0..100).map(piece).collect());
        assert!(groups.windows(2).all(|two| two[0].members.len() <= two[1].members.len()));
        let files: BTreeSet<usize> = groups.iter().map(|group| group.piece.file).collect();
        assert_eq!(files.len(), 100);
    }
}
