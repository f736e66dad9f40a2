//! A delivery folder: its contents, its location and the tasks that are due for it.
//!
//! The first folder of a day is the scheduled one. A redelivery gets a folder of its own, so a
//! complete folder never changes, and one that is being removed is not in the way.

use std::{fmt, ops::Add};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Day, day_between, outcome::Undelivered};
use crate::{
    ids::{OrganisationId, RecordingId},
    recording::{Recording, State},
    time::{earlier, later},
};

/// The day and the sequence number of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FolderId {
    pub day: Day,
    /// 1 is the scheduled folder.
    pub number: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryFolder {
    pub name: FolderId,
    /// Recordings stored before this belong in the folder.
    pub cutoff: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    /// When the folder is removed.
    pub gone_at: DateTime<Utc>,
    pub progress: Progress,
    pub count: Count,
    /// The undelivered recordings, once complete: the first [`NAMED`](super::outcome::NAMED).
    pub undelivered: Vec<Undelivered>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Building,
    Complete { at: DateTime<Utc> },
    Removed,
}

/// The contents of a folder, without its index and its checksum file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub recordings: u64,
    pub bytes: u64,
    /// Recordings that were stored after their day was closed, or could not be delivered then.
    pub late: u64,
    /// Late recordings that an earlier folder listed as not delivered.
    #[serde(default)]
    pub restored: u64,
    /// Recordings that belong in the folder and are not there.
    #[serde(default)]
    pub undelivered: u64,
}

impl Add for Count {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            recordings: self.recordings.saturating_add(other.recordings),
            bytes: self.bytes.saturating_add(other.bytes),
            late: self.late.saturating_add(other.late),
            restored: self.restored.saturating_add(other.restored),
            undelivered: self.undelivered.saturating_add(other.undelivered),
        }
    }
}

/// A task that is due for an organisation's folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueTask {
    /// Begin the scheduled folder of a day.
    Begin(Day),
    /// Resume a folder shortly before it is due, and list recordings that fail as undelivered.
    Finish(FolderId),
    /// Resume a folder that was not complete in time.
    Resume(FolderId),
    Remove(FolderId),
}

/// A task for an organisation's folders, small enough to be performed and repeated as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub organisation: OrganisationId,
    pub task: Task,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Find the due tasks of an organisation that has had the service since then.
    Tend { since: DateTime<Utc> },
    /// Divide the folder into chunks, and order a copy of each.
    Plan { delivery_folder: FolderId },
    /// Copy the recordings of a chunk.
    Copy { delivery_folder: FolderId, chunk: u32 },
    /// Write the index and the checksums once all chunks are copied.
    Finalize { delivery_folder: FolderId },
    /// Remove the folder.
    Remove { delivery_folder: FolderId },
    /// Remove an erased recording from every folder.
    Forget { recording: RecordingId },
}

/// Days before yesterday that still get a folder if the service was down; it would still exist.
const CAUGHT_UP: usize = 2;
/// How soon a redelivery is complete.
const ORDERED_WITHIN: TimeDelta = TimeDelta::hours(1);
/// How long before it is due a folder stops waiting for recordings that fail. Copying a chunk takes
/// seconds, and the scheduler starts once more in between.
const GIVES_UP: TimeDelta = TimeDelta::minutes(15);

impl DeliveryFolder {
    /// The scheduled folder of a day.
    pub fn scheduled(day: Day) -> Self {
        let name = FolderId { day, number: 1 };
        let (cutoff, due_at, gone_at) = (day.closed_at(), day.due_at(), day.gone_at());
        Self {
            name,
            cutoff,
            due_at,
            gone_at,
            progress: Progress::Building,
            count: Count::default(),
            undelivered: Vec::new(),
        }
    }

    /// The folder of a redelivery at `now`, numbered after the `existing` ones. It remains until
    /// 06:00, for three days or slightly more.
    pub fn ordered(day: Day, now: DateTime<Utc>, existing: &[Self]) -> Self {
        let last = existing
            .iter()
            .filter(|folder| folder.name.day == day)
            .map(|folder| folder.name.number)
            .max();
        let name = FolderId { day, number: last.unwrap_or(1).saturating_add(1) };
        let yesterday = Day::of(now).previous();
        let morning = if now <= yesterday.due_at() { yesterday } else { yesterday.next() };
        let (due_at, gone_at) = (later(now, ORDERED_WITHIN), morning.gone_at());
        Self {
            name,
            cutoff: now,
            due_at,
            gone_at,
            progress: Progress::Building,
            count: Count::default(),
            undelivered: Vec::new(),
        }
    }

    /// When it stops waiting for recordings that fail, and lists them: 05:45 if scheduled.
    pub fn gives_up_at(&self) -> DateTime<Utc> {
        earlier(self.due_at, GIVES_UP)
    }

