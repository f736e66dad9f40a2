//! Whether a call may be registered for upload: the rules of consent (P20, P21), of what audio we keep, and of when.
//!
//! Money is no rule here: storage over the allowance is billed and never refused.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::time::later;
use crate::{
    activation::{Recorded, recorded},
    ids::CallId,
    note::{Mark, Note},
    people::{Organisation, User},
    phone::Counterpart,
    recording::{Audio, Direction},
    retention::expires_at,
};

/// A call as the app registers it when it has ended.
#[derive(Clone, Debug)]
pub struct Registration {
    pub call: CallId,
    pub direction: Direction,
    pub counterpart: Counterpart,
    pub started_at: DateTime<Utc>,
    pub duration: TimeDelta,
    pub audio: Audio,
    pub note: Option<Note>,
    pub mark: Option<Mark>,
}

/// Why a call is not taken. The texts are for the app to show.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("the organisation does not have the base service iCentrex Företagstelefoni")]
    NoBaseService,
    #[error("the user has none of the plans Basic, Pro, Business or Enterprise")]
    NoPlan,
    #[error("recording is not active for the user; an administrator activates it in Mina sidor")]
    NotActive,
    #[error("the user has not acknowledged that calls are recorded; acknowledge it in the app or in Mina sidor")]
    NotAcknowledged,
    #[error("the recording is empty; send it once it holds audio")]
    Empty,
    #[error("the recording is larger than 1073741824 bytes, the most that is kept of one call")]
    TooLarge,
    #[error("the call is longer than 24 hours, the most that is kept of one call")]
    TooLong,
    #[error("the call's start lies in the future; set the device's clock and send it again")]
    InFuture,
    #[error("the call is older than the organisation's recordings are kept")]
    PastRetention,
}

/// The most bytes that are kept of one call: 1 GiB, 24 hours of PCM at 8 kHz and 12 bits.
pub const LENGTH_AT_MOST: u64 = 1 << 30;
/// The longest call that is kept.
pub const DURATION_AT_MOST: TimeDelta = TimeDelta::hours(24);
/// How far a device's clock may run ahead before a call's start counts as in the future.
pub const CLOCK_LEEWAY: TimeDelta = TimeDelta::minutes(5);

/// Admits the registration, or says why not; the first reason in the order of [`Refusal`].
pub fn admit(organisation: &Organisation, user: &User, call: &Registration, now: DateTime<Utc>) -> Result<(), Refusal> {
    match recorded(organisation, user, now) {
        Recorded::Yes => {}
        Recorded::NoBaseService => return Err(Refusal::NoBaseService),
        Recorded::NoPlan => return Err(Refusal::NoPlan),
        Recorded::NotActive => return Err(Refusal::NotActive),
        Recorded::NotAcknowledged => return Err(Refusal::NotAcknowledged),
    }
    let rules = [
        (call.audio.length == 0, Refusal::Empty),
        (call.audio.length > LENGTH_AT_MOST, Refusal::TooLarge),
        (call.duration > DURATION_AT_MOST, Refusal::TooLong),
        (call.started_at > later(now, CLOCK_LEEWAY), Refusal::InFuture),
        (expires_at(call.started_at, organisation.retention_days) <= now, Refusal::PastRetention),
    ];
    match rules.into_iter().find(|(broken, _)| *broken) {
        Some((_, refusal)) => Err(refusal),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        people::{
            Acknowledged,
            tests::{organisation, user},
        },
        recording::tests::recording,
    };

    fn now() -> DateTime<Utc> {
        recording().started_at
    }

    /// An organisation, a user and a call that are admitted.
    fn admitted() -> (Organisation, User, Registration) {
        let recording = recording();
        let (organisation, mut user) = (organisation(), user());
        user.activated_at = Some(now());
        user.acknowledged = user.acknowledged.map(|acknowledged| Acknowledged { at: now(), ..acknowledged });
        let call = Registration {
            call: recording.call,
            direction: recording.direction,
            counterpart: recording.counterpart,
            started_at: recording.started_at,
            duration: recording.duration,
            audio: recording.audio,
            note: None,
            mark: None,
        };
        (organisation, user, call)
    }

    /// What `admit` says once `change` has been made to what is admitted.
    fn after(change: impl FnOnce(&mut Organisation, &mut User, &mut Registration)) -> Result<(), Refusal> {
        let (mut organisation, mut user, mut call) = admitted();
        change(&mut organisation, &mut user, &mut call);
        admit(&organisation, &user, &call, now())
    }

    #[test]
    fn recording_needs_base_service_plan_activation_and_acknowledgement() {
        assert_eq!(after(|_, _, _| ()), Ok(()));
        assert_eq!(after(|organisation, _, _| organisation.base_service = false), Err(Refusal::NoBaseService));
        assert_eq!(after(|_, user, _| user.plan = None), Err(Refusal::NoPlan));
        assert_eq!(after(|_, user, _| user.activated_at = None), Err(Refusal::NotActive));
        assert_eq!(after(|_, user, _| user.activated_at = Some(now() + TimeDelta::seconds(1))), Err(Refusal::NotActive));
        assert_eq!(after(|_, user, _| user.acknowledged = None), Err(Refusal::NotAcknowledged));
    }

    #[test]
    fn what_is_kept_of_one_call_has_bounds() {
        assert_eq!(after(|_, _, call| call.audio.length = 0), Err(Refusal::Empty));
        assert_eq!(after(|_, _, call| call.audio.length = LENGTH_AT_MOST), Ok(()));
        assert_eq!(after(|_, _, call| call.audio.length = LENGTH_AT_MOST + 1), Err(Refusal::TooLarge));
        assert_eq!(after(|_, _, call| call.duration = DURATION_AT_MOST), Ok(()));
        assert_eq!(after(|_, _, call| call.duration = DURATION_AT_MOST + TimeDelta::milliseconds(1)), Err(Refusal::TooLong));
    }

    #[test]
    fn a_call_lies_between_its_retention_and_now() {
        let days = TimeDelta::days(180);
        assert_eq!(after(|_, _, call| call.started_at = now() + CLOCK_LEEWAY), Ok(()));
        assert_eq!(after(|_, _, call| call.started_at = now() + CLOCK_LEEWAY + TimeDelta::seconds(1)), Err(Refusal::InFuture));
        assert_eq!(after(|_, _, call| call.started_at = now() - days), Err(Refusal::PastRetention));
        assert_eq!(after(|_, _, call| call.started_at = now() - days + TimeDelta::seconds(1)), Ok(()));
        let longer = |organisation: &mut Organisation, call: &mut Registration| {
            organisation.retention_days = 3650;
            call.started_at = now() - days;
        };
        assert_eq!(after(|organisation, _, call| longer(organisation, call)), Ok(()));
    }
}
