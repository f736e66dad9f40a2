//! Removes a folder after its three days, with all versions and its parts.

use domain::{
    delivery::{
        folder::FolderId,
        manifest::{folder, workshop},
    },
    ids::OrganisationId,
};

use crate::{App, Failure, folder};

/// Removes the folder, if it is due. 4 requests, and 2 for every 1,000 files.
pub async fn remove(
    app: &App,
    organisation: &OrganisationId,
    name: FolderId,
) -> Result<(), Failure> {
    let Some(work) = app.table.folders().work(organisation, name).await? else { return Ok(()) };
    if (app.now)() < work.delivery_folder.gone_at || !work.delivery_folder.exists() {
        return Ok(());
    }
    folder::empty(app, &folder(organisation, name)).await?;
    folder::empty(app, &workshop(organisation, name)).await?;
    app.table.folders().removed(organisation, name).await?;
    tracing::info!(%organisation, delivery_folder = %name, "removed");
    Ok(())
}
