//! The caller's own data: `GET /v1/me` and the routes below it.
//!
//! A recorded user has to know that calls are recorded (P21). Here they read the text, acknowledge
//! it, and see their activations and everyone who has listened.

mod listeners;

use axum::{
    Router,
    extract::{FromRef, State},
};
use chrono::{DateTime, Utc};
use domain::{
    activation::{self, Event, Kind, TEXT_EN, TEXT_SV, VERSION, to_acknowledge},
    ids::OrganisationId,
    people,
    phone::Country,
};
use platform::{
    http::{
        self, Cause, Person, Principal, Problem,
        extract::{Json, Query},
        operation::{Acknowledge, SeeUser, SignIn},
        page::{Page, PageQuery},
        person::{Activation, Activations, User},
        single::Single,
    },
    table::Table,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

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
    /// ISO 3166-1: the country of numbers in national form.
    #[schema(value_type = String, example = "SE")]
    country: Country,
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

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(acknowledge))
        .routes(routes!(activations))
        .routes(routes!(listeners::listeners))
}

pub fn router(app: App) -> Router {
    http::router(routes(), app)
}

/// Shows the caller, whether they are recorded, their rights, and the text to acknowledge.
#[utoipa::path(
    get,
    path = "/v1/me",
    tag = "me",
    responses((status = 200, body = Me))
)]
async fn me(person: Person<SignIn>) -> Single<Me> {
    Me::of((*person.user).clone(), &person)
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
        (status = 409, description = "changed: the text has a newer version, show that; nothing-to-acknowledge: recording is not active for the user"),
    )
)]
async fn acknowledge(
    State(app): State<App>,
    person: Person<Acknowledge>,
    Json(acknowledgement): Json<Acknowledgement>,
) -> Result<Single<Me>, Problem> {
    let (organisation, id) = (&person.organisation, &person.user.id);
    let client = acknowledgement.client.trim();
    if acknowledgement.version != VERSION {
        return Err(Problem::because(
            Cause::Changed,
            format!("the text to acknowledge has version {VERSION}; show and send that"),
        ));
    }
    if client.is_empty() || client.chars().count() > 100 || client.chars().any(char::is_control) {
        return Err(Problem::because(
            Cause::Invalid,
            "a client is named by 1 to 100 characters on one line",
        ));
    }
    let audited = person.event();
    let kind = Kind::Acknowledged { version: acknowledgement.version, client: client.to_owned() };
    let event = Event { user: id.clone(), at: person.now, kind, by: audited.actor.clone() };
    let activated = to_acknowledge(organisation, &person.user, person.now);
    let activated =
        activated.map_err(|nothing| Problem::because(Cause::NothingToAcknowledge, nothing))?;
    let written =
        app.table.activations().acknowledge(&organisation.id, &event, activated, &audited).await?;
    let user = app
        .table
        .people()
        .user(&organisation.id, id)
        .await?
        .ok_or(Problem::new(Cause::UnknownUser))?;
    match written {
        Ok(()) => tracing::info!(request = audited.request, "acknowledged"),
        Err(_) if activation::acknowledged(&user).is_some() => {} // acknowledged before
        Err(_) => {
            return Err(Problem::because(
                Cause::Changed,
                "recording was switched on or off meanwhile; reload and try again",
            ));
        }
    }
    Ok(Me::of(user, &person))
}

/// Lists who switched the caller's recording on or off and when, and their acknowledgements.
#[utoipa::path(
    get,
    path = "/v1/me/activations",
    tag = "me",
    params(PageQuery),
    responses((status = 200, body = Activations))
)]
async fn activations(
    State(app): State<App>,
    person: Person<SeeUser>,
    Query(query): Query<PageQuery>,
) -> Result<Activations, Problem> {
    let organisation = &person.organisation.id;
    let events = app.table.activations().of_user(organisation, &person.user.id).await?;
    let names = app
        .table
        .people()
        .names_of_those(organisation, events.iter().map(|entry| entry.event.by.as_str()))
        .await?;
    Page::numbered(events.into_iter().map(|entry| Activation::of(entry, &names)).collect(), &query)
}

const TEXT: Text = Text { version: VERSION, sv: TEXT_SV, en: TEXT_EN };

impl Me {
    fn of(user: people::User, caller: &Principal) -> Single<Self> {
        let organisation = &caller.organisation;
        Single(Self {
            user: User::of(user, organisation, caller.now),
            organisation: organisation.clone().into(),
            acknowledgement: TEXT,
        })
    }
}

impl From<people::Organisation> for Organisation {
    fn from(organisation: people::Organisation) -> Self {
        Self {
            id: organisation.id,
            name: organisation.name.into(),
            country: organisation.country,
            retention_days: organisation.retention_days,
            asks_reason: organisation.asks_reason,
        }
    }
}
