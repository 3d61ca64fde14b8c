//! Targets: everything that reads bytes of strangers, each with what must hold whatever they are.
//!
//! A target panics when that does not hold. A decoder must reserve no more than its input can mean,
//! and what it takes must be written as it was read.

mod decoders;
mod gate;
mod hall;
mod hatch;
mod hearing;
mod liar;
mod node;
mod pair;
mod peer;
mod stranger;
mod text;

use muts::decoders::Decoder;

/// Something that reads.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// The floor, a dot, and what it is there; a folder of the corpus is called so.
    pub(crate) name: &'static str,
    attempt: Attempt,
}

/// Has these bytes read; panics if what must hold does not.
type Reads = fn(&[u8]);

#[derive(Clone, Copy)]
enum Attempt {
    Decoder(Decoder),
    Other(Reads),
}

impl Target {
    /// Has it read these bytes.
    ///
    /// # Panics
    /// If what must hold does not.
    pub(crate) fn attempt(&self, bytes: &[u8]) {
        match &self.attempt {
            Attempt::Decoder(decoder) => decoders::attempt(decoder, bytes),
            Attempt::Other(attempt) => attempt(bytes),
        }
    }

    /// Whether an attempt takes many times as long as reading a value.
    pub(crate) fn is_slow(&self) -> bool {
        STATEFUL.iter().any(|(name, _)| *name == self.name)
    }
}

/// What holds a state between one datagram and the next.
const STATEFUL: [(&str, Reads); 12] = [
    ("muts.stranger", stranger::open),
    ("muts.sealed", stranger::sealed),
    ("muts.peer", peer::alone),
    ("muts.hall", hall::attempt),
    ("muts.speaker", peer::in_hall),
    ("vsync.liar", liar::kernels),
    ("gate.server", gate::server),
    ("gate.client", gate::client),
    ("lwg.liar", liar::towers),
    ("horus.askers", hatch::askers),
    ("names.directory", hearing::directory),
    ("names.resolver", hearing::resolver),
];

const VALUES: [(&str, Reads); 10] = [
    ("muts.keys", text::keys),
    ("names.name", text::name),
    ("names.table", text::table),
    ("horus.event", text::event),
    ("horus.history", text::history),
    ("horus.query", hatch::query),
    ("node.line", node::line),
    ("node.envelope", node::envelope),
    ("node.put", node::put),
    ("node.document", node::document),
];

/// Every target there is.
pub(crate) fn all() -> Vec<Target> {
    let decoders = decoders::all().into_iter().map(|decoder| {
        let attempt = Attempt::Decoder(decoder);
        Target { name: decoder.name, attempt }
    });
    let others = VALUES.into_iter().chain(STATEFUL);
    let others = others.map(|(name, attempt)| Target { name, attempt: Attempt::Other(attempt) });
    decoders.chain(others).collect()
}
