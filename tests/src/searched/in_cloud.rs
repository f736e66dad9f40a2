//! The service in the local cloud, searched through its front door with tokens. The app registers
//! the calls and uploads their audio.
//!
//! Tests share the organisation, so each life searches only its own period, months ago.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    recording::{Recording, State},
    search::{Position, Posting},
};
use model::oracle::{
    life::{Happening, Life},
    paging::{Page, Searched},
    typed::Typed,
};
use platform::table::{
    Table,
    key::{self, Item},
};
use serde_json::{Value, json};

use super::{page, path, stated};
use crate::{
    call::{sha256, silence},
    door::{Door, answer},
    people::user,
};

/// The recorded users, and each caller with the users they may see.
const USERS: [&str; 3] = ["anna", "maja", "omar"];
const CALLERS: [(&str, Option<&[&str]>); 4] = [
    ("karin", None),
    ("anna", Some(&["anna"])),
    ("omar", Some(&["omar"])),
    ("sara", Some(&["anna", "maja"])),
];
/// Checks for indexed items, a twentieth of a second apart.
const LOOKS: usize = 600;

pub struct InCloud {
    door: Door,
    table: Table,
    tokens: HashMap<&'static str, String>,
    /// The recordings that changed since every change could be searched.
    news: Vec<Recording>,
}

impl InCloud {
    pub async fn open() -> anyhow::Result<Self> {
        let door = Door::open()?;
        let mut tokens = HashMap::new();
        for name in USERS.into_iter().chain(CALLERS.map(|(name, _)| name)) {
            tokens.insert(name, door.cloud.token(name).await?);
        }
        Ok(Self { table: door.cloud.table(), door, tokens, news: Vec::new() })
    }

    fn token(&self, name: &str) -> anyhow::Result<&str> {
        self.tokens
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("{name} has not signed in"))
    }

    /// Registers the call, and uploads valid or invalid audio unless it is to remain expected.
    async fn send(&self, recording: &Recording) -> anyhow::Result<()> {
        let token = self.token(recording.user.as_str())?;
        let sound = silence(recording.duration.num_seconds().try_into()?);
        let audio = if matches!(recording.state, State::Rejected { .. }) {
            b"this is no audio".to_vec()
        } else {
            sound
        };
        let (status, registered) =
            answer(self.door.post("/v1/recordings", &call(recording, &audio)), token).await?;
        ensure!(status == 201 || status == 200, "{status}: {registered}");
        if recording.state == State::Expected {
            return Ok(());
        }
        self.door.send(&registered["upload"], &audio).await?;
        let settled = self.door.settled(&recording.id.to_string(), token).await?;
        let state =
            if matches!(recording.state, State::Stored { .. }) { "stored" } else { "rejected" };
        ensure!(settled["state"] == state, "{settled}");
        Ok(())
    }

    async fn annotate(&self, recording: &Recording) -> anyhow::Result<()> {
        let token = self.token(recording.user.as_str())?;
        let put =
            self.door.put(&format!("/v1/calls/{}/annotation", recording.call), &stated(recording));
        let (status, annotated) = answer(put, token).await?;
        ensure!(status == 200, "{status}: {annotated}");
        Ok(())
    }

    /// Whether the table contains every item by which the recording is found.
    async fn is_indexed(&self, recording: &Recording) -> anyhow::Result<bool> {
        let (organisation, at) =
            (&recording.organisation, key::at(recording.started_at, recording.id));
        let mut keys = Vec::new();
        for posting in Posting::of(recording) {
            if let Posting::Word(place, word) = &posting {
                keys.push(key::word(organisation, *place, word));
            }
            keys.push(key::posted(organisation, &posting, at.clone()));
        }
        if let Some(digits) = recording.counterpart.digits() {
            keys.extend([key::number(organisation, digits), key::ending(organisation, digits)]);
        }
        for key in keys {
            if !self.exists(key).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn exists(&self, key: Item) -> anyhow::Result<bool> {
        Ok(self
            .table
            .client
            .get_item()
            .table_name(&self.table.name)
            .set_key(Some(key))
            .send()
            .await?
            .item
            .is_some())
    }
}

impl Searched for InCloud {
    async fn happen(&mut self, happening: &Happening) -> anyhow::Result<()> {
        let after = happening.after.as_ref().context("nothing is removed here")?;
        let before = happening.before.as_ref();
        if before.is_none_or(|before| before.state != after.state) {
            self.send(after).await?;
        }
        if before.is_none_or(|before| before.annotation != after.annotation) {
            self.annotate(after).await?;
        }
        self.news.push(after.clone());
        Ok(())
    }

    async fn settle(&mut self) -> anyhow::Result<()> {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        // A recording that changed twice counts once, in its last version.
        let latest: HashMap<_, _> = std::mem::take(&mut self.news)
            .into_iter()
            .map(|recording| (recording.id, recording))
            .collect();
        for recording in latest.values() {
            let mut looks = 0;
            while !self.is_indexed(recording).await? {
                looks += 1;
                if looks == LOOKS {
                    bail!("{} was not indexed after {LOOKS} looks", recording.id);
                }
                look.tick().await;
            }
        }
        Ok(())
    }

    async fn page(
        &mut self,
        typed: &Typed,
        after: Option<Position>,
        _: DateTime<Utc>,
    ) -> anyhow::Result<Page> {
        let seen = |names: &[&str]| names.iter().map(|name| user(name)).collect();
        let caller = CALLERS
            .into_iter()
            .find(|(_, names)| names.map(seen) == typed.seen)
            .context("no caller sees exactly those")?;
        let (status, body) =
            answer(self.door.get(&path(typed, after)), self.token(caller.0)?).await?;
        ensure!(status == 200, "{status}: {body}");
        page(&body)
    }
}

/// The `number`-th life of a seed, in a period of its own, of the demonstration's users. `run`
/// separates its calls from another run's.
pub fn life(seed: u64, number: u64, run: DateTime<Utc>) -> Life {
    let mut life = Life::new(seed, number);
    let manner = &mut life.manner;
    let before = TimeDelta::days(30 * i64::try_from(number % 5 + 1).unwrap_or(1));
    let (begins, days) = ((run - before).trunc_subsecs(3), TimeDelta::days(20));
    manner.recordings = manner.recordings.min(50);
    manner.users = USERS.map(user).to_vec();
    manner.wordy = manner.wordy.min(20);
    manner.lengths = (1..=4).map(TimeDelta::seconds).collect();
    manner.spread = manner.spread.min(days);
    let off = begins - manner.begins;
    manner.moments =
        manner.moments.iter().map(|moment| (*moment + off).max(begins - days)).collect();
    manner.called = format!("oracle-{}-{number}-", run.timestamp_millis());
    manner.days = 180;
    (manner.begins, manner.plain) = (begins, true);
    life.now = run;
    life.window = Some((begins - days, begins + TimeDelta::milliseconds(1)));
    life.callers = CALLERS
        .map(|(_, names)| names.map(|names| names.iter().map(|name| user(name)).collect()))
        .to_vec();
    life
}

/// The call as the app registers it.
fn call(recording: &Recording, audio: &[u8]) -> Value {
    json!({
        "callId": recording.call,
        "direction": recording.direction,
        "counterpart": recording.counterpart,
        "startedAt": recording.started_at,
        "durationMs": recording.duration.num_milliseconds(),
        "contentType": "audio/wav",
        "contentLength": audio.len(),
        "sha256": sha256(audio),
    })
}
