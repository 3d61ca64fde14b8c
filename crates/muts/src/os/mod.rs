//! The one place that touches an operating system: a list of names, and the file that has them.
//!
//! To port: write a file that defines the same names as `none.rs`, and choose it below.
//!
//! | name | what it is |
//! | --- | --- |
//! | `Socket::open` | a datagram socket at an address, non-blocking, with large buffers |
//! | `Socket::local_address` | where it listens, with the port that it was given |
//! | `Socket::receive` | the next datagrams, as many as one call gives; whether there are more |
//! | `Socket::send` | datagrams of one length to one address, the last perhaps shorter |
//! | `Socket::unreachable` | an address of which the system has said that nobody listens there |
//! | `Waiter::new` | something to wait with, for that socket and a rouser |
//! | `Waiter::want_room` | whether room to send ends a wait too |
//! | `Waiter::rouser` | what ends its wait from another thread |
//! | `Waiter::wait` | sleeps until the socket has news, the rouser is used, or the time is over |
//! | `uid_of` | the user at the other end of a local stream (Unix) |
//! | `Clock::start`, `Clock::now` | a monotonic clock |
//!
//! `linux.rs` hands many datagrams to the kernel at once, each way (GSO, GRO); `portable.rs` does
//! with what mio has on every system that it knows.

mod driver;
#[cfg(unix)]
mod hall;
mod incarnation;
mod landing;
#[cfg(unix)]
mod pipe;
#[cfg(any(unix, windows))]
mod waiting;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(all(any(unix, windows), not(target_os = "linux")), path = "portable.rs")]
#[cfg_attr(not(any(unix, windows)), path = "none.rs")]
mod system;

pub use driver::{Bell, Broken, Driver};
#[cfg(unix)]
pub use hall::{Hall, default_socket};
pub use incarnation::{Forgetful, next_incarnation};
#[cfg(unix)]
pub use pipe::{Pipe, Unreachable};
pub use system::Rouser;
