//! Closing days: counts of stored and removed bytes become the exact usage of each day.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::{
    billing::{Fill, Month, midnight},
    ids::{OrderId, OrganisationId},
    recording::{Recording, Sha256, State},
    retention::RetentionState,
    search::{Filter, Search},
};
use platform::table::{
    Table,
    arrival::{Arrival, Outcome},
    daily::{Closed, usage},
    keeping::RetentionSnapshot,
    key,
    removal::{Copies, Removal},
    usage::ChangeKind,
};
use tests::{
    ledgers::counted,
    people::{organisation, user},
    recording::{recording, register},
    retention_jobs::hold,
    table,
    terms::day,
};

/// Random numbers from a fixed seed (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Closes all days up to `yesterday`, as the function does.
async fn close(table: &Table, of: &OrganisationId, yesterday: NaiveDate) -> anyhow::Result<()> {
    for day in table.days().due(of, yesterday).await?.1 {
        let (day, late) = table.days().close_users(of, day).await?;
        table.days().close(of, &Closed { day, late, fill: Fill::Below }).await?;
    }
    Ok(())
}

/// A stored recording, its arrival and its removal.
type Stored = (Recording, DateTime<Utc>, Option<DateTime<Utc>>);

/// The recordings of one organisation, and their expected state.
struct World {
    table: Table,
    organisation: OrganisationId,
    dice: Dice,
    stored: BTreeMap<usize, Stored>,
}

/// The day of each history. It has 25 hours, and some of its changes are counted on the day after.
const FIRST: &str = "2026-10-25";

impl World {
    fn arrival(recording: &Recording) -> Arrival {
        let Recording { organisation, id, user, audio, .. } = recording.clone();
        Arrival { organisation, id, user, audio }
    }

