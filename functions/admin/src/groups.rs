//! Recording groups: `/v1/groups` (P12, P13).

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::{access::Permission, ids::GroupId, people::Name};
use platform::{
    http::{
        Cause, Principal, Problem,
        extract::{Complete, Path, Query},
        page,
        person::Supervisor,
        problem,
    },
    table::{
        audit::{AuditAction, Event},
        commit::Conflict,
        group, key,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, users::Filter};

/// A recording group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    #[schema(value_type = String)]
    id: GroupId,
    name: String,
    #[schema(max_items = 90)]
    supervisors: Vec<Supervisor>,
}

/// A page of groups, sorted by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Groups {
    groups: Vec<Group>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// The name of a group to create or rename.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GroupChange)]
pub struct Put {
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    name: Name,
}

/// Lists the organisation's groups by name; for a supervisor, those that they supervise now.
#[utoipa::path(
    get,
    path = "/v1/groups",
    tag = "admin",
    params(Filter),
    responses(
        (status = 200, body = Groups),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, principal: Principal, Query(filter): Query<Filter>) -> Result<Json<Groups>, Problem> {
    let now = (app.now)();
    let event = principal.event(AuditAction::ListGroups, now);
    let reachable_groups = reachable_groups(&principal, now);
    let (groups, next) = if reachable_groups.is_empty() {
        principal.with_permission(&app.table, Permission::Administer, &event).await?;
        app.table.list_groups(&filter.page(&principal.organisation)?).await?
    } else {
        app.table.list_of_groups(&filter.page(&principal.organisation)?, &reachable_groups).await?
    };
    app.table.audit(&event).await?;
    let places: BTreeMap<GroupId, String> =
        groups.iter().map(|group| (group.id.clone(), key::named(&group.name, group.id.as_str()))).collect();
    let groups = groups.into_iter().map(|group| Group::of(group, now)).collect();
    let (groups, cursor) = page::shortened(groups, next, |group: &Group| places.get(&group.id).cloned().unwrap_or_default());
    Ok(Json(Groups { groups, cursor }))
}

/// Shows one group and its supervisors.
#[utoipa::path(
    get,
    path = "/v1/groups/{group}",
    tag = "admin",
    params(("group" = String, Path, description = "the group's id")),
    responses(
        (status = 200, body = Group),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, principal: Principal, Path(id): Path<GroupId>) -> Result<Json<Group>, Problem> {
    let now = (app.now)();
    let event = principal.event_about(AuditAction::SeeGroup, &id, now);
    reaches(&app, &principal, &id, &event).await?;
    let Some(group) = app.table.group(&principal.organisation.id, &id).await? else {
        return Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    app.table.audit(&event).await?;
    Ok(Json(Group::of(group, now)))
}

/// Creates a group under an id that the caller chooses, or renames it.
#[utoipa::path(
    put,
    path = "/v1/groups/{group}",
    tag = "admin",
    params(("group" = String, Path, description = "the group's id: 1 to 64 of a-z, 0-9, '.', '_' and '-'")),
    request_body = Put,
    responses(
        (status = 204, description = "saved"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "changed: the group is being removed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<GroupId>,
    Complete(put): Complete<Put>,
) -> Result<StatusCode, Problem> {
    let event = principal.event_about(AuditAction::ChangeGroup, &id, (app.now)()).detailed(&put);
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    match app.table.put_group(&principal.organisation.id, &id, &put.name, &event).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Conflict(_)) => {
            let problem = Problem::because(Cause::Changed, "the group is being removed; remove it again, then create it");
            Err(principal.refuse(&app.table, event, problem).await)
        }
    }
}

/// Removes a group. Its supervisors lose their access through it; its members' recordings remain.
#[utoipa::path(
    delete,
    path = "/v1/groups/{group}",
    tag = "admin",
    params(("group" = String, Path, description = "the group's id")),
    responses(
        (status = 204, description = "removed"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn remove(State(app): State<App>, principal: Principal, Path(id): Path<GroupId>) -> Result<StatusCode, Problem> {
    let event = principal.event_about(AuditAction::RemoveGroup, &id, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    match app.table.remove_group(&principal.organisation.id, &id, &event).await? {
        Some(()) => Ok(StatusCode::NO_CONTENT),
        None => Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await),
    }
}

/// Admits administrators and the group's current supervisors. Audits a refusal.
pub async fn reaches(app: &App, principal: &Principal, id: &GroupId, event: &Event) -> Result<(), Problem> {
    if reachable_groups(principal, event.at).contains(id) {
        return Ok(());
    }
    principal.with_permission(&app.table, Permission::Administer, event).await
}

/// The groups that a supervisor reaches now; empty for an administrator, who reaches all.
fn reachable_groups(principal: &Principal, now: DateTime<Utc>) -> Vec<GroupId> {
    match principal.user() {
        Ok(user) if !user.administrator => user.active_supervisions(now).map(|(group, _)| group.clone()).collect(),
        _ => Vec::new(),
    }
}

impl Group {
    fn of(group: group::Group, now: DateTime<Utc>) -> Self {
        let supervisors = group.supervisors.into_iter();
        Self {
            id: group.id,
            name: group.name.into(),
            supervisors: supervisors.map(|(user, supervision)| Supervisor::of(user, supervision, now)).collect(),
        }
    }
}
