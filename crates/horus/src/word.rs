//! Words for core groups: everybody who says the word means the same group. And how groups without
//! one are written.
//!
//! A word of at most 15 bytes is spelled in the id itself, so that whoever is invited can show the
//! group by its word without ever having been told it:
//!
//! ```text
//! bit 127: not minted | bit 126: spelled | 0 ... | 15 bytes, the first one highest, zero-filled
//! ```
//! A longer word is hashed, and shown as the number that this gives.

use lwg::LwgId;
use vsync::GroupId;

const MINTED_NOT: u128 = 1 << 127;
const SPELLED: u128 = 1 << 126;
/// Bytes that fit beside the two bits.
const SPELLED_BYTES_MAX: usize = 15;

/// The group of a word.
#[must_use]
pub fn group_of_word(word: &str) -> GroupId {
    let spelled = !word.is_empty()
        && word.len() <= SPELLED_BYTES_MAX
        && word.bytes().all(|byte| byte.is_ascii_graphic());
    if !spelled {
        return GroupId(GroupId::of_word(word).0 & !SPELLED);
    }
    let mut bytes = [0; 16];
    bytes[1..=word.len()].copy_from_slice(word.as_bytes());
    GroupId(u128::from_be_bytes(bytes) | MINTED_NOT | SPELLED)
}

/// Whether light-weight groups were placed on it, so that only its members' floors multicast in it:
/// no word means such a group.
#[must_use]
pub const fn is_minted(group: GroupId) -> bool {
    group.0 & MINTED_NOT == 0
}

/// How a core group is written, the same at every process: its word if that is spelled in the id,
/// else the id in hexadecimal.
#[must_use]
pub fn show_group(group: GroupId) -> String {
    spelled(group).unwrap_or_else(|| format!("{group:?}"))
}

/// The core group that is written so: its word, or 32 digits in hexadecimal.
#[must_use]
pub fn read_group(written: &str) -> GroupId {
    let number = u128::from_str_radix(written, 16).ok().filter(|_| written.len() == 32);
    number.map_or_else(|| group_of_word(written), GroupId)
}

/// How a light-weight group is written, the same at all its members.
#[must_use]
pub fn show_lwg(lwg: LwgId) -> String {
    format!("{:016x}.{}", lwg.creator, lwg.count)
}

/// The light-weight group that is written so, if it can be one.
#[must_use]
pub fn read_lwg(written: &str) -> Option<LwgId> {
    let (creator, count) = written.split_once('.')?;
    let creator = u64::from_str_radix(creator, 16).ok().filter(|_| creator.len() == 16)?;
    Some(LwgId { creator, count: count.parse().ok()? })
}

fn spelled(group: GroupId) -> Option<String> {
    if group.0 & MINTED_NOT == 0 || group.0 & SPELLED == 0 {
        return None;
    }
    let bytes = (group.0 & !(MINTED_NOT | SPELLED)).to_be_bytes();
    let end = bytes[1..].iter().position(|byte| *byte == 0).map_or(16, |zero| zero + 1);
    let (word, rest) = (&bytes[1..end], &bytes[end..]);
    let fits = bytes[0] == 0
        && !word.is_empty()
        && word.iter().all(u8::is_ascii_graphic)
        && rest.iter().all(|byte| *byte == 0);
    fits.then(|| word.iter().map(|byte| char::from(*byte)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_word_is_shown_by_whoever_knows_only_the_id() {
        for word in ["G", "core-0", "fifteen_letters"] {
            assert_eq!(show_group(group_of_word(word)), word);
        }
    }

    #[test]
    fn long_words_and_minted_ids_are_shown_as_numbers_and_never_alike() {
        let long = group_of_word("a word of more than fifteen bytes");
        assert_eq!(show_group(long).len(), 32);
        assert_ne!(long, group_of_word("a word of more than fifteen bytes!"));
        let process = vsync::ProcId { node: vsync::NodeId(u64::MAX), incarnation: u64::MAX };
        assert_eq!(show_group(GroupId::minted(process, u32::MAX)).len(), 32);
    }

    #[test]
    fn an_id_with_bytes_after_the_end_of_its_word_spells_nothing() {
        let odd = GroupId(group_of_word("G").0 | 1);
        assert_eq!(show_group(odd).len(), 32);
    }

    #[test]
    fn a_group_is_read_as_it_is_written() {
        let lwg = LwgId { creator: 0xab, count: 12 };
        assert_eq!(read_lwg(&show_lwg(lwg)), Some(lwg));
        assert_eq!(read_lwg("files"), None);
        for group in [group_of_word("G"), GroupId(77)] {
            assert_eq!(read_group(&show_group(group)), group);
        }
    }
}
