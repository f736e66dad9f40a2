//! Who was activated when: switches on and off, made into the days on which a user was active.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Month, today};
use crate::ids::UserId;
use crate::time::{days_earlier, days_later, earlier};

/// Recording was switched on or off for a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Switch {
    pub user: UserId,
    pub at: DateTime<Utc>,
    pub on: bool,
    /// When it was recorded: at once, unless it was put right later.
    pub known: DateTime<Utc>,
}

/// What a user's switches come to in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Activity {
    /// When the user was switched on, each time.
    pub activations: Vec<DateTime<Utc>>,
    /// The days on which the user was active at any moment; none if there was none.
    pub days: Option<Days>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days {
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub count: i64,
}

/// Every user's activity in `month` up to `until`, of what was known before `known`. Order and repetition do not matter.
pub(super) fn of(switches: &[Switch], month: Month, until: DateTime<Utc>, known: DateTime<Utc>) -> BTreeMap<&UserId, Activity> {
    let mut users: BTreeMap<&UserId, BTreeMap<DateTime<Utc>, [bool; 2]>> = BTreeMap::new();
    for switch in switches.iter().filter(|switch| switch.known < known && switch.at < until) {
        users.entry(&switch.user).or_default().entry(switch.at).or_default()[usize::from(switch.on)] = true;
    }
    let found = users.into_iter().map(|(user, moments)| (user, activity(&moments, month, until)));
    found.filter(|(_, activity)| *activity != Activity::default()).collect()
}

/// Walks a user's moments: at each, whether they were switched off and whether on. Of both, the one that changes something comes first.
fn activity(moments: &BTreeMap<DateTime<Utc>, [bool; 2]>, month: Month, until: DateTime<Utc>) -> Activity {
    let (mut found, mut active_since) = (Activity::default(), None);
    for (&at, &[off, on]) in moments {
        let was_active = active_since.is_some();
        if let Some(since) = active_since.take_if(|_| off) {
            found.was_active(since, at, month);
        }
        if on && (!was_active || off) {
            active_since = Some(at);
            if month.has(today(at)) {
                found.activations.push(at);
            }
            if off && !was_active {
                active_since = None;
                found.was_active(at, at, month);
            }
        }
    }
    if let Some(since) = active_since {
        found.was_active(since, until, month);
    }
    found
}

impl Activity {
    /// From `since`, whose day counts in any case, to before `until`. Spans come in order; two may share a day.
    fn was_active(&mut self, since: DateTime<Utc>, until: DateTime<Utc>, month: Month) {
        let first = today(since).max(month.first());
        let last = today(since.max(earlier(until, TimeDelta::nanoseconds(1)))).min(month.last());
        if first > last {
            return;
        }
        let before = self.days.unwrap_or(Days { first, last: days_earlier(first, 1), count: 0 });
        let new = last.signed_duration_since(first.max(days_later(before.last, 1))).num_days().saturating_add(1);
        self.days = Some(Days { first: before.first, last: last.max(before.last), count: before.count.saturating_add(new.max(0)) });
    }
}
