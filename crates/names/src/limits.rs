//! Every bound of this crate, each with its reason.

use muts::Duration;

/// Bytes of a name: what file systems and URLs have taught people to expect.
pub const NAME_BYTES_MAX: usize = 255;

/// Names in one table: at some hundred bytes each it stays a state that is transferred at once.
pub const BINDINGS_MAX: usize = 65_536;

/// Members named in one contact: no group has more.
pub const CONTACT_MEMBERS_MAX: usize = 256;

/// How long a resolver may go by what it was told: as long as a name may be wrong unnoticed.
pub const LEASE: Duration = Duration::from_secs(30);

/// Changes of others that one directory member has under way: beyond it they are sent elsewhere.
pub const CHANGES_MAX: usize = 1024;

/// Questions that one resolver has under way: beyond it they are handed back.
pub const QUESTIONS_MAX: usize = 1024;

/// Bindings that one resolver remembers: beyond it the one whose lease ends first is forgotten.
pub const REMEMBERED_MAX: usize = 4096;

/// Nothing heard for so long: the next directory member is asked. Longer than a view change takes.
pub const PATIENCE: Duration = Duration::from_millis(1500);

/// Members asked before a question is given up, going round: twice all of a small directory.
pub const TRIES_MAX: u32 = 6;
