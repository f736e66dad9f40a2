//! Who has listened to the caller's recordings, by name, and to which of their calls: `GET /v1/me/listeners`.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{access::Action, ids::RecordingId, recording::Recording};
use platform::{
    http::{Known, Problem, cursor, event::Event, extract::Query, page, problem},
    table::audit::{self, Deed, Reading},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;

/// Which events to show, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only those of this recording.
    #[param(value_type = Option<String>)]
    recording: Option<RecordingId>,
    /// `true`: without the caller's own listening.
    #[serde(default)]
    others: bool,
    /// Events on a page, 1 to 1,000; 50 unless given. A page may come short where some are left out.
    limit: Option<usize>,
    /// From the page before.
    cursor: Option<String>,
}

/// A page of those who listened, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listeners {
    events: Vec<Heard>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// Someone listened to one of the caller's recordings, or fetched a copy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Heard {
    #[serde(flatten)]
    event: Event,
    /// The listener's name; null: an application, the operator, or someone who is no longer there.
    name: Option<String>,
    /// The call; null: it is no longer there, or the caller has no right to see their own calls.
    call: Option<Call>,
}

/// What a call is known by.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HeardCall)]
pub struct Call {
    started_at: DateTime<Utc>,
    /// `in` or `out`, seen from the caller.
    #[schema(example = "in")]
    direction: &'static str,
    /// The other party's number in E.164, or `withheld`.
    #[schema(example = "+46701234567")]
    counterpart: String,
}

/// Lists who has listened to the caller's recordings or fetched a copy, newest first.
#[utoipa::path(
    get,
    path = "/v1/me/listeners",
    tag = "me",
    params(Asked),
    responses(
        (status = 200, body = Listeners),
        (status = 403, description = "unknown-user, not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn listeners(State(app): State<App>, known: Known, Query(asked): Query<Asked>) -> Result<Json<Listeners>, Problem> {
    let now = (app.now)();
    let user = known.person(&app.table, &known.event(Deed::SeeListeners, now)).await?;
    let reading = Reading {
        organisation: &known.organisation.id,
        owner: Some(&user.id),
        from: DateTime::UNIX_EPOCH,
        to: now + TimeDelta::days(1),
        who: None,
        but: asked.others.then(|| known.who()),
        deed: None,
        recording: asked.recording,
        subject: None,
        refused: None,
        limit: page::limit(asked.limit)?,
        after: page::after(asked.cursor.as_deref())?,
    };
    let (events, next) = app.table.events(&reading).await?;
    let names = app.table.names_of_those(&known.organisation.id, events.iter().map(|event| event.who.as_str())).await?;
    let calls = seen(&app, &known, &events, now).await?;
    let heard = events.into_iter().map(|event| Heard::of(event, &names, &calls)).collect();
    Ok(Json(Listeners { events: heard, cursor: next.map(|place| cursor::write_text(&place)) }))
}

/// Those of the recordings that the caller may see: all of them are the caller's own, so all or none. 1 request for each 100, or none.
async fn seen(app: &App, known: &Known, events: &[audit::Event], now: DateTime<Utc>) -> Result<BTreeMap<RecordingId, Recording>, Problem> {
    let ids: BTreeSet<RecordingId> = events.iter().filter_map(|event| event.recording).collect();
    let found = app.table.recordings(&known.organisation.id, &ids.into_iter().collect::<Vec<_>>()).await?;
    let calls: BTreeMap<_, _> = found.recordings.into_iter().filter(|call| call.exists(now)).map(|call| (call.id, call)).collect();
    let may = match calls.values().next() {
        Some(call) => known.may(&app.table, Action::See, call, now).await?,
        None => false,
    };
    Ok(if may { calls } else { BTreeMap::new() })
}

impl Heard {
    fn of(event: audit::Event, names: &BTreeMap<String, String>, calls: &BTreeMap<RecordingId, Recording>) -> Self {
        let call = event.recording.and_then(|id| calls.get(&id)).map(Call::of);
        Self { name: names.get(&event.who).cloned(), call, event: event.into() }
    }
}

impl Call {
    fn of(recording: &Recording) -> Self {
        Self {
            started_at: recording.started_at,
            direction: recording.direction.as_str(),
            counterpart: recording.counterpart.clone().into(),
        }
    }
}
