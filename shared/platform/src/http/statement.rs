//! A statement as it lies in the bucket of exports. Its bytes are what finance has: what only the API shows is the function's own.

use chrono::{DateTime, NaiveDate, Utc};
use domain::billing::{self, Facts, RULES};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an organisation owes for a month: SEK, without VAT.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// `yyyy-mm`.
    pub month: String,
    /// It is of the running month, as if that ended now; it binds nobody.
    pub preview: bool,
    /// The version of the rules.
    pub rules: String,
    /// The sum of the lines' amounts.
    pub total: String,
    pub lines: Vec<Line>,
}

/// One amount, and all that it came from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedLine)]
pub struct Line {
    /// `start-fee`, `user-month`, `storage`, `storage-add-on` or `sftp`.
    pub rule: String,
    /// The closed month that the line puts right; null: it is of this month.
    pub corrects: Option<String>,
    pub user: Option<String>,
    /// Negative where a correction takes back what was billed.
    pub quantity: i64,
    /// Null: no price was agreed.
    pub price: Option<String>,
    /// The day from which the price holds.
    pub price_from: Option<NaiveDate>,
    /// Agreed with the organisation; otherwise it is of the general list.
    pub agreed: bool,
    /// Quantity times price, to the öre.
    pub amount: String,
    /// What was billed, for people.
    pub facts: String,
    /// When the user was switched on, for `start-fee`.
    pub activated_at: Option<DateTime<Utc>>,
    /// Days on which the user was active, for `user-month`; days of the mean, for `storage`.
    pub days: Option<i64>,
    /// The mean of the daily balances, for `storage`.
    pub mean_bytes: Option<i64>,
    /// What is included, for `storage`.
    pub allowance_bytes: Option<u64>,
}

impl Statement {
    pub fn of(statement: &billing::Statement, preview: bool) -> Self {
        Self {
            month: statement.month.to_string(),
            preview,
            rules: RULES.to_owned(),
            total: format!("{:.2}", statement.total()),
            lines: statement.lines.iter().map(Line::from).collect(),
        }
    }
}

impl From<&billing::Line> for Line {
    fn from(line: &billing::Line) -> Self {
        let mut shown = Self {
            rule: line.rule.as_str().to_owned(),
            corrects: line.corrects.map(|month| month.to_string()),
            user: line.user.clone().map(Into::into),
            quantity: line.quantity,
            price: line.price.map(Into::into),
            price_from: line.price_from,
            agreed: line.agreed,
            amount: line.amount.to_string(),
            facts: line.facts.to_string(),
            activated_at: None,
            days: None,
            mean_bytes: None,
            allowance_bytes: None,
        };
        match line.facts {
            Facts::Activated { at } => shown.activated_at = Some(at),
            Facts::Active { days, .. } => shown.days = Some(days),
            Facts::Stored { mean, days, allowance, .. } => {
                (shown.days, shown.mean_bytes, shown.allowance_bytes) = (Some(days), Some(mean), Some(allowance));
            }
            Facts::Had { .. } => {}
        }
        shown
    }
}