    /// Whether it may contain a call with these times, if only because an earlier one lacked it.
    pub fn may_hold_call(&self, started_at: DateTime<Utc>, stored_at: DateTime<Utc>) -> bool {
        let may_be_restored = self.name.is_scheduled()
            && (self.count.restored > 0 || self.progress == Progress::Building);
        let is_later = day_between(started_at, stored_at) < self.name.day;
        self.holds_call(started_at, stored_at) || (may_be_restored && is_later)
    }

    /// Whether it contains the recording. A scheduled folder contains the day's recordings stored
    /// before the close, and the late ones since the previous close. A redelivery contains all
    /// recordings of the day stored before its cutoff.
    pub fn holds(&self, recording: &Recording) -> bool {
        let State::Stored { at } = recording.state else { return false };
        self.holds_call(recording.started_at, at)
    }

    /// Whether it contains a call that began and was stored at these times.
    pub fn holds_call(&self, started_at: DateTime<Utc>, stored_at: DateTime<Utc>) -> bool {
        match self.name.is_scheduled() {
            true => day_between(started_at, stored_at) == self.name.day,
            false => Day::of(started_at) == self.name.day && stored_at < self.cutoff,
        }
    }

    pub fn is_complete(&self) -> bool {
        matches!(self.progress, Progress::Complete { .. })
    }

    /// Whether the folder exists, complete or not.
    pub fn exists(&self) -> bool {
        self.progress != Progress::Removed
    }
}

impl FolderId {
    pub fn is_scheduled(self) -> bool {
        self.number == 1
    }
}

/// The name of the folder: `2026-11-24`, or `2026-11-24_2` for the second folder of the day.
impl fmt::Display for FolderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_scheduled() {
            self.day.fmt(f)
        } else {
            write!(f, "{}_{}", self.day, self.number)
        }
    }
}

