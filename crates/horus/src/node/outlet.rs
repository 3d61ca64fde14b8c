//! Outlet: standard output, written by a thread of its own, so that nobody who does not read it
//! keeps the node from what it owes the others.
//!
//! Until an end is asked for the node waits for its reader, as any program does. From then on a
//! reader that takes nothing for [`READER_PATIENCE`] is given up, and the history alone tells. It
//! alone tells as well once the reader has closed its end, which is the reader's own affair, or
//! there is no room for what is told (a full disk), which is said, and ends in a failure.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::limits::{READER_PATIENCE, UNREAD_BYTES_MAX};

/// What is written in one go: what a pipe takes whole, and so soon that it is a sign of life.
const PIECE: usize = 4_096;

/// Between two goes at an output that does not block and has no room.
const AGAIN: Duration = Duration::from_millis(10);

/// The way out.
#[derive(Default)]
pub(crate) struct Outlet {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What the thread has not taken yet.
    waiting: Vec<u8>,
    /// The thread has something in hand.
    busy: bool,
    /// How many pieces were taken.
    taken: u64,
    /// An end was asked for.
    ends: bool,
    /// Nothing more is written.
    closed: bool,
    /// The reader was given up.
    unread: bool,
    /// What was told could not be written.
    failed: bool,
}

impl Outlet {
    /// Begins to write there.
    ///
    /// # Errors
    /// What the system answers if there can be no thread.
    pub(crate) fn open(to: impl Write + Send + 'static) -> io::Result<Arc<Self>> {
        let outlet = Arc::new(Self::default());
        let writer = Arc::clone(&outlet);
        std::thread::Builder::new().name("outlet".into()).spawn(move || writer.serve(to))?;
        Ok(outlet)
    }

    /// Tells a line, once there is room for it.
    pub(crate) fn tell(&self, line: &str) {
        let mut state = self.state.lock();
        while !state.closed && state.waiting.len() >= UNREAD_BYTES_MAX {
            self.wait(&mut state);
        }
        if !state.closed {
            state.waiting.extend_from_slice(line.as_bytes());
            state.waiting.push(b'\n');
            self.changed.notify_all();
        }
    }

    /// An end was asked for: from now on patience has an end as well.
    pub(crate) fn hurry(&self) {
        self.state.lock().ends = true;
        self.changed.notify_all();
    }

    /// Waits until all is read, or nobody reads; then says so. False: it could not be written.
    pub(crate) fn finish(&self) -> bool {
        self.hurry();
        let mut state = self.state.lock();
        // Busy after it was closed: it is saying why.
        while !state.unread && (state.busy || !(state.closed || state.waiting.is_empty())) {
            self.wait(&mut state);
        }
        let failed = state.failed;
        if state.unread {
            drop(state);
            // Nobody may be reading this either.
            let (done, said) = channel();
            let thread = std::thread::Builder::new().name("complaint".into());
            let complaint = thread.spawn(move || {
                complain("nobody reads standard output: the rest was not told there");
                let _ = done.send(());
            });
            if complaint.is_ok() {
                let _ = said.recv_timeout(READER_PATIENCE);
            }
        }
        !failed
    }

    fn wait(&self, state: &mut MutexGuard<'_, State>) {
        if !state.ends {
            return self.changed.wait(state);
        }
        let before = state.taken;
        let late = self.changed.wait_for(state, READER_PATIENCE).timed_out();
        if late && state.taken == before {
            state.closed = true;
            state.unread = true;
        }
    }

    fn serve(&self, mut to: impl Write) {
        loop {
            let mut state = self.state.lock();
            state.busy = false;
            self.changed.notify_all();
            while state.waiting.is_empty() {
                self.changed.wait(&mut state);
            }
            let batch = std::mem::take(&mut state.waiting);
            state.busy = true;
            self.changed.notify_all();
            drop(state);
            if let Err(error) = self.write(&mut to, &batch) {
                let failed = error.kind() != ErrorKind::BrokenPipe;
                let mut state = self.state.lock();
                (state.closed, state.failed) = (true, failed);
                drop(state);
                if failed {
                    let why = crate::say::unwritten(&error);
                    complain(&format!("{why}; from here on the history alone tells"));
                }
                self.state.lock().busy = false;
                self.changed.notify_all();
                return;
            }
        }
    }

    fn write(&self, to: &mut impl Write, batch: &[u8]) -> io::Result<()> {
        let mut left = batch;
        while !left.is_empty() {
            let piece = &left[..left.len().min(PIECE)];
            let count = self.patiently(|| to.write(piece))?;
            if count == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            left = &left[count..];
            self.state.lock().taken += 1;
            self.changed.notify_all();
        }
        self.patiently(|| to.flush())
    }

    /// Tries until it is done or cannot be.
    fn patiently<T>(&self, mut go: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        loop {
            match go() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.changed.wait_for(&mut self.state.lock(), AGAIN);
                }
                done => return done,
            }
        }
    }
}

fn complain(what: &str) {
    let _ = writeln!(io::stderr(), "horus node: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a line or a piece at a time, and only so many.
    struct Reader(std::sync::mpsc::Sender<Vec<u8>>, usize);

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 = self.1.checked_sub(1).ok_or(ErrorKind::BrokenPipe)?;
            let line = bytes.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default();
            let _ = self.0.send(line.to_vec());
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_is_written_in_its_order_before_the_end() {
        let (reader, read) = channel();
        let outlet = Outlet::open(Reader(reader, usize::MAX)).expect("a thread");
        let lines: Vec<String> = (0..5_000).map(|number| format!("line {number}\n")).collect();
        lines.iter().for_each(|line| outlet.tell(line.trim_end()));
        assert!(outlet.finish());
        let told: Vec<u8> = read.try_iter().flatten().collect();
        assert_eq!(told, lines.concat().into_bytes());
    }

    #[test]
    fn who_reads_no_more_is_not_waited_for() {
        let (reader, read) = channel();
        let outlet = Outlet::open(Reader(reader, 1)).expect("a thread");
        let line = "x".repeat(PIECE);
        (0..2 * UNREAD_BYTES_MAX / PIECE).for_each(|_| outlet.tell(&line));
        assert!(outlet.finish(), "it was its reader's to end it");
        assert_eq!(read.try_iter().count(), 1);
    }
}
