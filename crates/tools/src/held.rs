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
    /// How many are of earlier views than this.
    earlier: usize,
}

impl Held {
    /// Keeps a command, or hands it back because there is no room.
    pub(crate) fn push(&mut self, command: Delivered) -> Result<(), Delivered> {
        let bytes = bytes_of(&command);
        if self.bytes + bytes > HELD_BYTES_MAX {
            return Err(command);
        }
        self.bytes += bytes;
        self.queue.push_back(command);
        Ok(())
    }

    /// A view begins: all that is held is of earlier ones.
    pub(crate) fn begin_view(&mut self) {
        self.earlier = self.queue.len();
    }

    /// All of them, oldest first; none is kept.
    pub(crate) fn take(&mut self) -> VecDeque<Delivered> {
        (self.bytes, self.earlier) = (0, 0);
        core::mem::take(&mut self.queue)
    }

    /// Those of earlier views, oldest first; what is of this one is kept.
    pub(crate) fn take_earlier(&mut self) -> VecDeque<Delivered> {
        let rest = self.queue.split_off(self.earlier);
        self.earlier = 0;
        self.bytes = rest.iter().map(bytes_of).sum();
        core::mem::replace(&mut self.queue, rest)
    }
}

/// What a command costs.
fn bytes_of(command: &Delivered) -> usize {
    command.bytes.len() + HELD_COMMAND_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn command(send: u64, bytes: usize) -> Delivered {
        let (from, send, bytes) = (Endpoint::default(), SendId(send), vec![0; bytes].into());
        Delivered { from, send, replies: false, bytes }
    }

    fn sends(of: impl IntoIterator<Item = Delivered>) -> Vec<u64> {
        of.into_iter().map(|command| command.send.0).collect()
    }

    #[test]
    fn what_is_of_earlier_views_is_taken_out_by_itself_and_makes_room() {
        let (mut held, half) = (Held::default(), HELD_BYTES_MAX / 2 - HELD_COMMAND_BYTES);
        assert!(held.push(command(1, half)).is_ok());
        held.begin_view();
        assert!(held.push(command(2, half)).is_ok());
        assert!(held.push(command(3, 0)).is_err());
        assert_eq!(sends(held.take_earlier()), [1]);
        assert_eq!(sends(held.take_earlier()), []);
        assert!(held.push(command(3, half)).is_ok());
        assert!(held.push(command(4, 0)).is_err());
        held.begin_view();
        assert_eq!(sends(held.take()), [2, 3]);
        assert!(held.push(command(4, 0)).is_ok());
        assert_eq!(sends(held.take_earlier()), []);
        assert_eq!(sends(held.take()), [4]);
    }
}
