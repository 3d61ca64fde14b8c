//! The bytes this floor adds, drawn and named.
//!
//! ```text
//! datagram  version u8 | kind u8 | ...
//!   hello   0: node u64 | incarnation u64 | session u32 | echo u32
//!           `session` names the sender's end of the link; `echo` is the receiver's, 0 if not known
//!   data    1: session u32 of the receiver's end | frames ...
//! frame     kind u8 | ...
//!   beat    1: varint number | varint length | bytes | varint count | (channel u64 | varint end)*
//!   tell    2: varint length | message
//!   part    3: varint id | varint index | varint count | varint length | bytes
//!   data    4: channel u64 | varint sequence | flags u8 | varint length | bytes
//!   ack     5: channel u64 | varint below | varint count | (varint gap | varint length)*
//!   probe   6;  answer 7
//! ```
//!
//! Channel 0 is the link's own stream to one process. `flags`: 1 first of a message, 2 last of it,
//! 4 acknowledge at once. `below`: everything under it has come; the ranges lie above it, each
//! `gap` frames after the one before.

use alloc::vec::Vec;

use crate::interface::Channel;
use crate::limits::{ACK_RANGES_MAX, BEAT_ENDS_MAX};
use crate::process::ProcId;
use crate::wire::{Malformed, Wire, read_bytes, read_varint, write_bytes, write_varint};

/// The version of all that is drawn above.
pub(crate) const VERSION: u8 = 1;
/// Version, kind and session.
pub(crate) const DATAGRAM_HEADER_BYTES: usize = 6;
/// The most that stands before the bytes of a data frame or a part.
pub(crate) const FRAME_HEADER_BYTES_MAX: usize = 1 + 8 + 10 + 1 + 4;
/// The link's own stream.
pub(crate) const UNICAST: Channel = Channel(0);

pub(crate) const HELLO: u8 = 0;
pub(crate) const DATA: u8 = 1;

pub(crate) const FIRST: u8 = 1;
pub(crate) const LAST: u8 = 2;
pub(crate) const ACK_NOW: u8 = 4;

/// How two processes get to know each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) from: ProcId,
    pub(crate) session: u32,
    pub(crate) echo: u32,
}

impl Hello {
    pub(crate) fn datagram(&self) -> Vec<u8> {
        let mut bytes = alloc::vec![VERSION, HELLO];
        self.from.write(&mut bytes);
        self.session.write(&mut bytes);
        self.echo.write(&mut bytes);
        bytes
    }

    pub(crate) fn read(mut from: &[u8]) -> Result<Self, Malformed> {
        let from = &mut from;
        let hello =
            Self { from: ProcId::read(from)?, session: u32::read(from)?, echo: u32::read(from)? };
        if from.is_empty() { Ok(hello) } else { Err(Malformed) }
    }
}

/// What has come above a gap: first and end of each range.
pub(crate) type Ranges = heapless::Vec<(u64, u64), ACK_RANGES_MAX>;
/// Where streams end.
pub(crate) type Ends = heapless::Vec<(Channel, u64), BEAT_ENDS_MAX>;

