//! What the nightly sweep found: `/v1/missing`. Every call that was registered has its audio, or stands here with its age.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::access::Duty;
use platform::{
    http::{Known, Problem, cursor, extract::Query, page, problem},
    table::{
        audit::Deed,
        sweep::{ALL, Finding, Swept},
    },
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{App, told::Listed};

/// What the last sweep found, by kind, and what it looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct Missing {
    /// Null before the first night.
    swept: Option<Sweep>,
    findings: Vec<Missed>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// The last sweep.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sweep {
    at: DateTime<Utc>,
    /// Recordings of the day before and of the night, all of which were looked at.
    recordings: u64,
    /// Older ones that were looked at in their turn.
    older: u64,
    /// Objects, all of which were looked at.
    objects: u64,
    /// Words whose postings were looked at, of those that were said in these recordings.
    words: u64,
    of_words: u64,
}

/// Something that does not agree.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Missed {
    /// `never-came`: the audio of a call is missing; `not-taken-in`: it came and was not stored; `removed`: it was removed by hand; `lost`: it was
    /// stored and is gone; `replaced`: something else lies in its place; `doubled`: it lies there more than once; `refused-left`: audio that was
    /// refused; `no-recording`: audio of no recording; `stray`: an object where none belongs; `posting-missing`, `posting-wrong`, `posting-left`:
    /// words that a search does not find, or not for as long, or that are not said; `usage`: what is counted is not what is stored.
    kind: &'static str,
    /// The recording that it is about, or was.
    recording: Option<String>,
    user: Option<String>,
    /// Where an object lies that is of no recording.
    key: Option<String>,
    started_at: Option<DateTime<Utc>>,
    /// The night that found it first.
    since: DateTime<Utc>,
    /// How old it is: from the call's registration, or from when the object came.
    age_seconds: i64,
    /// Whether the last night mended it; the next one looks whether it did.
    mended: bool,
    /// What differs, where it is a count.
    detail: Option<Value>,
}

/// Lists what the last sweep found.
#[utoipa::path(
    get,
    path = "/v1/missing",
    tag = "retention",
    params(Listed),
    responses(
        (status = 200, body = Missing),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, known: Known, Query(listed): Query<Listed>) -> Result<Json<Missing>, Problem> {
    let event = known.event(Deed::SeeMissing, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let (limit, after) = (page::limit(listed.limit)?, page::after(listed.cursor.as_deref())?);
    let swept = app.table.swept(&known.organisation.id).await?;
    let (findings, next) = app.table.findings(&known.organisation.id, limit, after.as_deref()).await?;
    app.table.audit(&event).await?;
    Ok(Json(Missing {
        swept: swept.map(Sweep::from),
        findings: findings.into_iter().map(|finding| Missed::of(finding, event.at)).collect(),
        cursor: next.map(|place| cursor::write_text(&place)),
    }))
}

impl From<Swept> for Sweep {
    fn from(swept: Swept) -> Self {
        let Swept { at, recordings, older, objects, words, of_words, .. } = swept;
        Self { at, recordings, older, objects, words, of_words }
    }
}

impl Missed {
    fn of(finding: Finding, now: DateTime<Utc>) -> Self {
        let recording = finding.recording().map(|id| id.to_string());
        let of_an_object = recording.is_none() && finding.user.is_none() && finding.subject != ALL;
        Self {
            kind: finding.kind.as_str(),
            recording,
            key: of_an_object.then_some(finding.subject),
            user: finding.user.map(String::from),
            started_at: finding.started_at,
            since: finding.since,
            age_seconds: (now - finding.age_from).num_seconds(),
            mended: finding.mended,
            detail: finding.detail.and_then(|detail| serde_json::from_str(&detail).ok()),
        }
    }
}
