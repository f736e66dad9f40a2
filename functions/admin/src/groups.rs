//! Recording groups: `/v1/groups` (P12, P13).

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::{access::Duty, ids::GroupId, people::Name};
use platform::{
    http::{
        Cause, Known, Problem,
        extract::{Complete, Path, Query},
        page,
        person::Supervisor,
        problem,
    },
    table::{
        audit::{Deed, Event},
        commit::Commit,
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

/// A group to create or rename.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GroupChange)]
pub struct Put {
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    name: Name,
}

/// Lists the organisation's groups by name; for a supervisor those whose recordings they reach now.
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
pub async fn list(State(app): State<App>, known: Known, Query(filter): Query<Filter>) -> Result<Json<Groups>, Problem> {
    let now = (app.now)();
    let event = known.event(Deed::ListGroups, now);
    let covered = covered(&known, now);
    let (groups, next) = if covered.is_empty() {
        known.with_duty(&app.table, Duty::Administer, &event).await?;
        app.table.list_groups(&filter.page(&known.organisation)?).await?
    } else {
        app.table.list_of_groups(&filter.page(&known.organisation)?, &covered).await?
    };
    app.table.audit(&event).await?;
    let places: BTreeMap<GroupId, String> =
        groups.iter().map(|group| (group.id.clone(), key::named(&group.name, group.id.as_str()))).collect();
    let groups = groups.into_iter().map(|group| Group::of(group, now)).collect();
    let (groups, cursor) = page::shortened(groups, next, |group: &Group| places.get(&group.id).cloned().unwrap_or_default());
    Ok(Json(Groups { groups, cursor }))
}

/// Shows one group and who supervises it.
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
pub async fn show(State(app): State<App>, known: Known, Path(id): Path<GroupId>) -> Result<Json<Group>, Problem> {
    let now = (app.now)();
    let event = known.event_about(Deed::SeeGroup, &id, now);
    reaches(&app, &known, &id, &event).await?;
    let Some(group) = app.table.group(&known.organisation.id, &id).await? else {
        return Err(known.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    app.table.audit(&event).await?;
    Ok(Json(Group::of(group, now)))
}

/// Creates a group under an id of the caller's choice, or renames it.
#[utoipa::path(
    put,
    path = "/v1/groups/{group}",
    tag = "admin",
    params(("group" = String, Path, description = "the group's id: 1 to 64 of a-z, 0-9, '.', '_' and '-'")),
    request_body = Put,
    responses(
        (status = 204, description = "it is so"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "changed: it is being removed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(app): State<App>,
    known: Known,
    Path(id): Path<GroupId>,
    Complete(put): Complete<Put>,
) -> Result<StatusCode, Problem> {
    let event = known.event_about(Deed::ChangeGroup, &id, (app.now)()).detailed(&put);
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    match app.table.put_group(&known.organisation.id, &id, &put.name, &event).await? {
        Commit::Done => Ok(StatusCode::NO_CONTENT),
        Commit::Refused(_) => {
            let problem = Problem::because(Cause::Changed, "the group is being removed; remove it again, then create it");
            Err(known.refuse(&app.table, event, problem).await)
        }
    }
}

/// Removes a group: its supervisors reach nothing through it any more, its members' recordings stay.
#[utoipa::path(
    delete,
    path = "/v1/groups/{group}",
    tag = "admin",
    params(("group" = String, Path, description = "the group's id")),
    responses(
        (status = 204, description = "it is gone"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn remove(State(app): State<App>, known: Known, Path(id): Path<GroupId>) -> Result<StatusCode, Problem> {
    let event = known.event_about(Deed::RemoveGroup, &id, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    match app.table.remove_group(&known.organisation.id, &id, &event).await? {
        Some(()) => Ok(StatusCode::NO_CONTENT),
        None => Err(known.refuse(&app.table, event, Problem::new(Cause::NotFound)).await),
    }
}

/// Lets administrators through, and those who supervise the group now; keeps the refusal of any other.
pub async fn reaches(app: &App, known: &Known, id: &GroupId, event: &Event) -> Result<(), Problem> {
    if covered(known, event.at).contains(id) {
        return Ok(());
    }
    known.with_duty(&app.table, Duty::Administer, event).await
}

/// The groups that a supervisor reaches now; none for an administrator, who reaches all.
fn covered(known: &Known, now: DateTime<Utc>) -> Vec<GroupId> {
    match known.user() {
        Ok(user) if !user.administrator => user.covers(now).map(|(group, _)| group.clone()).collect(),
        _ => Vec::new(),
    }
}

impl Group {
    fn of(group: group::Group, now: DateTime<Utc>) -> Self {
        let supervisors = group.supervisors.into_iter();
        Self {
            id: group.id,
            name: group.name.into(),
            supervisors: supervisors.map(|(user, cover)| Supervisor::of(user, cover, now)).collect(),
        }
    }
}
