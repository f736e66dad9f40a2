//! The organisation's users: `/v1/users`. Administrators grant their rights.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{
    access::Permission,
    ids::UserId,
    people::{self, Organisation},
};
use platform::{
    http::{
        Cause, Principal, Problem,
        extract::{self, Path, Query, clearable, not_clearable},
        page,
        person::User,
        problem,
    },
    table::{audit::AuditAction, commit::Conflict, directory, key, provision::Decided},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;

/// Attempts while others change the same user.
const TRIES: usize = 4;

/// Which users to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only users whose name, id or number contains this text, in any case: 1 to 100 characters.
    pub q: Option<String>,
    /// Rows on a page, 1 to 1,000; 50 by default. A page may have fewer and still have a cursor.
    pub limit: Option<usize>,
    /// The cursor of the previous page.
    pub cursor: Option<String>,
}

/// A page of users, sorted by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Users {
    users: Vec<User>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// The changes to a user, as a JSON merge patch (RFC 7396): absent members stay unchanged.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChange)]
pub struct Change {
    /// The user's rights to their own recordings.
    #[serde(default, deserialize_with = "not_clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = RightsChange, required = false)]
    rights: Option<RightsChange>,
    /// Whether the user administers the organisation.
    #[serde(default, deserialize_with = "not_clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    administrator: Option<bool>,
}

/// Rights to grant or revoke. Absent members stay unchanged, and null revokes.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RightsChange {
    #[serde(default, deserialize_with = "clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    listen: Option<Option<bool>>,
    #[serde(default, deserialize_with = "clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    download: Option<Option<bool>>,
    #[serde(default, deserialize_with = "clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    annotate: Option<Option<bool>>,
}

/// Lists users by name, or those whose name, id or number contains a text.
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
pub async fn list(State(app): State<App>, principal: Principal, Query(filter): Query<Filter>) -> Result<Json<Users>, Problem> {
    let now = (app.now)();
    let event = principal.event(AuditAction::ListUsers, now);
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let (users, next) = app.table.list_users(&filter.page(&principal.organisation)?).await?;
    app.table.audit(&event).await?;
    let places: BTreeMap<UserId, String> = users.iter().map(|user| (user.id.clone(), key::named(&user.name, user.id.as_str()))).collect();
    let users = users.into_iter().map(|user| User::of(user, &principal.organisation, now)).collect();
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
pub async fn show(State(app): State<App>, principal: Principal, Path(id): Path<UserId>) -> Result<Json<User>, Problem> {
    let now = (app.now)();
    let event = principal.event_about(AuditAction::SeeUser, &id, now);
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let Some(user) = app.table.user(&principal.organisation.id, &id).await? else {
        return Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    app.table.audit(&event).await?;
    Ok(Json(User::of(user, &principal.organisation, now)))
}

/// Grants and revokes a user's rights, and appoints administrators.
#[utoipa::path(
    patch,
    path = "/v1/users/{user}",
    tag = "admin",
    params(("user" = String, Path, description = "the user's id")),
    request_body(content((Change = "application/merge-patch+json"), (Change = "application/json"))),
    responses(
        (status = 200, body = User),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "busy: others change the same user", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn change(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<UserId>,
    extract::Json(change): extract::Json<Change>,
) -> Result<Json<User>, Problem> {
    let now = (app.now)();
    let event = principal.event_about(AuditAction::ChangeUser, &id, now).detailed(&change);
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    if change.rights.is_none() && change.administrator.is_none() {
        return Err(Problem::because(Cause::Invalid, "there is nothing to change; send `rights` or `administrator`"));
    }
    if change.administrator == Some(false) && principal.user().is_ok_and(|caller| caller.id == id) {
        return Err(Problem::because(Cause::Invalid, "you cannot stop administering yourself; another administrator can do it"));
    }
    let caller = principal.user()?;
    for _ in 0..TRIES {
        let Some(rights) = wanted(&app, &principal.organisation, &id, change.rights).await? else {
            return Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
        };
        let decided = Decided { rights, administrator: change.administrator.map(|administrator| (administrator, &caller.id)) };
        match app.table.change_user(&principal.organisation.id, &id, &decided, &event).await? {
            Ok(()) => return shown(&app, &principal.organisation, &id, now).await,
            Err(Conflict(places)) if places.contains(&1) => {
                // An organisation always has an administrator: the caller must still be one.
                let problem = Problem::because(Cause::NotAllowed, "you no longer administer the organisation");
                return Err(principal.refuse(&app.table, event, problem).await);
            }
            Err(Conflict(_)) if decided.rights.is_some_and(|(was, _)| was.is_some()) => {} // the rights were changed meanwhile
            Err(Conflict(_)) => return Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await),
        }
    }
    Err(Problem::new(Cause::Busy))
}

/// The rights that the user is to have, with the previous ones if only some are given. The inner
/// `None` means no change, the outer that the user does not exist. No request, or 1.
async fn wanted(
    app: &App,
    organisation: &Organisation,
    id: &UserId,
    change: Option<RightsChange>,
) -> Result<Option<Option<(Option<people::Rights>, people::Rights)>>, Problem> {
    let Some(change) = change else { return Ok(Some(None)) };
    if let RightsChange { listen: Some(_), download: Some(_), annotate: Some(_) } = change {
        return Ok(Some(Some((None, change.of(people::Rights::default())))));
    }
    let was = app.table.user(&organisation.id, id).await?.map(|user| user.rights);
    Ok(was.map(|was| Some((Some(was), change.of(was)))))
}

async fn shown(app: &App, organisation: &Organisation, id: &UserId, now: DateTime<Utc>) -> Result<Json<User>, Problem> {
    let user = app.table.user(&organisation.id, id).await?.ok_or(Problem::new(Cause::NotFound))?;
    Ok(Json(User::of(user, organisation, now)))
}

impl RightsChange {
    /// The rights `was`, changed.
    fn of(self, was: people::Rights) -> people::Rights {
        let right = |change: Option<Option<bool>>, was| change.map_or(was, Option::unwrap_or_default);
        people::Rights {
            listen: right(self.listen, was.listen),
            download: right(self.download, was.download),
            annotate: right(self.annotate, was.annotate),
        }
    }
}

impl Filter {
    /// The requested part of a list.
    pub fn page<'a>(&'a self, organisation: &'a Organisation) -> Result<directory::Page<'a>, Problem> {
        let holding = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if holding.is_some_and(|text| text.chars().count() > 100) {
            return Err(Problem::because(Cause::Invalid, "a search has 1 to 100 characters"));
        }
        let (limit, after) = (page::limit(self.limit)?, page::after(self.cursor.as_deref())?);
        Ok(directory::Page { organisation: &organisation.id, holding, limit, after })
    }
}
