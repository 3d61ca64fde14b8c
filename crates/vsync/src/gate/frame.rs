//! The bytes at the gate, drawn and named.
//!
//! ```text
//! frame   length u32 | kind u8 | fields; the length counts what follows it
//! say     1 hello: magic u32 | lowest, highest version u8 | process | name
//!         2 pong
//!         3 ask: a word of `Down`
//!         4 query: bytes
//!         5 look; since version 5
//! tell    1 welcome: version u16, the highest that both speak | process of the daemon
//!         2 bye: why u8
//!         3 ping
//!         4 took: group option | bytes u64
//!         5 told: a word of `Up`
//!         6 answer: bytes
//!         7 name: bytes
//!         8 own: group | first position u64 | count u64 | order u8 | safe bool; since version 2
//!         9 under way: unheard, changing, parted, disagreeing u64; since version 5
//! ```
//!
//! A word is its number, then its fields in order; a message stands behind its length.

use core::fmt;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use muts::{Malformed, ProcId, Sink, Wire, read_bytes, write_bytes};

use super::out::Out;
use super::reader::Framed;
use super::under_way::UnderWay;
use crate::endpoint::GroupId;
use crate::interface::{Down, Fault, Up, Why};
use crate::limits::{GATE_NAME_BYTES_MAX, GATE_STRANGER_BYTES_MAX};
use crate::order::Order;
use crate::terms::{Admission, Partition};

/// Stands first in a hello, so that whoever speaks something else is told from a client.
pub(crate) const MAGIC: u32 = u32::from_le_bytes(*b"HRSg");

/// The lowest and the highest version of all that is drawn above that is spoken here.
pub const VERSIONS: (u8, u8) = (1, 5);

/// From this one on a client is not told again what it has cast itself.
pub(crate) const OWN_SINCE: u8 = 2;

/// From this one on a client may say that it does not take what it is told of a group.
pub(crate) const CHOKE_SINCE: u8 = 3;

/// From this one on a client is told that it was excluded, or that another side refuses it.
pub(crate) const FATES_SINCE: u8 = 4;

/// From this one on a client may ask what is under way at its kernel.
pub(crate) const LOOK_SINCE: u8 = 5;

/// The highest version that both speak, if there is one.
pub(crate) fn common_version(ours: (u8, u8), theirs: (u8, u8)) -> Option<u8> {
    // Who spoke version 1 only left the other one out.
    let highest = ours.1.min(theirs.1.max(theirs.0));
    (highest >= ours.0.max(theirs.0)).then_some(highest)
}

/// What a client says.
#[derive(Debug, Clone)]
pub enum Say {
    /// Who it is: the first thing said.
    Hello {
        /// The lowest and the highest version that it speaks.
        versions: (u8, u8),
        /// The process.
        me: ProcId,
        /// The name of its node.
        name: String,
    },
    /// It lives.
    Pong,
    /// Something is asked of its kernel.
    Ask(Down),
    /// An operator asks the daemon itself, whether attached or not.
    Query(Vec<u8>),
    /// What is under way at its kernel?
    Look,
}

/// What it is told.
#[derive(Debug, Clone)]
pub enum Tell {
    /// It is attached.
    Welcome {
        /// What is spoken from now on.
        version: u16,
        /// The daemon's own process.
        daemon: ProcId,
    },
    /// It is not, or no longer.
    Bye(Bye),
    /// Does it live?
    Ping,
    /// Asks of so many bytes have been carried out: there is room for as many.
    Took {
        /// Casts of this group; none: sends.
        group: Option<GroupId>,
        /// How many.
        bytes: u64,
    },
    /// Something that its kernel tells.
    Told(Up),
    /// The daemon answers an operator.
    Answer(Vec<u8>),
    /// What the node of a process is called that is met next.
    Name(Vec<u8>),
    /// The oldest FBCASTs, CBCASTs or ABCASTs of its own in this group that it was not told yet.
    Own {
        /// The group.
        group: GroupId,
        /// The position of the first.
        seq: u64,
        /// How many there are, one behind the other.
        count: u64,
        /// Their order.
        order: Order,
        /// Whether every member has them.
        safe: bool,
    },
    /// What keeps its groups from being settled.
    UnderWay(UnderWay),
}

/// The bytes of each word: its number, then its fields in order.
macro_rules! words {
    (
        $name:ident $($kind:literal $word:ident { $($field:ident),* })*;
        $($one:literal $alone:ident)*
    ) => {
        impl Wire for $name {
            fn write(&self, into: &mut impl Sink) {
                match self {
                    $(Self::$word { $($field),* } => {
                        into.push($kind);
                        $(Wire::write($field, into);)*
                    })*
                    $(Self::$alone(only) => {
                        into.push($one);
                        only.write(into);
                    })*
                }
            }
            fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
                Ok(match u8::read(from)? {
                    $($kind => Self::$word { $($field: Wire::read(from)?),* },)*
                    $($one => Self::$alone(Wire::read(from)?),)*
                    _ => return Err(Malformed),
                })
            }
        }
    };
}

words! { Down
    1 Meet { node, address }
    2 Farewell {}
    3 Found { group, members }
    4 Join { group, contact }
    5 Invite { group, members }
    6 Leave { group }
    7 Cast { group, how, message }
    8 Send { to, message }
    9 Closed { group }
    10 Terms { group, terms }
    11 Answer { group, who, denied }
    12 Digest { group, digest }
    13 Choke { group, choked };
}

words! { Up
    1 Met { peer }
    2 Lost { peer }
    3 Refused { peer, versions }
    4 Cast { group, from, seq, order, safe, message }
    5 Send { from, message }
    6 Stable { group, from, below }
    7 Room { group }
    8 Out { group, why }
    9 Fault { group, fault }
    10 Closing { group }
    12 Merged { group, sides }
    13 Asks { group, who, ticket };
    11 View
}

