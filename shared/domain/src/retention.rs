//! How long a recording is retained: for the organisation's days from the start of the call (P18:
//! 180, longer with the storage add-on, P23), and after that while it is held.
//!
//! Each decision is a step from one state to the next. It is `None` if nothing changes or the
//! recording has ended, because an ended recording never comes back. The write is conditional on
//! the state that was read, so that no two decisions overlook each other.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use thiserror::Error;

use crate::ids::OrderId;
use crate::time::{earlier, later};

/// The days that every organisation has, and the fewest that it may choose (P18).
pub const DAYS: u16 = 180;
/// The most days that it may choose, with the storage add-on (P23): ten years.
pub const DAYS_AT_MOST: u16 = 3650;
/// A call that began longer before its registration is backdated.
pub const BACKDATED: TimeDelta = TimeDelta::days(7);
/// How long a recording remains after its last hold is lifted, if its expiry has passed.
pub const GRACE: TimeDelta = TimeDelta::days(7);

/// The values that decide when a recording ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionState {
    /// When its retention began.
    pub begins_at: DateTime<Utc>,
    /// The expiry, to the second as in the table. From then on it has ended, unless it is held.
    pub day: DateTime<Utc>,
    /// The end of the grace period that a lifted hold promised. `day` is never before it.
    pub grace: Option<DateTime<Utc>>,
    /// `None` if it is not held.
    pub held_since: Option<DateTime<Utc>>,
    /// Every hold that protects it.
    pub holds: BTreeSet<OrderId>,
}

/// Why an organisation may not choose a number of days.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("recordings are retained for 180 to 3650 days")]
    OutOfRange,
    #[error("more than 180 days need the storage add-on; the operator adds it")]
    NoAddOn,
}

/// When the retention of a call begins: at its start, but at most a week before its registration,
/// so that nobody can date a call out of its retention.
pub fn begins_at(started_at: DateTime<Utc>, registered_at: DateTime<Utc>) -> DateTime<Utc> {
    started_at.max(earlier(registered_at, BACKDATED))
}

/// When a recording expires: `days` times 24 hours after its retention began. No reader sees it
/// from then on.
pub fn expires_at(begins_at: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    later(begins_at, TimeDelta::days(days.into()))
}

/// Checks whether an organisation may choose this number of days.
pub fn admit(days: u16, storage_add_on: bool) -> Result<(), Refusal> {
    match days {
        ..DAYS | 3651.. => Err(Refusal::OutOfRange),
        DAYS => Ok(()),
        _ if storage_add_on => Ok(()),
        _ => Err(Refusal::NoAddOn),
    }
}

impl RetentionState {
    pub fn is_held(&self) -> bool {
        self.held_since.is_some()
    }

    /// Whether the recording exists for a reader at `now`.
    pub fn exists(&self, now: DateTime<Utc>) -> bool {
        self.is_held() || self.day > now
    }

    /// The state after `hold` begins.
    pub fn with_hold(&self, hold: OrderId, now: DateTime<Utc>) -> Option<Self> {
        let mut state = self.clone();
        let wanted = self.exists(now) && state.holds.insert(hold);
        wanted.then(|| Self { held_since: self.held_since.or(Some(now)), ..state })
    }

    /// The state after `hold` is lifted. After the last one, an expired recording gets [`GRACE`].
    pub fn without_hold(&self, hold: OrderId, now: DateTime<Utc>) -> Option<Self> {
        let mut state = self.clone();
        if !state.holds.remove(&hold) {
            return None;
        }
        if !state.holds.is_empty() {
            return Some(state);
        }
        state.held_since = None;
        if state.day <= now {
            let grace = second_after(later(now, GRACE));
            (state.day, state.grace) = (grace, Some(grace));
        }
        Some(state)
    }

