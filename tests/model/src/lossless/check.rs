//! Compares the service with the truth: every statement of a day, and in the end every call.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    completeness::{CallState, Line, Totals},
    delivery::Day,
    ids::{CallId, RecordingId},
    recording::State,
    registration::CLOCK_LEEWAY,
};

use super::{
    office::{Office, sha256},
    phones::{Call, Upload},
};

/// The most discrepancies that are described.
const DESCRIBED: usize = 20;

/// Whether a call had to be retained, by the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Retain,
    Refuse,
    /// The clock was set between the call and its registration, or the user's recording changed
    /// within a minute: no message of the phone tells.
    Undecidable,
}

impl Office {
    fn discrepancy(&mut self, text: impl FnOnce() -> String) {
        self.outcome.tally.count("discrepancies", 1);
        if self.outcome.discrepancies.len() < DESCRIBED {
            let text = format!("{}: {}", self.service.organisation.id, text());
            self.outcome.discrepancies.push(text);
        }
    }

    /// The truth about a call, whose registrations reached the service by `now`.
    fn truth(&self, position: usize, now: DateTime<Utc>) -> Truth {
        let call = &self.calls[position];
        let clock = &self.phones[call.user].clock;
        let is_set = |at: &DateTime<Utc>| {
            (clock.ahead(call.started_at) - clock.ahead(*at)).abs() > CLOCK_LEEWAY
        };
        let uploads = self.of_call[position].iter().map(|upload| &self.uploads[*upload]);
        let mut registrations = uploads.flat_map(|upload| &upload.registrations);
        let is_set = registrations.any(|at| *at <= now && is_set(at));
        if is_set || self.changes_near(call.user, call.started_at) {
            return Truth::Undecidable;
        }
        match self.is_recorded(call.user, call.started_at) {
            true => Truth::Retain,
            false => Truth::Refuse,
        }
    }

    /// The states that a reported call may have in a statement at `now`.
    fn expected_states(&self, position: usize, now: DateTime<Utc>) -> Vec<CallState> {
        let call = &self.calls[position];
        let own = self.of_call[position].iter().map(|upload| &self.uploads[*upload]);
        let own = own.filter(|upload| upload.id == call.id);
        if !own.flat_map(|upload| &upload.registrations).any(|at| *at <= now) {
            let is_recorded = self.is_recorded(call.user, call.started_at);
            return match is_recorded && !call.duration.is_zero() {
                true => vec![CallState::Missing],
                false => vec![CallState::NotRecorded],
            };
        }
        let id = RecordingId::of(&self.service.organisation.id, &call.id);
        let has_arrived = self.arrived.contains_key(&id);
        let is_audio = self.files[call.file].is_audio;
        let retained = match (has_arrived, is_audio) {
            (false, _) => vec![CallState::Expected],
            (true, true) => vec![CallState::Stored, CallState::Damaged],
            (true, false) => vec![CallState::Rejected],
        };
        match self.truth(position, now) {
            Truth::Retain => retained,
            Truth::Refuse => vec![CallState::Refused],
            Truth::Undecidable => [retained, vec![CallState::Refused]].concat(),
        }
    }

    /// Compares the statement of a day at `now` with the truth.
    pub(super) fn check_day(
        &mut self,
        day: Day,
        lines: &[Line],
        is_closed: bool,
        now: DateTime<Utc>,
    ) {
        let mut totals = Totals::default();
        lines.iter().for_each(|line| totals.add(line));
        let calls: u64 = lines.iter().map(|line| line.calls).sum();
        if totals.calls() != calls {
            self.discrepancy(|| format!("{day}: {totals:?} are not {calls} calls"));
        }
        let ids: HashSet<RecordingId> = lines.iter().map(|line| line.id).collect();
        if ids.len() != lines.len() {
            self.discrepancy(|| format!("{day}: {} lines have {} ids", lines.len(), ids.len()));
        }
        match self.reports {
            true => self.check_reports(day, lines, now),
            false if is_closed => self.check_unreported(day, lines, now),
            false => {}
        }
        if is_closed {
            let tally = &mut self.outcome.tally;
            tally.count("closed statements", 1);
            for line in lines {
                tally.count(in_statements(line.state), line.calls);
            }
        }
    }

