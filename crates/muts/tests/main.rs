//! The tests of the transport, in one program: what they share is built once.

mod anybody;
mod beside;
mod callers;
#[cfg(all(feature = "os", not(horus_loom)))]
mod chat;
mod closing;
mod common;
mod dropped;
mod early;
#[cfg(all(feature = "os", not(horus_loom)))]
mod ends;
mod fair;
mod hall;
mod hall_keyed;
mod keyed;
mod loopback;
mod lossy_link;
mod multicast;
mod neighbours;
mod refused;
mod shorter;
mod sockets;
mod strangers;
mod superseded;
#[cfg(all(feature = "os", target_os = "linux", not(horus_loom)))]
mod untried;
mod weather;
