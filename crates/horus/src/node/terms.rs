//! Terms: what is to hold in a core group, as a line says it.
//!
//! Members do not agree on them: each says the same before it founds the group or joins it.

use muts::{NodeId, wrong_name};
use vsync::limits::{LISTED_MAX, TICKET_BYTES_MAX};
use vsync::{Admission, Partition, Terms};

/// What the fields of a line say, those that [`check`] has passed.
pub(crate) fn read(
    primary: &[String],
    refuse: bool,
    listed: &[String],
    key: Option<String>,
    asked: bool,
) -> Terms {
    let nodes = |names: &[String]| names.iter().map(|name| NodeId::of_name(name)).collect();
    let partition = match primary {
        [] => Partition::Sides,
        primary => Partition::Primary { electorate: nodes(primary), refuse },
    };
    let key = key.map(String::into_bytes);
    let (admission, ticket) = match (key, listed) {
        (key, _) if asked => (Admission::Asked, key.unwrap_or_default()),
        (Some(key), _) => (Admission::Key(key), Vec::new()),
        (None, []) => (Admission::Anybody, Vec::new()),
        (None, listed) => (Admission::Listed(nodes(listed)), Vec::new()),
    };
    Terms { partition, admission, ticket }
}

/// What cannot be.
///
/// # Errors
/// A sentence that names the field.
pub(crate) fn check(
    primary: &[String],
    refuse: bool,
    listed: &[String],
    key: &Option<String>,
    asked: bool,
) -> Result<(), String> {
    if let Some(why) = primary.iter().chain(listed).find_map(|name| wrong_name(name)) {
        return Err(format!("terms: {why}; nodes are named without an incarnation"));
    }
    let lists = [("primary", primary), ("listed", listed)];
    if let Some((field, list)) = lists.into_iter().find(|(_, list)| list.len() > LISTED_MAX) {
        let count = list.len();
        return Err(format!("terms: `{field}` names at most {LISTED_MAX} nodes, not {count}"));
    }
    if refuse && primary.is_empty() {
        return Err(
            "terms: `refuse` needs `primary`: the nodes of which most make a view so".into()
        );
    }
    if key.is_some() && !listed.is_empty() {
        return Err("terms: there is `key` or `listed`, not both".into());
    }
    if asked && !listed.is_empty() {
        return Err("terms: there is `asked` or `listed`, not both".into());
    }
    if key.as_ref().is_some_and(|key| !(1..=TICKET_BYTES_MAX).contains(&key.len())) {
        return Err(format!("terms: a `key` has 1 to {TICKET_BYTES_MAX} bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_says_is_what_the_kernel_is_told() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let terms = read(&names(&["a", "b"]), true, &[], Some("k".into()), false);
        let electorate = ["a", "b"].map(NodeId::of_name).to_vec();
        assert_eq!(terms.partition, Partition::Primary { electorate, refuse: true });
        assert_eq!(terms.admission, Admission::Key(b"k".to_vec()));
        let terms = read(&[], false, &names(&["c"]), None, false);
        assert_eq!(terms.partition, Partition::Sides);
        assert_eq!(terms.admission, Admission::Listed(vec![NodeId::of_name("c")]));
        let terms = read(&[], false, &[], Some("k".into()), true);
        assert_eq!((terms.admission, terms.ticket), (Admission::Asked, b"k".to_vec()));
        assert_eq!(read(&[], false, &[], None, false), Terms::default(), "to take them back");
    }

    #[test]
    fn a_list_has_a_length() {
        let names = |count: usize| (0..count).map(|it| format!("n{it}")).collect::<Vec<_>>();
        let of = |primary: usize, listed: usize| {
            check(&names(primary), false, &names(listed), &None, false)
        };
        assert!(of(LISTED_MAX, 0).is_ok() && of(0, LISTED_MAX).is_ok());
        for (wrong, field) in
            [(of(LISTED_MAX + 1, 0), "primary"), (of(0, LISTED_MAX + 1), "listed")]
        {
            let why = wrong.expect_err("too long");
            assert!(why.contains(field) && why.contains(&LISTED_MAX.to_string()), "{why}");
        }
    }

    #[test]
    fn a_key_has_a_length() {
        let of = |length: usize| check(&[], false, &[], &Some("k".repeat(length)), false);
        assert!(of(1).is_ok() && of(TICKET_BYTES_MAX).is_ok());
        assert!(of(0).is_err() && of(TICKET_BYTES_MAX + 1).is_err());
    }
}
