//! An organisation with its phones, in virtual time: calls end, requests are lost, phones die, and
//! each night accounts for the calls.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    completeness::{CallRecord, accounted_at, closes_at},
    counterpart::Counterpart,
    delivery::Day,
    ids::{CallId, OrganisationId, RecordingId, UserId},
    people::{Language, Name, Organisation, Plan, Rights, User},
    phone::Country,
    recording::Sha256,
    retention::DAYS,
};
use phone::{Progress, State};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    AFTER, BEGIN, CALLING, File, Outcome,
    life::{Change, Life, up_to, within},
    phones::{Call, Phone, Upload},
    service::Service,
};

/// The next event.
#[derive(Debug)]
pub(super) enum Event {
    Change(usize, Change),
    Base(bool),
    /// A call has ended: the phone enqueues it.
    Ended(usize),
    Report(usize),
    /// The phone's next request about an upload.
    Request(usize),
    Arrived(RecordingId, usize),
    /// The next installation finds the files of this one.
    Found(usize, usize),
    Night,
}

/// An organisation whose phones work through their calls.
pub struct Office {
    pub(super) service: Service,
    pub(super) ids: Vec<UserId>,
    pub(super) lives: Vec<Life>,
    base: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub(super) phones: Vec<Phone>,
    pub(super) calls: Vec<Call>,
    pub(super) uploads: Vec<Upload>,
    /// The uploads of each call: more than one if its file was found again.
    pub(super) of_call: Vec<Vec<usize>>,
    /// The calls that the switch has reported, by the day that accounts for them.
    pub(super) reported: HashMap<Day, Vec<usize>>,
    /// When the audio of each upload arrived.
    pub(super) arrived: BTreeMap<RecordingId, DateTime<Utc>>,
    pub(super) reports: bool,
    pub(super) files: &'static [File],
    numbers: BTreeMap<(usize, usize), u64>,
    counted: BTreeMap<usize, u64>,
    pub(super) random: ChaCha8Rng,
    events: BinaryHeap<Reverse<(DateTime<Utc>, u64)>>,
    planned: Vec<Option<Event>>,
    pub(super) outcome: Outcome,
}

