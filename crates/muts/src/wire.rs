//! Wire: values to bytes and back, little-endian, every length checked before it is believed.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::BytesMut;

/// Bytes that are not what they should be: counted and dropped, never a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// What values write themselves into: a vector, a message's headers, a datagram.
pub trait Sink {
    /// Appends one byte.
    fn push(&mut self, byte: u8) {
        self.extend_from_slice(&[byte]);
    }

    /// Appends bytes.
    fn extend_from_slice(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn push(&mut self, byte: u8) {
        Self::push(self, byte);
    }
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        Self::extend_from_slice(self, bytes);
    }
}

impl Sink for BytesMut {
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        Self::extend_from_slice(self, bytes);
    }
}

/// A value that can cross the network or the gate.
pub trait Wire: Sized {
    /// Appends the value.
    fn write(&self, into: &mut impl Sink);

    /// Takes the value off the front.
    ///
    /// # Errors
    /// [`Malformed`] if the bytes end early or mean nothing.
    fn read(from: &mut &[u8]) -> Result<Self, Malformed>;
}

macro_rules! fixed {
    ($($number:ty)*) => {$(
        impl Wire for $number {
            fn write(&self, into: &mut impl Sink) {
                into.extend_from_slice(&self.to_le_bytes());
            }
            fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
                let (bytes, rest) = from.split_first_chunk().ok_or(Malformed)?;
                *from = rest;
                Ok(Self::from_le_bytes(*bytes))
            }
        }
    )*};
}

fixed! { u8 u16 u32 u64 u128 }

impl Wire for bool {
    fn write(&self, into: &mut impl Sink) {
        into.push(u8::from(*self));
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        match u8::read(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, into: &mut impl Sink) {
        self.is_some().write(into);
        if let Some(value) = self {
            value.write(into);
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(if bool::read(from)? { Some(T::read(from)?) } else { None })
    }
}

/// As what is in it.
impl<T: Wire> Wire for Box<T> {
    fn write(&self, into: &mut impl Sink) {
        T::write(self, into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        T::read(from).map(Self::new)
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write(&self, into: &mut impl Sink) {
        write_varint(into, self.len() as u64);
        for item in self {
            item.write(into);
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let count = usize::try_from(read_varint(from)?).map_err(|_| Malformed)?;
        // No item is shorter than a byte: a length that lies is found before anything is reserved.
        if count > from.len() {
            return Err(Malformed);
        }
        (0..count).map(|_| T::read(from)).collect()
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn write(&self, into: &mut impl Sink) {
        self.0.write(into);
        self.1.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok((A::read(from)?, B::read(from)?))
    }
}

/// Appends a number in groups of seven bits, lowest first (LEB128): small ones take one byte.
pub fn write_varint(into: &mut impl Sink, mut number: u64) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Appends several numbers.
pub(crate) fn write_varints<const N: usize>(into: &mut impl Sink, numbers: [u64; N]) {
    for number in numbers {
        write_varint(into, number);
    }
}

/// Takes off what [`write_varint`] appended.
///
/// # Errors
/// [`Malformed`] if it has no end within ten bytes, does not fit 64 bits, or is longer than it need
/// be.
pub fn read_varint(from: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0_u64;
    for shift in (0..70).step_by(7) {
        let byte = u8::read(from)?;
        // One number, one spelling: what is longer than it need be was not written here.
        if shift == 63 && byte > 1 || shift > 0 && byte == 0 {
            return Err(Malformed);
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Malformed)
}

/// Appends bytes behind their length.
pub fn write_bytes(into: &mut impl Sink, bytes: &[u8]) {
    write_varint(into, bytes.len() as u64);
    into.extend_from_slice(bytes);
}

/// Takes off what [`write_bytes`] appended, without copying.
///
/// # Errors
/// [`Malformed`] if the length goes beyond the end.
pub fn read_bytes<'a>(from: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let length = usize::try_from(read_varint(from)?).map_err(|_| Malformed)?;
    let (bytes, rest) = from.split_at_checked(length).ok_or(Malformed)?;
    *from = rest;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn varints_of_every_length_come_back() {
        for shift in 0..64 {
            for number in [1_u64 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let mut bytes = vec![];
                write_varint(&mut bytes, number);
                assert_eq!(read_varint(&mut &bytes[..]), Ok(number));
            }
        }
    }

    #[test]
    fn a_varint_over_64_bits_is_malformed() {
        assert_eq!(read_varint(&mut &[0xff; 11][..]), Err(Malformed));
        let mut two = [0x80; 10];
        two[9] = 2;
        assert_eq!(read_varint(&mut &two[..]), Err(Malformed));
    }

    #[test]
    fn a_varint_that_is_longer_than_it_need_be_is_malformed() {
        for bytes in [&[0x80, 0][..], &[0xff, 0x80, 0], &[0x81, 0x80, 0x80, 0]] {
            assert_eq!(read_varint(&mut &*bytes), Err(Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn a_length_that_lies_reserves_nothing() {
        let mut bytes = vec![];
        write_varint(&mut bytes, u64::MAX);
        assert_eq!(Vec::<u64>::read(&mut &bytes[..]), Err(Malformed));
        assert_eq!(read_bytes(&mut &bytes[..]), Err(Malformed));
    }
}
