//! Users and their plans: `/v1/organisations/{organisation}/users/{user}`.
//!
//! The id of a removed user is never given to another person, because recordings, the audit log and
//! the sign-in contain it. The same person can be restored.

use axum::{extract::State, http::StatusCode};
use domain::{
    ids::{OrganisationId, UserId},
    people::{self, Extension, Language, Name, Plan},
    phone::PhoneNumber,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::{Complete, Json, Path, Query, clearable, given, not_clearable},
        operation::{ListUsers, ProvisionUser, RemoveUser, RestoreUser, SeeUser},
        page::{self, Page},
        person::{User, Users},
        single::Single,
    },
    table::{
        audit::Event,
        directory,
        provision::{self, Outcome, Removal, Restoral, UserProvision, Wanted},
    },
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{App, organisations::exists};

/// A user to create or replace. Every member but the extension is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UserProvision)]
pub struct Put {
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    pub name: Name,
    /// E.164. Null for none.
    #[schema(value_type = Option<String>, required, example = "+46701740601")]
    pub phone: Option<PhoneNumber>,
    /// The short number by which colleagues reach the user: 2 to 8 digits. Null or absent for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "4411")]
    pub extension: Option<Extension>,
    /// `sv` or `en`.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = String)]
    pub language: Language,
    /// `basic`, `pro`, `business` or `enterprise`. Null for none, which switches recording off.
    #[schema(value_type = Option<String>, required)]
    pub plan: Option<Plan>,
    /// Whether the user is an administrator. Null leaves it as it is; a new user is none.
    #[schema(required)]
    pub administrator: Option<bool>,
}

/// A change of a user, as a JSON merge patch (RFC 7396).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UserProvisionPatch)]
pub struct Patch {
    /// 1 to 100 characters.
    #[serde(default, deserialize_with = "not_clearable")]
    #[schema(value_type = String, required = false)]
    name: Option<Name>,
    /// E.164. Null removes it.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>, example = "+46701740601")]
    phone: Option<Option<PhoneNumber>>,
    /// 2 to 8 digits. Null removes it.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>, example = "4411")]
    extension: Option<Option<Extension>>,
    /// `sv` or `en`.
    #[serde(default, deserialize_with = "not_clearable")]
    #[schema(value_type = String, required = false)]
    language: Option<Language>,
    /// `basic`, `pro`, `business` or `enterprise`. Null removes it and switches recording off.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>)]
    plan: Option<Option<Plan>>,
    /// Whether the user is an administrator.
    #[serde(default, deserialize_with = "not_clearable")]
    #[schema(value_type = bool, required = false)]
    administrator: Option<bool>,
}

/// The requested users.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only users whose name, id, number or extension contains this text, ignoring case: 1 to 100
    /// characters.
    q: Option<String>,
    /// Rows on a page, 1 to 1,000; 50 by default. A page may be short and still have a cursor.
    limit: Option<usize>,
    /// The `cursor` of the previous page.
    cursor: Option<String>,
}

/// Lists an organisation's users by name, without removed ones. Its audit log records the request.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/users",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), Filter),
    responses(
        (status = 200, body = Users),
        (status = 404, description = "not-found: there is no such organisation"),
    )
)]
pub async fn list(
    State(app): State<App>,
    operator: Operator<ListUsers>,
    Path(id): Path<OrganisationId>,
    Query(filter): Query<Filter>,
) -> Result<Users, Problem> {
    let organisation = exists(&app.table, &id).await?;
    let holding = filter.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if holding.is_some_and(|text| text.chars().count() > 100) {
        return Err(Problem::because(Cause::Invalid, "a search text has 1 to 100 characters"));
    }
    let (limit, after) = (page::limit(filter.limit)?, page::after(filter.cursor.as_deref())?);
    let (users, next) = app
        .table
        .directory()
        .users(&directory::Page { organisation: &id, holding, limit, after })
        .await?;
    Ok(Page::read(
        users.into_iter().map(|user| User::of(user, &organisation, operator.now)).collect(),
        next,
    ))
}

/// Creates or replaces a user. Every member is required; PATCH changes some.
#[utoipa::path(
    put,
    path = "/v1/organisations/{organisation}/users/{user}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("user" = String, Path, description = "1 to 64 of a-z, 0-9, '.', '_' and '-'")),
    request_body = Put,
    responses(
        (status = 200, description = "saved", body = User),
        (status = 404, description = "not-found: there is no such organisation"),
        (status = 409, description = "removed-user: restore the same person, or choose another id; last-administrator"),
        (status = 422, description = "invalid; the detail lists missing members"),
    )
)]
pub async fn put(
    State(app): State<App>,
    operator: Operator<ProvisionUser>,
    Path((organisation, id)): Path<(OrganisationId, UserId)>,
    Complete(put): Complete<Put>,
) -> Result<Single<User>, Problem> {
    let found = exists(&app.table, &organisation).await?;
    operator.detail(&serde_json::json!({ "plan": put.plan, "administrator": put.administrator }));
    provisioned(&app, &found, Wanted::Whole(put.provision(id)), &operator.event()).await
}

/// Changes some members of a user, as a JSON merge patch (RFC 7396).
#[utoipa::path(
    patch,
    path = "/v1/organisations/{organisation}/users/{user}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("user" = String, Path, description = "the user's id")),
    request_body = Patch,
    responses(
        (status = 200, description = "saved", body = User),
        (status = 404, description = "not-found: there is no such organisation, or no such user"),
        (status = 409, description = "removed-user: restore the same person; last-administrator"),
    )
)]
pub async fn patch(
    State(app): State<App>,
    operator: Operator<ProvisionUser>,
    Path((organisation, id)): Path<(OrganisationId, UserId)>,
    Json(patch): Json<Patch>,
) -> Result<Single<User>, Problem> {
    let found = exists(&app.table, &organisation).await?;
    operator.detail(&patch.decided());
    provisioned(&app, &found, Wanted::Change(id, patch.into()), &operator.event()).await
}

