//! The delivery folders: `/v1/drops`.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{
        Day,
        folder::{DeliveryFolder, Order, Progress, Task},
        manifest, outcome,
    },
    ids::RecordingId,
    people::Organisation,
};
use platform::http::{
    Admin, Cause, Problem,
    extract::{Path, Query},
    once::{ABOUT, Once},
    operation::{ListDrops, OrderDrop},
    page::{Listed, Page, PageQuery},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// A folder of a day's recordings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drop {
    /// The day in Stockholm, as in `2026-11-24`.
    #[schema(value_type = String)]
    day: Day,
    /// The folder's name: the day, and a number if it is a redelivery.
    folder: String,
    /// `building`, `complete` or `removed`.
    state: &'static str,
    /// Recordings copied so far, while the folder is being built.
    recordings: u64,
    bytes: u64,
    /// Recordings stored after their day's cutoff, or missed by an earlier folder.
    late: u64,
    /// Recordings that belong in the folder and are missing; see their rows in `index.csv`.
    not_delivered: u64,
    /// The first 100 of them.
    #[schema(max_items = 100)]
    undelivered: Vec<Undelivered>,
    /// The cutoff: the folder contains what was stored before it.
    closed_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    complete_at: Option<DateTime<Utc>>,
    /// When the folder is removed.
    gone_at: DateTime<Utc>,
    /// The position in the list.
    #[serde(skip)]
    place: String,
}

/// A recording that belongs in a folder and is missing from it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Undelivered {
    #[schema(value_type = String)]
    recording: RecordingId,
    /// `not-delivered`.
    state: &'static str,
    /// `lost`: its audio is gone. `altered`: the stored audio differs from the signed audio.
    /// `expired`: its retention ended before it was copied. `unreachable`: the storage failed until
    /// the folder had to be completed. `unreadable`: its item cannot be read. All except `expired`
    /// are delivered in a later folder, marked late, once that is possible.
    reason: &'static str,
}

/// Redelivered folders that may exist at the same time.
const ORDERED: usize = 20;

/// Lists the organisation's delivery folders.
#[utoipa::path(
    get,
    path = "/v1/drops",
    tag = "sftp",
    params(PageQuery),
    responses((status = 200, body = Drops))
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<ListDrops>,
    Query(query): Query<PageQuery>,
) -> Result<Drops, Problem> {
    let (limit, after) = (query.limit()?, query.after()?);
    let delivery_folders = app.table.folders().all(&admin.organisation.id).await?;
    let rest = delivery_folders
        .into_iter()
        .rev()
        .map(Drop::from)
        .filter(|drop| after.as_ref().is_none_or(|after| drop.place < *after));
    Ok(Page::cut(rest, limit, |drop| drop.place.clone()))
}

/// Delivers a day again, in a new folder with everything that the day contains by now. The folder
/// is complete once it contains `SHA256SUMS`.
#[utoipa::path(
    post,
    path = "/v1/drops/{day}",
    tag = "sftp",
    params(
        ("day" = String, Path, description = "the day in Stockholm, as in 2026-11-24"),
        ("Idempotency-Key" = Option<String>, Header, description = ABOUT),
    ),
    responses(
        (status = 202, description = "the folder is being built; a repetition in the meantime returns the same folder", body = Drop),
        (status = 404, description = "not-found: not a valid day"),
        (status = 409, description = "no-sftp, day-not-over, too-many, changed"),
        (status = 422, description = "past-retention, invalid, idempotency-key-reused"),
    )
)]
pub async fn order(
    State(app): State<App>,
    admin: Admin<OrderDrop>,
    _: Once,
    Path(day): Path<Day>,
) -> Result<(StatusCode, Json<Drop>), Problem> {
    let organisation = &admin.organisation.id;
    may_deliver(&admin.organisation, day, admin.now)?;
    if app.table.sftp().all(organisation).await?.is_empty() {
        return Err(Problem::because(
            Cause::NoSftp,
            "the organisation has no SFTP key; add one first",
        ));
    }
    let delivery_folders = app.table.folders().all(organisation).await?;
    let delivery_folder = next(day, &delivery_folders, admin.now)?;
    let (is_there, shown) =
        (delivery_folders.contains(&delivery_folder), Drop::from(delivery_folder.clone()));
    let claim = admin.claim(StatusCode::ACCEPTED, &shown)?;
    if !is_there
        && app
            .table
            .folders()
            .order(organisation, &delivery_folder, &admin.event(), claim.as_ref())
            .await?
            != Ok(())
    {
        return Err(Problem::because(
            Cause::Changed,
            "another request ordered the day at the same time; send yours again",
        ));
    }
    // A repetition resends a lost order.
    let order = Order {
        organisation: organisation.clone(),
        task: Task::Plan { delivery_folder: delivery_folder.name },
    };
    app.queue.send_all(&[order]).await?;
    Ok((StatusCode::ACCEPTED, Json(shown)))
}

