//! The statement of a day, line by line: `/v1/completeness/{day}/calls`.

use std::collections::{BTreeMap, HashMap};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    completeness::{CallRecord, CallState, Line},
    delivery::Day,
    ids::{RecordingId, UserId},
    time::in_stockholm,
};
use platform::{
    call_statements::lines,
    csv::Cell,
    cursor,
    http::{
        Admin, Cause, Principal, Problem, csv,
        extract::{Path, Query},
        operation::SeeCompleteness,
        page::{self, not_ours},
    },
    table::completeness::{DayTotals, Explanation},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{App, days::compared, explanations::Explained};

/// The lines to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Lines {
    /// Only calls in this state.
    #[param(value_type = Option<String>)]
    state: Option<CallState>,
    /// Only calls of this user.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// Rows on a page, 1 to 1,000; 50 by default. A page may have fewer and still have a cursor. A
    /// CSV file has up to 5,000.
    limit: Option<usize>,
    /// The cursor of the previous page, or the header `next-cursor` of the previous CSV file.
    cursor: Option<String>,
}

/// A page of a day's statement: missing calls first, stored ones last.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountedCalls {
    calls: Vec<AccountedCall>,
    /// Pass it as `cursor` to get the next page. Null on the last page.
    cursor: Option<String>,
}

/// A call and what became of it, or calls that a phone has numbered and never registered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountedCall {
    /// The recording's id, or an id of the gap.
    id: String,
    /// Null for a gap in a phone's numbers.
    call_id: Option<String>,
    user: String,
    /// `missing`, `rejected`, `expected`, `damaged`, `refused`, `not-recorded`, `erased` or
    /// `stored`.
    state: &'static str,
    /// Why it is in this state. Of a refused call, the code of the problem. Of one that was not to be
    /// recorded: `not-answered`, `unknown-user`, `no-base-service`, `no-plan`, `not-active`,
    /// `not-acknowledged`. Of a missing one: `sequence-gap` or null.
    reason: Option<String>,
    /// The start of the call. For a gap, that of the call after it.
    started_at: DateTime<Utc>,
    duration_ms: i64,
    /// The number of calls: 1, or those of a gap.
    calls: u64,
    /// Whether the operator's switch reported it.
    reported: bool,
    /// Whether it began while another call of the user lasted, as by a wrong clock.
    overlaps: bool,
    registered_at: Option<DateTime<Utc>>,
    /// Seconds since the registration, of an expected call.
    age_seconds: Option<i64>,
    /// The phone with the gap.
    device_id: Option<String>,
    /// The other end as the switch reported it, for up to 30 days.
    counterpart: Option<String>,
    /// The recording if it exists now, even if it came after the statement.
    recording: Option<String>,
    explanation: Option<Explained>,
}

/// The most lines of a CSV file.
const FILE: usize = 5_000;
/// Bytes of one read, and the most reads of one page.
const CHUNK: u64 = 1024 * 1024;
const CHUNKS: usize = 4;
const COLUMNS: [&str; 15] = [
    "day",
    "started",
    "startedUtc",
    "user",
    "state",
    "reason",
    "calls",
    "seconds",
    "reported",
    "registeredUtc",
    "explained",
    "overlaps",
    "deviceId",
    "callId",
    "id",
];

/// Lists the calls of a day's statement. `Accept: text/csv` selects a file for a spreadsheet, whose
/// content never changes once the day is closed. Later files have no column names.
#[utoipa::path(
    get,
    path = "/v1/completeness/{day}/calls",
    tag = "completeness",
    params(("day" = String, Path, description = "yyyy-mm-dd, in Stockholm"), Lines),
    responses(
        (
            status = 200,
            content((AccountedCalls = "application/json"), (String = "text/csv")),
            headers(("next-cursor" = Option<String>, description = "the cursor of the next CSV file; absent from the last")),
        ),
        (status = 404, description = "not-found: the day was not compared"),
    )
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<SeeCompleteness>,
    Path(day): Path<Day>,
    headers: HeaderMap,
    Query(query): Query<Lines>,
) -> Result<Response, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let day = compared(&app, &admin, day).await?;
    let as_file = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/csv"));
    let limit = if as_file { FILE } else { limit };
    let section = section(&day, query.state);
    let begins = after.is_none();
    let from = after.map_or(Ok(section.0), |place| offset(&place, &day, section))?;
    let (lines, next) =
        read(&app, &admin, &day, (from, section.1), query.user.as_ref(), limit).await?;
    let next = next.map(|next| cursor::write_text(&place(&day, next)));
    match as_file {
        true => file(&day, lines, begins, next.as_deref()),
        false => Ok(Json(page(&app, &admin, &day, lines, next).await?).into_response()),
    }
}

/// The first byte of the lines of a state, and the first after them.
pub fn section(day: &DayTotals, state: Option<CallState>) -> (u64, u64) {
    let Some(state) = state else { return (0, day.bytes) };
    let Some(from) = day.sections.get(&state).copied() else { return (0, 0) };
    let next = day.sections.values().copied().filter(|begins| *begins > from).min();
    (from, next.unwrap_or(day.bytes))
}

/// The position of a cursor: the comparison that it belongs to, and the byte.
fn place(day: &DayTotals, offset: u64) -> String {
    format!("{}:{offset}", day.at.timestamp_millis())
}

