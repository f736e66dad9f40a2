//! PostgreSQL's result of a search: the filters defined in SQL (`reference.sql`, `search.sql`),
//! over the same data.
//!
//! PostgreSQL separates words by other means than the service. The two may differ in letters that
//! [`super::life`] never generates: those with two accents of which one makes a Swedish letter
//! (`ǟ`), and those whose lower case depends on their place (Greek final sigma).

use std::collections::BTreeSet;

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    ids::RecordingId,
    recording::{Recording, State},
    search::Order,
};
use tokio_postgres::{Client, Statement, types::ToSql};

use super::{history::History, typed::Typed};
use crate::postgres::Server;

/// PostgreSQL with the life of one organisation.
#[derive(Debug)]
pub struct Reference {
    client: Client,
    search: Statement,
    _server: Server,
}

/// A matching recording, and the steps at which it matches.
#[derive(Clone, Debug)]
pub struct Hit {
    pub id: RecordingId,
    pub steps: BTreeSet<usize>,
}

const TELL: &str = "INSERT INTO version SELECT id, since, until, username, direction, counterpart, started_at::timestamptz, state, ms, mark, \
    note, f1, f2, f3, held, expires_at::timestamptz \
    FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[], \
        $11::text[], $12::text[], $13::text[], $14::text[], $15::boolean[], $16::text[]) \
    AS v (id, since, until, username, direction, counterpart, started_at, state, ms, mark, note, f1, f2, f3, held, expires_at)";

impl Reference {
    pub async fn start() -> anyhow::Result<Self> {
        let mut server = Server::start()?;
        let client = server.connect().await?;
        client.batch_execute(include_str!("reference.sql")).await?;
        let search = client.prepare(include_str!("search.sql")).await?;
        Ok(Self { client, search, _server: server })
    }

    /// Replaces the data with this life.
    pub async fn tell(&self, history: &History) -> anyhow::Result<()> {
        self.client.batch_execute("TRUNCATE version, step").await?;
        let of = |value: fn(&Recording) -> String| {
            history.versions.iter().map(|version| value(&version.recording)).collect::<Vec<_>>()
        };
        let maybe = |value: fn(&Recording) -> Option<&str>| {
            history.versions.iter().map(|version| value(&version.recording)).collect::<Vec<_>>()
        };
        let step = |step: usize| i32::try_from(step).unwrap_or(i32::MAX);
        let since: Vec<i32> = history.versions.iter().map(|version| step(version.since)).collect();
        let until: Vec<i32> = history.versions.iter().map(|version| step(version.until)).collect();
        let lasts: Vec<i64> = history
            .versions
            .iter()
            .map(|version| version.recording.duration.num_milliseconds())
            .collect();
        let held: Vec<bool> =
            history.versions.iter().map(|version| version.recording.held_since.is_some()).collect();
        let columns: [&(dyn ToSql + Sync); 16] = [
            &of(|row| row.id.to_string()),
            &since,
            &until,
            &of(|row| row.user.to_string()),
            &of(|row| row.direction.to_string()),
            &of(|row| row.counterpart.to_string()),
            &of(|row| written(row.started_at)),
            &of(|row| state(row).to_owned()),
            &lasts,
            &maybe(|row| row.annotation.mark.as_ref().map(|mark| mark.as_str())),
            &maybe(|row| row.annotation.note.as_ref().map(|note| note.as_str())),
            &maybe(|row| row.annotation.fields[0].as_ref().map(|field| field.as_str())),
            &maybe(|row| row.annotation.fields[1].as_ref().map(|field| field.as_str())),
            &maybe(|row| row.annotation.fields[2].as_ref().map(|field| field.as_str())),
            &held,
            &of(|row| written(row.expires_at)),
        ];
        self.client.execute(TELL, &columns).await?;
        let clock: Vec<String> = history.clock.iter().map(|shows| written(*shows)).collect();
        let steps: Vec<i32> = (0..clock.len()).map(step).collect();
        let tick = "INSERT INTO step SELECT step, shows::timestamptz FROM unnest($1::int[], $2::text[]) AS s (step, shows)";
        self.client.execute(tick, &[&steps, &clock]).await?;
        Ok(())
    }

    /// The matches at the steps from `first` to `last`, in the order of the search.
    pub async fn finds(
        &self,
        typed: &Typed,
        first: usize,
        last: usize,
    ) -> anyhow::Result<Vec<Hit>> {
        let (first, last) = (i32::try_from(first)?, i32::try_from(last)?);
        let seen: Option<Vec<&str>> =
            typed.seen.as_ref().map(|users| users.iter().map(|user| user.as_str()).collect());
        let milliseconds =
            |length: Option<chrono::TimeDelta>| length.map(|length| length.num_milliseconds());
        let parameters: [&(dyn ToSql + Sync); 21] = [
            &first,
            &last,
            &seen,
            &typed.user.as_ref().map(|user| user.as_str()),
            &typed.name,
            &typed.from.map(written),
            &typed.to.map(written),
            &milliseconds(typed.longer),
            &milliseconds(typed.shorter),
            &typed.counterpart,
            &typed.number,
            &typed.direction,
            &typed.mark,
            &typed.note,
            &typed.fields[0],
            &typed.fields[1],
            &typed.fields[2],
            &typed.any_field,
            &typed.held,
            &typed.state,
            &(typed.order == Order::Newest),
        ];
        let rows = self
            .client
            .query(&self.search, &parameters)
            .await
            .context("PostgreSQL did not answer")?;
        rows.iter()
            .map(|row| {
                let steps: Vec<i32> = row.try_get(1)?;
                let id: String = row.try_get(0)?;
                Ok(Hit {
                    id: id.try_into()?,
                    steps: steps.into_iter().map(usize::try_from).collect::<Result<_, _>>()?,
                })
            })
            .collect()
    }
}

fn written(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub(crate) fn state(recording: &Recording) -> &'static str {
    match recording.state {
        State::Expected => "expected",
        State::Stored { .. } => "stored",
        State::Rejected { .. } => "rejected",
    }
}
