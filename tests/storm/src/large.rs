//! The night of an organisation with many objects, which takes several invocations.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_dynamodb::types::AttributeValue::N;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::RecordingId, recording::Recording, recording::Sha256};
use platform::{
    objects,
    table::{Table, arrival::Arrival, key, reconcile::Finding, reconcile::Reconciled},
};
use serde_json::json;
use tests::{
    people::{Person, found, organisation, user},
    recording::{recording, register},
};
use tokio::time::Instant;

use crate::{
    aws::{Aws, Process},
    clock,
    function::{BUCKETS, CALLS, Clients, RECORDINGS},
    storm::BEGUN,
    weather::Weather,
};

const LARGE: &str = "large";
const QUEUE: &str = "reconcile-queue";
const AUDIO: &[u8] = b"audio";
/// Recordings with an item: of the day, and older ones. The others are objects alone.
const OF_THE_DAY: usize = 100;
const OLDER: usize = 150;

/// An organisation with many objects.
#[derive(Clone, Copy, Debug)]
pub struct Large {
    pub objects: usize,
    /// Versions on a page of the listing, and pages of an invocation.
    pub page: usize,
    pub pages: usize,
    /// The longest time of a request. The mean is a seventh, as short ones are as likely as long ones.
    pub latency: Duration,
}

/// How a night went.
#[derive(Clone, Debug, Default)]
pub struct Night {
    /// The time of each invocation.
    pub took: Vec<Duration>,
    pub requests: u64,
    pub findings: Vec<Finding>,
    pub state: Reconciled,
    /// The longest message that it sent itself, in bytes.
    pub message: usize,
}

/// The organisation before a night, for tests to change.
#[derive(Debug)]
pub struct Scene {
    aws: std::sync::Arc<Aws>,
    clients: Clients,
    large: Large,
    pub of_the_day: Vec<Recording>,
}

impl Large {
    /// Runs nights of this organisation, on virtual time.
    pub fn run<T>(
        self,
        nights: impl AsyncFnOnce(&mut Scene) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        runtime.block_on(async { nights(&mut Scene::set(self).await?).await })
    }
}

impl Scene {
    async fn set(large: Large) -> anyhow::Result<Self> {
        let begun: DateTime<Utc> = BEGUN.parse()?;
        clock::start(begun);
        let aws = Aws::new(1, Weather::calm(), None)?;
        for (name, versioned) in BUCKETS {
            aws.store.create(name, versioned);
        }
        for name in ["queue", QUEUE] {
            aws.queues().create(name, TimeDelta::hours(2), TimeDelta::days(2), 5);
        }
        aws.store.list_by(large.page);
        let process = Process::start();
        process.invoke(Default::default(), 0, true);
        let clients = Clients::of(&aws, &process);
        let table = clients.table();
        found(&table, LARGE).await?;
        Person::recorded("anna").joins(&table, LARGE).await?;
        let mut of_the_day = Vec::new();
        for number in 0..OF_THE_DAY + OLDER {
            let days = if number < OF_THE_DAY { 0 } else { 2 + number as i64 % 100 };
            let at = begun - TimeDelta::days(days) + TimeDelta::seconds(number as i64);
            let call = stored(&table, &format!("call-{number}"), at).await?;
            aws.store.put(RECORDINGS, &key_of(&call), AUDIO, begun - TimeDelta::days(days));
            if number < OF_THE_DAY {
                of_the_day.push(call);
            }
        }
        for number in OF_THE_DAY + OLDER..large.objects {
            let call = format!("old-{number}").try_into()?;
            let id = RecordingId::of(&organisation(LARGE), &call);
            let at = begun - TimeDelta::days(30);
            aws.store.put(RECORDINGS, &objects::key(&organisation(LARGE), id), AUDIO, at);
        }
        let mut scene = Self { aws, clients, large, of_the_day };
        let unregistered = large.objects.saturating_sub(OF_THE_DAY + OLDER);
        scene.count(unregistered as i64).await?;
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        scene.aws.catch_up()?;
        scene.aws.set_weather(Weather { latency: large.latency, ..Weather::calm() });
        Ok(scene)
    }

