//! Recording groups: `/v1/groups` (P12, P13).

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::{access::Permission, ids::GroupId, people::Name};
use platform::{
    http::{
        Admin, Caller, Cause, Principal, Problem,
        caller::Actor,
        extract::{Complete, Path, Query},
        operation::{ChangeGroup, ListGroups, RemoveGroup, SeeGroup},
        page::{Listed, Page},
        person::Supervisor,
        single::Single,
    },
    table::{group, key},
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
    responses((status = 200, body = Groups))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller<ListGroups>,
    Query(filter): Query<Filter>,
) -> Result<Groups, Problem> {
    let reachable_groups = reachable_groups(&caller);
    let (groups, next) = if reachable_groups.is_empty() {
        caller.has(Permission::Administer)?;
        app.table.directory().groups(&filter.page(&caller.organisation)?).await?
    } else {
        app.table
            .directory()
            .these_groups(&filter.page(&caller.organisation)?, &reachable_groups)
            .await?
    };
    let place = |group: &group::Group| key::named(&group.name, group.id.as_str());
    Ok(Page::placed(
        groups.into_iter().map(|group| (place(&group), Group::of(group, caller.now))),
        next,
    ))
}

/// Shows one group and its supervisors.
#[utoipa::path(
    get,
    path = "/v1/groups/{group}",
    tag = "admin",
    params(("group" = String, Path, description = "the group's id")),
    responses((status = 200, body = Group))
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller<SeeGroup>,
    Path(id): Path<GroupId>,
) -> Result<Single<Group>, Problem> {
    reaches(&caller, &id)?;
    let group = app
        .table
        .groups()
        .get(&caller.organisation.id, &id)
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    Ok(Single(Group::of(group, caller.now)))
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
        (status = 409, description = "changed: the group is being removed"),
    )
)]
pub async fn put(
    State(app): State<App>,
    admin: Admin<ChangeGroup>,
    Path(id): Path<GroupId>,
    Complete(put): Complete<Put>,
) -> Result<StatusCode, Problem> {
    admin.detail(&put);
    match app.table.groups().put(&admin.organisation.id, &id, &put.name, &admin.event()).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(_) => Err(Problem::because(
            Cause::Changed,
            "the group is being removed; remove it again, then create it",
        )),
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
    )
)]
pub async fn remove(
    State(app): State<App>,
    admin: Admin<RemoveGroup>,
    Path(id): Path<GroupId>,
) -> Result<StatusCode, Problem> {
    let removed = app.table.groups().remove(&admin.organisation.id, &id, &admin.event()).await?;
    removed.map(|()| StatusCode::NO_CONTENT).ok_or(Problem::new(Cause::NotFound))
}

/// Admits administrators and the group's current supervisors.
pub fn reaches(caller: &Principal, id: &GroupId) -> Result<(), Problem> {
    if reachable_groups(caller).contains(id) {
        return Ok(());
    }
    caller.has(Permission::Administer)
}

/// The groups that a supervisor reaches now; empty for an administrator, who reaches all.
fn reachable_groups(caller: &Principal) -> Vec<GroupId> {
    match &caller.actor {
        Actor::User(user) if !user.administrator => {
            user.active_supervisions(caller.now).map(|(group, _)| group.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// A page of the list.
pub type Groups = Page<Group>;

impl Listed for Group {
    const MEMBER: &'static str = "groups";
    const SCHEMA: (&'static str, &'static str) = ("Groups", "A page of groups, sorted by name.");
}

impl Group {
    fn of(group: group::Group, now: DateTime<Utc>) -> Self {
        let supervisors = group.supervisors.into_iter();
        Self {
            id: group.id,
            name: group.name.into(),
            supervisors: supervisors
                .map(|(user, supervision)| Supervisor::of(user, supervision, now))
                .collect(),
        }
    }
}
