//! A search as CSV files of bounded size, which together form one table.

use axum::{http::HeaderValue, response::Response};
use chrono::SecondsFormat;
use domain::{
    ids::OrganisationId,
    search::{Position, Search},
    time::in_stockholm,
};
use platform::{
    answer,
    csv::Cell,
    cursor,
    http::{Problem, csv, recording::Recording as Shown},
};

use crate::App;

/// The most recordings in one file.
const ROWS: usize = 10_000;
/// The most pages that one file reads, and the rows of each.
const PAGES: usize = 40;
const PAGE: usize = 250;
const COLUMNS: [&str; 21] = [
    "started",
    "startedUtc",
    "user",
    "direction",
    "counterpart",
    "seconds",
    "duration",
    "state",
    "mark",
    "note",
    "field1",
    "field2",
    "field3",
    "held",
    "callId",
    "id",
    "contentType",
    "bytes",
    "sha256",
    "conversationId",
    "participants",
];

/// A file of the search's results from its position on, with column names if it `begins` the table.
pub async fn of(
    app: &App,
    organisation: &OrganisationId,
    mut search: Search<'_>,
    begins: bool,
) -> Result<Response, Problem> {
    search.limit = PAGE;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for _ in 0..PAGES {
        let page = app.table.index().page(organisation, &search).await?;
        let short = page.rows.len() < search.limit;
        search.after = page.next;
        for recording in page.rows {
            let (place, row) = (Position::of(&recording), row(&Shown::from(recording)));
            bytes += answer::cells(&row);
            rows.push(row);
            if bytes >= answer::BYTES {
                search.after = Some(place);
                break;
            }
        }
        if short || search.after.is_none() || rows.len() + PAGE > ROWS || bytes >= answer::BYTES {
            break;
        }
    }
    let names: &[&str] = if begins { &COLUMNS } else { &[] };
    let mut response = csv::file("recordings.csv", names, rows).map_err(Problem::internal)?;
    if let Some(next) =
        search.after.and_then(|place| HeaderValue::from_str(&cursor::write(place)).ok())
    {
        response.headers_mut().insert("next-cursor", next);
    }
    Ok(response)
}

/// A recording's row. The offset in `started` marks October's repeated hour; `startedUtc` sorts.
fn row(recording: &Shown) -> [Cell; COLUMNS.len()] {
    let (text, value) =
        (|text: &Option<String>| Cell::text(text.clone()), |value: String| Cell::Value(value));
    let seconds = recording.duration_ms / 1000;
    [
        value(in_stockholm(recording.started_at).format("%Y-%m-%d %H:%M:%S%:z").to_string()),
        value(recording.started_at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        Cell::Text(recording.user.clone()),
        value(recording.direction.to_owned()),
        Cell::Text(recording.counterpart.clone()),
        value(seconds.to_string()),
        value(format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)),
        value(recording.state.to_owned()),
        text(&recording.mark),
        text(&recording.note),
        text(&recording.fields[0]),
        text(&recording.fields[1]),
        text(&recording.fields[2]),
        value(recording.held_since.is_some().to_string()),
        Cell::Text(recording.call_id.clone()),
        value(recording.id.clone()),
        value(recording.content_type.to_owned()),
        value(recording.content_length.to_string()),
        value(recording.sha256.clone()),
        text(&recording.conversation_id),
        Cell::Text(recording.participants.join(" ")),
    ]
}
