//! Porter: a tower that has pipes beside its network, one for each of its clients.

use bytes::Bytes;

use crate::layer::Layer;
use crate::time::Instant;

/// What whoever drives such a tower does with the pipes. Their numbers are the driver's.
pub trait Porter: Layer {
    /// Somebody has come; the user that it runs as, where the system says.
    fn opened(&mut self, now: Instant, pipe: u32, uid: Option<u32>);

    /// A pipe has ended.
    fn ended(&mut self, now: Instant, pipe: u32);

    /// Takes what was read from a pipe.
    fn hear(&mut self, now: Instant, pipe: u32, bytes: &[u8]);

    /// What is to be written into a pipe next. Asked for once everything before is written, so that
    /// what waits for somebody waits where it is counted.
    fn write(&mut self, now: Instant, pipe: u32) -> Option<Bytes>;
}
