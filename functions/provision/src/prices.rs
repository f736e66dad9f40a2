//! What things cost, and from which day: the general list at `/v1/prices`, and what an organisation has agreed under its own address.
//!
//! What was recorded stays: the same day again adds to it and holds from then on. Where that changes a month which is closed, the next
//! statement puts it right. What was recorded by mistake is voided: it reads as if it had never been, and stays in the list as void.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{self, Price, Terms, Whose, billable},
    ids::OrganisationId,
    reason::Reason,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::{self, Path, Query},
        page, problem,
    },
    table::{
        Table,
        audit::{Deed, Event},
        commit::Commit,
        terms::TakingBack,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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

/// A page of all that was recorded, by the day from which it holds; of two for one day the later holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceList {
    terms: Vec<Recorded>,
    /// Hand it in as `cursor` where the list is read, for the next page; null on the last.
    cursor: Option<String>,
}

/// What holds from a day on, and since when it is recorded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordedTerms)]
pub struct Recorded {
    from: NaiveDate,
    recorded_at: DateTime<Utc>,
    /// When they were voided; absent: they count.
    #[serde(skip_serializing_if = "Option::is_none")]
    voided_at: Option<DateTime<Utc>>,
    prices: Prices,
    /// What the organisation has; in the general list nothing.
    services: Services,
}

/// Why prices are voided.
#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Voiding {
    /// At least one letter, at most 500 characters.
    #[param(value_type = String)]
    reason: Reason,
}

/// Shows what was agreed with an organisation.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/prices",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), page::Asked),
    responses(
        (status = 200, body = PriceList),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(app): State<App>,
    _: Operator,
    Path(id): Path<OrganisationId>,
    Query(asked): Query<page::Asked>,
) -> Result<Json<PriceList>, Problem> {
    exists(&app.table, &id).await?;
    listed(&app.table, Some(&id), &asked).await
}

/// Agrees prices and services with an organisation from a day on.
#[utoipa::path(
    put,
    path = "/v1/organisations/{organisation}/prices/{from}",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("from" = String, Path, description = "the day from which they hold, yyyy-mm-dd: 2026-01-01 to the end of next year"),
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
    billable(from, now).map_err(|error| Problem::because(Cause::Invalid, error))?;
    let event = operator.event(&id, Deed::ProvisionPrices, Some(from.to_string()), now).detailed(&put);
    if holds(&app.table, Some(&id), from, &put).await? {
        return listed(&app.table, Some(&id), &page::Asked::default()).await;
    }
    let terms = put.terms(Whose::Agreed, from, now);
    added(app.table.put_terms(Some(&id), &terms, &event.who, Some(&event)).await?)?;
    listed(&app.table, Some(&id), &page::Asked::default()).await
}

