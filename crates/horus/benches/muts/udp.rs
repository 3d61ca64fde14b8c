//! Udp: the floor. The same payload to the same receivers with no protocol, many datagrams a call.

use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use nix::sys::socket::sockopt::{RcvBuf, SndBuf, UdpGsoSegment};
use nix::sys::socket::{MsgFlags, SockaddrStorage, sendmsg, setsockopt};
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};

use crate::common::words::Words;
use crate::common::{allocator, clock, crew};
use crate::member::stamp::{Pings, Times, Wish, read, stamped};

/// The most that one call can carry.
const CALL_BYTES: usize = 65_000;
/// Datagrams that one call can be cut into.
const CALL_DATAGRAMS: usize = 64;
/// The most that is taken between two looks at the lines.
const TURN_CALLS: usize = 32;
const BUFFERS: usize = 4;

struct Member {
    rank: usize,
    socket: UdpSocket,
    state: UdpSocketState,
    buffers: Vec<Vec<u8>>,
    peers: Vec<SocketAddr>,
    received: u64,
    /// What goes out in one call, and the datagrams that one message takes.
    flood: Option<Vec<u8>>,
    pieces: u64,
    pings: Option<Pings>,
    times: Times,
}

/// Lives until its lines end.
pub(crate) fn run(role: &Words) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    // As large as ours asks for; the system gives what it allows.
    let _ = setsockopt(&socket, RcvBuf, &(8 << 20));
    let _ = setsockopt(&socket, SndBuf, &(8 << 20));
    let state = UdpSocketState::new(UdpSockRef::from(&socket)).expect("a socket");
    // Receiving joined datagrams made it non-blocking.
    let lines = crew::lines(|| {});
    crew::tell(&Words::new("listens").with("at", socket.local_addr().expect("bound")));
    let mut member = Member {
        rank: role.get("rank"),
        socket,
        state,
        buffers: vec![vec![0; 65_536]; BUFFERS],
        peers: Vec::new(),
        received: 0,
        flood: None,
        pieces: 1,
        pings: None,
        times: Times::new(),
    };
    member.live(&lines);
}

impl Member {
    fn live(&mut self, lines: &Receiver<Words>) {
        loop {
            while let Ok(words) = lines.try_recv() {
                self.take(&words);
            }
            if let Some(flood) = &self.flood {
                for peer in &self.peers {
                    send(&self.socket, flood, *peer);
                }
                self.wait(Duration::ZERO);
            } else {
                while let Some(pings) = &mut self.pings
                    && pings.due()
                {
                    let bytes = stamped(pings.wish, pings.length);
                    self.peers.iter().for_each(|peer| send(&self.socket, &bytes, *peer));
                }
                let patience = self.pings.as_ref().and_then(Pings::wait);
                self.wait(patience.unwrap_or(Duration::from_millis(5)));
            }
        }
    }

    /// Sleeps until something comes, then takes all that is there.
    fn wait(&mut self, patience: Duration) {
        if !patience.is_zero() {
            use nix::poll::{PollFd, PollFlags, ppoll};
            use std::os::fd::AsFd;
            let mut polled = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            let time = nix::sys::time::TimeSpec::from_duration(patience);
            let _ = ppoll(&mut polled, Some(time), None);
        }
        for _ in 0..TURN_CALLS {
            if !self.receive() {
                return;
            }
        }
    }

    fn receive(&mut self) -> bool {
        let mut metas = [RecvMeta::default(); BUFFERS];
        let filled = {
            let mut open = self.buffers.iter_mut();
            let mut buffers: [IoSliceMut<'_>; BUFFERS] =
                std::array::from_fn(|_| IoSliceMut::new(open.next().expect("as many")));
            match self.state.recv(UdpSockRef::from(&self.socket), &mut buffers, &mut metas) {
                Ok(filled) => filled,
                Err(_) => return false,
            }
        };
        for (place, meta) in metas[..filled].iter().enumerate() {
            self.received += meta.len.div_ceil(meta.stride.max(1)) as u64;
            if self.flood.is_none()
                && let Some((sent, wish)) = read(&self.buffers[place][..meta.len])
                && sent != u64::from_le_bytes([7; 8])
            {
                self.hear_ping(place, meta.len, sent, wish);
            }
        }
        true
    }

    fn hear_ping(&mut self, place: usize, length: usize, sent: u64, wish: Wish) {
        if wish == Wish::Note {
            self.times.note(sent);
        } else if self.rank == 1 {
            let bytes = &mut self.buffers[place][..length];
            bytes[8] = Wish::Note as u8;
            self.peers.iter().for_each(|peer| send(&self.socket, bytes, *peer));
        }
    }

    fn take(&mut self, words: &Words) {
        match words.verb.as_str() {
            "meet" => {
                let others = words.all("at").enumerate().filter(|(rank, _)| *rank != self.rank);
                self.peers = others.map(|(_, at)| at.parse().expect("an address")).collect();
                crew::tell(&Words::new("met"));
                return;
            }
            "flood" => {
                let payload: usize = words.get("payload");
                self.pieces = payload.div_ceil(CALL_BYTES) as u64;
                let datagram = payload.div_ceil(payload.div_ceil(CALL_BYTES));
                let fits = (CALL_BYTES / datagram).clamp(1, CALL_DATAGRAMS);
                self.cut_to(datagram);
                self.flood =
                    (words.get::<usize>("senders") > self.rank).then(|| vec![7; datagram * fits]);
            }
            "halt" => {
                (self.flood, self.pings) = (None, None);
                self.cut_to(0);
            }
            "ping" => self.pings = (self.rank == 0).then(|| Pings::read(words)),
            "bind" => crew::bind(self.rank, words),
            "count" => {
                let counted = Words::new("count")
                    .with("at", clock::now_ns())
                    .with("delivered", self.received / self.pieces)
                    .with("calls", allocator::calls());
                return crew::tell(&counted);
            }
            "times" => return crew::tell(&self.times.tell(Words::new("times"))),
            other => panic!("nobody knows `{other}`"),
        }
        crew::tell(&Words::new(&words.verb));
    }

    fn cut_to(&self, length: usize) {
        let length = i32::try_from(length).expect("a datagram's length");
        setsockopt(&self.socket, UdpGsoSegment, &length).expect("this system cuts");
    }
}

/// What cannot go out now is lost: nobody here would send it again.
fn send(socket: &UdpSocket, bytes: &[u8], to: SocketAddr) {
    let to = SockaddrStorage::from(to);
    let places = [IoSlice::new(bytes)];
    let _ = sendmsg(socket.as_raw_fd(), &places, &[], MsgFlags::empty(), Some(&to));
}
