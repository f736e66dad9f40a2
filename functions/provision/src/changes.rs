//! What an entry for billing costs: previewed before it is made, and made only by whoever names the sum that the preview gave.
//!
//! Nothing here says whether calls are recorded, and no statement that was made is changed: the next one has the lines.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    billing::{self, Ledger, Month, today},
    ids::OrganisationId,
};
use platform::{
    http::{Cause, Problem, once, statement::Line},
    table::Table,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What an entry changes of what the organisation owes, or would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillingChange)]
pub struct Change {
    /// Nothing was entered. Send the same request with this `total` to enter it.
    preview: bool,
    /// The sum of the lines: SEK, without VAT.
    total: String,
    /// The lines that the running month's statement has because of it, as if the month ended now.
    #[schema(max_items = 1000)]
    lines: Vec<Line>,
}

/// Lines that one entry may cause: decades of one user's.
const LINES_AT_MOST: usize = 1000;

impl Change {
    /// What an entry at `now` changes; none where `entered` says that there is nothing to enter. 5 requests, 6 where it is about earlier
    /// months.
    pub async fn of(
        table: &Table,
        organisation: &OrganisationId,
        now: DateTime<Utc>,
        entered: impl FnOnce(&Ledger) -> Result<Option<Ledger>, Problem>,
    ) -> Result<Option<Self>, Problem> {
        let general = table.terms(None).await?;
        let (mut before, _) = table.agreements(organisation, &general).await?;
        let Some(mut after) = entered(&before)? else { return Ok(None) };
        table.fill(organisation, &mut after, Month::of(today(now))).await?;
        before.usage.clone_from(&after.usage);
        let lines = billing::effect(&before, &after, now);
        if lines.len() > LINES_AT_MOST {
            return Err(Problem::because(Cause::Invalid, "it changes more than 1000 lines; enter it for a shorter time"));
        }
        let total = format!("{:.2}", billing::total(&lines));
        Ok(Some(Self { preview: true, total, lines: lines.iter().map(Line::from).collect() }))
    }

    /// The change of an entry that was made before.
    pub fn none() -> Self {
        Self { preview: false, total: "0.00".to_owned(), lines: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The change as it is to be entered, if the caller has named its sum; none for a preview.
    pub fn confirmed(self, total: Option<&str>) -> Result<Result<Self, Self>, Problem> {
        match total {
            None => Ok(Err(self)),
            Some(named) if named == self.total => Ok(Ok(Self { preview: false, ..self })),
            Some(named) => Err(Problem::because(
                Cause::Changed,
                format!("it comes to {} and not to {named}; send the request without `total` and look at the preview", self.total),
            )),
        }
    }

    /// The answer: 201 where it was entered now, otherwise 200.
    pub fn answer(&self, entered: bool) -> Response {
        if entered { once::had_effect(StatusCode::CREATED, self) } else { Json(self).into_response() }
    }
}
