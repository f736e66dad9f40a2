//! PostgreSQL with suitable indexes, to compare the rows and buffers that a search reads.

use std::ops::AddAssign;

use anyhow::Context;
use domain::{
    recording::Recording,
    search::{Filter, Marked, StateName, Words, tokens},
};
use serde_json::Value;
use tokio_postgres::{Client, types::ToSql};

use crate::{oracle::reference::state, postgres::Server};

/// PostgreSQL with an organisation's recordings.
#[derive(Debug)]
pub struct Beside {
    client: Client,
    _server: Server,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    pub rows: u64,
    /// Buffers of 8 KB, or half RCUs.
    pub blocks: u64,
}

impl AddAssign for Taken {
    fn add_assign(&mut self, other: Self) {
        *self = Self { rows: self.rows + other.rows, blocks: self.blocks + other.blocks };
    }
}

/// The number of recordings in one insert.
const AT_ONCE: usize = 5_000;

/// Every filter has its index. The service's own rules separate the words.
const TABLE: &str = "
    CREATE UNLOGGED TABLE recording (
        id text COLLATE \"C\" PRIMARY KEY, username text, direction text, counterpart text COLLATE \"C\", started_at bigint, state text,
        ms bigint, mark text, held boolean, note tsvector, f1 tsvector, f2 tsvector, f3 tsvector, fields tsvector, filler text)";
const INDEXES: &str = "
    CREATE INDEX ON recording (started_at, id);
    CREATE INDEX ON recording (username, started_at, id);
    CREATE INDEX ON recording (counterpart, started_at, id);
    CREATE INDEX ON recording (reverse(counterpart) COLLATE \"C\");
    CREATE INDEX ON recording (mark, started_at, id) WHERE mark IS NOT NULL;
    CREATE INDEX ON recording (direction, started_at, id);
    CREATE INDEX ON recording (ms) WHERE state = 'stored';
    CREATE INDEX ON recording (started_at, id) WHERE held;
    CREATE INDEX ON recording (started_at, id) WHERE state = 'rejected';
    CREATE INDEX ON recording USING gin (note) WITH (fastupdate = off);
    CREATE INDEX ON recording USING gin (f1) WITH (fastupdate = off);
    CREATE INDEX ON recording USING gin (fields) WITH (fastupdate = off);
    VACUUM ANALYZE recording;";
const PUT: &str = "INSERT INTO recording
    SELECT id, username, direction, counterpart, started_at, state, ms, mark, held, said(note), said(f1), said(f2), said(f3),
        said(concat_ws(' ', f1, f2, f3)), repeat('x', 100)
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::boolean[],
        $10::text[], $11::text[], $12::text[], $13::text[])
    AS r (id, username, direction, counterpart, started_at, state, ms, mark, held, note, f1, f2, f3)";
const STATED: &str = "CREATE FUNCTION said(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS
    $$ SELECT array_to_tsvector(array_remove(string_to_array(words, ' '), '')) $$";

impl Beside {
    pub async fn start(recordings: impl Iterator<Item = &Recording>) -> anyhow::Result<Self> {
        let mut server = Server::start()?;
        let client = server.connect().await?;
        let beside = Self { client, _server: server };
        beside.client.batch_execute(&format!("{TABLE}; {STATED}")).await?;
        let recordings: Vec<&Recording> = recordings.collect();
        for some in recordings.chunks(AT_ONCE) {
            beside.put(some).await?;
        }
        for statement in INDEXES.split(';').filter(|statement| !statement.trim().is_empty()) {
            beside.client.batch_execute(statement).await?;
        }
        Ok(beside)
    }

    async fn put(&self, recordings: &[&Recording]) -> anyhow::Result<()> {
        let texts = |value: fn(&Recording) -> String| {
            recordings.iter().map(|row| value(row)).collect::<Vec<String>>()
        };
        let numbers = |value: fn(&Recording) -> i64| {
            recordings.iter().map(|row| value(row)).collect::<Vec<i64>>()
        };
        let marks: Vec<Option<&str>> = recordings
            .iter()
            .map(|row| row.annotation.mark.as_ref().map(|mark| mark.as_str()))
            .collect();
        let held: Vec<bool> = recordings.iter().map(|row| row.held_since.is_some()).collect();
        let columns: [&(dyn ToSql + Sync); 13] = [
            &texts(|row| row.id.to_string()),
            &texts(|row| row.user.to_string()),
            &texts(|row| row.direction.to_string()),
            &texts(|row| row.counterpart.to_string()),
            &numbers(|row| row.started_at.timestamp_millis()),
            &texts(|row| state(row).to_owned()),
            &numbers(|row| row.duration.num_milliseconds()),
            &marks,
            &held,
            &texts(|row| words_of(row.annotation.note.as_ref().map_or("", |note| note.as_str()))),
            &texts(|row| field(row, 0)),
            &texts(|row| field(row, 1)),
            &texts(|row| field(row, 2)),
        ];
        self.client.execute(PUT, &columns).await?;
        Ok(())
    }

