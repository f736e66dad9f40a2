//! Who listened to the caller's recordings, and to which calls: `GET /v1/me/listeners`.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{access::Action, ids::RecordingId, recording::Recording};
use platform::{
    http::{
        Person, Principal, Problem,
        event::Event,
        extract::Query,
        operation::SeeListeners,
        page::{self, Listed, Page},
    },
    table::audit::{self, Reading},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;

/// Which events to list, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only events of this recording.
    #[param(value_type = Option<String>)]
    recording: Option<RecordingId>,
    /// `true` omits the caller's own listening.
    #[serde(default)]
    others: bool,
    /// Events on a page, 1 to 1,000; 50 by default. A page may have fewer.
    limit: Option<usize>,
    /// The cursor of the previous page.
    cursor: Option<String>,
}

/// A listener played or downloaded one of the caller's recordings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Heard {
    #[serde(flatten)]
    event: Event,
    /// The listener's name; null for an application client, the operator or a former user.
    name: Option<String>,
    /// The call; null if it no longer exists or the caller may not see their own calls.
    call: Option<Call>,
}

/// The facts by which the caller recognises a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HeardCall)]
pub struct Call {
    started_at: DateTime<Utc>,
    /// `in` or `out`, seen from the caller.
    #[schema(example = "in")]
    direction: &'static str,
    /// The other party, as in a recording.
    #[schema(example = "+46701234567")]
    counterpart: String,
}

/// Lists who played or downloaded the caller's recordings, newest first.
#[utoipa::path(
    get,
    path = "/v1/me/listeners",
    tag = "me",
    params(Asked),
    responses((status = 200, body = Listeners))
)]
pub async fn listeners(
    State(app): State<App>,
    person: Person<SeeListeners>,
    Query(asked): Query<Asked>,
) -> Result<Listeners, Problem> {
    let (organisation, until) = (&person.organisation.id, person.now + TimeDelta::days(1));
    let reading = Reading {
        recorded_user: Some(&person.user.id),
        but: asked.others.then(|| person.event().actor),
        recording: asked.recording,
        after: page::after(asked.cursor.as_deref())?,
        ..Reading::new(organisation, DateTime::UNIX_EPOCH, until, page::limit(asked.limit)?)
    };
    let (events, next) = app.table.audit_log().events(&reading).await?;
    let names = app
        .table
        .people()
        .names_of_those(organisation, events.iter().map(|event| event.actor.as_str()))
        .await?;
    let calls = seen(&app, &person, &events).await?;
    Ok(Page::read(events.into_iter().map(|event| Heard::of(event, &names, &calls)).collect(), next))
}

/// The recordings that the caller may see. All are their own: all or none. 1 request for each 100.
async fn seen(
    app: &App,
    caller: &Principal,
    events: &[audit::Event],
) -> Result<BTreeMap<RecordingId, Recording>, Problem> {
    let ids: BTreeSet<RecordingId> = events.iter().filter_map(|event| event.recording).collect();
    let found = app
        .table
        .folders()
        .with_ids(&caller.organisation.id, &ids.into_iter().collect::<Vec<_>>())
        .await?;
    let calls: BTreeMap<_, _> = found
        .recordings
        .into_iter()
        .filter(|call| call.exists(caller.now))
        .map(|call| (call.id, call))
        .collect();
    let may = match calls.values().next() {
        Some(call) => caller.may(&app.table, Action::See, call).await?,
        None => false,
    };
    Ok(if may { calls } else { BTreeMap::new() })
}

/// A page of the list.
pub type Listeners = Page<Heard>;

impl Listed for Heard {
    const MEMBER: &'static str = "events";
    const SCHEMA: (&'static str, &'static str) =
        ("Listeners", "A page of listening events, newest first.");
}

impl Heard {
    fn of(
        event: audit::Event,
        names: &BTreeMap<String, String>,
        calls: &BTreeMap<RecordingId, Recording>,
    ) -> Self {
        let call = event.recording.and_then(|id| calls.get(&id)).map(Call::of);
        Self { name: names.get(&event.actor).cloned(), call, event: event.into() }
    }
}

impl Call {
    fn of(recording: &Recording) -> Self {
        Self {
            started_at: recording.started_at,
            direction: recording.direction.into(),
            counterpart: recording.counterpart.clone().into(),
        }
    }
}
