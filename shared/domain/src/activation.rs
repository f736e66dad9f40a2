//! Activates and deactivates recording for a user, with their acknowledgement (P8, P20–P22, P24).
//!
//! Besides the base service, recording needs a plan that it can be added to, an administrator's
//! activation, and the user's acknowledgement. An acknowledgement counts for the activation that
//! exists when it is given. Each change is stored as an event that is never altered. Billing reads
//! the events, and the user may.

use chrono::{DateTime, Utc};
use strum::IntoStaticStr;
use thiserror::Error;

use crate::{
    billing::BaseService,
    ids::UserId,
    people::{Acknowledged, Organisation, Period, User},
};

/// A change of a user's recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub user: UserId,
    pub at: DateTime<Utc>,
    pub kind: Kind,
    /// The user or application that made it.
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Kind {
    Activated,
    Deactivated,
    Acknowledged { version: String, client: String },
}

/// The outcome of activating or deactivating a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changes. After an activation, recording waits for the user's acknowledgement.
    Changes {
        waits_for_acknowledgement: bool,
    },
    /// It already is as requested.
    Already,
    NoBaseService,
    NoPlan,
}

/// Whether a user is recorded at this moment, or what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Recorded {
    #[strum(serialize = "recorded")]
    Yes,
    NoBaseService,
    NoPlan,
    NotActive,
    NotAcknowledged,
}

/// Why there is no activation to acknowledge.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NothingToAcknowledge {
    #[error(
        "the organisation does not have the base service; calls are not recorded, so there is nothing to acknowledge"
    )]
    NoBaseService,
    #[error(
        "recording is not active for the user; acknowledge once an administrator has activated it"
    )]
    NotActive,
}

/// The version of the text that a user acknowledges before they are recorded, in both languages.
pub const VERSION: &str = "2026-11";
pub const TEXT_SV: &str = "Dina samtal till och från iCentrex-appen spelas in på uppdrag av din arbetsgivare. Inspelningarna sparas så länge \
                           som arbetsgivaren har bestämt, som regel 180 dagar. Administratörer, och arbetsledare för dina inspelningsgrupper, \
                           kan lyssna på dem. Du kan se vem som har lyssnat på dina inspelningar. Tala om för den du talar med att samtalet \
                           spelas in.";
pub const TEXT_EN: &str = "Your calls to and from the iCentrex app are recorded on behalf of your employer. Recordings are kept for as long as \
                           your employer has decided, as a rule 180 days. Administrators, and supervisors of your recording groups, can listen \
                           to them. You can see who has listened to your recordings. Tell the person you speak with that the call is recorded.";

/// The outcome of activating (`active`) or deactivating `user`.
pub fn outcome(organisation: &Organisation, user: &User, active: bool) -> Outcome {
    match (active, user.activated_at) {
        (true, Some(_)) | (false, None) => Outcome::Already,
        (false, Some(_)) => Outcome::Changes { waits_for_acknowledgement: false },
        (true, None) if !organisation.base_service => Outcome::NoBaseService,
        (true, None) if user.plan.is_none() => Outcome::NoPlan,
        (true, None) => Outcome::Changes { waits_for_acknowledgement: true },
    }
}

/// Whether the user is billed at `now`: from the activation on, acknowledged or not (P22), while
/// there is the base service and a plan (P20).
pub fn billed(organisation: &Organisation, user: &User, now: DateTime<Utc>) -> bool {
    organisation.base_service
        && user.plan.is_some()
        && user.activated_at.is_some_and(|at| at <= now)
}

/// Whether calls of `user` are recorded at `now`, or the first thing that is missing.
pub fn recorded(organisation: &Organisation, user: &User, now: DateTime<Utc>) -> Recorded {
    let rules = [
        (!organisation.base_service, Recorded::NoBaseService),
        (user.plan.is_none(), Recorded::NoPlan),
        (user.activated_at.is_none_or(|at| at > now), Recorded::NotActive),
        (
            acknowledged(user).is_none_or(|acknowledged| acknowledged.at > now),
            Recorded::NotAcknowledged,
        ),
    ];
    rules.into_iter().find(|(missing, _)| *missing).map_or(Recorded::Yes, |(_, what)| what)
}

/// Whether a call of `user` that began at `at` is to be recorded, or the first thing that was
/// missing then. Later changes do not matter. A period before the last two is answered as missing,
/// and [`recorded_in`] knows it.
pub fn recorded_at(organisation: &Organisation, user: &User, at: DateTime<Utc>) -> Recorded {
    let since = user.recorded_since.or(acknowledged(user).map(|acknowledged| acknowledged.at));
    let rules = [
        (!organisation.had_base_service(at), Recorded::NoBaseService),
        (user.plan.is_some() && since.is_some_and(|since| since <= at), Recorded::Yes),
        (user.recorded_before.is_some_and(|before| before.contains(at)), Recorded::Yes),
        (user.plan.is_none(), Recorded::NoPlan),
        (user.activated_at.is_some_and(|activated| activated <= at), Recorded::NotAcknowledged),
    ];
    rules.into_iter().find(|(holds, _)| *holds).map_or(Recorded::NotActive, |(_, what)| what)
}

