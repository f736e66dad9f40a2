//! A statement as stored in the bucket of exports. The finance system reads these bytes.

use chrono::{DateTime, NaiveDate, Utc};
use domain::billing::{self, Facts, RULES};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The amounts that an organisation owes for a month, in SEK without VAT.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// `yyyy-mm`.
    pub month: String,
    /// The statement is a preview of the current month up to now, and is not binding.
    pub preview: bool,
    /// The version of the rules.
    pub rules: String,
    /// The sum of the lines' amounts.
    pub total: String,
    pub lines: Vec<Line>,
}

/// One amount and the facts behind it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExportedLine)]
pub struct Line {
    /// `start-fee`, `user-month`, `storage`, `storage-add-on` or `sftp`.
    pub rule: String,
    /// The closed month that the line corrects; null if it belongs to this month.
    pub corrects: Option<String>,
    pub user: Option<String>,
    /// Negative if a correction takes back a billed amount.
    pub quantity: i64,
    /// Null if no price was agreed.
    pub price: Option<String>,
    /// The day from which the price applies.
    pub price_from: Option<NaiveDate>,
    /// The price was agreed with the organisation; otherwise it is from the general list.
    pub agreed: bool,
    /// Quantity times price, to the öre.
    pub amount: String,
    /// The facts as a text for people.
    pub facts: String,
    /// When recording was activated for the user, for `start-fee`.
    pub activated_at: Option<DateTime<Utc>>,
    /// Days on which the user was active, for `user-month`; days in the mean, for `storage`.
    pub days: Option<i64>,
    /// The mean of the daily balances, for `storage`.
    pub mean_bytes: Option<i64>,
    /// The allowance in bytes, for `storage`.
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
            rule: line.rule.to_string(),
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
                (shown.days, shown.mean_bytes, shown.allowance_bytes) =
                    (Some(days), Some(mean), Some(allowance));
            }
            Facts::Had { .. } => {}
        }
        shown
    }
}
