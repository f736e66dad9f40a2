//! The audit log: `/v1/audit`, as JSON or, for a spreadsheet, as CSV.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{access::Duty, ids::RecordingId, time::Instant};
use platform::{
    answer,
    http::{
        Cause, Known, Problem,
        csv::{self, Cell},
        cursor,
        event::Events,
        extract::Query,
        page, problem,
    },
    table::audit::{Deed, Event, Reading},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::App;

/// Which events to read, newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// From this time, inclusive (RFC 3339, of the years 2000 to 2199).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
    /// To this time, exclusive (RFC 3339, likewise).
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
    /// Who did it: `user:ID`, `client:ID` or `operator:ID`.
    who: Option<String>,
    /// What was done, as `deed` names it.
    deed: Option<String>,
    /// About this recording.
    #[param(value_type = Option<String>)]
    recording: Option<RecordingId>,
    /// About this user, group or client.
    subject: Option<String>,
    /// Only what was refused (`true`), or only what was done (`false`).
    refused: Option<bool>,
    /// Events on a page, 1 to 1,000; 50 unless given. A page may come short and still have a cursor. A CSV file holds up to 10,000.
    limit: Option<usize>,
    /// From the page before; a CSV file that is not the last names it in the header `next-cursor`.
    cursor: Option<String>,
}

/// Events of one CSV file. It ends sooner where they are long: see [`answer::BYTES`].
const FILE: usize = 10_000;
/// Pages that one file may read while the filters leave out most.
const PAGES_AT_MOST: usize = 10;
const COLUMNS: [&str; 11] = ["at", "who", "deed", "recording", "subject", "owner", "detail", "reason", "refused", "address", "request"];

/// Reads the audit log. `Accept: text/csv` answers with a file for a spreadsheet.
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "admin",
    params(Filter),
    responses(
        (
            status = 200,
            content((Events = "application/json"), (String = "text/csv")),
            headers(("next-cursor" = Option<String>, description = "of a CSV file that is not the last: where the next begins")),
        ),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, known: Known, headers: HeaderMap, Query(filter): Query<Filter>) -> Result<Response, Problem> {
    let now = (app.now)();
    let event = known.event(Deed::ReadAudit, now);
    known.with_duty(&app.table, Duty::ReadAudit, &event).await?;
    let mut reading = filter.reading(&known, now)?;
    let as_file = headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/csv"));
    let answer = if as_file {
        reading.limit = page::ROWS_AT_MOST;
        file(&app, reading).await?
    } else {
        let (events, next) = app.table.events(&reading).await?;
        let cursor = next.map(|place| cursor::write_text(&place));
        Json(Events { events: events.into_iter().map(Into::into).collect(), cursor }).into_response()
    };
    app.table.audit(&event).await?;
    Ok(answer)
}

/// A file of the events, up to [`FILE`] of them.
async fn file(app: &App, mut reading: Reading<'_>) -> Result<Response, Problem> {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for _ in 0..PAGES_AT_MOST {
        let (events, next) = app.table.events(&reading).await?;
        rows.extend(events.iter().map(row).inspect(|row| bytes += answer::cells(row)));
        reading.after = next;
        if reading.after.is_none() || rows.len() + page::ROWS_AT_MOST > FILE || bytes >= answer::BYTES {
            break;
        }
    }
    let mut response = csv::file("audit.csv", &COLUMNS, rows).map_err(Problem::internal)?;
    if let Some(next) = reading.after.and_then(|place| HeaderValue::from_str(&cursor::write_text(&place)).ok()) {
        response.headers_mut().insert("next-cursor", next);
    }
    Ok(response)
}

fn row(event: &Event) -> [Cell; COLUMNS.len()] {
    let text = |text: &Option<String>| Cell::text(text.clone());
    [
        Cell::Value(event.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
        Cell::Text(event.who.clone()),
        Cell::Value(event.deed.as_str().to_owned()),
        Cell::text(event.recording.map(|id| id.to_string())),
        text(&event.subject),
        Cell::text(event.owner.as_ref().map(ToString::to_string)),
        text(&event.detail),
        text(&event.reason),
        text(&event.refused),
        Cell::Value(event.address.clone()),
        Cell::Value(event.request.clone()),
    ]
}

impl Filter {
    fn reading<'a>(&self, known: &'a Known, now: DateTime<Utc>) -> Result<Reading<'a>, Problem> {
        let unknown = || Problem::because(Cause::Invalid, "there is no such deed; the events name theirs");
        Ok(Reading {
            organisation: &known.organisation.id,
            owner: None,
            from: self.from.map_or(DateTime::UNIX_EPOCH, Instant::utc),
            to: self.to.map_or(now + TimeDelta::days(1), Instant::utc),
            who: self.who.clone(),
            but: None,
            deed: self.deed.as_deref().map(|deed| Deed::parse(deed).ok_or_else(unknown)).transpose()?,
            recording: self.recording,
            subject: self.subject.clone(),
            refused: self.refused,
            limit: page::limit(self.limit)?,
            after: page::after(self.cursor.as_deref())?,
        })
    }
}
