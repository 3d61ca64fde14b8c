//! Examples: the blocks of `docs/wire.md`, read.
//!
//! ```text
//! ```wire DECODER
//! HEX HEX ... | field
//! = meaning, as `Debug` shows it; more lines go on
//! ```
//! ```

use std::fs;
use std::path::Path;

/// One message, as it is documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Example {
    /// What reads it.
    pub(crate) decoder: String,
    /// Where it begins in the file, from 1.
    pub(crate) line: usize,
    pub(crate) bytes: Vec<u8>,
    /// What it means.
    pub(crate) shown: String,
}

/// All of them, in their order.
///
/// # Panics
/// If the file is not there, or a line is not hexadecimal.
pub(crate) fn read() -> Vec<Example> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/wire.md");
    parse(&fs::read_to_string(path).expect("docs/wire.md"))
}

fn parse(text: &str) -> Vec<Example> {
    let (mut all, mut open) = (Vec::new(), None);
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(decoder) = line.strip_prefix("```wire ") {
            let (decoder, bytes, shown) = (decoder.trim().into(), Vec::new(), String::new());
            open = Some(Example { decoder, line: number, bytes, shown });
        } else if line.starts_with("```") {
            all.extend(open.take());
        } else if let Some(example) = &mut open {
            if line.starts_with('=') || !example.shown.is_empty() {
                let more = line.trim_start_matches('=').trim();
                let gap = if example.shown.is_empty() { "" } else { " " };
                example.shown = format!("{}{gap}{more}", example.shown);
            } else {
                let digits = line.split('|').next().unwrap_or("");
                example.bytes.extend(
                    unhex(digits).unwrap_or_else(|| {
                        panic!("docs/wire.md:{number}: not hexadecimal: {digits}")
                    }),
                );
            }
        }
    }
    all
}

/// Pairs of digits, with blanks between them as one likes.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.split_whitespace().flat_map(str::chars).map(|c| Some(c.to_digit(16)? as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