    /// The state after a change of the retention. A recording that would have ended ends now; a
    /// promised grace period remains.
    pub fn with_retention(&self, days: u16, now: DateTime<Utc>) -> Option<Self> {
        if !self.exists(now) {
            return None;
        }
        let day = expires_at(self.begins_at, days)
            .trunc_subsecs(0)
            .max(self.grace.unwrap_or(DateTime::UNIX_EPOCH));
        let day = if self.is_held() { day } else { day.max(now.trunc_subsecs(0)) };
        (day != self.day).then(|| Self { day, ..self.clone() })
    }

    /// The state after an erasure; `None` while it is held.
    pub fn erased(&self, now: DateTime<Utc>) -> Option<Self> {
        let can = !self.is_held() && self.exists(now);
        can.then(|| Self { day: now.trunc_subsecs(0), grace: None, ..self.clone() })
    }
}

/// The first whole second at or after `instant`, so that a promise is not cut by its fraction.
fn second_after(instant: DateTime<Utc>) -> DateTime<Utc> {
    later(instant, TimeDelta::nanoseconds(999_999_999)).trunc_subsecs(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::OrganisationId;

    const MINUTES: i64 = 60;

    /// This many minutes after noon UTC on a winter day.
    fn minute(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_521_600 + minutes * MINUTES, 0).expect("a valid moment")
    }

    fn day(days: i64) -> DateTime<Utc> {
        minute(days * 24 * 60)
    }

    #[test]
    fn a_backdated_call_is_retained_from_a_week_before_its_registration() {
        assert_eq!(begins_at(day(-7), day(0)), day(-7));
        assert_eq!(begins_at(day(-8), day(0)), day(-7));
        assert_eq!(begins_at(day(1), day(0)), day(1));
        assert_eq!(
            begins_at(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MIN_UTC),
            DateTime::<Utc>::MIN_UTC
        );
    }

    fn hold(number: u8) -> OrderId {
        let demo = OrganisationId::try_from("demo".to_owned()).expect("a valid id");
        OrderId::of(&demo, &number.to_string(), minute(0))
    }

    fn recorded() -> RetentionState {
        RetentionState {
            begins_at: day(0),
            day: day(180),
            grace: None,
            held_since: None,
            holds: BTreeSet::new(),
        }
    }

    /// A decision about a recording.
    #[derive(Clone, Copy, Debug)]
    enum Decision {
        Hold(u8),
        Lift(u8),
        KeepFor(u16),
        Erase,
    }

    impl Decision {
        fn of(self, state: &RetentionState, now: DateTime<Utc>) -> Option<RetentionState> {
            match self {
                Self::Hold(number) => state.with_hold(hold(number), now),
                Self::Lift(number) => state.without_hold(hold(number), now),
                Self::KeepFor(days) => state.with_retention(days, now),
                Self::Erase => state.erased(now),
            }
        }
    }

    fn decisions() -> impl Strategy<Value = Vec<(i64, Decision)>> {
        let decision = prop_oneof![
            4 => (0..3_u8).prop_map(Decision::Hold),
            4 => (0..3_u8).prop_map(Decision::Lift),
            2 => (DAYS..=DAYS_AT_MOST).prop_map(Decision::KeepFor),
            1 => Just(Decision::Erase),
        ];
        proptest::collection::vec((0..60 * 24 * 60_i64, decision), 0..30)
    }

    proptest! {
        #[test]
        fn a_held_recording_exists_and_an_ended_one_never_comes_back(decisions in decisions()) {
            let (mut state, mut at) = (recorded(), 0);
            for (later, decision) in decisions {
                at += later;
                let now = minute(at);
                let existed = state.exists(now);
                let Some(next) = decision.of(&state, now) else { continue };
                prop_assert!(existed, "{decision:?} of what has ended");
                prop_assert_eq!(next.is_held(), !next.holds.is_empty());
                prop_assert!(next.exists(now) || matches!(decision, Decision::Erase | Decision::KeepFor(_)), "{decision:?} ended it");
                let lifts = matches!(decision, Decision::Lift(_));
                prop_assert!(!state.is_held() || lifts || next.is_held(), "{decision:?} took a hold away");
                state = next;
            }
        }

        #[test]
        fn a_promised_grace_period_remains_whatever_the_retention(days in DAYS..=DAYS_AT_MOST, again in DAYS..=DAYS_AT_MOST, late in 0..9000_i64) {
            let past = day(180) + TimeDelta::minutes(late);
            let held = recorded().with_hold(hold(1), minute(0)).expect("it is there");
            let lifted = held.without_hold(hold(1), past).expect("it was held");
            prop_assert!(lifted.exists(past + GRACE - TimeDelta::seconds(1)));
            let changed = [days, again].into_iter().fold(lifted, |state, days| state.with_retention(days, past).unwrap_or(state));
            prop_assert!(changed.exists(past + GRACE - TimeDelta::seconds(1)));
        }

        #[test]
        fn a_change_of_the_retention_there_and_back_changes_nothing(days in DAYS..=DAYS_AT_MOST, at in 0..180 * 24 * 60_i64) {
            let state = recorded();
            let there = state.with_retention(days, minute(at)).unwrap_or_else(|| state.clone());
            prop_assert_eq!(there.with_retention(DAYS, minute(at)).unwrap_or(there), state);
        }
    }

    #[test]
    fn a_hold_protects_a_recording_until_the_last_one_is_lifted() {
        let held = recorded()
            .with_hold(hold(1), day(10))
            .and_then(|state| state.with_hold(hold(2), day(20)))
            .expect("it is there");
        assert_eq!(held.held_since, Some(day(10)));
        assert_eq!(held.with_hold(hold(2), day(30)), None, "placed twice");
        assert!(held.exists(day(4000)));
        let one = held.without_hold(hold(1), day(200)).expect("it was held");
        assert!(one.exists(day(4000)));
        assert_eq!(one.without_hold(hold(1), day(201)), None, "lifted twice");
        let none = one.without_hold(hold(2), day(300)).expect("it was held");
        assert!(none.exists(day(307) - TimeDelta::seconds(1)) && !none.exists(day(307)));
    }

    #[test]
    fn a_hold_lifted_before_the_expiry_does_not_change_it() {
        let lifted = recorded()
            .with_hold(hold(1), day(10))
            .and_then(|state| state.without_hold(hold(1), day(20)));
        assert_eq!(lifted, Some(recorded()));
    }

    #[test]
    fn a_recording_that_would_have_ended_under_the_new_retention_ends_now() {
        let long = RetentionState { day: day(365), ..recorded() };
        assert_eq!(long.with_retention(180, day(100)).map(|state| state.day), Some(day(180)));
        assert_eq!(long.with_retention(180, day(300)).map(|state| state.day), Some(day(300)));
        assert_eq!(long.with_retention(180, day(365)), None, "it has ended already");
        let held = long
            .with_hold(hold(1), day(1))
            .and_then(|state| state.with_retention(180, day(300)))
            .expect("it is held");
        assert!(held.is_held() && held.exists(day(5000)) && held.day == day(180));
    }

    #[test]
    fn a_held_or_ended_recording_is_not_erased() {
        assert_eq!(recorded().erased(day(10)).map(|state| state.exists(day(10))), Some(false));
        assert_eq!(recorded().erased(day(180)), None);
        assert_eq!(
            recorded().with_hold(hold(1), day(1)).and_then(|state| state.erased(day(10))),
            None
        );
    }

    #[test]
    fn more_than_180_days_need_the_add_on() {
        assert_eq!(admit(180, false), Ok(()));
        assert_eq!(admit(181, false), Err(Refusal::NoAddOn));
        assert_eq!(admit(181, true), Ok(()));
        assert_eq!(admit(3650, true), Ok(()));
        for days in [0, 179, 3651, u16::MAX] {
            assert_eq!(admit(days, true), Err(Refusal::OutOfRange), "{days}");
        }
    }
}
