//! The bytes this floor adds, drawn and named.
//!
//! ```text
//! datagram  version and kind u8 | ...
//!   hello   0x20: node u64 | incarnation u64 | session u32 | echo u32
//!           `session` names the sender's end of the link; `echo` is the receiver's, 0 if not known
//!   data    0x21: session u32 of the receiver's end | number u64 | frames ...
//! frame     kind u8 | ...
//!   pad     0: the rest of the datagram means nothing
//!   ack     1: varint top | varint delay | varint runs |
//!              varint length | (varint gap | varint length)*
//!   data    2: channel u64 | varint offset | varint length | bytes of the stream
//!   skip    3: channel u64 | varint offset | varint length | varint below
//!   note    4: channel u64 | varint version | varint length | bytes
//!   credit  5: channel u64 | varint limit
//!   gone    6: channel u64
//!   beat    7: varint number | varint length | bytes
//!   tell    8: varint length | message
//!   part    9: varint id | varint index | varint count | varint length | bytes
//!   now    10: acknowledge this datagram at once
//!   farewell 11: the sender ends; nothing more comes of it
//! ```
//!
//! Datagrams of one link are numbered from 0; what is sent again goes under a new number. `top` is
//! one above the highest number that has come, `delay` how many microseconds ago that was; the runs
//! go downwards from it, each `gap` numbers below the one before.
//!
//! A stream is what one process casts on one channel: records one behind the other, each
//! `varint length | message`. Data frames carry any run of its bytes; a skip frame stands for whole
//! records, and `below` is how many records lie below its end. Channel 0 is the link's own stream
//! to one process. A receiver takes bytes of a stream below its credit's `limit`; `gone` says that
//! it has closed the channel and takes no more.

use crate::interface::Channel;
use crate::limits::ACK_RANGES_MAX;
use crate::numbers::Seen;
use crate::process::ProcId;
use crate::wire::{
    Malformed, Sink, Wire, read_bytes, read_varint, write_bytes, write_varint, write_varints,
};

/// The version of all that is drawn above, in the high half of the first byte.
pub(crate) const VERSION: u8 = 2 << 4;
pub(crate) const HELLO: u8 = VERSION;
pub(crate) const DATA: u8 = VERSION | 1;

/// Kind, session and number.
pub(crate) const DATAGRAM_HEADER_BYTES: usize = 1 + 4 + 8;
/// The most that stands before the bytes of a data frame.
pub(crate) const DATA_HEADER_BYTES_MAX: usize = 1 + 8 + 10 + 3;
/// The most that stands before the bytes of a part.
pub(crate) const PART_HEADER_BYTES_MAX: usize = 1 + 10 + 3 + 3 + 3;
/// A skip, a credit or a gone frame at its longest.
pub(crate) const SMALL_FRAME_BYTES_MAX: usize = 1 + 8 + 10 + 10 + 10;

/// The link's own stream.
pub(crate) const UNICAST: Channel = Channel(0);

/// How two processes get to know each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) from: ProcId,
    pub(crate) session: u32,
    pub(crate) echo: u32,
}

impl Hello {
    pub(crate) fn write(&self, into: &mut impl Sink) {
        into.push(HELLO);
        self.from.write(into);
        self.session.write(into);
        self.echo.write(into);
    }

    pub(crate) fn read(mut from: &[u8]) -> Result<Self, Malformed> {
        let from = &mut from;
        let hello =
            Self { from: ProcId::read(from)?, session: u32::read(from)?, echo: u32::read(from)? };
        if from.is_empty() { Ok(hello) } else { Err(Malformed) }
    }
}

/// Runs of numbers, highest first.
pub(crate) type Runs = heapless::Vec<(u64, u64), ACK_RANGES_MAX>;

