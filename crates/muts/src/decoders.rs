//! Decoders: everything that a floor reads from others, each under a name.
//!
//! For who wants to try them with bytes of its own: fuzzers, and the examples of `docs/wire.md`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt::Debug;

use crate::beacon::Beacon;
use crate::greeting::Hello;
use crate::header::Frame;
use crate::message::Message;
use crate::wire::{Malformed, Sink, Wire};

/// One kind of thing that a floor reads.
#[derive(Debug, Clone, Copy)]
pub struct Decoder {
    /// The floor, a dot, and what it is there.
    pub name: &'static str,
    /// Takes one off the front.
    pub read: Read,
}

/// Takes one off the front.
pub type Read = for<'a> fn(&mut &'a [u8]) -> Result<Box<dyn Decoded + 'a>, Malformed>;

/// What was read.
pub trait Decoded: Debug {
    /// The bytes that say the same, as they are written: a piece for each field.
    fn fields(&self) -> Vec<Vec<u8>>;
}

impl<T: Wire + Debug> Decoded for T {
    fn fields(&self) -> Vec<Vec<u8>> {
        let mut pieces = Pieces::default();
        self.write(&mut pieces);
        pieces.0
    }
}

impl Decoded for Frame<'_> {
    fn fields(&self) -> Vec<Vec<u8>> {
        let mut pieces = Pieces::default();
        self.write(&mut pieces);
        pieces.0
    }
}

/// A message that ends where its bytes do.
#[derive(Debug)]
struct Whole(Message);

impl Decoded for Whole {
    fn fields(&self) -> Vec<Vec<u8>> {
        let mut pieces = Pieces::default();
        Message::write(&self.0, &mut pieces);
        pieces.0
    }
}

/// Keeps apart what is written apart.
#[derive(Debug, Default)]
struct Pieces(Vec<Vec<u8>>);

impl Sink for Pieces {
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.0.push(bytes.to_vec());
    }
}

/// The decoder of a value that is written as it is read.
pub const fn of<T: Wire + Debug + 'static>(name: &'static str) -> Decoder {
    Decoder { name, read: |from| Ok(Box::new(T::read(from)?)) }
}

fn message<'a>(from: &mut &'a [u8]) -> Result<Box<dyn Decoded + 'a>, Malformed> {
    let message = Message::read(core::mem::take(from).to_vec().into())?;
    Ok(Box::new(Whole(message)))
}

/// What this floor reads.
#[must_use]
pub const fn all() -> [Decoder; 4] {
    [
        Decoder { name: "muts.frame", read: |from| Ok(Box::new(Frame::read(from)?)) },
        of::<Hello>("muts.hello"),
        of::<Beacon>("muts.beacon"),
        Decoder { name: "muts.message", read: message },
    ]
}