/// Shows a user.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/users/{user}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("user" = String, Path, description = "the user's id")),
    responses(
        (status = 200, body = User),
    )
)]
pub async fn show(
    State(app): State<App>,
    operator: Operator<SeeUser>,
    Path((organisation, id)): Path<(OrganisationId, UserId)>,
) -> Result<Single<User>, Problem> {
    let (found, user) = app
        .table
        .people()
        .caller(&organisation, &id)
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    Ok(Single(User::of(user, &found, operator.now)))
}

/// Removes a user, who loses access and is not recorded. Recordings remain; the id is never reused.
#[utoipa::path(
    delete,
    path = "/v1/organisations/{organisation}/users/{user}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("user" = String, Path, description = "the user's id")),
    responses(
        (status = 204, description = "removed"),
        (status = 409, description = "last-administrator"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    operator: Operator<RemoveUser>,
    Path((organisation, id)): Path<(OrganisationId, UserId)>,
) -> Result<StatusCode, Problem> {
    match app.table.provision().remove_user(&organisation, &id, &operator.event()).await? {
        Removal::Done => Ok(StatusCode::NO_CONTENT),
        Removal::Unknown => Err(Problem::new(Cause::NotFound)),
        Removal::LastAdministrator => Err(last_administrator()),
    }
}

/// Restores a removed user with the earlier name, number and plan, but without rights, groups,
/// activation or acknowledgement. A user who was not removed is unchanged.
#[utoipa::path(
    post,
    path = "/v1/organisations/{organisation}/users/{user}/restore",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("user" = String, Path, description = "the user's id")),
    responses(
        (status = 200, description = "restored", body = User),
        (status = 404, description = "not-found: the organisation never had such a user"),
        (status = 409, description = "removed-user: the user's data has been erased; choose another id"),
    )
)]
pub async fn restore(
    State(app): State<App>,
    operator: Operator<RestoreUser>,
    Path((organisation, id)): Path<(OrganisationId, UserId)>,
) -> Result<Single<User>, Problem> {
    let found = exists(&app.table, &organisation).await?;
    match app.table.provision().restore_user(&organisation, &id, &operator.event()).await? {
        Restoral::Done => shown(&app, &found, &id).await,
        Restoral::Unknown => Err(Problem::new(Cause::NotFound)),
        Restoral::Erased => Err(Problem::because(
            Cause::RemovedUser,
            "the user's data has been erased; provision the user under another id",
        )),
    }
}

/// Provisions one user and returns the result.
async fn provisioned(
    app: &App,
    organisation: &people::Organisation,
    wanted: Wanted,
    event: &Event,
) -> Result<Single<User>, Problem> {
    let id = wanted.id().clone();
    let outcomes = app
        .table
        .provision()
        .put_users(&organisation.id, &[wanted], &|_| event.clone(), None)
        .await?;
    match outcomes.unwrap_or_default().first() {
        Some(Outcome::Created | Outcome::Changed | Outcome::Unchanged) => {
            shown(app, organisation, &id).await
        }
        Some(Outcome::Removed) => Err(removed()),
        Some(Outcome::LastAdministrator) => Err(last_administrator()),
        Some(Outcome::Unknown) | None => Err(Problem::new(Cause::NotFound)),
    }
}

async fn shown(
    app: &App,
    organisation: &people::Organisation,
    id: &UserId,
) -> Result<Single<User>, Problem> {
    let user = app
        .table
        .people()
        .user(&organisation.id, id)
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    Ok(Single(User::of(user, organisation, (app.now)())))
}

fn removed() -> Problem {
    Problem::because(Cause::RemovedUser, REMOVED)
}

fn last_administrator() -> Problem {
    Problem::because(Cause::LastAdministrator, LAST)
}

/// The detail for the id of a removed user.
pub const REMOVED: &str = "the id belongs to a removed user and is never reused; restore the same person with POST …/users/USER/restore, \
                           or choose another id";
/// The detail for an organisation's last administrator.
pub const LAST: &str = "the organisation would have no administrator; name another one first";

impl Put {
    /// The user to write under `id`.
    pub fn provision(self, id: UserId) -> UserProvision {
        UserProvision {
            id,
            name: self.name,
            phone: self.phone,
            extension: self.extension,
            language: self.language,
            plan: self.plan,
            administrator: self.administrator,
        }
    }
}

impl Patch {
    /// The audit log's detail: plan and administrator, but neither name nor number.
    fn decided(&self) -> serde_json::Map<String, serde_json::Value> {
        let plan = self.plan.map(|plan| {
            ("plan".to_owned(), plan.map_or(serde_json::Value::Null, |plan| plan.into_str().into()))
        });
        let administrator = self
            .administrator
            .map(|administrator| ("administrator".to_owned(), administrator.into()));
        plan.into_iter().chain(administrator).collect()
    }
}

impl From<Patch> for provision::UserChange {
    fn from(patch: Patch) -> Self {
        Self {
            name: patch.name,
            phone: patch.phone,
            extension: patch.extension,
            language: patch.language,
            plan: patch.plan,
            administrator: patch.administrator,
        }
    }
}
