//! What a user's recordings fill, counted in the commit that stores or removes one.
//!
//! | attribute  | what |
//! |------------|------|
//! | `recordings`, `ms`, `bytes` | what is stored now |
//! | `nDAY`, `msDAY`, `inDAY`, `outDAY` | recordings, milliseconds and bytes that came on the local day, and bytes that went |
//!
//! A day's counts stay until the day is closed (`daily`), which moves them into items of their own. So what happens at midnight needs no
//! lock and no race: a count says of which day it is, whenever it arrives. The item holds two or three days and stays under 1 KB: counting
//! costs a write unit, as it would without days.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, Update, builders::UpdateBuilder};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    billing::today,
    ids::{OrganisationId, UserId},
};

use super::{
    BadItem, Error, Table,
    attributes::{count, n, parsed, spelt},
    commit::Writes,
    key::{self, Item},
};

/// A recording that came or went.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub organisation: &'a OrganisationId,
    pub user: &'a UserId,
    pub deed: Deed,
    pub bytes: u64,
    pub duration: TimeDelta,
    /// When it came, or ceased to exist for its readers: the day that it is counted on.
    pub at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Stored,
    Removed,
}

/// What a user's recordings fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    pub user: UserId,
    pub recordings: i64,
    pub milliseconds: i64,
    pub bytes: i64,
    /// What came and went on days that are not closed.
    pub open: BTreeMap<NaiveDate, Counts>,
}

/// What came and went on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub recordings: u64,
    pub milliseconds: u64,
    /// Bytes.
    pub added: u64,
    /// Bytes.
    pub removed: u64,
}

/// The attributes of a day's counts, before the day, in the order of [`Counts::values`].
const NAMES: [&str; 4] = ["n", "ms", "in", "out"];

impl Table {
    /// The write that counts the change, for a commit with the change itself.
    pub(super) fn usage(&self, change: &Change<'_>) -> UpdateBuilder {
        let day = today(change.at);
        let (stored, counts) = (change.deed == Deed::Stored, change.counts());
        let mut update = Update::builder().table_name(&self.name).set_key(Some(key::usage(change.organisation, change.user)));
        let signed = |value: i64| n(if stored { value } else { -value });
        update = update
            .expression_attribute_names("#bytes", "bytes")
            .expression_attribute_values(":recordings", signed(1))
            .expression_attribute_values(":ms", signed(change.duration.num_milliseconds()))
            .expression_attribute_values(":bytes", signed(i64::try_from(change.bytes).unwrap_or(i64::MAX)));
        let mut added = String::new();
        for (name, value) in NAMES.into_iter().zip(counts.values()).filter(|(_, value)| *value > 0) {
            update = update
                .expression_attribute_names(format!("#{name}"), format!("{name}{day}"))
                .expression_attribute_values(format!(":{name}Day"), n(value));
            added.push_str(&format!(", #{name} :{name}Day"));
        }
        update.update_expression(format!("ADD recordings :recordings, ms :ms, #bytes :bytes{added}"))
    }

    /// What each of the organisation's users fills. 1 request for each page of 1 MB: some 4,000 users.
    pub async fn filled(&self, organisation: &OrganisationId) -> Result<Vec<Filled>, Error> {
        let items = self.all(key::usages(organisation), "").await?;
        Ok(items.iter().map(read).collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Counts a recording that came or went, in the commit that stores or removes it.
    pub fn usage(&mut self, change: &Change<'_>) {
        let update = self.table.usage(change);
        self.push_update(update);
    }

    /// Takes the user's counts of a day off the item, where they are as read.
    pub(super) fn close_counts(&mut self, organisation: &OrganisationId, user: &UserId, day: NaiveDate, counts: &Counts) {
        self.update(key::usage(organisation, user), |mut update| {
            let (mut names, mut as_read) = (Vec::new(), Vec::new());
            for (name, value) in NAMES.into_iter().zip(counts.values()) {
                update = update.expression_attribute_names(format!("#{name}"), format!("{name}{day}"));
                names.push(format!("#{name}"));
                if value > 0 {
                    update = update.expression_attribute_values(format!(":{name}"), n(value));
                    as_read.push(format!("#{name} = :{name}"));
                } else {
                    as_read.push(format!("attribute_not_exists(#{name})"));
                }
            }
            update.update_expression(format!("REMOVE {}", names.join(", "))).condition_expression(as_read.join(" AND "))
        });
    }
}

impl Change<'_> {
    fn counts(&self) -> Counts {
        match self.deed {
            Deed::Stored => {
                Counts { recordings: 1, milliseconds: self.duration.num_milliseconds().unsigned_abs(), added: self.bytes, removed: 0 }
            }
            Deed::Removed => Counts { removed: self.bytes, ..Counts::default() },
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

    /// Bytes more, or less.
    pub fn net(self) -> i64 {
        self.added as i64 - self.removed as i64
    }

    fn values(&self) -> [u64; 4] {
        [self.recordings, self.milliseconds, self.added, self.removed]
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = (String, AttributeValue)> {
        ["recordings", "ms", "added", "removed"].into_iter().zip(self.values()).map(|(name, value)| (name.to_owned(), n(value)))
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
    /// Bytes at the end of `day`, of what is known now.
    pub fn at_end_of(&self, day: NaiveDate) -> i64 {
        let later: i64 = self.open.iter().filter(|(of, _)| **of > day).map(|(_, counts)| counts.net()).sum();
        self.bytes - later
    }
}

fn read(item: &Item) -> Result<Filled, BadItem> {
    let mut open: BTreeMap<NaiveDate, Counts> = BTreeMap::new();
    for (name, value) in item {
        let (kind, day) = name.split_at_checked(name.len().saturating_sub(10)).unwrap_or_default();
        let Some(place) = NAMES.iter().position(|known| *known == kind) else { continue };
        let counts = open.entry(spelt(day, "a day's count")?).or_default();
        let value = spelt(value.as_n().map_or("", String::as_str), "a day's count")?;
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
