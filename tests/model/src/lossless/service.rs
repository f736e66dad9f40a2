//! The service of one organisation in memory. The rules of `domain` make each decision.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    activation::{self, Kind, Recorded, may_be_earlier, recorded_at, was_recorded},
    audio::Step,
    billing::{BaseChange, BaseService},
    completeness::{
        CallRecord, Comparison, Facts, Line, accounted_at, closes_at, is_reportable, open_days,
        refused_since,
        sequence::{ArrivedNumbers, Numbered, Sequence, gaps},
    },
    delivery::Day,
    ids::{DeviceId, RecordingId, UserId},
    people::{Acknowledged, Organisation, Period, User},
    recording::{Recording, Sound, State},
    registration::{
        Correction, Refusal, Registration, Relation, admit, correction, expected, is_double,
        is_late, possible_starts, relation, start,
    },
};

use super::{File, life::Change, measure};

/// A refused registration, as the audit log has it.
#[derive(Clone, Debug)]
struct Refused {
    at: DateTime<Utc>,
    id: RecordingId,
    user: UserId,
    code: &'static str,
    sequence: Option<Sequence>,
}

#[derive(Debug)]
pub struct Service {
    pub organisation: Organisation,
    users: HashMap<UserId, (User, Vec<activation::Event>)>,
    base_changes: Vec<BaseChange>,
    pub recordings: HashMap<RecordingId, Recording>,
    by_day: BTreeMap<Day, Vec<RecordingId>>,
    by_start: HashMap<(UserId, DateTime<Utc>), Vec<RecordingId>>,
    reports: HashMap<RecordingId, CallRecord>,
    reports_by_day: BTreeMap<Day, Vec<RecordingId>>,
    refused: Vec<Refused>,
    arrived: BTreeMap<DeviceId, ArrivedNumbers>,
    /// Numbers that no recording of an open day has: see `platform::table::completeness`.
    late: Vec<Sequence>,
    last_closed: Option<Day>,
}

impl Service {
    pub fn new(organisation: Organisation, users: Vec<User>) -> Self {
        Self {
            organisation,
            users: users.into_iter().map(|user| (user.id.clone(), (user, Vec::new()))).collect(),
            base_changes: Vec::new(),
            recordings: HashMap::new(),
            by_day: BTreeMap::new(),
            by_start: HashMap::new(),
            reports: HashMap::new(),
            reports_by_day: BTreeMap::new(),
            refused: Vec::new(),
            arrived: BTreeMap::new(),
            late: Vec::new(),
            last_closed: None,
        }
    }

    /// An administrator, the user or the operator changes a user's recording. The table's update
    /// expressions do the same: see `platform::table::activation`.
    pub fn change(&mut self, id: &UserId, change: Change, at: DateTime<Utc>) {
        let Some((user, events)) = self.users.get_mut(id) else { return };
        let kind = match change {
            Change::Activated => {
                (user.activated_at, user.acknowledged) = (Some(at), None);
                user.recorded_since = None;
                Kind::Activated
            }
            Change::Acknowledged => {
                let version = activation::VERSION.to_owned();
                user.acknowledged = Some(Acknowledged { at, version: version.clone() });
                user.recorded_since = user.recorded_since.or(Some(at));
                Kind::Acknowledged { version, client: String::new() }
            }
            Change::Deactivated | Change::PlanEnded => {
                let from = user.recorded_since.unwrap_or(at);
                user.recorded_before = Some(Period { from, to: at });
                (user.activated_at, user.acknowledged) = (None, None);
                user.recorded_since = None;
                if change == Change::PlanEnded {
                    user.plan = None;
                }
                Kind::Deactivated
            }
            Change::PlanBegun => {
                user.plan = Some(domain::people::Plan::Pro);
                return;
            }
        };
        events.push(activation::Event { user: id.clone(), at, kind, by: String::new() });
    }

    /// The operator ends or begins the base service.
    pub fn change_base(&mut self, on: bool, at: DateTime<Utc>) {
        let organisation = &mut self.organisation;
        if !on {
            let from = organisation.base_since.unwrap_or(DateTime::<Utc>::MIN_UTC);
            organisation.base_before = Some(Period { from, to: at });
        }
        organisation.base_service = on;
        organisation.base_since = on.then_some(at);
        self.base_changes.push(BaseChange { at, on });
    }

