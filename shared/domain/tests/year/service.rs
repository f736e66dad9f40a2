//! The service in virtual time: table, buckets and workers. The rules make each decision.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    activation::recorded_at,
    counterpart::Counterpart,
    delivery::{
        Day,
        folder::{DeliveryFolder, DueTask, Progress, due_tasks},
    },
    ids::{CallId, OrderId, OrganisationId, UserId},
    people::{Acknowledged, Language, Name, Organisation, Plan, Rights, User},
    phone::Country,
    recording::{Audio, ContentType, Direction, Sha256},
    registration::{Registration, admit, start},
    retention::{self, DAYS, RetentionState, begins_at, expires_at},
};

use crate::calls::{Call, Fate};

/// A recording's item.
#[derive(Debug)]
pub struct Row {
    pub user: usize,
    pub bytes: u64,
    pub started_at: DateTime<Utc>,
    pub state: State,
    pub retention: RetentionState,
    /// The number of scheduled folders that contained it.
    pub folders: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Expected,
    Stored { at: DateTime<Utc> },
    Rejected,
}

/// The number of events of each kind.
#[derive(Debug, Default)]
pub struct Counts {
    pub refused: u64,
    pub registered: u64,
    pub stored: u64,
    pub rejected: u64,
    /// Notified again, or after the recording had ended.
    pub notified_again: u64,
    pub delivered: u64,
    pub delivered_late: u64,
    pub folders: u64,
    pub held: u64,
    pub expired: u64,
    pub erased: u64,
    /// Ended without ever having had audio.
    pub never_came: u64,
}

#[derive(Debug)]
pub struct Service {
    pub now: DateTime<Utc>,
    since: DateTime<Utc>,
    organisation: Organisation,
    users: Vec<User>,
    pub rows: HashMap<u64, Row>,
    by_day: HashMap<Day, Vec<u64>>,
    late_arrivals: BTreeSet<u64>,
    /// By the second at which the table may remove them.
    ends: BTreeMap<i64, Vec<u64>>,
    pub folders: Vec<DeliveryFolder>,
    /// Bytes counted for each user.
    pub usage: Vec<u64>,
    pub counts: Counts,
}

impl Service {
    pub fn new(now: DateTime<Utc>, users: usize) -> Self {
        let organisation = Organisation {
            id: OrganisationId::try_from("demo".to_owned()).expect("a valid id"),
            name: Name::try_from("Demo".to_owned()).expect("a valid name"),
            base_service: true,
            base_since: None,
            base_before: None,
            country: Country::default(),
            retention_days: DAYS,
            storage_add_on: true,
            asks_reason: false,
        };
        let (rows, by_day, late_arrivals) = (HashMap::new(), HashMap::new(), BTreeSet::new());
        let usage = vec![0; users];
        let users = (0..users).map(|number| user(number, now)).collect();
        let (ends, folders, counts) = (BTreeMap::new(), Vec::new(), Counts::default());
        Self {
            now,
            since: now,
            organisation,
            users,
            rows,
            by_day,
            late_arrivals,
            ends,
            folders,
            usage,
            counts,
        }
    }

    /// The app registers a call.
    pub fn register(&mut self, call: &Call) {
        let registration = registration(call);
        let start = start(&registration, self.now);
        let recorded = recorded_at(&self.organisation, &self.users[call.user], start.at);
        if admit(recorded, &registration.audio).is_err() {
            self.counts.refused += 1;
            return;
        }
        let begins_at = begins_at(start.at, self.now);
        let day = expires_at(begins_at, self.organisation.retention_days);
        let day = DateTime::from_timestamp(day.timestamp(), 0).expect("a second of some year");
        let retention = RetentionState {
            begins_at,
            day,
            grace: None,
            held_since: None,
            holds: BTreeSet::new(),
        };
        self.ends.entry(day.timestamp()).or_default().push(call.number);
        let own = Day::of(start.at);
        self.by_day.entry(own).or_default().push(call.number);
        if own.closed_at() <= self.now {
            self.late_arrivals.insert(call.number);
        }
        self.rows.insert(
            call.number,
            Row {
                user: call.user,
                bytes: call.bytes,
                started_at: start.at,
                state: State::Expected,
                retention,
                folders: 0,
            },
        );
        self.counts.registered += 1;
    }

