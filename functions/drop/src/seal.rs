//! Writes the index of a folder and, last, its checksums: from then on the folder is complete.
//!
//! Both are streamed from what the spans left behind, in one pass, so that they agree and memory stays flat.

use domain::{
    delivery::{
        issue::{Count, Name},
        manifest::{CHECKSUMS, COLUMNS, INDEX, folder},
    },
    ids::OrganisationId,
};
use platform::{bucket::could_not, http::csv, multipart::Multipart};

use crate::{App, Failure, parts};

/// Seals the issue, once all its spans are copied. 4 requests, and 1 for each span.
pub async fn seal(app: &App, organisation: &OrganisationId, name: Name) -> Result<(), Failure> {
    let Some(work) = app.table.work(organisation, name).await? else { return Ok(()) };
    let spans = match &work.plan {
        Some(plan) if work.is_copied() && (app.now)() < work.issue.gone_at => plan.spans(),
        _ => return Ok(()),
    };
    let count = write(app, organisation, name, spans, None).await?;
    app.table.complete(organisation, name, &count, (app.now)()).await?;
    tracing::info!(%organisation, issue = %name, recordings = count.recordings, late = count.late, "complete");
    Ok(())
}

/// Writes both files, without the recording of that id. 2 requests, 1 for each span, and 1 for each 5 MiB.
pub async fn write(app: &App, organisation: &OrganisationId, name: Name, spans: u32, without: Option<&str>) -> Result<Count, Failure> {
    let folder = folder(organisation, name);
    let mut index = Multipart::to(&app.s3, &app.drop, format!("{folder}{INDEX}"), "text/csv; charset=utf-8");
    let mut checksums = Multipart::to(&app.s3, &app.drop, format!("{folder}{CHECKSUMS}"), "text/plain; charset=utf-8");
    index.write(&csv::lines([COLUMNS]).map_err(could_not("write an object of the delivery"))?).await?;
    let mut count = Count::default();
    for span in 0..spans {
        let mut part = parts::get(app, organisation, name, span).await?;
        part.lines.retain(|line| Some(line.id.as_str()) != without);
        for line in &part.lines {
            index.write(line.index.as_bytes()).await?;
            checksums.write(line.checksum.as_bytes()).await?;
        }
        let more = part.count();
        count.recordings += more.recordings;
        count.bytes += more.bytes;
        count.late += more.late;
    }
    let index = index.finish().await?;
    checksums.write(index.sha256.line(INDEX).as_bytes()).await?;
    checksums.finish().await?;
    Ok(count)
}
