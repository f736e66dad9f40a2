//! Removes an erased recording from every folder: its file, and its rows in index and checksums.
//!
//! The chunks' parts contain the recording's id, so nothing else of it needs to exist. This is the
//! only change to a complete folder. Several such tasks may run at once on the same objects. Each
//! marks the recording's lines in the part, removes the file, rewrites index and checksums from all
//! parts, and lastly removes the lines. Every write is conditional on the version that was read. So
//! the last writer includes every earlier removal, and a retry finds the marked lines.

use std::time::Duration;

use domain::{
    delivery::{
        folder::{FolderId, Order, Progress, Task},
        manifest::{folder, workshop},
    },
    ids::{OrganisationId, RecordingId},
};

use crate::{App, Failure, finalize, folder, parts};

/// How long the task waits while a folder is being built.
const REST: Duration = Duration::from_secs(60);

/// Removes the recording from all folders: 1 request and 1 for each chunk of each; 7 more and 1 for
/// each chunk where it is found. 1 request sends the task again while a folder is being built.
pub async fn forget(
    app: &App,
    organisation: &OrganisationId,
    id: RecordingId,
) -> Result<(), Failure> {
    let mut is_building = false;
    for delivery_folder in
        app.table.folders().all(organisation).await?.iter().filter(|one| (app.now)() < one.gone_at)
    {
        match delivery_folder.progress {
            Progress::Complete { .. } => {
                remove_from(app, organisation, delivery_folder.name, id).await?
            }
            Progress::Building => is_building = true,
            Progress::Removed => {}
        }
    }
    if is_building {
        let order =
            Order { organisation: organisation.clone(), task: Task::Forget { recording: id } };
        app.queue.send(&order, REST).await?;
        tracing::info!(recording = %id, "waiting for a folder that is being built");
    }
    Ok(())
}

async fn remove_from(
    app: &App,
    organisation: &OrganisationId,
    name: FolderId,
    id: RecordingId,
) -> Result<(), Failure> {
    let chunks = folder::count(app, &workshop(organisation, name)).await?;
    let id = id.to_string();
    for chunk in 0..chunks {
        let Some(file) = mark_forgotten(app, organisation, name, chunk, &id).await? else {
            continue;
        };
        if !file.is_empty() {
            app.drop.remove(&format!("{}{file}", folder(organisation, name)), None).await?;
        }
        if let Some(held) = finalize::rewrite(app, organisation, name, chunks).await? {
            app.table.folders().recount(organisation, name, &held).await?;
        }
        let remove = |part: &mut parts::Part| {
            let before = part.lines.len();
            part.lines.retain(|line| line.id != id);
            (part.lines.len() < before).then_some(())
        };
        parts::change(app, organisation, name, chunk, remove).await?;
        tracing::info!(recording = id, delivery_folder = %name, "removed from the folder");
    }
    Ok(())
}

/// Marks the recording's line of the chunk as forgotten. Returns its file name, empty where there
/// is no file. None if the chunk does not contain the recording.
async fn mark_forgotten(
    app: &App,
    organisation: &OrganisationId,
    name: FolderId,
    chunk: u32,
    id: &str,
) -> Result<Option<String>, Failure> {
    let Some(part) = parts::get(app, organisation, name, chunk).await? else { return Ok(None) };
    let Some(line) = part.lines.iter().find(|line| line.id == id) else { return Ok(None) };
    if line.forgotten {
        return Ok(Some(line.file.clone())); // marked by an interrupted task
    }
    let mark = |part: &mut parts::Part| {
        let line = part.lines.iter_mut().find(|line| line.id == id)?;
        line.forgotten = true;
        (line.index, line.checksum) = (String::new(), String::new());
        Some(line.file.clone())
    };
    parts::change(app, organisation, name, chunk, mark).await
}
