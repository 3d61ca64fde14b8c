//! Code without its prose: comments and the insides of strings blanked out, columns kept.

/// `text` with blanks where comments, strings and characters were; quotes and line ends stay.
pub(super) fn blanked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut blanked = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let (end, keep) = token(&chars, at);
        for (offset, &c) in chars[at..end].iter().enumerate() {
            let edge = offset == 0 || offset + 1 == end - at;
            let stays = c == '\n' || keep == Keep::All || keep == Keep::Edges && edge;
            blanked.push(if stays { c } else { ' ' });
        }
        at = end;
    }
    blanked
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    All,
    Edges,
    Nothing,
}

/// Where the token that begins at `at` ends, and what of it stays.
fn token(chars: &[char], at: usize) -> (usize, Keep) {
    let next = chars.get(at + 1).copied();
    let word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        '/' if next == Some('/') => {
            let end = chars[at..].iter().position(|&c| c == '\n');
            (end.map_or(chars.len(), |end| at + end), Keep::Nothing)
        }
        '/' if next == Some('*') => (comment_end(chars, at), Keep::Nothing),
        '"' => (string_end(chars, at + 1), Keep::Edges),
        'r' if !word && matches!(next, Some('"' | '#')) => raw_end(chars, at),
        '\'' => char_end(chars, at),
        _ => (at + 1, Keep::All),
    }
}

fn comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0, at);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) if depth == 1 => return at + 2,
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// `r"..."`, `r#"..."#`; `r#word` is a word.
fn raw_end(chars: &[char], at: usize) -> (usize, Keep) {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return (at + 1, Keep::All);
    }
    let closes = |from: usize| {
        chars[from] == '"'
            && chars[from + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes
    };
    let end = (open + 1..chars.len()).find(|&from| closes(from));
    (end.map_or(chars.len(), |end| end + 1 + hashes), Keep::Edges)
}

/// A character, or the tick of a lifetime.
fn char_end(chars: &[char], at: usize) -> (usize, Keep) {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => {
            let end = (at + 3..chars.len()).find(|&end| chars[end] == '\'');
            (end.map_or(chars.len(), |end| end + 1), Keep::Edges)
        }
        (Some(_), Some('\'')) => (at + 3, Keep::Edges),
        _ => (at + 1, Keep::All),
    }
}

/// Whether `line` contains `word` with no letter, digit or underscore around it.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let after = line[at + word.len()..].chars().next();
        !inside(line[..at].chars().next_back()) && !inside(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_blanked_and_columns_stay() {
        assert_eq!(blanked("a // {b}\nc"), "a       \nc");
        assert_eq!(blanked("/* {/* */} */x"), "             x");
        assert_eq!(blanked(r#"f("{\"}", '{', '\'') {"#), r#"f("    ", ' ', '  ') {"#);
        assert_eq!(blanked("fn f<'a>(a: &'a str) {}"), "fn f<'a>(a: &'a str) {}");
        assert_eq!(blanked("r#\"{\"}\"#;"), "r      #;");
    }

    #[test]
    fn a_word_is_not_part_of_another() {
        assert!(has_word("an unsafe { }", "unsafe"));
        assert!(!has_word("forbid(unsafe_code)", "unsafe"));
    }
}