    /// Registers a call, or returns the code of the refusal.
    pub fn register(
        &mut self,
        id: &UserId,
        call: Registration,
        now: DateTime<Utc>,
    ) -> Result<Recording, &'static str> {
        let start = start(&call, now);
        let recorded = self.recorded(id, &call, start, now);
        let sequence = call.leg.sequence.clone();
        let own = RecordingId::of(&self.organisation.id, &call.call);
        if let Err(refusal) = admit(recorded, &call.audio) {
            let code = match refusal {
                Refusal::NotAcknowledged => "not-acknowledged",
                Refusal::NoBaseService | Refusal::NoPlan | Refusal::NotActive => {
                    "recording-not-active"
                }
                Refusal::Empty => "invalid",
                Refusal::TooLarge => "too-large",
            };
            let user = id.clone();
            self.refused.push(Refused { at: now, id: own, user, code, sequence });
            return Err(code);
        }
        let recording = expected(&self.organisation, id, call, start, now);
        Ok(self.put(recording))
    }

    fn recorded(
        &self,
        id: &UserId,
        call: &Registration,
        start: domain::registration::Start,
        now: DateTime<Utc>,
    ) -> Recorded {
        let Some((user, events)) = self.users.get(id) else { return Recorded::NotActive };
        let organisation = &self.organisation;
        let recorded = recorded_at(organisation, user, start.at);
        let (of, sha256) = (&organisation.id, &call.audio.sha256.0);
        let ids =
            [RecordingId::of(of, &call.call), RecordingId::beside(of, &call.call, id, sha256)];
        let is_registered = ids.iter().any(|known| {
            self.recordings
                .get(known)
                .is_some_and(|known| known.user == *id && known.audio.is_same(&call.audio))
        });
        if recorded == Recorded::Yes || is_registered {
            return Recorded::Yes;
        }
        let base_service = self.base_service();
        let in_periods =
            |at: DateTime<Utc>| was_recorded(organisation, user, events, &base_service, at);
        match possible_starts(call, start, now).any(in_periods) {
            true => Recorded::Yes,
            false => recorded,
        }
    }

    fn base_service(&self) -> BaseService {
        BaseService::of(self.organisation.base_service, self.base_changes.clone())
    }

    fn put(&mut self, mut recording: Recording) -> Recording {
        if is_late(&recording) {
            let key = (recording.user.clone(), recording.started_at);
            let found: Vec<&Recording> = self
                .by_start
                .get(&key)
                .into_iter()
                .flatten()
                .map(|id| &self.recordings[id])
                .collect();
            let is_own = |other: &&&Recording| {
                other.call == recording.call && other.audio.is_same(&recording.audio)
            };
            let double = found.iter().find(|other| is_double(other, &recording));
            if let Some(double) = double.filter(|_| !found.iter().any(|one| is_own(&one))) {
                return self.repeated((*double).clone(), &recording);
            }
        }
        for _ in 0..2 {
            let Some(existing) = self.recordings.get(&recording.id).cloned() else {
                self.insert(recording.clone());
                return recording;
            };
            match relation(&existing, &recording) {
                Relation::Repetition => return self.repeated(existing, &recording),
                Relation::Again => {
                    self.remove(&existing);
                    self.insert(recording.clone());
                    return recording;
                }
                Relation::Beside => {
                    let Recording { organisation, call, user, audio, .. } = &recording;
                    recording.id = RecordingId::beside(organisation, call, user, &audio.sha256.0);
                    recording.reported.call_id_taken = true;
                }
            }
        }
        unreachable!("an id of user and audio is of this user and audio")
    }

    fn repeated(&mut self, existing: Recording, recording: &Recording) -> Recording {
        if existing.leg.sequence != recording.leg.sequence {
            self.late.extend(recording.leg.sequence.clone());
        }
        match correction(&existing, recording, self.organisation.retention_days) {
            Correction::None | Correction::Impossible => existing,
            Correction::To(corrected) => {
                self.remove(&existing);
                self.insert((*corrected).clone());
                *corrected
            }
        }
    }

    fn insert(&mut self, recording: Recording) {
        let (id, day) = (recording.id, Day::of(recording.started_at));
        self.by_day.entry(day).or_default().push(id);
        self.by_start.entry((recording.user.clone(), recording.started_at)).or_default().push(id);
        if closes_at(day) <= recording.registered_at {
            self.late.extend(recording.leg.sequence.clone());
        }
        self.recordings.insert(id, recording);
    }

    fn remove(&mut self, recording: &Recording) {
        let key = (recording.user.clone(), recording.started_at);
        let lists =
            [self.by_day.get_mut(&Day::of(recording.started_at)), self.by_start.get_mut(&key)];
        for list in lists.into_iter().flatten() {
            list.retain(|id| *id != recording.id);
        }
        self.recordings.remove(&recording.id);
    }

    /// Ingest measures the audio that has arrived.
    pub fn ingest(&mut self, id: RecordingId, file: &File, now: DateTime<Utc>) {
        let Some(recording) = self.recordings.get_mut(&id) else { return };
        if recording.state != State::Expected || !recording.exists(now) {
            return;
        }
        match measure(file) {
            Step::Audio(audio) => {
                let claimed = recording.duration.to_std().unwrap_or_default();
                let measured = TimeDelta::from_std(audio.duration(claimed)).unwrap_or_default();
                recording.reported.duration = Some(recording.duration);
                recording.duration = measured;
                recording.sound = Sound::of(&audio);
                recording.state = State::Stored { at: now };
            }
            Step::NotAudio(reason) => {
                recording.state = State::Rejected { reason: reason.to_string() };
            }
            Step::Read(_) => unreachable!("the last step of a measurement reads nothing"),
        }
    }

    /// The operator's switch reports a call.
    pub fn report(&mut self, mut record: CallRecord, now: DateTime<Utc>) {
        if !is_reportable(record.started_at, now) || self.reports.contains_key(&record.id) {
            return;
        }
        record.accounted_at = accounted_at(record.started_at, now);
        let day = Day::of(record.accounted_at);
        self.reports_by_day.entry(day).or_default().push(record.id);
        self.reports.insert(record.id, record);
    }

    /// Accounts for the open days: the lines of each.
    pub fn account(&mut self, now: DateTime<Utc>) -> Vec<(Day, Vec<Line>)> {
        let days = open_days(self.last_closed, now);
        let Some(first) = days.first().copied() else { return Vec::new() };
        let refused: Vec<Refused> =
            self.refused.iter().filter(|one| one.at >= refused_since(first)).cloned().collect();
        let of_day = |day: &Day| -> Vec<Recording> {
            let ids = self.by_day.get(day).into_iter().flatten();
            ids.map(|id| self.recordings[id].clone()).collect()
        };
        let recordings: Vec<Vec<Recording>> = days.iter().map(of_day).collect();
        let numbered: Vec<Numbered> = recordings.iter().flatten().filter_map(numbered).collect();
        let mut numbers: Vec<Sequence> =
            refused.iter().filter_map(|one| one.sequence.clone()).collect();
        numbers.append(&mut self.late);
        let mut gaps = gaps(&self.organisation.id, &numbered, &numbers, &mut self.arrived);
        let mut stated = Vec::new();
        for (day, recordings) in days.into_iter().zip(recordings) {
            let ids = self.reports_by_day.get(&day).into_iter().flatten();
            let reports: Vec<CallRecord> = ids.map(|id| self.reports[id].clone()).collect();
            let comparison = Comparison::new(&reports, &recordings);
            let facts = self.facts(&reports, &comparison, &refused);
            let mut lines = comparison.lines(&facts);
            let of_day = gaps.remove(&day).filter(|_| reports.is_empty()).unwrap_or_default();
            lines.extend(of_day.into_iter().map(Line::of_gap));
            if closes_at(day) <= now {
                self.last_closed = Some(day);
            }
            stated.push((day, lines));
        }
        stated
    }

    fn facts(
        &self,
        reports: &[CallRecord],
        comparison: &Comparison<'_>,
        refused: &[Refused],
    ) -> Facts<'static> {
        let unmatched = comparison.unmatched();
        let users: HashMap<RecordingId, &UserId> =
            reports.iter().map(|report| (report.id, &report.user)).collect();
        let elsewhere: HashMap<RecordingId, Recording> = unmatched
            .iter()
            .filter_map(|id| Some((*id, self.recordings.get(id)?.clone())))
            .filter(|(id, recording)| users.get(id) == Some(&&recording.user))
            .collect();
        let own = refused.iter().filter(|one| users.get(&one.id) == Some(&&one.user));
        let refusals: HashMap<RecordingId, &'static str> =
            own.map(|one| (one.id, one.code)).collect();
        let open: HashSet<RecordingId> = unmatched
            .into_iter()
            .filter(|id| !elsewhere.contains_key(id) && !refusals.contains_key(id))
            .collect();
        let lacked = reports.iter().filter(|report| open.contains(&report.id));
        let lacked = lacked.filter_map(|report| Some((report.id, self.lacked(report)?))).collect();
        let others: Vec<CallRecord> = comparison
            .unreported()
            .into_iter()
            .filter_map(|(report, _)| self.reports.get(&report).cloned())
            .collect();
        let of_other_days = comparison.of_other_days(&others);
        Facts { elsewhere, erased: HashSet::new(), refusals, lacked, of_other_days }
    }

    /// The condition that the user lacked when the reported call began.
    fn lacked(&self, report: &CallRecord) -> Option<&'static str> {
        let (user, events) = self.users.get(&report.user)?;
        let (organisation, at) = (&self.organisation, report.started_at);
        match recorded_at(organisation, user, at) {
            Recorded::Yes => None,
            lacked => {
                let in_earlier = may_be_earlier(organisation, user, at)
                    && was_recorded(organisation, user, events, &self.base_service(), at);
                (!in_earlier).then_some(lacked.into())
            }
        }
    }
}

fn numbered(recording: &Recording) -> Option<Numbered> {
    let (user, started_at) = (recording.user.clone(), recording.started_at);
    Some(Numbered { sequence: recording.leg.sequence.clone()?, user, started_at })
}