    /// S3 notifies of an object.
    pub fn ingest(&mut self, call: &Call) {
        let now = self.now;
        let Some(row) = self
            .rows
            .get_mut(&call.number)
            .filter(|row| row.state == State::Expected && row.retention.exists(now))
        else {
            self.counts.notified_again += 1;
            return;
        };
        if let Fate::Spoilt { .. } = call.fate {
            row.state = State::Rejected;
            self.counts.rejected += 1;
        } else {
            row.state = State::Stored { at: now };
            self.usage[row.user] += row.bytes;
            self.counts.stored += 1;
        }
    }

    /// A half hour passes: the scheduler starts the delivery, and the table removes ended items.
    pub fn tick(&mut self) {
        for due_task in due_tasks(self.now, self.since, &self.folders) {
            match due_task {
                DueTask::Begin(day) => self.deliver(day),
                DueTask::Finish(name) | DueTask::Resume(name) => {
                    panic!("{name} is not complete in time")
                }
                DueTask::Remove(name) => {
                    let folder = self
                        .folders
                        .iter_mut()
                        .find(|folder| folder.name == name)
                        .expect("it is listed");
                    assert!(
                        self.now - folder.gone_at < TimeDelta::minutes(30),
                        "{name} goes at {} instead of {}",
                        self.now,
                        folder.gone_at
                    );
                    folder.progress = Progress::Removed;
                }
            }
        }
        let existing = self.folders.iter().filter(|folder| folder.exists()).count();
        assert!(existing <= 4, "{existing} folders exist at {}", self.now);
        self.expire();
    }

    /// Builds the day's folder as a worker does, from the calls of the day and the late arrivals.
    fn deliver(&mut self, day: Day) {
        let mut folder = DeliveryFolder::scheduled(day);
        for number in self.by_day.remove(&day).unwrap_or_default() {
            match self.rows.get_mut(&number) {
                Some(row) if is_in(&folder, row) => {
                    row.folders += 1;
                    self.counts.delivered += 1;
                }
                Some(_) => _ = self.late_arrivals.insert(number),
                None => {}
            }
        }
        let (rows, counts) = (&mut self.rows, &mut self.counts);
        self.late_arrivals.retain(|number| match rows.get_mut(number) {
            Some(row) if is_in(&folder, row) && Day::of(row.started_at) != day => {
                row.folders += 1;
                counts.delivered_late += 1;
                false
            }
            Some(_) => true,
            None => false,
        });
        folder.progress = Progress::Complete { at: self.now };
        assert!(self.now <= folder.due_at, "{day} is complete at {}", self.now);
        self.counts.folders += 1;
        self.folders.retain(|folder| folder.exists() || folder.name.day.next().next() > day);
        self.folders.push(folder);
    }

    fn expire(&mut self) {
        while let Some(entry) =
            self.ends.first_entry().filter(|entry| *entry.key() <= self.now.timestamp())
        {
            for number in entry.remove() {
                if self
                    .rows
                    .get(&number)
                    .is_some_and(|row| !row.retention.is_held() && !row.retention.exists(self.now))
                {
                    self.remove(number);
                    self.counts.expired += 1;
                }
            }
        }
    }

    /// Removes the item, gives its bytes back, and checks the promises.
    fn remove(&mut self, number: u64) {
        let row = self.rows.remove(&number).expect("it is there");
        assert!(!row.retention.is_held(), "a held recording is removed: {row:?}");
        match row.state {
            State::Stored { at } => {
                self.usage[row.user] -= row.bytes;
                let delivered = folder_of(row.started_at, at).due_at() <= self.now;
                assert_eq!(row.folders, u32::from(delivered), "at {}: {row:?}", self.now);
            }
            State::Expected | State::Rejected => {
                self.counts.never_came += u64::from(row.state == State::Expected);
                assert_eq!(row.folders, 0, "{row:?}");
            }
        }
    }

