//! The members and supervisors of a group: `/v1/groups/{group}/members` and `/supervisors/{user}`.

use std::collections::BTreeSet;

use axum::{extract::State, http::StatusCode};
use domain::{
    ids::{GroupId, UserId},
    people,
};
use platform::{
    http::{
        Admin, Caller, Cause, Problem,
        extract::{Complete, Json, Path, Query},
        operation::{ChangeMembers, ChangeSupervisor, RemoveSupervisor, SeeGroup},
        page::{self, PageQuery},
        person::{Supervision, User},
    },
    table::{
        commit::Conflict,
        group::{CHANGE, MEMBERS, SUPERVISORS},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, groups::reaches};

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
    params(("group" = String, Path, description = "the group's id"), PageQuery),
    responses(
        (status = 200, body = Members),
        (status = 404, description = "not-found: there is no such group"),
    )
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller<SeeGroup>,
    Path(id): Path<GroupId>,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<Members>, Problem> {
    reaches(&caller, &id)?;
    let (limit, after) = (query.limit()?, query.after()?);
    let organisation = &caller.organisation;
    let all = app
        .table
        .groups()
        .members(&organisation.id, &id)
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    let mut rest =
        all.iter().filter(|member| after.as_deref().is_none_or(|after| member.as_str() > after));
    let some: BTreeSet<UserId> = rest.by_ref().take(limit).cloned().collect();
    let next = rest.next().and(some.last()).map(ToString::to_string);
    let users = app.table.people().users(&organisation.id, &some).await?;
    let members = users
        .into_iter()
        .map(|(id, user)| (id.to_string(), User::of(user, organisation, caller.now)));
    let (members, cursor) = page::placed(members, next);
    Ok(axum::Json(Members { members, count: all.len(), cursor }))
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
        (status = 404, description = "not-found: there is no such group"),
        (status = 422, description = "invalid; names the users who do not exist"),
    )
)]
pub async fn change(
    State(app): State<App>,
    admin: Admin<ChangeMembers>,
    Path(id): Path<GroupId>,
    Json(change): Json<Change>,
) -> Result<StatusCode, Problem> {
    admin.detail(&change);
    let organisation = &admin.organisation.id;
    let (users, join) = match change {
        Change::Add(users) => (users, true),
        Change::Remove(users) => (users, false),
    };
    if !(1..=CHANGE).contains(&users.len()) {
        return Err(Problem::because(
            Cause::Invalid,
            "name 1 to 90 users; send another request for more",
        ));
    }
    if join {
        let members =
            app.table.people().members(organisation, &[&id]).await?.remove(&id).unwrap_or_default();
        if members.union(&users).count() > MEMBERS {
            return Err(Problem::because(
                Cause::Invalid,
                "a group has at most 5000 members; create another, one supervisor may have several",
            ));
        }
    }
    match app.table.groups().change_members(organisation, &id, &users, join, &admin.event()).await?
    {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Conflict::Users(unknown)) => Err(no_users(&unknown)),
        Err(_) => Err(Problem::new(Cause::NotFound)),
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
        (status = 404, description = "not-found: there is no such group"),
        (status = 422, description = "invalid; names the members that are missing"),
    )
)]
pub async fn put_supervisor(
    State(app): State<App>,
    admin: Admin<ChangeSupervisor>,
    Path((id, user)): Path<(GroupId, UserId)>,
    Complete(supervision): Complete<Supervision>,
) -> Result<StatusCode, Problem> {
    admin.detail(&supervision);
    let supervision = people::Supervision::from(supervision);
    if supervision.from.zip(supervision.to).is_some_and(|(from, to)| from >= to) {
        return Err(Problem::because(Cause::Invalid, "the supervision ends before it begins"));
    }
    if !supervision.rights.any() {
        return Err(Problem::because(
            Cause::Invalid,
            "the supervision grants no right; remove the supervisor instead",
        ));
    }
    let organisation = &admin.organisation.id;
    let group =
        app.table.groups().get(organisation, &id).await?.ok_or(Problem::new(Cause::NotFound))?;
    if group.supervisors.len() >= SUPERVISORS && !group.supervisors.contains_key(&user) {
        return Err(Problem::because(Cause::Invalid, "a group has at most 90 supervisors"));
    }
    match app
        .table
        .groups()
        .put_supervisor(organisation, &id, &user, &supervision, &admin.event())
        .await?
    {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Conflict::NotFound) => Err(Problem::new(Cause::NotFound)),
        Err(_) => Err(no_users(&[user].into())),
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
    )
)]
pub async fn remove_supervisor(
    State(app): State<App>,
    admin: Admin<RemoveSupervisor>,
    Path((id, user)): Path<(GroupId, UserId)>,
) -> Result<StatusCode, Problem> {
    match app
        .table
        .groups()
        .remove_supervisor(&admin.organisation.id, &id, &user, &admin.event())
        .await?
    {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(_) => Err(Problem::new(Cause::NotFound)),
    }
}

fn no_users(users: &BTreeSet<UserId>) -> Problem {
    let users = users.iter().map(UserId::as_str).collect::<Vec<_>>();
    Problem::because(Cause::Invalid, format!("there are no such users: {}", users.join(", ")))
}
