//! Credits a billed line: `/v1/organisations/{organisation}/statements/{month}/credits`.
//!
//! A credited line need not be paid, whatever becomes known later, so nothing is taken back twice.
//! The next statement takes it back and refers to its month. A withdrawal bills the line again.

use axum::extract::State;
use domain::{
    billing::{Credit, Month, Named, Rule},
    ids::{OrganisationId, UserId},
    reason::Reason,
    time::Instant,
};
use platform::http::{
    Cause, Operator, Problem,
    extract::Path,
    once::{ABOUT, OnceJson},
    operation::CreditLine,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    changes::{Change, Entered},
    organisations::exists,
};

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
        (status = 404, description = "not-found: there is no such organisation, month or line, or the line is already credited"),
        (status = 409, description = "changed: the total is now another"),
        (status = 422, description = "invalid: the month is not over; idempotency-key-reused"),
    )
)]
pub async fn credit(
    State(app): State<App>,
    operator: Operator<CreditLine>,
    Path((organisation, month)): Path<(OrganisationId, Month)>,
    OnceJson(order): OnceJson<Order>,
) -> Result<Entered, Problem> {
    exists(&app.table, &organisation).await?;
    operator.detail(&order);
    if operator.now < month.end() {
        return Err(Problem::because(
            Cause::Invalid,
            "the month is not over, so nothing of it has been billed",
        ));
    }
    let credit = Credit { line: order.line(month)?, waived: !order.withdrawn, known: operator.now };
    let change = Change::of(&app.table, &organisation, operator.now, |ledger| {
        let mut after = ledger.clone();
        after.credits.push(credit.clone());
        Ok(Some(after))
    });
    let change = change.await?.filter(|change| !change.is_empty());
    let change = change.ok_or(Problem::because(
        Cause::NotFound,
        "the month has no such line, or the line is already credited",
    ))?;
    // On a conflict the SDK has repeated a request: the credit's key contains this request's id.
    let write = async |claim: Option<&_>| {
        app.table
            .ledgers()
            .put_credit(&organisation, &credit, &operator.event(), claim)
            .await
            .map(|_| Ok(()))
    };
    change.entered(&operator, order.total.as_deref(), write).await
}

impl Order {
    fn line(&self, month: Month) -> Result<Named, Problem> {
        let rule = self.rule.parse().ok();
        let rule = rule.ok_or(Problem::because(
            Cause::Invalid,
            "a rule is start-fee, user-month, storage, storage-add-on or sftp",
        ))?;
        let needs = (matches!(rule, Rule::StartFee | Rule::UserMonth), rule == Rule::StartFee);
        if needs != (self.user.is_some(), self.activated_at.is_some()) {
            let which = "a start-fee requires `user` and `activatedAt`, a user-month requires `user`, and any other rule neither";
            return Err(Problem::because(Cause::Invalid, which));
        }
        Ok(Named {
            month,
            rule,
            user: self.user.clone(),
            activated_at: self.activated_at.map(Instant::utc),
        })
    }
}
