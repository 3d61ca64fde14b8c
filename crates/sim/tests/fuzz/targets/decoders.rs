//! The decoders of all floors, and what every decoder owes.

use muts::decoders::Decoder;

use crate::allocator;

/// What a value may take in memory for each of its bytes: a rank and a position take two bytes on
/// the wire and sixteen in a vector, which doubles as it grows and for a moment is there twice.
const TIMES_MAX: usize = 32;

/// What anything may take besides.
const BESIDES_MAX: usize = 1 << 10;

/// Those of every floor, lowest first.
pub(crate) fn all() -> Vec<Decoder> {
    let mut all = Vec::new();
    all.extend(muts::decoders::all());
    all.extend(vsync::decoders::all());
    all.extend(vsync::gate::decoders());
    all.extend(lwg::decoders::all());
    all.extend(tools::decoders::all());
    all.extend(names::decoders::all());
    all
}

/// Reads, within bounds; what was read is written as it was.
pub(crate) fn attempt(decoder: &Decoder, bytes: &[u8]) {
    let mut rest = bytes;
    let (read, most) = allocator::most(|| (decoder.read)(&mut rest));
    bounded(most, bytes.len());
    let Ok(read) = read else { return };
    let taken = &bytes[..bytes.len() - rest.len()];
    let written = read.fields().concat();
    // What follows a pad in a datagram means nothing.
    let whole = if decoder.name == "muts.frame" && taken[0] == 0 { &taken[..1] } else { taken };
    assert!(written == whole, "{read:?} was {whole:02x?} and is written {written:02x?}");
}

/// What was in use at the most is in proportion to what came.
pub(crate) fn bounded(most: usize, came: usize) {
    assert!(most <= came * TIMES_MAX + BESIDES_MAX, "{most} bytes in use for {came} that came");
}
