//! Joining: the driver listens in the hall too, or for neighbours, and can be heard there.

use std::net::SocketAddr;
use std::path::Path;

use super::{Broken, Doing, Driver};
use crate::address::Address;
use crate::os::system::{Neighbours, Socket};

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

    /// Listens for neighbours: processes of this host that do so in the same directory, which is
    /// made if it is not there. Who may write to the directory may speak. Answers the address that
    /// they know this process by.
    ///
    /// # Errors
    /// [`Broken`] if that cannot be had, with what to do about it; always on systems other than
    /// Linux.
    pub fn settle(&mut self, directory: &Path) -> Result<Address, Broken> {
        let settled = Neighbours::open(directory, &self.waiter);
        let neighbours = settled
            .map_err(|cause| Broken { doing: Doing::Settle(directory.to_path_buf()), cause })?;
        let address = Address::Pipe(neighbours.number());
        self.neighbours = Some(neighbours);
        Ok(address)
    }
}
