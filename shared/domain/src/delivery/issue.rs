//! One issue of a day: what it holds, where it lies, and what is to be done for it now.
//!
//! The first issue of a day is the scheduled one. An administrator may have a day issued again; that is an issue of its own with a folder
//! of its own, so that a folder that is complete never changes and one that is going is not in the way.

use std::{fmt, ops::Add};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Day, day_between, outcome::Undelivered};
use crate::{
    ids::{OrganisationId, RecordingId},
    recording::{Recording, State},
    time::{earlier, later},
};

/// Which issue of which day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Name {
    pub day: Day,
    /// 1 is the scheduled one.
    pub number: u16,
}

/// An issue of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    pub name: Name,
    /// What was stored before this is in it.
    pub cut: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    /// The folder goes then.
    pub gone_at: DateTime<Utc>,
    pub progress: Progress,
    pub count: Count,
    /// Recordings that belong into it and are not there, once it is complete: the first [`NAMED`](super::outcome::NAMED) of them.
    pub undelivered: Vec<Undelivered>,
}

/// How far an issue has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Building,
    Complete { at: DateTime<Utc> },
    Removed,
}

/// What a folder holds, without its index and its list of checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub recordings: u64,
    pub bytes: u64,
    /// Those of the recordings that came after their day was closed, or could not be delivered then.
    pub late: u64,
    /// Those of the late ones that an earlier folder named as not delivered.
    #[serde(default)]
    pub restored: u64,
    /// Recordings that belong into it and are not there.
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

/// Something to do for an organisation's folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Issue a day for the first time.
    Begin(Day),
    /// Take up an issue that is not complete shortly before it is due: what cannot be copied is named as not delivered.
    Finish(Name),
    /// Take up an issue that is not complete in time.
    Resume(Name),
    Remove(Name),
}

/// A piece of work on an organisation's folders, small enough to be done and repeated as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub organisation: OrganisationId,
    pub task: Task,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Look what is to be done, for an organisation that has had the service since then.
    Tend { since: DateTime<Utc> },
    /// Cut the issue into spans, and order each to be copied.
    Plan { issue: Name },
    /// Copy the recordings of a span.
    Copy { issue: Name, span: u32 },
    /// Write the index and the checksums, once all is copied.
    Seal { issue: Name },
    /// Remove the folder.
    Remove { issue: Name },
    /// Take a recording that was erased out of every folder.
    Forget { recording: RecordingId },
}

/// Days before yesterday that are issued if they never were, because the service was down: their folders would still be there.
const CAUGHT_UP: usize = 2;
/// How soon an issue that was ordered is complete.
const ORDERED_WITHIN: TimeDelta = TimeDelta::hours(1);
/// How long before it is due an issue stops waiting for recordings that fail. A span is copied in seconds, and the scheduler wakes the
/// delivery once more in between.
const GIVES_UP: TimeDelta = TimeDelta::minutes(15);

impl Issue {
    /// The scheduled issue of a day.
    pub fn scheduled(day: Day) -> Self {
        let name = Name { day, number: 1 };
        let (cut, due_at, gone_at) = (day.closed_at(), day.due_at(), day.gone_at());
        Self { name, cut, due_at, gone_at, progress: Progress::Building, count: Count::default(), undelivered: Vec::new() }
    }

    /// The next issue of a day that is ordered at `now`, after those in `standing`. It stays until 06:00, for three days or a little more.
    pub fn ordered(day: Day, now: DateTime<Utc>, standing: &[Self]) -> Self {
        let last = standing.iter().filter(|issue| issue.name.day == day).map(|issue| issue.name.number).max();
        let name = Name { day, number: last.unwrap_or(1).saturating_add(1) };
        let yesterday = Day::of(now).previous();
        let morning = if now <= yesterday.due_at() { yesterday } else { yesterday.next() };
        let (due_at, gone_at) = (later(now, ORDERED_WITHIN), morning.gone_at());
        Self { name, cut: now, due_at, gone_at, progress: Progress::Building, count: Count::default(), undelivered: Vec::new() }
    }

    /// When it stops waiting for recordings that fail: 05:45 of a scheduled one. From then on they are named as not delivered.
    pub fn gives_up_at(&self) -> DateTime<Utc> {
        earlier(self.due_at, GIVES_UP)
    }

