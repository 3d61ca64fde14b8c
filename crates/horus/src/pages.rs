//! Pages: a man page for each verb, and completions, made from the verbs and options themselves.

use std::fs;
use std::io;
use std::path::Path;

use clap_complete::Shell;

/// Where each shell looks for completions, below a directory like `/usr/share`.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/horus"),
    (Shell::Zsh, "zsh/vendor-completions/_horus"),
    (Shell::Fish, "fish/vendor_completions.d/horus.fish"),
];

/// Writes all of them below a directory like `/usr/share`.
///
/// # Errors
/// What the system says if something cannot be written there.
pub(crate) fn write(command: &clap::Command, share: &Path) -> io::Result<()> {
    let man = share.join("man/man1");
    fs::create_dir_all(&man)?;
    clap_mangen::generate_to(command.clone(), &man)?;
    for (shell, place) in COMPLETIONS {
        let path = share.join(place);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command.clone(), "horus", &mut script);
        fs::write(path, script)?;
    }
    Ok(())
}
