//! Verdict: the judges of histories, asked about a run.

use std::io;
use std::path::Path;

use horus::check::{Options, Property, judge};
use horus::history::{Event, Writer};

use crate::run::Report;

/// Has the histories of a run judged.
pub(crate) fn pronounce(report: &mut Report, options: &Options) {
    let verdict = judge(&report.logs, options);
    report.violations.extend(verdict.violations.iter().map(ToString::to_string));
    report.violations.extend(verdict.void.iter().map(|void| format!("void: {void}")));
    report.sent = verdict.sends;
    report.compared = verdict.deliveries;
    if let Some(states) = verdict.compared.get(&Property::State) {
        report.counts.insert("states compared", *states);
    }
}

/// Writes the histories of a run into a directory of their own, as `horus check` reads them.
///
/// # Errors
/// What the file system answers.
pub fn write_histories(directory: &Path, report: &Report) -> io::Result<()> {
    if directory.is_dir() {
        std::fs::remove_dir_all(directory)?;
    }
    for log in &report.logs {
        // The writer begins with the start event by itself.
        let mut writer = Writer::create(directory, &log.proc)?;
        for event in log.events.iter().filter(|event| !matches!(event, Event::Start { .. })) {
            writer.write(event)?;
        }
    }
    Ok(())
}
