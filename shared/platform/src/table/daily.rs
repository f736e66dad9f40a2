//! Closes days: the usage becomes an immutable item for each user, then one for the organisation.
//!
//! One transaction moves a user's counts (`usage`) into their item, so that no crash loses or
//! doubles them. A count that arrives after its day was closed is noticed at the end of the next
//! day. It becomes an entry with both days. An empty day adds none; the last balance applies.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{Days, NaiveDate};
use domain::{
    billing::{Day, Fill, Late, Usage},
    ids::{OrganisationId, UserId},
};

use super::{
    BadItem, Error, UsageDays,
    attributes::{count, n, named, number, parse, s, text},
    key::{self, Item},
    usage::{Counts, Filled},
    write::Write,
};

/// A closed day of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pub day: Day,
    /// Counts of earlier days that were noticed at its end.
    pub late: Vec<Late>,
    /// How much of the allowance was used.
    pub fill: Fill,
}

/// A user's closed day, or late counts of an earlier day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub user: UserId,
    /// The day that the counts belong to.
    pub of: NaiveDate,
    /// The day at whose end it was written.
    pub noticed: NaiveDate,
    pub counts: Counts,
    /// Bytes at the end of `noticed`.
    pub balance: i64,
}

/// Users whose days one transaction closes, with two writes each.
const CLOSED: usize = 50;
/// Attempts while counts still arrive.
const ATTEMPTS: usize = 5;

impl UsageDays<'_> {
    /// The organisation's last closed day. 1 request.
    pub async fn last(self, organisation: &OrganisationId) -> Result<Option<Closed>, Error> {
        let page = self
            .0
            .query(key::days(organisation), None)
            .consistent()
            .ascending(false)
            .limit(1)
            .page()
            .await?;
        Ok(page.items.first().map(read_day).transpose()?)
    }

    /// The organisation's last closed day, and the days to close up to `yesterday`, in order. 1
    /// request, or 3 if no day was closed before.
    pub async fn due(
        self,
        organisation: &OrganisationId,
        yesterday: NaiveDate,
    ) -> Result<(Option<Closed>, Vec<NaiveDate>), Error> {
        let last = self.last(organisation).await?;
        let first = match &last {
            Some(last) => Some(last.day.day + Days::new(1)),
            None => self.first_day(organisation, yesterday).await?,
        };
        let days = first
            .into_iter()
            .flat_map(|first| first.iter_days().take_while(|day| *day <= yesterday));
        let days = days.collect();
        Ok((last, days))
    }

    /// The first day to close if none is closed: the first with counts, including those that an
    /// interrupted run has moved. 2 requests.
    async fn first_day(
        self,
        organisation: &OrganisationId,
        yesterday: NaiveDate,
    ) -> Result<Option<NaiveDate>, Error> {
        let page =
            self.0.query(key::dailies(organisation), None).consistent().limit(1).page().await?;
        let moved = page.items.first().map(read_entry).transpose()?.map(|entry| entry.noticed);
        let filled = self.0.usage().filled(organisation).await?;
        let counted = filled.iter().filter_map(|filled| filled.open.keys().next()).copied();
        // Usage older than daily counts becomes yesterday's balance.
        let stored = filled.iter().any(|filled| filled.bytes != 0).then_some(yesterday);
        Ok(moved.into_iter().chain(counted).min().or(stored))
    }

    /// The closed days from `first` to `last`. 1 request: a page of 1 MB holds years.
    pub async fn between(
        self,
        organisation: &OrganisationId,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<Closed>, Error> {
        if first > last {
            return Ok(Vec::new()); // which DynamoDB would refuse
        }
        let page = self
            .0
            .query(key::days(organisation), None)
            .consistent()
            .between(first, last)
            .page()
            .await?;
        Ok(page.items.iter().map(read_day).collect::<Result<_, _>>()?)
    }

    /// The entries written at the end of `day`, by user. 1 request for each MB.
    pub async fn entries(
        self,
        organisation: &OrganisationId,
        day: NaiveDate,
    ) -> Result<Vec<Entry>, Error> {
        let items = self.0.all(key::dailies(organisation), &format!("{day}#")).await?;
        Ok(items.iter().map(read_entry).collect::<Result<_, _>>()?)
    }

    /// Closes the `day` of every user and returns the totals for [`UsageDays::close`]. A repetition
    /// continues an interrupted run. 2 requests, and 1 for each `CLOSED` users with counts.
    ///
    /// # Errors
    /// [`Error::Busy`] while counts of the day keep arriving: try again.
    pub async fn close_users(
        self,
        organisation: &OrganisationId,
        day: NaiveDate,
    ) -> Result<(Day, Vec<Late>), Error> {
        for _ in 0..ATTEMPTS {
            let filled = self.0.usage().filled(organisation).await?;
            let mut entries = self.entries(organisation, day).await?;
            // The end of the next day takes a count that arrived after its entry was written.
            let (new, left) = new_entries(day, &filled, &entries);
            if self.move_counts(organisation, &new).await? {
                let balance: i64 = filled.iter().map(|filled| filled.at_end_of(day)).sum();
                entries.extend(new);
                return Ok(sum(day, balance - left, &entries));
            }
        }
        Err(Error::Busy)
    }

    /// Stores the organisation's closed day, unless it is stored already. 1 request.
    pub async fn close(self, organisation: &OrganisationId, closed: &Closed) -> Result<(), Error> {
        let mut item = key::day(organisation, closed.day.day);
        item.extend(Counts::of(&closed.day).attributes());
        item.insert("balance".to_owned(), n(closed.day.balance));
        item.insert("fill".to_owned(), s(closed.fill));
        if !closed.late.is_empty() {
            item.insert(
                "late".to_owned(),
                AttributeValue::L(closed.late.iter().map(late_value).collect()),
            );
        }
        self.0.put_new(item).await
    }

    /// Moves counts into items. Returns false if some had changed since they were read.
    async fn move_counts(
        self,
        organisation: &OrganisationId,
        entries: &[Entry],
    ) -> Result<bool, Error> {
        let mut as_read = true;
        // A transaction writes an item once, so it takes one day, with one entry for each user.
        for some in entries
            .chunk_by(|one, other| one.of == other.of)
            .flat_map(|of_a_day| of_a_day.chunks(CLOSED))
        {
            let mut writes = self.0.writes();
            for entry in some {
                writes.add(Write::put_new(entry_item(organisation, entry)));
                writes.close_counts(organisation, &entry.user, entry.of, &entry.counts);
            }
            as_read &= writes.commit().await? == Ok(());
        }
        Ok(as_read)
    }
}