/// One frame of a datagram; byte runs are places in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    Pad,
    Ack { delay_us: u64, runs: Runs },
    Data { channel: Channel, offset: u64, bytes: &'a [u8] },
    Skip { channel: Channel, offset: u64, length: u64, below: u64 },
    Note { channel: Channel, version: u64, bytes: &'a [u8] },
    Credit { channel: Channel, limit: u64 },
    Gone { channel: Channel },
    Beat { number: u64, bytes: &'a [u8] },
    Tell(&'a [u8]),
    Part { id: u64, index: u64, count: u64, bytes: &'a [u8] },
    Now,
    Farewell,
}

impl<'a> Frame<'a> {
    /// Writes it; an acknowledgement has runs.
    pub(crate) fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Pad => into.push(0),
            Self::Ack { delay_us, runs } => write_ack(into, *delay_us, runs.iter().copied()),
            Self::Data { channel, offset, bytes } => {
                write_data_header(into, *channel, *offset, bytes.len());
                into.extend_from_slice(bytes);
            }
            Self::Skip { channel, offset, length, below } => {
                into.push(3);
                channel.0.write(into);
                write_varints(into, [*offset, *length, *below]);
            }
            Self::Note { channel, version, bytes } => {
                into.push(4);
                channel.0.write(into);
                write_varint(into, *version);
                write_bytes(into, bytes);
            }
            Self::Credit { channel, limit } => {
                into.push(5);
                channel.0.write(into);
                write_varint(into, *limit);
            }
            Self::Gone { channel } => {
                into.push(6);
                channel.0.write(into);
            }
            Self::Beat { number, bytes } => {
                into.push(7);
                write_varint(into, *number);
                write_bytes(into, bytes);
            }
            Self::Tell(message) => {
                into.push(8);
                write_bytes(into, message);
            }
            Self::Part { id, index, count, bytes } => {
                into.push(9);
                write_varints(into, [*id, *index, *count]);
                write_bytes(into, bytes);
            }
            Self::Now => into.push(10),
            Self::Farewell => into.push(11),
        }
    }

    pub(crate) fn read(from: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(match u8::read(from)? {
            0 => {
                *from = &[];
                Self::Pad
            }
            1 => read_ack(from)?,
            2 => Self::Data {
                channel: Channel(u64::read(from)?),
                offset: read_varint(from)?,
                bytes: read_bytes(from)?,
            },
            3 => Self::Skip {
                channel: Channel(u64::read(from)?),
                offset: read_varint(from)?,
                length: read_varint(from)?,
                below: read_varint(from)?,
            },
            4 => Self::Note {
                channel: Channel(u64::read(from)?),
                version: read_varint(from)?,
                bytes: read_bytes(from)?,
            },
            5 => Self::Credit { channel: Channel(u64::read(from)?), limit: read_varint(from)? },
            6 => Self::Gone { channel: Channel(u64::read(from)?) },
            7 => Self::Beat { number: read_varint(from)?, bytes: read_bytes(from)? },
            8 => Self::Tell(read_bytes(from)?),
            9 => Self::Part {
                id: read_varint(from)?,
                index: read_varint(from)?,
                count: read_varint(from)?,
                bytes: read_bytes(from)?,
            },
            10 => Self::Now,
            11 => Self::Farewell,
            _ => return Err(Malformed),
        })
    }
}

/// Writes an acknowledgement of what was seen. Nothing if that is nothing.
pub(crate) fn write_seen(into: &mut impl Sink, delay_us: u64, seen: &Seen) {
    if seen.top() > 0 {
        write_ack(into, delay_us, seen.runs(ACK_RANGES_MAX));
    }
}

fn write_ack(into: &mut impl Sink, delay_us: u64, runs: impl Iterator<Item = (u64, u64)>) {
    let runs: Runs = runs.collect();
    let top = runs.first().map_or(0, |run| run.1);
    into.push(1);
    write_varints(into, [top, delay_us, runs.len() as u64]);
    let mut end = top;
    for (at, (from, to)) in runs.into_iter().enumerate() {
        if at > 0 {
            write_varint(into, end - to);
        }
        write_varint(into, to - from);
        end = from;
    }
}

fn read_ack<'a>(from: &mut &'a [u8]) -> Result<Frame<'a>, Malformed> {
    let (mut end, delay_us, count) = (read_varint(from)?, read_varint(from)?, read_varint(from)?);
    let mut runs = Runs::new();
    for at in 0..count {
        let gap = if at == 0 { 0 } else { read_varint(from)? };
        let to = end.checked_sub(gap).ok_or(Malformed)?;
        end = to.checked_sub(read_varint(from)?).ok_or(Malformed)?;
        runs.push((end, to)).map_err(|_| Malformed)?;
    }
    Ok(Frame::Ack { delay_us, runs })
}

/// What stands before the bytes of a data frame, so that they can be gathered from several places.
pub(crate) fn write_data_header(
    into: &mut impl Sink,
    channel: Channel,
    offset: u64,
    length: usize,
) {
    into.push(2);
    channel.0.write(into);
    write_varint(into, offset);
    write_varint(into, length as u64);
}

/// How long a varint is.
pub(crate) fn varint_bytes(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn every_frame_comes_back_and_no_prefix_of_it_does() {
        let channel = Channel(5);
        let frames = [
            Frame::Pad,
            Frame::Ack { delay_us: 70, runs: [(20, 21), (12, 14), (0, 10)].into_iter().collect() },
            Frame::Data { channel, offset: 1 << 40, bytes: b"stream" },
            Frame::Skip { channel, offset: 300, length: 40, below: 7 },
            Frame::Note { channel, version: 300, bytes: b"row" },
            Frame::Credit { channel, limit: 1 << 22 },
            Frame::Gone { channel },
            Frame::Beat { number: 300, bytes: b"row" },
            Frame::Tell(b"control"),
            Frame::Part { id: 1, index: 2, count: 3, bytes: b"part" },
            Frame::Now,
            Frame::Farewell,
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