    fn check_reports(&mut self, day: Day, lines: &[Line], now: DateTime<Utc>) {
        let mut of_call: HashMap<&CallId, &Line> = HashMap::new();
        for line in lines.iter().filter(|line| line.reported) {
            of_call.extend(line.call_id.as_ref().map(|id| (id, line)));
        }
        let of_day = self.reported.get(&day).cloned().unwrap_or_default();
        for position in &of_day {
            let call = &self.calls[*position];
            let expected = self.expected_states(*position, now);
            let state = of_call.get(&call.id).map(|line| line.state);
            if state.is_none_or(|state| !expected.contains(&state)) {
                let (id, started_at) = (call.id.clone(), call.started_at);
                self.discrepancy(|| {
                    format!("{day} at {now}: {id:?} of {started_at} is {state:?}, not {expected:?}")
                });
            }
        }
        let reported = lines.iter().filter(|line| line.reported).count();
        if reported != of_day.len() {
            self.discrepancy(|| {
                format!("{day}: {reported} reported lines of {} calls", of_day.len())
            });
        }
        let unreported = lines.iter().filter(|line| !line.reported);
        let strange = unreported.filter(|line| !self.service.recordings.contains_key(&line.id));
        let strange = strange.count();
        if strange > 0 {
            self.discrepancy(|| format!("{day}: {strange} lines are of no call"));
        }
    }

    /// Without reports, each recording has a line, and each gap in the numbers of a phone.
    fn check_unreported(&mut self, day: Day, lines: &[Line], now: DateTime<Utc>) {
        let of_day = |id: &RecordingId| {
            let recording = self.service.recordings.get(id)?;
            Some(Day::of(recording.started_at) == day)
        };
        let wrong =
            lines.iter().filter(|line| line.device.is_none() && of_day(&line.id) != Some(true));
        let wrong = wrong.count();
        let recordings = self.service.recordings.values();
        let recordings = recordings.filter(|one| Day::of(one.started_at) == day).count();
        let with_line = lines.iter().filter(|line| line.device.is_none()).count();
        if wrong > 0 || recordings != with_line {
            self.discrepancy(|| {
                format!("{day}: {with_line} lines of {recordings} recordings, {wrong} wrong")
            });
        }
        let stated: u64 =
            lines.iter().filter(|line| line.device.is_some()).map(|line| line.calls).sum();
        let missing = self.missing_numbers(day, now);
        if stated != missing {
            self.discrepancy(|| format!("{day} at {now}: gaps of {stated} calls, not {missing}"));
        }
    }

    /// The calls whose numbers are missing directly before those of the day's recordings.
    fn missing_numbers(&self, day: Day, now: DateTime<Utc>) -> u64 {
        let mut came: HashMap<(usize, usize), BTreeSet<u64>> = HashMap::new();
        let mut of_day: HashSet<(usize, usize, u64)> = HashSet::new();
        for Upload { call, ids, installation, number, registrations, .. } in &self.uploads {
            if registrations.first().is_none_or(|at| *at > now) {
                continue;
            }
            let user = self.calls[*call].user;
            came.entry((user, *installation)).or_default().insert(*number);
            let recording = ids.iter().find_map(|id| {
                let recording = self.service.recordings.get(id)?;
                let sequence = recording.leg.sequence.as_ref()?;
                let device = &self.phones[user].installations[*installation].device;
                let is_of = sequence.number == *number && sequence.device == *device;
                (is_of && Day::of(recording.started_at) == day).then_some(())
            });
            if recording.is_some() {
                of_day.insert((user, *installation, *number));
            }
        }
        let before = |(user, installation, number): &(usize, usize, u64)| {
            let came = &came[&(*user, *installation)];
            number - came.range(..*number).next_back().copied().unwrap_or_default() - 1
        };
        of_day.iter().map(before).sum()
    }