/// The counts up to `day` as new entries, by day; and the bytes of counts with an entry.
fn new_entries(day: NaiveDate, filled: &[Filled], written: &[Entry]) -> (Vec<Entry>, i64) {
    let written: BTreeSet<_> = written.iter().map(|entry| (&entry.user, entry.of)).collect();
    let (mut new, mut left) = (Vec::new(), 0);
    for filled in filled {
        for (&of, &counts) in filled.open.range(..=day) {
            if written.contains(&(&filled.user, of)) {
                left += counts.net();
            } else {
                new.push(Entry {
                    user: filled.user.clone(),
                    of,
                    noticed: day,
                    counts,
                    balance: filled.at_end_of(day),
                });
            }
        }
    }
    new.sort_by_key(|entry| entry.of);
    (new, left)
}

/// Converts closed days for billing.
pub fn usage(closed: Vec<Closed>) -> Usage {
    let mut usage = Usage::default();
    for closed in closed {
        usage.days.push(closed.day);
        usage.late.extend(closed.late);
    }
    usage
}

/// Sums the users' entries to the organisation's day.
fn sum(day: NaiveDate, balance: i64, entries: &[Entry]) -> (Day, Vec<Late>) {
    let mut by_day: BTreeMap<NaiveDate, Counts> = BTreeMap::new();
    for entry in entries {
        let sum = by_day.entry(entry.of).or_default();
        *sum = sum.plus(entry.counts);
    }
    let own = by_day.remove(&day).unwrap_or_default();
    let late = by_day.into_iter().map(|(of, counts)| Late {
        day: of,
        noticed: day,
        recordings: counts.recordings,
        milliseconds: counts.milliseconds,
        added: counts.added,
        removed: counts.removed,
    });
    let Counts { recordings, milliseconds, added, removed } = own;
    (Day { day, recordings, milliseconds, added, removed, balance }, late.collect())
}

impl Counts {
    pub fn of(day: &Day) -> Self {
        Self {
            recordings: day.recordings,
            milliseconds: day.milliseconds,
            added: day.added,
            removed: day.removed,
        }
    }

    fn of_late(late: &Late) -> Self {
        Self {
            recordings: late.recordings,
            milliseconds: late.milliseconds,
            added: late.added,
            removed: late.removed,
        }
    }
}

fn entry_item(organisation: &OrganisationId, entry: &Entry) -> Item {
    let mut item = key::daily(organisation, entry.noticed, &entry.user, entry.of);
    item.extend(entry.counts.attributes());
    item.insert("balance".to_owned(), n(entry.balance));
    item
}

fn read_entry(item: &Item) -> Result<Entry, BadItem> {
    let bad = || BadItem { attribute: "sk" };
    let mut parts = text(item, "sk")?.split('#');
    let (Some(noticed), Some(user)) = (parts.next(), parts.next()) else { return Err(bad()) };
    Ok(Entry {
        user: UserId::try_from(user.to_owned()).map_err(|_| bad())?,
        of: parse(parts.next().unwrap_or(noticed), "sk")?,
        noticed: parse(noticed, "sk")?,
        counts: Counts::read(item)?,
        balance: number(item, "balance")?,
    })
}

fn late_value(late: &Late) -> AttributeValue {
    let mut item: Item = Counts::of_late(late).attributes().collect();
    item.insert("of".to_owned(), s(late.day));
    AttributeValue::M(item)
}

fn read_day(item: &Item) -> Result<Closed, BadItem> {
    let day: NaiveDate = parse(text(item, "sk")?, "sk")?;
    let Counts { recordings, milliseconds, added, removed } = Counts::read(item)?;
    let late = item
        .get("late")
        .map_or(Ok(&[][..]), |late| late.as_l().map(Vec::as_slice))
        .map_err(|_| BadItem { attribute: "late" })?;
    Ok(Closed {
        day: Day {
            day,
            recordings,
            milliseconds,
            added,
            removed,
            balance: count(item, "balance")?,
        },
        late: late.iter().map(|late| read_late(day, late)).collect::<Result<_, _>>()?,
        fill: named(item, "fill")?,
    })
}

fn read_late(noticed: NaiveDate, late: &AttributeValue) -> Result<Late, BadItem> {
    let late = late.as_m().map_err(|_| BadItem { attribute: "late" })?;
    let Counts { recordings, milliseconds, added, removed } = Counts::read(late)?;
    Ok(Late {
        day: parse(text(late, "of")?, "of")?,
        noticed,
        recordings,
        milliseconds,
        added,
        removed,
    })
}
