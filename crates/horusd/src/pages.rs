//! Pages: man page, completions and a sample of the settings, made from the flags themselves.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::config::Config;
use crate::settings::{Line, Settings, sample};

/// Where each shell looks for completions, below a directory like `/usr/share`.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/horusd"),
    (Shell::Zsh, "zsh/vendor-completions/_horusd"),
    (Shell::Fish, "fish/vendor_completions.d/horusd.fish"),
];

/// Writes all of them below a directory like `/usr/share`.
///
/// # Errors
/// What the system says if something cannot be written there.
pub(crate) fn write(share: &Path) -> io::Result<()> {
    let put = |place: &str, bytes: &[u8]| {
        let path = share.join(place);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(Line::command()).section("8").render(&mut page)?;
    put("man/man8/horusd.8", &page)?;
    for (shell, place) in COMPLETIONS {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Line::command(), "horusd", &mut script);
        put(place, &script)?;
    }
    let named = Settings { name: Some("a".into()), ..Settings::default() };
    let defaults = Config::of(&named).map_err(io::Error::other)?;
    put("doc/horusd/examples/horusd.toml", sample(&defaults.settings).as_bytes())
}
