//! Users and their plans: `/v1/organisations/{organisation}/users/{user}`.

use std::collections::BTreeSet;

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    ids::{OrganisationId, UserId},
    people::{Language, Name, Plan},
    phone::PhoneNumber,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::{self, Path},
        person, problem,
    },
    table::{audit::Deed, provision::UserProvision},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{App, organisations::exists};

/// A user as the operator provisions it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UserProvision)]
pub struct Put {
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    pub name: Name,
    /// E.164.
    #[schema(value_type = Option<String>, example = "+46701740601")]
    pub phone: Option<PhoneNumber>,
    /// `sv`, unless given, or `en`.
    #[serde(default)]
    #[schema(value_type = String)]
    pub language: Language,
    /// `basic`, `pro`, `business` or `enterprise`. Without one the user's calls are not recorded: a recording that is on is switched off.
    #[schema(value_type = Option<String>)]
    pub plan: Option<Plan>,
    /// Names the organisation's first administrator. Left out, it stays as administrators have it.
    pub administrator: Option<bool>,
}

/// Creates a user or changes it.
#[utoipa::path(
    put,
    path = "/v1/organisations/{organisation}/users/{user}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("user" = String, Path, description = "1 to 64 of a-z, 0-9, '.', '_' and '-'")),
    request_body = Put,
    responses(
        (status = 200, description = "it is so", body = person::User),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such organisation", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(app): State<App>,
    operator: Operator,
    Path((organisation, id)): Path<(OrganisationId, UserId)>,
    extract::Json(put): extract::Json<Put>,
) -> Result<Json<person::User>, Problem> {
    let now = (app.now)();
    let found = exists(&app.table, &organisation).await?;
    let decided = serde_json::json!({ "plan": put.plan, "administrator": put.administrator });
    let event = operator.event(&organisation, Deed::ProvisionUser, Some(id.to_string()), now).detailed(&decided);
    let standing = app.table.users(&organisation, &BTreeSet::from([id.clone()])).await?;
    let provision = put.provision(id.clone());
    if !standing.get(&id).is_some_and(|user| provision.is(user)) {
        app.table.put_users(&organisation, &[provision], &standing, &event).await?;
    }
    let user = app.table.user(&organisation, &id).await?.ok_or(Problem::new(Cause::NotFound))?;
    Ok(Json(person::User::of(user, &found, now)))
}

/// Shows a user as it stands.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/users/{user}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("user" = String, Path, description = "the user's id")),
    responses(
        (status = 200, body = person::User),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(app): State<App>,
    _: Operator,
    Path((organisation, id)): Path<(OrganisationId, UserId)>,
) -> Result<Json<person::User>, Problem> {
    let (found, user) = app.table.people(&organisation, &id).await?.ok_or(Problem::new(Cause::NotFound))?;
    Ok(Json(person::User::of(user, &found, (app.now)())))
}

/// Removes a user: they reach nothing any more and are recorded no longer; their recordings stay for those who should hear them.
#[utoipa::path(
    delete,
    path = "/v1/organisations/{organisation}/users/{user}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("user" = String, Path, description = "the user's id")),
    responses(
        (status = 204, description = "it is gone"),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    operator: Operator,
    Path((organisation, id)): Path<(OrganisationId, UserId)>,
) -> Result<StatusCode, Problem> {
    let event = operator.event(&organisation, Deed::RemoveUser, Some(id.to_string()), (app.now)());
    match app.table.remove_user(&organisation, &id, &event).await? {
        Some(()) => Ok(StatusCode::NO_CONTENT),
        None => Err(Problem::new(Cause::NotFound)),
    }
}

impl Put {
    /// What to write of the user `id`.
    pub fn provision(self, id: UserId) -> UserProvision {
        UserProvision {
            id,
            name: self.name,
            phone: self.phone,
            language: self.language,
            plan: self.plan,
            administrator: self.administrator,
        }
    }
}
