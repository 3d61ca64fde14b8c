//! The one place that touches an operating system: a list of names, and the file that has them.
//!
//! To port: write a file that defines the same names as `none.rs`, and choose it below.
//!
//! | name | what it is |
//! | --- | --- |
//! | `Socket::open` | a datagram socket at an address, non-blocking, with large buffers |
//! | `Socket::local_address` | where it listens, with the port that it was given |
//! | `Socket::receive` | the next datagram, or `WouldBlock` |
//! | `Socket::send` | one datagram, or `WouldBlock` |
//! | `Waiter::new` | something to wait with, for that socket and a rouser |
//! | `Waiter::rouser` | what ends its wait from another thread |
//! | `Waiter::wait` | sleeps until the socket has news, the rouser is used, or the time is over |
//! | `Clock::start`, `Clock::now` | a monotonic clock |

mod driver;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "none.rs")]
mod system;

pub use driver::{Bell, Broken, Driver};
pub use system::Rouser;
