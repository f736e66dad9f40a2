//! Switches recording on and off for users: `/v1/activations` (P8, P22, P24).

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{
    access::Permission,
    activation::{self, Event, Kind, outcome},
    billing::{Price, Rule, Terms, price, today},
    ids::UserId,
    people,
};
use platform::{
    http::{
        Cause, Principal, Problem,
        extract::{self, Path, Query},
        page,
        person::Activations,
        problem,
    },
    table::{
        activation::SWITCHED,
        audit::{self, AuditAction},
        commit::Conflict,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;

/// The users to switch on or off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ActivationOrder)]
pub struct Order {
    /// 1 to 1,000 users.
    #[schema(value_type = Vec<String>)]
    users: BTreeSet<UserId>,
    /// On or off.
    active: bool,
    /// Only calculate the effect and the cost.
    #[serde(default)]
    preview: bool,
}

/// The effect, or the calculated effect of a preview.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Switched {
    preview: bool,
    /// All named users.
    #[schema(max_items = 1000)]
    users: Vec<Outcome>,
    /// The number of users that change.
    changes: usize,
    /// The number of users who become billed and cannot be recorded until they acknowledge
    /// (`outcome` is `waits-for-acknowledgement`). Billing starts with the activation.
    billed_not_recorded: usize,
    /// The cost without VAT; null if no prices are agreed.
    cost: Option<Cost>,
}

/// The effect for one user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActivationOutcome)]
pub struct Outcome {
    #[schema(value_type = String)]
    user: UserId,
    /// `changes`; `waits-for-acknowledgement`: it changes, and calls are recorded once the user has
    /// acknowledged; `already`: nothing changes; `no-base-service`, `no-plan`, `not-found`: it is
    /// impossible; `changed-meanwhile`: another request changed the user, reload.
    outcome: &'static str,
}

/// Öre, without VAT.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Billed once, for all users that are switched on.
    start_fees_ore: i64,
    /// The monthly change for all users that change; negative for a decrease.
    monthly_ore: i64,
}

/// The outcome for a user who is billed but not recorded until they acknowledge.
const WAITS: &str = "waits-for-acknowledgement";

/// The most users in one request.
const USERS: usize = 1000;

