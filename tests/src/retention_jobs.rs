//! A fixture for retention: a table, buckets and a queue, and one count of all requests.

mod workers;

use std::time::Duration;

use anyhow::Context;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_sdk_s3::primitives::ByteStream;
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::OrderId,
    recording::{Recording, Sha256},
};
use platform::{
    bucket::Bucket,
    objects,
    queue::Queue,
    removal::Stores,
    table::{Table, job::Kind, key},
};
use serde_json::{Value, json};

use crate::{
    bucket,
    call::now,
    cloud::{Cloud, cloud},
    people::{Person, found, organisation, user},
    recording::{recording, register, store},
    request::As,
    requests::Requests,
    stream, table,
    units::Units,
};

pub const KARIN: As<'_> = As { organisation: "demo", user: "karin" };

/// One organisation, with the administrator Karin and the recorded users Anna and Omar.
#[derive(Clone, Debug)]
pub struct World {
    pub stores: Stores,
    /// The bucket of reported calls and statements.
    pub calls: Bucket,
    /// The worker's messages, or removals to retry.
    pub queue: Queue,
    pub requests: Requests,
}

impl World {
    pub async fn new(test: &str) -> anyhow::Result<Self> {
        let (table, requests) = table::empty().await?;
        Self::of(test, table, requests).await
    }

    /// The same fixture on a metered table.
    pub async fn metered(test: &str) -> anyhow::Result<(Self, Units)> {
        let (table, requests, units) = table::metered().await?;
        Ok((Self::of(test, table, requests).await?, units))
    }

    async fn of(test: &str, table: Table, requests: Requests) -> anyhow::Result<Self> {
        found(&table, "demo").await?;
        for person in
            [Person::administrator("karin"), Person::recorded("anna"), Person::recorded("omar")]
        {
            person.joins(&table, "demo").await?;
        }
        let cloud = cloud()?;
        let (objects, quarantine) = bucket::pair_counted(&cloud, test, &requests).await?;
        let folders = made(&cloud, &format!("{test}-drop"), &requests).await?;
        let queue = made(&cloud, &format!("{test}-queue"), &requests).await?;
        requests.take();
        let erasures = Bucket { client: objects.client.clone(), name: format!("{test}-erasures") };
        bucket::create(&erasures.client, &cloud, &erasures.name).await?;
        let calls = Bucket { client: objects.client.clone(), name: format!("{test}-calls") };
        bucket::create(&calls.client, &cloud, &calls.name).await?;
        requests.take();
        Ok(Self {
            calls,
            stores: Stores { table, objects, quarantine, erasures, folders },
            queue,
            requests,
        })
    }

    pub fn table(&self) -> &Table {
        &self.stores.table
    }

    /// The router of the retention API at a time.
    pub fn retention(&self, now: fn() -> DateTime<Utc>) -> Router {
        retention_api::router(retention_api::App {
            table: self.stores.table.clone(),
            jobs: self.queue.clone(),
            now,
        })
    }

    /// The router of the completeness API at a time.
    pub fn completeness(&self, now: fn() -> DateTime<Utc>) -> Router {
        let (table, calls) = (self.stores.table.clone(), self.calls.clone());
        completeness::router(completeness::App { table, calls, now })
    }

    /// A stored recording with its audio in the bucket.
    pub async fn stored(
        &self,
        of: &str,
        call: &str,
        started_at: DateTime<Utc>,
    ) -> anyhow::Result<Recording> {
        let mut stored = recording("demo", of, call, started_at);
        stored.audio.sha256 = Sha256::of(call.as_bytes());
        store(self.table(), &stored).await?;
        self.put(&stored, call).await?;
        Ok(stored)
    }

    /// Registers recordings of a user, a minute apart, the youngest first, 25 in a batch.
    pub async fn many(&self, of: &str, number: i64) -> anyhow::Result<Vec<Recording>> {
        let all: Vec<_> = (0..number)
            .map(|minute| {
                recording("demo", of, &format!("{of}-{minute}"), now() - TimeDelta::minutes(minute))
            })
            .collect();
        register(self.table(), &all[0]).await?;
        let item = self.item(&all[0]).await?;
        for some in all[1..].chunks(25) {
            let puts = some.iter().map(|other| {
                let mut item = item.clone();
                item.extend(key::recording(&other.organisation, other.id));
                let texts = [
                    ("at", key::at(other.started_at, other.id)),
                    ("call", other.call.clone().into()),
                ];
                item.extend(texts.map(|(name, text)| (name.to_owned(), AttributeValue::S(text))));
                item.insert(
                    "expires_at".to_owned(),
                    AttributeValue::N(other.expires_at.timestamp().to_string()),
                );
                PutRequest::builder()
                    .set_item(Some(item))
                    .build()
                    .map(|put| WriteRequest::builder().put_request(put).build())
            });
            let write = self
                .table()
                .client
                .batch_write_item()
                .request_items(&self.table().name, puts.collect::<Result<_, _>>()?);
            write.send().await?;
        }
        Ok(all)
    }

