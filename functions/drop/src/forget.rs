//! Takes a recording that was erased out of every folder that still stands: the file, and what the index and the checksums say of it.
//!
//! It is found by its id in what the spans left behind, so that nothing of the recording needs to be known any more. This is the one change
//! that a complete folder undergoes. Several such orders run at once, on the same objects. Each first has its lines left out of what the span
//! left behind, then removes the file, has index and checksums written from what all spans left behind, and lastly removes the lines. Every
//! object is written on the condition that it is the one that was read, or read again. So whoever writes last has left out what everybody
//! before them did, and an order that is cut short anywhere finds its lines again.

use std::time::Duration;

use domain::{
    delivery::{
        issue::{Name, Order, Progress, Task},
        manifest::{folder, workshop},
    },
    ids::{OrganisationId, RecordingId},
};

use crate::{App, Failure, folder, parts, seal};

/// How long an order rests while a folder is being built.
const REST: Duration = Duration::from_secs(60);

/// Takes the recording out of all folders. For each 1 request and 1 for each span; 7 more and 1 for each span where it is found. While one is
/// being built the order is sent again, 1 request.
pub async fn forget(app: &App, organisation: &OrganisationId, id: RecordingId) -> Result<(), Failure> {
    let mut built = false;
    for issue in app.table.issues(organisation).await?.iter().filter(|issue| (app.now)() < issue.gone_at) {
        match issue.progress {
            Progress::Complete { .. } => out_of(app, organisation, issue.name, id).await?,
            Progress::Building => built = true,
            Progress::Removed => {}
        }
    }
    if built {
        let order = Order { organisation: organisation.clone(), task: Task::Forget { recording: id } };
        app.queue.send(&order, REST).await?;
        tracing::info!(recording = %id, "a folder is being built: it is taken out once that is complete");
    }
    Ok(())
}

async fn out_of(app: &App, organisation: &OrganisationId, name: Name, id: RecordingId) -> Result<(), Failure> {
    let spans = folder::count(app, &workshop(organisation, name)).await?;
    let id = id.to_string();
    for span in 0..spans {
        let Some(file) = leave_out(app, organisation, name, span, &id).await? else { continue };
        if !file.is_empty() {
            folder::delete(app, &format!("{}{file}", folder(organisation, name))).await?;
        }
        if let Some(held) = seal::again(app, organisation, name, spans).await? {
            app.table.recount(organisation, name, &held).await?;
        }
        let remove = |part: &mut parts::Part| {
            let before = part.lines.len();
            part.lines.retain(|line| line.id != id);
            (part.lines.len() < before).then_some(())
        };
        parts::change(app, organisation, name, span, remove).await?;
        tracing::info!(recording = id, issue = %name, "taken out");
    }
    Ok(())
}

/// Has the recording's lines of the span left out; answers with its file's name, empty where there is none. None: the span does not have it.
async fn leave_out(app: &App, organisation: &OrganisationId, name: Name, span: u32, id: &str) -> Result<Option<String>, Failure> {
    let Some(part) = parts::get(app, organisation, name, span).await? else { return Ok(None) };
    let Some(line) = part.lines.iter().find(|line| line.id == id) else { return Ok(None) };
    if line.forgotten {
        return Ok(Some(line.file.clone())); // an order that was cut short
    }
    let leave_out = |part: &mut parts::Part| {
        let line = part.lines.iter_mut().find(|line| line.id == id)?;
        line.forgotten = true;
        (line.index, line.checksum) = (String::new(), String::new());
        Some(line.file.clone())
    };
    parts::change(app, organisation, name, span, leave_out).await
}
