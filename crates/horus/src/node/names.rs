//! Names: how groups and views are written in histories and commands, one spelling for one thing.

use horus::{Book, LwgId, show_group};

/// A light-weight group: the same at all members.
pub(crate) fn show_lwg(lwg: LwgId) -> String {
    format!("{:016x}.{}", lwg.creator, lwg.count)
}

/// The light-weight group that is written so.
pub(crate) fn read_lwg(written: &str) -> Option<LwgId> {
    let (creator, count) = written.split_once('.')?;
    let creator = u64::from_str_radix(creator, 16).ok().filter(|_| creator.len() == 16)?;
    Some(LwgId { creator, count: count.parse().ok()? })
}

/// A view of a light-weight group: begins with its number.
pub(crate) fn show_light_view(view: lwg::ViewId) -> String {
    format!("{}:{:016x}", view.counter, view.digest)
}

/// A view of a core group: begins with its number.
pub(crate) fn show_core_view(view: vsync::ViewId, book: &Book) -> String {
    format!("{}:{}", view.epoch, book.show(view.coordinator))
}

/// A core group.
pub(crate) fn show_core(group: vsync::GroupId) -> String {
    show_group(group)
}

/// The core group that is written so: a word, or the number of one that nobody named.
pub(crate) fn read_core(written: &str) -> vsync::GroupId {
    let number = u128::from_str_radix(written, 16).ok().filter(|_| written.len() == 32);
    number.map_or_else(|| horus::group_of_word(written), vsync::GroupId)
}

/// The core group that is written so, if it is one of the user's own.
///
/// # Errors
/// A sentence if light-weight groups were placed on it: its messages and members are theirs.
pub(crate) fn read_own_core(written: &str) -> Result<vsync::GroupId, String> {
    let group = read_core(written);
    if horus::is_minted(group) {
        return Err(format!("`{written}` was made for light-weight groups: it can only be left"));
    }
    Ok(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_read_as_it_is_written() {
        let lwg = LwgId { creator: 0xab, count: 12 };
        assert_eq!(read_lwg(&show_lwg(lwg)), Some(lwg));
        assert_eq!(read_lwg("files"), None);
        for group in [horus::group_of_word("G"), vsync::GroupId(77)] {
            assert_eq!(read_core(&show_core(group)), group);
        }
    }
}
