//! The bytes this floor adds, drawn and named.
//!
//! ```text
//! datagram  version and kind u8 | ...
//!   hello   0x20: session u32 of the sender's end | cookie 16 bytes: its first 8 are the mark that
//!                 it was told to show, if any, the others prove that a friend shows it with this
//!                 | first message of a greeting
//!   data    0x21: session u32 of the receiver's end | number u64 | frames, sealed ...
//!   answer  0x22: session u32 of the receiver's end | second message
//!   thanks  0x23: session u32 of the receiver's end | third message
//!   cookie  0x24: session u32 of the receiver's end | cookie 16 bytes: call again with its first
//!                 8, which prove the caller's address; the others prove that a friend tells them
//!   hall    0x25: node u64 of the sender | generation u32 of its key, 0 if it seals nothing |
//!                 number u64 under that key | receivers u8 |
//!                 (session u32 of the receiver's end | number u64)* | frames, sealed ...
//! frame     kind u8 | ...
//!   pad     0: the rest of the datagram means nothing
//!   ack     1: varint top | varint delay | varint runs |
//!              varint length | (varint gap | varint length)*
//!   data    2: channel u64 | varint offset | varint length | bytes of the stream
//!   skip    3: channel u64 | varint offset | varint length | varint below
//!   credit  5: channel u64 | varint limit
//!   gone    6: channel u64
//!   beat    7: varint number | varint length | bytes
//!   tell    8: varint length | message
//!   part    9: varint id | varint index | varint count | varint length | bytes
//!   now    10: acknowledge this datagram at once
//!   farewell 11: the sender ends; nothing more comes of it
//!   key    12: generation u32 | 32 bytes: what the sender says in the hall is sealed with that
//! ```
//!
//! The messages of a greeting are made by the guard around a hello (`greeting.rs`) or nothing. The
//! first is filled up with zeros behind its hello, so that the second is no longer.
//!
//! Datagrams of one link are numbered from 0; what is sent again goes under a new number. `top` is
//! one above the highest number that has come, `delay` how many microseconds ago that was; the runs
//! go downwards from it, each `gap` numbers below the one before.
//!
//! What goes to the hall is for all receivers that are listed: to each it is the datagram of its
//! link with the number beside its session, and counts, is acknowledged and sent again as such.
//!
//! A stream is what one process casts on one channel: records one behind the other, each
//! `varint length | message`. Data frames carry any run of its bytes; a skip frame stands for whole
//! records, and `below` is how many records lie below its end. Channel 0 is the link's own stream
//! to one process. A receiver takes bytes of a stream below its credit's `limit`; `gone` says that
//! it has closed the channel and takes no more.

use crate::interface::Channel;
use crate::limits::ACK_RANGES_MAX;
use crate::numbers::Seen;
use crate::wire::{
    Malformed, Sink, Wire, read_bytes, read_varint, write_bytes, write_varint, write_varints,
};

/// The version of all that is drawn above, in the high half of the first byte.
pub(crate) const VERSION: u8 = 2 << 4;
pub(crate) const HELLO: u8 = VERSION;
pub(crate) const DATA: u8 = VERSION | 1;
pub(crate) const ANSWER: u8 = VERSION | 2;
pub(crate) const THANKS: u8 = VERSION | 3;
pub(crate) const COOKIE: u8 = VERSION | 4;
pub(crate) const HALL: u8 = VERSION | 5;

/// Kind and session.
pub(crate) const GREETING_HEADER_BYTES: usize = 1 + 4;
/// Kind, session and number.
pub(crate) const DATAGRAM_HEADER_BYTES: usize = 1 + 4 + 8;
/// What stands in the head of a datagram in the hall before its receivers, and for each of them.
pub(crate) const HALL_HEADER_BYTES: usize = 1 + 8 + 4 + 8 + 1;
pub(crate) const HALL_RECEIVER_BYTES: usize = 4 + 8;
/// A key frame.
pub(crate) const KEY_FRAME_BYTES: usize = 1 + 4 + 32;
/// The most that stands before the bytes of a data frame.
pub(crate) const DATA_HEADER_BYTES_MAX: usize = 1 + 8 + 10 + 3;
/// The most that stands before a control message that fits a datagram.
pub(crate) const TELL_HEADER_BYTES_MAX: usize = 1 + 2;
/// The most that stands before the bytes of a part.
pub(crate) const PART_HEADER_BYTES_MAX: usize = 1 + 10 + 3 + 3 + 3;
/// A skip, a credit or a gone frame at its longest.
pub(crate) const SMALL_FRAME_BYTES_MAX: usize = 1 + 8 + 10 + 10 + 10;

/// The link's own stream.
pub(crate) const UNICAST: Channel = Channel(0);

/// Runs of numbers, highest first, as they stand in the datagram; looked through when read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Runs<'a> {
    top: u64,
    count: u64,
    bytes: &'a [u8],
}

