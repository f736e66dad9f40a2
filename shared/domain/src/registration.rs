//! Whether a call may be registered for upload, and when it began.
//!
//! A call of a user who was recorded when it began is retained, whatever is unusual about it: anomalies
//! are flagged, never refused. The storage allowance is no rule either: storage above it is billed.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};
use thiserror::Error;

use crate::{
    activation::Recorded,
    counterpart::Counterpart,
    ids::{CallId, RecordingId, UserId},
    note::{Annotation, Mark, Note},
    people::Organisation,
    recording::{Audio, Direction, Leg, Recording, Reported, State},
    retention::{begins_at, expires_at},
    time::{Instant, earlier, later},
};

/// A finished call, as the app registers it.
#[derive(Clone, Debug)]
pub struct Registration {
    pub call: CallId,
    pub direction: Direction,
    pub counterpart: Counterpart,
    /// The counterpart as the app wrote it, if that differs.
    pub written: Option<String>,
    /// The start by the device's clock.
    pub started_at: DateTime<Utc>,
    /// The time of the device's clock when it sent the registration.
    pub sent_at: Option<DateTime<Utc>>,
    pub duration: TimeDelta,
    pub audio: Audio,
    pub note: Option<Note>,
    pub mark: Option<Mark>,
    pub leg: Leg,
    pub warnings: Vec<Warning>,
}

/// When a call began, as the service determines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    pub at: DateTime<Utc>,
    pub basis: Basis,
}

/// How the start of a call was determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Basis {
    /// The device's clock.
    Reported,
    /// The device's clock, corrected by its difference from ours.
    Corrected,
    /// The time of receipt minus the duration: the device's clock was of no use.
    Received,
}

/// The relation of a registration to the recording that has its call id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same audio of the same user: registered before.
    Repetition,
    /// Other audio of a call whose audio was rejected: it replaces that.
    Again,
    /// Another call, or other audio: a recording of its own, beside the one that has the id.
    Beside,
}

/// The change that a repeated registration makes to the start of its call.
#[derive(Clone, Debug, PartialEq)]
pub enum Correction {
    None,
    /// The start would lie after the registration, so the call keeps its own.
    Impossible,
    To(Box<Recording>),
}

/// Why a call is refused. The app shows these texts.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error(
        "the organisation did not have the base service iCentrex Företagstelefoni when the call began"
    )]
    NoBaseService,
    #[error("the user has none of the plans Basic, Pro, Business or Enterprise")]
    NoPlan,
    #[error(
        "recording was not active for the user when the call began; an administrator activates it in Mina sidor"
    )]
    NotActive,
    #[error(
        "the user had not acknowledged that calls are recorded when the call began; acknowledge it in the app or in Mina sidor"
    )]
    NotAcknowledged,
    #[error("the recording is empty; send it once it contains audio")]
    Empty,
    #[error("the recording is larger than 1073741824 bytes, the maximum for one call")]
    TooLarge,
}

/// A part of a registration that was put right or left out. The call is registered anyway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub code: WarningCode,
    /// The JSON pointer of the member.
    pub pointer: String,
}

/// Each code with its detail.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum WarningCode {
    #[error("the text is longer than its maximum and was cut")]
    Cut,
    #[error("characters that the member does not permit were replaced or removed")]
    Corrected,
    #[error("the value is not valid and was left out")]
    LeftOut,
    #[error("the mark is not in the organisation's legend, or is retired, and was left out")]
    UnknownMark,
    #[error("the member is not known and was ignored")]
    UnknownMember,
    #[error("the number was not written as a whole JSON number")]
    NumberForm,
    #[error("the content type is not known; the content of the audio decides")]
    UnknownType,
    #[error("the device's clock is wrong by more than a minute; the start was corrected")]
    StartCorrected,
    #[error(
        "the start lies in the future or before 2000; it was replaced by the time of receipt minus the duration"
    )]
    StartReplaced,
    #[error(
        "the call id is taken by another call or other audio; this recording has an id of its own"
    )]
    CallIdTaken,
    #[error("the call is registered under another call id, as after the app was installed anew")]
    Double,
    #[error("the call is registered with another value, which remains")]
    Unchanged,
    #[error("the recording was rejected before and stays rejected; see its rejection")]
    StaysRejected,
}

/// The most bytes of audio for one call: 1 GiB, which holds 24 hours of PCM at 8 kHz and 12 bits.
pub const LENGTH_AT_MOST: u64 = 1 << 30;
/// How far a start may lie ahead before it counts as in the future.
pub const START_LEEWAY: TimeDelta = TimeDelta::minutes(5);
/// How wrong a device's clock may be before a start is corrected.
pub const CLOCK_LEEWAY: TimeDelta = TimeDelta::minutes(1);

