//! Names: how groups and views are written in histories and commands, one spelling for one thing.

use horus::Book;
pub(crate) use horus::{read_group as read_core, show_group as show_core, show_lwg};
use lwg::Operation;

/// An operation on a light-weight group: the line that asks for it.
pub(crate) const fn verb(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Add => "add",
        Operation::Remove => "remove",
        Operation::Destroy => "destroy",
        Operation::Move => "move",
    }
}

/// A view of a light-weight group: begins with its number.
pub(crate) fn show_light_view(view: lwg::ViewId) -> String {
    format!("{}:{:016x}", view.counter, view.digest)
}

/// A view of a core group: begins with its number.
pub(crate) fn show_core_view(view: vsync::ViewId, book: &Book) -> String {
    format!("{}:{}", view.epoch, book.show(view.coordinator))
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
