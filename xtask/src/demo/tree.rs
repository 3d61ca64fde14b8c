//! Tree: the files of a directory tree, cut into at least as many pieces as groups are wanted.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::limits::{NAME_BYTES_MAX, PIECE_BYTES_MAX, TREE_BYTES_MAX};

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    path: PathBuf,
    /// From the directory's parent, with forward slashes.
    name: String,
    bytes: u64,
}

/// A file, or a part of one: what one group replicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Which file it is of.
    pub(super) file: usize,
    /// The file's name, and which part of how many if it was cut.
    pub(super) name: String,
    /// Where its content lies: the path, the first byte, how many.
    pub(super) source: String,
    pub(super) from: u64,
    pub(super) bytes: u64,
    /// Of its content, in hexadecimal.
    pub(super) sha256: String,
}

/// What builds and version control leave behind is nobody's work.
const PASSED_OVER: [&str; 2] = ["target", ".git"];

/// Every file below these directories, in the order of their names; links are not followed.
///
/// # Errors
/// A sentence if a directory cannot be read, or there is nothing or too much in it.
pub(super) fn find(directories: &[PathBuf]) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    for directory in directories {
        let whole = fs::canonicalize(directory)
            .map_err(|error| format!("cannot read {}: {error}", directory.display()))?;
        let base = whole.parent().unwrap_or(&whole).to_path_buf();
        walk(&whole, &base, &mut files)?;
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.dedup();
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    if files.is_empty() {
        let shown: Vec<_> = directories.iter().map(|dir| dir.display().to_string()).collect();
        return Err(format!("there is no file in {}", shown.join(", ")));
    }
    if bytes > TREE_BYTES_MAX {
        return Err(format!("the tree has {bytes} bytes; at most {TREE_BYTES_MAX} are taken"));
    }
    Ok(files)
}

fn walk(folder: &Path, base: &Path, files: &mut Vec<File>) -> Result<(), String> {
    let unreadable = |error| format!("cannot read {}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let about = fs::symlink_metadata(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let passed_over =
            path.file_name().is_some_and(|name| PASSED_OVER.iter().any(|over| name == *over));
        if about.is_dir() && !passed_over {
            walk(&path, base, files)?;
        } else if about.is_file() {
            let name = path.strip_prefix(base).unwrap_or(&path).to_string_lossy();
            let name = name.replace('\\', "/");
            // Room for the number of a piece.
            if name.len() > NAME_BYTES_MAX - 32 {
                return Err(format!("the name of {name} is too long"));
            }
            files.push(File { path, name, bytes: about.len() });
        }
    }
    Ok(())
}

/// The file that has the largest pieces comes first.
struct Cut {
    bytes: u64,
    parts: u64,
    file: usize,
}

impl Ord for Cut {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, two) = (u128::from(self.bytes), u128::from(other.bytes));
        let sizes = (one * u128::from(other.parts)).cmp(&(two * u128::from(self.parts)));
        // Fewer parts first, then earlier files, so that empty files are cut in turn.
        sizes.then(other.parts.cmp(&self.parts)).then(other.file.cmp(&self.file))
    }
}