/// How long after its end a call may be registered before it is looked for under other call ids.
pub const LATE: TimeDelta = TimeDelta::hours(2);

/// Whether the call ended [`LATE`] ago when it was registered.
pub fn is_late(call: &Recording) -> bool {
    later(later(call.started_at, call.duration), LATE) <= call.registered_at
}

/// Whether `other`, which began at the same time, is the same call under another call id: an app
/// that was installed anew registers all its files again.
pub fn is_double(other: &Recording, call: &Recording) -> bool {
    other.user == call.user
        && other.call != call.call
        && other.counterpart == call.counterpart
        && other.audio.is_same(&call.audio)
}

/// The relation of the registration of `call` to the recording that has its id.
pub fn relation(existing: &Recording, call: &Recording) -> Relation {
    let is_own = existing.user == call.user;
    let is_rejected = matches!(existing.state, State::Rejected { .. });
    if is_own && existing.audio.is_same(&call.audio) {
        Relation::Repetition
    } else if is_own && is_rejected && existing.is_same_call(call) {
        Relation::Again
    } else {
        Relation::Beside
    }
}

/// The change that a repetition of `existing` makes to its start.
pub fn correction(existing: &Recording, repetition: &Recording, retention_days: u16) -> Correction {
    if existing.reported_start() == repetition.reported_start() {
        return Correction::None;
    }
    let (started_at, reported) = (repetition.started_at, &repetition.reported);
    if started_at > later(existing.registered_at, START_LEEWAY) {
        return Correction::Impossible;
    }
    Correction::To(Box::new(Recording {
        started_at,
        expires_at: expires_at(begins_at(started_at, existing.registered_at), retention_days),
        reported: Reported {
            started_at: reported.started_at,
            basis: reported.basis,
            ..existing.reported.clone()
        },
        ..existing.clone()
    }))
}

/// The recording of an admitted call, before its audio arrives.
pub fn expected(
    organisation: &Organisation,
    user: &UserId,
    call: Registration,
    start: Start,
    now: DateTime<Utc>,
) -> Recording {
    Recording {
        id: RecordingId::of(&organisation.id, &call.call),
        organisation: organisation.id.clone(),
        user: user.clone(),
        call: call.call,
        direction: call.direction,
        counterpart: call.counterpart,
        started_at: start.at,
        duration: call.duration,
        audio: call.audio,
        annotation: Annotation { note: call.note, mark: call.mark, ..Annotation::default() },
        version: 0,
        registered_at: now,
        expires_at: expires_at(begins_at(start.at, now), organisation.retention_days),
        sound: Default::default(),
        reported: Reported {
            started_at: (start.basis != Basis::Reported).then_some(call.started_at),
            basis: start.basis,
            duration: None,
            counterpart: call.written,
            call_id_taken: false,
        },
        leg: call.leg,
        held_since: None,
        state: State::Expected,
    }
}

/// The instants at which a call may have begun. Where the device's clock contradicts itself, it was
/// set after the call, so the reported start may be right.
pub fn possible_starts(
    call: &Registration,
    start: Start,
    now: DateTime<Utc>,
) -> impl Iterator<Item = DateTime<Utc>> {
    let reported = start.basis == Basis::Received && call.started_at <= now;
    [Some(start.at), Some(call.started_at).filter(|_| reported)].into_iter().flatten()
}

/// Determines when the call began, to the millisecond.
pub fn start(call: &Registration, now: DateTime<Utc>) -> Start {
    let ahead = call.sent_at.map_or(TimeDelta::zero(), |sent| sent.signed_duration_since(now));
    let start = match ahead.abs() > CLOCK_LEEWAY {
        true => Start { at: earlier(call.started_at, ahead), basis: Basis::Corrected },
        false => Start { at: call.started_at, basis: Basis::Reported },
    };
    let in_future = start.at.signed_duration_since(now) > START_LEEWAY;
    let start = match in_future || start.at < Instant::FIRST.utc() {
        true => Start { at: earlier(now, call.duration), basis: Basis::Received },
        false => start,
    };
    Start { at: start.at.trunc_subsecs(3), ..start }
}

