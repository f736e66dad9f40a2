//! The service in virtual time: what table, buckets and workers do, each decision being the rules' own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{
        Day,
        issue::{Chore, Issue, Progress, chores},
    },
    ids::{CallId, OrderId, OrganisationId, UserId},
    people::{Acknowledged, Language, Name, Organisation, Plan, Rights, User},
    phone::Counterpart,
    recording::{Audio, ContentType, Direction, Sha256},
    registration::{Registration, admit},
    retention::{self, DAYS, Kept, expires_at},
};

use crate::calls::{Call, Fate};

/// A recording's item.
#[derive(Debug)]
pub struct Row {
    pub user: usize,
    pub bytes: u64,
    pub state: State,
    pub kept: Kept,
    /// Scheduled folders that it has lain in.
    pub folders: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Expected,
    Stored { at: DateTime<Utc> },
    Rejected,
}

/// What has happened, in numbers.
#[derive(Debug, Default)]
pub struct Counts {
    pub refused: u64,
    pub registered: u64,
    pub stored: u64,
    pub rejected: u64,
    /// Told of once more, or after the recording had ended.
    pub told_again: u64,
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
    awaited: BTreeSet<u64>,
    /// By the second at which the table may remove it.
    ends: BTreeMap<i64, Vec<u64>>,
    pub issues: Vec<Issue>,
    /// Bytes that are counted on each user.
    pub usage: Vec<u64>,
    pub counts: Counts,
}

impl Service {
    pub fn new(now: DateTime<Utc>, users: usize) -> Self {
        let organisation = Organisation {
            id: OrganisationId::try_from("demo".to_owned()).expect("a valid id"),
            name: Name::try_from("Demo".to_owned()).expect("a valid name"),
            base_service: true,
            retention_days: DAYS,
            storage_add_on: true,
            asks_reason: false,
        };
        let (rows, by_day, awaited) = (HashMap::new(), HashMap::new(), BTreeSet::new());
        let usage = vec![0; users];
        let users = (0..users).map(|number| user(number, now)).collect();
        let (ends, issues, counts) = (BTreeMap::new(), Vec::new(), Counts::default());
        Self { now, since: now, organisation, users, rows, by_day, awaited, ends, issues, usage, counts }
    }

    /// The app registers a call.
    pub fn register(&mut self, call: &Call) {
        if admit(&self.organisation, &self.users[call.user], &registration(call), self.now).is_err() {
            self.counts.refused += 1;
            return;
        }
        let day = expires_at(call.started_at, self.organisation.retention_days);
        let day = DateTime::from_timestamp(day.timestamp(), 0).expect("a second of some year");
        let kept = Kept { started_at: call.started_at, day, grace: None, held_since: None, holds: BTreeSet::new() };
        self.ends.entry(day.timestamp()).or_default().push(call.number);
        let own = Day::of(call.started_at);
        self.by_day.entry(own).or_default().push(call.number);
        if own.closed_at() <= self.now {
            self.awaited.insert(call.number);
        }
        self.rows.insert(call.number, Row { user: call.user, bytes: call.bytes, state: State::Expected, kept, folders: 0 });
        self.counts.registered += 1;
    }

