//! The caller's own data: `GET /v1/me` and the routes below it.
//!
//! A recorded user has to know that calls are recorded (P21). Here they read the text, acknowledge
//! it, and see their activations and everyone who has listened.

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
        Cause, Principal, Problem,
        extract::{self, Query},
        page,
        person::{Activations, User},
        problem,
    },
    table::{Table, audit::AuditAction, commit::Conflict},
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

#[derive(OpenApi)]
#[openapi(paths(me, acknowledge, activations, listeners::listeners))]
pub struct Document;

/// The calling user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    pub organisation: Organisation,
    pub user: User,
    /// The text to acknowledge before calls are recorded.
    pub acknowledgement: Text,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwnOrganisation)]
pub struct Organisation {
    #[schema(value_type = String)]
    id: OrganisationId,
    name: String,
    /// Days that a recording is retained.
    retention_days: u16,
    /// Whether users have to send a reason to listen or download.
    asks_reason: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Text {
    version: &'static str,
    sv: &'static str,
    en: &'static str,
}

/// The user's confirmation that they have read the text and know that calls are recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// The version of the text that the user saw.
    #[schema(example = "2026-11")]
    version: String,
    /// The program that showed the text: 1 to 100 characters.
    #[schema(example = "iCentrex 8.2 (Android 16)")]
    client: String,
}

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/me", get(me))
        .route("/v1/me/acknowledgement", post(acknowledge))
        .route("/v1/me/activations", get(activations))
        .route("/v1/me/listeners", get(listeners::listeners));
    platform::http::with_common_layers(routes.with_state(app))
}

/// Shows the caller, whether they are recorded, their rights, and the text to acknowledge.
#[utoipa::path(
    get,
    path = "/v1/me",
    tag = "me",
    responses(
        (status = 200, body = Me),
        (status = 403, description = "unknown-user, not-allowed", body = problem::Body, content_type = "application/problem+json"),
    )
)]
async fn me(State(app): State<App>, principal: Principal) -> Result<Json<Me>, Problem> {
    let now = (app.now)();
    let user = principal.person(&app.table, &principal.event(AuditAction::SignIn, now)).await?.clone();
    // An administrator's portal starts here: this counts as the administrator's sign-in.
    if user.administrator {
        app.table.audit(&principal.event(AuditAction::SignIn, now)).await?;
    }
    Ok(Json(Me { user: User::of(user, &principal.organisation, now), organisation: principal.organisation.into(), acknowledgement: TEXT }))
}

/// Records that the caller knows about recording. It applies to the current activation only; a
/// later activation needs a new acknowledgement.
#[utoipa::path(
    post,
    path = "/v1/me/acknowledgement",
    tag = "me",
    request_body = Acknowledgement,
    responses(
        (status = 200, description = "acknowledged now or earlier", body = Me),
        (status = 403, description = "unknown-user, not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "changed: the text has a newer version, show that; nothing-to-acknowledge: recording is not active for the user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
async fn acknowledge(
    State(app): State<App>,
    principal: Principal,
    extract::Json(acknowledgement): extract::Json<Acknowledgement>,
) -> Result<Json<Me>, Problem> {
    let now = (app.now)();
    let audited = principal.event(AuditAction::Acknowledge, now);
    let user = principal.person(&app.table, &audited).await?;
    let client = acknowledgement.client.trim();
    if acknowledgement.version != VERSION {
        return Err(Problem::because(Cause::Changed, format!("the text to acknowledge has version {VERSION}; show and send that")));
    }
    if client.is_empty() || client.chars().count() > 100 || client.chars().any(char::is_control) {
        return Err(Problem::because(Cause::Invalid, "a client is named by 1 to 100 characters on one line"));
    }
    let kind = Kind::Acknowledged { version: acknowledgement.version, client: client.to_owned() };
    let event = Event { user: user.id.clone(), at: now, kind, by: audited.actor.clone() };
    let activated = match to_acknowledge(&principal.organisation, user, now) {
        Ok(activated) => activated,
        Err(nothing) => return Err(principal.refuse(&app.table, audited, Problem::because(Cause::NothingToAcknowledge, nothing)).await),
    };
    let user = match app.table.acknowledge(&principal.organisation.id, &event, activated, &audited).await? {
        Ok(()) => {
            tracing::info!(request = principal.origin.request, "acknowledged");
            app.table.user(&principal.organisation.id, &user.id).await?.ok_or(Problem::new(Cause::UnknownUser))?
        }
        Err(Conflict(_)) => acknowledged_before(&app, &principal, &user.id).await?,
    };
    Ok(Json(Me { user: User::of(user, &principal.organisation, now), organisation: principal.organisation.into(), acknowledgement: TEXT }))
}

/// The user, if they have acknowledged the activation; a problem if the activation ended meanwhile.
async fn acknowledged_before(app: &App, principal: &Principal, id: &UserId) -> Result<domain::people::User, Problem> {
    let user = app.table.user(&principal.organisation.id, id).await?.ok_or(Problem::new(Cause::UnknownUser))?;
    match activation::acknowledged(&user) {
        Some(_) => Ok(user),
        None => Err(Problem::because(Cause::Changed, "recording was switched on or off meanwhile; reload and try again")),
    }
}

/// Lists who switched the caller's recording on or off and when, and their acknowledgements.
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
async fn activations(State(app): State<App>, principal: Principal, Query(asked): Query<page::Asked>) -> Result<Json<Activations>, Problem> {
    let user = principal.person(&app.table, &principal.event(AuditAction::SeeUser, (app.now)())).await?;
    let events = app.table.activations(&principal.organisation.id, &user.id).await?;
    let names = app.table.names_of_those(&principal.organisation.id, events.iter().map(|entry| entry.event.by.as_str())).await?;
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
