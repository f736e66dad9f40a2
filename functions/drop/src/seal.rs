//! Writes the index of a folder and, last, its checksums: from then on the folder is complete.
//!
//! Both are streamed from what the spans left behind, in one pass, so that they agree and memory stays flat. Each is put on the condition that
//! what stood at its key before the first span was read still stands there. So whoever puts it has seen all that those before them saw.

use domain::{
    delivery::{
        issue::Name,
        manifest::{CHECKSUMS, COLUMNS, INDEX, folder},
        outcome::NAMED,
    },
    ids::OrganisationId,
};
use platform::{
    bucket::{Stands, could_not},
    http::csv,
    multipart::Multipart,
    table::delivery::Held,
};

use crate::{App, Failure, folder as objects, parts};

/// Tries while others write the same files: up to ten orders run at once.
const TRIES: usize = 50;

/// Seals the issue, once all its spans are copied. 4 requests, and 1 for each span.
pub async fn seal(app: &App, organisation: &OrganisationId, name: Name) -> Result<(), Failure> {
    let Some(work) = app.table.work(organisation, name).await? else { return Ok(()) };
    let spans = match &work.plan {
        Some(plan) if work.is_copied() && (app.now)() < work.issue.gone_at => plan.spans(),
        _ => return Ok(()),
    };
    let held = match write(app, organisation, name, spans, [Stands::Nothing, Stands::Nothing]).await? {
        Some(held) => held,
        // Another has sealed it, or was cut short.
        None => match again(app, organisation, name, spans).await? {
            Some(held) => held,
            None => return Ok(()),
        },
    };
    app.table.complete(organisation, name, &held, (app.now)()).await?;
    let count = &held.count;
    tracing::info!(
        %organisation, issue = %name, recordings = count.recordings, late = count.late, undelivered = count.undelivered, "complete"
    );
    Ok(())
}

/// Writes both files from what the spans have left behind by now, over those that stand; none if the folder is being removed. 4 requests, 1 for
/// each span, and 1 for each 5 MiB; again for each time that others write them meanwhile.
pub async fn again(app: &App, organisation: &OrganisationId, name: Name, spans: u32) -> Result<Option<Held>, Failure> {
    let folder = folder(organisation, name);
    for _ in 0..TRIES {
        let index = objects::stands(app, &format!("{folder}{INDEX}")).await?;
        let checksums = objects::stands(app, &format!("{folder}{CHECKSUMS}")).await?;
        if index == Stands::Nothing {
            return Ok(None); // the index is written first and removed with all else
        }
        if let Some(held) = write(app, organisation, name, spans, [index, checksums]).await? {
            return Ok(Some(held));
        }
    }
    Err(could_not("write an object of the delivery")("others write it all the time").into())
}

/// Writes the index and then the checksums, over what stands; none if something else does by then. 2 requests, 1 for each span, and 1 for each
/// 5 MiB.
async fn write(app: &App, organisation: &OrganisationId, name: Name, spans: u32, stands: [Stands; 2]) -> Result<Option<Held>, Failure> {
    let folder = folder(organisation, name);
    let mut index = Multipart::to(&app.s3, &app.drop, format!("{folder}{INDEX}"), "text/csv; charset=utf-8");
    let mut checksums = Multipart::to(&app.s3, &app.drop, format!("{folder}{CHECKSUMS}"), "text/plain; charset=utf-8");
    index.write(&csv::header([COLUMNS]).map_err(could_not("write an object of the delivery"))?).await?;
    let mut held = Held::default();
    for span in 0..spans {
        let Some(part) = parts::get(app, organisation, name, span).await? else { return Ok(None) };
        for line in part.said() {
            index.write(line.index.as_bytes()).await?;
            checksums.write(line.checksum.as_bytes()).await?;
        }
        held.count = held.count + part.count();
        held.undelivered.extend(part.undelivered().take(NAMED - held.undelivered.len()));
    }
    let Some(written) = index.finish_over(&stands[0]).await? else { return Ok(None) };
    checksums.write(written.sha256.line(INDEX).as_bytes()).await?;
    Ok(checksums.finish_over(&stands[1]).await?.map(|_| held))
}
