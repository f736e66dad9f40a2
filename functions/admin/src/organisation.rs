//! The organisation's own settings: `/v1/organisation`.

use axum::extract::State;
use domain::{ids::OrganisationId, people};
use platform::http::{
    Admin, Cause, Problem,
    extract::Json,
    operation::{ChangeOrganisation, SeeOrganisation},
    single::Single,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;

/// The organisation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Organisation {
    #[schema(value_type = String)]
    id: OrganisationId,
    name: String,
    /// Whether it has the base service iCentrex Företagstelefoni, which recording requires.
    base_service: bool,
    /// Days that a recording is retained, from the start of its call.
    retention_days: u16,
    /// Whether users have to send a reason to listen or download.
    asks_reason: bool,
}

/// The settings to change.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OrganisationChange)]
pub struct Change {
    /// Whether users have to send a reason to listen or download.
    asks_reason: bool,
}

/// Shows the organisation's settings.
#[utoipa::path(
    get,
    path = "/v1/organisation",
    tag = "admin",
    responses((status = 200, body = Organisation))
)]
pub async fn show(admin: Admin<SeeOrganisation>) -> Single<Organisation> {
    Single(admin.organisation.clone().into())
}

/// Changes the organisation's settings.
#[utoipa::path(
    patch,
    path = "/v1/organisation",
    tag = "admin",
    request_body = Change,
    responses((status = 200, body = Organisation))
)]
pub async fn change(
    State(app): State<App>,
    admin: Admin<ChangeOrganisation>,
    Json(change): Json<Change>,
) -> Result<Single<Organisation>, Problem> {
    admin.detail(&change);
    match app
        .table
        .provision()
        .ask_reason(&admin.organisation.id, change.asks_reason, &admin.event())
        .await?
    {
        Ok(()) => Ok(Single(
            people::Organisation { asks_reason: change.asks_reason, ..admin.organisation.clone() }
                .into(),
        )),
        Err(_) => Err(Problem::new(Cause::NotFound)),
    }
}

impl From<people::Organisation> for Organisation {
    fn from(organisation: people::Organisation) -> Self {
        Self {
            id: organisation.id,
            name: organisation.name.into(),
            base_service: organisation.base_service,
            retention_days: organisation.retention_days,
            asks_reason: organisation.asks_reason,
        }
    }
}