/// One frame of a datagram; byte runs are places in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    Beat { number: u64, bytes: &'a [u8], ends: Ends },
    Tell(&'a [u8]),
    Part { id: u64, index: u64, count: u64, bytes: &'a [u8] },
    Data { channel: Channel, sequence: u64, flags: u8, bytes: &'a [u8] },
    Ack { channel: Channel, below: u64, ranges: Ranges },
    Probe,
    Answer,
}

impl<'a> Frame<'a> {
    pub(crate) fn write(&self, into: &mut Vec<u8>) {
        match self {
            Self::Beat { number, bytes, ends } => {
                into.push(1);
                write_varint(into, *number);
                write_bytes(into, bytes);
                write_varint(into, ends.len() as u64);
                for (channel, end) in ends {
                    channel.0.write(into);
                    write_varint(into, *end);
                }
            }
            Self::Tell(message) => {
                into.push(2);
                write_bytes(into, message);
            }
            Self::Part { id, index, count, bytes } => {
                into.push(3);
                for number in [*id, *index, *count] {
                    write_varint(into, number);
                }
                write_bytes(into, bytes);
            }
            Self::Data { channel, sequence, flags, bytes } => {
                write_data_header(into, *channel, *sequence, *flags, bytes.len());
                into.extend_from_slice(bytes);
            }
            Self::Ack { channel, below, ranges } => {
                into.push(5);
                channel.0.write(into);
                write_varint(into, *below);
                write_varint(into, ranges.len() as u64);
                let mut end = *below;
                for (first, last) in ranges {
                    write_varint(into, first - end);
                    write_varint(into, last - first);
                    end = *last;
                }
            }
            Self::Probe => into.push(6),
            Self::Answer => into.push(7),
        }
    }

    pub(crate) fn read(from: &mut &'a [u8]) -> Result<Self, Malformed> {
        match u8::read(from)? {
            1 => {
                let (number, bytes) = (read_varint(from)?, read_bytes(from)?);
                let count = read_varint(from)?;
                let mut ends = Ends::new();
                for _ in 0..count {
                    let end = (Channel(u64::read(from)?), read_varint(from)?);
                    ends.push(end).map_err(|_| Malformed)?;
                }
                Ok(Self::Beat { number, bytes, ends })
            }
            2 => Ok(Self::Tell(read_bytes(from)?)),
            3 => {
                let (id, index) = (read_varint(from)?, read_varint(from)?);
                Ok(Self::Part { id, index, count: read_varint(from)?, bytes: read_bytes(from)? })
            }
            4 => {
                let channel = Channel(u64::read(from)?);
                let (sequence, flags) = (read_varint(from)?, u8::read(from)?);
                Ok(Self::Data { channel, sequence, flags, bytes: read_bytes(from)? })
            }
            5 => {
                let channel = Channel(u64::read(from)?);
                let below = read_varint(from)?;
                Ok(Self::Ack { channel, below, ranges: read_ranges(from, below)? })
            }
            6 => Ok(Self::Probe),
            7 => Ok(Self::Answer),
            _ => Err(Malformed),
        }
    }
}

fn read_ranges(from: &mut &[u8], below: u64) -> Result<Ranges, Malformed> {
    let count = read_varint(from)?;
    let mut end = below;
    let mut ranges = Ranges::new();
    for _ in 0..count {
        let first = end.checked_add(read_varint(from)?).ok_or(Malformed)?;
        end = first.checked_add(read_varint(from)?).ok_or(Malformed)?;
        ranges.push((first, end)).map_err(|_| Malformed)?;
    }
    Ok(ranges)
}

/// What stands before the bytes of a data frame, so that they can be gathered from several places.
pub(crate) fn write_data_header(
    into: &mut Vec<u8>,
    channel: Channel,
    sequence: u64,
    flags: u8,
    length: usize,
) {
    into.push(4);
    channel.0.write(into);
    write_varint(into, sequence);
    into.push(flags);
    write_varint(into, length as u64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn every_frame_comes_back_and_no_prefix_of_it_does() {
        let frames = [
            Frame::Beat {
                number: 300,
                bytes: b"row",
                ends: [(Channel(9), 77)].into_iter().collect(),
            },
            Frame::Tell(b"control"),
            Frame::Part { id: 1, index: 2, count: 3, bytes: b"part" },
            Frame::Data {
                channel: Channel(5),
                sequence: 1 << 40,
                flags: FIRST | LAST,
                bytes: b"x",
            },
            Frame::Ack {
                channel: Channel(5),
                below: 10,
                ranges: [(12, 14), (20, 21)].into_iter().collect(),
            },
            Frame::Probe,
            Frame::Answer,
        ];
        for frame in frames {
            let mut bytes = vec![];
            frame.write(&mut bytes);
            assert_eq!(Frame::read(&mut &bytes[..]).as_ref(), Ok(&frame));
            for end in 0..bytes.len() {
                assert_eq!(Frame::read(&mut &bytes[..end]), Err(Malformed), "{frame:?} to {end}");
            }
        }
    }
}
