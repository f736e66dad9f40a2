//! Lines that the operator waives, so that nobody pays for them, whatever the facts are.

use chrono::{DateTime, Utc};

use super::{Month, Rule, lines::Key};
use crate::ids::UserId;

/// The identity of a line in a month: its rule, its user, and the activation that it bills.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub month: Month,
    pub rule: Rule,
    /// For a start fee and a user-month.
    pub user: Option<UserId>,
    /// For a start fee.
    pub activated_at: Option<DateTime<Utc>>,
}

/// The decision that a line is waived from `known` on, or billed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    pub line: Named,
    pub waived: bool,
    pub known: DateTime<Utc>,
}

/// Whether the line is waived by the last decision before `known`.
pub(super) fn waived(credits: &[Credit], month: Month, key: &Key, known: DateTime<Utc>) -> bool {
    let of = |credit: &&Credit| {
        credit.line.month == month && credit.line.key() == *key && credit.known < known
    };
    credits
        .iter()
        .filter(of)
        .max_by_key(|credit| (credit.known, credit.waived))
        .is_some_and(|credit| credit.waived)
}

impl Named {
    pub(super) fn key(&self) -> Key {
        (self.rule, self.user.clone(), self.activated_at)
    }
}