/// Whether a user with these events, oldest first, was recorded at `at`.
pub fn recorded_in<'a>(events: impl IntoIterator<Item = &'a Event>, at: DateTime<Utc>) -> bool {
    let (mut active, mut since) = (false, None);
    for event in events {
        match event.kind {
            Kind::Activated => (active, since) = (true, None),
            Kind::Acknowledged { .. } => since = since.or(active.then_some(event.at)),
            Kind::Deactivated if since.is_some_and(|since| (since..event.at).contains(&at)) => {
                return true;
            }
            Kind::Deactivated => (active, since) = (false, None),
        }
    }
    since.is_some_and(|since| since <= at)
}

/// Whether a call of `user` that began at `at` was to be recorded, by all their events, oldest first,
/// and by all periods of the base service.
pub fn was_recorded<'a>(
    organisation: &Organisation,
    user: &User,
    events: impl IntoIterator<Item = &'a Event>,
    base_service: &BaseService,
    at: DateTime<Utc>,
) -> bool {
    let always = Organisation {
        base_service: true,
        base_since: None,
        base_before: None,
        ..organisation.clone()
    };
    let in_period = recorded_at(&always, user, at) == Recorded::Yes || recorded_in(events, at);
    in_period && base_service.had_at(at)
}

/// Whether a period before the last two, of the user or the base service, may contain `at`.
pub fn may_be_earlier(organisation: &Organisation, user: &User, at: DateTime<Utc>) -> bool {
    let begins_later = |period: Option<Period>| period.is_some_and(|period| period.from > at);
    begins_later(user.recorded_before) || begins_later(organisation.base_before)
}

/// The user's acknowledgement of the current activation. An earlier one does not count.
pub fn acknowledged(user: &User) -> Option<&Acknowledged> {
    user.acknowledged.as_ref().filter(|acknowledged| {
        user.activated_at.is_some_and(|activated| activated <= acknowledged.at)
    })
}

