//! `GET /v1/recordings`: pages of recordings as JSON or CSV, and their count.

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
    answer, cursor,
    http::{Caller, Principal, Problem, extract::Query, operation, recording::Recordings},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, file, request::Filter, scope};

/// Bytes of a row without its annotation.
const ROW: usize = 800;

/// The number of recordings that a search finds.
#[derive(Debug, Serialize, ToSchema)]
pub struct Count {
    /// Recordings from the cursor on, or from the beginning, as far as one request may read.
    count: usize,
    /// There may be more: send it as `cursor`, and add the next count. Null when all are counted.
    cursor: Option<String>,
}

/// Lists the recordings that the caller may see, in the order of their starts. `Accept: text/csv`
/// selects a file for a spreadsheet. Later files have no column names.
#[utoipa::path(
    get,
    path = "/v1/recordings",
    tag = "search",
    params(Filter),
    responses(
        (
            status = 200,
            content((Recordings = "application/json"), (String = "text/csv")),
            headers(("next-cursor" = Option<String>, description = "the cursor of the next CSV file; absent from the last")),
        ),
    )
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller<operation::Search>,
    headers: HeaderMap,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let wanted = scope::within(&app, &caller, &filter).await?;
    let search = Search {
        filter: &wanted,
        order: filter.order.into(),
        limit: filter.limit()?,
        after: filter.after()?,
        now: caller.now,
    };
    let as_file = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/csv"));
    let organisation = &caller.organisation.id;
    audited(&app, &caller, async {
        if as_file {
            return file::of(&app, organisation, search, filter.begins()).await;
        }
        let page = fitting(app.table.index().page(organisation, &search).await?);
        Ok(Recordings::from(page).into_response())
    })
    .await
}

/// The response of a search, once its audit event is written. Both run concurrently.
async fn audited<T>(
    app: &App,
    caller: &Principal,
    answer: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let (answer, ()) = tokio::try_join!(answer, async {
        Ok(app.table.audit_log().write(&caller.event()).await?)
    })?;
    Ok(answer)
}

/// The page, shortened if hundreds of long notes would make the response too large.
fn fitting(mut page: search::Page) -> search::Page {
    let count = answer::fitting(&page.rows, bytes);
    if count < page.rows.len() {
        page.rows.truncate(count);
        page.next = page.rows.last().map(Position::of);
    }
    page
}

/// The most bytes that a row takes in a response.
fn bytes(row: &Recording) -> usize {
    let annotation = &row.annotation;
    let texts = annotation
        .fields
        .iter()
        .flatten()
        .map(|field| field.as_str())
        .chain(annotation.note.as_ref().map(|note| note.as_str()));
    ROW + texts.map(answer::escaped).sum::<usize>()
}

/// Counts the recordings that the same search lists, exactly. A large count takes several requests.
#[utoipa::path(
    get,
    path = "/v1/recordings/count",
    tag = "search",
    params(Filter),
    responses((status = 200, body = Count))
)]
pub async fn count(
    State(app): State<App>,
    caller: Caller<operation::Search>,
    Query(filter): Query<Filter>,
) -> Result<Json<Count>, Problem> {
    let wanted = scope::within(&app, &caller, &filter).await?;
    filter.limit()?;
    let search = Search {
        filter: &wanted,
        order: filter.order.into(),
        limit: usize::MAX,
        after: filter.after()?,
        now: caller.now,
    };
    let page = audited(&app, &caller, async {
        Ok(app.table.index().page(&caller.organisation.id, &search).await?)
    })
    .await?;
    Ok(Json(Count { count: page.rows.len(), cursor: page.next.map(cursor::write) }))
}
