//! The lines of one month, from the facts known at some moment.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::{
    Facts, Ledger, Month, Price, Terms, Whose,
    activity::{self, Activity, Days},
    credit, storage,
    terms::{Found, found, in_force},
    today,
};
use crate::ids::UserId;
use crate::time::earlier;

/// The reason for a line.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Rule {
    /// Once for each activation, at the price of its day (P24).
    StartFee,
    /// Once for each user active on any day of the month, at the price of the first such day (P24).
    UserMonth,
    /// For each begun 100 MB of the mean of the month's daily balances over the pooled allowance:
    /// 30 MB a billed user, and the add-on's (P19).
    Storage,
    /// Once if it applied on any day of the month, at the price of the first such day (P23).
    StorageAddOn,
    /// The same, for SFTP (P15).
    Sftp,
}

/// One amount, and everything that it is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub rule: Rule,
    /// The closed month that it corrects.
    pub corrects: Option<Month>,
    pub user: Option<UserId>,
    /// Negative where a correction takes back what was billed.
    pub quantity: i64,
    /// SEK; `None` if no price was agreed, which makes the amount zero.
    pub price: Option<Price>,
    /// The day from which the price holds, and whether it was agreed with the organisation.
    pub price_from: Option<NaiveDate>,
    pub agreed: bool,
    /// SEK with öre.
    pub amount: Decimal,
    pub facts: Facts,
}

/// The identity of a line in its month.
pub(super) type Key = (Rule, Option<UserId>, Option<DateTime<Utc>>);

pub(super) type Lines = BTreeMap<Key, Line>;

/// The lines of `month`, from the facts known before `known`.
pub(super) fn of(ledger: &Ledger, month: Month, known: DateTime<Utc>) -> Lines {
    let until = known.min(month.end());
    let activity = activity::of(ledger, month, until, known);
    let terms = &ledger.terms;
    let mut lines = Lines::new();
    let mut add = |key: Key, line: Line| lines.insert(key, line);
    let at = |rule, day| found(terms, rule, day, known);
    for (user, activity) in &activity {
        let user = || Some((*user).clone());
        for moment in &activity.activations {
            let found = at(Rule::StartFee, today(*moment));
            add(
                (Rule::StartFee, user(), Some(*moment)),
                line(Rule::StartFee, user(), 1, found, Facts::Activated { at: *moment }),
            );
        }
        if let Some(Days { first, last, count: days }) = activity.days {
            let facts = Facts::Active { first, last, days };
            add(
                (Rule::UserMonth, user(), None),
                line(Rule::UserMonth, user(), 1, at(Rule::UserMonth, first), facts),
            );
        }
    }
    let days = || days(ledger, month, until);
    let agreed = |day| in_force(terms, Whose::Agreed, day, known);
    let mean = ledger.usage.mean(
        month,
        known,
        billed(&activity),
        more(ledger, month, until, known),
        |day| ledger.base.on(day, until),
    );
    if mean.units() > 0 {
        let found = days().find_map(|day| at(Rule::Storage, day));
        add(
            (Rule::Storage, None, None),
            line(Rule::Storage, None, mean.units(), found, Facts::from(mean)),
        );
    }
    for (rule, has) in [(Rule::StorageAddOn, add_on as fn(&Terms) -> bool), (Rule::Sftp, sftp)] {
        if let Some(first) = days().find(|day| agreed(*day).is_some_and(has)) {
            add((rule, None, None), line(rule, None, 1, at(rule, first), Facts::Had { first }));
        }
    }
    lines.retain(|key, _| !credit::waived(&ledger.credits, month, key, known));
    lines
}

/// The bytes included in `month`, from the facts that were known and had happened before `known`.
pub(super) fn allowance(ledger: &Ledger, month: Month, known: DateTime<Utc>) -> u64 {
    let until = known.min(month.end());
    storage::allowance(
        billed(&activity::of(ledger, month, until, known)),
        more(ledger, month, until, known),
    )
}

/// The days of the month that have begun, with the base service.
fn days(ledger: &Ledger, month: Month, until: DateTime<Utc>) -> impl Iterator<Item = NaiveDate> {
    let last = today(earlier(until, TimeDelta::nanoseconds(1)));
    month.days().take_while(move |day| *day <= last).filter(move |day| ledger.base.on(*day, until))
}

fn billed(activity: &BTreeMap<&UserId, Activity>) -> u64 {
    activity.values().filter(|activity| activity.days.is_some()).count() as u64
}

/// The add-on's megabytes.
fn more(ledger: &Ledger, month: Month, until: DateTime<Utc>, known: DateTime<Utc>) -> u32 {
    days(ledger, month, until)
        .filter_map(|day| in_force(&ledger.terms, Whose::Agreed, day, known)?.add_on)
        .max()
        .unwrap_or_default()
}

fn add_on(terms: &Terms) -> bool {
    terms.add_on.is_some()
}

fn sftp(terms: &Terms) -> bool {
    terms.sftp
}

fn line(
    rule: Rule,
    user: Option<UserId>,
    quantity: i64,
    found: Option<Found>,
    facts: Facts,
) -> Line {
    Line {
        rule,
        corrects: None,
        user,
        quantity,
        price: found.map(|found| found.price),
        price_from: found.map(|found| found.from),
        agreed: found.is_some_and(|found| found.whose == Whose::Agreed),
        amount: found.map_or(Decimal::new(0, 2), |found| found.price.times(quantity)),
        facts,
    }
}

impl Line {
    pub(super) fn key(&self) -> Key {
        let activated_at = if let Facts::Activated { at } = self.facts { Some(at) } else { None };
        (self.rule, self.user.clone(), activated_at)
    }

    /// The line that takes this one back.
    pub(super) fn taken_back(&self) -> Self {
        Self {
            quantity: self.quantity.saturating_neg(),
            amount: Decimal::ZERO.saturating_sub(self.amount),
            ..self.clone()
        }
    }
}
