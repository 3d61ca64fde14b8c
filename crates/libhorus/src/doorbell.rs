//! Doorbell: a descriptor that is readable while something may have come.

use core::ffi::c_int;
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::Wake;

/// Two ends: the tower writes, whoever polls reads.
pub(crate) struct Doorbell {
    inside: UnixStream,
    outside: UnixStream,
}

impl Doorbell {
    pub(crate) fn new() -> std::io::Result<Self> {
        let (inside, outside) = UnixStream::pair()?;
        inside.set_nonblocking(true)?;
        outside.set_nonblocking(true)?;
        Ok(Self { inside, outside })
    }

    pub(crate) fn descriptor(&self) -> c_int {
        self.outside.as_raw_fd()
    }

    pub(crate) fn ring(&self) {
        // Full is rung already.
        let _ = (&self.inside).write(&[1]);
    }

    pub(crate) fn silence(&self) {
        let mut bytes = [0; 64];
        while (&self.outside).read(&mut bytes).is_ok_and(|read| read == bytes.len()) {}
    }
}

impl Wake for Doorbell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
