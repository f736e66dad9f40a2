//! What an organisation owes for a month: a pure function of what happened, what was stored and what was agreed (P19, P22–P24).
//!
//! Every fact has two times: when it holds, and since when it is known. A month is closed at its end and billed on what is known then.
//! What becomes known later about a closed month changes no statement: the difference between the month as it reads now and as it read
//! then stands in the next statement, taken back and billed anew, pointing at the month it corrects. So the statements of an organisation
//! add up to what its facts say, whenever they were made, and the same facts make the same statement.
//!
//! Nothing is billed for days without the base service: nothing can be delivered then (P20, P22). What was entered by mistake is voided,
//! and a line can be waived; both are facts that became known later, so both are put right in the next statement.
//!
//! Days and months are Europe/Stockholm's. Amounts are SEK with öre, without VAT: quantity times price, rounded to the öre once, on the
//! line, halves away from zero. A sum is a sum of lines.

mod activity;
mod base;
mod calendar;
mod corrections;
mod credit;
mod differences;
mod effect;
mod facts;
mod ledger;
mod lines;
mod storage;
mod terms;

#[cfg(test)]
mod example;
#[cfg(test)]
mod properties;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::time::days_later;
pub use activity::{Switch, switched_on};
pub use base::{BaseChange, BaseService};
pub use calendar::{InvalidMonth, Month, midnight, today};
pub use credit::{Credit, Named};
pub use differences::{Difference, Kind, Used, differences};
pub use effect::effect;
pub use facts::{Facts, InvalidFacts};
pub use ledger::{FIRST_DAY, Ledger, NotBillable, billable};
pub use lines::{Line, Rule};
pub use storage::{Day, Fill, Late, Usage, fill};
pub use terms::{InvalidPrice, Price, Prices, Terms, Whose, in_force, price};

/// The version of these rules, kept with every export.
pub const RULES: &str = "2026-11";
/// One MB, as storage is sold: 10^6 bytes.
pub const MEGABYTE: u64 = 1_000_000;
/// Megabytes that a billed user brings (P19).
pub const INCLUDED: u64 = 30;
/// Megabytes over the allowance that are billed as one, begun ones too.
pub const STORAGE_UNIT: u64 = 100;

/// What an organisation owes for a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub month: Month,
    /// By correction, rule and user.
    pub lines: Vec<Line>,
}

/// The statement of a month that is over, of what was known when it ended.
pub fn month(ledger: &Ledger, month: Month) -> Statement {
    statement(ledger, month, month.end())
}

/// The statement of the running month as it would be if it ended at `now`: storage is the mean of the days that are over.
pub fn preview(ledger: &Ledger, now: DateTime<Utc>) -> Statement {
    statement(ledger, Month::of(today(now)), now)
}

/// The bytes that are included, pooled, on the local `day`: of the users who were active in its month until its end, and the add-on.
pub fn allowance(ledger: &Ledger, day: NaiveDate) -> u64 {
    lines::allowance(ledger, Month::of(day), midnight(days_later(day, 1)))
}

/// The first day about which something became known after its month was closed and before the end of `month`: usage from there on is
/// needed to bill `month`.
pub fn usage_from(ledger: &Ledger, month: Month) -> NaiveDate {
    corrections::earliest(ledger, month).unwrap_or(month).first()
}

fn statement(ledger: &Ledger, month: Month, known: DateTime<Utc>) -> Statement {
    let mut lines = corrections::lines(ledger, month, known);
    lines.extend(lines::of(ledger, month, known).into_values());
    Statement { month, lines }
}

/// The sum of the lines' amounts: SEK with öre.
pub fn total(lines: &[Line]) -> Decimal {
    lines.iter().map(|line| line.amount).sum()
}

impl Statement {
    pub fn total(&self) -> Decimal {
        total(&self.lines)
    }
}
