//! A line of a day's statement: one call and what became of it, or calls that a phone never
//! registered.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::{CallRecord, sequence::Gap};
use crate::{
    audio::Damage,
    ids::{CallId, DeviceId, RecordingId, UserId},
    recording::{Recording, State},
    time::later,
};

/// The fate of a call. A statement lists them in this order.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum CallState {
    /// It had to be recorded, and nothing has come.
    Missing,
    /// The content that came was not audio.
    Rejected,
    /// It is registered, and its audio has not come yet.
    Expected,
    /// Its audio is stored, and is not whole.
    Damaged,
    /// The app registered it, and the service refused it.
    Refused,
    /// It was not to be recorded.
    NotRecorded,
    /// Its recording was erased.
    Erased,
    Stored,
}

/// The facts about a reported call besides the report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fate<'a> {
    pub recording: Option<&'a Recording>,
    pub is_erased: bool,
    /// Why a registration of the call was refused: the problem's code.
    pub refusal: Option<&'a str>,
    /// The condition that the user lacked to be recorded when the call began.
    pub lacked: Option<&'a str>,
}

/// A line of a statement. It names neither the counterpart nor any other third party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The recording's id, or an id of the gap.
    pub id: RecordingId,
    /// Absent of a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
    pub user: UserId,
    pub state: CallState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The start of the call; of a gap, that of the call after it.
    pub started_at: DateTime<Utc>,
    pub duration_ms: i64,
    /// How many calls it represents: 1, or those of a gap.
    pub calls: u64,
    /// Whether the operator's switch reported it.
    pub reported: bool,
    /// When the app registered it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<DateTime<Utc>>,
    /// The device whose numbers have a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Whether a person has explained it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub explained: bool,
    /// Whether it began while another call of the user lasted, as by a wrong clock.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overlaps: bool,
}

/// The reason of a call that nobody answered.
pub const NOT_ANSWERED: &str = "not-answered";
/// The reason of a call of a user that the organisation has never had.
pub const UNKNOWN_USER: &str = "unknown-user";
/// The reason of a call that only a gap in a phone's numbers shows.
pub const SEQUENCE_GAP: &str = "sequence-gap";

impl Line {
    /// The line of a reported call.
    pub fn of_report(report: &CallRecord, fate: Fate<'_>) -> Self {
        let (state, reason) = state(report, fate);
        let CallRecord { id, call, user, started_at, duration, .. } = report.clone();
        Self {
            id: fate.recording.map_or(id, |recording| recording.id),
            call_id: Some(call),
            user,
            state,
            reason: reason.map(str::to_owned),
            started_at,
            duration_ms: duration.num_milliseconds(),
            calls: 1,
            reported: true,
            registered_at: fate.recording.map(|recording| recording.registered_at),
            device: None,
            explained: false,
            overlaps: false,
        }
    }

    /// The line of a recording that the switch did not report.
    pub fn of_recording(recording: &Recording) -> Self {
        let (state, reason) = of_recording(recording);
        Self {
            id: recording.id,
            call_id: Some(recording.call.clone()),
            user: recording.user.clone(),
            state,
            reason: reason.map(str::to_owned),
            started_at: recording.started_at,
            duration_ms: recording.duration.num_milliseconds(),
            calls: 1,
            reported: false,
            registered_at: Some(recording.registered_at),
            device: None,
            explained: false,
            overlaps: false,
        }
    }

    /// The line of a gap in a phone's numbers.
    pub fn of_gap(gap: Gap) -> Self {
        Self {
            id: gap.id,
            call_id: None,
            user: gap.user,
            state: CallState::Missing,
            reason: Some(SEQUENCE_GAP.to_owned()),
            started_at: gap.before,
            duration_ms: 0,
            calls: gap.calls,
            reported: false,
            registered_at: None,
            device: Some(gap.device),
            explained: false,
            overlaps: false,
        }
    }

    /// The place of the line in its statement.
    pub fn place(&self) -> (CallState, &UserId, DateTime<Utc>, RecordingId) {
        (self.state, &self.user, self.started_at, self.id)
    }
}

/// Marks the lines of calls that began while another call of their user lasted.
pub fn mark_overlaps(lines: &mut [Line], recordings: &[Recording]) {
    let overlapping = overlapping(recordings);
    for line in lines {
        line.overlaps = overlapping.contains(&line.id);
    }
}

/// The recordings that began while another of their user lasted. Legs of one conversation may.
fn overlapping(recordings: &[Recording]) -> HashSet<RecordingId> {
    let mut in_order: Vec<&Recording> = recordings.iter().collect();
    in_order.sort_by_key(|call| (&call.user, call.started_at, call.id));
    let (mut found, mut longest) = (HashSet::new(), None::<&Recording>);
    for call in in_order {
        let same_user = longest.filter(|longest| longest.user == call.user);
        if let Some(before) = same_user {
            let is_leg =
                call.leg.conversation.is_some() && call.leg.conversation == before.leg.conversation;
            if call.started_at < ends_at(before) && !is_leg {
                found.insert(call.id);
            }
        }
        let is_longer = same_user.is_none_or(|before| ends_at(call) > ends_at(before));
        longest = if is_longer { Some(call) } else { longest };
    }
    found
}

fn ends_at(call: &Recording) -> DateTime<Utc> {
    later(call.started_at, call.duration)
}