    /// Compares the recordings with the truth, once everything has been done.
    pub(super) fn finish(&mut self) {
        let mut retained: HashSet<[u8; 32]> = HashSet::new();
        for recording in self.service.recordings.values() {
            retained.insert(recording.audio.sha256.0);
        }
        let stored: HashSet<[u8; 32]> = self
            .service
            .recordings
            .values()
            .filter(|recording| recording.state != State::Expected)
            .map(|recording| recording.audio.sha256.0)
            .collect();
        for position in 0..self.calls.len() {
            self.judge(position, &retained, &stored);
        }
        let recordings = self.service.recordings.len() as u64;
        self.outcome.tally.count("recordings", recordings);
    }

    fn judge(&mut self, position: usize, retained: &HashSet<[u8; 32]>, stored: &HashSet<[u8; 32]>) {
        let call = self.calls[position].clone();
        let sha256 = sha256(position).0;
        let (is_retained, is_stored) = (retained.contains(&sha256), stored.contains(&sha256));
        let uploads: Vec<Upload> =
            self.of_call[position].iter().map(|upload| self.uploads[*upload].clone()).collect();
        let tally = &mut self.outcome.tally;
        tally.count("calls", 1);
        if uploads.iter().all(|upload| upload.registrations.is_empty()) {
            let is_lost = self.is_lost_with_its_phone(&call);
            let tally = &mut self.outcome.tally;
            match (call.duration.is_zero(), is_lost) {
                (true, _) => tally.count("not answered", 1),
                (_, true) => tally.count("lost with their phone", 1),
                (false, false) => {
                    tally.count("LOST", 1);
                    self.discrepancy(|| format!("{call:?} was never registered"));
                }
            }
            return;
        }
        let truth = self.truth(position, DateTime::<Utc>::MAX_UTC);
        let survives = uploads.iter().any(|upload| {
            let one = &self.phones[call.user].installations[upload.installation];
            one.to.is_none()
        });
        let tally = &mut self.outcome.tally;
        match (truth, is_retained) {
            (Truth::Undecidable, true) => tally.count("undecidable, retained", 1),
            (Truth::Undecidable, false) => tally.count("undecidable, refused", 1),
            (Truth::Retain, true) if is_stored => tally.count("retained, with audio", 1),
            (Truth::Retain, true) if survives => {
                tally.count("LOST", 1);
                self.discrepancy(|| format!("the audio of {call:?} never came: {uploads:?}"));
            }
            (Truth::Retain, true) => tally.count("retained, the phone died before its audio", 1),
            (Truth::Retain, false) => {
                tally.count("LOST", 1);
                self.discrepancy(|| format!("{call:?} was not retained: {uploads:?}"));
            }
            (Truth::Refuse, true) => {
                tally.count("WRONGLY RETAINED", 1);
                self.discrepancy(|| format!("{call:?} was retained: {uploads:?}"));
            }
            (Truth::Refuse, false) => tally.count("refused", 1),
        }
    }

    /// Whether the phone's disk lost the call, or the phone died before it had a network for an hour.
    fn is_lost_with_its_phone(&self, call: &Call) -> bool {
        let one = &self.phones[call.user].installations[call.installation];
        call.is_spoilt || !one.has_network_after(call.ends_at(), TimeDelta::hours(1))
    }
}

/// The line of the result with the calls of this state in closed statements.
fn in_statements(state: CallState) -> &'static str {
    match state {
        CallState::Missing => "in statements: missing",
        CallState::Rejected => "in statements: rejected",
        CallState::Expected => "in statements: expected",
        CallState::Damaged => "in statements: damaged",
        CallState::Refused => "in statements: refused",
        CallState::NotRecorded => "in statements: not to be recorded",
        CallState::Erased => "in statements: erased",
        CallState::Stored => "in statements: stored",
    }
}
