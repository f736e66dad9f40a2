//! `GET /v1/recordings`: pages of recordings, as JSON or as CSV, and their number.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use domain::{
    recording::Recording,
    search::{self, Position, Search},
};
use platform::{
    answer,
    http::{Known, Problem, cursor, extract::Query, problem, recording::Page},
    table::audit::{Deed, Event},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, asked::asked, file, request::Filter, scope};

/// Bytes of a row without what is said of it.
const ROW: usize = 800;

/// How many recordings a search finds.
#[derive(Debug, Serialize, ToSchema)]
pub struct Count {
    /// Those from the cursor on, or from the beginning, up to where one request may read.
    count: usize,
    /// There may be more: hand it in as `cursor`, and add what it gives; null when all are counted.
    cursor: Option<String>,
}

/// Lists the recordings that the caller may see, in the order of their starts. `Accept: text/csv` answers with a file for a spreadsheet; one
/// that follows by cursor has no line of names, so that the files put together are one.
#[utoipa::path(
    get,
    path = "/v1/recordings",
    tag = "search",
    params(Filter),
    responses(
        (
            status = 200,
            content((Page = "application/json"), (String = "text/csv")),
            headers(("next-cursor" = Option<String>, description = "of a CSV file that is not the last: where the next begins")),
        ),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, known: Known, headers: HeaderMap, Query(filter): Query<Filter>) -> Result<Response, Problem> {
    let now = (app.now)();
    let event = known.event(Deed::Search, now).detailed(&asked(&app, &known.organisation.id, &filter).await?);
    let wanted = scope::within(&app, &known, &filter, &event, now).await?;
    let search = Search { filter: &wanted, order: filter.order.into(), limit: filter.limit()?, after: filter.after()?, now };
    let as_file = headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/csv"));
    let organisation = &known.organisation.id;
    told(&app, &event, async {
        if as_file {
            return file::of(&app, organisation, search, filter.begins()).await;
        }
        let page = fitting(app.table.page(organisation, &search).await?);
        Ok(Page::from(page).into_response())
    })
    .await
}

/// What a search answers, once the audit log has it that it was asked; both are under way at once.
async fn told<T>(app: &App, event: &Event, answer: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let (answer, ()) = tokio::try_join!(answer, async { Ok(app.table.audit(event).await?) })?;
    Ok(answer)
}

/// The page, cut where an answer of it would be larger than a function may give, which takes hundreds of the longest notes.
fn fitting(mut page: search::Page) -> search::Page {
    let count = answer::fitting(&page.rows, bytes);
    if count < page.rows.len() {
        page.rows.truncate(count);
        page.next = page.rows.last().map(Position::of);
    }
    page
}

/// Bytes that a row takes in an answer, at most.
fn bytes(row: &Recording) -> usize {
    let said = &row.annotation;
    let texts = said.fields.iter().flatten().map(|field| field.as_str()).chain(said.note.as_ref().map(|note| note.as_str()));
    ROW + texts.map(answer::escaped).sum::<usize>()
}

/// Counts the recordings that the same search lists, exactly. A count of very many takes several requests.
#[utoipa::path(
    get,
    path = "/v1/recordings/count",
    tag = "search",
    params(Filter),
    responses(
        (status = 200, body = Count),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn count(State(app): State<App>, known: Known, Query(filter): Query<Filter>) -> Result<Json<Count>, Problem> {
    let now = (app.now)();
    let event = known.event(Deed::Search, now).detailed(&asked(&app, &known.organisation.id, &filter).await?);
    let wanted = scope::within(&app, &known, &filter, &event, now).await?;
    filter.limit()?;
    let search = Search { filter: &wanted, order: filter.order.into(), limit: usize::MAX, after: filter.after()?, now };
    let page = told(&app, &event, async { Ok(app.table.page(&known.organisation.id, &search).await?) }).await?;
    Ok(Json(Count { count: page.rows.len(), cursor: page.next.map(cursor::write) }))
}
