//! Switching recording on and off, for one user or for many at once: `/v1/activations` (P8, P22, P24).

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{
    access::Duty,
    activation::{self, Event, Kind, outcome},
    billing::{Price, Rule, Terms, price, today},
    ids::UserId,
    people,
};
use platform::{
    http::{
        Cause, Known, Problem,
        extract::{self, Path, Query},
        page,
        person::Activations,
        problem,
    },
    table::{
        activation::SWITCHED,
        audit::{self, Deed},
        commit::Commit,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;

/// Whom to switch on or off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ActivationOrder)]
pub struct Order {
    /// 1 to 1,000 users.
    #[schema(value_type = Vec<String>)]
    users: BTreeSet<UserId>,
    /// On or off.
    active: bool,
    /// Only tell what would happen and what it would cost.
    #[serde(default)]
    preview: bool,
}

/// What happened, or would happen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Switched {
    preview: bool,
    /// Each that was named.
    #[schema(max_items = 1000)]
    users: Vec<Outcome>,
    /// Users that it changes.
    changes: usize,
    /// Those whom it makes billed and who cannot be recorded yet, because they have not acknowledged (`outcome` is
    /// `waits-for-acknowledgement`): a user is billed from the activation on.
    billed_not_recorded: usize,
    /// What it costs, without VAT; null where no prices are agreed.
    cost: Option<Cost>,
}

/// What it comes to for one user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActivationOutcome)]
pub struct Outcome {
    #[schema(value_type = String)]
    user: UserId,
    /// `changes`; `waits-for-acknowledgement`: it changes, and calls are recorded once the user has acknowledged; `already`: it is so;
    /// `no-base-service`, `no-plan`, `not-found`: it cannot be; `changed-meanwhile`: someone else did something, look again.
    outcome: &'static str,
}

/// Öre, without VAT.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Billed once, for all that are switched on.
    start_fees_ore: i64,
    /// More each month (less, if negative), for all that change.
    monthly_ore: i64,
}

/// The outcome for a user who is billed and not recorded until they acknowledge.
const WAITS: &str = "waits-for-acknowledgement";

/// The most users of one order.
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
pub async fn switch(State(app): State<App>, known: Known, extract::Json(order): extract::Json<Order>) -> Result<Json<Switched>, Problem> {
    let now = (app.now)();
    known.with_duty(&app.table, Duty::Administer, &known.event(deed(order.active), now)).await?;
    if !(1..=USERS).contains(&order.users.len()) {
        return Err(Problem::because(Cause::Invalid, "name 1 to 1000 users"));
    }
    let standing = app.table.users(&known.organisation.id, &order.users).await?;
    let mut outcomes: BTreeMap<&UserId, &'static str> =
        order.users.iter().map(|user| (user, decide(&known, &standing, user, order.active))).collect();
    let due: Vec<&UserId> = outcomes.iter().filter(|(_, outcome)| changes(outcome)).map(|(user, _)| *user).collect();
    if order.preview {
        app.table.audit(&known.event(Deed::PreviewActivation, now)).await?;
    } else if due.is_empty() {
        app.table.audit(&known.event(deed(order.active), now)).await?;
    } else {
        for some in due.chunks(SWITCHED) {
            for lost in apply(&app, &known, some, order.active, now).await? {
                outcomes.insert(lost, "changed-meanwhile");
            }
        }
    }
    let mut terms = app.table.terms(Some(&known.organisation.id)).await?;
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

/// Lists everything that happened to a user's recording.
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
    known: Known,
    Path(user): Path<UserId>,
    Query(asked): Query<page::Asked>,
) -> Result<Json<Activations>, Problem> {
    let event = known.event_about(Deed::SeeUser, &user, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let events = app.table.activations(&known.organisation.id, &user).await?;
    let names = app.table.names_of_those(&known.organisation.id, events.iter().map(|entry| entry.event.by.as_str())).await?;
    app.table.audit(&event).await?;
    Ok(Json(Activations::page(events, &asked, &names)?))
}

fn decide(known: &Known, standing: &BTreeMap<UserId, people::User>, user: &UserId, active: bool) -> &'static str {
    match standing.get(user).map(|user| outcome(&known.organisation, user, active)) {
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

/// Switches the users, all that can be; answers with those who were changed by someone else meanwhile.
async fn apply<'a>(app: &App, known: &Known, users: &[&'a UserId], active: bool, now: DateTime<Utc>) -> Result<Vec<&'a UserId>, Problem> {
    let (mut left, mut lost) = (users.to_vec(), Vec::new());
    while !left.is_empty() {
        let events: Vec<_> = left.iter().map(|user| events(known, user, active, now)).collect();
        match app.table.switch(&known.organisation.id, &events).await? {
            Commit::Done => break,
            Commit::Refused(places) => {
                let refused = BTreeSet::from_iter(places);
                lost.extend(refused.iter().map(|place| left[*place]));
                left = left.into_iter().enumerate().filter(|(place, _)| !refused.contains(place)).map(|(_, user)| user).collect();
            }
        }
    }
    Ok(lost)
}

fn events(known: &Known, user: &UserId, active: bool, now: DateTime<Utc>) -> (Event, audit::Event) {
    let mut audited = known.event_about(deed(active), user, now);
    let event =
        Event { user: user.clone(), at: now, kind: if active { Kind::Activated } else { Kind::Deactivated }, by: audited.who.clone() };
    audited.request = format!("{}#{user}", audited.request); // one request, an event for each user
    (event, audited)
}

fn deed(active: bool) -> Deed {
    if active { Deed::Activate } else { Deed::Deactivate }
}

/// What the change costs at today's prices; none where there are none.
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
