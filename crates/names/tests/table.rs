//! Table: who may bind what, and what a saved table must look like.
#![allow(clippy::unwrap_used)]

use lwg::{Endpoint, LwgId};
use muts::{NodeId, ProcId, Wire};
use names::limits::{BINDINGS_MAX, CONTACT_MEMBERS_MAX};
use names::{Command, Contact, Name, Outcome, Table};
use tools::{Corrupt, State};

fn member(node: u64) -> Endpoint {
    Endpoint::of(ProcId { node: NodeId(node), incarnation: 1 })
}

fn contact(count: u64) -> Contact {
    Contact { lwg: LwgId { creator: 1, count }, members: vec![member(1), member(2)] }
}

fn bind(name: &str, count: u64, owner: u64, expected: Option<u64>) -> Command {
    let (name, owner) = (name.parse().unwrap(), member(owner));
    Command::Bind { name, contact: contact(count), owner, expected }
}

fn unbind(name: &str, owner: u64, expected: Option<u64>) -> Command {
    Command::Unbind { name: name.parse().unwrap(), owner: member(owner), expected }
}

#[test]
fn the_first_binder_has_the_name_until_it_is_unbound() {
    let mut table = Table::default();
    let name: Name = "a/b".parse().unwrap();
    assert_eq!(table.apply(bind("a/b", 1, 1, None)), Outcome::Bound { version: 1 });
    let present = table.get(&name).unwrap().clone();
    assert_eq!(table.apply(bind("a/b", 2, 2, None)), Outcome::Taken(present.clone()));
    assert_eq!(table.apply(unbind("a/b", 2, None)), Outcome::Taken(present.clone()));
    assert_eq!(table.get(&name), Some(&present));
    assert_eq!(table.apply(unbind("a/b", 1, None)), Outcome::Unbound);
    assert_eq!(table.apply(unbind("a/b", 1, None)), Outcome::Unknown);
    assert_eq!(table.get(&name), None);
    assert_eq!(table.apply(bind("a/b", 2, 2, None)), Outcome::Bound { version: 3 });
}

#[test]
fn its_owner_binds_it_anew_and_to_say_it_twice_changes_nothing() {
    let mut table = Table::default();
    assert_eq!(table.apply(bind("a", 1, 1, None)), Outcome::Bound { version: 1 });
    assert_eq!(table.apply(bind("a", 1, 1, None)), Outcome::Bound { version: 1 });
    assert_eq!(table.apply(bind("a", 2, 1, None)), Outcome::Bound { version: 2 });
    assert_eq!(table.apply(bind("a", 3, 1, Some(1))), {
        Outcome::Taken(table.get(&"a".parse().unwrap()).unwrap().clone())
    });
    assert_eq!(table.get(&"a".parse().unwrap()).unwrap().contact, contact(2));
}

#[test]
fn who_names_the_present_version_may_take_a_name_over() {
    let mut table = Table::default();
    assert_eq!(table.apply(bind("a", 2, 2, Some(1))), Outcome::Unknown);
    table.apply(bind("a", 1, 1, None));
    assert_eq!(table.apply(bind("a", 2, 2, Some(1))), Outcome::Bound { version: 2 });
    // Asked again because the answer was lost.
    assert_eq!(table.apply(bind("a", 2, 2, Some(1))), Outcome::Bound { version: 2 });
    assert!(matches!(table.apply(bind("a", 3, 3, Some(1))), Outcome::Taken(_)));
    assert!(matches!(table.apply(unbind("a", 3, Some(1))), Outcome::Taken(_)));
    assert_eq!(table.apply(unbind("a", 3, Some(2))), Outcome::Unbound);
}

#[test]
fn a_full_table_and_a_crowded_contact_are_refused() {
    let mut table = Table::default();
    for count in 0..BINDINGS_MAX {
        let bound = table.apply(bind(&format!("n{count}"), 1, 1, None));
        assert!(matches!(bound, Outcome::Bound { .. }));
    }
    assert_eq!(table.apply(bind("one-more", 1, 1, None)), Outcome::Full);
    assert!(matches!(table.apply(bind("n0", 2, 1, None)), Outcome::Bound { .. }));
    let members = vec![member(1); CONTACT_MEMBERS_MAX + 1];
    let crowded = Contact { lwg: LwgId::default(), members };
    let (name, owner) = ("n0".parse().unwrap(), member(1));
    let command = Command::Bind { name, contact: crowded, owner, expected: None };
    assert_eq!(table.apply(command), Outcome::Full);
}

#[test]
fn a_saved_table_comes_back_and_a_damaged_one_does_not() {
    let mut table = Table::default();
    for (at, name) in ["b", "a", "c/d", "c"].iter().enumerate() {
        table.apply(bind(name, at as u64, 1, None));
    }
    table.apply(unbind("b", 1, None));
    let mut saved = vec![];
    table.save(&mut saved);
    assert_eq!(Table::load(&saved), Ok(table.clone()));
    assert_eq!(table.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "c", "c/d"]);
    for end in 0..saved.len() {
        assert_eq!(Table::load(&saved[..end]), Err(Corrupt), "{end} bytes");
    }
    saved.push(0);
    assert_eq!(Table::load(&saved), Err(Corrupt));
    // Versions from the future, and names twice.
    let mut young = vec![];
    table.save(&mut young);
    young[0] = 1;
    assert_eq!(Table::load(&young), Err(Corrupt));
    let mut twice = vec![];
    5_u64.write(&mut twice);
    muts::write_varint(&mut twice, 2);
    for _ in 0..2 {
        let (name, binding) = table.iter().next().unwrap();
        name.write(&mut twice);
        binding.write(&mut twice);
    }
    assert_eq!(Table::load(&twice), Err(Corrupt));
}
