//! When an organisation had the base service, without which nothing can be delivered (P20).

use chrono::{DateTime, NaiveDate, Utc};

use super::{Month, midnight};
use crate::time::days_later;

/// The organisation's base service over time: its changes, each of which is known at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseService {
    /// Whether the organisation had it before the first change.
    at_first: bool,
    /// Sorted by time.
    changes: Vec<BaseChange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaseChange {
    pub at: DateTime<Utc>,
    pub on: bool,
}

/// The first moment, and the one after the last.
pub(super) type Span = (DateTime<Utc>, DateTime<Utc>);

impl BaseService {
    /// The history of an organisation that has it `now`, or not. The first change shows the state
    /// before it; without a change it was always as now.
    pub fn of(now: bool, mut changes: Vec<BaseChange>) -> Self {
        changes.sort();
        Self { at_first: changes.first().map_or(now, |first| !first.on), changes }
    }

    /// The periods during which the organisation had it, in order.
    pub(super) fn spans(&self) -> Vec<Span> {
        let (mut spans, mut since) =
            (Vec::new(), self.at_first.then_some(DateTime::<Utc>::MIN_UTC));
        for change in &self.changes {
            match (change.on, since) {
                (true, None) => since = Some(change.at),
                (false, Some(begun)) => {
                    spans.push((begun, change.at));
                    since = None;
                }
                _ => {}
            }
        }
        spans.extend(since.map(|since| (since, DateTime::<Utc>::MAX_UTC)));
        spans
    }

    /// Whether the organisation had it at any moment of the local `day` before `until`.
    pub fn on(&self, day: NaiveDate, until: DateTime<Utc>) -> bool {
        if self.changes.is_empty() {
            return self.at_first;
        }
        let (begins, ends) = (midnight(day), midnight(days_later(day, 1)).min(until));
        self.spans().into_iter().any(|(on, off)| on < ends && off > begins)
    }

    /// Whether the organisation had it at `at`.
    pub fn had_at(&self, at: DateTime<Utc>) -> bool {
        self.spans().into_iter().any(|(on, off)| (on..off).contains(&at))
    }

    /// Whether the organisation has it at the end of the month.
    pub fn at_end_of(&self, month: Month) -> bool {
        self.spans().into_iter().any(|(on, off)| on < month.end() && month.end() <= off)
    }
}

/// An organisation that has always had it.
impl Default for BaseService {
    fn default() -> Self {
        Self { at_first: true, changes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(at: &str, on: bool) -> BaseChange {
        BaseChange { at: at.parse().expect("a moment"), on }
    }

    fn on(base: &BaseService, day: &str) -> bool {
        base.on(day.parse().expect("a day"), DateTime::<Utc>::MAX_UTC)
    }

    #[test]
    fn without_a_recorded_change_it_was_always_as_now() {
        assert!(on(&BaseService::of(true, Vec::new()), "2026-10-05"));
        assert!(!on(&BaseService::of(false, Vec::new()), "2026-10-05"));
    }

    #[test]
    fn a_day_counts_if_the_service_existed_at_any_moment() {
        let base = BaseService::of(
            true,
            vec![change("2026-11-20T08:00:00Z", true), change("2026-11-10T12:00:00Z", false)],
        );
        let days = ["2026-11-09", "2026-11-10", "2026-11-11", "2026-11-19", "2026-11-20"]
            .map(|day| on(&base, day));
        assert_eq!(days, [true, true, false, false, true]);
        let ends_at_midnight = BaseService::of(false, vec![change("2026-11-09T23:00:00Z", false)]);
        assert_eq!(
            ["2026-11-09", "2026-11-10"].map(|day| on(&ends_at_midnight, day)),
            [true, false]
        );
    }
}
