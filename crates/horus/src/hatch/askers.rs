//! Askers: who has come to the hatch, each at the end of a stream. No I/O.
//!
//! Takes: bytes of strangers, answers, time. Promises: one question of each is handed on, whole;
//! who says anything else, or asks, waits or reads for too long, is done with and told why. Keeps:
//! what has not come whole, and what was not taken yet.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use muts::{Full, Instant, Layer, Packet, Porter, Transmit};
use serde_json::json;
use vsync::gate::{Bye, Reader, Say, Tell, framed};
use vsync::limits::GATE_STRANGER_BYTES_MAX;

use super::limits::{ANSWER_PATIENCE, ASKER_PATIENCE};

/// The answer to the question of this one.
pub(crate) struct Reply {
    pub(crate) pipe: u32,
    pub(crate) answer: Vec<u8>,
}

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Somebody asks something: a [`Reply`] is due.
    Question { pipe: u32, query: Vec<u8> },
    /// This one is done with; its stream takes these last bytes, or loses them.
    Over { pipe: u32, last: Bytes },
}

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Askers {
    all: BTreeMap<u32, Asker>,
    told: VecDeque<News>,
}

struct Asker {
    stage: Stage,
    /// When that is to be over.
    until: Instant,
}

enum Stage {
    /// Its question has not come whole.
    Asks(Reader),
    /// For its answer.
    Waits,
    /// It was not given its answer yet.
    Owed(Bytes),
    /// It has been given all; its stream takes it.
    Reads,
}

impl Askers {
    /// Everybody is done with; who was to have an answer still gets it.
    pub(crate) fn close(&mut self) {
        for (pipe, asker) in std::mem::take(&mut self.all) {
            let last = if let Stage::Owed(answer) = asker.stage { answer } else { Bytes::new() };
            self.told.push_back(News::Over { pipe, last });
        }
    }

    fn done_with(&mut self, pipe: u32, last: Bytes) {
        if self.all.remove(&pipe).is_some() {
            self.told.push_back(News::Over { pipe, last });
        }
    }
}

fn bye(why: Bye) -> Bytes {
    framed(&Tell::Bye(why))
}

impl Layer for Askers {
    type Down = Reply;
    type Up = News;

    fn down(&mut self, now: Instant, reply: Reply) -> Result<(), Full<Reply>> {
        // Who has gone meanwhile does not need it any more.
        if let Some(asker) = self.all.get_mut(&reply.pipe) {
            asker.stage = Stage::Owed(framed(&Tell::Answer(reply.answer)));
            asker.until = now + ASKER_PATIENCE;
        }
        Ok(())
    }

    fn up(&mut self) -> Option<News> {
        self.told.pop_front()
    }

    // There is no network.
    fn receive(&mut self, _: Instant, _: Packet) {}

    fn transmit(&mut self, _: Instant) -> Option<Transmit> {
        None
    }

    fn wake(&mut self, now: Instant) {
        let late = self.all.iter().filter(|(_, asker)| asker.until <= now);
        let late: Vec<u32> = late.map(|(pipe, _)| *pipe).collect();
        for pipe in late {
            let last = match self.all.get(&pipe).map(|asker| &asker.stage) {
                Some(Stage::Asks(_)) => bye(Bye::Silent),
                Some(Stage::Waits) => {
                    let why = "this process does not come round to answers; ask again, and see \
                               what its threads do";
                    framed(&Tell::Answer(json!({ "error": why }).to_string().into_bytes()))
                }
                // More of what it does not read is of no use to it.
                _ => Bytes::new(),
            };
            self.done_with(pipe, last);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        // What is told while something is written is to be heard before anybody sleeps.
        let told = (!self.told.is_empty()).then_some(Instant::ZERO);
        told.or_else(|| self.all.values().map(|asker| asker.until).min())
    }
}

impl Porter for Askers {
    fn opened(&mut self, now: Instant, pipe: u32, _: Option<u32>) {
        let stage = Stage::Asks(Reader::limited(GATE_STRANGER_BYTES_MAX));
        self.all.insert(pipe, Asker { stage, until: now + ASKER_PATIENCE });
    }

    fn ended(&mut self, _: Instant, pipe: u32) {
        self.done_with(pipe, Bytes::new());
    }

    fn hear(&mut self, now: Instant, pipe: u32, mut bytes: &[u8]) {
        let Some(asker) = self.all.get_mut(&pipe) else { return };
        let Stage::Asks(reader) = &mut asker.stage else {
            return self.done_with(pipe, bye(Bye::Malformed));
        };
        match reader.take::<Say>(&mut bytes) {
            Ok(Some(Say::Query(query))) => {
                (asker.stage, asker.until) = (Stage::Waits, now + ANSWER_PATIENCE);
                self.told.push_back(News::Question { pipe, query });
            }
            Ok(None) => {}
            Ok(Some(Say::Hello { .. })) => self.done_with(pipe, bye(Bye::NoDaemon)),
            Ok(Some(_)) => self.done_with(pipe, bye(Bye::Malformed)),
            Err(_) => {
                let long = reader.overlong_query().map(|bytes| framed(&Tell::too_long(bytes)));
                self.done_with(pipe, long.unwrap_or_else(|| bye(Bye::Malformed)));
            }
        }
    }

