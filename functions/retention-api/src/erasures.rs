//! Erasures of a person's recordings (GDPR, article 17), except held ones: `/v1/erasures`.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::{
    counterpart::Counterpart,
    ids::{OrderId, UserId},
    job::Person,
    reason::Reason,
};
use platform::{
    http::{
        Admin, Cause, Problem,
        extract::{self, Path, Query},
        once::{ABOUT, OnceJson},
        operation::{OrderErasure, PreviewErasure, SeeErasures},
        page::{Listed, Page, PageQuery},
        single::Single,
    },
    table::{
        job::{self, CONFIRMED_WITHIN, JobKind, Kind, Preview, RetentionJob},
        keeping::Counted,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    jobs::{self, Confirmation, Created},
};

/// Whose recordings to erase: a counterpart's or a user's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureOrder {
    /// Any way to write it, as in a registration: a number, a short number, a SIP address, a name.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    counterpart: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    user: Option<UserId>,
    /// Why: at least one letter, at most 500 characters.
    #[schema(value_type = String)]
    reason: Reason,
}

/// An erasure.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    id: String,
    /// `previewed`: nothing is erased; `erasing`; `done`.
    state: &'static str,
    by: String,
    at: DateTime<Utc>,
    reason: String,
    /// The user, or the last two digits of the counterpart's number.
    about: String,
    /// Recordings that the preview counted.
    recordings: u64,
    /// Those of them that are held. They are not erased; lift their holds first.
    held: u64,
    /// Whether these counts are exact. If not, they are lower bounds.
    exact: bool,
    /// Erased recordings, with receipts in the audit log (`action` `erase`, `resource` this id).
    erased: u64,
    /// Recordings that remain because they are held.
    left: u64,
    /// The first 100 of those, each with one of its holds.
    #[schema(max_items = 100)]
    leaves: Vec<LeftRecording>,
    /// When the preview lapses.
    confirm_before: Option<DateTime<Utc>>,
}

/// A recording that an erasure left, and one of its holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftRecording {
    recording: String,
    hold: String,
}

/// Previews an erasure: its recordings, and how many of them are held. Confirm it within 24 hours.
#[utoipa::path(
    post,
    path = "/v1/erasures",
    tag = "retention",
    params(("Idempotency-Key" = Option<String>, Header, description = ABOUT)),
    request_body = ErasureOrder,
    responses(
        (status = 201, description = "a preview; nothing is erased", body = Erasure),
        (status = 422, description = "invalid, idempotency-key-reused"),
    )
)]
pub async fn preview(
    State(app): State<App>,
    admin: Admin<PreviewErasure>,
    OnceJson(asked): OnceJson<ErasureOrder>,
) -> Result<Created<Erasure>, Problem> {
    let person = match (asked.counterpart, asked.user) {
        (Some(sent), None) => match Counterpart::read(&sent, admin.organisation.country) {
            counterpart if counterpart.is_known() => Person::Counterpart(counterpart),
            _ => {
                return Err(Problem::because(
                    Cause::Invalid,
                    "counterpart: it names nobody; send the number or address of a person",
                ));
            }
        },
        (None, Some(user)) => Person::User(user),
        _ => {
            return Err(Problem::because(
                Cause::Invalid,
                "name the person: either a `counterpart` or a `user`",
            ));
        }
    };
    let count = app
        .table
        .retention()
        .count(&admin.organisation.id, &Counted::Of(&person), admin.now)
        .await?;
    let counted =
        Preview { found: count.recordings, ending: 0, held: count.held, exact: count.exact };
    let about = person.remembered();
    let what = JobKind::Erasure { person: Some(person), about };
    jobs::previewed(
        &app,
        &admin,
        jobs::new_job(&admin, what, job::State::Previewed, asked.reason, counted),
    )
    .await
}

/// Lists the erasures, newest first.
#[utoipa::path(
    get,
    path = "/v1/erasures",
    tag = "retention",
    params(PageQuery),
    responses((status = 200, body = Erasures))
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<SeeErasures>,
    Query(query): Query<PageQuery>,
) -> Result<Erasures, Problem> {
    jobs::listed(&app, &admin, Kind::Erasure, &query).await
}

/// Shows an erasure and its progress.
#[utoipa::path(
    get,
    path = "/v1/erasures/{erasure}",
    tag = "retention",
    params(("erasure" = String, Path, description = "the erasure's id")),
    responses((status = 200, body = Erasure))
)]
pub async fn show(
    State(app): State<App>,
    admin: Admin<SeeErasures>,
    Path(id): Path<OrderId>,
) -> Result<Single<Erasure>, Problem> {
    jobs::shown(&app, &admin, Kind::Erasure, id).await
}

/// Carries out a previewed erasure. It cannot be undone.
#[utoipa::path(
    post,
    path = "/v1/erasures/{erasure}/confirm",
    tag = "retention",
    params(("erasure" = String, Path, description = "the erasure's id")),
    request_body = Confirmation,
    responses(
        (status = 202, description = "in progress or done", body = Erasure),
        (status = 409, description = "changed"),
        (status = 422, description = "invalid: the count differs from the preview"),
    )
)]
pub async fn confirm(
    State(app): State<App>,
    admin: Admin<OrderErasure>,
    Path(id): Path<OrderId>,
    extract::Json(confirmation): extract::Json<Confirmation>,
) -> Result<Created<Erasure>, Problem> {
    let erasure = jobs::found(&app, &admin, Kind::Erasure, id).await?;
    let erasure = jobs::confirmed(&app, &admin, erasure, &confirmation).await?;
    jobs::send_now(&app, &erasure).await;
    Ok((StatusCode::ACCEPTED, Json(erasure.into())))
}

/// A page of the list.
pub type Erasures = Page<Erasure>;

impl Listed for Erasure {
    const MEMBER: &'static str = "erasures";
    const SCHEMA: (&'static str, &'static str) = ("Erasures", "A page of erasures, newest first.");
}

impl From<RetentionJob> for Erasure {
    fn from(job: RetentionJob) -> Self {
        let about =
            if let JobKind::Erasure { about, .. } = job.what { about } else { String::new() };
        let leaves = job.progress.leaves.into_iter();
        let previewed = job.state == job::State::Previewed;
        Self {
            id: job.id.to_string(),
            state: job.state.into(),
            by: job.by,
            at: job.at,
            reason: job.reason.into(),
            about,
            recordings: job.preview.found,
            held: job.preview.held,
            exact: job.preview.exact,
            erased: job.progress.done,
            left: job.progress.left,
            leaves: leaves
                .map(|(recording, hold)| LeftRecording {
                    recording: recording.to_string(),
                    hold: hold.to_string(),
                })
                .collect(),
            confirm_before: previewed.then(|| job.at + CONFIRMED_WITHIN),
        }
    }
}