fn may_deliver(organisation: &Organisation, day: Day, now: DateTime<Utc>) -> Result<(), Problem> {
    if now < day.settled_at() {
        return Err(Problem::because(
            Cause::DayNotOver,
            "a day can be delivered again from 05:05 the day after; it comes by itself at 06:00",
        ));
    }
    if day.ends_at() + TimeDelta::days(organisation.retention_days.into()) <= now {
        return Err(Problem::because(
            Cause::PastRetention,
            "the day is past the organisation's retention, and its recordings are removed",
        ));
    }
    Ok(())
}

/// The redelivery in progress for the day, or a new one.
fn next(
    day: Day,
    delivery_folders: &[DeliveryFolder],
    now: DateTime<Utc>,
) -> Result<DeliveryFolder, Problem> {
    let ordered = || {
        delivery_folders.iter().filter(|delivery_folder| {
            !delivery_folder.name.is_scheduled()
                && delivery_folder.exists()
                && now < delivery_folder.gone_at
        })
    };
    if let Some(under_way) = ordered().find(|delivery_folder| {
        delivery_folder.name.day == day && delivery_folder.progress == Progress::Building
    }) {
        return Ok(under_way.clone());
    }
    if ordered().count() >= ORDERED {
        return Err(Problem::because(
            Cause::TooMany,
            "20 redelivered folders exist; order more once one of them is removed",
        ));
    }
    Ok(DeliveryFolder::ordered(day, now, delivery_folders))
}

/// A page of the list.
pub type Drops = Page<Drop>;

impl Listed for Drop {
    const MEMBER: &'static str = "drops";
    const SCHEMA: (&'static str, &'static str) = (
        "Drops",
        "A page of folders, newest day first: the existing ones, and those of the last month.",
    );
}

impl From<DeliveryFolder> for Drop {
    fn from(delivery_folder: DeliveryFolder) -> Self {
        let (state, complete_at) = match delivery_folder.progress {
            Progress::Building => ("building", None),
            Progress::Complete { at } => ("complete", Some(at)),
            Progress::Removed => ("removed", None),
        };
        Self {
            day: delivery_folder.name.day,
            folder: delivery_folder.name.to_string(),
            state,
            recordings: delivery_folder.count.recordings,
            bytes: delivery_folder.count.bytes,
            late: delivery_folder.count.late,
            not_delivered: delivery_folder.count.undelivered,
            undelivered: delivery_folder.undelivered.into_iter().map(Undelivered::from).collect(),
            closed_at: delivery_folder.cutoff,
            due_at: delivery_folder.due_at,
            complete_at,
            gone_at: delivery_folder.gone_at,
            place: format!("{}#{:05}", delivery_folder.name.day, delivery_folder.name.number),
        }
    }
}

impl From<outcome::Undelivered> for Undelivered {
    fn from(undelivered: outcome::Undelivered) -> Self {
        Self {
            recording: undelivered.recording,
            state: manifest::NOT_DELIVERED,
            reason: undelivered.reason.into(),
        }
    }
}