    /// Adds to the count of the user's stored recordings.
    pub async fn count(&mut self, recordings: i64) -> anyhow::Result<()> {
        let table = self.clients.table();
        let update = table.client.update_item().table_name(&table.name);
        let update = update
            .set_key(Some(key::usage(&organisation(LARGE), &user("anna"))))
            .update_expression("ADD recordings :recordings, #bytes :bytes")
            .expression_attribute_names("#bytes", "bytes")
            .expression_attribute_values(":recordings", N(recordings.to_string()))
            .expression_attribute_values(
                ":bytes",
                N((recordings * AUDIO.len() as i64).to_string()),
            );
        update.send().await?;
        Ok(())
    }

    /// Removes the audio of a recording.
    pub async fn lose(&self, of: &Recording) -> anyhow::Result<()> {
        let bucket = self.clients.bucket(RECORDINGS);
        let key = key_of(of);
        for version in bucket.object(&key).await?.versions {
            bucket.remove(&key, Some(&version.name)).await?;
        }
        Ok(())
    }

    /// Puts an object at a key of the organisation.
    pub fn put(&self, name: &str) {
        let key = format!("recordings/{LARGE}/{name}");
        self.aws.store.put(RECORDINGS, &key, AUDIO, clock::now());
    }

    /// Reconciles a night, until no message is left.
    pub async fn night(&mut self) -> anyhow::Result<Night> {
        let app = reconcile::App {
            table: self.clients.table(),
            objects: self.clients.bucket(RECORDINGS),
            calls: self.clients.bucket(CALLS),
            ingest: self.clients.queue("queue"),
            queue: self.clients.queue(QUEUE),
            missing_percent: 1.0,
            pages: self.large.pages,
            now: clock::now,
        };
        let requests = |aws: &Aws| aws.requests.load(std::sync::atomic::Ordering::Relaxed);
        let (before, mut night) = (requests(&self.aws), Night::default());
        let order = json!({ "organisation": LARGE, "night": clock::now() }).to_string();
        let mut next = Some(order);
        while let Some(body) = next.take() {
            night.message = night.message.max(body.len());
            let record = json!({ "eventSource": "aws:sqs", "messageId": "m", "body": body });
            let event = serde_json::from_value(json!({ "Records": [record] }))?;
            let started = Instant::now();
            let answer = reconcile::handle(&app, event).await;
            let answer = answer.map_err(|error| anyhow::anyhow!("{error}"))?;
            let answer = serde_json::to_value(answer)?;
            anyhow::ensure!(answer == json!({ "batchItemFailures": [] }), "{answer}");
            night.took.push(started.elapsed());
            tokio::time::sleep(Duration::from_secs(1)).await; // until the message arrives
            let message = self.aws.queues().receive(QUEUE, 1).pop();
            next = message.map(|message| {
                self.aws.queues().delete(QUEUE, &message.id, None);
                message.body
            });
        }
        night.requests = requests(&self.aws) - before;
        let of = organisation(LARGE);
        night.findings = app.table.findings().page(&of, 1_000, None).await?.0;
        night.state = app.table.findings().state(&of).await?.context("the night's state")?;
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        self.aws.catch_up()?;
        Ok(night)
    }
}

async fn stored(table: &Table, call: &str, at: DateTime<Utc>) -> anyhow::Result<Recording> {
    let mut of = recording(LARGE, "anna", call, at);
    (of.audio.length, of.audio.sha256) = (AUDIO.len() as u64, Sha256::of(AUDIO));
    register(table, &of).await?;
    let Recording { organisation, id, user, audio, .. } = of.clone();
    let arrival = Arrival { organisation, id, user, audio };
    table.recordings().store(&arrival, &of.duration.into(), clock::now()).await?;
    Ok(of)
}

fn key_of(of: &Recording) -> String {
    objects::key(&of.organisation, of.id)
}
