//! The service for the oracle: its callers search by its routes, and its own writes make changes.

pub mod in_cloud;

use std::{cell::Cell, collections::BTreeSet};

use anyhow::{Context, ensure};
use axum::Router;
use chrono::{DateTime, Utc};
use domain::{
    ids::{RecordingId, UserId},
    legend::FIRST,
    recording::{Recording, State},
    search::Position,
};
use model::{
    draw::MARKS,
    oracle::{
        life::{Happening, Life},
        paging::{Page, Searched},
        typed::Typed,
    },
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::{
    cursor,
    table::{
        Table,
        arrival::{Arrival, Outcome},
        registration::{Over, Registered},
    },
};
use serde_json::{Value, json};

use crate::{
    groups,
    indexed::take_in,
    people::{Person, found, legend, marks, user},
    request::As,
    table::{self, Watched},
};

/// The most users of an organisation; all are recorded.
pub const USERS: [&str; 8] = [
    "user00001",
    "user00002",
    "user00003",
    "user00004",
    "user00005",
    "user00006",
    "user00007",
    "user00008",
];
/// An administrator, a recorded user and three supervisors, each with the users they may see.
const CALLERS: [(&str, Option<&[usize]>); 5] = [
    ("karin", None),
    ("user00001", Some(&[0])),
    ("user00003", Some(&[2])),
    ("sara", Some(&[0, 1, 2, 3])),
    ("sofia", Some(&[1, 2, 4, 5, 6])),
];

thread_local! {
    static CLOCK: Cell<DateTime<Utc>> = const { Cell::new(DateTime::UNIX_EPOCH) };
}

fn clock() -> DateTime<Utc> {
    CLOCK.get()
}

/// The routers on a table of their own, and the index function on its stream.
pub struct OnTable {
    watched: Watched,
    index: index::App,
    search: Router,
    annotate: Router,
}

impl OnTable {
    /// An organisation with its people and no recordings.
    pub async fn new() -> anyhow::Result<Self> {
        Self::on(table::watched().await?).await
    }

    /// An organisation with its people on the given table.
    pub async fn on(watched: Watched) -> anyhow::Result<Self> {
        let table = &watched.table;
        found(table, "demo").await?;
        for user in USERS {
            Person::recorded(user).joins(table, "demo").await?;
        }
        Person::administrator("karin").joins(table, "demo").await?;
        for (supervisor, groups) in
            [("sara", [&USERS[..4], &[]]), ("sofia", [&USERS[1..3], &USERS[4..7]])]
        {
            Person { rights: &[], activated: false, ..Person::recorded(supervisor) }
                .joins(table, "demo")
                .await?;
            for (place, members) in
                groups.into_iter().enumerate().filter(|(_, members)| !members.is_empty())
            {
                let group = format!("{supervisor}-{place}");
                groups::group(table, "demo", &group, members).await?;
                groups::supervise(table, "demo", &group, supervisor, None).await?;
            }
        }
        legend(table, "demo").await?;
        marks(table, "demo", &MARKS[FIRST.len()..]).await?;
        let (search, annotate) = (
            search::App { table: table.clone(), keys: Default::default(), now: clock },
            annotate::App { table: table.clone(), now: clock },
        );
        let index = index::App { table: table.clone(), now: crate::call::now };
        Ok(Self {
            index,
            search: search::router(search),
            annotate: annotate::router(annotate),
            watched,
        })
    }

    pub fn table(&self) -> &Table {
        &self.watched.table
    }

    /// Registers the call, and stores or rejects its audio as the recording states.
    pub async fn comes(&self, recording: &Recording) -> anyhow::Result<()> {
        let registered = self
            .table()
            .recordings()
            .register(
                &Recording { state: State::Expected, ..recording.clone() },
                Over::Unregistered,
                &crate::recording::registration(),
            )
            .await?;
        ensure!(matches!(registered, Registered::Anew(_)), "{registered:?}");
        self.proceeds(recording).await?;
        self.keeps(recording, false).await
    }

    /// Stores or rejects the audio.
    async fn proceeds(&self, recording: &Recording) -> anyhow::Result<()> {
        let Recording { organisation, id, user, audio, .. } = recording.clone();
        let outcome = match &recording.state {
            State::Expected => return Ok(()),
            State::Stored { at } => {
                self.table()
                    .recordings()
                    .store(
                        &Arrival { organisation, id, user, audio },
                        &recording.duration.into(),
                        *at,
                    )
                    .await?
            }
            State::Rejected { reason } => {
                self.table().recordings().reject(recording, reason).await?
            }
        };
        ensure!(matches!(outcome, Outcome::Written), "{outcome:?}");
        Ok(())
    }

    /// Indexes the current item of the recording.
    pub async fn indexes(&self, recording: &Recording) -> anyhow::Result<()> {
        let named = take_in(&self.index, &[named(recording)]).await?;
        ensure!(named.batch_item_failures.is_empty(), "{named:?}");
        Ok(())
    }

    /// Begins or ends a hold.
    async fn keeps(&self, recording: &Recording, before: bool) -> anyhow::Result<()> {
        use aws_sdk_dynamodb::types::AttributeValue::N;
        let held = recording.held_since.map(|since| since.timestamp_millis());
        if before == held.is_some() {
            return Ok(());
        }
        let update = self.table().client.update_item().table_name(&self.table().name);
        let update = update
            .set_key(Some(platform::table::key::recording(&recording.organisation, recording.id)));
        let update = update.expression_attribute_names("#until", "until");
        let update = match held {
            Some(since) => update
                .update_expression("SET held = :since, #until = expires_at REMOVE expires_at")
                .expression_attribute_values(":since", N(since.to_string())),
            None => update.update_expression("SET expires_at = #until REMOVE held, #until"),
        };
        update.send().await?;
        Ok(())
    }

    async fn becomes(&self, before: &Recording, after: &Recording) -> anyhow::Result<()> {
        if before.annotation != after.annotation {
            let path = format!("/v1/calls/{}/annotation", after.call);
            let owner = As { organisation: "demo", user: after.user.as_str() };
            owner.put(&self.annotate, &path, &stated(after)).await?.done()?;
        }
        if before.state != after.state {
            if after.state == State::Expected {
                let over = if before.held_since.is_some() {
                    Over::RejectedAndHeld
                } else {
                    Over::Rejected
                };
                let registered = self
                    .table()
                    .recordings()
                    .register(after, over, &crate::recording::registration())
                    .await?;
                ensure!(matches!(registered, Registered::Anew(_)), "{registered:?}");
            }
            self.proceeds(after).await?;
        }
        self.keeps(after, before.held_since.is_some()).await
    }
}

impl Searched for OnTable {
    async fn happen(&mut self, happening: &Happening) -> anyhow::Result<()> {
        match (&happening.before, &happening.after) {
            (None, Some(after)) => self.comes(after).await,
            (Some(before), Some(after)) => self.becomes(before, after).await,
            (Some(before), None) => {
                let key = platform::table::key::recording(&before.organisation, before.id);
                self.table()
                    .client
                    .delete_item()
                    .table_name(&self.table().name)
                    .set_key(Some(key))
                    .send()
                    .await?;
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    async fn settle(&mut self) -> anyhow::Result<()> {
        let news = self.watched.stream.news()?;
        let heard = take_in(&self.index, &news).await?;
        ensure!(heard.batch_item_failures.is_empty(), "{heard:?}");
        Ok(())
    }

    async fn page(
        &mut self,
        typed: &Typed,
        after: Option<Position>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Page> {
        CLOCK.set(now);
        let answer = As { organisation: "demo", user: caller(typed)? }
            .get(&self.search, &path(typed, after))
            .await?
            .done()?;
        page(&answer.body)
    }
}

/// The `number`-th life of a seed, small enough for the service to write.
pub fn life(seed: u64, number: u64) -> Life {
    let mut life = Life::new(seed, number);
    life.manner.users.truncate(USERS.len());
    life.manner.recordings = life.manner.recordings.min(120);
    life.manner.wordy = life.manner.wordy.min(40);
    let users = life.manner.users.clone();
    let seen =
        |places: &[usize]| places.iter().map(|place| user(USERS[*place])).collect::<BTreeSet<_>>();
    let callers = CALLERS.into_iter().map(|(_, places)| places.map(seen));
    life.callers = callers
        .filter(|seen| {
            seen.as_ref().is_none_or(|seen| users.iter().any(|user| seen.contains(user)))
        })
        .collect();
    life
}

/// A stream record with only the recording's key.
fn named(recording: &Recording) -> Value {
    let keys = json!({ "pk": { "S": format!("{}#recording", recording.organisation) }, "sk": { "S": recording.id } });
    json!({
        "eventID": recording.id, "eventName": "MODIFY", "eventSource": "aws:dynamodb", "eventVersion": "1.1", "awsRegion": "eu-north-1",
        "dynamodb": { "Keys": keys, "SequenceNumber": "1", "SizeBytes": 1, "StreamViewType": "NEW_AND_OLD_IMAGES" },
    })
}

/// The caller who may see exactly the users of the search.
fn caller(typed: &Typed) -> anyhow::Result<&'static str> {
    let may = |places: &[usize]| places.iter().map(|place| USERS[*place]).collect::<BTreeSet<_>>();
    let seen = typed.seen.as_ref().map(|seen| seen.iter().map(UserId::as_str).collect());
    let caller = CALLERS
        .into_iter()
        .find(|(_, places)| places.map(may) == seen)
        .context("no caller sees exactly those")?;
    Ok(caller.0)
}

/// The call's complete annotation.
pub fn stated(recording: &Recording) -> Value {
    let stated = &recording.annotation;
    let [field1, field2, field3] = &stated.fields;
    json!({ "note": stated.note, "mark": stated.mark, "field1": field1, "field2": field2, "field3": field3 })
}

pub fn path(typed: &Typed, after: Option<Position>) -> String {
    let parameters =
        typed.parameters().into_iter().chain(after.map(|after| ("cursor", cursor::write(after))));
    let written: Vec<String> = parameters
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC)))
        .collect();
    format!("/v1/recordings?{}", written.join("&"))
}

/// The page in a response.
pub fn page(body: &Value) -> anyhow::Result<Page> {
    let rows = body["recordings"].as_array().context("a page has recordings")?;
    let ids = rows.iter().map(|row| {
        row["id"]
            .as_str()
            .context("a recording has an id")
            .and_then(|id| Ok(RecordingId::try_from(id.to_owned())?))
    });
    let next = body["cursor"].as_str().map(cursor::read).transpose()?;
    Ok(Page { rows: ids.collect::<anyhow::Result<_>>()?, whole: None, next, cost: None })
}
