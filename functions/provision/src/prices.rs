//! Prices and their first days: a general list, `/v1/prices`, and each organisation's agreed terms.
//!
//! Later terms for a day supersede the earlier ones, which remain. If that changes a closed month,
//! the next statement corrects it. Mistaken terms are voided: they stay listed but do not apply.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{self, Price, Terms, Whose, billable},
    ids::OrganisationId,
    reason::Reason,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        exchange::Exchange,
        extract::{Json, Path, Query},
        operation::{ListPrices, ProvisionPrices, VoidPrices},
        page::{Listed, Page, PageQuery},
    },
    table::{Table, audit::Event, commit::Committed, terms::TakingBack},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{App, organisations::exists};

/// The terms from a day on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Terms)]
pub struct Put {
    prices: Prices,
    /// The organisation's services. The general list has none.
    #[serde(default)]
    services: Services,
}

/// SEK without VAT, up to 4 decimals. If absent, the general price applies, if there is one.
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
    /// For each begun 100 MB above the allowance, per month.
    #[schema(value_type = Option<String>, example = "4.25")]
    storage_per_100_mb: Option<Price>,
    /// For the storage add-on, per month.
    #[schema(value_type = Option<String>, example = "150.00")]
    storage_add_on: Option<Price>,
    /// For the SFTP service, per month.
    #[schema(value_type = Option<String>, example = "250.00")]
    sftp: Option<Price>,
}

/// An organisation's services beside recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = Services)]
pub struct Services {
    /// The storage add-on, with this many extra megabytes, pooled for all users.
    storage_add_on_mb: Option<u32>,
    /// Has the SFTP service.
    sftp: bool,
}

/// The terms from a day on, and when they were recorded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordedTerms)]
pub struct Recorded {
    from: NaiveDate,
    recorded_at: DateTime<Utc>,
    /// When they were voided. Absent if they apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    voided_at: Option<DateTime<Utc>>,
    prices: Prices,
    /// The organisation's services. The general list has none.
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

/// Shows the terms agreed with an organisation.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/prices",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), PageQuery),
    responses((status = 200, body = PriceList))
)]
pub async fn show(
    State(app): State<App>,
    _: Operator<ListPrices>,
    Path(id): Path<OrganisationId>,
    Query(query): Query<PageQuery>,
) -> Result<PriceList, Problem> {
    exists(&app.table, &id).await?;
    listed(&app.table, Some(&id), &query).await
}

/// Agrees terms with an organisation from a day on.
#[utoipa::path(
    put,
    path = "/v1/organisations/{organisation}/prices/{from}",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("from" = String, Path, description = "the first day of the terms, yyyy-mm-dd: 2026-01-01 to the end of next year"),
    ),
    request_body = Put,
    responses(
        (status = 200, description = "saved", body = PriceList),
    )
)]
pub async fn put(
    State(app): State<App>,
    operator: Operator<ProvisionPrices>,
    Path((id, from)): Path<(OrganisationId, NaiveDate)>,
    Json(put): Json<Put>,
) -> Result<PriceList, Problem> {
    exists(&app.table, &id).await?;
    saved(&app.table, Some(&id), put.terms(Whose::Agreed, from, operator.now), put, &operator).await
}

/// Voids the terms agreed with an organisation from a day on. The earlier terms apply again.
#[utoipa::path(
    delete,
    path = "/v1/organisations/{organisation}/prices/{from}",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("from" = String, Path, description = "the first day of the terms, yyyy-mm-dd"),
        Voiding,
    ),
    responses(
        (status = 204, description = "the day's terms are void; the next statement corrects what was billed"),
        (status = 404, description = "not-found: the day has no terms, or all are void"),
        (status = 422, description = "invalid: the reason is missing or invalid"),
    )
)]
pub async fn void(
    State(app): State<App>,
    operator: Operator<VoidPrices>,
    Path((id, from)): Path<(OrganisationId, NaiveDate)>,
    Query(voiding): Query<Voiding>,
) -> Result<StatusCode, Problem> {
    exists(&app.table, &id).await?;
    voided(&app.table, Some(&id), from, &voiding, &operator).await
}

/// Shows the general price list.
#[utoipa::path(
    get,
    path = "/v1/prices",
    tag = "provision",
    params(PageQuery),
    responses((status = 200, body = PriceList))
)]
pub async fn show_general(
    State(app): State<App>,
    _: Operator<ListPrices>,
    Query(query): Query<PageQuery>,
) -> Result<PriceList, Problem> {
    listed(&app.table, None, &query).await
}

/// Sets the general prices from a day on.
#[utoipa::path(
    put,
    path = "/v1/prices/{from}",
    tag = "provision",
    params(("from" = String, Path, description = "the first day of the terms, yyyy-mm-dd: 2026-01-01 to the end of next year")),
    request_body = Put,
    responses(
        (status = 200, description = "saved", body = PriceList),
        (status = 404, description = "not-found: not a valid day"),
    )
)]
pub async fn put_general(
    State(app): State<App>,
    operator: Operator<ProvisionPrices>,
    Path(from): Path<NaiveDate>,
    Json(put): Json<Put>,
) -> Result<PriceList, Problem> {
    if put.services != Services::default() {
        return Err(Problem::because(
            Cause::Invalid,
            "the general list has only prices; services are agreed with an organisation",
        ));
    }
    saved(&app.table, None, put.terms(Whose::General, from, operator.now), put, &operator).await
}

