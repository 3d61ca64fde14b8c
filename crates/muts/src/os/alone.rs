//! Alone: the names of neighbours where the system has no sockets for that.

use std::io;
use std::path::Path;

use bytes::Bytes;

use super::system::Waiter;
use crate::layer::Transmit;

#[derive(Debug)]
pub(super) struct Neighbours;

impl Neighbours {
    pub(super) fn open(_: &Path, _: &Waiter) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "not on this operating system"))
    }

    pub(super) const fn number(&self) -> u32 {
        0
    }

    pub(super) fn count(&self, _: &mut dyn FnMut(&'static str, u64)) {}

    pub(super) fn note_news(&mut self, _: &Waiter) {}

    pub(super) fn receive(&mut self, _: usize, _: impl FnMut(u32, Bytes)) -> bool {
        false
    }

    pub(super) fn send(&mut self, _: u32, _: impl Iterator<Item = Transmit>) {}

    pub(super) fn unreachable(&mut self) -> Option<u32> {
        None
    }
}
