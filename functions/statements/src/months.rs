//! The organisation's statements: `/v1/statements`.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::{
    access::Duty,
    billing::{self, Month, today},
};
use platform::{
    exports,
    http::{Cause, Known, Problem, extract::Path, problem, statement::Statement},
    table::{audit::Deed, statement},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// The months that were billed, newest first, and the running one.
#[derive(Debug, Serialize, ToSchema)]
pub struct Statements {
    /// The running month, whose statement is a preview.
    running: String,
    statements: Vec<Billed>,
}

/// A month that was billed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BilledMonth)]
pub struct Billed {
    /// `yyyy-mm`.
    month: String,
    /// SEK, without VAT.
    total: String,
    lines: u64,
}

/// Lists the months that were billed.
#[utoipa::path(
    get,
    path = "/v1/statements",
    tag = "statements",
    responses(
        (status = 200, body = Statements),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, known: Known) -> Result<Json<Statements>, Problem> {
    let now = (app.now)();
    let event = known.event(Deed::ListStatements, now);
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let exported = app.table.statements(&known.organisation.id).await?;
    app.table.audit(&event).await?;
    Ok(Json(Statements { running: Month::of(today(now)).to_string(), statements: exported.into_iter().map(Billed::from).collect() }))
}

/// Shows what the organisation owes for a month; of the running one, as if it ended now, marked as a preview.
#[utoipa::path(
    get,
    path = "/v1/statements/{month}",
    tag = "statements",
    params(("month" = String, Path, description = "yyyy-mm")),
    responses(
        (status = 200, body = Statement),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: the month was not billed", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, known: Known, Path(month): Path<String>) -> Result<Response, Problem> {
    let now = (app.now)();
    let event = known.event_about(Deed::SeeStatement, &month, now);
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let month = Month::try_from(month).map_err(|error| Problem::because(Cause::NotFound, error))?;
    let answer = match month == Month::of(today(now)) {
        true => preview(&app, &known, month).await?.into_response(),
        false => billed(&app, &known, month).await?,
    };
    app.table.audit(&event).await?;
    Ok(answer)
}

async fn preview(app: &App, known: &Known, month: Month) -> Result<Json<Statement>, Problem> {
    let general = app.table.terms(None).await?;
    let facts = app.table.facts(&known.organisation.id, &general, month).await?;
    let statement = billing::preview(&facts.switches, &facts.usage, &facts.terms, (app.now)());
    Ok(Json(Statement::of(&statement, true)))
}

/// The file as it was exported.
async fn billed(app: &App, known: &Known, month: Month) -> Result<Response, Problem> {
    let organisation = &known.organisation.id;
    let file = app.exports.read(month, &exports::statement(organisation)).await.map_err(Problem::internal)?;
    let missing = || Problem::because(Cause::NotFound, "the month was not billed: it is not over, or there was nothing to bill");
    let mut response = file.ok_or_else(missing)?.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

impl From<statement::Exported> for Billed {
    fn from(exported: statement::Exported) -> Self {
        Self { month: exported.month.to_string(), total: exported.total, lines: exported.lines }
    }
}
