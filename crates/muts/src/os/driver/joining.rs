//! Joining: the driver listens in the hall too, and can be heard there.

use std::net::SocketAddr;

use super::{Broken, Doing, Driver};
use crate::os::system::Socket;

impl Driver {
    /// Joins a hall: from now on it hears what goes to this IP multicast group (RFC 1112), through
    /// the interface that it listens at, and what it sends there goes out through that one, no
    /// further than the next router and to this host too.
    ///
    /// # Errors
    /// [`Broken`] if that cannot be had, with what to do about it.
    pub fn join(&mut self, hall: SocketAddr) -> Result<(), Broken> {
        let broken = |cause| Broken { doing: Doing::Join(hall), cause };
        let mut socket = Socket::join(&self.socket, hall).map_err(broken)?;
        self.waiter.hear(&mut socket).map_err(broken)?;
        self.hall = Some(socket);
        Ok(())
    }
}