/// Switches recording on or off for users, or previews it.
#[utoipa::path(
    post,
    path = "/v1/activations",
    tag = "admin",
    request_body = Order,
    responses(
        (status = 200, body = Switched),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn switch(
    State(app): State<App>,
    principal: Principal,
    extract::Json(order): extract::Json<Order>,
) -> Result<Json<Switched>, Problem> {
    let now = (app.now)();
    principal.with_permission(&app.table, Permission::Administer, &principal.event(action(order.active), now)).await?;
    if !(1..=USERS).contains(&order.users.len()) {
        return Err(Problem::because(Cause::Invalid, "name 1 to 1000 users"));
    }
    let found = app.table.users(&principal.organisation.id, &order.users).await?;
    let mut outcomes: BTreeMap<&UserId, &'static str> =
        order.users.iter().map(|user| (user, decide(&principal, &found, user, order.active))).collect();
    let due: Vec<&UserId> = outcomes.iter().filter(|(_, outcome)| changes(outcome)).map(|(user, _)| *user).collect();
    if order.preview {
        app.table.audit(&principal.event(AuditAction::PreviewActivation, now)).await?;
    } else if due.is_empty() {
        app.table.audit(&principal.event(action(order.active), now)).await?;
    } else {
        for some in due.chunks(SWITCHED) {
            for lost in apply(&app, &principal, some, order.active, now).await? {
                outcomes.insert(lost, "changed-meanwhile");
            }
        }
    }
    let mut terms = app.table.terms(Some(&principal.organisation.id)).await?;
    terms.extend(app.table.terms(None).await?);
    let count = outcomes.values().filter(|outcome| changes(outcome)).count();
    Ok(Json(Switched {
        preview: order.preview,
        changes: count,
        billed_not_recorded: outcomes.values().filter(|outcome| **outcome == WAITS).count(),
        cost: cost(&terms, count, order.active, now),
        users: outcomes.into_iter().map(|(user, outcome)| Outcome { user: user.clone(), outcome }).collect(),
    }))
}

/// Lists the events of a user's activation.
#[utoipa::path(
    get,
    path = "/v1/users/{user}/activations",
    tag = "admin",
    params(("user" = String, Path, description = "the user's id"), page::Asked),
    responses(
        (status = 200, body = Activations),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn of_user(
    State(app): State<App>,
    principal: Principal,
    Path(user): Path<UserId>,
    Query(asked): Query<page::Asked>,
) -> Result<Json<Activations>, Problem> {
    let event = principal.event_about(AuditAction::SeeUser, &user, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let events = app.table.activations(&principal.organisation.id, &user).await?;
    let names = app.table.names_of_those(&principal.organisation.id, events.iter().map(|entry| entry.event.by.as_str())).await?;
    app.table.audit(&event).await?;
    Ok(Json(Activations::page(events, &asked, &names)?))
}

fn decide(principal: &Principal, found: &BTreeMap<UserId, people::User>, user: &UserId, active: bool) -> &'static str {
    match found.get(user).map(|user| outcome(&principal.organisation, user, active)) {
        None => "not-found",
        Some(activation::Outcome::Changes { waits_for_acknowledgement: true }) => WAITS,
        Some(activation::Outcome::Changes { waits_for_acknowledgement: false }) => "changes",
        Some(activation::Outcome::Already) => "already",
        Some(activation::Outcome::NoBaseService) => "no-base-service",
        Some(activation::Outcome::NoPlan) => "no-plan",
    }
}

fn changes(outcome: &str) -> bool {
    matches!(outcome, "changes" | WAITS)
}

/// Switches the users, and returns those whom another request changed meanwhile.
async fn apply<'a>(
    app: &App,
    principal: &Principal,
    users: &[&'a UserId],
    active: bool,
    now: DateTime<Utc>,
) -> Result<Vec<&'a UserId>, Problem> {
    let (mut left, mut lost) = (users.to_vec(), Vec::new());
    while !left.is_empty() {
        let events: Vec<_> = left.iter().map(|user| events(principal, user, active, now)).collect();
        match app.table.switch(&principal.organisation.id, &events).await? {
            Ok(()) => break,
            Err(Conflict(places)) => {
                let refused = BTreeSet::from_iter(places);
                lost.extend(refused.iter().map(|place| left[*place]));
                left = left.into_iter().enumerate().filter(|(place, _)| !refused.contains(place)).map(|(_, user)| user).collect();
            }
        }
    }
    Ok(lost)
}

fn events(principal: &Principal, user: &UserId, active: bool, now: DateTime<Utc>) -> (Event, audit::Event) {
    let mut audited = principal.event_about(action(active), user, now);
    let event =
        Event { user: user.clone(), at: now, kind: if active { Kind::Activated } else { Kind::Deactivated }, by: audited.actor.clone() };
    audited.request = format!("{}#{user}", audited.request); // one request has an event for each user
    (event, audited)
}

fn action(active: bool) -> AuditAction {
    if active { AuditAction::Activate } else { AuditAction::Deactivate }
}

/// The cost of the change at today's prices; `None` if there are none.
fn cost(terms: &[Terms], users: usize, active: bool, now: DateTime<Utc>) -> Option<Cost> {
    let price = |rule| price(terms, rule, today(now));
    let (start_fee, user_month) = (price(Rule::StartFee), price(Rule::UserMonth));
    if (start_fee, user_month) == (None, None) {
        return None;
    }
    let ore = |price: Option<Price>| price.map_or(0, |price| price.ore(i64::try_from(users).unwrap_or(i64::MAX)));
    let monthly = ore(user_month);
    Some(match active {
        true => Cost { start_fees_ore: ore(start_fee), monthly_ore: monthly },
        false => Cost { start_fees_ore: 0, monthly_ore: -monthly },
    })
}
