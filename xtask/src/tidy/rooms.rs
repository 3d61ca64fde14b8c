//! Small rooms: files, functions and lines of a size that one reads at a sitting; nothing unsafe.

use super::code::has_word;
use super::{Fault, Source};
use crate::spaces::UNSAFE;

/// Lines of a file.
const FILE_LINES_MAX: usize = 500;
/// Lines of a function, from its first to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;
/// Characters of a line.
const COLUMNS_MAX: usize = 100;

/// Sizes are within the budget.
pub(super) fn small(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    let count = source.text.lines().count();
    if count > FILE_LINES_MAX {
        let what = format!("{count} lines in a file; at most {FILE_LINES_MAX}");
        faults.push(Fault::new(&source.path, 0, what));
    }
    for (at, line) in source.text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > COLUMNS_MAX {
            let what = format!("{columns} columns; at most {COLUMNS_MAX}");
            faults.push(Fault::new(&source.path, at + 1, what));
        }
    }
    for (line, lines) in functions(&source.code) {
        if lines > FUNCTION_LINES_MAX {
            let what = format!("{lines} lines in a function; at most {FUNCTION_LINES_MAX}");
            faults.push(Fault::new(&source.path, line, what));
        }
    }
    faults
}

/// Nobody asks the compiler to look away, but in a few files that are known.
pub(super) fn no_unsafe(source: &Source) -> Vec<Fault> {
    if UNSAFE.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let lines = source.code.lines().enumerate();
    let found = lines.filter(|(_, line)| has_word(line, "unsafe"));
    found.map(|(at, _)| Fault::new(&source.path, at + 1, "unsafe has no home here")).collect()
}

/// The first line of each function that has a body, from 1, and how many lines it has.
fn functions(code: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    for (number, line) in (1..).zip(code.split_inclusive('\n')) {
        if let Some(inside) = keyword(line)
            && let Some(body) = body(&code[at + inside..])
        {
            let lines = code[at + inside..at + inside + body].matches('\n').count() + 1;
            found.push((number, lines));
        }
        at += line.len();
    }
    found
}

/// Where `fn` stands in a line, if it begins a function.
fn keyword(line: &str) -> Option<usize> {
    let at = line.find("fn ")?;
    let before = line[..at].trim();
    let word = |word: &str| {
        matches!(word, "const" | "async" | "extern" | "pub")
            || word.starts_with("pub(")
            || word.ends_with(')')
    };
    before.split_whitespace().all(word).then_some(at)
}

/// How far the body reaches from the keyword: past the brace that closes it.
fn body(code: &str) -> Option<usize> {
    let (mut round, mut curly) = (0, 0);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => round += 1,
            ')' | ']' => round -= 1,
            ';' if round == 0 && curly == 0 => return None,
            '{' => curly += 1,
            '}' if curly == 1 => return Some(at + 1),
            '}' => curly -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        small(&Source::new("crates/a/src/b.rs", text)).len()
    }

    #[test]
    fn a_long_file_a_wide_line_and_a_long_function_are_refused() {
        assert_eq!(found(&"//\n".repeat(500)), 0);
        assert_eq!(found(&"//\n".repeat(501)), 1);
        assert_eq!(found(&"é".repeat(100)), 0);
        assert_eq!(found(&"é".repeat(101)), 1);
        let function = |lines| format!("pub(crate) fn f() {{\n{}}}\n", "    g();\n".repeat(lines));
        assert_eq!(found(&function(68)), 0);
        assert_eq!(found(&function(69)), 1);
        assert_eq!(found(&format!("fn g(\n) -> [u8; 4];\n{}", function(69))), 1);
    }

    #[test]
    fn unsafe_code_is_refused_wherever_it_is() {
        let text = "#![forbid(unsafe_code)]\n// unsafe\nfn f() { unsafe { g() } }";
        let faults = no_unsafe(&Source::new("crates/a/tests/b.rs", text));
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].line, 3);
        assert!(no_unsafe(&Source::new(UNSAFE[0], text)).is_empty());
    }
}
