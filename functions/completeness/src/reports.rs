//! Calls that the operator's switch reports: `POST /v1/organisations/{organisation}/calls`.

use axum::{Json, extract::State};
use domain::ids::OrganisationId;
use platform::{
    call_lines::{CallLines, InvalidLine, ReportedCall},
    http::{
        Cause, Operator, Problem,
        extract::{Body, Path},
        operation::ReportCalls,
    },
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::App;

/// The most bytes and lines of a request. API Gateway sends base64, in events of at most 6 MB.
pub const BODY_AT_MOST: usize = 4 * 1024 * 1024;
const LINES: usize = 5_000;
/// The most invalid lines in a response.
const INVALID: usize = 100;

/// The result of a report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallReport)]
pub struct Report {
    /// Lines that are not empty.
    lines: usize,
    /// Calls that were stored. Several lines of one call are one.
    stored: usize,
    /// Lines that are not valid and were not stored.
    invalid: usize,
    /// The first 100 of those.
    #[schema(max_items = 100)]
    details: Vec<InvalidLine>,
}

/// Reports calls, before or after the app registers them: one JSON object per line, at most 5,000
/// lines and 4 MiB. A line replaces an earlier one of the same call id, so the request can be
/// repeated. The next night compares the calls with the recordings.
#[utoipa::path(
    post,
    path = "/v1/organisations/{organisation}/calls",
    tag = "completeness",
    params(("organisation" = String, Path, description = "its id")),
    request_body(content = ReportedCall, content_type = "application/x-ndjson", description = "one call per line"),
    responses(
        (status = 200, description = "stored, except for the invalid lines", body = Report),
        (status = 404, description = "not-found: there is no such organisation"),
        (status = 413, description = "too-large: send it in parts"),
        (status = 429, description = "busy: send it again; over-budget"),
    )
)]
pub async fn report(
    State(app): State<App>,
    operator: Operator<ReportCalls>,
    Path(organisation): Path<OrganisationId>,
    Body(body): Body,
) -> Result<Json<Report>, Problem> {
    let no_such = || Problem::because(Cause::NotFound, "there is no such organisation");
    let of = app.table.people().organisation(&organisation).await?.ok_or_else(no_such)?;
    if CallLines::count(&body) > LINES {
        return Err(Problem::because(
            Cause::TooLarge,
            "a report has at most 5000 lines; send it in parts",
        ));
    }
    let found = CallLines::read(&body, &organisation, of.country, operator.now);
    app.table.call_records().put(&organisation, &found.records, operator.now).await?;
    let (stored, invalid) = (found.records.len(), found.invalid_lines);
    operator.detail(&json!({ "lines": found.lines, "invalid": invalid }));
    let details = found.invalid.into_iter().take(INVALID).collect();
    Ok(Json(Report { lines: found.lines, stored, invalid, details }))
}
