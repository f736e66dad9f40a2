//! Divides a folder into chunks and orders their copies.
//!
//! The plan is stored before anything is copied, so repeated and concurrent runs order the same
//! chunks. For a planned folder only the remaining tasks are ordered.

use domain::{
    delivery::folder::{DeliveryFolder, FolderId, Order, Progress, Task},
    ids::OrganisationId,
};
use platform::table::delivery::{Plan, Work};

use crate::{App, Failure};

/// Plans the folder. 3 requests, 1 for each MB of the day's rows, and 1 for every 10 chunks.
pub async fn plan(app: &App, organisation: &OrganisationId, name: FolderId) -> Result<(), Failure> {
    let Some(work) = read_or_begin(app, organisation, name).await? else {
        tracing::warn!(%organisation, delivery_folder = %name, "the folder was not ordered, or is no longer listed");
        return Ok(());
    };
    if work.delivery_folder.progress != Progress::Building
        || work.delivery_folder.gone_at <= (app.now)()
    {
        return Ok(());
    }
    let work = match work.plan {
        Some(_) => Some(work),
        None => {
            app.table
                .folders()
                .plan(organisation, name, &cutoff(app, organisation, name).await?)
                .await?
        }
    };
    match work {
        Some(work) => Ok(app.queue.send_all(&orders(organisation, &work)).await?),
        None => Ok(()),
    }
}

/// The folder's next tasks: to copy the remaining chunks, or to finalize it.
pub fn orders(organisation: &OrganisationId, work: &Work) -> Vec<Order> {
    let order = |task| Order { organisation: organisation.clone(), task };
    let delivery_folder = work.delivery_folder.name;
    if work.is_copied() {
        return vec![order(Task::Finalize { delivery_folder })];
    }
    work.left().into_iter().map(|chunk| order(Task::Copy { delivery_folder, chunk })).collect()
}

/// Reads the folder. Creates it first if it is a scheduled one.
async fn read_or_begin(
    app: &App,
    organisation: &OrganisationId,
    name: FolderId,
) -> Result<Option<Work>, Failure> {
    let work = app.table.folders().work(organisation, name).await?;
    if work.is_some() || !name.is_scheduled() {
        return Ok(work);
    }
    let delivery_folder = DeliveryFolder::scheduled(name.day);
    app.table.folders().begin(organisation, &delivery_folder).await?;
    tracing::info!(%organisation, delivery_folder = %name, "begun");
    Ok(app.table.folders().work(organisation, name).await?)
}

async fn cutoff(app: &App, organisation: &OrganisationId, name: FolderId) -> Result<Plan, Failure> {
    let started = app.table.folders().split_day(organisation, name.day, app.rows).await?;
    let late = match name.is_scheduled() {
        true => app.table.folders().split_late(organisation, app.rows).await?,
        false => Vec::new(),
    };
    Ok(Plan { started, late })
}
