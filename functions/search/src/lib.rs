//! Finds recordings: `GET /v1/recordings`, `GET /v1/recordings/{id}`.

mod request;

use axum::{
    Json, Router,
    extract::{FromRef, State},
    routing::get,
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Action, Caller, Scope},
    ids::{RecordingId, UserId},
    people::Name,
};
use platform::{
    http::{
        Cause, Known, Problem, cursor,
        extract::{Path, Query},
        problem,
        recording::Recording as Shown,
    },
    table::{Table, audit::Deed, directory, recording::Listing},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use request::Filter;

/// What the function works with.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

/// This function's part of the API's document.
#[derive(OpenApi)]
#[openapi(paths(list, one))]
pub struct Document;

/// A page of recordings.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page {
    recordings: Vec<Shown>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

pub fn router(app: App) -> Router {
    let routes = Router::new().route("/v1/recordings", get(list)).route("/v1/recordings/{id}", get(one));
    platform::http::dressed(routes.with_state(app))
}

/// Lists the recordings that the caller may see, in the order of their starts.
#[utoipa::path(
    get,
    path = "/v1/recordings",
    tag = "search",
    params(Filter),
    responses(
        (status = 200, body = Page),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
async fn list(State(app): State<App>, known: Known, Query(filter): Query<Filter>) -> Result<Json<Page>, Problem> {
    let now = (app.now)();
    let event = known.event(Deed::Search, now);
    let supervised = known.supervised(&app.table, now).await?;
    let users = match whose(&known.caller(supervised), filter.user.as_ref()) {
        Ok(users) => users,
        Err(problem) => return Err(known.refuse(&app.table, event, problem).await),
    };
    let search = filter.search(named(&app, &known, &filter, users).await?)?;
    let listing = Listing {
        organisation: &known.organisation.id,
        filter: &search,
        order: filter.order.into(),
        limit: filter.limit()?,
        after: filter.after()?,
    };
    let (recordings, next) = app.table.page(&listing, now).await?;
    app.table.audit(&event).await?;
    Ok(Json(Page { recordings: recordings.into_iter().map(Shown::from).collect(), cursor: next.map(cursor::write) }))
}

/// The users whose recordings to list, if not everyone's: within what the caller may see.
fn whose(caller: &Caller, asked: Option<&UserId>) -> Result<Option<Vec<UserId>>, Problem> {
    match (caller.scope(), asked) {
        (Scope::Organisation, asked) => Ok(asked.map(|user| vec![user.clone()])),
        (Scope::Users(users), _) if users.is_empty() => {
            Err(Problem::because(Cause::NotAllowed, "you may not list recordings; an administrator grants the right"))
        }
        (Scope::Users(users), None) => Ok(Some(users)),
        (Scope::Users(users), Some(user)) if users.contains(user) => Ok(Some(vec![user.clone()])),
        (Scope::Users(_), Some(_)) => {
            Err(Problem::because(Cause::NotAllowed, "you may not list this user's recordings; leave the user out"))
        }
    }
}

/// Those of the users whose name is asked for, if one is. No request, or 1 and more for a name that few have.
async fn named(app: &App, known: &Known, filter: &Filter, users: Option<Vec<UserId>>) -> Result<Option<Vec<UserId>>, Problem> {
    let Some(name) = filter.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) else { return Ok(users) };
    if name.chars().count() > Name::CHARACTERS {
        return Err(Problem::because(Cause::Invalid, "a name holds at most 100 characters"));
    }
    let page = directory::Page { organisation: &known.organisation.id, holding: Some(name), limit: NAMED, after: None };
    let (found, _) = app.table.list_users(&page).await?;
    let seen = |id: &UserId| users.as_ref().is_none_or(|users| users.contains(id));
    Ok(Some(found.into_iter().map(|user| user.id).filter(seen).collect()))
}

/// Users that a search by name takes at most.
const NAMED: usize = 100;

/// Shows one recording.
#[utoipa::path(
    get,
    path = "/v1/recordings/{id}",
    tag = "search",
    params(("id" = String, Path, description = "the recording's id")),
    responses(
        (status = 200, body = Shown),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
async fn one(State(app): State<App>, known: Known, Path(id): Path<RecordingId>) -> Result<Json<Shown>, Problem> {
    let now = (app.now)();
    let event = known.event_on(Deed::See, id, now);
    let Some(recording) = app.table.recording(&known.organisation.id, id, now).await? else {
        return Err(known.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    if !known.may(&app.table, Action::See, &recording, now).await? {
        return Err(known.refuse(&app.table, event, Problem::new(Cause::NotAllowed)).await);
    }
    app.table.audit(&event).await?;
    Ok(Json(recording.into()))
}