    /// The cost of a page of 50, with one more row to know whether there is a next page.
    pub async fn takes(&self, filter: &Filter) -> anyhow::Result<Taken> {
        let search = format!(
            "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT * FROM recording WHERE {} ORDER BY started_at DESC, id DESC LIMIT 51",
            conditions(filter).join(" AND ")
        );
        let row = self.client.query_one(&search, &[]).await.with_context(|| search.clone())?;
        let notified: Value = row.try_get(0)?;
        let plan = &notified[0]["Plan"];
        let buffers = ["Shared Hit Blocks", "Shared Read Blocks"]
            .map(|kind| plan[kind].as_u64().unwrap_or_default());
        Ok(Taken { rows: visited(plan), blocks: buffers.iter().sum() })
    }
}

/// The rows that the scans of a query plan read.
fn visited(plan: &Value) -> u64 {
    let number = |name: &str| plan[name].as_f64().unwrap_or_default();
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    let own = if kind.ends_with("Scan") && kind != "Bitmap Index Scan" {
        (number("Actual Rows")
            + number("Rows Removed by Filter")
            + number("Rows Removed by Index Recheck"))
            * number("Actual Loops")
    } else {
        0.0
    };
    own as u64 + plan["Plans"].as_array().into_iter().flatten().map(visited).sum::<u64>()
}

/// The conditions of the filter. Generated values contain no quotation mark.
fn conditions(filter: &Filter) -> Vec<String> {
    let mut all = vec!["true".to_owned()];
    all.extend(filter.from.map(|from| format!("started_at >= {}", from.timestamp_millis())));
    all.extend(filter.to.map(|to| format!("started_at < {}", to.timestamp_millis())));
    all.extend(filter.users.as_ref().map(|users| {
        let names: Vec<String> = users.iter().map(|user| format!("'{user}'")).collect();
        format!("username IN ({})", names.join(", "))
    }));
    all.extend(
        filter
            .longer
            .map(|least| format!("state = 'stored' AND ms >= {}", least.num_milliseconds())),
    );
    all.extend(
        filter
            .shorter
            .map(|most| format!("state = 'stored' AND ms <= {}", most.num_milliseconds())),
    );
    all.extend(
        filter.counterpart.as_ref().map(|counterpart| format!("counterpart = '{counterpart}'")),
    );
    all.extend(filter.number.as_ref().map(|digits| {
        let beginning = format!("counterpart LIKE '+{}%'", digits.beginning());
        let end = digits.end().map(|end| {
            format!("reverse(counterpart) LIKE '{}%'", end.chars().rev().collect::<String>())
        });
        format!("({})", std::iter::once(beginning).chain(end).collect::<Vec<_>>().join(" OR "))
    }));
    all.extend(filter.direction.map(|direction| format!("direction = '{direction}'")));
    all.extend(filter.mark.as_ref().map(|mark| match mark {
        Marked::With(mark) => format!("mark = '{}'", mark.as_str()),
        Marked::Without => "mark IS NULL".to_owned(),
    }));
    let texts = [
        ("note", &filter.note),
        ("fields", &filter.any_field),
        ("f1", &filter.fields[0]),
        ("f2", &filter.fields[1]),
        ("f3", &filter.fields[2]),
    ];
    all.extend(texts.iter().filter_map(|(column, words)| {
        Some(format!("{column}  '{}'::tsquery", query(words.as_ref()?)))
    }));
    all.extend(
        filter.held.map(|held| if held { "held".to_owned() } else { "NOT held".to_owned() }),
    );
    all.extend(filter.state.map(|state| match state {
        StateName::Expected => "state = 'expected'".to_owned(),
        StateName::Stored => "state = 'stored'".to_owned(),
        StateName::Rejected => "state = 'rejected'".to_owned(),
    }));
    all
}

fn query(words: &Words) -> String {
    let whole = words.whole().iter().map(ToString::to_string);
    whole.chain([format!("{}:*", words.beginning())]).collect::<Vec<_>>().join(" & ")
}

fn words_of(text: &str) -> String {
    tokens(text).join(" ")
}

fn field(recording: &Recording, place: usize) -> String {
    words_of(recording.annotation.fields[place].as_ref().map_or("", |field| field.as_str()))
}
