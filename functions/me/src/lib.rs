//! Who I am and whether I am recorded: `GET /v1/me` and what hangs under it.
//!
//! A recorded user has to know that calls are recorded (P21): here they read the text and say so, and see everything that was done about
//! their recording and everyone who has listened to it.

mod listeners;

use axum::{
    Json, Router,
    extract::{FromRef, State},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use domain::{
    activation::{self, Event, Kind, TEXT_EN, TEXT_SV, VERSION, to_acknowledge},
    ids::{OrganisationId, UserId},
};
use platform::{
    http::{
        Cause, Known, Problem,
        extract::{self, Query},
        page,
        person::{Activations, User},
        problem,
    },
    table::{Table, audit::Deed, commit::Commit},
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

/// What the function works with.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

/// This function's part of the API's document.
#[derive(OpenApi)]
#[openapi(paths(me, acknowledge, activations, listeners::listeners))]
pub struct Document;

/// The user who calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    pub organisation: Organisation,
    pub user: User,
    /// What to acknowledge before calls are recorded.
    pub acknowledgement: Text,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwnOrganisation)]
pub struct Organisation {
    #[schema(value_type = String)]
    id: OrganisationId,
    name: String,
    /// Days a recording is kept.
    retention_days: u16,
    /// Whoever listens or downloads has to send a reason.
    asks_reason: bool,
}

/// A text to acknowledge.
#[derive(Debug, Serialize, ToSchema)]
pub struct Text {
    version: &'static str,
    sv: &'static str,
    en: &'static str,
}

/// The user's word that they have read the text and know that calls are recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// The version of the text that was shown.
    #[schema(example = "2026-11")]
    version: String,
    /// The program that showed it: 1 to 100 characters.
    #[schema(example = "iCentrex 8.2 (Android 16)")]
    client: String,
}

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/me", get(me))
        .route("/v1/me/acknowledgement", post(acknowledge))
        .route("/v1/me/activations", get(activations))
        .route("/v1/me/listeners", get(listeners::listeners));
    platform::http::dressed(routes.with_state(app))
}

/// Tells who the caller is, whether they are recorded, what they may do, and the text they have to acknowledge.
#[utoipa::path(
    get,
    path = "/v1/me",
    tag = "me",
    responses(
        (status = 200, body = Me),
        (status = 403, description = "unknown-user, not-allowed", body = problem::Body, content_type = "application/problem+json"),
    )
)]
async fn me(State(app): State<App>, known: Known) -> Result<Json<Me>, Problem> {
    let now = (app.now)();
    let user = known.person(&app.table, &known.event(Deed::SignIn, now)).await?.clone();
    // An administrator's portal begins here: this is the sign-in to the administrative functions.
    if user.administrator {
        app.table.audit(&known.event(Deed::SignIn, now)).await?;
    }
    Ok(Json(Me { user: User::of(user, &known.organisation, now), organisation: known.organisation.into(), acknowledgement: TEXT }))
}

/// Records that the caller knows that calls are recorded. It counts for the activation that exists now: a later one needs a new
/// acknowledgement.
#[utoipa::path(
    post,
    path = "/v1/me/acknowledgement",
    tag = "me",
    request_body = Acknowledgement,
    responses(
        (status = 200, description = "recorded now, or before", body = Me),
        (status = 403, description = "unknown-user, not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "changed: the text has another version now, show it again; nothing-to-acknowledge: recording is not active for the user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
async fn acknowledge(
    State(app): State<App>,
    known: Known,
    extract::Json(word): extract::Json<Acknowledgement>,
) -> Result<Json<Me>, Problem> {
    let now = (app.now)();
    let audited = known.event(Deed::Acknowledge, now);
    let user = known.person(&app.table, &audited).await?;
    let client = word.client.trim();
    if word.version != VERSION {
        return Err(Problem::because(Cause::Changed, format!("the text to acknowledge has version {VERSION}; show it and send that")));
    }
    if client.is_empty() || client.chars().count() > 100 || client.chars().any(char::is_control) {
        return Err(Problem::because(Cause::Invalid, "a client is named by 1 to 100 characters on one line"));
    }
    let kind = Kind::Acknowledged { version: word.version, client: client.to_owned() };
    let event = Event { user: user.id.clone(), at: now, kind, by: audited.who.clone() };
    let activated = match to_acknowledge(&known.organisation, user, now) {
        Ok(activated) => activated,
        Err(nothing) => return Err(known.refuse(&app.table, audited, Problem::because(Cause::NothingToAcknowledge, nothing)).await),
    };
    let user = match app.table.acknowledge(&known.organisation.id, &event, activated, &audited).await? {
        Commit::Done => {
            tracing::info!(request = known.origin.request, "acknowledged");
            app.table.user(&known.organisation.id, &user.id).await?.ok_or(Problem::new(Cause::UnknownUser))?
        }
        Commit::Refused(_) => acknowledged_before(&app, &known, &user.id).await?,
    };
    Ok(Json(Me { user: User::of(user, &known.organisation, now), organisation: known.organisation.into(), acknowledgement: TEXT }))
}

/// The user, if an acknowledgement of theirs stands; the activation ended meanwhile otherwise.
async fn acknowledged_before(app: &App, known: &Known, id: &UserId) -> Result<domain::people::User, Problem> {
    let user = app.table.user(&known.organisation.id, id).await?.ok_or(Problem::new(Cause::UnknownUser))?;
    match activation::acknowledged(&user) {
        Some(_) => Ok(user),
        None => Err(Problem::because(Cause::Changed, "recording was switched on or off meanwhile; look at it again")),
    }
}

/// Lists everything that happened to the caller's recording: who switched it on and off, when, and their own acknowledgements.
#[utoipa::path(
    get,
    path = "/v1/me/activations",
    tag = "me",
    params(page::Asked),
    responses(
        (status = 200, body = Activations),
        (status = 403, description = "unknown-user, not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
async fn activations(State(app): State<App>, known: Known, Query(asked): Query<page::Asked>) -> Result<Json<Activations>, Problem> {
    let user = known.person(&app.table, &known.event(Deed::SeeUser, (app.now)())).await?;
    let events = app.table.activations(&known.organisation.id, &user.id).await?;
    let names = app.table.names_of_those(&known.organisation.id, events.iter().map(|entry| entry.event.by.as_str())).await?;
    Ok(Json(Activations::page(events, &asked, &names)?))
}

const TEXT: Text = Text { version: VERSION, sv: TEXT_SV, en: TEXT_EN };

impl From<domain::people::Organisation> for Organisation {
    fn from(organisation: domain::people::Organisation) -> Self {
        Self {
            id: organisation.id,
            name: organisation.name.into(),
            retention_days: organisation.retention_days,
            asks_reason: organisation.asks_reason,
        }
    }
}
