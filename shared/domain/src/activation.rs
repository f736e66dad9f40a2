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
    ids::UserId,
    people::{Acknowledged, Organisation, User},
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
