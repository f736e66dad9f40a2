//! The members and supervisors of a group: `/v1/groups/{group}/members` and `/supervisors/{user}`.

use std::collections::BTreeSet;

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    access::Permission,
    ids::{GroupId, UserId},
    people,
};
use platform::{
    http::{
        Cause, Principal, Problem,
        extract::{self, Complete, Path, Query},
        page,
        person::{Supervision, User},
        problem,
    },
    table::{
        audit::AuditAction,
        commit::Conflict,
        group::{CHANGE, MEMBERS, SUPERVISORS},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{App, groups::reaches};

/// Which page of members to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Rows on a page, 1 to 1,000; 50 by default.
    limit: Option<usize>,
    /// The cursor of the previous page.
    cursor: Option<String>,
}

/// A page of a group's members, sorted by id.
#[derive(Debug, Serialize, ToSchema)]
pub struct Members {
    members: Vec<User>,
    /// The number of all members of the group.
    count: usize,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// The users who join or leave the group: one of the two, 1 to 90 users.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
#[schema(as = MembersChange)]
pub enum Change {
    #[schema(value_type = Vec<String>)]
    Add(BTreeSet<UserId>),
    #[schema(value_type = Vec<String>)]
    Remove(BTreeSet<UserId>),
}

/// Lists the members of a group.
#[utoipa::path(
    get,
    path = "/v1/groups/{group}/members",
    tag = "admin",
    params(("group" = String, Path, description = "the group's id"), Part),
    responses(
        (status = 200, body = Members),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such group", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<GroupId>,
    Query(part): Query<Part>,
) -> Result<Json<Members>, Problem> {
    let now = (app.now)();
    let event = principal.event_about(AuditAction::SeeGroup, &id, now);
    reaches(&app, &principal, &id, &event).await?;
    let (limit, after) = (page::limit(part.limit)?, page::after(part.cursor.as_deref())?);
    let organisation = &principal.organisation;
    let Some(all) = app.table.members_of(&organisation.id, &id).await? else {
        return Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    let mut rest = all.iter().filter(|member| after.as_deref().is_none_or(|after| member.as_str() > after));
    let some: BTreeSet<UserId> = rest.by_ref().take(limit).cloned().collect();
    let next = rest.next().and(some.last()).map(ToString::to_string);
    let users = app.table.users(&organisation.id, &some).await?;
    app.table.audit(&event).await?;
    let members = users.into_values().map(|user| User::of(user, organisation, now)).collect();
    let (members, cursor) = page::shortened(members, next, |member: &User| member.id.to_string());
    Ok(Json(Members { members, count: all.len(), cursor }))
}

/// Adds users to a group or removes them, all or none. A repetition does no harm.
#[utoipa::path(
    post,
    path = "/v1/groups/{group}/members",
    tag = "admin",
    params(("group" = String, Path, description = "the group's id")),
    request_body = Change,
    responses(
        (status = 204, description = "changed"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such group", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid; names the users who do not exist", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn change(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<GroupId>,
    extract::Json(change): extract::Json<Change>,
) -> Result<StatusCode, Problem> {
    let event = principal.event_about(AuditAction::ChangeMembers, &id, (app.now)()).detailed(&change);
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let organisation = &principal.organisation.id;
    let (users, join) = match change {
        Change::Add(users) => (users, true),
        Change::Remove(users) => (users, false),
    };
    if !(1..=CHANGE).contains(&users.len()) {
        return Err(Problem::because(Cause::Invalid, "name 1 to 90 users; send another request for more"));
    }
    if join {
        let members = app.table.members(organisation, &[&id]).await?.remove(&id).unwrap_or_default();
        if members.union(&users).count() > MEMBERS {
            return Err(Problem::because(
                Cause::Invalid,
                "a group has at most 5000 members; create another, one supervisor may have several",
            ));
        }
    }
    match app.table.change_members(organisation, &id, &users, join, &event).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Conflict(places)) => {
            let unknown: Vec<&str> = places.iter().filter_map(|place| users.iter().nth(*place)).map(UserId::as_str).collect();
            let problem = if unknown.is_empty() { Problem::new(Cause::NotFound) } else { no_users(&unknown) };
            Err(principal.refuse(&app.table, event, problem).await)
        }
    }
}

/// Makes a user a supervisor of a group, or changes the period and the rights.
#[utoipa::path(
    put,
    path = "/v1/groups/{group}/supervisors/{user}",
    tag = "admin",
    params(("group" = String, Path, description = "the group's id"), ("user" = String, Path, description = "the user's id")),
    request_body = Supervision,
    responses(
        (status = 204, description = "saved"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such group", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid; names the members that are missing", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn put_supervisor(
    State(app): State<App>,
    principal: Principal,
    Path((id, user)): Path<(GroupId, UserId)>,
    Complete(supervision): Complete<Supervision>,
) -> Result<StatusCode, Problem> {
    let event = principal.event_about(AuditAction::ChangeSupervisor, format!("{id}/{user}"), (app.now)()).detailed(&supervision);
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let supervision = people::Supervision::from(supervision);
    if supervision.from.zip(supervision.to).is_some_and(|(from, to)| from >= to) {
        return Err(Problem::because(Cause::Invalid, "the supervision ends before it begins"));
    }
    if !supervision.rights.any() {
        return Err(Problem::because(Cause::Invalid, "the supervision grants no right; remove the supervisor instead"));
    }
    let organisation = &principal.organisation.id;
    let Some(group) = app.table.group(organisation, &id).await? else {
        return Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    if group.supervisors.len() >= SUPERVISORS && !group.supervisors.contains_key(&user) {
        return Err(Problem::because(Cause::Invalid, "a group has at most 90 supervisors"));
    }
    match app.table.put_supervisor(organisation, &id, &user, &supervision, &event).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Conflict(places)) => {
            let problem = if places.contains(&0) { Problem::new(Cause::NotFound) } else { no_users(&[user.as_str()]) };
            Err(principal.refuse(&app.table, event, problem).await)
        }
    }
}

/// Ends a user's supervision of a group. A repetition does no harm.
#[utoipa::path(
    delete,
    path = "/v1/groups/{group}/supervisors/{user}",
    tag = "admin",
    params(("group" = String, Path, description = "the group's id"), ("user" = String, Path, description = "the user's id")),
    responses(
        (status = 204, description = "ended"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn remove_supervisor(
    State(app): State<App>,
    principal: Principal,
    Path((id, user)): Path<(GroupId, UserId)>,
) -> Result<StatusCode, Problem> {
    let event = principal.event_about(AuditAction::RemoveSupervisor, format!("{id}/{user}"), (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    match app.table.remove_supervisor(&principal.organisation.id, &id, &user, &event).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Conflict(_)) => Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await),
    }
}

fn no_users(users: &[&str]) -> Problem {
    Problem::because(Cause::Invalid, format!("there are no such users: {}", users.join(", ")))
}
