//! Credits a billed line: `/v1/organisations/{organisation}/statements/{month}/credits`.
//!
//! A credited line need not be paid, whatever becomes known later, so nothing is taken back twice.
//! The next statement takes it back and refers to its month. A withdrawal bills the line again.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    billing::{Credit, Month, Named, Rule},
    ids::{OrganisationId, UserId},
    reason::Reason,
    time::Instant,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::Path,
        once::{ABOUT, Once, OnceJson},
        problem,
    },
    table::audit::AuditAction,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, changes::Change, organisations::exists};

/// The line to credit, as in `lines.jsonl` of the month's export.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = StatementCredit)]
pub struct Order {
    /// `start-fee`, `user-month`, `storage`, `storage-add-on` or `sftp`.
    rule: String,
    /// For `start-fee` and `user-month`.
    #[schema(value_type = Option<String>)]
    user: Option<UserId>,
    /// For `start-fee`, to the millisecond.
    #[schema(value_type = Option<String>, format = DateTime)]
    activated_at: Option<Instant>,
    /// Withdraws a credit: the line is billed again.
    #[serde(default)]
    withdrawn: bool,
    /// Why: at least one letter, at most 500 characters.
    #[schema(value_type = String)]
    reason: Reason,
    /// The total of the preview. Without it, this is a preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<String>,
}

/// Credits a line of a past month. Without `total`, previews the next statement's lines.
#[utoipa::path(
    post,
    path = "/v1/organisations/{organisation}/statements/{month}/credits",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("month" = String, Path, description = "the month of the line, yyyy-mm: its `corrects` if it has one"),
        ("Idempotency-Key" = Option<String>, Header, description = ABOUT),
    ),
    request_body = Order,
    responses(
        (status = 201, description = "the next statement takes the line back", body = Change),
        (status = 200, description = "a preview", body = Change),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such organisation, month or line, or the line is already credited", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "changed: the total is now another", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid: the month is not over; idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn credit(
    State(app): State<App>,
    operator: Operator,
    Path((organisation, month)): Path<(OrganisationId, String)>,
    OnceJson(once, order): OnceJson<Order>,
) -> Result<Response, Problem> {
    let now = (app.now)();
    let done = enter(&app, &operator, &organisation, month, &once, &order, now).await;
    once.settle(&app.table, &organisation, now, done).await
}

async fn enter(
    app: &App,
    operator: &Operator,
    organisation: &OrganisationId,
    month: String,
    once: &Once,
    order: &Order,
    now: DateTime<Utc>,
) -> Result<Response, Problem> {
    exists(&app.table, organisation).await?;
    let month = Month::try_from(month).map_err(|error| Problem::because(Cause::NotFound, error))?;
    if now < month.end() {
        return Err(Problem::because(Cause::Invalid, "the month is not over, so nothing of it has been billed"));
    }
    let credit = Credit { line: order.line(month)?, waived: !order.withdrawn, known: now };
    let change = Change::of(&app.table, organisation, now, |ledger| {
        let mut after = ledger.clone();
        after.credits.push(credit.clone());
        Ok(Some(after))
    });
    let change = change.await?.filter(|change| !change.is_empty());
    let change = change.ok_or(Problem::because(Cause::NotFound, "the month has no such line, or the line is already credited"))?;
    let change = match change.confirmed(order.total.as_deref())? {
        Ok(change) => change,
        Err(preview) => return Ok(preview.answer(false)),
    };
    let event = operator.event(organisation, AuditAction::CreditLine, Some(month.to_string()), now).detailed(order);
    let claim = once.claim(organisation, now, StatusCode::CREATED, &change)?;
    // On a conflict the SDK has repeated a request: the credit's key contains this request's id.
    let (Ok(()) | Err(platform::table::commit::Conflict(_))) = app.table.put_credit(organisation, &credit, &event, claim.as_ref()).await?;
    Ok(change.answer(true))
}

impl Order {
    fn line(&self, month: Month) -> Result<Named, Problem> {
        let rule = Rule::parse(&self.rule);
        let rule = rule.ok_or(Problem::because(Cause::Invalid, "a rule is start-fee, user-month, storage, storage-add-on or sftp"))?;
        let needs = (matches!(rule, Rule::StartFee | Rule::UserMonth), rule == Rule::StartFee);
        if needs != (self.user.is_some(), self.activated_at.is_some()) {
            let which = "a start-fee requires `user` and `activatedAt`, a user-month requires `user`, and any other rule neither";
            return Err(Problem::because(Cause::Invalid, which));
        }
        Ok(Named { month, rule, user: self.user.clone(), activated_at: self.activated_at.map(Instant::utc) })
    }
}