    pub fn hold(&mut self, numbers: &[u64], hold: OrderId) {
        for number in numbers {
            self.keep(*number, |retention, now| retention.with_hold(hold, now));
        }
        self.counts.held += numbers.len() as u64;
    }

    pub fn lift(&mut self, numbers: &[u64], hold: OrderId) {
        for number in numbers {
            assert!(
                self.rows.get(number).is_some_and(|row| row.retention.exists(self.now)),
                "a held recording is gone"
            );
            self.keep(*number, |retention, now| retention.without_hold(hold, now));
        }
    }

    /// The organisation changes its retention.
    pub fn keep_for(&mut self, days: u16) {
        retention::admit(days, self.organisation.storage_add_on).expect("days that may be chosen");
        self.organisation.retention_days = days;
        let numbers: Vec<_> = self.rows.keys().copied().collect();
        for number in numbers {
            self.keep(number, |retention, now| retention.with_retention(days, now));
        }
    }

    /// An administrator erases recordings; held ones remain.
    pub fn erase(&mut self, numbers: &[u64]) {
        for number in numbers {
            if self.keep(*number, RetentionState::erased) {
                self.remove(*number);
                self.counts.erased += 1;
            }
        }
    }

    /// Writes the decision of a rule; returns whether there was one.
    fn keep(
        &mut self,
        number: u64,
        rule: impl Fn(&RetentionState, DateTime<Utc>) -> Option<RetentionState>,
    ) -> bool {
        let Some(row) = self.rows.get_mut(&number) else { return false };
        let Some(next) = rule(&row.retention, self.now) else { return false };
        row.retention = next;
        self.ends.entry(row.retention.day.timestamp()).or_default().push(number);
        true
    }
}

fn is_in(folder: &DeliveryFolder, row: &Row) -> bool {
    matches!(row.state, State::Stored { at } if folder.holds_call(row.started_at, at))
}

/// The promise in other words: the first folder closed after the recording was stored.
pub fn folder_of(started_at: DateTime<Utc>, stored_at: DateTime<Utc>) -> Day {
    let mut day = Day::of(started_at);
    while day.closed_at() <= stored_at {
        day = day.next();
    }
    day
}

/// Users of all kinds: some have no plan, are activated during the year, or acknowledge later.
fn user(number: usize, now: DateTime<Utc>) -> User {
    let joined = TimeDelta::days(if number.is_multiple_of(5) {
        i64::try_from(number % 50).unwrap_or_default()
    } else {
        0
    });
    let acknowledged = TimeDelta::days(i64::from(number.is_multiple_of(3)));
    User {
        id: UserId::try_from(format!("user-{number}")).expect("a valid id"),
        name: Name::try_from(format!("User {number}")).expect("a valid name"),
        phone: None,
        extension: None,
        language: Language::Sv,
        plan: (number % 97 != 1).then_some(Plan::Basic),
        administrator: false,
        rights: Rights::default(),
        activated_at: Some(now + joined),
        acknowledged: Some(Acknowledged {
            at: now + joined + acknowledged,
            version: "2026-11".to_owned(),
        }),
        recorded_since: None,
        recorded_before: None,
        groups: BTreeSet::new(),
        supervises: BTreeMap::new(),
    }
}

fn registration(call: &Call) -> Registration {
    Registration {
        call: CallId::try_from(format!("call-{}", call.number)).expect("a valid id"),
        direction: if call.number.is_multiple_of(2) { Direction::In } else { Direction::Out },
        counterpart: Counterpart::Withheld,
        written: None,
        started_at: call.started_at,
        sent_at: None,
        duration: call.duration,
        audio: Audio {
            content_type: ContentType::parse("audio/ogg").expect("a type"),
            length: call.bytes,
            sha256: Sha256([0; 32]),
        },
        note: None,
        mark: None,
        leg: Default::default(),
        warnings: Vec::new(),
    }
}
