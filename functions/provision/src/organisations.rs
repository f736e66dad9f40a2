//! Organisations: `/v1/organisations` and `/v1/organisations/{organisation}`.

use axum::extract::State;
use domain::{
    ids::OrganisationId,
    people::{self, Name},
    phone::Country,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::{Complete, Json, Path, Query, not_clearable},
        operation::{ListOrganisations, ProvisionOrganisation, SeeOrganisation},
        page::{self, Listed, Page, PageQuery},
        single::Single,
    },
    table::{Table, audit::Event, provision::OrganisationChange},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;

/// An organisation to create or replace. Every member but `country` is required.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OrganisationProvision)]
pub struct Put {
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    name: Name,
    /// Has the base service iCentrex Företagstelefoni, which recording needs.
    base_service: bool,
    /// Has the add-on for more than 180 days of retention. When it ends, the chosen days remain.
    storage_add_on: bool,
    /// The country of numbers in national form, by its ISO 3166-1 code. Absent: unchanged, and `SE`
    /// for a new organisation.
    #[serde(default, deserialize_with = "not_clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "SE")]
    country: Option<Country>,
}

/// A change of an organisation, as a JSON merge patch (RFC 7396).
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OrganisationPatch)]
pub struct Patch {
    /// 1 to 100 characters.
    #[serde(default, deserialize_with = "not_clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    name: Option<Name>,
    /// Has the base service iCentrex Företagstelefoni, which recording needs.
    #[serde(default, deserialize_with = "not_clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    base_service: Option<bool>,
    /// Has the add-on for more than 180 days of retention. When it ends, the chosen days remain.
    #[serde(default, deserialize_with = "not_clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    storage_add_on: Option<bool>,
    /// The country of numbers in national form, by its ISO 3166-1 code.
    #[serde(default, deserialize_with = "not_clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "SE")]
    country: Option<Country>,
}

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProvisionedOrganisation)]
pub struct Organisation {
    #[schema(value_type = String)]
    id: OrganisationId,
    name: String,
    base_service: bool,
    /// Has the add-on for more than 180 days of retention.
    storage_add_on: bool,
    /// The country of numbers in national form, by its ISO 3166-1 code.
    #[schema(value_type = String, example = "SE")]
    country: Country,
    /// Days of retention: 180 unless the organisation has decided otherwise.
    retention_days: u16,
}

/// Attempts while others change the same organisation.
const ATTEMPTS: usize = 3;

/// Lists the organisations. It concerns none of them alone, so only the operator's own log records it.
#[utoipa::path(
    get,
    path = "/v1/organisations",
    tag = "provision",
    params(PageQuery),
    responses((status = 200, body = Organisations))
)]
pub async fn list(
    State(app): State<App>,
    _: Operator<ListOrganisations>,
    Query(query): Query<PageQuery>,
) -> Result<Organisations, Problem> {
    let (limit, after) = (query.limit()?, query.after()?);
    let after = after.map(OrganisationId::try_from).transpose().map_err(|_| page::not_ours())?;
    let listed = app.table.organisations().page(after.as_ref(), limit).await?;
    let next = listed.last().filter(|_| listed.len() == limit).map(|last| last.id.to_string());
    let ids: Vec<OrganisationId> = listed.into_iter().map(|listed| listed.id).collect();
    Ok(Page::read(app.table.organisations().with_ids(&ids).await?, next))
}

/// Creates or replaces an organisation. Every member but `country` is required; PATCH changes some.
#[utoipa::path(
    put,
    path = "/v1/organisations/{organisation}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id: 1 to 64 of a-z, 0-9, '.', '_' and '-'")),
    request_body = Put,
    responses(
        (status = 200, description = "saved", body = Organisation),
        (status = 422, description = "invalid; the detail lists missing members"),
    )
)]
pub async fn put(
    State(app): State<App>,
    operator: Operator<ProvisionOrganisation>,
    Path(id): Path<OrganisationId>,
    Complete(put): Complete<Put>,
) -> Result<Single<Organisation>, Problem> {
    operator.detail(&put);
    let whole = OrganisationChange {
        name: Some(put.name),
        base_service: Some(put.base_service),
        storage_add_on: Some(put.storage_add_on),
        country: put.country,
    };
    changed(&app.table, &id, app.table.people().organisation(&id).await?, &whole, &operator.event())
        .await
}

/// Changes some members of an organisation, as a JSON merge patch (RFC 7396).
#[utoipa::path(
    patch,
    path = "/v1/organisations/{organisation}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id")),
    request_body = Patch,
    responses(
        (status = 200, description = "saved", body = Organisation),
    )
)]
pub async fn patch(
    State(app): State<App>,
    operator: Operator<ProvisionOrganisation>,
    Path(id): Path<OrganisationId>,
    Json(patch): Json<Patch>,
) -> Result<Single<Organisation>, Problem> {
    operator.detail(&patch);
    let current = exists(&app.table, &id).await?;
    let change = OrganisationChange {
        name: patch.name,
        base_service: patch.base_service,
        storage_add_on: patch.storage_add_on,
        country: patch.country,
    };
    changed(&app.table, &id, Some(current), &change, &operator.event()).await
}

/// Applies the change to the organisation, whose state is `current`.
async fn changed(
    table: &Table,
    id: &OrganisationId,
    mut current: Option<people::Organisation>,
    change: &OrganisationChange,
    event: &Event,
) -> Result<Single<Organisation>, Problem> {
    for _ in 0..ATTEMPTS {
        let is_so = current.as_ref().is_some_and(|current| change.is(current));
        if is_so
            || table.provision().put_organisation(id, change, current.as_ref(), event).await?
                == Ok(())
        {
            return shown(table, id).await;
        }
        current = table.people().organisation(id).await?;
    }
    Err(Problem::new(Cause::Busy))
}

/// Shows an organisation.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id")),
    responses((status = 200, body = Organisation))
)]
pub async fn show(
    State(app): State<App>,
    _: Operator<SeeOrganisation>,
    Path(id): Path<OrganisationId>,
) -> Result<Single<Organisation>, Problem> {
    shown(&app.table, &id).await
}

/// Responds not-found if the organisation does not exist. 1 request.
pub async fn exists(table: &Table, id: &OrganisationId) -> Result<people::Organisation, Problem> {
    table
        .people()
        .organisation(id)
        .await?
        .ok_or(Problem::because(Cause::NotFound, "there is no such organisation; create it first"))
}

async fn shown(table: &Table, id: &OrganisationId) -> Result<Single<Organisation>, Problem> {
    Ok(Single(exists(table, id).await?.into()))
}

/// A page of the list.
pub type Organisations = Page<Organisation>;

impl Listed for Organisation {
    const MEMBER: &'static str = "organisations";
    const SCHEMA: (&'static str, &'static str) =
        ("ProvisionedOrganisations", "A page of the organisations, sorted by id.");
}

impl From<people::Organisation> for Organisation {
    fn from(organisation: people::Organisation) -> Self {
        Self {
            id: organisation.id,
            name: organisation.name.into(),
            base_service: organisation.base_service,
            storage_add_on: organisation.storage_add_on,
            country: organisation.country,
            retention_days: organisation.retention_days,
        }
    }
}
