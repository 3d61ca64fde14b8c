//! One word per thing: what the glossary bans stands nowhere.

use super::{Fault, Source};

const GLOSSARY: &str = "docs/glossary.md";
const HEADING: &str = "## Banned";

/// No file but the glossary contains what the glossary bans.
pub(super) fn banned(sources: &[Source]) -> Vec<Fault> {
    let glossary = sources.iter().find(|source| source.path == GLOSSARY);
    let words = glossary.map(|glossary| list(&glossary.text)).unwrap_or_default();
    if words.is_empty() {
        return vec![Fault::new(GLOSSARY, 0, format!("no list under `{HEADING}`"))];
    }
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| source.path != GLOSSARY) {
        for (at, line) in source.text.lines().enumerate() {
            for (word, instead) in words.iter().filter(|(word, _)| line.contains(word.as_str())) {
                let what = format!("`{word}` is banned: {instead}");
                faults.push(Fault::new(&source.path, at + 1, what));
            }
        }
    }
    faults
}

/// The words in backticks that begin the items of the list, and what to do instead.
fn list(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().skip_while(|line| !line.starts_with(HEADING)).skip(1);
    let lines = lines.take_while(|line| !line.starts_with("## "));
    let item = |line: &str| {
        let (word, instead) = line.strip_prefix("- `")?.split_once('`')?;
        Some((word.to_owned(), instead.trim_start_matches([':', ' ']).to_owned()))
    };
    lines.filter_map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_word_is_refused_in_code_and_prose_alike() {
        let sources = [
            Source::new(
                GLOSSARY,
                "# Words\n\n## Banned\n\n- `gizmo`: say tool\n\n## Rest\n- `x`\n",
            ),
            Source::new("docs/a.md", "Our gizmo is x.\n"),
            Source::new("crates/a/src/b.rs", "// A tool.\nfn gizmo() {}\n"),
        ];
        let shown: Vec<String> = banned(&sources).iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 2);
        assert!(shown[1].starts_with("crates/a/src/b.rs:2:"));
        assert!(shown[0].ends_with("say tool"));
    }

    #[test]
    fn an_empty_list_bans_nothing_and_is_refused() {
        assert_eq!(banned(&[Source::new(GLOSSARY, "# Words\n")]).len(), 1);
    }
}
