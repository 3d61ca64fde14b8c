//! Name: parsed once, valid ever after.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use muts::{Malformed, Sink, Wire, read_bytes, write_bytes};

use crate::limits::NAME_BYTES_MAX;

/// Words with `/` between them, like `plant/boiler-2/pressure`: 1 to 255 bytes in all.
///
/// A word has at least one of `a-z 0-9 - _ .` and is not made of dots alone. So every name looks
/// like itself, in a path or a URL as well, and equal names are equal bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoName {
    /// Longer than a name may be.
    TooLong,
    /// A word without letters, at the beginning, the end, or between two `/`.
    EmptyWord,
    /// A word made of dots alone.
    Dots,
    /// A character that no name has.
    Character(char),
}

impl Name {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its words, first to last; at least one.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    fn check(text: &str) -> Result<(), NoName> {
        if text.len() > NAME_BYTES_MAX {
            return Err(NoName::TooLong);
        }
        for word in text.split('/') {
            if word.is_empty() {
                return Err(NoName::EmptyWord);
            }
            let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.');
            if let Some(other) = word.chars().find(|c| !fits(*c)) {
                return Err(NoName::Character(other));
            }
            if word.chars().all(|c| c == '.') {
                return Err(NoName::Dots);
            }
        }
        Ok(())
    }
}

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        Self::check(text)?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a name has at most {NAME_BYTES_MAX} bytes"),
            Self::EmptyWord => f.write_str("a name has a word before and after every `/`"),
            Self::Dots => f.write_str("a word of a name is more than dots"),
            Self::Character(c) => write!(f, "{c:?} is not one of `a-z 0-9 - _ . /`"),
        }
    }
}

impl core::error::Error for NoName {}

impl Wire for Name {
    fn write(&self, into: &mut impl Sink) {
        write_bytes(into, self.0.as_bytes());
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let text = core::str::from_utf8(read_bytes(from)?).map_err(|_| Malformed)?;
        text.parse().map_err(|_| Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    #[test]
    fn paths_of_words_are_names() {
        for text in ["a", "plant/boiler-2/pressure", "x.y_z/0", ".a/..b", &"n".repeat(255)] {
            let name: Name = text.parse().expect(text);
            assert_eq!(name.to_string(), text);
            let mut bytes = vec![];
            name.write(&mut bytes);
            assert_eq!(Name::read(&mut &bytes[..]), Ok(name));
        }
    }

    #[test]
    fn what_could_be_mistaken_is_no_name() {
        let parse = |text: &str| text.parse::<Name>();
        for text in ["", "/", "a/", "/a", "a//b"] {
            assert_eq!(parse(text), Err(NoName::EmptyWord), "{text}");
        }
        for text in ["a/..", ".", "./a", "a/.../b"] {
            assert_eq!(parse(text), Err(NoName::Dots), "{text}");
        }
        assert_eq!(parse("Plant"), Err(NoName::Character('P')));
        assert_eq!(parse("a b"), Err(NoName::Character(' ')));
        assert_eq!(parse(&"n".repeat(256)), Err(NoName::TooLong));
    }

    #[test]
    fn bytes_that_are_no_name_are_malformed() {
        for bytes in [&b"\x03a//"[..], b"\x01\xff", b"\x05ab", b"\x00", b""] {
            assert_eq!(Name::read(&mut &*bytes), Err(Malformed), "{bytes:?}");
        }
    }
}
