//! Whether a call may be registered for upload: the rules of consent (P20, P21), of what audio we keep, and of when.
//!
//! Money is no rule here: storage over the allowance is billed and never refused.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::{
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
    let rules = [
        (!organisation.base_service, Refusal::NoBaseService),
        (!user.has_plan, Refusal::NoPlan),
        (user.activated_at.is_none_or(|at| at > now), Refusal::NotActive),
        (user.acknowledged_at.is_none_or(|at| at > now), Refusal::NotAcknowledged),
        (call.audio.length == 0, Refusal::Empty),
        (call.audio.length > LENGTH_AT_MOST, Refusal::TooLarge),
        (call.duration > DURATION_AT_MOST, Refusal::TooLong),
        (call.started_at > now + CLOCK_LEEWAY, Refusal::InFuture),
        (expires_at(call.started_at, organisation.retention_days) <= now, Refusal::PastRetention),
    ];
    match rules.into_iter().find(|(broken, _)| *broken) {
        Some((_, refusal)) => Err(refusal),
        None => Ok(()),
    }
}