/// Voids the general prices from a day on. The earlier prices apply again.
#[utoipa::path(
    delete,
    path = "/v1/prices/{from}",
    tag = "provision",
    params(("from" = String, Path, description = "the first day of the terms, yyyy-mm-dd"), Voiding),
    responses(
        (status = 204, description = "the day's prices are void; the next statements correct what was billed"),
        (status = 404, description = "not-found: the day has no terms, or all are void"),
        (status = 422, description = "invalid: the reason is missing or invalid"),
    )
)]
pub async fn void_general(
    State(app): State<App>,
    operator: Operator<VoidPrices>,
    Path(from): Path<NaiveDate>,
    Query(voiding): Query<Voiding>,
) -> Result<StatusCode, Problem> {
    voided(&app.table, None, from, &voiding, &operator).await
}

/// Records the terms, unless the day has them already.
async fn saved(
    table: &Table,
    organisation: Option<&OrganisationId>,
    terms: Terms,
    put: Put,
    operator: &Exchange,
) -> Result<PriceList, Problem> {
    billable(terms.from, terms.known).map_err(|error| Problem::because(Cause::Invalid, error))?;
    operator.detail(&put);
    if !is_same(table, organisation, terms.from, &put).await? {
        let event = operator.event();
        check_added(table.prices().put(organisation, &terms, &event.actor, Some(&event)).await?)?;
    }
    listed(table, organisation, &PageQuery::default()).await
}

/// Voids the day's terms, each in a transaction with its event. A retry continues after the last.
async fn voided(
    table: &Table,
    organisation: Option<&OrganisationId>,
    from: NaiveDate,
    voiding: &Voiding,
    operator: &Exchange,
) -> Result<StatusCode, Problem> {
    operator.change(|event| event.reason = Some(voiding.reason.to_string()));
    let (event, reason) = (operator.event(), voiding.reason.to_string());
    let taking = TakingBack { at: event.at, by: &event.actor, reason: &reason };
    let mut found = false;
    for terms in table
        .prices()
        .all(organisation)
        .await?
        .iter()
        .filter(|terms| terms.from == from && terms.voided.is_none())
    {
        let event = Event {
            request: format!("{}#{}", event.request, terms.known.timestamp_millis()),
            ..event.clone()
        };
        match table.prices().void(organisation, terms, &taking, Some(&event)).await? {
            Ok(()) | Err(_) => found = true, // conflict: already voided
        }
    }
    let none = "the day has no terms, or all are void; look at the list";
    if found { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::because(Cause::NotFound, none)) }
}

/// Whether the day's latest terms are the same. 1 request.
async fn is_same(
    table: &Table,
    organisation: Option<&OrganisationId>,
    from: NaiveDate,
    put: &Put,
) -> Result<bool, Problem> {
    let recorded = table.prices().all(organisation).await?;
    let last = recorded
        .into_iter()
        .filter(|terms| terms.from == from && terms.voided.is_none())
        .max_by_key(|terms| terms.known);
    Ok(last.is_some_and(|terms| Put::from(&terms) == *put))
}

fn check_added(commit: Committed) -> Result<(), Problem> {
    match commit {
        Ok(()) => Ok(()),
        Err(_) => Err(Problem::because(
            Cause::Changed,
            "other terms were recorded in the same instant; look at them, and send yours again",
        )),
    }
}

async fn listed(
    table: &Table,
    organisation: Option<&OrganisationId>,
    query: &PageQuery,
) -> Result<PriceList, Problem> {
    let (limit, after) = (query.limit()?, query.after()?);
    let recorded = table.prices().all(organisation).await?;
    let terms = recorded.iter().map(Recorded::from);
    let place = |recorded: &Recorded| {
        format!("{}#{:013}", recorded.from, recorded.recorded_at.timestamp_millis())
    };
    let mut terms: Vec<Recorded> = terms
        .filter(|recorded| after.as_ref().is_none_or(|after| place(recorded) > *after))
        .collect();
    terms.sort_by_key(place);
    Ok(Page::cut(terms, limit, place))
}

/// A page of the list.
pub type PriceList = Page<Recorded>;

impl Listed for Recorded {
    const MEMBER: &'static str = "terms";
    const SCHEMA: (&'static str, &'static str) = (
        "PriceList",
        "A page of all terms, by first day. Of two for the same day the later one applies.",
    );
}

impl From<&Terms> for Recorded {
    fn from(terms: &Terms) -> Self {
        let Put { prices, services } = terms.into();
        Self {
            from: terms.from,
            recorded_at: terms.known,
            voided_at: terms.voided,
            prices,
            services,
        }
    }
}

impl Put {
    fn terms(&self, whose: Whose, from: NaiveDate, known: DateTime<Utc>) -> Terms {
        let Prices {
            start_fee,
            user_month,
            storage_per_100_mb: storage,
            storage_add_on: add_on,
            sftp,
        } = self.prices;
        let prices = billing::Prices { start_fee, user_month, storage, add_on, sftp };
        Terms {
            whose,
            from,
            known,
            voided: None,
            prices,
            add_on: self.services.storage_add_on_mb,
            sftp: self.services.sftp,
        }
    }
}

impl From<&Terms> for Put {
    fn from(terms: &Terms) -> Self {
        let billing::Prices { start_fee, user_month, storage, add_on, sftp } = terms.prices;
        Self {
            prices: Prices {
                start_fee,
                user_month,
                storage_per_100_mb: storage,
                storage_add_on: add_on,
                sftp,
            },
            services: Services { storage_add_on_mb: terms.add_on, sftp: terms.sftp },
        }
    }
}