    /// Applies a random change at `at`.
    async fn happens(&mut self, number: usize, at: DateTime<Utc>) -> anyhow::Result<()> {
        let gone: Vec<_> = self
            .stored
            .iter()
            .filter(|(_, (_, _, gone))| gone.is_some())
            .map(|(number, _)| *number)
            .collect();
        let there: Vec<_> =
            self.stored.keys().copied().filter(|number| !gone.contains(number)).collect();
        match self.dice.roll(10) {
            // An upload, or refused audio, which does not count.
            rolled @ 0..=5 => {
                let of = ["anna", "omar", "maja"][self.dice.roll(3) as usize];
                let mut one =
                    recording(self.organisation.as_str(), of, &format!("call-{number}"), at);
                (one.audio.length, one.audio.sha256) =
                    (1 + self.dice.roll(40_000_000), Sha256([number as u8; 32]));
                register(&self.table, &one).await?;
                if rolled == 5 {
                    self.table.recordings().reject(&one, "no audio").await?;
                    return Ok(());
                }
                let outcome = self
                    .table
                    .recordings()
                    .store(&Self::arrival(&one), &one.duration.into(), at)
                    .await?;
                anyhow::ensure!(matches!(outcome, Outcome::Written), "{outcome:?}");
                self.stored.insert(number, (one, at, None));
            }
            // The event of an existing recording arrives again.
            6 if !there.is_empty() => {
                let (one, ..) = &self.stored[&there[self.dice.roll(there.len() as u64) as usize]];
                let outcome = self
                    .table
                    .recordings()
                    .store(&Self::arrival(one), &one.duration.into(), at)
                    .await?;
                anyhow::ensure!(matches!(outcome, Outcome::Otherwise(Some(_))), "{outcome:?}");
            }
            // A recording is held; or it expires or is erased, unless it is held.
            7..=9 if !there.is_empty() => {
                let which = there[self.dice.roll(there.len() as u64) as usize];
                if self.dice.roll(3) == 0 && !self.seen(which).await?.retained.is_held() {
                    hold(&self.table, &self.stored[&which].0, at).await?;
                } else if self.ends(which, at).await? {
                    self.stored.entry(which).and_modify(|(_, _, gone)| *gone = Some(at));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A recording expires or is erased, notified twice. False if it is held and remains.
    async fn ends(&mut self, which: usize, at: DateTime<Utc>) -> anyhow::Result<bool> {
        let seen = self.seen(which).await?;
        let Some(erased) = seen.retained.erased(at) else { return Ok(false) };
        let erasure = OrderId::of(&self.organisation, "erasure", at);
        let (retained, erasure) = if self.dice.roll(2) == 0 {
            (erased, Some(erasure))
        } else {
            (RetentionState { day: at, ..seen.retained.clone() }, None)
        };
        let mut writes = self.table.writes();
        writes.keep(&seen, &retained, erasure);
        anyhow::ensure!(writes.commit().await? == Ok(()), "its end was refused");
        let removal = Removal::of(&self.seen(which).await?)?;
        if erasure.is_none() {
            let gone = self.table.client.delete_item().table_name(&self.table.name); // as the table does at its expiry
            gone.set_key(Some(key::recording(&self.organisation, removal.id))).send().await?;
        }
        for _ in 0..2 {
            self.table.removals().receipt(&removal, Copies::default(), at).await?;
        }
        if let Some((erasure, ended_at)) = removal.erasure() {
            self.table.tombstones().bury(&removal, erasure, ended_at).await?;
        }
        Ok(true)
    }

    async fn seen(&self, which: usize) -> anyhow::Result<RetentionSnapshot> {
        let seen =
            self.table.retention().seen(&self.organisation, &[self.stored[&which].0.id]).await?;
        seen.into_iter().next().context("the recording is there")
    }

    /// The bytes stored at the end of `day`.
    fn there(&self, day: NaiveDate) -> i64 {
        let end = midnight(day + Days::new(1));
        let there = self
            .stored
            .values()
            .filter(|(_, came, gone)| *came < end && gone.is_none_or(|gone| gone >= end));
        there.map(|(one, ..)| one.audio.length as i64).sum()
    }

    /// The bytes of the recordings in the table.
    async fn in_table(&self) -> anyhow::Result<i64> {
        let filter = Filter::default();
        let search = Search {
            filter: &filter,
            order: Default::default(),
            limit: 1000,
            after: None,
            now: midnight(day(FIRST)),
        };
        let page = self.table.index().page(&self.organisation, &search).await?;
        anyhow::ensure!(page.next.is_none(), "there are more than a page");
        let stored = page.rows.iter().filter(|row| matches!(row.state, State::Stored { .. }));
        Ok(stored.map(|row| row.audio.length as i64).sum())
    }
}

/// One random history, with each day closed at its end.
async fn history(table: Table, number: u64) -> anyhow::Result<()> {
    let organisation = organisation(&format!("org-{number}"));
    let mut world =
        World { table, organisation, dice: Dice(number * 2 + 1), stored: BTreeMap::new() };
    let first = day(FIRST);
    let mut called = 0;
    for today in first.iter_days().take(1) {
        // Some changes from before midnight are counted after the day was closed.
        let late = world.dice.roll(3);
        for _ in 0..3 + world.dice.roll(4) {
            called += 1;
            let at = midnight(today) + TimeDelta::seconds(world.dice.roll(23 * 3600) as i64);
            world.happens(called, at).await?;
        }
        close(&world.table, &world.organisation, today).await?;
        for _ in 0..late {
            called += 1;
            world.happens(called, midnight(today + Days::new(1)) - TimeDelta::seconds(1)).await?;
        }
    }
    let yesterday = first + Days::new(1);
    close(&world.table, &world.organisation, yesterday).await?;
    let days = world.table.days().between(&world.organisation, first, yesterday).await?;
    let known = usage(days.clone());
    for closed in &days {
        let at = closed.day.day;
        let lacking = known.late.iter().filter(|late| late.day <= at && at < late.noticed);
        let balance = closed.day.balance
            + lacking.map(|late| late.added as i64 - late.removed as i64).sum::<i64>();
        anyhow::ensure!(
            balance == world.there(at),
            "{number}: {at} has {balance}, not {}",
            world.there(at)
        );
    }
    let filled = world.table.usage().filled(&world.organisation).await?;
    let now: i64 = filled.iter().map(|filled| filled.bytes).sum();
    anyhow::ensure!(
        now == world.there(yesterday) && now == world.in_table().await?,
        "{number}: {now} bytes now"
    );
    anyhow::ensure!(
        filled.iter().all(|filled| filled.open.is_empty()),
        "{number}: something is open"
    );
    by_user(&world, &days).await
}

/// Checks that the users' days add up to the organisation's.
async fn by_user(world: &World, days: &[Closed]) -> anyhow::Result<()> {
    for closed in days {
        let entries = world.table.days().entries(&world.organisation, closed.day.day).await?;
        let own = entries.iter().filter(|entry| entry.of == closed.day.day);
        let (mut added, mut removed, mut recordings) = (0, 0, 0);
        for entry in own {
            (added, removed, recordings) = (
                added + entry.counts.added,
                removed + entry.counts.removed,
                recordings + entry.counts.recordings,
            );
        }
        anyhow::ensure!(
            (added, removed, recordings)
                == (closed.day.added, closed.day.removed, closed.day.recordings),
            "{closed:?}"
        );
    }
    Ok(())
}

/// 250 random days, each in an organisation of its own.
async fn histories(first: u64) -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    for number in first..first + 250 {
        history(table.clone(), number).await?;
    }
    Ok(())
}

#[tokio::test]
async fn usage_equals_the_stored_bytes_of_a_random_day() -> anyhow::Result<()> {
    histories(0).await
}

#[tokio::test]
async fn usage_equals_the_stored_bytes_of_another_random_day() -> anyhow::Result<()> {
    histories(250).await
}

#[tokio::test]
async fn usage_equals_the_stored_bytes_of_a_third_random_day() -> anyhow::Result<()> {
    histories(500).await
}

#[tokio::test]
async fn usage_equals_the_stored_bytes_of_a_fourth_random_day() -> anyhow::Result<()> {
    histories(750).await
}

#[tokio::test]
async fn counting_by_day_costs_no_extra_write_unit() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    for hour in 0..72 {
        counted(
            &table,
            "demo",
            "anna",
            ChangeKind::Stored,
            u64::from(u32::MAX),
            midnight(day("2026-11-24")) + TimeDelta::hours(hour),
        )
        .await?;
        counted(
            &table,
            "demo",
            "anna",
            ChangeKind::Removed,
            u64::from(u32::MAX),
            midnight(day("2026-11-24")) + TimeDelta::hours(hour),
        )
        .await?;
    }
    let item = table
        .client
        .get_item()
        .table_name(&table.name)
        .set_key(Some(key::usage(&organisation("demo"), &user("anna"))));
    let item = item.send().await?.item.unwrap_or_default();
    let bytes: usize = item
        .iter()
        .map(|(name, value)| name.len() + value.as_s().or(value.as_n()).map_or(0, String::len))
        .sum();
    assert_eq!(item.len(), 2 + 3 + 3 * 4, "{item:?}");
    assert!(bytes < 1024, "an item of three open days has {bytes} bytes, and a write unit is 1024");
    Ok(())
}

#[tokio::test]
async fn an_interrupted_closing_of_the_first_day_is_completed_later() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    let demo = organisation("demo");
    counted(&table, "demo", "anna", ChangeKind::Stored, 5, midnight(day("2026-11-20"))).await?;
    table.days().close_users(&demo, day("2026-11-20")).await?; // interrupted here
    counted(&table, "demo", "anna", ChangeKind::Stored, 7, midnight(day("2026-11-20"))).await?;
    close(&table, &demo, day("2026-11-22")).await?;
    let known = usage(table.days().between(&demo, day("2026-11-01"), day("2026-11-30")).await?);
    let balances: Vec<_> = known.days.iter().map(|day| day.balance).collect();
    assert_eq!(balances, [5, 12, 12]);
    assert_eq!(
        (known.late[0].day, known.late[0].noticed, known.late[0].added),
        (day("2026-11-20"), day("2026-11-21"), 7)
    );
    Ok(())
}

#[tokio::test]
async fn a_skipped_day_is_closed_with_the_next() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    let demo = organisation("demo");
    let noon = |text| midnight(day(text)) + TimeDelta::hours(12);
    counted(&table, "demo", "anna", ChangeKind::Stored, 5, noon("2026-11-20")).await?;
    counted(&table, "demo", "anna", ChangeKind::Stored, 7, noon("2026-11-22")).await?;
    counted(&table, "demo", "omar", ChangeKind::Removed, 2, noon("2026-11-22")).await?;
    close(&table, &demo, day("2026-11-22")).await?;
    close(&table, &demo, day("2026-11-22")).await?;
    let month = Month::of(day("2026-11-01"));
    let days = table.days().between(&demo, month.first(), month.last()).await?;
    let shown: Vec<_> =
        days.iter().map(|closed| (closed.day.day.to_string(), closed.day.balance)).collect();
    assert_eq!(
        shown,
        [("2026-11-20".to_owned(), 5), ("2026-11-21".to_owned(), 5), ("2026-11-22".to_owned(), 10)]
    );
    assert!(days.iter().all(|closed| closed.late.is_empty()));
    Ok(())
}