    /// Whether a call that began and was stored then may be in it: it is there by its times, or it may be late because an earlier folder could
    /// not deliver it.
    pub fn may_hold_call(&self, started_at: DateTime<Utc>, stored_at: DateTime<Utc>) -> bool {
        let may_be_restored = self.name.is_scheduled() && (self.count.restored > 0 || self.progress == Progress::Building);
        let is_later = day_between(started_at, stored_at) < self.name.day;
        self.holds_call(started_at, stored_at) || (may_be_restored && is_later)
    }

    /// Whether the recording is in it: of the scheduled issue, what was stored when the day was closed and what came late since the day
    /// before was; of one that was ordered, what is known of the day by then.
    pub fn holds(&self, recording: &Recording) -> bool {
        let State::Stored { at } = recording.state else { return false };
        self.holds_call(recording.started_at, at)
    }

    /// Whether a call is in it that began and was stored then.
    pub fn holds_call(&self, started_at: DateTime<Utc>, stored_at: DateTime<Utc>) -> bool {
        match self.name.is_scheduled() {
            true => day_between(started_at, stored_at) == self.name.day,
            false => Day::of(started_at) == self.name.day && stored_at < self.cut,
        }
    }

    pub fn is_complete(&self) -> bool {
        matches!(self.progress, Progress::Complete { .. })
    }

    /// Whether its folder is there, complete or not.
    pub fn stands(&self) -> bool {
        self.progress != Progress::Removed
    }
}

impl Name {
    pub fn is_scheduled(self) -> bool {
        self.number == 1
    }
}

/// The name of the folder: `2026-11-24`, and `2026-11-24_2` of the second issue.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_scheduled() { self.day.fmt(f) } else { write!(f, "{}_{}", self.day, self.number) }
    }
}

