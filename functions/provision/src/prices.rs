//! What things cost, and from which day: the general list at `/v1/prices`, and what an organisation has agreed under its own address.
//!
//! What was recorded stays: the same day again adds to it and holds from then on. Where that changes a month which is closed, the next
//! statement puts it right.

use axum::{Json, extract::State};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{self, Price, Terms, Whose},
    ids::OrganisationId,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::{self, Path},
        problem,
    },
    table::{Table, audit::Deed, commit::Commit},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, organisations::exists};

/// What holds from a day on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Terms)]
pub struct Put {
    prices: Prices,
    /// What the organisation has; in the general list nothing.
    #[serde(default)]
    services: Services,
}

/// SEK without VAT, as text with up to 4 decimals. What is left out has the general price; in the general list it has none.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Prices)]
pub struct Prices {
    /// Once, at each activation.
    #[schema(value_type = Option<String>, example = "99.00")]
    start_fee: Option<Price>,
    /// For each user who was active on any day of the month.
    #[schema(value_type = Option<String>, example = "49.00")]
    user_month: Option<Price>,
    /// For each begun 100 MB over what is included, and month.
    #[schema(value_type = Option<String>, example = "4.25")]
    storage_per_100_mb: Option<Price>,
    /// For the storage add-on, and month.
    #[schema(value_type = Option<String>, example = "150.00")]
    storage_add_on: Option<Price>,
    /// For the SFTP service, and month.
    #[schema(value_type = Option<String>, example = "250.00")]
    sftp: Option<Price>,
}

/// What an organisation has beside recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = Services)]
pub struct Services {
    /// Has the storage add-on, with so many megabytes more for all users together.
    storage_add_on_mb: Option<u32>,
    /// Has the SFTP service.
    sftp: bool,
}

/// All that was recorded, by the day from which it holds; of two for one day the later holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceList {
    terms: Vec<Recorded>,
}

/// What holds from a day on, and since when it is recorded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordedTerms)]
pub struct Recorded {
    from: NaiveDate,
    recorded_at: DateTime<Utc>,
    #[serde(flatten)]
    terms: Put,
}

/// Shows what was agreed with an organisation.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/prices",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id")),
    responses(
        (status = 200, body = PriceList),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, _: Operator, Path(id): Path<OrganisationId>) -> Result<Json<PriceList>, Problem> {
    exists(&app.table, &id).await?;
    listed(&app.table, Some(&id)).await
}

/// Agrees prices and services with an organisation from a day on.
#[utoipa::path(
    put,
    path = "/v1/organisations/{organisation}/prices/{from}",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("from" = String, Path, description = "the day from which they hold, yyyy-mm-dd"),
    ),
    request_body = Put,
    responses(
        (status = 200, description = "it is so", body = PriceList),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(app): State<App>,
    operator: Operator,
    Path((id, from)): Path<(OrganisationId, NaiveDate)>,
    extract::Json(put): extract::Json<Put>,
) -> Result<Json<PriceList>, Problem> {
    exists(&app.table, &id).await?;
    let now = (app.now)();
    let event = operator.event(&id, Deed::ProvisionPrices, Some(from.to_string()), now).detailed(&put);
    if holds(&app.table, Some(&id), from, &put).await? {
        return listed(&app.table, Some(&id)).await;
    }
    let terms = put.terms(Whose::Agreed, from, now);
    added(app.table.put_terms(Some(&id), &terms, &event.who, Some(&event)).await?)?;
    listed(&app.table, Some(&id)).await
}

/// Shows the general price list.
#[utoipa::path(
    get,
    path = "/v1/prices",
    tag = "provision",
    responses(
        (status = 200, body = PriceList),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show_general(State(app): State<App>, _: Operator) -> Result<Json<PriceList>, Problem> {
    listed(&app.table, None).await
}

/// Sets the general prices from a day on.
#[utoipa::path(
    put,
    path = "/v1/prices/{from}",
    tag = "provision",
    params(("from" = String, Path, description = "the day from which they hold, yyyy-mm-dd")),
    request_body = Put,
    responses(
        (status = 200, description = "it is so", body = PriceList),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: the day is none", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn put_general(
    State(app): State<App>,
    operator: Operator,
    Path(from): Path<NaiveDate>,
    extract::Json(put): extract::Json<Put>,
) -> Result<Json<PriceList>, Problem> {
    if put.services != Services::default() {
        return Err(Problem::because(Cause::Invalid, "services are agreed with an organisation; the general list has prices alone"));
    }
    if !holds(&app.table, None, from, &put).await? {
        let terms = put.terms(Whose::General, from, (app.now)());
        added(app.table.put_terms(None, &terms, &format!("operator:{}", operator.client), None).await?)?;
    }
    listed(&app.table, None).await
}

/// Whether the last that was recorded for the day says the same. 1 request.
async fn holds(table: &Table, organisation: Option<&OrganisationId>, from: NaiveDate, put: &Put) -> Result<bool, Problem> {
    let recorded = table.terms(organisation).await?;
    let last = recorded.into_iter().filter(|terms| terms.from == from).max_by_key(|terms| terms.known);
    Ok(last.is_some_and(|terms| Put::from(&terms) == *put))
}

fn added(commit: Commit) -> Result<(), Problem> {
    match commit {
        Commit::Done => Ok(()),
        Commit::Refused(_) => {
            Err(Problem::because(Cause::Changed, "others were recorded in the same instant; look at them, and send yours again"))
        }
    }
}

async fn listed(table: &Table, organisation: Option<&OrganisationId>) -> Result<Json<PriceList>, Problem> {
    let recorded = table.terms(organisation).await?;
    let terms = recorded.iter().map(|terms| Recorded { from: terms.from, recorded_at: terms.known, terms: terms.into() });
    Ok(Json(PriceList { terms: terms.collect() }))
}

impl Put {
    fn terms(&self, whose: Whose, from: NaiveDate, known: DateTime<Utc>) -> Terms {
        let Prices { start_fee, user_month, storage_per_100_mb: storage, storage_add_on: add_on, sftp } = self.prices;
        let prices = billing::Prices { start_fee, user_month, storage, add_on, sftp };
        Terms { whose, from, known, prices, add_on: self.services.storage_add_on_mb, sftp: self.services.sftp }
    }
}

impl From<&Terms> for Put {
    fn from(terms: &Terms) -> Self {
        let billing::Prices { start_fee, user_month, storage, add_on, sftp } = terms.prices;
        Self {
            prices: Prices { start_fee, user_month, storage_per_100_mb: storage, storage_add_on: add_on, sftp },
            services: Services { storage_add_on_mb: terms.add_on, sftp: terms.sftp },
        }
    }
}
