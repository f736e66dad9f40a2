//! How long a recording is kept: from its call's start, for the organisation's days (P18: 180, longer with the storage add-on, P23), and
//! past that while a legal hold wants it.
//!
//! Each decision is a step from what stands to what stands then; none where it changes nothing, or where the recording has ended: what has
//! ended never comes back. A writer holds what it has seen in the condition of its write, so that no two decisions overlook each other.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use thiserror::Error;

use crate::ids::OrderId;
use crate::time::later;

/// The days that every organisation has, and the fewest that it may choose (P18).
pub const DAYS: u16 = 180;
/// The most days that it may choose, with the storage add-on (P23): ten years.
pub const DAYS_AT_MOST: u16 = 3650;
/// How long a recording is kept after its last hold was lifted, if its day is past by then.
pub const GRACE: TimeDelta = TimeDelta::days(7);

/// What decides how long a recording is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub started_at: DateTime<Utc>,
    /// From this second on it has ended, unless it is held. To the second, as the table has it.
    pub day: DateTime<Utc>,
    /// Until when lifting a hold has promised it; its day is never before this.
    pub grace: Option<DateTime<Utc>>,
    /// None: it is not held.
    pub held_since: Option<DateTime<Utc>>,
    /// Every hold that wants it.
    pub holds: BTreeSet<OrderId>,
}

/// Why an organisation may not keep recordings for so many days.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("recordings are kept for 180 to 3650 days")]
    OutOfRange,
    #[error("more than 180 days need the storage add-on; the operator adds it")]
    NoAddOn,
}

/// When a recording of a call that began at `started_at` ends: `days` times 24 hours later. From that second on no reader sees it.
pub fn expires_at(started_at: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    later(started_at, TimeDelta::days(days.into()))
}

/// Lets an organisation choose its days, or says why not.
pub fn admit(days: u16, storage_add_on: bool) -> Result<(), Refusal> {
    match days {
        ..DAYS | 3651.. => Err(Refusal::OutOfRange),
        DAYS => Ok(()),
        _ if storage_add_on => Ok(()),
        _ => Err(Refusal::NoAddOn),
    }
}

impl Kept {
    pub fn is_held(&self) -> bool {
        self.held_since.is_some()
    }

    /// Whether the recording exists for a reader at `now`.
    pub fn exists(&self, now: DateTime<Utc>) -> bool {
        self.is_held() || self.day > now
    }

    /// Once `hold` wants it too.
    pub fn held(&self, hold: OrderId, now: DateTime<Utc>) -> Option<Self> {
        let mut kept = self.clone();
        let wanted = self.exists(now) && kept.holds.insert(hold);
        wanted.then(|| Self { held_since: self.held_since.or(Some(now)), ..kept })
    }

    /// Once `hold` does not want it any more. The last one leaves it its day, or [`GRACE`] from `now` if that is past.
    pub fn lifted(&self, hold: OrderId, now: DateTime<Utc>) -> Option<Self> {
        let mut kept = self.clone();
        if !kept.holds.remove(&hold) {
            return None;
        }
        if !kept.holds.is_empty() {
            return Some(kept);
        }
        kept.held_since = None;
        if kept.day <= now {
            let grace = second_after(later(now, GRACE));
            (kept.day, kept.grace) = (grace, Some(grace));
        }
        Some(kept)
    }

    /// Once the organisation keeps recordings for `days`. One that would have ended ends now; grace that was promised stays.
    pub fn kept_for(&self, days: u16, now: DateTime<Utc>) -> Option<Self> {
        if !self.exists(now) {
            return None;
        }
        let day = expires_at(self.started_at, days).trunc_subsecs(0).max(self.grace.unwrap_or(DateTime::UNIX_EPOCH));
        let day = if self.is_held() { day } else { day.max(now.trunc_subsecs(0)) };
        (day != self.day).then(|| Self { day, ..self.clone() })
    }

    /// Once it is erased on an administrator's order. Never while it is held.
    pub fn erased(&self, now: DateTime<Utc>) -> Option<Self> {
        let can = !self.is_held() && self.exists(now);
        can.then(|| Self { day: now.trunc_subsecs(0), grace: None, ..self.clone() })
    }
}

