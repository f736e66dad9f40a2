//! The findings of the nightly reconciliation: `/v1/missing`.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use platform::{
    cursor,
    http::{Admin, Problem, extract::Query, operation::SeeMissing, page::PageQuery},
    table::reconcile::{ALL, Finding, Reconciled},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::App;

/// The findings of the last reconciliation, by kind, and its extent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Missing {
    /// Null before the first night.
    reconciled: Option<Reconciliation>,
    findings: Vec<Missed>,
    /// Pass it as `cursor` to get the next page. Null on the last page.
    cursor: Option<String>,
}

/// The last reconciliation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reconciliation {
    at: DateTime<Utc>,
    /// Recordings of the day before and of the night. All were compared.
    recordings: u64,
    /// Older recordings that were compared in their turn.
    older: u64,
    /// Objects. All were compared.
    objects: u64,
    /// Words of these recordings whose postings were compared.
    words: u64,
    of_words: u64,
}

/// A discrepancy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Missed {
    /// `never-came`: the audio of a call is missing. `not-taken-in`: it arrived and was not stored.
    /// `removed`: it was removed by hand. `lost`: it was stored and is gone. `replaced`: another
    /// object is in its place. `doubled`: it is stored more than once. `refused-left`: refused
    /// audio remains. `no-recording`: audio without a recording. `stray`: an object at an invalid
    /// key. `posting-missing`, `posting-wrong`, `posting-left`: words that a search does not find,
    /// finds for the wrong time, or finds in error. `usage`: the counts differ from what is stored.
    kind: &'static str,
    /// The recording, which may no longer exist.
    recording: Option<String>,
    user: Option<String>,
    /// The key of an object without a recording.
    key: Option<String>,
    started_at: Option<DateTime<Utc>>,
    /// The night that first found it.
    since: DateTime<Utc>,
    /// The age: since the call's registration, or since the object arrived.
    age_seconds: i64,
    /// Whether the last night repaired it. The next night verifies that.
    repaired: bool,
    /// The differing values of a count.
    detail: Option<Value>,
}

/// Lists the findings of the last reconciliation.
#[utoipa::path(
    get,
    path = "/v1/missing",
    tag = "completeness",
    params(PageQuery),
    responses((status = 200, body = Missing))
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<SeeMissing>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Missing>, Problem> {
    let (organisation, limit, after) = (&admin.organisation.id, query.limit()?, query.after()?);
    let reconciled = app.table.findings().state(organisation).await?;
    let (findings, next) = app.table.findings().page(organisation, limit, after.as_deref()).await?;
    Ok(Json(Missing {
        reconciled: reconciled.map(Reconciliation::from),
        findings: findings.into_iter().map(|finding| Missed::of(finding, admin.now)).collect(),
        cursor: next.map(|place| cursor::write_text(&place)),
    }))
}

impl From<Reconciled> for Reconciliation {
    fn from(reconciled: Reconciled) -> Self {
        let Reconciled { at, recordings, older, objects, words, of_words, .. } = reconciled;
        Self { at, recordings, older, objects, words, of_words }
    }
}

impl Missed {
    fn of(finding: Finding, now: DateTime<Utc>) -> Self {
        let recording = finding.recording().map(|id| id.to_string());
        let of_an_object = recording.is_none() && finding.user.is_none() && finding.subject != ALL;
        Self {
            kind: finding.kind.into(),
            recording,
            key: of_an_object.then_some(finding.subject),
            user: finding.user.map(String::from),
            started_at: finding.started_at,
            since: finding.since,
            age_seconds: (now - finding.age_from).num_seconds(),
            repaired: finding.repaired,
            detail: finding.detail.and_then(|detail| serde_json::from_str(&detail).ok()),
        }
    }
}
