//! Table: a State from names to contacts.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use lwg::{Endpoint, LwgId};
use muts::{Malformed, Sink, Wire};
use tools::{Corrupt, State};

use crate::limits::{BINDINGS_MAX, CONTACT_MEMBERS_MAX};
use crate::name::Name;

/// Where a group is found: its id, and some of its members to turn to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The group.
    pub lwg: LwgId,
    /// Members, in the order to try them; at most 256. As it was when bound: the group moves on.
    pub members: Vec<Endpoint>,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The group.
    pub contact: Contact,
    /// Who bound it.
    pub owner: Endpoint,
    /// Grows with every change of the table: in one table no version comes twice. (Two sides of a
    /// partition are two tables, until one takes the place of the other.)
    pub version: u64,
}

/// A change of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Binds a name. The first binder has it until it is unbound; it is bound anew only by its
    /// owner, or by whoever names its present version.
    Bind {
        /// The name.
        name: Name,
        /// What it is to stand for.
        contact: Contact,
        /// Who binds it.
        owner: Endpoint,
        /// Only if it is bound with this version.
        expected: Option<u64>,
    },
    /// Unbinds a name: by its owner, or by whoever names its present version.
    Unbind {
        /// The name.
        name: Name,
        /// Who unbinds it.
        owner: Endpoint,
        /// Only if it is bound with this version.
        expected: Option<u64>,
    },
}

/// What a change came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is bound so, with this version; it may have been before.
    Bound {
        /// The version.
        version: u64,
    },
    /// It is unbound.
    Unbound,
    /// It is not bound.
    Unknown,
    /// Another has it, or has changed it: as it is.
    Taken(Binding),
    /// There are as many names, or members in a contact, as there may be.
    Full,
}

/// Names and what they stand for: equal at every member of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    bindings: BTreeMap<Name, Binding>,
    changes: u64,
}

impl Table {
    /// What a name stands for.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<&Binding> {
        self.bindings.get(name)
    }

    /// All names and what they stand for, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Binding)> {
        self.bindings.iter()
    }

    /// How many names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bindings.len()
    }

    /// Whether there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bindings.is_empty()
    }

    fn bind(
        &mut self,
        name: Name,
        contact: Contact,
        owner: Endpoint,
        expected: Option<u64>,
    ) -> Outcome {
        if contact.members.len() > CONTACT_MEMBERS_MAX {
            return Outcome::Full;
        }
        match self.bindings.get(&name) {
            // Said twice, or asked twice because the answer was lost.
            Some(old) if old.owner == owner && old.contact == contact => {
                return Outcome::Bound { version: old.version };
            }
            Some(old) if !may_change(old, owner, expected) => return Outcome::Taken(old.clone()),
            Some(_) => {}
            None if expected.is_some() => return Outcome::Unknown,
            None if self.bindings.len() >= BINDINGS_MAX => return Outcome::Full,
            None => {}
        }
        self.changes += 1;
        let version = self.changes;
        self.bindings.insert(name, Binding { contact, owner, version });
        Outcome::Bound { version }
    }

    fn unbind(&mut self, name: &Name, owner: Endpoint, expected: Option<u64>) -> Outcome {
        match self.bindings.get(name) {
            None => Outcome::Unknown,
            Some(old) if !may_change(old, owner, expected) => Outcome::Taken(old.clone()),
            Some(_) => {
                self.changes += 1;
                self.bindings.remove(name);
                Outcome::Unbound
            }
        }
    }
}

/// The rule of conflicts: who names a version must name the present one, and then may be anybody;
/// who names none must be the owner.
fn may_change(old: &Binding, who: Endpoint, expected: Option<u64>) -> bool {
    expected.map_or(old.owner == who, |version| old.version == version)
}

impl State for Table {
    type Command = Command;
    type Answer = Outcome;

    fn apply(&mut self, command: Command) -> Outcome {
        match command {
            Command::Bind { name, contact, owner, expected } => {
                self.bind(name, contact, owner, expected)
            }
            Command::Unbind { name, owner, expected } => self.unbind(&name, owner, expected),
        }
    }

    fn save(&self, into: &mut Vec<u8>) {
        self.changes.write(into);
        muts::write_varint(into, self.bindings.len() as u64);
        for (name, binding) in &self.bindings {
            name.write(into);
            binding.write(into);
        }
    }

    fn load(mut from: &[u8]) -> Result<Self, Corrupt> {
        let changes = u64::read(&mut from)?;
        let mut bindings = BTreeMap::new();
        for _ in 0..muts::read_varint(&mut from)? {
            let (name, binding) = (Name::read(&mut from)?, Binding::read(&mut from)?);
            let grows = bindings.last_key_value().is_none_or(|(last, _)| *last < name);
            let fits = binding.version <= changes
                && binding.contact.members.len() <= CONTACT_MEMBERS_MAX
                && bindings.len() < BINDINGS_MAX;
            if !grows || !fits {
                return Err(Corrupt);
            }
            bindings.insert(name, binding);
        }
        if from.is_empty() { Ok(Self { bindings, changes }) } else { Err(Corrupt) }
    }
}

impl Wire for Contact {
    fn write(&self, into: &mut impl Sink) {
        self.lwg.write(into);
        self.members.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { lwg: LwgId::read(from)?, members: Vec::read(from)? })
    }
}

impl Wire for Binding {
    fn write(&self, into: &mut impl Sink) {
        self.contact.write(into);
        self.owner.write(into);
        self.version.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let (contact, owner) = (Contact::read(from)?, Endpoint::read(from)?);
        Ok(Self { contact, owner, version: u64::read(from)? })
    }
}

impl Wire for Command {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Bind { name, contact, owner, expected } => {
                into.push(1);
                name.write(into);
                contact.write(into);
                owner.write(into);
                expected.write(into);
            }
            Self::Unbind { name, owner, expected } => {
                into.push(2);
                name.write(into);
                owner.write(into);
                expected.write(into);
            }
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let kind = u8::read(from)?;
        let name = Name::read(from)?;
        match kind {
            1 => {
                let (contact, owner) = (Contact::read(from)?, Endpoint::read(from)?);
                Ok(Self::Bind { name, contact, owner, expected: Option::read(from)? })
            }
            2 => {
                let owner = Endpoint::read(from)?;
                Ok(Self::Unbind { name, owner, expected: Option::read(from)? })
            }
            _ => Err(Malformed),
        }
    }
}

impl Wire for Outcome {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Bound { version } => {
                into.push(1);
                version.write(into);
            }
            Self::Unbound => into.push(2),
            Self::Unknown => into.push(3),
            Self::Taken(binding) => {
                into.push(4);
                binding.write(into);
            }
            Self::Full => into.push(5),
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(match u8::read(from)? {
            1 => Self::Bound { version: u64::read(from)? },
            2 => Self::Unbound,
            3 => Self::Unknown,
            4 => Self::Taken(Binding::read(from)?),
            5 => Self::Full,
            _ => return Err(Malformed),
        })
    }
}