/// The one state of a reported call, and the reason.
fn state<'a>(report: &CallRecord, fate: Fate<'a>) -> (CallState, Option<&'a str>) {
    match fate {
        Fate { recording: Some(recording), .. } => of_recording(recording),
        Fate { is_erased: true, .. } => (CallState::Erased, None),
        Fate { refusal: Some(refusal), .. } => (CallState::Refused, Some(refusal)),
        _ if report.duration.is_zero() => (CallState::NotRecorded, Some(NOT_ANSWERED)),
        Fate { lacked: Some(lacked), .. } => (CallState::NotRecorded, Some(lacked)),
        _ => (CallState::Missing, None),
    }
}

fn of_recording(recording: &Recording) -> (CallState, Option<&str>) {
    match &recording.state {
        State::Expected => (CallState::Expected, None),
        State::Rejected { reason } => (CallState::Rejected, Some(reason)),
        State::Stored { .. } => match recording.sound.damage {
            Some(damage) => (CallState::Damaged, Some(Damage::as_str(damage))),
            None => (CallState::Stored, None),
        },
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{recording::Sound, recording::tests::recording};

    fn report() -> CallRecord {
        let recording = recording();
        CallRecord {
            id: recording.id,
            call: recording.call,
            user: recording.user,
            direction: recording.direction,
            counterpart: recording.counterpart,
            started_at: recording.started_at,
            duration: TimeDelta::seconds(93),
            accounted_at: recording.started_at,
        }
    }

    #[test]
    fn a_reported_call_is_in_exactly_one_state() {
        let at = DateTime::UNIX_EPOCH;
        let stored = Recording { state: State::Stored { at }, ..recording() };
        let sound = Sound { damage: Some(Damage::CutOff), ..Sound::default() };
        let damaged = Recording { sound, ..stored.clone() };
        let reason = "not audio".to_owned();
        let rejected = Recording { state: State::Rejected { reason }, ..recording() };
        let expected = Recording { state: State::Expected, ..recording() };
        let of = |recording| Fate { recording: Some(recording), ..Fate::default() };
        let refused = Fate { refusal: Some("too-large"), ..Fate::default() };
        let lacked = Fate { lacked: Some("no-plan"), ..Fate::default() };
        let erased = Fate { is_erased: true, ..Fate::default() };
        for (fate, state, reason) in [
            (of(&stored), CallState::Stored, None),
            (of(&damaged), CallState::Damaged, Some("cut-off")),
            (of(&rejected), CallState::Rejected, Some("not audio")),
            (of(&expected), CallState::Expected, None),
            (erased, CallState::Erased, None),
            (refused, CallState::Refused, Some("too-large")),
            (lacked, CallState::NotRecorded, Some("no-plan")),
            (Fate::default(), CallState::Missing, None),
            // A later success, or erasure, ends what came before.
            (Fate { recording: Some(&stored), ..refused }, CallState::Stored, None),
            (Fate { is_erased: true, ..refused }, CallState::Erased, None),
            (Fate { lacked: Some("no-plan"), ..refused }, CallState::Refused, Some("too-large")),
        ] {
            let line = Line::of_report(&report(), fate);
            assert_eq!((line.state, line.reason.as_deref()), (state, reason), "{fate:?}");
            assert!(line.reported && line.calls == 1);
        }
    }

    #[test]
    fn a_call_that_nobody_answered_is_not_missing_and_its_recording_counts_if_there_is_one() {
        let report = CallRecord { duration: TimeDelta::zero(), ..report() };
        let line = Line::of_report(&report, Fate::default());
        assert_eq!(
            (line.state, line.reason.as_deref()),
            (CallState::NotRecorded, Some("not-answered"))
        );
        let recording = recording();
        let fate = Fate { recording: Some(&recording), ..Fate::default() };
        assert_ne!(Line::of_report(&report, fate).state, CallState::NotRecorded);
    }

    #[test]
    fn a_line_reads_back_and_names_no_counterpart() -> serde_json::Result<()> {
        let line = Line::of_recording(&recording());
        let written = serde_json::to_string(&line)?;
        assert_eq!(serde_json::from_str::<Line>(&written)?, line);
        assert!(!written.contains("46701234567"), "{written}");
        assert!(!line.reported && line.registered_at.is_some());
        Ok(())
    }

    #[test]
    fn a_call_overlaps_if_it_began_while_another_of_its_user_lasted() {
        let call =
            |name: &str, user: &str, start: i64, seconds: i64, conversation: Option<&str>| {
                let mut call = recording();
                call.id = RecordingId::from_bytes([name.as_bytes()[0]; 16]);
                call.user = UserId::try_from(user.to_owned()).expect("a user");
                call.started_at = DateTime::from_timestamp(start, 0).expect("a time");
                call.duration = TimeDelta::seconds(seconds);
                call.leg.conversation = conversation.and_then(|id| id.to_owned().try_into().ok());
                call
            };
        let calls = [
            call("a", "anna", 0, 100, Some("x")),
            call("b", "anna", 10, 10, Some("x")), // a leg of the same conversation
            call("c", "anna", 50, 10, None),
            call("d", "anna", 99, 10, Some("y")),
            call("e", "anna", 109, 10, None), // after both
            call("f", "omar", 20, 10, None),
        ];
        let mut lines: Vec<Line> = calls.iter().map(Line::of_recording).collect();
        mark_overlaps(&mut lines, &calls);
        let marked: Vec<u8> =
            lines.iter().filter(|line| line.overlaps).map(|line| line.id.to_bytes()[0]).collect();
        assert_eq!(marked, *b"cd");
    }

    #[test]
    fn every_state_reads_back_as_it_is_written() {
        for state in CallState::VARIANTS {
            assert_eq!(state.into_str().parse(), Ok(*state));
            assert_eq!(serde_json::to_value(state).ok(), Some(state.into_str().into()));
        }
    }
}
