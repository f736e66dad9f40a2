//! Compares the reports of a day with its recordings.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{CallRecord, Fate, Line};
use crate::{
    ids::{CallId, RecordingId},
    recording::Recording,
};

/// The calls of a day: its reports, and the recordings that began on it.
#[derive(Debug)]
pub struct Comparison<'a> {
    reports: &'a [CallRecord],
    recordings: &'a [Recording],
    by_call: HashMap<&'a CallId, Vec<&'a Recording>>,
}

/// The facts about the calls of a day besides its reports and recordings.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// The recordings of reported calls that began on another day, as after a correction.
    pub elsewhere: HashMap<RecordingId, Recording>,
    pub erased: HashSet<RecordingId>,
    /// The code of the problem with which a registration was refused.
    pub refusals: HashMap<RecordingId, &'a str>,
    /// The condition that the user lacked to be recorded when the call began.
    pub lacked: BTreeMap<RecordingId, &'static str>,
    /// The recordings whose calls a report of another day accounts for.
    pub of_other_days: HashSet<RecordingId>,
}

impl<'a> Comparison<'a> {
    pub fn new(reports: &'a [CallRecord], recordings: &'a [Recording]) -> Self {
        let mut by_call: HashMap<&CallId, Vec<&Recording>> = HashMap::new();
        for recording in recordings {
            by_call.entry(&recording.call).or_default().push(recording);
        }
        Self { reports, recordings, by_call }
    }

    /// The reported calls without a recording of the day.
    pub fn unmatched(&self) -> Vec<RecordingId> {
        let unmatched = self.reports.iter().filter(|call| self.recording_of(call).is_none());
        unmatched.map(|call| call.id).collect()
    }

    /// The recordings whose calls no report of the day names, each with the id of its report.
    pub fn unreported(&self) -> Vec<(RecordingId, &'a Recording)> {
        let key = |call: &'a CallRecord| (&call.call, &call.user);
        let reported: HashSet<_> = self.reports.iter().map(key).collect();
        let unreported =
            self.recordings.iter().filter(|call| !reported.contains(&(&call.call, &call.user)));
        unreported.map(|call| (RecordingId::of(&call.organisation, &call.call), call)).collect()
    }

    /// The unreported recordings for which these reports of other days account.
    pub fn of_other_days(&self, reports: &[CallRecord]) -> HashSet<RecordingId> {
        let reported: HashSet<_> = reports.iter().map(|call| (call.id, &call.user)).collect();
        let of_others = self.unreported().into_iter();
        let of_others =
            of_others.filter(|(report, call)| reported.contains(&(*report, &call.user)));
        of_others.map(|(_, call)| call.id).collect()
    }

    /// The lines of the day: each report, and each recording that no report names.
    pub fn lines(&self, facts: &Facts<'_>) -> Vec<Line> {
        let mut named = HashSet::new();
        let mut lines = Vec::new();
        for report in self.reports {
            let elsewhere = facts.elsewhere.get(&report.id).filter(|call| call.user == report.user);
            let recording = self.recording_of(report).or(elsewhere);
            named.extend(recording.map(|recording| recording.id));
            let fate = Fate {
                recording,
                is_erased: facts.erased.contains(&report.id),
                refusal: facts.refusals.get(&report.id).copied(),
                lacked: facts.lacked.get(&report.id).copied(),
            };
            lines.push(Line::of_report(report, fate));
        }
        let is_rest = |call: &&Recording| {
            !named.contains(&call.id) && !facts.of_other_days.contains(&call.id)
        };
        lines.extend(self.recordings.iter().filter(is_rest).map(Line::of_recording));
        lines
    }

    /// The recording of a reported call, which is of its user: a colleague's is of another call.
    fn recording_of(&self, report: &CallRecord) -> Option<&'a Recording> {
        self.by_call.get(&report.call)?.iter().find(|call| call.user == report.user).copied()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{completeness::CallState, ids::UserId, recording::tests::recording};

    fn report(of: &Recording) -> CallRecord {
        CallRecord {
            id: RecordingId::of(&of.organisation, &of.call),
            call: of.call.clone(),
            user: of.user.clone(),
            direction: of.direction,
            counterpart: of.counterpart.clone(),
            started_at: of.started_at,
            duration: TimeDelta::seconds(9),
            accounted_at: of.started_at,
        }
    }

    /// Two users' recordings under one call id: the report is of one, and both are accounted for.
    #[test]
    fn a_colleagues_recording_under_the_same_call_id_has_a_line_of_its_own() {
        let colleague = UserId::try_from("karin".to_owned()).expect("an id");
        let first = Recording { user: colleague, ..recording() };
        let beside =
            RecordingId::beside(&first.organisation, &first.call, &recording().user, &[0; 32]);
        let own = Recording { id: beside, ..recording() };
        let (reports, recordings) = ([report(&own)], [first.clone(), own.clone()]);
        let comparison = Comparison::new(&reports, &recordings);
        assert!(comparison.unmatched().is_empty());
        assert!(comparison.of_other_days(&reports).is_empty());
        let lines = comparison.lines(&Facts::default());
        let found: Vec<_> = lines.iter().map(|line| (line.id, line.reported)).collect();
        assert_eq!(found, [(own.id, true), (first.id, false)]);

        let comparison = Comparison::new(&reports, std::slice::from_ref(&first));
        assert_eq!(comparison.unmatched(), [reports[0].id], "a colleague's is of another call");
        let lines = comparison.lines(&Facts::default());
        let found: Vec<_> = lines.iter().map(|line| (line.state, line.reported)).collect();
        assert_eq!(found, [(CallState::Missing, true), (CallState::Expected, false)]);
    }

    #[test]
    fn a_recording_that_began_on_another_day_accounts_for_the_report_and_not_for_its_own_day() {
        let moved = recording();
        let reports = [report(&moved)];
        let comparison = Comparison::new(&reports, &[]);
        assert_eq!(comparison.unmatched(), [moved.id]);
        let elsewhere = HashMap::from([(moved.id, moved.clone())]);
        let lines = comparison.lines(&Facts { elsewhere, ..Facts::default() });
        assert_eq!(lines.iter().map(|line| line.state).collect::<Vec<_>>(), [CallState::Expected]);

        let call = CallId::try_from("another".to_owned()).expect("an id");
        let other =
            Recording { id: RecordingId::of(&moved.organisation, &call), call, ..recording() };
        let (reports, recordings) = ([report(&other)], [moved.clone()]);
        let comparison = Comparison::new(&reports, &recordings);
        let of_other_days = comparison.of_other_days(&[report(&moved)]);
        assert_eq!(of_other_days, HashSet::from([moved.id]));
        let lines = comparison.lines(&Facts { of_other_days, ..Facts::default() });
        assert_eq!(lines.iter().map(|line| line.id).collect::<Vec<_>>(), [other.id]);
    }
}
