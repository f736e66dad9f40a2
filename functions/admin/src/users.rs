//! The organisation's users: `/v1/users`. The operator provisions them; administrators decide what they may do.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{
    access::Duty,
    ids::UserId,
    people::{self, Organisation},
};
use platform::{
    http::{
        Cause, Known, Problem,
        extract::{self, Path, Query},
        page,
        person::{Rights, User},
        problem,
    },
    table::{audit::Deed, commit::Commit, directory, key},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;

/// Which users to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those whose name, id or number holds this text, whatever its case: 1 to 100 characters.
    pub q: Option<String>,
    /// Rows on a page, 1 to 1,000; 50 unless given. A page may come short and still have a cursor.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// A page of users, sorted by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Users {
    users: Vec<User>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// What to change of a user; what is left out stays.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChange)]
pub struct Change {
    /// To their own recordings; replaces what was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    rights: Option<Rights>,
    /// Whether they administer the organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    administrator: Option<bool>,
}

/// Lists users by name, or finds them by a part of their name, id or number.
#[utoipa::path(
    get,
    path = "/v1/users",
    tag = "admin",
    params(Filter),
    responses(
        (status = 200, body = Users),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, known: Known, Query(filter): Query<Filter>) -> Result<Json<Users>, Problem> {
    let now = (app.now)();
    let event = known.event(Deed::ListUsers, now);
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let (users, next) = app.table.list_users(&filter.page(&known.organisation)?).await?;
    app.table.audit(&event).await?;
    let places: BTreeMap<UserId, String> = users.iter().map(|user| (user.id.clone(), key::named(&user.name, user.id.as_str()))).collect();
    let users = users.into_iter().map(|user| User::of(user, &known.organisation, now)).collect();
    let (users, cursor) = page::shortened(users, next, |user: &User| places.get(&user.id).cloned().unwrap_or_default());
    Ok(Json(Users { users, cursor }))
}

/// Shows one user.
#[utoipa::path(
    get,
    path = "/v1/users/{user}",
    tag = "admin",
    params(("user" = String, Path, description = "the user's id")),
    responses(
        (status = 200, body = User),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, known: Known, Path(id): Path<UserId>) -> Result<Json<User>, Problem> {
    let now = (app.now)();
    let event = known.event_about(Deed::SeeUser, &id, now);
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let Some(user) = app.table.user(&known.organisation.id, &id).await? else {
        return Err(known.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    app.table.audit(&event).await?;
    Ok(Json(User::of(user, &known.organisation, now)))
}

/// Grants and revokes a user's rights, and names administrators.
#[utoipa::path(
    patch,
    path = "/v1/users/{user}",
    tag = "admin",
    params(("user" = String, Path, description = "the user's id")),
    request_body = Change,
    responses(
        (status = 200, body = User),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn change(
    State(app): State<App>,
    known: Known,
    Path(id): Path<UserId>,
    extract::Json(change): extract::Json<Change>,
) -> Result<Json<User>, Problem> {
    let now = (app.now)();
    let event = known.event_about(Deed::ChangeUser, &id, now).detailed(&change);
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    if change.rights.is_none() && change.administrator.is_none() {
        return Err(Problem::because(Cause::Invalid, "there is nothing to change; send `rights` or `administrator`"));
    }
    if change.administrator == Some(false) && known.user().is_ok_and(|caller| caller.id == id) {
        return Err(Problem::because(Cause::Invalid, "you cannot stop administering yourself; another administrator can do it"));
    }
    let rights = change.rights.map(people::Rights::from);
    match app.table.change_user(&known.organisation.id, &id, rights, change.administrator, &event).await? {
        Commit::Done => shown(&app, &known.organisation, &id, now).await,
        Commit::Refused(_) => Err(known.refuse(&app.table, event, Problem::new(Cause::NotFound)).await),
    }
}

async fn shown(app: &App, organisation: &Organisation, id: &UserId, now: DateTime<Utc>) -> Result<Json<User>, Problem> {
    let user = app.table.user(&organisation.id, id).await?.ok_or(Problem::new(Cause::NotFound))?;
    Ok(Json(User::of(user, organisation, now)))
}

impl Filter {
    /// The part of a list that is asked for.
    pub fn page<'a>(&'a self, organisation: &'a Organisation) -> Result<directory::Page<'a>, Problem> {
        let holding = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if holding.is_some_and(|text| text.chars().count() > 100) {
            return Err(Problem::because(Cause::Invalid, "a search holds 1 to 100 characters"));
        }
        let (limit, after) = (page::limit(self.limit)?, page::after(self.cursor.as_deref())?);
        Ok(directory::Page { organisation: &organisation.id, holding, limit, after })
    }
}
