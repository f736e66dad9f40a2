//! Storage by day, and how far the allowance reaches.

use chrono::{DateTime, NaiveDate, Utc};
use strum::{Display, EnumString};

use super::{INCLUDED, MEGABYTE, Month, STORAGE_UNIT, today};

/// An organisation's storage by day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub days: Vec<Day>,
    pub late: Vec<Late>,
}

/// A local day as it was closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    pub day: NaiveDate,
    pub recordings: u64,
    pub milliseconds: u64,
    /// Bytes.
    pub added: u64,
    /// Bytes.
    pub removed: u64,
    /// Bytes stored at the end of the day.
    pub balance: i64,
}

/// Usage of a day that became known after its close, at the end of the day `noticed`. The balances
/// from `day` to before `noticed` lack it; that of `noticed` includes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    pub day: NaiveDate,
    pub noticed: NaiveDate,
    pub recordings: u64,
    pub milliseconds: u64,
    pub added: u64,
    pub removed: u64,
}

/// The mean of a month's daily balances, and the allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mean {
    /// The sum of the balances of `days` days. The mean is never rounded.
    pub sum: i128,
    pub days: i64,
    pub users: u64,
    /// Bytes that are included.
    pub allowance: u64,
}

/// How much of the allowance is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Fill {
    Below,
    /// 80 % or more.
    Nearly,
    /// 100 % or more.
    Full,
}

/// How much of `allowance` bytes `balance` bytes use. A balance of 0 uses none.
pub fn fill(balance: i64, allowance: u64) -> Fill {
    let (balance, allowance) = (i128::from(balance), i128::from(allowance));
    match () {
        () if balance > 0 && balance >= allowance => Fill::Full,
        () if balance > 0 && balance.saturating_mul(100) >= allowance.saturating_mul(80) => {
            Fill::Nearly
        }
        () => Fill::Below,
    }
}

/// The bytes included for `users` users and an add-on of `more` megabytes.
pub fn allowance(users: u64, more: u32) -> u64 {
    users.saturating_mul(INCLUDED).saturating_add(u64::from(more)).saturating_mul(MEGABYTE)
}

impl Usage {
    /// The mean over the days of `month` over and known before `known`. Unbilled days count as 0.
    pub(super) fn mean(
        &self,
        month: Month,
        known: DateTime<Utc>,
        users: u64,
        more: u32,
        billed: impl Fn(NaiveDate) -> bool,
    ) -> Mean {
        let (first, end) = (month.first(), today(known).min(month.next().first()));
        let closed = self
            .days
            .iter()
            .filter(|closed| first <= closed.day && closed.day < end && billed(closed.day));
        let closed = closed.map(|closed| i128::from(closed.balance));
        let late = self.late.iter().filter(|late| late.noticed < today(known));
        let lacking = late.map(|late| {
            let lacking =
                late.day.max(first).iter_days().take_while(|day| *day < late.noticed.min(end));
            let days = lacking.filter(|day| billed(*day)).count() as u64;
            i128::from(late.added)
                .saturating_sub(i128::from(late.removed))
                .saturating_mul(i128::from(days))
        });
        let days = end.signed_duration_since(first).num_days().max(0);
        Mean {
            sum: closed.chain(lacking).fold(0, i128::saturating_add),
            days,
            users,
            allowance: allowance(users, more),
        }
    }
}

impl Mean {
    /// Begun units of storage over the allowance.
    pub fn units(&self) -> i64 {
        let days = i128::from(self.days);
        let over = self.sum.saturating_sub(i128::from(self.allowance).saturating_mul(days));
        let unit = i128::from(STORAGE_UNIT * MEGABYTE).saturating_mul(days);
        let begun =
            over.saturating_add(unit).saturating_sub(1).checked_div(unit).unwrap_or_default();
        if over <= 0 { 0 } else { i64::try_from(begun).unwrap_or(i64::MAX) }
    }

    /// The mean in whole bytes.
    pub fn bytes(&self) -> i64 {
        self.sum
            .checked_div(i128::from(self.days.max(1)))
            .and_then(|mean| i64::try_from(mean).ok())
            .unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(sum: i128) -> Mean {
        Mean { sum, days: 30, users: 10, allowance: allowance(10, 0) }
    }

    #[test]
    fn a_unit_is_billed_from_its_first_byte() {
        let full = 300 * 1_000_000 * 30;
        assert_eq!(mean(full).units(), 0);
        assert_eq!(mean(full + 1).units(), 1);
        assert_eq!(mean(full + 100 * 1_000_000 * 30).units(), 1);
        assert_eq!(mean(full + 100 * 1_000_000 * 30 + 1).units(), 2);
        assert_eq!(mean(-1).units(), 0);
    }

    #[test]
    fn the_allowance_is_nearly_full_at_80_percent_and_full_at_100() {
        let fills = [0, 79, 80, 99, 100, 101].map(|balance| fill(balance, 100));
        assert_eq!(
            fills,
            [Fill::Below, Fill::Below, Fill::Nearly, Fill::Nearly, Fill::Full, Fill::Full]
        );
        assert_eq!(fill(0, 0), Fill::Below);
        assert_eq!(fill(1, 0), Fill::Full);
    }
}