impl PartialOrd for Cut {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cut {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Cut {}

/// Into how many parts each file is cut: at least `wanted` in all, none larger than `most` bytes,
/// always the largest first. Where the bytes run out parts are empty.
fn parts(sizes: &[u64], wanted: usize, most: u64) -> Vec<u64> {
    let cut = |(file, bytes): (usize, &u64)| Cut {
        bytes: *bytes,
        parts: bytes.div_ceil(most).max(1),
        file,
    };
    let mut heap: BinaryHeap<Cut> = sizes.iter().enumerate().map(cut).collect();
    let mut count: u64 = heap.iter().map(|cut| cut.parts).sum();
    while count < wanted as u64
        && let Some(mut largest) = heap.peek_mut()
    {
        largest.parts += 1;
        count += 1;
    }
    let mut parts = vec![0; sizes.len()];
    for cut in heap {
        parts[cut.file] = cut.parts;
    }
    parts
}

/// Where one of several even parts lies.
fn span(bytes: u64, parts: u64, part: u64) -> Range<usize> {
    let at = |part: u64| u128::from(bytes) * u128::from(part) / u128::from(parts);
    let inside = |at: u128| usize::try_from(at).unwrap_or(usize::MAX);
    inside(at(part))..inside(at(part + 1))
}

/// Cuts the files into at least so many pieces.
///
/// # Errors
/// A sentence if a file cannot be read, or not be named in a command.
pub(super) fn cut(files: &[File], wanted: usize) -> Result<Vec<Piece>, String> {
    let sizes: Vec<u64> = files.iter().map(|file| file.bytes).collect();
    let mut pieces = Vec::new();
    for (at, (file, parts)) in files.iter().zip(parts(&sizes, wanted, PIECE_BYTES_MAX)).enumerate()
    {
        let shown = file.path.display();
        let content = fs::read(&file.path).map_err(|why| format!("cannot read {shown}: {why}"))?;
        let source = file.path.to_str().ok_or_else(|| format!("{shown} has no name in UTF-8"))?;
        for part in 0..parts {
            let span = span(content.len() as u64, parts, part);
            let mut name = file.name.clone();
            if parts > 1 {
                let _ = write!(name, " ({} of {parts})", part + 1);
            }
            pieces.push(Piece {
                file: at,
                name,
                source: source.to_owned(),
                from: span.start as u64,
                bytes: span.len() as u64,
                sha256: sha256(&content[span]),
            });
        }
    }
    Ok(pieces)
}

/// In hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_files_are_not_cut() {
        assert_eq!(parts(&[10, 0, 7], 3, 100), [1, 1, 1]);
        assert_eq!(parts(&[10, 0, 7], 1, 100), [1, 1, 1]);
    }

    #[test]
    fn the_largest_is_cut_first_and_no_further_than_wanted() {
        assert_eq!(parts(&[10, 40, 20], 4, 100), [1, 2, 1]);
        assert_eq!(parts(&[10, 40, 20], 5, 100), [1, 2, 2]);
        assert_eq!(parts(&[10, 40, 20], 7, 100), [1, 4, 2]);
        let parts = parts(&[1_000, 1, 500], 1_000, 100);
        assert_eq!(parts.iter().sum::<u64>(), 1_000);
        assert_eq!(parts[1], 1);
    }

    #[test]
    fn what_no_message_could_carry_is_cut_anyway() {
        assert_eq!(parts(&[250, 100, 101], 1, 100), [3, 1, 2]);
    }

    #[test]
    fn where_bytes_run_out_parts_are_empty() {
        assert_eq!(parts(&[0, 0], 5, 100), [3, 2]);
        let parts = parts(&[3, 0], 10, 100);
        assert_eq!(parts.iter().sum::<u64>(), 10);
        assert!(parts[0] >= 3);
    }

    #[test]
    fn the_parts_are_the_whole_and_even() {
        for (bytes, parts) in [(10, 3), (0, 4), (3, 7), (u64::from(u32::MAX), 1)] {
            let spans: Vec<_> = (0..parts).map(|part| span(bytes, parts, part)).collect();
            assert_eq!((spans[0].start, spans[spans.len() - 1].end), (0, bytes as usize));
            assert!(spans.windows(2).all(|two| two[0].end == two[1].start));
            let sizes = || spans.iter().map(ExactSizeIterator::len);
            assert!(sizes().max() <= sizes().min().map(|least| least + 1));
        }
    }

    #[test]
    fn this_folder_is_a_tree_and_one_without_files_is_refused() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let files = find(&[here.clone(), here]).expect("readable");
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert!(names.contains(&"src/demo/tree.rs"));
        let mut twice = names.clone();
        twice.dedup();
        assert_eq!(names, twice);
        assert!(find(&[PathBuf::from("/nowhere/at/all")]).is_err());
    }
}
