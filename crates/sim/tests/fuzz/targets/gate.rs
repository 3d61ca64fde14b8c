//! Gate: a daemon and a client that says what it pleases; a client and a daemon that does.
//!
//! Nobody falls over it, memory stays in proportion to what was said, and another client of the
//! daemon is not put out for it.

use muts::{
    Address, Config, Duration, Instant, Layer, NodeId, Packet, Porter, ProcId, Transport, Wire,
};
use vsync::gate::{self, Client, News, Say, Server, VERSIONS, framed};

use crate::allocator;

/// What a byte may take: an ask of a few founds a group with its kernel's books.
const TIMES_MAX: usize = 1_024;

/// A daemon with two kernels, and their pipes.
const BESIDES_MAX: usize = 1 << 20;

/// The one that says what it pleases, and the other.
const LOUD: u32 = 1;
const CALM: u32 = 2;

fn proc(name: &str) -> ProcId {
    ProcId { node: NodeId::of_name(name), incarnation: 1 }
}

/// Cuts the input into frames, each behind its true length; a first byte above 200 says that the
/// rest is to come as it is.
pub(super) fn pieces(bytes: &[u8]) -> Vec<Vec<u8>> {
    if let Some((201.., rest)) = bytes.split_first() {
        return vec![rest.to_vec()];
    }
    let (mut rest, mut pieces) = (bytes, Vec::new());
    while let Some((length, more)) = rest.split_first() {
        let (frame, more) = more.split_at(usize::from(*length).min(more.len()));
        let mut piece = (frame.len() as u32).to_le_bytes().to_vec();
        piece.extend_from_slice(frame);
        pieces.push(piece);
        rest = more;
    }
    pieces
}

fn within_bounds(bytes: &[u8], attempt: impl FnOnce()) {
    let ((), most) = allocator::most(attempt);
    let bound = bytes.len() * TIMES_MAX + BESIDES_MAX;
    assert!(most <= bound, "{most} bytes in use for {} that came", bytes.len());
}

/// A daemon, and what two of its clients say.
pub(super) fn server(bytes: &[u8]) {
    within_bounds(bytes, || {
        let daemon = proc("daemon");
        let transport = Transport::new(Config::new(daemon, 1));
        let mut server = Server::new(transport, gate::Config::new(daemon, 2));
        let mut now = Instant::ZERO;
        let mut calm = Client::new(proc("calm"), "calm");
        while calm.transmit(now).is_some() {}
        for (pipe, name) in [(LOUD, "loud"), (CALM, "calm")] {
            server.opened(now, pipe, None);
            let hello = Say::Hello { versions: VERSIONS, me: proc(name), name: name.into() };
            server.hear(now, pipe, &framed(&hello));
        }
        for piece in pieces(bytes) {
            server.hear(now, LOUD, &piece);
            now += Duration::from_millis(1);
            server.wake(now);
            while server.write(now, LOUD).is_some() {}
            while let Some(bytes) = server.write(now, CALM) {
                calm.receive(now, Packet { from: Address::Pipe(0), bytes });
            }
            while server.transmit(now).is_some() {}
            while let Some(news) = server.up() {
                let calm_goes = matches!(news, News::Parted { pipe: CALM, .. });
                assert!(!calm_goes, "the other is put out: {news:?}");
            }
            while calm.up().is_some() {}
            while let Some(said) = calm.transmit(now) {
                server.hear(now, CALM, &said.gather());
            }
        }
    });
}

/// A client, and what its daemon says.
pub(super) fn client(bytes: &[u8]) {
    within_bounds(bytes, || {
        let (now, from) = (Instant::ZERO, Address::Pipe(0));
        let mut client = Client::new(proc("client"), "client");
        while client.transmit(now).is_some() {}
        let mut welcome = vec![1];
        u16::from(VERSIONS.1).write(&mut welcome);
        proc("daemon").write(&mut welcome);
        let mut first = (welcome.len() as u32).to_le_bytes().to_vec();
        first.extend(welcome);
        for piece in std::iter::once(first).chain(pieces(bytes)) {
            client.receive(now, Packet { from, bytes: piece.into() });
            while client.up().is_some() || client.transmit(now).is_some() {}
            while client.name().is_some() {}
        }
    });
}