/// Admits the call of a user who was `recorded` when it began, or returns the first reason against
/// it, in the order of [`Refusal`].
pub fn admit(recorded: Recorded, audio: &Audio) -> Result<(), Refusal> {
    match recorded {
        Recorded::NoBaseService => Err(Refusal::NoBaseService),
        Recorded::NoPlan => Err(Refusal::NoPlan),
        Recorded::NotActive => Err(Refusal::NotActive),
        Recorded::NotAcknowledged => Err(Refusal::NotAcknowledged),
        Recorded::Yes if audio.length == 0 => Err(Refusal::Empty),
        Recorded::Yes if audio.length > LENGTH_AT_MOST => Err(Refusal::TooLarge),
        Recorded::Yes => Ok(()),
    }
}

impl Warning {
    pub fn new(code: WarningCode, pointer: impl Into<String>) -> Self {
        Self { code, pointer: pointer.into() }
    }
}

impl Basis {
    /// The warning about a start that is not the reported one.
    pub fn warning(self) -> Option<Warning> {
        let code = match self {
            Self::Reported => return None,
            Self::Corrected => WarningCode::StartCorrected,
            Self::Received => WarningCode::StartReplaced,
        };
        Some(Warning::new(code, "/startedAt"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::tests::recording;

    fn now() -> DateTime<Utc> {
        recording().started_at
    }

    /// A call of a minute that began at `started_at` and was sent at `sent_at` by the device.
    fn call(started_at: DateTime<Utc>, sent_at: Option<DateTime<Utc>>) -> Registration {
        let recording = recording();
        Registration {
            call: recording.call,
            direction: recording.direction,
            counterpart: recording.counterpart,
            written: None,
            started_at,
            sent_at,
            duration: TimeDelta::minutes(1),
            audio: recording.audio,
            note: None,
            mark: None,
            leg: Leg::default(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_call_of_a_recorded_user_is_refused_only_without_audio_or_above_the_maximum() {
        let of_length = |length| Audio { length, ..recording().audio };
        for (length, expected) in [
            (0, Err(Refusal::Empty)),
            (1, Ok(())),
            (LENGTH_AT_MOST, Ok(())),
            (LENGTH_AT_MOST + 1, Err(Refusal::TooLarge)),
        ] {
            assert_eq!(admit(Recorded::Yes, &of_length(length)), expected);
        }
        for (recorded, refusal) in [
            (Recorded::NoBaseService, Refusal::NoBaseService),
            (Recorded::NoPlan, Refusal::NoPlan),
            (Recorded::NotActive, Refusal::NotActive),
            (Recorded::NotAcknowledged, Refusal::NotAcknowledged),
        ] {
            assert_eq!(admit(recorded, &of_length(0)), Err(refusal));
        }
    }

    #[test]
    fn a_start_is_as_reported_unless_the_clock_was_wrong() {
        let (minute, day) = (TimeDelta::minutes, TimeDelta::days);
        let received = (now() - minute(1), Basis::Received);
        for (started_at, sent_at, expected) in [
            (now() - day(1), None, (now() - day(1), Basis::Reported)),
            (now() - day(900), None, (now() - day(900), Basis::Reported)),
            (now() + minute(5), None, (now() + minute(5), Basis::Reported)),
            (now() + minute(6), None, received),
            (now() + day(730), None, received),
            (DateTime::UNIX_EPOCH, None, received),
            // The clock is right, and the call waited for a day without a net.
            (now() - day(1), Some(now() - minute(1)), (now() - day(1), Basis::Reported)),
            // The clock is ahead, behind, or was never set.
            (now() + day(730), Some(now() + day(731)), (now() - day(1), Basis::Corrected)),
            (now() - day(3), Some(now() - day(2)), (now() - day(1), Basis::Corrected)),
            (
                DateTime::UNIX_EPOCH,
                Some(DateTime::UNIX_EPOCH + minute(9)),
                (now() - minute(9), Basis::Corrected),
            ),
            // The clock was set while the call waited: the difference is of no use.
            (now(), Some(now() - day(1)), received),
            (DateTime::UNIX_EPOCH, Some(now()), received),
        ] {
            let start = start(&call(started_at, sent_at), now());
            assert_eq!((start.at, start.basis), expected, "{started_at} {sent_at:?}");
        }
        let fraction = now() + TimeDelta::nanoseconds(1_999_999);
        assert_eq!(start(&call(fraction, None), now()).at, now() + TimeDelta::milliseconds(1));
    }

    #[test]
    fn no_clock_moves_a_start_beyond_the_calendar() {
        for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, Instant::LAST.utc()] {
            for sent in [None, Some(DateTime::<Utc>::MIN_UTC), Some(DateTime::<Utc>::MAX_UTC)] {
                let start = start(&call(at, sent), now());
                assert!(start.at <= now() + START_LEEWAY && start.at >= Instant::FIRST.utc());
            }
        }
    }
}
