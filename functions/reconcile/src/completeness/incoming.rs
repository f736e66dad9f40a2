//! Reads the files that the operator's switch has left for the organisation.

use chrono::{DateTime, Utc};
use domain::people::Organisation;
use platform::call_lines::CallLines;

use crate::{App, Failure};

/// Reports of a file that are in memory as items at the same time.
const STORED_AT_ONCE: usize = 1000;

/// Stores the reports of every waiting file, and then puts the file aside. 1 request; for each file
/// 3 or 4, and 1 for each 25 reports. After a crash the file is read again, which changes nothing.
pub async fn read(app: &App, of: &Organisation, now: DateTime<Utc>) -> Result<(), Failure> {
    for file in app.calls.incoming(&of.id).await? {
        if file.is_too_large {
            tracing::error!(organisation = %of.id, "a file of reported calls is larger than 64 MiB");
            continue;
        }
        let Some(read) = app.calls.read_incoming(&of.id, &file.name).await? else { continue };
        let found = CallLines::read(&read.0, &of.id, of.country, now);
        for some in found.records.chunks(STORED_AT_ONCE) {
            app.table.call_records().put(&of.id, some, now).await?;
        }
        let (lines, invalid) = (found.lines, found.invalid_lines);
        let mut report = Vec::new();
        for line in &found.invalid {
            serde_json::to_writer(&mut report, line)?;
            report.push(b'\n');
        }
        app.calls.end_incoming(&of.id, &file.name, read, report).await?;
        match invalid {
            0 => tracing::info!(organisation = %of.id, lines, "reported calls are read"),
            _ => {
                tracing::error!(organisation = %of.id, lines, invalid, "reported calls are invalid")
            }
        }
    }
    Ok(())
}