/// Voids what was agreed with an organisation from a day on: whatever holds on the days after it is what held before.
#[utoipa::path(
    delete,
    path = "/v1/organisations/{organisation}/prices/{from}",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("from" = String, Path, description = "the day from which they hold, yyyy-mm-dd"),
        Voiding,
    ),
    responses(
        (status = 204, description = "all that was recorded for the day is void; the next statement puts right what was billed"),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: nothing is recorded for the day, or all of it is void", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid: say why", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn void(
    State(app): State<App>,
    operator: Operator,
    Path((id, from)): Path<(OrganisationId, NaiveDate)>,
    Query(voiding): Query<Voiding>,
) -> Result<StatusCode, Problem> {
    exists(&app.table, &id).await?;
    let event = operator.event(&id, Deed::VoidPrices, Some(from.to_string()), (app.now)());
    let event = Event { reason: Some(voiding.reason.to_string()), ..event };
    voided(&app.table, Some(&id), from, &event).await
}

/// Shows the general price list.
#[utoipa::path(
    get,
    path = "/v1/prices",
    tag = "provision",
    params(page::Asked),
    responses(
        (status = 200, body = PriceList),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show_general(State(app): State<App>, _: Operator, Query(asked): Query<page::Asked>) -> Result<Json<PriceList>, Problem> {
    listed(&app.table, None, &asked).await
}

/// Sets the general prices from a day on.
#[utoipa::path(
    put,
    path = "/v1/prices/{from}",
    tag = "provision",
    params(("from" = String, Path, description = "the day from which they hold, yyyy-mm-dd: 2026-01-01 to the end of next year")),
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
    let now = (app.now)();
    billable(from, now).map_err(|error| Problem::because(Cause::Invalid, error))?;
    if !holds(&app.table, None, from, &put).await? {
        let terms = put.terms(Whose::General, from, now);
        added(app.table.put_terms(None, &terms, &format!("operator:{}", operator.client), None).await?)?;
    }
    listed(&app.table, None, &page::Asked::default()).await
}

/// Voids the general prices from a day on: whatever holds on the days after it is what held before.
#[utoipa::path(
    delete,
    path = "/v1/prices/{from}",
    tag = "provision",
    params(("from" = String, Path, description = "the day from which they hold, yyyy-mm-dd"), Voiding),
    responses(
        (status = 204, description = "all that was recorded for the day is void; the next statements put right what was billed"),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: nothing is recorded for the day, or all of it is void", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid: say why", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn void_general(
    State(app): State<App>,
    operator: Operator,
    Path(from): Path<NaiveDate>,
    Query(voiding): Query<Voiding>,
) -> Result<StatusCode, Problem> {
    let taking = (format!("operator:{}", operator.client), voiding.reason.to_string());
    voided_by(&app.table, None, from, TakingBack { at: (app.now)(), by: &taking.0, reason: &taking.1 }, None).await
}

async fn voided(table: &Table, organisation: Option<&OrganisationId>, from: NaiveDate, event: &Event) -> Result<StatusCode, Problem> {
    let reason = event.reason.clone().unwrap_or_default();
    voided_by(table, organisation, from, TakingBack { at: event.at, by: &event.who, reason: &reason }, Some(event)).await
}

/// Voids all that is recorded for the day, each in a commit of its own with its event: asked again, it goes on where it was cut short.
async fn voided_by(
    table: &Table,
    organisation: Option<&OrganisationId>,
    from: NaiveDate,
    taking: TakingBack<'_>,
    event: Option<&Event>,
) -> Result<StatusCode, Problem> {
    let recorded = table.terms(organisation).await?;
    let mut found = false;
    for terms in recorded.iter().filter(|terms| terms.from == from && terms.voided.is_none()) {
        let event = event.map(|event| Event { request: format!("{}#{}", event.request, terms.known.timestamp_millis()), ..event.clone() });
        match table.void_terms(organisation, terms, &taking, event.as_ref()).await? {
            Commit::Done | Commit::Refused(_) => found = true, // refused: another has voided it meanwhile
        }
    }
    let none = "nothing is recorded for that day, or all of it is void; look at the list";
    if found { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::because(Cause::NotFound, none)) }
}

/// Whether the last that was recorded for the day says the same. 1 request.
async fn holds(table: &Table, organisation: Option<&OrganisationId>, from: NaiveDate, put: &Put) -> Result<bool, Problem> {
    let recorded = table.terms(organisation).await?;
    let last = recorded.into_iter().filter(|terms| terms.from == from && terms.voided.is_none()).max_by_key(|terms| terms.known);
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

async fn listed(table: &Table, organisation: Option<&OrganisationId>, asked: &page::Asked) -> Result<Json<PriceList>, Problem> {
    let (limit, after) = (asked.limit()?, asked.after()?);
    let recorded = table.terms(organisation).await?;
    let terms = recorded.iter().map(Recorded::from);
    let place = |recorded: &Recorded| format!("{}#{:013}", recorded.from, recorded.recorded_at.timestamp_millis());
    let mut terms: Vec<Recorded> = terms.filter(|recorded| after.as_ref().is_none_or(|after| place(recorded) > *after)).collect();
    terms.sort_by_key(place);
    let (terms, cursor) = page::cut(terms, limit, place);
    Ok(Json(PriceList { terms, cursor }))
}

impl From<&Terms> for Recorded {
    fn from(terms: &Terms) -> Self {
        let Put { prices, services } = terms.into();
        Self { from: terms.from, recorded_at: terms.known, voided_at: terms.voided, prices, services }
    }
}

impl Put {
    fn terms(&self, whose: Whose, from: NaiveDate, known: DateTime<Utc>) -> Terms {
        let Prices { start_fee, user_month, storage_per_100_mb: storage, storage_add_on: add_on, sftp } = self.prices;
        let prices = billing::Prices { start_fee, user_month, storage, add_on, sftp };
        Terms { whose, from, known, voided: None, prices, add_on: self.services.storage_add_on_mb, sftp: self.services.sftp }
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
