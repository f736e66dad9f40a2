//! Switching recording on and off for a user, and the user's own word that they know of it (P8, P20–P22, P24).
//!
//! Recording runs while three things hold: a plan that it can be added to, an administrator's activation, and the user's acknowledgement.
//! Whatever changes one of them is kept as an event that is never altered: billing reads them, and the user may.

use chrono::{DateTime, Utc};

use crate::{
    ids::UserId,
    people::{Organisation, User},
};

/// Something that happened to a user's recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub user: UserId,
    pub at: DateTime<Utc>,
    pub kind: Kind,
    /// The user or application that did it.
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Activated,
    Deactivated,
    Acknowledged { version: String, client: String },
}

/// What activating or deactivating a user comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changes; recording starts once the user has acknowledged.
    Changes {
        waits_for_acknowledgement: bool,
    },
    /// It is so already.
    Already,
    NoBaseService,
    NoPlan,
}

/// Whether and how a user is recorded at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    Yes,
    NoBaseService,
    NoPlan,
    NotActive,
    NotAcknowledged,
}

/// The text that a user acknowledges before they are recorded, in both languages, and its version.
pub const VERSION: &str = "2026-11";
pub const TEXT_SV: &str = "Dina samtal till och från iCentrex-appen spelas in på uppdrag av din arbetsgivare. Inspelningarna sparas så länge \
                           som arbetsgivaren har bestämt, som regel 180 dagar. Administratörer, och arbetsledare för dina inspelningsgrupper, \
                           kan lyssna på dem. Du kan se vem som har lyssnat på dina inspelningar. Tala om för den du talar med att samtalet \
                           spelas in.";
pub const TEXT_EN: &str = "Your calls to and from the iCentrex app are recorded on behalf of your employer. Recordings are kept for as long as \
                           your employer has decided, as a rule 180 days. Administrators, and supervisors of your recording groups, can listen \
                           to them. You can see who has listened to your recordings. Tell the person you speak with that the call is recorded.";

/// What switching recording on (`active`) or off comes to for `user`.
pub fn outcome(organisation: &Organisation, user: &User, active: bool) -> Outcome {
    match (active, user.activated_at) {
        (true, Some(_)) | (false, None) => Outcome::Already,
        (false, Some(_)) => Outcome::Changes { waits_for_acknowledgement: false },
        (true, None) if !organisation.base_service => Outcome::NoBaseService,
        (true, None) if user.plan.is_none() => Outcome::NoPlan,
        (true, None) => Outcome::Changes { waits_for_acknowledgement: user.acknowledged.is_none() },
    }
}

/// Whether the user is billed at `now`: from the activation on, acknowledged or not (P22), while the service can be delivered, which needs
/// the base service and a plan (P20).
pub fn billed(organisation: &Organisation, user: &User, now: DateTime<Utc>) -> bool {
    organisation.base_service && user.plan.is_some() && user.activated_at.is_some_and(|at| at <= now)
}

/// Whether calls of `user` are recorded at `now`, or what is missing first.
pub fn recorded(organisation: &Organisation, user: &User, now: DateTime<Utc>) -> Recorded {
    let rules = [
        (!organisation.base_service, Recorded::NoBaseService),
        (user.plan.is_none(), Recorded::NoPlan),
        (user.activated_at.is_none_or(|at| at > now), Recorded::NotActive),
        (user.acknowledged.as_ref().is_none_or(|acknowledged| acknowledged.at > now), Recorded::NotAcknowledged),
    ];
    rules.into_iter().find(|(missing, _)| *missing).map_or(Recorded::Yes, |(_, what)| what)
}

impl Kind {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Activated => "activated",
            Self::Deactivated => "deactivated",
            Self::Acknowledged { .. } => "acknowledged",
        }
    }
}

impl Recorded {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "recorded",
            Self::NoBaseService => "no-base-service",
            Self::NoPlan => "no-plan",
            Self::NotActive => "not-active",
            Self::NotAcknowledged => "not-acknowledged",
        }
    }
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
        assert_eq!(outcome(&organisation, &off, true), changes(false));
        assert_eq!(outcome(&organisation, &User { acknowledged: None, ..off.clone() }, true), changes(true));
        assert_eq!(outcome(&organisation, &User { plan: None, ..off.clone() }, true), Outcome::NoPlan);
        assert_eq!(outcome(&Organisation { base_service: false, ..organisation.clone() }, &off, true), Outcome::NoBaseService);
        assert_eq!(outcome(&organisation, &recorded, true), Outcome::Already);
        assert_eq!(outcome(&organisation, &off, false), Outcome::Already);
        let waits = User { acknowledged: None, ..user() };
        assert!(billed(&organisation, &waits, DateTime::UNIX_EPOCH), "an activation is the delivery");
        assert!(!billed(&Organisation { base_service: false, ..organisation.clone() }, &waits, DateTime::UNIX_EPOCH));
        assert!(!billed(&organisation, &off, DateTime::UNIX_EPOCH));
        assert_eq!(outcome(&organisation, &User { plan: None, ..recorded }, false), changes(false), "off can always be switched");
    }
}
