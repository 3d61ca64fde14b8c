//! Wakes: a byte there and back over a local stream with nothing else: one wake-up each way.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bound;
use crate::common::clock::now_ns;
use crate::common::crew::{Crew, bind, tell};
use crate::common::measure::{EVERY_US, wait};
use crate::common::words::Words;
use crate::member::stamp::Times;

/// Sends back what comes, as a member of a crew.
pub(crate) fn run(role: &Words) {
    let path: PathBuf = role.get("path");
    bind(0, &bound());
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).expect("a socket");
    tell(&Words::new("listens").with("at", "-"));
    tell(&Words::new("met"));
    let (mut stream, _) = listener.accept().expect("the benchmark");
    let mut bytes = [0; 64];
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        stream.write_all(&bytes[..count]).expect("it is read");
    }
}

/// Two processes at the ends of a stream; one is the benchmark.
pub(crate) struct Wakes {
    stream: UnixStream,
    _crew: Crew,
}

impl Wakes {
    pub(crate) fn start(path: &Path) -> Self {
        let crew = Crew::start(&Words::new("wakes").with("path", path.display()), 1);
        let stream = UnixStream::connect(path).expect("it listens");
        Self { stream, _crew: crew }
    }

    /// The median time there and back, in microseconds, as seldom as pings are, on one core, as
    /// a daemon and its client share one.
    pub(crate) fn median(&mut self, count: u64) -> f64 {
        let (mut times, mut bytes) = (Times::new(), [7; 64]);
        bind(0, &bound());
        for _ in 0..count {
            wait(Duration::from_micros(EVERY_US));
            let sent = now_ns();
            self.stream.write_all(&bytes).expect("it is read");
            self.stream.read_exact(&mut bytes).expect("it answers");
            times.note(sent);
        }
        bind(0, &Words::new("bind").with("own", false));
        times.tell(Words::new("times")).get("p50")
    }
}
