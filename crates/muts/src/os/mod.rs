//! The one place that touches an operating system: a list of names, and the file that has them.
//!
//! To port: write a file that defines the same names as `none.rs`, and choose it below.
//!
//! | name | what it is |
//! | --- | --- |
//! | `Socket::open` | a datagram socket at an address, non-blocking, with large buffers |
//! | `Socket::local_address` | where it listens, with the port that it was given |
//! | `Socket::join` | another that hears a multicast group; the first can speak to it then |
//! | `Socket::receive` | the next datagrams, as many as one call gives; whether there are more |
//! | `Socket::send` | datagrams of one length to one address, the last perhaps shorter; how far |
//! | `Socket::unreachable` | an address of which the system has said that nobody listens there |
//! | `fits` | whether datagrams may go out together |
//! | `is_too_long` | whether one was refused for its length |
//! | `Waiter::new` | something to wait with, for that socket and a rouser |
//! | `Waiter::of` | the same for a local stream (Unix) |
//! | `Waiter::hear` | another socket whose news ends the wait |
//! | `Waiter::want_room` | whether room to send ends a wait too |
//! | `Waiter::rouser` | what ends its wait from another thread |
//! | `Waiter::wait` | sleeps until the socket has news, the rouser is used, or the time is over |
//! | `uid_of` | the user at the other end of a local stream (Unix) |
//! | `gid_of` | the number of a group of users (Unix) |
//! | `Neighbours` | sockets between processes of one host; `alone.rs` where there are none |
//! | `Clock::start`, `Clock::now` | a monotonic clock |
//!
//! `linux.rs` hands many datagrams to the kernel at once, each way (GSO, GRO); `portable.rs` does
//! with what mio has on every system that it knows. The feature `portable` chooses it on Linux too,
//! where it is tested; `--cfg horus_none` chooses `none.rs`, so that the list stays honest.

#[cfg(any(not(target_os = "linux"), feature = "portable", horus_none))]
mod alone;
#[cfg(all(unix, not(horus_none)))]
mod doors;
mod driver;
#[cfg(all(any(unix, windows), not(horus_none)))]
mod finder;
#[cfg(all(test, target_os = "linux", not(feature = "portable"), not(horus_none)))]
mod full_tests;
#[cfg(all(unix, not(horus_none)))]
mod hatch;
mod incarnation;
#[cfg(all(any(unix, windows), not(horus_none)))]
mod landing;
#[cfg(all(target_os = "linux", not(feature = "portable"), not(horus_none)))]
mod neighbours;
#[cfg(all(unix, not(horus_none)))]
mod pipe;
mod pretended;
mod secret;
#[cfg(all(unix, not(horus_none)))]
mod streams;
#[cfg(all(any(unix, windows), not(horus_none)))]
mod waiting;

#[cfg(all(target_os = "linux", not(feature = "portable"), not(horus_none)))]
#[path = "linux.rs"]
mod system;

#[cfg(not(any(not(any(unix, windows)), horus_none)))]
#[cfg(any(not(target_os = "linux"), feature = "portable"))]
#[path = "portable.rs"]
mod system;

#[cfg(any(not(any(unix, windows)), horus_none))]
#[path = "none.rs"]
mod system;

#[cfg(all(unix, not(horus_none)))]
pub use doors::Doors;
pub use driver::{Bell, Broken, Driver};
#[cfg(all(any(unix, windows), not(horus_none)))]
pub use finder::{Clues, Finder};
#[cfg(all(unix, not(horus_none)))]
pub use hatch::Hatch;
pub use incarnation::{Forgetful, next_incarnation};
#[cfg(all(unix, not(horus_none)))]
pub use pipe::{Pipe, Unreachable};
pub use pretended::pretended;
pub use secret::is_open_to_others;
#[cfg(all(unix, not(horus_none)))]
pub use streams::{default_socket, packaged_socket};
pub use system::Rouser;
#[cfg(all(unix, not(horus_none)))]
pub use system::gid_of;