fn offset(place: &str, day: &DayTotals, section: (u64, u64)) -> Result<u64, Problem> {
    let (at, offset) = place.split_once(':').ok_or_else(not_ours)?;
    if at != day.at.timestamp_millis().to_string() {
        return Err(Problem::because(
            Cause::Invalid,
            "the day has been compared again; begin with the first page",
        ));
    }
    let offset: u64 = offset.parse().map_err(|_| not_ours())?;
    let within = (section.0..section.1).contains(&offset);
    if within { Ok(offset) } else { Err(not_ours()) }
}

/// Lines from a byte on, of one user if given, and the byte of the next page. 1 to 4 requests.
pub async fn read(
    app: &App,
    admin: &Principal,
    day: &DayTotals,
    (mut from, end): (u64, u64),
    user: Option<&UserId>,
    limit: usize,
) -> Result<(Vec<Line>, Option<u64>), Problem> {
    let mut found = Vec::new();
    for _ in 0..CHUNKS {
        if from >= end || found.len() >= limit {
            break;
        }
        let body = app
            .calls
            .read_statement(&admin.organisation.id, day, from, CHUNK.min(end - from))
            .await
            .map_err(Problem::internal)?;
        let whole = body.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        if whole == 0 {
            return Err(not_ours()); // a forged cursor
        }
        for (text, line) in
            body[..whole].split_inclusive(|byte| *byte == b'\n').zip(lines(&body[..whole]))
        {
            let line = line.map_err(|_| not_ours())?;
            from += text.len() as u64;
            if user.is_none_or(|user| *user == line.user) {
                found.push(line);
            }
            if found.len() >= limit {
                break;
            }
        }
    }
    Ok((found, (from < end).then_some(from)))
}

/// The lines with what is known now. Up to 3 requests.
async fn page(
    app: &App,
    admin: &Principal,
    day: &DayTotals,
    lines: Vec<Line>,
    cursor: Option<String>,
) -> Result<AccountedCalls, Problem> {
    let of = &admin.organisation.id;
    let of_state = |states: &[CallState]| -> Vec<RecordingId> {
        let calls =
            lines.iter().filter(|line| states.contains(&line.state) && line.call_id.is_some());
        calls.map(|line| line.id).collect()
    };
    let open = of_state(&[CallState::Missing, CallState::Refused, CallState::NotRecorded]);
    let reports = app.table.call_records().named(of, &open).await?;
    let reports: HashMap<RecordingId, CallRecord> =
        reports.into_iter().map(|report| (report.id, report)).collect();
    let now = app.table.findings().reads(of).named(&open, true).await?;
    let now: Vec<RecordingId> = now.into_iter().map(|recording| recording.id).collect();
    let explanations = match lines.iter().any(|line| line.state == CallState::Missing) {
        true => app.table.completeness().explanations(of, day.day).await?,
        false => BTreeMap::new(),
    };
    let calls = lines.into_iter().map(|line| {
        let report = reports.get(&line.id).filter(|report| report.counterpart.is_known());
        let exists = line.registered_at.is_some() || now.contains(&line.id);
        let explanation = explanations.get(&line.id).cloned();
        AccountedCall {
            counterpart: report.map(|report| report.counterpart.to_string()),
            recording: exists.then(|| line.id.to_string()),
            ..AccountedCall::of(line, explanation, admin.now)
        }
    });
    Ok(AccountedCalls { calls: calls.collect(), cursor })
}

impl AccountedCall {
    fn of(line: Line, explanation: Option<Explanation>, now: DateTime<Utc>) -> Self {
        let since = line.registered_at.filter(|_| line.state == CallState::Expected);
        Self {
            id: line.id.to_string(),
            call_id: line.call_id.map(Into::into),
            user: line.user.into(),
            state: line.state.into(),
            reason: line.reason,
            started_at: line.started_at,
            duration_ms: line.duration_ms,
            calls: line.calls,
            reported: line.reported,
            overlaps: line.overlaps,
            registered_at: line.registered_at,
            age_seconds: since.map(|since| (now - since).num_seconds()),
            device_id: line.device.map(Into::into),
            counterpart: None,
            recording: None,
            explanation: explanation.map(Explained::from),
        }
    }
}

fn file(
    day: &DayTotals,
    lines: Vec<Line>,
    begins: bool,
    next: Option<&str>,
) -> Result<Response, Problem> {
    let names: &[&str] = if begins { &COLUMNS } else { &[] };
    let name = format!("calls-{}.csv", day.day);
    let rows = lines.into_iter().map(|line| row(day, line));
    let mut response = csv::file(&name, names, rows).map_err(Problem::internal)?;
    if let Some(next) = next.and_then(|next| HeaderValue::from_str(next).ok()) {
        response.headers_mut().insert("next-cursor", next);
    }
    Ok(response)
}

fn row(day: &DayTotals, line: Line) -> [Cell; COLUMNS.len()] {
    let value = |value: String| Cell::Value(value);
    let utc = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    [
        value(day.day.to_string()),
        value(in_stockholm(line.started_at).format("%Y-%m-%d %H:%M:%S%:z").to_string()),
        value(utc(line.started_at)),
        Cell::Text(line.user.into()),
        value(line.state.to_string()),
        Cell::text(line.reason),
        value(line.calls.to_string()),
        value((line.duration_ms / 1000).to_string()),
        value(line.reported.to_string()),
        value(line.registered_at.map(utc).unwrap_or_default()),
        value(line.explained.to_string()),
        value(line.overlaps.to_string()),
        Cell::text(line.device),
        Cell::text(line.call_id),
        value(line.id.to_string()),
    ]
}