/// What is to be done at `now` for an organisation that has had the service since `since`, with these issues.
pub fn chores(now: DateTime<Utc>, since: DateTime<Utc>, issues: &[Issue]) -> Vec<Chore> {
    let begun = |day| issues.iter().any(|issue| issue.name == Name { day, number: 1 });
    let yesterday = Day::of(now).previous();
    let days = std::iter::successors(Some(yesterday), |day| Some(day.previous())).take(1 + CAUGHT_UP);
    let due = days.filter(|day| day.settled_at() <= now && now < day.gone_at() && since <= day.closed_at() && !begun(*day));
    let unfinished = |issue: &&Issue| issue.progress == Progress::Building && issue.gives_up_at() <= now && now < issue.gone_at;
    let ended = |issue: &&Issue| issue.stands() && issue.gone_at <= now;
    let taken_up = |issue: &Issue| if now < issue.due_at { Chore::Finish(issue.name) } else { Chore::Resume(issue.name) };
    let resumed = issues.iter().filter(unfinished).map(taken_up);
    let removed = issues.iter().filter(ended).map(|issue| Chore::Remove(issue.name));
    due.map(Chore::Begin).chain(resumed).chain(removed).collect()
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

    fn complete(day: Day) -> Issue {
        Issue { progress: Progress::Complete { at: day.due_at() }, ..Issue::scheduled(day) }
    }

    /// Every half hour of a year with the service in order: each day is begun once, within an hour after it is closed, and removed once,
    /// within an hour after it ends.
    #[test]
    fn a_year_of_mornings_begins_and_removes_each_day_once() {
        let (first, last) = (day("2026-01-01"), day("2026-12-31"));
        let (mut now, mut issues, mut begun, mut removed) = (first.begins_at(), Vec::<Issue>::new(), 0, 0);
        while now < last.ends_at() {
            for chore in chores(now, first.begins_at(), &issues) {
                match chore {
                    Chore::Begin(day) => {
                        assert!(day.settled_at() <= now && now < day.due_at(), "{day} at {now}");
                        issues.push(complete(day));
                        begun += 1;
                    }
                    Chore::Remove(name) => {
                        let issue = issues.iter_mut().find(|issue| issue.name == name).expect("it was begun");
                        assert!(now - issue.gone_at < TimeDelta::hours(1));
                        issue.progress = Progress::Removed;
                        removed += 1;
                    }
                    Chore::Finish(name) | Chore::Resume(name) => panic!("{name} is complete"),
                }
            }
            now += TimeDelta::minutes(30);
        }
        assert_eq!((begun, removed), (365, 362)); // from New Year's Eve, which is closed on the first morning
    }

    #[test]
    fn a_day_that_is_not_complete_is_taken_up_from_a_quarter_to_six_until_it_ends() {
        let building = Issue::scheduled(day("2026-11-24"));
        let since = day("2026-11-24").closed_at();
        let at = |text: &str| chores(utc(text), since, std::slice::from_ref(&building));
        assert_eq!(building.gives_up_at(), utc("2026-11-25T04:45:00Z"));
        assert_eq!(at("2026-11-25T04:44:59Z"), []);
        assert_eq!(at("2026-11-25T04:45:00Z"), [Chore::Finish(building.name)]);
        assert_eq!(at("2026-11-25T04:59:59Z"), [Chore::Finish(building.name)]);
        assert_eq!(at("2026-11-25T05:00:00Z"), [Chore::Resume(building.name)]);
        assert_eq!(at("2026-11-25T11:00:00Z"), [Chore::Resume(building.name)]);
        assert!(at("2026-11-28T05:00:00Z").contains(&Chore::Remove(building.name)));
    }

    #[test]
    fn days_that_were_missed_are_caught_up_while_their_folders_would_be_there() {
        let now = utc("2026-11-25T08:00:00Z");
        let days = |chores: Vec<Chore>| chores.into_iter().map(|chore| format!("{chore:?}").replace("Begin(Day(", "")).collect::<Vec<_>>();
        let all = days(chores(now, DateTime::UNIX_EPOCH, &[]));
        assert_eq!(all, ["2026-11-24))", "2026-11-23))", "2026-11-22))"]);
        assert_eq!(days(chores(now, utc("2026-11-24T09:00:00Z"), &[])), ["2026-11-24))"]);
        assert_eq!(chores(now, now, &[]), []);
    }

    #[test]
    fn a_day_issued_again_has_a_folder_of_its_own_and_stays_three_days() {
        let of = day("2026-11-20");
        let second = Issue::ordered(of, utc("2026-11-25T10:00:00Z"), &[complete(of)]);
        assert_eq!((second.name.to_string().as_str(), second.gone_at), ("2026-11-20_2", utc("2026-11-29T05:00:00Z")));
        let third = Issue::ordered(of, utc("2026-11-25T04:00:00Z"), &[complete(of), second]);
        assert_eq!((third.name.to_string().as_str(), third.gone_at), ("2026-11-20_3", utc("2026-11-28T05:00:00Z")));
        assert_eq!(Issue::ordered(of, utc("2026-11-25T04:00:00Z"), &[]).name.number, 2);
        assert_eq!(complete(of).name.to_string(), "2026-11-20");
    }

    #[test]
    fn a_late_recording_is_in_the_next_scheduled_issue_and_in_its_own_days_issues_after() {
        let (own, next) = (day("2026-11-24"), day("2026-11-25"));
        let at = utc("2026-11-25T09:00:00Z");
        let late = Recording { started_at: utc("2026-11-24T12:00:00Z"), state: State::Stored { at }, ..recording() };
        assert!(!Issue::scheduled(own).holds(&late));
        assert!(Issue::scheduled(next).holds(&late));
        assert!(Issue::ordered(own, at + TimeDelta::seconds(1), &[]).holds(&late));
        assert!(!Issue::ordered(own, at, &[]).holds(&late));
        assert!(!Issue::ordered(next, at + TimeDelta::days(1), &[]).holds(&late));
    }

    #[test]
    fn a_folder_may_hold_a_recording_that_an_earlier_one_could_not_deliver() {
        let (own, next) = (day("2026-11-24"), day("2026-11-25"));
        let (started, stored) = (utc("2026-11-24T12:00:00Z"), utc("2026-11-24T12:05:00Z"));
        let may = |issue: &Issue| issue.may_hold_call(started, stored);
        assert!(may(&complete(own)), "by its times");
        assert!(!may(&complete(next)), "it is in its own day's folder");
        let restored = Issue { count: Count { restored: 1, ..Count::default() }, ..complete(next) };
        assert!(may(&restored), "perhaps it is the one that came back");
        assert!(may(&Issue::scheduled(next)), "nobody knows yet what came back");
        assert!(!may(&Issue { name: Issue::scheduled(day("2026-11-23")).name, ..restored }), "no folder is earlier than its own");
    }
}
