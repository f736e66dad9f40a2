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
        extract::{self, Path, Query, clearable, kept},
        page,
        person::User,
        problem,
    },
    table::{audit::Deed, commit::Commit, directory, key, provision::Decided},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;

/// Tries while others change the same user.
const TRIES: usize = 4;

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

/// What to change of a user, as a JSON merge patch (RFC 7396): what is left out stays.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChange)]
pub struct Change {
    /// To their own recordings.
    #[serde(default, deserialize_with = "kept", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = RightsChange, required = false)]
    rights: Option<RightsChange>,
    /// Whether they administer the organisation.
    #[serde(default, deserialize_with = "kept", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    administrator: Option<bool>,
}

/// Rights to grant or to revoke; what is left out stays, and null revokes.
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
    let caller = known.user()?;
    for _ in 0..TRIES {
        let Some(rights) = wanted(&app, &known.organisation, &id, change.rights).await? else {
            return Err(known.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
        };
        let decided = Decided { rights, administrator: change.administrator.map(|administrator| (administrator, &caller.id)) };
        match app.table.change_user(&known.organisation.id, &id, &decided, &event).await? {
            Commit::Done => return shown(&app, &known.organisation, &id, now).await,
            Commit::Refused(places) if places.contains(&1) => {
                // An organisation keeps an administrator: whoever ends another is one themselves until it is written.
                let problem = Problem::because(Cause::NotAllowed, "you administer the organisation no more");
                return Err(known.refuse(&app.table, event, problem).await);
            }
            Commit::Refused(_) if decided.rights.is_some_and(|(was, _)| was.is_some()) => {} // the rights were changed meanwhile
            Commit::Refused(_) => return Err(known.refuse(&app.table, event, Problem::new(Cause::NotFound)).await),
        }
    }
    Err(Problem::new(Cause::Busy))
}

/// The rights that a user is to have, with those that they had if only some are given; none within if none are. None if there is no such
/// user. No request, or 1.
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
    /// The rights `was` with this change.
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
