//! Health: `/livez`, `/readyz` and `/metrics` on a port of their own, for whoever watches over it.
//!
//! Threads answer from a page that the loop writes, so that a loop that hangs is told from one
//! that lives.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::limits::{
    ACCEPT_PAUSE, ANSWERERS, ASKERS_WAITING_MAX, CROWDED_PATIENCE, LOOP_LATE, REQUEST_BYTES_MAX,
    REQUEST_PATIENCE,
};
use crate::metrics::{self, Counters};

/// What can be asked for.
#[derive(Debug)]
pub(crate) struct Page {
    /// When the loop came round last.
    pub(crate) at: Instant,
    /// Why it is not ready; none if it is.
    pub(crate) waits_for: Option<String>,
    /// Every counter and gauge by name.
    pub(crate) counters: Counters,
}

/// The page, and where it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Health(Arc<Mutex<Page>>);

impl Health {
    /// Shows the page there, if anywhere; answers where that is.
    ///
    /// # Errors
    /// What the system says if it cannot listen there.
    pub(crate) fn open(at: Option<SocketAddr>) -> io::Result<(Self, Option<SocketAddr>)> {
        let waits_for = Some("it starts".to_owned());
        let page = Page { at: Instant::now(), waits_for, counters: Counters::new() };
        let health = Self(Arc::new(Mutex::new(page)));
        let Some(at) = at else { return Ok((health, None)) };
        let listener = TcpListener::bind(at)?;
        let at = listener.local_addr()?;
        let askers = Arc::new(Askers::default());
        for _ in 0..ANSWERERS {
            let (shown, askers) = (health.clone(), Arc::clone(&askers));
            std::thread::Builder::new().name("health".into()).spawn(move || {
                loop {
                    // Whoever asks and goes away has itself to blame.
                    let _ = shown.answer(&askers, askers.next());
                }
            })?;
        }
        std::thread::Builder::new().name("health-door".into()).spawn(move || {
            for stream in listener.incoming() {
                match stream {
                    Ok(stream) => askers.add(stream),
                    Err(_) => std::thread::park_timeout(ACCEPT_PAUSE),
                }
            }
        })?;
        Ok((health, Some(at)))
    }

    /// Changes the page.
    pub(crate) fn write(&self, change: impl FnOnce(&mut Page)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn answer(&self, askers: &Askers, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(CROWDED_PATIENCE))?;
        stream.set_write_timeout(Some(REQUEST_PATIENCE))?;
        let (since, mut bytes) = (Instant::now(), Vec::new());
        let answer = loop {
            let mut piece = [0; 512];
            let patience = if askers.wait() { CROWDED_PATIENCE } else { REQUEST_PATIENCE };
            let count = match stream.read(&mut piece) {
                Err(late) if is_late(&late) && since.elapsed() < patience => continue,
                read => read?,
            };
            bytes.extend_from_slice(&piece[..count]);
            if let Some(answer) = self.answer_to(&bytes) {
                break answer;
            }
            if count == 0 || bytes.len() > REQUEST_BYTES_MAX || since.elapsed() > patience {
                break response(400, "a request that makes no sense\n");
            }
        };
        stream.write_all(answer.as_bytes())
    }

    /// None while the request has not come whole.
    fn answer_to(&self, bytes: &[u8]) -> Option<String> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes) {
            Ok(httparse::Status::Partial) => return None,
            Ok(httparse::Status::Complete(_)) => {}
            Err(_) => return Some(response(400, "a request that makes no sense\n")),
        }
        if request.method != Some("GET") {
            return Some(response(405, "GET alone\n"));
        }
        let page = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(match request.path.unwrap_or_default() {
            "/livez" if page.at.elapsed() < LOOP_LATE => response(200, "it lives\n"),
            "/livez" => response(503, "its loop does not come round\n"),
            "/readyz" => match &page.waits_for {
                None => response(200, "ready\n"),
                Some(why) => response(503, &format!("not ready: {why}\n")),
            },
            "/metrics" => response(200, &metrics::text(&page.counters)),
            _ => response(404, "/livez, /readyz and /metrics\n"),
        })
    }
}

/// Who waits to be answered, the first that came first.
#[derive(Debug, Default)]
struct Askers {
    waiting: Mutex<VecDeque<TcpStream>>,
    came: Condvar,
}

impl Askers {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<TcpStream>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) -> bool {
        !self.waiting().is_empty()
    }

    fn add(&self, asker: TcpStream) {
        let mut waiting = self.waiting();
        if waiting.len() >= ASKERS_WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(asker);
        self.came.notify_one();
    }

    /// The next, once there is one.
    fn next(&self) -> TcpStream {
        let mut waiting = self.waiting();
        loop {
            if let Some(asker) = waiting.pop_front() {
                return asker;
            }
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A read that has waited for long enough; systems differ in what they call it.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn response(code: u16, body: &str) -> String {
    let reason = match code {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Service Unavailable",
    };
    format!(
        "HTTP/1.1 {code} {reason}\r\nContent-Type: text/plain; version=0.0.4\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_does_not_come_round_does_not_live() {
        let (health, _) = Health::open(None).expect("nothing to open");
        let ask = || health.answer_to(b"GET /livez HTTP/1.1\r\n\r\n").expect("a whole request");
        assert!(ask().starts_with("HTTP/1.1 200"));
        let long_ago = Instant::now().checked_sub(LOOP_LATE).expect("the system runs longer");
        health.write(|page| page.at = long_ago);
        assert!(ask().starts_with("HTTP/1.1 503"));
    }

    #[test]
    fn who_asks_is_answered_although_a_hundred_came_before_it_and_ask_nothing() {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let (health, at) = Health::open(Some(here)).expect("a free port");
        let at = at.expect("it listens");
        let idle: Vec<_> = (0..100).map(|_| TcpStream::connect(at).expect("it listens")).collect();
        let mut asks = TcpStream::connect(at).expect("it listens");
        asks.set_read_timeout(Some(LOOP_LATE)).expect("a socket");
        asks.write_all(b"GET /livez HTTP/1.1\r\n\r\n").expect("it listens");
        health.write(|page| page.at = Instant::now());
        let mut answer = String::new();
        asks.read_to_string(&mut answer).expect("before it passes for dead");
        assert!(answer.contains("200 OK"), "{answer}");
        drop(idle);
    }

    #[test]
    fn it_answers_what_is_asked_and_nothing_else() {
        let (health, _) = Health::open(None).expect("nothing to open");
        let ask = |line: &str| {
            let answer = health.answer_to(format!("{line}\r\nHost: x\r\n\r\n").as_bytes());
            answer.expect("a whole request")
        };
        assert!(ask("GET /livez HTTP/1.1").starts_with("HTTP/1.1 200"));
        assert!(ask("GET /readyz HTTP/1.1").contains("503"));
        health.write(|page| {
            page.waits_for = None;
            page.counters.insert("gate.clients", 3);
        });
        assert!(ask("GET /readyz HTTP/1.1").starts_with("HTTP/1.1 200"));
        assert!(ask("GET /metrics HTTP/1.1").contains("\nhorus_gate_clients 3\n"));
        assert!(ask("POST /livez HTTP/1.1").starts_with("HTTP/1.1 405"));
        assert!(ask("GET / HTTP/1.1").starts_with("HTTP/1.1 404"));
        assert!(health.answer_to(b"GET /livez").is_none());
        assert!(health.answer_to(b"\0\0\0").expect("at once").starts_with("HTTP/1.1 400"));
    }
}