words! { Why
    1 Left {}
    2 NotFound {};
    3 Denied
}

words! { Fault
    1 NotIn {}
    2 AlreadyIn {}
    3 TooMany {}
    5 NotPrimary {}
    6 TooLong {}
    8 Excluded { view, by, charge };
    4 Missing
    7 Denied
}

words! { Partition
    1 Sides {}
    2 Primary { electorate, refuse };
}

words! { Admission
    1 Anybody {}
    2 Asked {};
    3 Listed
    4 Key
}

words! { Tell
    1 Welcome { version, daemon }
    3 Ping {}
    4 Took { group, bytes }
    8 Own { group, seq, count, order, safe };
    2 Bye
    5 Told
    6 Answer
    7 Name
    9 UnderWay
}

/// The kind of a query.
pub(crate) const QUERY: u8 = 4;

impl Tell {
    /// The answer to a query whose frame has so many bytes behind its length, of somebody who has
    /// not said who it is. It is in the words of who answers otherwise: JSON.
    #[must_use]
    pub fn too_long(bytes: usize) -> Self {
        let why = format!(
            "{{\"error\":\"a question of {bytes} bytes is too long: at most \
             {GATE_STRANGER_BYTES_MAX} with its frame\"}}"
        );
        Self::Answer(why.into_bytes())
    }
}

impl Wire for Say {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Hello { versions, me, name } => {
                into.push(1);
                MAGIC.write(into);
                versions.0.write(into);
                versions.1.write(into);
                me.write(into);
                write_bytes(into, name.as_bytes());
            }
            Self::Pong => into.push(2),
            Self::Ask(down) => {
                into.push(3);
                down.write(into);
            }
            Self::Query(query) => {
                into.push(QUERY);
                query.write(into);
            }
            Self::Look => into.push(5),
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(match u8::read(from)? {
            1 => {
                if u32::read(from)? != MAGIC {
                    return Err(Malformed);
                }
                let versions = (u8::read(from)?, u8::read(from)?);
                let me = ProcId::read(from)?;
                let name = read_bytes(from)?;
                if name.len() > GATE_NAME_BYTES_MAX {
                    return Err(Malformed);
                }
                let name = core::str::from_utf8(name).map_err(|_| Malformed)?;
                Self::Hello { versions, me, name: name.into() }
            }
            2 => Self::Pong,
            3 => Self::Ask(Down::read(from)?),
            QUERY => Self::Query(Vec::read(from)?),
            5 => Self::Look,
            _ => return Err(Malformed),
        })
    }
}

/// Why a client is not attached, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Bye {
    /// It left.
    Left = 1,
    /// The daemon ends.
    Stopping = 2,
    /// It speaks another version of the gate.
    Version = 3,
    /// It said what makes no sense.
    Malformed = 4,
    /// A later incarnation of its node has been met, here or at another host.
    Superseded = 5,
    /// It did not take what it was told for too long.
    Slow = 6,
    /// It gave no sign of life.
    Silent = 7,
    /// It asked for more than it may.
    Quota = 8,
    /// It may not use this name, or this daemon.
    Forbidden = 9,
    /// As many clients as there may be are attached.
    Crowded = 10,
    /// An operator put it out.
    PutOut = 11,
    /// The daemon has not met the others yet that it must not begin without.
    Early = 12,
    /// A process answers operators there, and has no clients.
    NoDaemon = 13,
}

impl Bye {
    const ALL: [Self; 13] = [
        Self::Left,
        Self::Stopping,
        Self::Version,
        Self::Malformed,
        Self::Superseded,
        Self::Slow,
        Self::Silent,
        Self::Quota,
        Self::Forbidden,
        Self::Crowded,
        Self::PutOut,
        Self::Early,
        Self::NoDaemon,
    ];
}

impl Wire for Bye {
    fn write(&self, into: &mut impl Sink) {
        into.push(*self as u8);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let why = u8::read(from)?;
        Self::ALL.into_iter().find(|known| *known as u8 == why).ok_or(Malformed)
    }
}

impl fmt::Display for Bye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "it left",
            Self::Stopping => "the daemon ends; attach again once it is back",
            Self::Version => "it speaks another version of the gate; update one of the two",
            Self::Malformed => "it said what makes no sense",
            Self::Superseded => "a later incarnation of its node is attached",
            Self::Slow => "it did not take what it was told for too long",
            Self::Silent => "it gave no sign of life for too long",
            Self::Quota => "it asked for more than the daemon's limits let it have",
            Self::Forbidden => "this user may not attach under this name",
            Self::Crowded => "as many clients as the daemon's limit allows are attached",
            Self::PutOut => "an operator put it out",
            Self::Early => {
                "the daemon has not met those yet without whom it must not begin (`horus status` \
                 says how many); attach again once it is ready"
            }
            Self::NoDaemon => {
                "there is no daemon, but a process that answers operators; name a horusd's socket"
            }
        })
    }
}

/// The bytes of one thing said or told, for who speaks at a gate and is no client and no daemon.
#[must_use]
pub fn framed(what: &impl Framed) -> Bytes {
    let mut out = Out::default();
    out.put(what);
    out.take()
}

/// Everything of a sequence that shares a beginning: that once, then each with the rest.
pub(crate) fn common_prefix(all: &[&[u8]]) -> Vec<u8> {
    let Some(first) = all.first() else { return Vec::new() };
    let alike = |at: &usize| all.iter().all(|other| other.get(*at) == first.get(*at));
    let length = (0..first.len()).take_while(alike).count();
    first[..length].to_vec()
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
