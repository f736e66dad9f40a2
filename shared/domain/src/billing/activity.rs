//! The activations of users: switches on and off, converted to the days on which a user was active.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Ledger, Month, base::Span, ledger, today};
use crate::ids::UserId;
use crate::time::{days_earlier, days_later, earlier};

/// Recording was switched on or off for a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Switch {
    pub user: UserId,
    pub at: DateTime<Utc>,
    pub on: bool,
    /// When it was entered: at once, or later for a correction.
    pub known: DateTime<Utc>,
    /// When the operator voided it, if so.
    pub voided: Option<DateTime<Utc>>,
}

/// A user's activity in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Activity {
    /// Each time the user was switched on.
    pub activations: Vec<DateTime<Utc>>,
    /// The days on which the user was active at any moment, if any.
    pub days: Option<Days>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days {
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub count: i64,
}

/// By moment, whether a user was switched off, and whether on.
type Moments = BTreeMap<DateTime<Utc>, [bool; 2]>;

/// Every user's activity in `month` up to `until` during the base service, from the facts known
/// before `known`. Their order and repetition do not matter.
pub(super) fn of(
    ledger: &Ledger,
    month: Month,
    until: DateTime<Utc>,
    known: DateTime<Utc>,
) -> BTreeMap<&UserId, Activity> {
    let base = ledger.base.spans();
    let found = moments(ledger, until, known)
        .into_iter()
        .map(|(user, moments)| (user, activity(&moments, &base, month, until)));
    found.filter(|(_, activity)| *activity != Activity::default()).collect()
}

/// The users billed at `now`, and since when: those switched on during the base service.
pub fn switched_on(ledger: &Ledger, now: DateTime<Utc>) -> BTreeMap<&UserId, DateTime<Utc>> {
    let mut on = BTreeMap::new();
    if !has(&ledger.base.spans(), now) {
        return on;
    }
    for (user, moments) in moments(ledger, now, now) {
        let since =
            moments.into_iter().fold(None, |since, (at, switched)| match (since, switched) {
                (Some(_), [true, on]) => on.then_some(at),
                (None, [false, true]) => Some(at),
                (since, _) => since,
            });
        on.extend(since.map(|since| (user, since)));
    }
    on
}

/// The switches of each user before `until`, from the facts known before `known`.
fn moments(
    ledger: &Ledger,
    until: DateTime<Utc>,
    known: DateTime<Utc>,
) -> BTreeMap<&UserId, Moments> {
    let mut users: BTreeMap<&UserId, Moments> = BTreeMap::new();
    let counts = |switch: &&Switch| {
        switch.at < until
            && ledger::in_force(switch.known, switch.voided, known)
            && ledger::counts_at(switch.at)
    };
    for switch in ledger.switches.iter().filter(counts) {
        users.entry(&switch.user).or_default().entry(switch.at).or_default()
            [usize::from(switch.on)] = true;
    }
    users
}

/// Converts a user's moments. If off and on coincide, the one that changes something comes first.
fn activity(moments: &Moments, base: &[Span], month: Month, until: DateTime<Utc>) -> Activity {
    let (mut found, mut active_since) = (Activity::default(), None);
    for (&at, &[off, on]) in moments {
        let was_active = active_since.is_some();
        if let Some(since) = active_since.take_if(|_| off) {
            found.was_on(since, at, base, month);
        }
        if on && (!was_active || off) {
            active_since = Some(at);
            if month.has(today(at)) && has(base, at) {
                found.activations.push(at);
            }
            if off && !was_active {
                active_since = None;
                found.was_on(at, at, base, month);
            }
        }
    }
    if let Some(since) = active_since {
        found.was_on(since, until, base, month);
    }
    found
}

/// Whether there was the base service at that moment.
fn has(base: &[Span], at: DateTime<Utc>) -> bool {
    base.iter().any(|(on, off)| *on <= at && at < *off)
}

impl Activity {
    /// Adds the time from `since` to before `until`, as far as there was the base service.
    fn was_on(&mut self, since: DateTime<Utc>, until: DateTime<Utc>, base: &[Span], month: Month) {
        for (on, off) in base.iter().filter(|(on, off)| {
            (*on < until && since < *off) || (since == until && *on <= since && since < *off)
        }) {
            self.was_active(since.max(*on), until.min(*off), month);
        }
    }

    /// Adds `since` to before `until`, with the day of `since`. Spans are in order, and may share a
    /// day.
    fn was_active(&mut self, since: DateTime<Utc>, until: DateTime<Utc>, month: Month) {
        let first = today(since).max(month.first());
        let last = today(since.max(earlier(until, TimeDelta::nanoseconds(1)))).min(month.last());
        if first > last {
            return;
        }
        let before = self.days.unwrap_or(Days { first, last: days_earlier(first, 1), count: 0 });
        let new = last
            .signed_duration_since(first.max(days_later(before.last, 1)))
            .num_days()
            .saturating_add(1);
        self.days = Some(Days {
            first: before.first,
            last: last.max(before.last),
            count: before.count.saturating_add(new.max(0)),
        });
    }
}