impl Runs<'_> {
    pub(crate) fn iter(self) -> impl Iterator<Item = (u64, u64)> {
        let (mut end, mut bytes) = (self.top, self.bytes);
        (0..self.count).map_while(move |at| {
            let run = read_run(&mut bytes, end, at == 0).ok()?;
            end = run.0;
            Some(run)
        })
    }
}

/// One frame of a datagram; byte runs are places in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    Pad,
    Ack { delay_us: u64, runs: Runs<'a> },
    Data { channel: Channel, offset: u64, bytes: &'a [u8] },
    Skip { channel: Channel, offset: u64, length: u64, below: u64 },
    Credit { channel: Channel, limit: u64 },
    Gone { channel: Channel },
    Beat { number: u64, bytes: &'a [u8] },
    Tell(&'a [u8]),
    Part { id: u64, index: u64, count: u64, bytes: &'a [u8] },
    Now,
    Farewell,
    Key { generation: u32, key: &'a [u8; 32] },
}

impl<'a> Frame<'a> {
    pub(crate) fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Pad => into.push(0),
            Self::Ack { delay_us, runs } => {
                into.push(1);
                write_varints(into, [runs.top, *delay_us, runs.count]);
                into.extend_from_slice(runs.bytes);
            }
            Self::Data { channel, offset, bytes } => {
                write_data_header(into, *channel, *offset, bytes.len());
                into.extend_from_slice(bytes);
            }
            Self::Skip { channel, offset, length, below } => {
                into.push(3);
                channel.0.write(into);
                write_varints(into, [*offset, *length, *below]);
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
                write_tell_header(into, message.len());
                into.extend_from_slice(message);
            }
            Self::Part { id, index, count, bytes } => {
                into.push(9);
                write_varints(into, [*id, *index, *count]);
                write_bytes(into, bytes);
            }
            Self::Now => into.push(10),
            Self::Farewell => into.push(11),
            Self::Key { generation, key } => {
                into.push(12);
                generation.write(into);
                into.extend_from_slice(&key[..]);
            }
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
            12 => {
                let generation = u32::read(from)?;
                let (key, rest) = from.split_first_chunk().ok_or(Malformed)?;
                *from = rest;
                Self::Key { generation, key }
            }
            _ => return Err(Malformed),
        })
    }
}

/// Writes an acknowledgement of what was seen. Nothing if that is nothing.
pub(crate) fn write_seen(into: &mut impl Sink, delay_us: u64, seen: &Seen) {
    if seen.top() == 0 {
        return;
    }
    let runs: heapless::Vec<_, ACK_RANGES_MAX> = seen.runs(ACK_RANGES_MAX).collect();
    into.push(1);
    write_varints(into, [seen.top(), delay_us, runs.len() as u64]);
    let mut end = seen.top();
    for (at, (from, to)) in runs.into_iter().enumerate() {
        if at > 0 {
            write_varint(into, end - to);
        }
        write_varint(into, to - from);
        end = from;
    }
}

fn read_ack<'a>(from: &mut &'a [u8]) -> Result<Frame<'a>, Malformed> {
    let (top, delay_us, count) = (read_varint(from)?, read_varint(from)?, read_varint(from)?);
    if count > ACK_RANGES_MAX as u64 {
        return Err(Malformed);
    }
    let (mut end, bytes) = (top, *from);
    for at in 0..count {
        (end, _) = read_run(from, end, at == 0)?;
    }
    let bytes = &bytes[..bytes.len() - from.len()];
    Ok(Frame::Ack { delay_us, runs: Runs { top, count, bytes } })
}

/// The run below `end`; before the first there is no gap.
fn read_run(from: &mut &[u8], end: u64, first: bool) -> Result<(u64, u64), Malformed> {
    let gap = if first { 0 } else { read_varint(from)? };
    let to = end.checked_sub(gap).ok_or(Malformed)?;
    let start = to.checked_sub(read_varint(from)?).ok_or(Malformed)?;
    Ok((start, to))
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

/// What stands before a control message that fits a datagram.
pub(crate) fn write_tell_header(into: &mut impl Sink, length: usize) {
    into.push(8);
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
    use alloc::vec::Vec;

    #[test]
    fn every_frame_comes_back_and_no_prefix_of_it_does() {
        let channel = Channel(5);
        let runs = Runs { top: 21, count: 3, bytes: &[1, 6, 2, 2, 10] };
        assert_eq!(runs.iter().collect::<Vec<_>>(), [(20, 21), (12, 14), (0, 10)]);
        let frames = [
            Frame::Pad,
            Frame::Ack { delay_us: 70, runs },
            Frame::Data { channel, offset: 1 << 40, bytes: b"stream" },
            Frame::Skip { channel, offset: 300, length: 40, below: 7 },
            Frame::Credit { channel, limit: 1 << 22 },
            Frame::Gone { channel },
            Frame::Beat { number: 300, bytes: b"row" },
            Frame::Tell(b"control"),
            Frame::Part { id: 1, index: 2, count: 3, bytes: b"part" },
            Frame::Now,
            Frame::Farewell,
            Frame::Key { generation: 7, key: &[3; 32] },
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