/// When the activation began that `user` may acknowledge at `now` (P21).
///
/// # Errors
/// [`NothingToAcknowledge`] if calls of the user would not be recorded, acknowledged or not.
pub fn to_acknowledge(
    organisation: &Organisation,
    user: &User,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, NothingToAcknowledge> {
    if !organisation.base_service {
        return Err(NothingToAcknowledge::NoBaseService);
    }
    let activated = user.activated_at.filter(|at| user.plan.is_some() && *at <= now);
    activated.ok_or(NothingToAcknowledge::NotActive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::tests::{organisation, user};

    #[test]
    fn recording_is_switched_on_where_it_can_be() {
        let (organisation, recorded) = (organisation(), user());
        let off = User { activated_at: None, ..user() };
        let changes = |waits_for_acknowledgement| Outcome::Changes { waits_for_acknowledgement };
        assert_eq!(
            outcome(&organisation, &off, true),
            changes(true),
            "an earlier acknowledgement is of an earlier activation"
        );
        assert_eq!(
            outcome(&organisation, &User { acknowledged: None, ..off.clone() }, true),
            changes(true)
        );
        assert_eq!(
            outcome(&organisation, &User { plan: None, ..off.clone() }, true),
            Outcome::NoPlan
        );
        assert_eq!(
            outcome(&Organisation { base_service: false, ..organisation.clone() }, &off, true),
            Outcome::NoBaseService
        );
        assert_eq!(outcome(&organisation, &recorded, true), Outcome::Already);
        assert_eq!(outcome(&organisation, &off, false), Outcome::Already);
        let waits = User { acknowledged: None, ..user() };
        assert!(
            billed(&organisation, &waits, DateTime::UNIX_EPOCH),
            "an activation is the delivery"
        );
        assert!(!billed(
            &Organisation { base_service: false, ..organisation.clone() },
            &waits,
            DateTime::UNIX_EPOCH
        ));
        assert!(!billed(&organisation, &off, DateTime::UNIX_EPOCH));
        assert_eq!(
            outcome(&organisation, &User { plan: None, ..recorded }, false),
            changes(false),
            "off can always be switched"
        );
    }

    #[test]
    fn an_acknowledgement_counts_only_for_an_activation_that_existed_when_it_was_given() {
        let organisation = organisation();
        let at = |second| DateTime::from_timestamp(second, 0).unwrap_or_default();
        let user = |activated: Option<i64>, acknowledged: Option<i64>| User {
            activated_at: activated.map(at),
            acknowledged: acknowledged
                .map(|second| Acknowledged { at: at(second), version: VERSION.to_owned() }),
            ..user()
        };
        let cases = [
            (Some(10), Some(9), Recorded::NotAcknowledged),
            (Some(10), Some(10), Recorded::Yes),
            (Some(10), Some(11), Recorded::Yes),
            (Some(10), None, Recorded::NotAcknowledged),
            (None, Some(9), Recorded::NotActive),
        ];
        for (activated, acknowledged, expected) in cases {
            let user = user(activated, acknowledged);
            assert_eq!(
                recorded(&organisation, &user, at(20)),
                expected,
                "{activated:?} {acknowledged:?}"
            );
            assert_eq!(
                super::acknowledged(&user).is_some(),
                expected == Recorded::Yes,
                "{activated:?} {acknowledged:?}"
            );
        }
    }

    #[test]
    fn a_call_is_judged_by_the_time_at_which_it_began() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap_or_default();
        let (organisation, period) =
            (organisation(), |from, to| Some(Period { from: at(from), to: at(to) }));
        let user = User {
            activated_at: Some(at(30)),
            acknowledged: Some(Acknowledged { at: at(60), version: VERSION.to_owned() }),
            recorded_since: Some(at(40)),
            recorded_before: period(10, 20),
            ..user()
        };
        let judged = |user: &User, second| recorded_at(&organisation, user, at(second));
        for (second, expected) in [
            (9, Recorded::NotActive),
            (10, Recorded::Yes),
            (19, Recorded::Yes),
            (20, Recorded::NotActive),
            (30, Recorded::NotAcknowledged),
            (39, Recorded::NotAcknowledged),
            (40, Recorded::Yes), // acknowledged anew at 60, which ends nothing
            (99, Recorded::Yes),
        ] {
            assert_eq!(judged(&user, second), expected, "{second}");
        }
        let ended = User {
            activated_at: None,
            acknowledged: None,
            recorded_since: None,
            plan: None,
            ..user.clone()
        };
        assert_eq!(judged(&ended, 19), Recorded::Yes, "the plan ended later");
        assert_eq!(judged(&ended, 20), Recorded::NoPlan);
        let earlier = User { recorded_since: None, ..user.clone() };
        assert_eq!(judged(&earlier, 60), Recorded::Yes, "the first acknowledgement is not stored");
        let without = |base_service, base_since, base_before| Organisation {
            base_service,
            base_since,
            base_before,
            ..organisation.clone()
        };
        for (organisation, expected) in [
            (without(false, None, None), Recorded::NoBaseService),
            (without(false, None, period(0, 50)), Recorded::NoBaseService),
            (without(false, None, period(0, 51)), Recorded::Yes),
            (without(true, Some(at(51)), None), Recorded::NoBaseService),
            (without(true, Some(at(50)), None), Recorded::Yes),
            (without(true, Some(at(90)), period(40, 60)), Recorded::Yes),
        ] {
            assert_eq!(recorded_at(&organisation, &user, at(50)), expected, "{organisation:?}");
        }
    }

    #[test]
    fn the_events_tell_any_period() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap_or_default();
        let event =
            |second, kind| Event { user: user().id, at: at(second), kind, by: String::new() };
        let acknowledged =
            || Kind::Acknowledged { version: VERSION.to_owned(), client: String::new() };
        let events = [
            event(1, acknowledged()), // of no activation
            event(10, Kind::Activated),
            event(12, acknowledged()),
            event(14, acknowledged()),
            event(20, Kind::Deactivated),
            event(30, Kind::Activated),
            event(40, Kind::Deactivated), // never acknowledged
            event(50, Kind::Activated),
            event(55, acknowledged()),
        ];
        let recorded: Vec<i64> =
            (0..60).filter(|second| recorded_in(&events, at(*second))).collect();
        assert_eq!(recorded, (12..20).chain(55..60).collect::<Vec<_>>());
    }

    #[test]
    fn only_an_activation_that_exists_can_be_acknowledged() {
        let (organisation, active) = (organisation(), user());
        let epoch = DateTime::UNIX_EPOCH;
        let later = epoch + chrono::TimeDelta::seconds(1);
        assert_eq!(to_acknowledge(&organisation, &active, epoch), Ok(epoch));
        let inactive = [
            User { activated_at: None, ..active.clone() },
            User { plan: None, ..active.clone() },
            User { activated_at: Some(later), ..active.clone() },
        ];
        for user in inactive {
            assert_eq!(
                to_acknowledge(&organisation, &user, epoch),
                Err(NothingToAcknowledge::NotActive)
            );
        }
        let without = Organisation { base_service: false, ..organisation };
        assert_eq!(
            to_acknowledge(&without, &active, epoch),
            Err(NothingToAcknowledge::NoBaseService)
        );
    }
}
