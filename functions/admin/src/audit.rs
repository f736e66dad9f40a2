//! The audit log: `/v1/audit`, as JSON or, for a spreadsheet, as CSV.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrganisationId, RecordingId},
    time::Instant,
};
use platform::{
    answer,
    csv::Cell,
    cursor,
    http::{Admin, Cause, Problem, csv, event::Events, extract::Query, operation::ReadAudit, page},
    table::audit::{Event, Reading},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::App;

/// Which events to list, newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// From this time, inclusive (RFC 3339, years 2000 to 2199).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
    /// To this time, exclusive (RFC 3339, years 2000 to 2199).
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
    /// The actor: `user:ID`, `client:ID` or `operator:ID`.
    actor: Option<String>,
    /// The action, as in the member `action`.
    action: Option<String>,
    /// Only events about this recording.
    #[param(value_type = Option<String>)]
    recording: Option<RecordingId>,
    /// The user, group, client or job that the event concerns.
    resource: Option<String>,
    /// Only denied requests (`true`), or only permitted ones (`false`).
    denied: Option<bool>,
    /// Events on a page, 1 to 1,000; 50 by default. A page may have fewer and still have a cursor.
    /// A CSV file has up to 10,000.
    limit: Option<usize>,
    /// The cursor of the previous page, or the header `next-cursor` of the previous CSV file.
    cursor: Option<String>,
}

/// The most events in one CSV file. A file of long events has fewer: see [`answer::BYTES`].
const FILE: usize = 10_000;
/// The most pages that one file reads while the filters exclude most events.
const PAGES_AT_MOST: usize = 10;
const COLUMNS: [&str; 11] = [
    "at",
    "actor",
    "action",
    "recording",
    "resource",
    "recordedUser",
    "detail",
    "reason",
    "denial",
    "address",
    "request",
];

/// Lists the audit log. With `Accept: text/csv` the response is a file for a spreadsheet.
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "admin",
    params(Filter),
    responses(
        (
            status = 200,
            content((Events = "application/json"), (String = "text/csv")),
            headers(("next-cursor" = Option<String>, description = "the cursor of the next CSV file; absent from the last")),
        ),
    )
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<ReadAudit>,
    headers: HeaderMap,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let mut reading = filter.reading(&admin.organisation.id, admin.now)?;
    let as_file = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/csv"));
    if as_file {
        reading.limit = page::ROWS_AT_MOST;
        return file(&app, reading).await;
    }
    let (events, next) = app.table.audit_log().events(&reading).await?;
    Ok(Events::read(events, next).into_response())
}

/// A file of at most [`FILE`] events.
async fn file(app: &App, mut reading: Reading<'_>) -> Result<Response, Problem> {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for _ in 0..PAGES_AT_MOST {
        let (events, next) = app.table.audit_log().events(&reading).await?;
        rows.extend(events.iter().map(row).inspect(|row| bytes += answer::cells(row)));
        reading.after = next;
        if reading.after.is_none()
            || rows.len() + page::ROWS_AT_MOST > FILE
            || bytes >= answer::BYTES
        {
            break;
        }
    }
    let mut response = csv::file("audit.csv", &COLUMNS, rows).map_err(Problem::internal)?;
    if let Some(next) =
        reading.after.and_then(|place| HeaderValue::from_str(&cursor::write_text(&place)).ok())
    {
        response.headers_mut().insert("next-cursor", next);
    }
    Ok(response)
}

fn row(event: &Event) -> [Cell; COLUMNS.len()] {
    let text = |text: &Option<String>| Cell::text(text.clone());
    [
        Cell::Value(event.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
        Cell::Text(event.actor.clone()),
        Cell::Value(event.action.to_string()),
        Cell::text(event.recording.map(|id| id.to_string())),
        text(&event.resource),
        Cell::text(event.recorded_user.as_ref().map(ToString::to_string)),
        text(&event.detail),
        text(&event.reason),
        text(&event.denial),
        Cell::Value(event.address.clone()),
        Cell::Value(event.request.clone()),
    ]
}

impl Filter {
    fn reading<'a>(
        &self,
        organisation: &'a OrganisationId,
        now: DateTime<Utc>,
    ) -> Result<Reading<'a>, Problem> {
        let unknown = || {
            Problem::because(
                Cause::Invalid,
                "there is no such action; each event contains its action",
            )
        };
        let from = self.from.map_or(DateTime::UNIX_EPOCH, Instant::utc);
        let to = self.to.map_or(now + TimeDelta::days(1), Instant::utc);
        Ok(Reading {
            actor: self.actor.clone(),
            action: self
                .action
                .as_deref()
                .map(|action| action.parse().map_err(|_| unknown()))
                .transpose()?,
            recording: self.recording,
            resource: self.resource.clone(),
            denied: self.denied,
            after: page::after(self.cursor.as_deref())?,
            ..Reading::new(organisation, from, to, page::limit(self.limit)?)
        })
    }
}
