//! Removes a folder that has stayed its three days, with all versions and with what it was built from.

use domain::{
    delivery::{
        issue::Name,
        manifest::{folder, workshop},
    },
    ids::OrganisationId,
};

use crate::{App, Failure, folder};

/// Removes the issue's folder, if its time has come. 4 requests, and 2 for every 1,000 files.
pub async fn remove(app: &App, organisation: &OrganisationId, name: Name) -> Result<(), Failure> {
    let Some(work) = app.table.work(organisation, name).await? else { return Ok(()) };
    if (app.now)() < work.issue.gone_at || !work.issue.stands() {
        return Ok(());
    }
    folder::empty(app, &folder(organisation, name)).await?;
    folder::empty(app, &workshop(organisation, name)).await?;
    app.table.removed(organisation, name).await?;
    tracing::info!(%organisation, issue = %name, "removed");
    Ok(())
}
