//! Writes the index of a folder and then its checksums, which complete the folder.
//!
//! Both are streamed from the chunks' parts in one pass, so they agree and memory stays flat. Each
//! write requires that its object is unchanged since before the first part was read. So each writer
//! has seen everything that the earlier writers saw.

use domain::{
    delivery::{
        folder::FolderId,
        manifest::{CHECKSUMS, COLUMNS, INDEX, folder},
        outcome::NAMED,
    },
    ids::OrganisationId,
};
use platform::{
    bucket::{Precondition, failed_to},
    csv,
    table::delivery::Held,
};

use crate::{App, Failure, folder as objects, parts};

/// Attempts while others write the same files: up to ten tasks run at once.
const TRIES: usize = 50;

/// Finalizes the folder, once all its chunks are copied. 4 requests, and 1 for each chunk.
pub async fn finalize(
    app: &App,
    organisation: &OrganisationId,
    name: FolderId,
) -> Result<(), Failure> {
    let Some(work) = app.table.folders().work(organisation, name).await? else { return Ok(()) };
    let chunks = match &work.plan {
        Some(plan) if work.is_copied() && (app.now)() < work.delivery_folder.gone_at => {
            plan.chunks()
        }
        _ => return Ok(()),
    };
    let held = match write(
        app,
        organisation,
        name,
        chunks,
        [Precondition::Nothing, Precondition::Nothing],
    )
    .await?
    {
        Some(held) => held,
        // Another task has finalized it, or was interrupted.
        None => match rewrite(app, organisation, name, chunks).await? {
            Some(held) => held,
            None => return Ok(()),
        },
    };
    app.table.folders().complete(organisation, name, &held, (app.now)()).await?;
    let count = &held.count;
    tracing::info!(
        %organisation, delivery_folder = %name, recordings = count.recordings, late = count.late, undelivered = count.undelivered, "complete"
    );
    Ok(())
}

/// Rewrites both files from the current parts. None if the folder is being removed. 4 requests, 1
/// for each chunk and 1 for each 5 MiB; repeated each time that others write them in the meantime.
pub async fn rewrite(
    app: &App,
    organisation: &OrganisationId,
    name: FolderId,
    chunks: u32,
) -> Result<Option<Held>, Failure> {
    let folder = folder(organisation, name);
    for _ in 0..TRIES {
        let index = objects::state(app, &format!("{folder}{INDEX}")).await?;
        let checksums = objects::state(app, &format!("{folder}{CHECKSUMS}")).await?;
        if index == Precondition::Nothing {
            return Ok(None); // the index is written first and removed with the folder
        }
        if let Some(held) = write(app, organisation, name, chunks, [index, checksums]).await? {
            return Ok(Some(held));
        }
    }
    Err(failed_to("write an object of the delivery")("too many concurrent writes").into())
}

/// Writes the index and then the checksums. None if either object is not the expected one, or a
/// part is missing. 2 requests, 1 for each chunk and 1 for each 5 MiB.
async fn write(
    app: &App,
    organisation: &OrganisationId,
    name: FolderId,
    chunks: u32,
    expected: [Precondition; 2],
) -> Result<Option<Held>, Failure> {
    let folder = folder(organisation, name);
    let mut index = app.drop.begin(format!("{folder}{INDEX}"), "text/csv; charset=utf-8");
    let mut checksums = app.drop.begin(format!("{folder}{CHECKSUMS}"), "text/plain; charset=utf-8");
    index
        .write(&csv::header([COLUMNS]).map_err(failed_to("write an object of the delivery"))?)
        .await?;
    let mut held = Held::default();
    for chunk in 0..chunks {
        let Some(part) = parts::get(app, organisation, name, chunk).await? else { return Ok(None) };
        for line in part.listed() {
            index.write(line.index.as_bytes()).await?;
            checksums.write(line.checksum.as_bytes()).await?;
        }
        held.count = held.count + part.count();
        held.undelivered.extend(part.undelivered().take(NAMED - held.undelivered.len()));
    }
    let Some(written) = index.finish_over(&expected[0]).await? else { return Ok(None) };
    checksums.write(written.sha256.line(INDEX).as_bytes()).await?;
    Ok(checksums.finish_over(&expected[1]).await?.map(|_| held))
}
