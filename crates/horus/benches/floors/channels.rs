//! Channels: the lanes of bare `muts`.

use muts::{Address, Audience, Channel, Down, Instant, Layer, Message, ProcId, Transport, Up};

use crate::common::words::Words;
use crate::member::floor::{Floor, Heard, LANES, Lane};

/// The first of those that stay idle.
const IDLE: u64 = 1_000;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    peers: Vec<ProcId>,
}

const fn channel(lane: Lane) -> Channel {
    Channel(lane.at() as u64 + 1)
}

impl Channels {
    fn open_one(&self, tower: &mut Transport, now: Instant, channel: Channel) {
        let open = Down::Open { channel, peers: self.peers.clone(), credit: false };
        let _ = tower.down(now, open);
    }
}

impl Floor for Channels {
    type Tower = Transport;

    fn meet(peer: ProcId, address: Address) -> Down {
        Down::Meet { node: peer.node, address }
    }

    fn open(&mut self, tower: &mut Transport, now: Instant, peers: &[ProcId]) {
        self.peers = peers.to_vec();
        LANES.into_iter().for_each(|lane| self.open_one(tower, now, channel(lane)));
    }

    fn cast(&mut self, tower: &mut Transport, now: Instant, lane: Lane, message: Message) -> bool {
        let cast = Down::Cast { channel: channel(lane), to: Audience::ALL, message };
        tower.down(now, cast).is_ok()
    }

    fn hear(&mut self, up: Up) -> Heard {
        match up {
            Up::Met { .. } => Heard::Met,
            Up::Cast { channel: name, message, .. } => {
                match LANES.into_iter().find(|lane| channel(*lane) == name) {
                    Some(lane) => Heard::Cast(lane, message),
                    None => Heard::Nothing,
                }
            }
            _ => Heard::Nothing,
        }
    }

    fn take(&mut self, tower: &mut Transport, now: Instant, words: &Words) -> Words {
        match words.verb.as_str() {
            "flood" | "ping" => {}
            "idle" => (0..words.get::<u64>("channels"))
                .for_each(|at| self.open_one(tower, now, Channel(IDLE + at))),
            other => panic!("nobody knows `{other}`"),
        }
        Words::new(&words.verb)
    }

    fn views(_: usize) -> Option<usize> {
        None
    }
}
