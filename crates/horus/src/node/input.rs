//! Input: lines and signals, in one queue that the node polls beside its events.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::limits::{LINE_BYTES_MAX, LINES_AHEAD_MAX};
use super::outlet::Outlet;

/// The exit code after a second SIGINT: what a shell reports for one.
const INTERRUPTED: i32 = 130;

/// One thing that came in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A line, without its end.
    Line(String),
    /// A line that cannot be taken; why.
    Bad(String),
    /// No more lines.
    End,
    /// A signal asks for an end, whatever lines there are.
    Stop,
}

/// The queue; threads of its own fill it.
#[derive(Default)]
pub(crate) struct Inputs {
    state: Mutex<Waiting>,
    room: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// With the moment at which each came.
    queue: VecDeque<(Input, Instant)>,
    waker: Option<Waker>,
}

impl Inputs {
    /// Starts to read lines and to listen for signals.
    ///
    /// # Errors
    /// What the system answers if there can be no thread or no handler.
    pub(crate) fn open(outlet: &Arc<Outlet>) -> io::Result<Arc<Self>> {
        let inputs = Arc::new(Self::default());
        let lines = Arc::clone(&inputs);
        // Nobody may be reading what the node tells: then it waits there, and looks at no input.
        let [at_end, at_signal] = [outlet, outlet].map(Arc::clone);
        std::thread::Builder::new().name("lines".into()).spawn(move || {
            read_lines(&mut io::stdin().lock(), |input| {
                if input == Input::End {
                    at_end.hurry();
                }
                lines.push(input);
            });
        })?;
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let ends = Arc::clone(&inputs);
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            let mut interrupts = 0;
            for signal in signals.forever() {
                if signal == SIGINT {
                    interrupts += 1;
                    if interrupts == 2 {
                        std::process::exit(INTERRUPTED);
                    }
                }
                ends.put(Input::Stop);
                at_signal.hurry();
            }
        })?;
        Ok(inputs)
    }

    /// The next input and when it came; no line unless lines are taken.
    pub(crate) fn poll(
        &self,
        takes_lines: bool,
        context: &mut Context<'_>,
    ) -> Poll<(Input, Instant)> {
        let mut state = self.state.lock();
        let stops = state.queue.front().is_some_and(|(input, _)| *input == Input::Stop);
        if (takes_lines || stops)
            && let Some(input) = state.queue.pop_front()
        {
            self.room.notify_one();
            return Poll::Ready(input);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Waits while too many lines lie here.
    fn push(&self, input: Input) {
        let mut state = self.state.lock();
        while state.queue.len() >= LINES_AHEAD_MAX {
            self.room.wait(&mut state);
        }
        drop(state);
        self.put(input);
    }

    fn put(&self, input: Input) {
        let (mut state, now) = (self.state.lock(), Instant::now());
        // Signals do not queue up behind a script.
        if input == Input::Stop {
            state.queue.push_front((input, now));
        } else {
            state.queue.push_back((input, now));
        }
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Tells every line, and the end.
fn read_lines(from: &mut impl BufRead, mut tell: impl FnMut(Input)) {
    let limit = u64::try_from(LINE_BYTES_MAX).expect("a limit of this size");
    loop {
        let mut line = Vec::new();
        match from.by_ref().take(limit).read_until(b'\n', &mut line) {
            Ok(0) => return tell(Input::End),
            Err(error) => {
                tell(Input::Bad(format!("standard input: {error}")));
                return tell(Input::End);
            }
            Ok(_) => {}
        }
        if line.last() != Some(&b'\n') && line.len() >= LINE_BYTES_MAX {
            tell(Input::Bad(format!("a line is longer than {LINE_BYTES_MAX} bytes")));
            // What is left of it is nobody's command.
            if from.skip_until(b'\n').is_err() {
                return tell(Input::End);
            }
            continue;
        }
        match String::from_utf8(line) {
            Ok(text) if text.trim().is_empty() || text.starts_with("//") => {}
            Ok(text) => tell(Input::Line(text.trim_end_matches(['\n', '\r']).to_owned())),
            Err(_) => tell(Input::Bad("a line is not UTF-8".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(mut bytes: &[u8]) -> Vec<Input> {
        let mut told = Vec::new();
        read_lines(&mut bytes, |input| told.push(input));
        told
    }

    #[test]
    fn a_line_too_long_is_refused_and_the_next_one_taken() {
        let mut bytes = vec![b'x'; LINE_BYTES_MAX + 100];
        bytes.extend_from_slice(b"\nquit\n");
        let told = told(&bytes);
        assert!(matches!(&told[0], Input::Bad(why) if why.contains("longer")));
        assert_eq!(told[1..], [Input::Line("quit".into()), Input::End]);
    }

    #[test]
    fn the_last_line_needs_no_end_and_empty_ones_are_nothing() {
        let lines = told(b"stats\r\n\n  \n\xff\nquit");
        assert_eq!(lines[0], Input::Line("stats".into()));
        assert!(matches!(lines[1], Input::Bad(_)));
        assert_eq!(lines[2..], [Input::Line("quit".into()), Input::End]);
    }
}