impl Office {
    /// An office of so many phones, each with so many calls. Every second one has a switch that
    /// reports its calls; in the others, some apps count their calls.
    pub fn draw(
        seed: u64,
        number: usize,
        phones: usize,
        calls: usize,
        files: &'static [File],
    ) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number as u64);
        let reports = number.is_multiple_of(2);
        let base = random.random_bool(0.3).then(|| {
            let off = within(&mut random, BEGIN + TimeDelta::days(5), BEGIN + CALLING);
            (off, off + TimeDelta::minutes(5) + up_to(&mut random, TimeDelta::days(4)))
        });
        let ids: Vec<UserId> = (0..phones)
            .map(|user| UserId::try_from(format!("user-{user}")).expect("a valid id"))
            .collect();
        let lives: Vec<Life> = ids.iter().map(|_| Life::draw(&mut random)).collect();
        let phones: Vec<Phone> = ids
            .iter()
            .map(|id| {
                let counts = !reports && random.random_bool(0.1);
                Phone::draw(&mut random, id.as_str(), counts)
            })
            .collect();
        let mut drawn: Vec<Call> = Vec::new();
        for (user, phone) in phones.iter().enumerate() {
            drawn.extend((0..calls).map(|_| Call::draw(&mut random, user, phone, files.len())));
        }
        drawn.sort_by_key(Call::ends_at);
        let users = ids.iter().map(user).collect();
        let mut office = Self {
            service: Service::new(organisation(number), users),
            ids,
            lives,
            base,
            phones,
            of_call: vec![Vec::new(); drawn.len()],
            reported: HashMap::new(),
            calls: drawn,
            uploads: Vec::new(),
            arrived: BTreeMap::new(),
            reports,
            files,
            numbers: BTreeMap::new(),
            counted: BTreeMap::new(),
            random,
            events: BinaryHeap::new(),
            planned: Vec::new(),
            outcome: Outcome::default(),
        };
        office.plan_all();
        office
    }

    pub(super) fn plan(&mut self, at: DateTime<Utc>, event: Event) {
        self.events.push(Reverse((at, self.planned.len() as u64)));
        self.planned.push(Some(event));
    }

    fn plan_all(&mut self) {
        for user in 0..self.lives.len() {
            for (at, change) in self.lives[user].changes.clone() {
                self.plan(at, Event::Change(user, change));
            }
            for number in 0..self.phones[user].installations.len() - 1 {
                if self.phones[user].installations[number].leaves_files {
                    let next = self.phones[user].installations[number + 1].from;
                    self.plan(next + TimeDelta::seconds(30), Event::Found(user, number));
                }
            }
        }
        for (at, on) in self.base.into_iter().flat_map(|(off, on)| [(off, false), (on, true)]) {
            self.plan(at, Event::Base(on));
        }
        for call in 0..self.calls.len() {
            let ended = self.calls[call].ends_at();
            if !self.calls[call].duration.is_zero() {
                self.plan(ended + TimeDelta::milliseconds(500), Event::Ended(call));
            }
            if self.reports {
                let longest = match self.random.random_range(0..50) {
                    0 => TimeDelta::days(12),
                    1 => TimeDelta::days(1),
                    _ => TimeDelta::minutes(10),
                };
                let at = ended + up_to(&mut self.random, longest);
                self.plan(at, Event::Report(call));
            }
        }
        let nights = (CALLING + AFTER).num_days();
        for night in 0..nights {
            self.plan(BEGIN + TimeDelta::days(night) + TimeDelta::hours(4), Event::Night);
        }
    }

    /// Works until the phones and the service have done everything.
    pub fn work(mut self) -> Outcome {
        while let Some(Reverse((now, number))) = self.events.pop() {
            match self.planned[number as usize].take() {
                Some(Event::Change(user, change)) => {
                    self.service.change(&self.ids[user], change, now);
                }
                Some(Event::Base(on)) => self.service.change_base(on, now),
                Some(Event::Ended(call)) => self.enqueue(call, now),
                Some(Event::Report(call)) => self.report(call, now),
                Some(Event::Request(upload)) => self.request(upload, now),
                Some(Event::Arrived(id, file)) => {
                    self.arrived.entry(id).or_insert(now);
                    self.service.ingest(id, &self.files[file], now);
                }
                Some(Event::Found(user, installation)) => self.find(user, installation, now),
                Some(Event::Night) => self.night(now),
                None => {}
            }
        }
        self.finish();
        self.outcome
    }

    /// Whether the user was recorded, by the truth.
    pub(super) fn is_recorded(&self, user: usize, at: DateTime<Utc>) -> bool {
        let has_base = self.base.is_none_or(|(off, on)| !(off..on).contains(&at));
        has_base && self.lives[user].is_recorded(at)
    }

    /// Whether the user's recording changes so near `at` that a clock within its leeway may decide.
    pub(super) fn changes_near(&self, user: usize, at: DateTime<Utc>) -> bool {
        let by = TimeDelta::seconds(65);
        let near = |change: DateTime<Utc>| (change - at).abs() <= by;
        self.lives[user].changes_near(at, by)
            || self.base.is_some_and(|(off, on)| near(off) || near(on))
    }

    fn enqueue(&mut self, call: usize, now: DateTime<Utc>) {
        let Call { user, installation, is_spoilt, .. } = self.calls[call];
        let one = &self.phones[user].installations[installation];
        if !one.exists(now) {
            return; // it died in the course of the call
        }
        if one.counts {
            let counted = self.counted.entry(user * 100 + installation).or_default();
            *counted += 1;
            self.calls[call].id = CallId::try_from(counted.to_string()).expect("a valid id");
        }
        let number = self.next_number(user, installation);
        self.calls[call].number = number;
        if !is_spoilt {
            let id = self.calls[call].id.clone();
            self.add(call, id, installation, number, now);
        }
    }

    fn next_number(&mut self, user: usize, installation: usize) -> u64 {
        let number = self.numbers.entry((user, installation)).or_default();
        *number += 1;
        *number
    }

    fn add(
        &mut self,
        call: usize,
        id: CallId,
        installation: usize,
        number: u64,
        now: DateTime<Utc>,
    ) {
        let audio = phone::Audio {
            length: self.files[self.calls[call].file].bytes.len() as u64,
            sha256: String::from(sha256(call)),
        };
        let (of, user) = (&self.service.organisation.id, &self.ids[self.calls[call].user]);
        let beside = RecordingId::beside(of, &id, user, &sha256(call).0);
        let upload = Upload {
            call,
            ids: [RecordingId::of(of, &id), beside],
            id,
            installation,
            number,
            state: State::Recorded { audio: Some(audio) },
            progress: Progress::default(),
            registrations: Vec::new(),
            linked_at: now,
        };
        let position = self.uploads.len();
        self.uploads.push(upload);
        self.of_call[call].push(position);
        self.plan(now, Event::Request(position));
    }

    /// A new installation finds files of the last month, and registers them under new ids.
    fn find(&mut self, user: usize, installation: usize, now: DateTime<Utc>) {
        let next = installation + 1;
        let found: Vec<usize> = (0..self.calls.len())
            .filter(|call| {
                let one = &self.calls[*call];
                let is_of = (one.user, one.installation) == (user, installation);
                is_of && one.number > 0 && now - one.started_at < TimeDelta::days(30)
            })
            .collect();
        for call in found {
            let number = self.next_number(user, next);
            let id = format!("{}-again-{next}", String::from(self.calls[call].id.clone()));
            let id = CallId::try_from(id).expect("a valid id");
            self.add(call, id, next, number, now);
        }
    }

    fn report(&mut self, call: usize, now: DateTime<Utc>) {
        let Call { user, id, started_at, duration, direction, written, .. } =
            self.calls[call].clone();
        let organisation = &self.service.organisation;
        let record = CallRecord {
            id: RecordingId::of(&organisation.id, &id),
            call: id,
            user: self.ids[user].clone(),
            direction,
            counterpart: Counterpart::read(written, organisation.country),
            started_at,
            duration,
            accounted_at: started_at,
        };
        let day = Day::of(accounted_at(started_at, now));
        self.reported.entry(day).or_default().push(call);
        self.service.report(record, now);
    }

    fn night(&mut self, now: DateTime<Utc>) {
        for (day, lines) in self.service.account(now) {
            self.check_day(day, &lines, closes_at(day) <= now, now);
        }
    }
}

/// The SHA-256 of a call's audio, which is unlike that of any other call.
pub(super) fn sha256(call: usize) -> Sha256 {
    Sha256::of(&call.to_le_bytes())
}

fn organisation(number: usize) -> Organisation {
    Organisation {
        id: OrganisationId::try_from(format!("office-{number}")).expect("a valid id"),
        name: Name::try_from("Kontoret".to_owned()).expect("a valid name"),
        base_service: true,
        base_since: None,
        base_before: None,
        country: Country::default(),
        retention_days: DAYS,
        storage_add_on: false,
        asks_reason: false,
    }
}

fn user(id: &UserId) -> User {
    User {
        id: id.clone(),
        name: Name::try_from("Anna".to_owned()).expect("a valid name"),
        phone: None,
        extension: None,
        language: Language::Sv,
        plan: Some(Plan::Pro),
        administrator: false,
        rights: Rights::ALL,
        activated_at: None,
        acknowledged: None,
        recorded_since: None,
        recorded_before: None,
        groups: Default::default(),
        supervises: Default::default(),
    }
}
