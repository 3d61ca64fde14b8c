//! Real processes under real faults: killed, stopped, restarted, cut off; their histories judged.
//!
//! `cargo test` runs the storms named in `named.rs`, each by what happens in it. For a long hunt,
//! storms are drawn from seeds, so many and from this one on, so many at once:
//!
//! ```text
//! HORUS_STORMS=200 HORUS_STORMS_FROM=1 HORUS_STORMS_AT_ONCE=4 \
//!     cargo test --release -p horus --test processes storms -- --nocapture
//! ```
//!
//! A storm that finds something keeps its directory (histories, what was done when, and what was
//! said on standard error) and prints the line that repeats it. What is done is drawn from the
//! seed; what the processes make of it depends on the machine, so a rare find may want several
//! goes.

#[cfg(unix)]
mod asked;
mod choice;
mod coming;
mod ending;
#[cfg(unix)]
mod housed;
mod keyed;
#[cfg(unix)]
mod keys;
mod load;
mod named;
mod namesakes;
mod node;
#[cfg(unix)]
mod operator;
mod policy;
mod primary;
mod script;
mod sight;
#[cfg(unix)]
mod space;
#[cfg(unix)]
mod spoiled;
mod storm;
mod storms;
mod town;
#[cfg(unix)]
mod turned_away;
#[cfg(unix)]
mod unread;
#[cfg(unix)]
#[path = "../../../muts/tests/untried.rs"]
mod untried;
#[cfg(unix)]
mod upgrade;
mod weather;
