//! A user's usage, counted in the transaction that stores or removes a recording.
//!
//! | attribute  | what |
//! |------------|------|
//! | `recordings`, `ms`, `bytes` | the current usage |
//! | `nDAY`, `msDAY`, `inDAY`, `outDAY` | recordings, milliseconds and bytes stored on the local day, and bytes removed |
//!
//! A day's counts remain until the day is closed (`daily`), which moves them into items of their
//! own. Midnight needs no lock and causes no race, because each count names its day. The item holds
//! two or three days and stays under 1 KB, so a count costs one write unit, as without days.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    billing::today,
    ids::{OrganisationId, UserId},
};

use super::{
    BadItem, Error, UsageCounts,
    attributes::{count, n, parse, parsed},
    commit::Transaction,
    key::{self, Item},
    write::Write,
};

/// A recording that was stored or removed.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub organisation: &'a OrganisationId,
    pub user: &'a UserId,
    pub kind: ChangeKind,
    pub bytes: u64,
    pub duration: TimeDelta,
    /// When it was stored, or ended for its readers: it is counted on that day.
    pub at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Stored,
    Removed,
}

/// The usage of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    pub user: UserId,
    pub recordings: i64,
    pub milliseconds: i64,
    pub bytes: i64,
    /// The counts of days that are not closed.
    pub open: BTreeMap<NaiveDate, Counts>,
}

/// The counts of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub recordings: u64,
    pub milliseconds: u64,
    /// Bytes.
    pub added: u64,
    /// Bytes.
    pub removed: u64,
}

/// The prefixes of the attributes of a day's counts, in the order of [`Counts::values`].
const NAMES: [&str; 4] = ["n", "ms", "in", "out"];

impl UsageCounts<'_> {
    /// The usage of each user. 1 request for each MB: some 4,000 users.
    pub async fn filled(self, organisation: &OrganisationId) -> Result<Vec<Filled>, Error> {
        let items = self.0.all(key::usages(organisation), "").await?;
        Ok(items.iter().map(read).collect::<Result<_, _>>()?)
    }
}

impl Transaction<'_> {
    /// Counts a stored or removed recording, in the same transaction.
    pub fn usage(&mut self, change: &Change<'_>) {
        let (day, sign) =
            (today(change.at), if change.kind == ChangeKind::Stored { 1 } else { -1 });
        let usage = Write::update(key::usage(change.organisation, change.user))
            .add("recordings", n(sign))
            .add("ms", n(sign * change.duration.num_milliseconds()))
            .add("bytes", n(sign * i64::try_from(change.bytes).unwrap_or(i64::MAX)));
        let counts =
            NAMES.into_iter().zip(change.counts().values()).filter(|(_, value)| *value > 0);
        self.add(
            counts.fold(usage, |usage, (name, value)| usage.add(&format!("{name}{day}"), n(value))),
        );
    }

    /// Removes the user's counts of a day, if they are as read.
    pub(super) fn close_counts(
        &mut self,
        organisation: &OrganisationId,
        user: &UserId,
        day: NaiveDate,
        counts: &Counts,
    ) {
        let counts = NAMES
            .into_iter()
            .zip(counts.values())
            .map(|(name, value)| (format!("{name}{day}"), value));
        let usage = Write::update(key::usage(organisation, user));
        self.add(counts.fold(usage, |usage, (name, value)| {
            usage.remove(&name).is(&name, (value > 0).then(|| n(value)))
        }));
    }
}

impl Change<'_> {
    fn counts(&self) -> Counts {
        match self.kind {
            ChangeKind::Stored => Counts {
                recordings: 1,
                milliseconds: self.duration.num_milliseconds().unsigned_abs(),
                added: self.bytes,
                removed: 0,
            },
            ChangeKind::Removed => Counts { removed: self.bytes, ..Counts::default() },
        }
    }
}

impl Counts {
    pub fn plus(self, other: Self) -> Self {
        Self {
            recordings: self.recordings + other.recordings,
            milliseconds: self.milliseconds + other.milliseconds,
            added: self.added + other.added,
            removed: self.removed + other.removed,
        }
    }

    /// Bytes added minus bytes removed.
    pub fn net(self) -> i64 {
        self.added as i64 - self.removed as i64
    }

    fn values(&self) -> [u64; 4] {
        [self.recordings, self.milliseconds, self.added, self.removed]
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = (String, AttributeValue)> {
        ["recordings", "ms", "added", "removed"]
            .into_iter()
            .zip(self.values())
            .map(|(name, value)| (name.to_owned(), n(value)))
    }

    pub(super) fn read(item: &Item) -> Result<Self, BadItem> {
        Ok(Self {
            recordings: count(item, "recordings")?,
            milliseconds: count(item, "ms")?,
            added: count(item, "added")?,
            removed: count(item, "removed")?,
        })
    }
}

impl Filled {
    /// Bytes at the end of `day`, as known now.
    pub fn at_end_of(&self, day: NaiveDate) -> i64 {
        let later: i64 =
            self.open.iter().filter(|(of, _)| **of > day).map(|(_, counts)| counts.net()).sum();
        self.bytes - later
    }
}

fn read(item: &Item) -> Result<Filled, BadItem> {
    let mut open: BTreeMap<NaiveDate, Counts> = BTreeMap::new();
    for (name, value) in item {
        let (kind, day) = name.split_at_checked(name.len().saturating_sub(10)).unwrap_or_default();
        let Some(place) = NAMES.iter().position(|known| *known == kind) else { continue };
        let counts = open.entry(parse(day, "a day's count")?).or_default();
        let value = parse(value.as_n().map_or("", String::as_str), "a day's count")?;
        match place {
            0 => counts.recordings = value,
            1 => counts.milliseconds = value,
            2 => counts.added = value,
            _ => counts.removed = value,
        }
    }
    Ok(Filled {
        user: parsed(item, "sk")?,
        recordings: count(item, "recordings")?,
        milliseconds: count(item, "ms")?,
        bytes: count(item, "bytes")?,
        open,
    })
}
