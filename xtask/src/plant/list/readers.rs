//! Readers: what is believed of bytes that others made.

use super::Plant;

const fn reader(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to, families: &[], packages: &["sim"] }
}

pub(super) const PLANTS: [Plant; 3] = [
    reader(
        "a list's length is believed before its items are there",
        "crates/muts/src/wire.rs",
        "        if count > from.len() {
            return Err(Malformed);
        }
        (0..count).map(|_| T::read(from)).collect()
",
        "        let mut items = Self::with_capacity(count.min(1 << 20));
        for _ in 0..count {
            items.push(T::read(from)?);
        }
        Ok(items)
",
    ),
    reader(
        "an acknowledgement tells any number of runs",
        "crates/muts/src/header.rs",
        "    if count > ACK_RANGES_MAX as u64 {\n",
        "    if count > 8 * ACK_RANGES_MAX as u64 {\n",
    ),
    reader(
        "a part of a message is taken for the whole",
        "crates/muts/src/message.rs",
        "        if length > rest.len() {
            return Err(Malformed);
        }
",
        "        let length = length.min(rest.len());
",
    ),
];
