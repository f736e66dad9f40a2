//! Switches recording on and off for users: `/v1/activations` (P8, P22, P24).

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{
    activation::{self, Event, Kind, outcome},
    billing::{Price, Rule, Terms, price, today},
    ids::UserId,
    people,
};
use platform::{
    http::{
        Admin, Cause, Principal, Problem,
        extract::{Json, Path, Query},
        operation::{Activate, SeeUser},
        page::{Page, PageQuery},
        person::{Activation, Activations},
    },
    table::{
        self,
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
    responses((status = 200, body = Switched))
)]
pub async fn switch(
    State(app): State<App>,
    admin: Admin<Activate>,
    Json(order): Json<Order>,
) -> Result<axum::Json<Switched>, Problem> {
    admin.act(if order.preview { AuditAction::PreviewActivation } else { action(order.active) });
    if !(1..=USERS).contains(&order.users.len()) {
        return Err(Problem::because(Cause::Invalid, "name 1 to 1000 users"));
    }
    let found = app.table.people().users(&admin.organisation.id, &order.users).await?;
    let mut outcomes: BTreeMap<&UserId, &'static str> =
        order.users.iter().map(|user| (user, decide(&admin, &found, user, order.active))).collect();
    let due: Vec<&UserId> =
        outcomes.iter().filter(|(_, outcome)| changes(outcome)).map(|(user, _)| *user).collect();
    if !order.preview {
        for some in due.chunks(SWITCHED) {
            for lost in apply(&app, &admin, some, order.active).await? {
                outcomes.insert(lost, "changed-meanwhile");
            }
        }
    }
    let mut terms = app.table.prices().all(Some(&admin.organisation.id)).await?;
    terms.extend(app.table.prices().all(None).await?);
    let count = outcomes.values().filter(|outcome| changes(outcome)).count();
    Ok(axum::Json(Switched {
        preview: order.preview,
        changes: count,
        billed_not_recorded: outcomes.values().filter(|outcome| **outcome == WAITS).count(),
        cost: cost(&terms, count, order.active, admin.now),
        users: outcomes
            .into_iter()
            .map(|(user, outcome)| Outcome { user: user.clone(), outcome })
            .collect(),
    }))
}

/// Lists the events of a user's activation.
#[utoipa::path(
    get,
    path = "/v1/users/{user}/activations",
    tag = "admin",
    params(("user" = String, Path, description = "the user's id"), PageQuery),
    responses((status = 200, body = Activations))
)]
pub async fn of_user(
    State(app): State<App>,
    admin: Admin<SeeUser>,
    Path(user): Path<UserId>,
    Query(query): Query<PageQuery>,
) -> Result<Activations, Problem> {
    let organisation = &admin.organisation.id;
    let events = app.table.activations().of_user(organisation, &user).await?;
    let names = app
        .table
        .people()
        .names_of_those(organisation, events.iter().map(|entry| entry.event.by.as_str()))
        .await?;
    Page::numbered(events.into_iter().map(|entry| Activation::of(entry, &names)).collect(), &query)
}

fn decide(
    principal: &Principal,
    found: &BTreeMap<UserId, people::User>,
    user: &UserId,
    active: bool,
) -> &'static str {
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
    admin: &Principal,
    users: &[&'a UserId],
    active: bool,
) -> Result<Vec<&'a UserId>, Problem> {
    let (mut left, mut lost) = (users.to_vec(), Vec::new());
    while !left.is_empty() {
        let events: Vec<_> = left.iter().map(|user| events(admin, user, active)).collect();
        match app.table.activations().switch(&admin.organisation.id, &events).await? {
            Ok(()) => break,
            Err(Conflict::Users(refused)) => {
                lost.extend(left.extract_if(.., |user| refused.contains(*user)));
            }
            Err(conflict) => return Err(table::Error::from(conflict).into()),
        }
    }
    Ok(lost)
}

fn events(admin: &Principal, user: &UserId, active: bool) -> (Event, audit::Event) {
    let event = admin.event();
    let request = format!("{}#{user}", event.request); // one request has an event for each user
    let audited = audit::Event { resource: Some(user.to_string()), request, ..event };
    let kind = if active { Kind::Activated } else { Kind::Deactivated };
    (Event { user: user.clone(), at: admin.now, kind, by: audited.actor.clone() }, audited)
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
    let ore = |price: Option<Price>| {
        price.map_or(0, |price| price.ore(i64::try_from(users).unwrap_or(i64::MAX)))
    };
    let monthly = ore(user_month);
    Some(match active {
        true => Cost { start_fees_ore: ore(start_fee), monthly_ore: monthly },
        false => Cost { start_fees_ore: 0, monthly_ore: -monthly },
    })
}
