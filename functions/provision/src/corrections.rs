//! Corrects a user's activations for billing: `…/users/{user}/activations`.
//!
//! A late report is a fact with two times: when it applied and when it became known. A mistaken
//! entry is voided. Neither affects recording or earlier statements; the next statement corrects
//! the month. Both cost money, so both are previewed, and entered with the preview's total.

use axum::extract::State;
use chrono::{DateTime, SubsecRound, Utc};
use domain::{
    activation::{Event, Kind},
    billing::{Switch, billable, today},
    ids::{OrganisationId, UserId},
    reason::Reason,
    time::Instant,
};
use platform::http::{
    Cause, Operator, Problem,
    exchange::Exchange,
    extract::{Path, Query},
    once::{ABOUT, OnceJson},
    operation::{CorrectActivation, SeeUser, VoidActivation},
    page::{Page, PageQuery},
    person::{Activation, Activations},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    changes::{Change, Entered},
    organisations::exists,
};

/// The time when a user was switched on or off.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ActivationCorrection)]
pub struct Correction {
    /// The moment (RFC 3339): in the past, and not before the service's first day, 2026-01-01.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// Whether the user was switched on.
    active: bool,
    /// Why: at least one letter, at most 500 characters.
    #[schema(value_type = String)]
    reason: Reason,
    /// The total of the preview. Without it, this is a preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<String>,
}

/// Lists all events of a user's recording, and which of them are void for billing.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/users/{user}/activations",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("user" = String, Path, description = "the user's id"),
        PageQuery,
    ),
    responses(
        (status = 200, body = Activations),
        (status = 404, description = "not-found: there is no such organisation"),
    )
)]
pub async fn list(
    State(app): State<App>,
    _: Operator<SeeUser>,
    Path((organisation, user)): Path<(OrganisationId, UserId)>,
    Query(query): Query<PageQuery>,
) -> Result<Activations, Problem> {
    exists(&app.table, &organisation).await?;
    let entries = app.table.activations().of_user(&organisation, &user).await?;
    Page::numbered(
        entries.into_iter().map(|entry| Activation::of(entry, &Default::default())).collect(),
        &query,
    )
}

/// Enters when a user was switched on or off, for billing only. Without `total`, previews the cost.
#[utoipa::path(
    post,
    path = "/v1/organisations/{organisation}/users/{user}/activations",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("user" = String, Path, description = "the user's id"),
        ("Idempotency-Key" = Option<String>, Header, description = ABOUT),
    ),
    request_body = Correction,
    responses(
        (status = 201, description = "entered", body = Change),
        (status = 200, description = "a preview, or the entry already existed and nothing changed", body = Change),
        (status = 404, description = "not-found: there is no such organisation, or it never had such a user"),
        (status = 409, description = "changed: the total is now another, or the entry was voided"),
        (status = 422, description = "invalid, idempotency-key-reused"),
    )
)]
pub async fn correct(
    State(app): State<App>,
    operator: Operator<CorrectActivation>,
    Path((organisation, user)): Path<(OrganisationId, UserId)>,
    OnceJson(correction): OnceJson<Correction>,
) -> Result<Entered, Problem> {
    known_user(&app, &organisation, &user).await?;
    let (event, now) = (correction.event(&operator, user), operator.now);
    if event.at >= now {
        return Err(Problem::because(
            Cause::Invalid,
            "a correction concerns the past; an administrator switches from now on",
        ));
    }
    billable(today(event.at), now).map_err(|error| Problem::because(Cause::Invalid, error))?;
    let switch = Switch {
        user: event.user.clone(),
        at: event.at,
        on: correction.active,
        known: now,
        voided: None,
    };
    let change = Change::of(&app.table, &organisation, now, |ledger| {
        let same = ledger.switches.iter().find(|other| {
            (&other.user, other.at, other.on) == (&switch.user, switch.at, switch.on)
        });
        match same {
            None => {
                let mut after = ledger.clone();
                after.switches.push(switch);
                Ok(Some(after))
            }
            Some(same) if same.voided.is_none() => Ok(None),
            Some(_) => Err(Problem::because(
                Cause::Changed,
                "an entry at that moment was voided; enter it a millisecond later",
            )),
        }
    });
    let Some(change) = change.await? else { return Ok(Change::none()) };
    let write = async |claim: Option<&_>| {
        app.table.activations().put_right(&organisation, &event, &operator.event(), claim).await
    };
    change.entered(&operator, correction.total.as_deref(), write).await
}

/// Voids a user's activation or deactivation, for billing only. Without `total`, previews the cost.
#[utoipa::path(
    post,
    path = "/v1/organisations/{organisation}/users/{user}/activations/void",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("user" = String, Path, description = "the user's id"),
        ("Idempotency-Key" = Option<String>, Header, description = ABOUT),
    ),
    request_body(content = Correction, description = "identifies the entry by its moment, to the millisecond, and its direction"),
    responses(
        (status = 201, description = "voided", body = Change),
        (status = 200, description = "a preview, or the entry was already void and nothing changed", body = Change),
        (status = 404, description = "not-found: there is no such organisation, user or entry"),
        (status = 409, description = "changed: the total is now another"),
        (status = 422, description = "invalid: the user is still switched on by this entry; idempotency-key-reused"),
    )
)]
pub async fn void(
    State(app): State<App>,
    operator: Operator<VoidActivation>,
    Path((organisation, user)): Path<(OrganisationId, UserId)>,
    OnceJson(correction): OnceJson<Correction>,
) -> Result<Entered, Problem> {
    let switched_on = known_user(&app, &organisation, &user).await?;
    let (event, now) = (correction.event(&operator, user), operator.now);
    let named = |switch: &&Switch| {
        (&switch.user, switch.at, switch.on) == (&event.user, event.at, correction.active)
    };
    let change = Change::of(&app.table, &organisation, now, |ledger| {
        if ledger.switches.iter().any(|switch| named(&switch)) {
            return Ok(ledger.without(&event.user, event.at, correction.active, now));
        }
        Err(Problem::because(
            Cause::NotFound,
            "there is no such entry; name the moment of one of the user's activations, to the millisecond",
        ))
    });
    let Some(change) = change.await? else { return Ok(Change::none()) };
    if correction.active && switched_on == Some(event.at) {
        let still = "the user is recorded because of this activation; void it after an administrator has switched recording off";
        return Err(Problem::because(Cause::Invalid, still));
    }
    let write = async |claim: Option<&_>| {
        app.table.activations().void(&organisation, &event, &operator.event(), claim).await
    };
    change.entered(&operator, correction.total.as_deref(), write).await
}

/// When recording was switched on for a current or former user. 2 requests.
async fn known_user(
    app: &App,
    organisation: &OrganisationId,
    user: &UserId,
) -> Result<Option<DateTime<Utc>>, Problem> {
    exists(&app.table, organisation).await?;
    let user = app.table.activations().ever_a_user(organisation, user).await?;
    user.ok_or(Problem::because(Cause::NotFound, "the organisation has no such user and never had"))
}

impl Correction {
    /// The entry by the operator, whose audit event contains the correction.
    fn event(&self, operator: &Exchange, user: UserId) -> Event {
        operator.detail(self);
        let kind = if self.active { Kind::Activated } else { Kind::Deactivated };
        Event { user, at: self.at.utc().trunc_subsecs(3), kind, by: operator.event().actor }
    }
}