    fn write(&mut self, _: Instant, pipe: u32) -> Option<Bytes> {
        let asker = self.all.get_mut(&pipe)?;
        if let Stage::Owed(answer) = &mut asker.stage {
            let answer = std::mem::take(answer);
            asker.stage = Stage::Reads;
            return Some(answer);
        }
        // It is asked for more once all of that is written.
        if let Stage::Reads = asker.stage {
            self.done_with(pipe, Bytes::new());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPE: u32 = 3;

    fn query(text: &str) -> Bytes {
        framed(&Say::Query(text.into()))
    }

    /// What became of one that says this.
    fn said(bytes: &[u8]) -> (Askers, Option<News>) {
        let mut askers = Askers::default();
        askers.opened(Instant::ZERO, PIPE, None);
        bytes.iter().for_each(|byte| askers.hear(Instant::ZERO, PIPE, &[*byte]));
        let news = askers.up();
        (askers, news)
    }

    fn over(last: Bytes) -> News {
        News::Over { pipe: PIPE, last }
    }

    #[test]
    fn a_question_that_comes_byte_by_byte_is_answered_and_its_stream_is_closed() {
        let (mut askers, news) = said(&query("status"));
        assert_eq!(news, Some(News::Question { pipe: PIPE, query: b"status".into() }));
        assert_eq!(askers.write(Instant::ZERO, PIPE), None);
        let reply = Reply { pipe: PIPE, answer: b"well".into() };
        assert!(askers.down(Instant::ZERO, reply).is_ok());
        let answer = framed(&Tell::Answer(b"well".into()));
        assert_eq!(askers.write(Instant::ZERO, PIPE), Some(answer));
        assert_eq!(askers.up(), None, "it is not written yet");
        assert_eq!(askers.write(Instant::ZERO, PIPE), None);
        assert_eq!(askers.deadline(), Some(Instant::ZERO), "nobody sleeps now");
        assert_eq!(askers.up(), Some(over(Bytes::new())));
        assert_eq!(askers.deadline(), None);
    }

    #[test]
    fn who_says_anything_but_one_question_is_told_that_it_makes_no_sense() {
        let twice = [query("status"), query("status")].concat();
        let (mut askers, news) = said(&twice);
        assert!(matches!(news, Some(News::Question { .. })));
        assert_eq!(askers.up(), Some(over(bye(Bye::Malformed))));
        for bytes in [&b"GET / HTTP/1.1\r\n"[..], &framed(&Say::Pong), &[1, 0, 0, 0, 99]] {
            let (mut askers, news) = said(bytes);
            assert_eq!(news, Some(over(bye(Bye::Malformed))), "{bytes:?}");
            assert_eq!(askers.up(), None, "of what follows nothing comes");
        }
    }

    #[test]
    fn who_asks_too_long_a_question_is_told_how_long_it_may_be() {
        let most = GATE_STRANGER_BYTES_MAX - 3;
        assert!(matches!(said(&query(&"x".repeat(most))).1, Some(News::Question { .. })));
        let (mut askers, news) = said(&query(&"x".repeat(most + 1)));
        let answer = Tell::too_long(GATE_STRANGER_BYTES_MAX + 1);
        assert_eq!(news, Some(over(framed(&answer))));
        assert_eq!(askers.up(), None, "of what follows nothing comes");
        let Tell::Answer(answer) = answer else { panic!("{answer:?}") };
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        let why = answer["error"].as_str().expect("a sentence");
        assert!(why.contains("4097 bytes") && why.contains("at most 4096"), "{why}");
    }

    #[test]
    fn nobody_stays_who_does_not_ask_or_is_not_answered_or_does_not_read() {
        let (mut askers, _) = said(&query("status")[..6]);
        let late = Instant::ZERO + ASKER_PATIENCE;
        assert_eq!(askers.deadline(), Some(late));
        askers.wake(late);
        assert_eq!(askers.up(), Some(over(bye(Bye::Silent))));

        let (mut askers, _) = said(&query("status"));
        askers.wake(late);
        assert_eq!(askers.up(), None, "it waits for what this process owes it");
        askers.wake(Instant::ZERO + ANSWER_PATIENCE);
        let Some(News::Over { last, .. }) = askers.up() else { panic!("it waits for ever") };
        assert!(String::from_utf8_lossy(&last).contains("ask again"));

        let (mut askers, _) = said(&query("status"));
        let reply = Reply { pipe: PIPE, answer: b"well".into() };
        assert!(askers.down(Instant::ZERO, reply).is_ok());
        assert!(askers.write(Instant::ZERO, PIPE).is_some());
        askers.wake(late);
        assert_eq!(askers.up(), Some(over(Bytes::new())));
    }
}
