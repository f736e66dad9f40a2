//! The billing of a month: a pure function of events, storage and agreements (P19, P22–P24).
//!
//! Every fact has two times: when it holds, and when it became known. A month is closed at its end
//! and billed from the facts known then. A fact about it that becomes known later changes no
//! statement. Instead, the next statement takes the affected lines back and bills them again,
//! pointing at the month that it corrects. So the statements add up to what the facts say, whenever
//! they were made, and the same facts make the same statement.
//!
//! Nothing is billed for days without the base service, when nothing can be delivered (P20, P22). A
//! mistaken entry is voided, and a line can be waived. The next statement corrects the past months.
//!
//! Days and months are Europe/Stockholm's. Amounts are SEK with öre, without VAT: quantity times
//! price, rounded to the öre once per line, halves away from zero. A sum is a sum of lines.

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

/// The version of these rules, stored with every export.
pub const RULES: &str = "2026-11";
/// One MB, as storage is sold: 10^6 bytes.
pub const MEGABYTE: u64 = 1_000_000;
/// Megabytes included for a billed user (P19).
pub const INCLUDED: u64 = 30;
/// Megabytes over the allowance that are billed as one unit. A begun unit counts in full.
pub const STORAGE_UNIT: u64 = 100;

/// The lines that an organisation owes for a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub month: Month,
    /// Sorted by correction, rule and user.
    pub lines: Vec<Line>,
}

/// The statement of a month that is over, from the facts known at its end.
pub fn month(ledger: &Ledger, month: Month) -> Statement {
    statement(ledger, month, month.end())
}

/// The statement of the current month as if it ended at `now`, with the mean of the days over.
pub fn preview(ledger: &Ledger, now: DateTime<Utc>) -> Statement {
    statement(ledger, Month::of(today(now)), now)
}

/// The pooled allowance in bytes on the local `day`: for the users active in its month until the
/// end of the day, and the add-on.
pub fn allowance(ledger: &Ledger, day: NaiveDate) -> u64 {
    lines::allowance(ledger, Month::of(day), midnight(days_later(day, 1)))
}

/// The first day whose usage is needed: of the earliest month that `month` corrects, or its own.
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
