//! Takes a recording that was erased out of every folder that still stands: the file, and what the index and the checksums say of it.
//!
//! It is found by its id in what the spans left behind, so that nothing of the recording needs to be known any more. This is the one change
//! that a complete folder undergoes. A folder that is being built is an error, and the order comes again once it is complete.

use domain::{
    delivery::{
        issue::{Name, Progress},
        manifest::{folder, workshop},
    },
    ids::{OrganisationId, RecordingId},
};
use platform::bucket::could_not;

use crate::{App, Failure, folder, parts, seal};

/// Takes the recording out of all folders. For each 2 requests and 1 for each span; more where it is found.
pub async fn forget(app: &App, organisation: &OrganisationId, id: RecordingId) -> Result<(), Failure> {
    for issue in app.table.issues(organisation).await? {
        match issue.progress {
            Progress::Complete { .. } => out_of(app, organisation, issue.name, id).await?,
            Progress::Building if (app.now)() < issue.gone_at => {
                let why = format!("{} is being built; it can be done once it is complete", issue.name);
                return Err(could_not("take a recording out of a folder")(why).into());
            }
            Progress::Building | Progress::Removed => {}
        }
    }
    Ok(())
}

/// What the span left behind is changed last: an order that is cut short before finds the recording there again.
async fn out_of(app: &App, organisation: &OrganisationId, name: Name, id: RecordingId) -> Result<(), Failure> {
    let spans = folder::count(app, &workshop(organisation, name)).await?;
    let id = id.to_string();
    for span in 0..spans {
        let mut part = parts::get(app, organisation, name, span).await?;
        let Some(place) = part.lines.iter().position(|line| line.id == id) else { continue };
        let gone = part.lines.remove(place);
        folder::delete(app, &format!("{}{}", folder(organisation, name), gone.file)).await?;
        let count = seal::write(app, organisation, name, spans, Some(&id)).await?;
        app.table.recount(organisation, name, &count).await?;
        parts::put(app, organisation, name, span, &part).await?;
        tracing::info!(recording = id, issue = %name, "taken out");
    }
    Ok(())
}