/// The first whole second at or after `instant`: a promise is not cut short by the fraction that the table does not keep.
fn second_after(instant: DateTime<Utc>) -> DateTime<Utc> {
    later(instant, TimeDelta::nanoseconds(999_999_999)).trunc_subsecs(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::OrganisationId;

    const MINUTES: i64 = 60;

    /// Minute 0 of the tests: noon UTC on a winter day.
    fn minute(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_521_600 + minutes * MINUTES, 0).expect("a valid moment")
    }

    fn day(days: i64) -> DateTime<Utc> {
        minute(days * 24 * 60)
    }

    fn hold(number: u8) -> OrderId {
        let demo = OrganisationId::try_from("demo".to_owned()).expect("a valid id");
        OrderId::of(&demo, &number.to_string(), minute(0))
    }

    fn recorded() -> Kept {
        Kept { started_at: day(0), day: day(180), grace: None, held_since: None, holds: BTreeSet::new() }
    }

    /// Something that is decided about a recording.
    #[derive(Clone, Copy, Debug)]
    enum Decision {
        Hold(u8),
        Lift(u8),
        KeepFor(u16),
        Erase,
    }

    impl Decision {
        fn of(self, kept: &Kept, now: DateTime<Utc>) -> Option<Kept> {
            match self {
                Self::Hold(number) => kept.held(hold(number), now),
                Self::Lift(number) => kept.lifted(hold(number), now),
                Self::KeepFor(days) => kept.kept_for(days, now),
                Self::Erase => kept.erased(now),
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
        fn what_is_held_exists_and_what_has_ended_never_comes_back(decisions in decisions()) {
            let (mut kept, mut at) = (recorded(), 0);
            for (later, decision) in decisions {
                at += later;
                let now = minute(at);
                let existed = kept.exists(now);
                let Some(next) = decision.of(&kept, now) else { continue };
                prop_assert!(existed, "{decision:?} of what has ended");
                prop_assert_eq!(next.is_held(), !next.holds.is_empty());
                prop_assert!(next.exists(now) || matches!(decision, Decision::Erase | Decision::KeepFor(_)), "{decision:?} ended it");
                let lifts = matches!(decision, Decision::Lift(_));
                prop_assert!(!kept.is_held() || lifts || next.is_held(), "{decision:?} took a hold away");
                kept = next;
            }
        }

        #[test]
        fn grace_that_was_promised_is_kept_whatever_the_retention(days in DAYS..=DAYS_AT_MOST, again in DAYS..=DAYS_AT_MOST, late in 0..9000_i64) {
            let past = day(180) + TimeDelta::minutes(late);
            let held = recorded().held(hold(1), minute(0)).expect("it is there");
            let lifted = held.lifted(hold(1), past).expect("it was held");
            prop_assert!(lifted.exists(past + GRACE - TimeDelta::seconds(1)));
            let changed = [days, again].into_iter().fold(lifted, |kept, days| kept.kept_for(days, past).unwrap_or(kept));
            prop_assert!(changed.exists(past + GRACE - TimeDelta::seconds(1)));
        }

        #[test]
        fn a_change_of_the_retention_there_and_back_changes_nothing(days in DAYS..=DAYS_AT_MOST, at in 0..180 * 24 * 60_i64) {
            let kept = recorded();
            let there = kept.kept_for(days, minute(at)).unwrap_or_else(|| kept.clone());
            prop_assert_eq!(there.kept_for(DAYS, minute(at)).unwrap_or(there), kept);
        }
    }

    #[test]
    fn a_hold_keeps_it_past_its_day_until_the_last_is_lifted() {
        let held = recorded().held(hold(1), day(10)).and_then(|kept| kept.held(hold(2), day(20))).expect("it is there");
        assert_eq!(held.held_since, Some(day(10)));
        assert_eq!(held.held(hold(2), day(30)), None, "placed twice");
        assert!(held.exists(day(4000)));
        let one = held.lifted(hold(1), day(200)).expect("it was held");
        assert!(one.exists(day(4000)));
        assert_eq!(one.lifted(hold(1), day(201)), None, "lifted twice");
        let none = one.lifted(hold(2), day(300)).expect("it was held");
        assert!(none.exists(day(307) - TimeDelta::seconds(1)) && !none.exists(day(307)));
    }

    #[test]
    fn a_hold_lifted_before_its_day_leaves_it_its_day() {
        let lifted = recorded().held(hold(1), day(10)).and_then(|kept| kept.lifted(hold(1), day(20)));
        assert_eq!(lifted, Some(recorded()));
    }

    #[test]
    fn what_would_have_ended_under_new_days_ends_now() {
        let long = Kept { day: day(365), ..recorded() };
        assert_eq!(long.kept_for(180, day(100)).map(|kept| kept.day), Some(day(180)));
        assert_eq!(long.kept_for(180, day(300)).map(|kept| kept.day), Some(day(300)));
        assert_eq!(long.kept_for(180, day(365)), None, "it has ended already");
        let held = long.held(hold(1), day(1)).and_then(|kept| kept.kept_for(180, day(300))).expect("it is held");
        assert!(held.is_held() && held.exists(day(5000)) && held.day == day(180));
    }

    #[test]
    fn what_is_held_or_has_ended_is_not_erased() {
        assert_eq!(recorded().erased(day(10)).map(|kept| kept.exists(day(10))), Some(false));
        assert_eq!(recorded().erased(day(180)), None);
        assert_eq!(recorded().held(hold(1), day(1)).and_then(|kept| kept.erased(day(10))), None);
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
