//! Error: the few things that only the outside world can do to you, each saying what to do.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use lwg::Endpoint;
use vsync::Denial;

use crate::limits::{BODY_BYTES_MAX, MEMBERS_MAX};

/// What went wrong outside. What remains is a bug, and a bug is an assertion.
#[derive(Debug)]
pub enum Error {
    /// A name that cannot be one; the sentence says why.
    Name(String),
    /// A setting that there is not, or that cannot be so.
    Setting {
        /// Its key.
        key: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// Others could reach this address, and there is no key to tell friends from strangers.
    Insecure(SocketAddr),
    /// The socket could not be had.
    Listen {
        /// Where.
        address: SocketAddr,
        /// What cannot be done there, why, and what to do.
        cause: String,
    },
    /// The daemon could not be reached, or did not let this process in; the sentence says why.
    Daemon {
        /// Its socket.
        socket: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Operators cannot ask there.
    Operators {
        /// The socket.
        socket: PathBuf,
        /// What the system says, or what is there.
        cause: std::io::Error,
    },
    /// Those without whom it must not begin were not met in time; the sentence says who is missing.
    Alone(String),
    /// Others cannot be found by these clues; the sentence says why.
    Clues(String),
    /// The last incarnation could not be kept.
    State {
        /// Where.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// There are no keys in this file; the sentence says why.
    Keys {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// New keys could not be written to this file.
    Unwritten {
        /// Where.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// These processes could not be had: not met, over, or they did not come in time.
    Missing(Vec<String>),
    /// No such group here, or it is destroyed.
    NoGroup,
    /// The core group set has no core group that holds the members, and makes none.
    NoPlace,
    /// The group moved or lost its core group meanwhile and nothing was changed: ask again.
    Again,
    /// Terms that a core group cannot have; the sentence says why.
    Refused(String),
    /// A group of so many members, none or more than [`MEMBERS_MAX`]: nothing was asked for.
    Members(usize),
    /// Nobody answers for the core group that was to be joined: this process was never in it.
    Nobody,
    /// A message of so many bytes, more than [`BODY_BYTES_MAX`]: nothing was sent.
    TooLong(usize),
    /// It was not sent: it was taken back, its view is not primary, or the one process that it was
    /// for takes nothing.
    NotSent,
    /// A member was lost before it was known to have delivered the multicast: it may have or not,
    /// all others of the view that goes on have.
    Unstable,
    /// This process is not in the group: not any more, or it has made it for others.
    Out,
    /// The same, because nothing that it was told there was taken for too long, while others had to
    /// wait: [`crate::Timing::untaken`].
    Untaken,
    /// It was not let in: [`crate::Admission`].
    Denied(Denial),
    /// Nothing was sent: 64 MiB of this process's own messages lie at the handle unreceived.
    OwnUntaken,
    /// The links of this process are not to be spoiled: [`crate::Config::chaos`]. Behind a daemon
    /// they are the daemon's.
    NoChaos,
    /// The tower is closed or broken, [`crate::Horus::ended`] says why: open a new one.
    Closed,
}

/// Whether a message of this body can be sent at all.
pub(crate) const fn fits(body: &[u8]) -> Result<(), Error> {
    if body.len() > BODY_BYTES_MAX { Err(Error::TooLong(body.len())) } else { Ok(()) }
}

/// Whether these can be the members of one group; each counts once.
pub(crate) fn can_be(members: &[Endpoint]) -> Result<(), Error> {
    if (1..=MEMBERS_MAX).contains(&members.len()) {
        return Ok(());
    }
    let count = members.iter().collect::<BTreeSet<_>>().len();
    if (1..=MEMBERS_MAX).contains(&count) { Ok(()) } else { Err(Error::Members(count)) }
}

/// Says once where errors go that this process trusts whoever can reach it there.
pub(crate) fn tell_insecure(listens: SocketAddr) {
    // A program whose standard error is gone does not fall over that.
    let _ = writeln!(
        std::io::stderr(),
        "horus: insecure: every host that can reach {listens} is trusted"
    );
}

const INSECURE: &str = "can be reached from outside and there is no key: give one (`horus \
    keygen` makes it), listen on 127.0.0.1, or say insecure if every host that can reach it is \
    trusted";

const NOT_SENT: &str = "not sent: it was taken back, or would have had to wait, or the view is not \
    primary; send it again";

const NOBODY: &str = "nobody answers for that core group; found it, or meet a member, and join \
    again";

const OUT: &str = "this process is not in the group: it was removed, the group is destroyed, or it \
    was made for others; to an open group who is outside sends by way of a member \
    (Horus::send_through, ask_through)";

const NO_PLACE: &str = "no core group of that set holds the members and its policy makes none; \
    found one by hand";

const AGAIN: &str = "it moved or lost its core group, and nothing was changed; ask again";

const UNSTABLE: &str = "a member was lost before it was known to have it; those who go on have it, \
    and the next view says who they are";

const UNTAKEN: &str = "this process was taken out of the group: nothing of it was received for \
    too long while others waited to send; receive more often, or give it longer (Timing::untaken)";

const OWN_UNTAKEN: &str = "not sent: this process has sent 64 MiB to the group and received none \
    of it, although its own messages are told to it too; receive them, and if another thread does, \
    give it time (Group::send_within)";

const NO_CHAOS: &str = "the links of this process are not to be spoiled; allow it when it is \
    opened (--allow-chaos, or Config::chaos), or if they are a daemon's, ask that (`horus chaos`)";

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(why) | Self::Refused(why) => write!(f, "{why}"),
            Self::Setting { key, why } => write!(f, "{key}: {why}"),
            Self::Insecure(address) => write!(f, "{address} {INSECURE}"),
            Self::Listen { cause, .. } => write!(f, "{cause}"),
            Self::Daemon { socket, why } => {
                write!(f, "not attached to the daemon at {}: {why}", socket.display())
            }
            Self::Operators { socket, cause } => write!(
                f,
                "operators cannot ask at {}: {cause}; name another path, in a directory that can \
                 be written (--operators SOCKET, or Config::operators)",
                socket.display()
            ),
            Self::Alone(who) => write!(
                f,
                "{who} in time, and it must not begin without; start them, or see that it can be \
                 reached by them and they by it"
            ),
            Self::Clues(why) => {
                write!(f, "others cannot be found: {why}; see `beside` and `beacon` of the clues")
            }
            Self::State { path, cause } => write!(
                f,
                "cannot keep the incarnation in {}: {cause}; name a directory that can be written \
                 (--state DIR, or Config::state_dir)",
                path.display()
            ),
            Self::Keys { path, why } => {
                write!(f, "no keys in {}: {why}; make them with `horus keygen`", path.display())
            }
            Self::Unwritten { path, cause } => write!(
                f,
                "cannot write keys to {}: {cause}; name a file that is not there yet, in a \
                 directory that can be written",
                path.display()
            ),
            Self::Missing(who) => {
                write!(f, "could not be had: {}; are they running and met?", who.join(", "))
            }
            Self::NoGroup => write!(f, "no such group here, or it is destroyed"),
            Self::NoPlace => write!(f, "{NO_PLACE}"),
            Self::Again => write!(f, "{AGAIN}"),
            Self::TooLong(bytes) => write!(
                f,
                "a message of {bytes} bytes is over the limit of {BODY_BYTES_MAX}, and was not \
                 sent; send it in parts"
            ),
            Self::NotSent => write!(f, "{NOT_SENT}"),
            Self::Unstable => write!(f, "{UNSTABLE}"),
            Self::Members(count) => write!(
                f,
                "a group has 1 to {MEMBERS_MAX} members, not {count}; nothing was asked for"
            ),
            Self::Nobody => write!(f, "{NOBODY}"),
            Self::Out => write!(f, "{OUT}"),
            Self::Denied(denial) => {
                write!(f, "this process was not let in: {}; see Horus::set_terms", denial.say())
            }
            Self::Untaken => write!(f, "{UNTAKEN}"),
            Self::OwnUntaken => write!(f, "{OWN_UNTAKEN}"),
            Self::NoChaos => write!(f, "{NO_CHAOS}"),
            Self::Closed => {
                write!(f, "the tower is closed or broken (Horus::ended says why); open a new one")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::State { cause, .. }
            | Self::Unwritten { cause, .. }
            | Self::Operators { cause, .. } => Some(cause),
            _ => None,
        }
    }
}
