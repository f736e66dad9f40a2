//! The organisation's users: `/v1/users`. Administrators grant their rights.

use axum::extract::State;
use domain::{
    ids::UserId,
    people::{self, Organisation},
};
use platform::{
    http::{
        Admin, Cause, Principal, Problem,
        caller::Actor,
        extract::{Json, Path, Query, clearable, not_clearable},
        operation::{ChangeUser, ListUsers, SeeUser},
        page::{self, Page},
        person::{User, Users},
        single::Single,
    },
    table::{commit::Conflict, directory, key, provision::Decided},
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
    /// Only users whose name, id, number or extension contains this text, in any case: 1 to 100
    /// characters.
    pub q: Option<String>,
    /// Rows on a page, 1 to 1,000; 50 by default. A page may have fewer and still have a cursor.
    pub limit: Option<usize>,
    /// The cursor of the previous page.
    pub cursor: Option<String>,
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

/// Lists users by name, or those whose name, id, number or extension contains a text.
#[utoipa::path(
    get,
    path = "/v1/users",
    tag = "admin",
    params(Filter),
    responses((status = 200, body = Users))
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<ListUsers>,
    Query(filter): Query<Filter>,
) -> Result<Users, Problem> {
    let (users, next) = app.table.directory().users(&filter.page(&admin.organisation)?).await?;
    let place = |user: &people::User| key::named(&user.name, user.id.as_str());
    Ok(Page::placed(
        users
            .into_iter()
            .map(|user| (place(&user), User::of(user, &admin.organisation, admin.now))),
        next,
    ))
}

/// Shows one user.
#[utoipa::path(
    get,
    path = "/v1/users/{user}",
    tag = "admin",
    params(("user" = String, Path, description = "the user's id")),
    responses((status = 200, body = User))
)]
pub async fn show(
    State(app): State<App>,
    admin: Admin<SeeUser>,
    Path(id): Path<UserId>,
) -> Result<Single<User>, Problem> {
    shown(&app, &admin, &id).await
}

/// Grants and revokes a user's rights, and appoints administrators.
#[utoipa::path(
    patch,
    path = "/v1/users/{user}",
    tag = "admin",
    params(("user" = String, Path, description = "the user's id")),
    request_body = Change,
    responses(
        (status = 200, body = User),
        (status = 429, description = "busy: others change the same user; over-budget"),
    )
)]
pub async fn change(
    State(app): State<App>,
    admin: Admin<ChangeUser>,
    Path(id): Path<UserId>,
    Json(change): Json<Change>,
) -> Result<Single<User>, Problem> {
    admin.detail(&change);
    let Actor::User(caller) = &admin.actor else { return Err(Problem::new(Cause::NotAllowed)) };
    if change.rights.is_none() && change.administrator.is_none() {
        return Err(Problem::because(
            Cause::Invalid,
            "there is nothing to change; send `rights` or `administrator`",
        ));
    }
    if change.administrator == Some(false) && caller.id == id {
        return Err(Problem::because(
            Cause::Invalid,
            "you cannot stop administering yourself; another administrator can do it",
        ));
    }
    for _ in 0..TRIES {
        let rights = wanted(&app, &admin.organisation, &id, change.rights)
            .await?
            .ok_or(Problem::new(Cause::NotFound))?;
        let decided = Decided {
            rights,
            administrator: change.administrator.map(|administrator| (administrator, &caller.id)),
        };
        match app
            .table
            .provision()
            .change_user(&admin.organisation.id, &id, &decided, &admin.event())
            .await?
        {
            Ok(()) => return shown(&app, &admin, &id).await,
            // An organisation always has an administrator: the caller must still be one.
            Err(Conflict::NotAdministrator) => {
                return Err(Problem::because(
                    Cause::NotAllowed,
                    "you no longer administer the organisation",
                ));
            }
            Err(_) if decided.rights.is_some_and(|(was, _)| was.is_some()) => {} // the rights were changed meanwhile
            Err(_) => return Err(Problem::new(Cause::NotFound)),
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
    let was = app.table.people().user(&organisation.id, id).await?.map(|user| user.rights);
    Ok(was.map(|was| Some((Some(was), change.of(was)))))
}

async fn shown(app: &App, admin: &Principal, id: &UserId) -> Result<Single<User>, Problem> {
    let user = app
        .table
        .people()
        .user(&admin.organisation.id, id)
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    Ok(Single(User::of(user, &admin.organisation, admin.now)))
}

impl RightsChange {
    /// The rights `was`, changed.
    fn of(self, was: people::Rights) -> people::Rights {
        let right =
            |change: Option<Option<bool>>, was| change.map_or(was, Option::unwrap_or_default);
        people::Rights {
            listen: right(self.listen, was.listen),
            download: right(self.download, was.download),
            annotate: right(self.annotate, was.annotate),
        }
    }
}

impl Filter {
    /// The requested part of a list.
    pub fn page<'a>(
        &'a self,
        organisation: &'a Organisation,
    ) -> Result<directory::Page<'a>, Problem> {
        let holding = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if holding.is_some_and(|text| text.chars().count() > 100) {
            return Err(Problem::because(Cause::Invalid, "a search has 1 to 100 characters"));
        }
        let (limit, after) = (page::limit(self.limit)?, page::after(self.cursor.as_deref())?);
        Ok(directory::Page { organisation: &organisation.id, holding, limit, after })
    }
}