    /// Puts a new version at the recording's key.
    pub async fn put(&self, of: &Recording, audio: &str) -> anyhow::Result<()> {
        let put = self
            .stores
            .objects
            .client
            .put_object()
            .bucket(&self.stores.objects.name)
            .key(objects::key(&of.organisation, of.id));
        put.body(ByteStream::from(audio.as_bytes().to_vec())).send().await?;
        Ok(())
    }

    /// The number of the recording's versions in both buckets, including delete markers.
    pub async fn copies(&self, of: &Recording) -> anyhow::Result<usize> {
        let key = objects::key(&of.organisation, of.id);
        Ok(self.stores.objects.copies(&key).await?.len()
            + self.stores.quarantine.copies_under(&key).await?.len())
    }

    pub async fn item(&self, of: &Recording) -> anyhow::Result<key::Item> {
        let get = self
            .table()
            .client
            .get_item()
            .table_name(&self.table().name)
            .set_key(Some(key::recording(&of.organisation, of.id)));
        Ok(get.consistent_read(true).send().await?.item.unwrap_or_default())
    }

    pub async fn is_buried(&self, of: &Recording) -> anyhow::Result<bool> {
        Ok(self.table().tombstones().buried(&of.organisation, &[of.id]).await?.contains(&of.id))
    }

    /// Removes an expired recording's item, as the table does, and returns the event of it.
    pub async fn expire(
        &self,
        of: &Recording,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Option<Value>> {
        let record =
            stream::expire(self.table(), key::recording(&of.organisation, of.id), now).await?;
        Ok(record.map(|record| json!({ "Records": [record] })))
    }

    /// The user's counted recordings, bytes and milliseconds.
    pub async fn usage(&self, of: &str) -> anyhow::Result<[i64; 3]> {
        let key = key::usage(&organisation("demo"), &user(of));
        let get = self
            .table()
            .client
            .get_item()
            .table_name(&self.table().name)
            .set_key(Some(key))
            .consistent_read(true);
        let item = get.send().await?.item.unwrap_or_default();
        let number = |name: &str| {
            item.get(name).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default()
        };
        Ok(["recordings", "bytes", "ms"].map(number))
    }

    /// The number of items of a kind.
    pub async fn count(&self, kind: &str) -> anyhow::Result<i32> {
        let query = self
            .table()
            .client
            .query()
            .table_name(&self.table().name)
            .key_condition_expression("pk = :pk");
        let pk = AttributeValue::S(format!("demo#{kind}"));
        Ok(query.expression_attribute_values(":pk", pk).send().await?.count())
    }
}

/// The deployed queue of retention jobs. Its worker finds no job of a test's own table.
pub fn jobs(cloud: &Cloud) -> Queue {
    Queue { client: cloud.sqs(), url: cloud.retention_jobs_url.clone() }
}

/// A nonexistent queue, for a test that sends nothing.
pub fn unreached() -> Queue {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .region(aws_sdk_sqs::config::Region::new("eu-north-1"))
        .credentials_provider(aws_sdk_sqs::config::Credentials::new(
            "test", "test", None, None, "test",
        ))
        .endpoint_url("http://127.0.0.1:1")
        .retry_config(aws_sdk_sqs::config::retry::RetryConfig::disabled())
        .build();
    Queue {
        client: aws_sdk_sqs::Client::from_conf(config),
        url: "http://127.0.0.1:1/orders".to_owned(),
    }
}

/// Processes one page of a job that touches no audio. Returns whether it succeeded.
pub async fn notified(table: &Table, kind: Kind, order: OrderId) -> anyhow::Result<bool> {
    let (objects, folders) = (bucket::unreached(), unreached());
    let erasures = Bucket { client: objects.client.clone(), name: "erasures".to_owned() };
    let stores = Stores {
        table: table.clone(),
        objects: objects.clone(),
        quarantine: objects,
        erasures,
        folders: folders.clone(),
    };
    let body = json!({ "organisation": "demo", "kind": kind, "job": order }).to_string();
    let event =
        json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "message", "body": body }] });
    let answer = retention_worker::handle(
        &retention_worker::App { stores, jobs: folders, now },
        serde_json::from_value(event)?,
    )
    .await?;
    Ok(answer.batch_item_failures.is_empty())
}

async fn made(cloud: &Cloud, name: &str, requests: &Requests) -> anyhow::Result<Queue> {
    let client = cloud.counted_sqs(requests);
    let url = client
        .create_queue()
        .queue_name(name)
        .send()
        .await?
        .queue_url
        .context("the queue has an address")?;
    Ok(Queue { client, url })
}

/// Holds the recording from a time on, as the worker does.
pub async fn hold(table: &Table, of: &Recording, since: DateTime<Utc>) -> anyhow::Result<()> {
    let hold = OrderId::of(&of.organisation, "hold", since);
    for seen in table.retention().seen(&of.organisation, &[of.id]).await? {
        let retained =
            seen.retained.with_hold(hold, since).context("there is something to hold")?;
        let mut writes = table.writes();
        writes.keep(&seen, &retained, None);
        anyhow::ensure!(writes.commit().await? == Ok(()), "the table refused");
    }
    Ok(())
}

/// The moment `days` after the tests' present.
pub fn days_later(days: u64) -> DateTime<Utc> {
    now() + Duration::from_secs(days * 86_400)
}
