//! The cost of a billing entry. It is previewed, and entered only with the preview's total.
//!
//! An entry affects neither recording nor earlier statements: the next statement has its lines.

use axum::{Json, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::{
    billing::{self, Ledger, Month, today},
    ids::OrganisationId,
};
use platform::{
    http::{Cause, Problem, exchange::Exchange},
    statement::Line,
    table::{Error, Table, audit::AuditAction, claim::Claim, commit::Committed},
};
use serde::Serialize;
use utoipa::ToSchema;

/// The effect of an entry on what the organisation owes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillingChange)]
pub struct Change {
    /// Nothing was entered. Send the same request with this `total` to enter it.
    preview: bool,
    /// The sum of the lines: SEK, without VAT.
    total: String,
    /// The lines that the entry adds to the running month's statement, as if the month ended now.
    #[schema(max_items = 1000)]
    lines: Vec<Line>,
}

/// The most lines of one entry: decades for one user.
const LINES_AT_MOST: usize = 1000;

impl Change {
    /// The effect of an entry at `now`, if there is anything to enter. 5 requests, 6 for past
    /// months.
    pub async fn of(
        table: &Table,
        organisation: &OrganisationId,
        now: DateTime<Utc>,
        entered: impl FnOnce(&Ledger) -> Result<Option<Ledger>, Problem>,
    ) -> Result<Option<Self>, Problem> {
        let general = table.prices().all(None).await?;
        let (mut before, _) = table.ledgers().agreements(organisation, &general).await?;
        let Some(mut after) = entered(&before)? else { return Ok(None) };
        table.ledgers().fill(organisation, &mut after, Month::of(today(now))).await?;
        before.usage.clone_from(&after.usage);
        let lines = billing::effect(&before, &after, now);
        if lines.len() > LINES_AT_MOST {
            return Err(Problem::because(
                Cause::Invalid,
                "the entry changes more than 1000 lines; enter it for a shorter period",
            ));
        }
        let total = format!("{:.2}", billing::total(&lines));
        Ok(Some(Self { preview: true, total, lines: lines.iter().map(Line::from).collect() }))
    }

    /// The effect of an entry that was made before.
    pub fn none() -> Entered {
        (StatusCode::OK, Json(Self { preview: false, total: "0.00".to_owned(), lines: Vec::new() }))
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Writes the entry if the caller repeats its total. Without a total, this is a preview.
    pub async fn entered(
        self,
        exchange: &Exchange,
        total: Option<&str>,
        write: impl AsyncFnOnce(Option<&Claim>) -> Result<Committed, Error>,
    ) -> Result<Entered, Problem> {
        let Some(named) = total else {
            exchange.act(AuditAction::PreviewCorrection);
            return Ok((StatusCode::OK, Json(self)));
        };
        if named != self.total {
            let differs = format!(
                "the total is {} and not {named}; send the request without `total` and look at the preview",
                self.total
            );
            return Err(Problem::because(Cause::Changed, differs));
        }
        let change = Self { preview: false, ..self };
        let claim = exchange.claim(StatusCode::CREATED, &change)?;
        Ok(match write(claim.as_ref()).await? {
            Ok(()) => (StatusCode::CREATED, Json(change)),
            Err(_) => Self::none(), // entered in the meantime
        })
    }
}

/// The response to an entry: 201 if it is new, otherwise 200.
pub type Entered = (StatusCode, Json<Change>);