/// The due tasks of an organisation with these folders, which has had the service since `since`.
pub fn due_tasks(
    now: DateTime<Utc>,
    since: DateTime<Utc>,
    folders: &[DeliveryFolder],
) -> Vec<DueTask> {
    let begun = |day| folders.iter().any(|folder| folder.name == FolderId { day, number: 1 });
    let yesterday = Day::of(now).previous();
    let days =
        std::iter::successors(Some(yesterday), |day| Some(day.previous())).take(1 + CAUGHT_UP);
    let due = days.filter(|day| {
        day.settled_at() <= now && now < day.gone_at() && since <= day.closed_at() && !begun(*day)
    });
    let unfinished = |folder: &&DeliveryFolder| {
        folder.progress == Progress::Building && folder.gives_up_at() <= now && now < folder.gone_at
    };
    let ended = |folder: &&DeliveryFolder| folder.exists() && folder.gone_at <= now;
    let taken_up = |folder: &DeliveryFolder| {
        if now < folder.due_at {
            DueTask::Finish(folder.name)
        } else {
            DueTask::Resume(folder.name)
        }
    };
    let resumed = folders.iter().filter(unfinished).map(taken_up);
    let removed = folders.iter().filter(ended).map(|folder| DueTask::Remove(folder.name));
    due.map(DueTask::Begin).chain(resumed).chain(removed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::tests::recording;

    fn day(text: &str) -> Day {
        Day::try_from(text.to_owned()).expect("the test names a valid day")
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("the test names a valid time")
    }

    fn complete(day: Day) -> DeliveryFolder {
        DeliveryFolder {
            progress: Progress::Complete { at: day.due_at() },
            ..DeliveryFolder::scheduled(day)
        }
    }

    /// A year without failures, every half hour: each day is begun once, within an hour after its
    /// close, and removed once, within an hour after its end.
    #[test]
    fn every_day_of_a_year_is_begun_and_removed_once() {
        let (first, last) = (day("2026-01-01"), day("2026-12-31"));
        let (mut now, mut folders, mut begun, mut removed) =
            (first.begins_at(), Vec::<DeliveryFolder>::new(), 0, 0);
        while now < last.ends_at() {
            for due_task in due_tasks(now, first.begins_at(), &folders) {
                match due_task {
                    DueTask::Begin(day) => {
                        assert!(day.settled_at() <= now && now < day.due_at(), "{day} at {now}");
                        folders.push(complete(day));
                        begun += 1;
                    }
                    DueTask::Remove(name) => {
                        let folder = folders
                            .iter_mut()
                            .find(|folder| folder.name == name)
                            .expect("it was begun");
                        assert!(now - folder.gone_at < TimeDelta::hours(1));
                        folder.progress = Progress::Removed;
                        removed += 1;
                    }
                    DueTask::Finish(name) | DueTask::Resume(name) => panic!("{name} is complete"),
                }
            }
            now += TimeDelta::minutes(30);
        }
        assert_eq!((begun, removed), (365, 362)); // from New Year's Eve, which is closed on the first morning
    }

    #[test]
    fn an_incomplete_folder_is_resumed_from_a_quarter_to_six_until_its_end() {
        let building = DeliveryFolder::scheduled(day("2026-11-24"));
        let since = day("2026-11-24").closed_at();
        let at = |text: &str| due_tasks(utc(text), since, std::slice::from_ref(&building));
        assert_eq!(building.gives_up_at(), utc("2026-11-25T04:45:00Z"));
        assert_eq!(at("2026-11-25T04:44:59Z"), []);
        assert_eq!(at("2026-11-25T04:45:00Z"), [DueTask::Finish(building.name)]);
        assert_eq!(at("2026-11-25T04:59:59Z"), [DueTask::Finish(building.name)]);
        assert_eq!(at("2026-11-25T05:00:00Z"), [DueTask::Resume(building.name)]);
        assert_eq!(at("2026-11-25T11:00:00Z"), [DueTask::Resume(building.name)]);
        assert!(at("2026-11-28T05:00:00Z").contains(&DueTask::Remove(building.name)));
    }

    #[test]
    fn missed_days_are_delivered_while_their_folders_would_exist() {
        let now = utc("2026-11-25T08:00:00Z");
        let days = |due_tasks: Vec<DueTask>| {
            due_tasks
                .into_iter()
                .map(|due_task| format!("{due_task:?}").replace("Begin(Day(", ""))
                .collect::<Vec<_>>()
        };
        let all = days(due_tasks(now, DateTime::UNIX_EPOCH, &[]));
        assert_eq!(all, ["2026-11-24))", "2026-11-23))", "2026-11-22))"]);
        assert_eq!(days(due_tasks(now, utc("2026-11-24T09:00:00Z"), &[])), ["2026-11-24))"]);
        assert_eq!(due_tasks(now, now, &[]), []);
    }

    #[test]
    fn a_redelivery_has_a_folder_of_its_own_for_three_days() {
        let of = day("2026-11-20");
        let second = DeliveryFolder::ordered(of, utc("2026-11-25T10:00:00Z"), &[complete(of)]);
        assert_eq!(
            (second.name.to_string().as_str(), second.gone_at),
            ("2026-11-20_2", utc("2026-11-29T05:00:00Z"))
        );
        let third =
            DeliveryFolder::ordered(of, utc("2026-11-25T04:00:00Z"), &[complete(of), second]);
        assert_eq!(
            (third.name.to_string().as_str(), third.gone_at),
            ("2026-11-20_3", utc("2026-11-28T05:00:00Z"))
        );
        assert_eq!(DeliveryFolder::ordered(of, utc("2026-11-25T04:00:00Z"), &[]).name.number, 2);
        assert_eq!(complete(of).name.to_string(), "2026-11-20");
    }

    #[test]
    fn a_late_recording_is_in_the_next_scheduled_folder_and_in_later_redeliveries_of_its_day() {
        let (own, next) = (day("2026-11-24"), day("2026-11-25"));
        let at = utc("2026-11-25T09:00:00Z");
        let late = Recording {
            started_at: utc("2026-11-24T12:00:00Z"),
            state: State::Stored { at },
            ..recording()
        };
        assert!(!DeliveryFolder::scheduled(own).holds(&late));
        assert!(DeliveryFolder::scheduled(next).holds(&late));
        assert!(DeliveryFolder::ordered(own, at + TimeDelta::seconds(1), &[]).holds(&late));
        assert!(!DeliveryFolder::ordered(own, at, &[]).holds(&late));
        assert!(!DeliveryFolder::ordered(next, at + TimeDelta::days(1), &[]).holds(&late));
    }

    #[test]
    fn a_folder_may_contain_a_recording_that_an_earlier_one_failed_to_deliver() {
        let (own, next) = (day("2026-11-24"), day("2026-11-25"));
        let (started, stored) = (utc("2026-11-24T12:00:00Z"), utc("2026-11-24T12:05:00Z"));
        let may = |folder: &DeliveryFolder| folder.may_hold_call(started, stored);
        assert!(may(&complete(own)), "by its times");
        assert!(!may(&complete(next)), "it is in its own day's folder");
        let restored =
            DeliveryFolder { count: Count { restored: 1, ..Count::default() }, ..complete(next) };
        assert!(may(&restored), "perhaps it is the one that came back");
        assert!(may(&DeliveryFolder::scheduled(next)), "nobody knows yet what came back");
        assert!(
            !may(&DeliveryFolder {
                name: DeliveryFolder::scheduled(day("2026-11-23")).name,
                ..restored
            }),
            "no folder is earlier than its own"
        );
    }
}
