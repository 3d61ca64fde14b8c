//! Mutate: changes bytes as a seed says, in the ways that readers stumble over.

use muts::Random;

/// Bytes that lie at the edges of something.
const EDGES: [u8; 12] = [0, 1, 2, 0x7f, 0x80, 0x81, 0xff, 0x20, b'"', b'{', b'\n', 0x10];

/// Numbers that do, as varints.
const LONG: [&[u8]; 6] = [
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x80, 0x80, 0x80, 0x20],
    &[0x80, 0x80, 0x80, 0x01],
    &[0xff, 0xff, 0x03],
    &[0x80, 0x00],
];

/// The longest that an input grows.
const BYTES_MAX: usize = 4 << 10;

/// One of these inputs, changed a few times.
pub(crate) fn mutated(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = one(random, corpus).clone();
    for _ in 0..1 + random.below(6) {
        change(random, &mut bytes, corpus);
    }
    bytes.truncate(BYTES_MAX);
    bytes
}

fn one<'a>(random: &mut Random, corpus: &'a [Vec<u8>]) -> &'a Vec<u8> {
    &corpus[random.below(corpus.len() as u64) as usize]
}

fn change(random: &mut Random, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let length = bytes.len() as u64;
    let (from, to) = (random.below(length + 1) as usize, random.below(length + 1) as usize);
    let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 32));
    let inside = random.below(length) as usize;
    match random.below(10) {
        0 | 1 if length > 0 => bytes[inside] ^= 1 << random.below(8),
        2 | 3 if length > 0 => bytes[inside] = EDGES[random.below(12) as usize],
        4 if length > 0 => bytes[inside] = random.draw() as u8,
        5 => drop(bytes.drain(from..to)),
        6 => bytes.truncate(from),
        7 => {
            let run = bytes[from..to].to_vec();
            bytes.splice(from..from, run);
        }
        8 => drop(bytes.splice(from..from, LONG[random.below(6) as usize].iter().copied())),
        _ => {
            let other = one(random, corpus);
            let start = random.below(other.len() as u64 + 1) as usize;
            bytes.truncate(from);
            bytes.extend_from_slice(&other[start..]);
        }
    }
}