    /// S3 tells of an object.
    pub fn take_in(&mut self, call: &Call) {
        let now = self.now;
        let Some(row) = self.rows.get_mut(&call.number).filter(|row| row.state == State::Expected && row.kept.exists(now)) else {
            self.counts.told_again += 1;
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

    /// The half hour: the scheduler wakes the delivery, and the table removes what has ended.
    pub fn tick(&mut self) {
        for chore in chores(self.now, self.since, &self.issues) {
            match chore {
                Chore::Begin(day) => self.deliver(day),
                Chore::Finish(name) | Chore::Resume(name) => panic!("{name} is not complete in time"),
                Chore::Remove(name) => {
                    let issue = self.issues.iter_mut().find(|issue| issue.name == name).expect("it is listed");
                    assert!(self.now - issue.gone_at < TimeDelta::minutes(30), "{name} goes at {} instead of {}", self.now, issue.gone_at);
                    issue.progress = Progress::Removed;
                }
            }
        }
        let standing = self.issues.iter().filter(|issue| issue.stands()).count();
        assert!(standing <= 4, "{standing} folders stand at {}", self.now);
        self.expire();
    }

    /// Builds the day's folder as `drop` does: from the calls of the day and from those that were awaited.
    fn deliver(&mut self, day: Day) {
        let mut issue = Issue::scheduled(day);
        for number in self.by_day.remove(&day).unwrap_or_default() {
            match self.rows.get_mut(&number) {
                Some(row) if is_in(&issue, row) => {
                    row.folders += 1;
                    self.counts.delivered += 1;
                }
                Some(_) => _ = self.awaited.insert(number),
                None => {}
            }
        }
        let (rows, counts) = (&mut self.rows, &mut self.counts);
        self.awaited.retain(|number| match rows.get_mut(number) {
            Some(row) if is_in(&issue, row) && Day::of(row.kept.started_at) != day => {
                row.folders += 1;
                counts.delivered_late += 1;
                false
            }
            Some(_) => true,
            None => false,
        });
        issue.progress = Progress::Complete { at: self.now };
        assert!(self.now <= issue.due_at, "{day} is complete at {}", self.now);
        self.counts.folders += 1;
        self.issues.retain(|issue| issue.stands() || issue.name.day.next().next() > day);
        self.issues.push(issue);
    }

    fn expire(&mut self) {
        while let Some(entry) = self.ends.first_entry().filter(|entry| *entry.key() <= self.now.timestamp()) {
            for number in entry.remove() {
                if self.rows.get(&number).is_some_and(|row| !row.kept.is_held() && !row.kept.exists(self.now)) {
                    self.remove(number);
                    self.counts.expired += 1;
                }
            }
        }
    }

    /// Removes the item, gives its bytes back, and holds its life against the promises.
    fn remove(&mut self, number: u64) {
        let row = self.rows.remove(&number).expect("it is there");
        assert!(!row.kept.is_held(), "what is held is removed: {row:?}");
        match row.state {
            State::Stored { at } => {
                self.usage[row.user] -= row.bytes;
                let delivered = folder_of(row.kept.started_at, at).due_at() <= self.now;
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
            self.keep(*number, |kept, now| kept.held(hold, now));
        }
        self.counts.held += numbers.len() as u64;
    }

    pub fn lift(&mut self, numbers: &[u64], hold: OrderId) {
        for number in numbers {
            assert!(self.rows.get(number).is_some_and(|row| row.kept.exists(self.now)), "what was held is gone");
            self.keep(*number, |kept, now| kept.lifted(hold, now));
        }
    }

    /// The organisation chooses other days.
    pub fn keep_for(&mut self, days: u16) {
        retention::admit(days, self.organisation.storage_add_on).expect("days that may be chosen");
        self.organisation.retention_days = days;
        let numbers: Vec<_> = self.rows.keys().copied().collect();
        for number in numbers {
            self.keep(number, |kept, now| kept.kept_for(days, now));
        }
    }

    /// An administrator has recordings erased; those that are held stay.
    pub fn erase(&mut self, numbers: &[u64]) {
        for number in numbers {
            if self.keep(*number, Kept::erased) {
                self.remove(*number);
                self.counts.erased += 1;
            }
        }
    }

    /// Writes what a rule decides; whether it decided anything.
    fn keep(&mut self, number: u64, rule: impl Fn(&Kept, DateTime<Utc>) -> Option<Kept>) -> bool {
        let Some(row) = self.rows.get_mut(&number) else { return false };
        let Some(next) = rule(&row.kept, self.now) else { return false };
        row.kept = next;
        self.ends.entry(row.kept.day.timestamp()).or_default().push(number);
        true
    }
}

fn is_in(issue: &Issue, row: &Row) -> bool {
    matches!(row.state, State::Stored { at } if issue.holds_call(row.kept.started_at, at))
}

/// The promise in other words: the first folder that is closed after the recording came, and none before its call's.
pub fn folder_of(started_at: DateTime<Utc>, stored_at: DateTime<Utc>) -> Day {
    let mut day = Day::of(started_at);
    while day.closed_at() <= stored_at {
        day = day.next();
    }
    day
}

/// Users of all kinds: some have no plan, some are activated during the year, some acknowledge a day later.
fn user(number: usize, now: DateTime<Utc>) -> User {
    let joined = TimeDelta::days(if number.is_multiple_of(5) { i64::try_from(number % 50).unwrap_or_default() } else { 0 });
    let acknowledged = TimeDelta::days(i64::from(number.is_multiple_of(3)));
    User {
        id: UserId::try_from(format!("user-{number}")).expect("a valid id"),
        name: Name::try_from(format!("User {number}")).expect("a valid name"),
        phone: None,
        language: Language::Sv,
        plan: (number % 97 != 1).then_some(Plan::Basic),
        administrator: false,
        rights: Rights::default(),
        activated_at: Some(now + joined),
        acknowledged: Some(Acknowledged { at: now + joined + acknowledged, version: "2026-11".to_owned() }),
        groups: BTreeSet::new(),
        supervises: BTreeMap::new(),
    }
}

fn registration(call: &Call) -> Registration {
    Registration {
        call: CallId::try_from(format!("call-{}", call.number)).expect("a valid id"),
        direction: if call.number.is_multiple_of(2) { Direction::In } else { Direction::Out },
        counterpart: Counterpart::Withheld,
        started_at: call.started_at,
        duration: call.duration,
        audio: Audio { content_type: ContentType::parse("audio/ogg").expect("a type"), length: call.bytes, sha256: Sha256([0; 32]) },
        note: None,
        mark: None,
    }
}
