//! Whether a call may be registered for upload: the rules on consent (P20, P21), audio and start.
//!
//! The storage allowance is no such rule: storage above it is billed and never refused.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::time::later;
use crate::{
    activation::{Recorded, recorded},
    counterpart::Counterpart,
    ids::CallId,
    note::{Mark, Note},
    people::{Organisation, User},
    recording::{Audio, Direction},
    retention::expires_at,
};

/// A finished call, as the app registers it.
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

/// Why a call is refused. The app shows these texts.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("the organisation does not have the base service iCentrex Företagstelefoni")]
    NoBaseService,
    #[error("the user has none of the plans Basic, Pro, Business or Enterprise")]
    NoPlan,
    #[error("recording is not active for the user; an administrator activates it in Mina sidor")]
    NotActive,
    #[error(
        "the user has not acknowledged that calls are recorded; acknowledge it in the app or in Mina sidor"
    )]
    NotAcknowledged,
    #[error("the recording is empty; send it once it contains audio")]
    Empty,
    #[error("the recording is larger than 1073741824 bytes, the maximum for one call")]
    TooLarge,
    #[error("the call is longer than 24 hours, the maximum for one call")]
    TooLong,
    #[error("the call starts in the future; set the device's clock and send it again")]
    InFuture,
    #[error("the call is older than the organisation's retention")]
    PastRetention,
}

/// The most bytes of audio for one call: 1 GiB, which holds 24 hours of PCM at 8 kHz and 12 bits.
pub const LENGTH_AT_MOST: u64 = 1 << 30;
/// The longest call that can be registered.
pub const DURATION_AT_MOST: TimeDelta = TimeDelta::hours(24);
/// How far a device's clock may run ahead before the start of a call counts as in the future.
pub const CLOCK_LEEWAY: TimeDelta = TimeDelta::minutes(5);

/// Admits the registration, or returns the first reason against it, in the order of [`Refusal`].
pub fn admit(
    organisation: &Organisation,
    user: &User,
    call: &Registration,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
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
        user.acknowledged =
            user.acknowledged.map(|acknowledged| Acknowledged { at: now(), ..acknowledged });
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

    /// The result of `admit` after `change` has altered an admitted registration.
    fn after(
        change: impl FnOnce(&mut Organisation, &mut User, &mut Registration),
    ) -> Result<(), Refusal> {
        let (mut organisation, mut user, mut call) = admitted();
        change(&mut organisation, &mut user, &mut call);
        admit(&organisation, &user, &call, now())
    }

    #[test]
    fn recording_needs_base_service_plan_activation_and_acknowledgement() {
        assert_eq!(after(|_, _, _| ()), Ok(()));
        assert_eq!(
            after(|organisation, _, _| organisation.base_service = false),
            Err(Refusal::NoBaseService)
        );
        assert_eq!(after(|_, user, _| user.plan = None), Err(Refusal::NoPlan));
        assert_eq!(after(|_, user, _| user.activated_at = None), Err(Refusal::NotActive));
        assert_eq!(
            after(|_, user, _| user.activated_at = Some(now() + TimeDelta::seconds(1))),
            Err(Refusal::NotActive)
        );
        assert_eq!(after(|_, user, _| user.acknowledged = None), Err(Refusal::NotAcknowledged));
    }

    #[test]
    fn the_length_and_the_duration_of_a_call_are_bounded() {
        assert_eq!(after(|_, _, call| call.audio.length = 0), Err(Refusal::Empty));
        assert_eq!(after(|_, _, call| call.audio.length = LENGTH_AT_MOST), Ok(()));
        assert_eq!(
            after(|_, _, call| call.audio.length = LENGTH_AT_MOST + 1),
            Err(Refusal::TooLarge)
        );
        assert_eq!(after(|_, _, call| call.duration = DURATION_AT_MOST), Ok(()));
        assert_eq!(
            after(|_, _, call| call.duration = DURATION_AT_MOST + TimeDelta::milliseconds(1)),
            Err(Refusal::TooLong)
        );
    }

    #[test]
    fn a_call_starts_within_the_retention_and_not_in_the_future() {
        let days = TimeDelta::days(180);
        assert_eq!(after(|_, _, call| call.started_at = now() + CLOCK_LEEWAY), Ok(()));
        assert_eq!(
            after(|_, _, call| call.started_at = now() + CLOCK_LEEWAY + TimeDelta::seconds(1)),
            Err(Refusal::InFuture)
        );
        assert_eq!(after(|_, _, call| call.started_at = now() - days), Err(Refusal::PastRetention));
        assert_eq!(
            after(|_, _, call| call.started_at = now() - days + TimeDelta::seconds(1)),
            Ok(())
        );
        let longer = |organisation: &mut Organisation, call: &mut Registration| {
            organisation.retention_days = 3650;
            call.started_at = now() - days;
        };
        assert_eq!(after(|organisation, _, call| longer(organisation, call)), Ok(()));
    }
}
