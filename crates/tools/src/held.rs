//! Held: commands that wait until the state they apply to is known and here.

use alloc::collections::VecDeque;

use bytes::Bytes;
use lwg::{Endpoint, SendId};

use crate::limits::{HELD_BYTES_MAX, HELD_COMMAND_BYTES};

/// A command as it was delivered.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) from: Endpoint,
    pub(crate) send: SendId,
    pub(crate) replies: bool,
    pub(crate) bytes: Bytes,
}

/// Delivered commands in their order, bounded by [`HELD_BYTES_MAX`].
#[derive(Debug, Default)]
pub(crate) struct Held {
    queue: VecDeque<Delivered>,
    bytes: usize,
}

impl Held {
    /// Keeps a command, or hands it back because there is no room.
    pub(crate) fn push(&mut self, command: Delivered) -> Result<(), Delivered> {
        let bytes = command.bytes.len() + HELD_COMMAND_BYTES;
        if self.bytes + bytes > HELD_BYTES_MAX {
            return Err(command);
        }
        self.bytes += bytes;
        self.queue.push_back(command);
        Ok(())
    }

    /// All of them, oldest first; none is kept.
    pub(crate) fn take(&mut self) -> VecDeque<Delivered> {
        self.bytes = 0;
        core::mem::take(&mut self.queue)
    }
}
