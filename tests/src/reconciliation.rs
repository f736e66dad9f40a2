//! A fixture for the nightly reconciliation: a day of recordings with audio and words, and
//! operations that damage it.
//!
//! The buckets use their own clock, so these tests happen now: the day is yesterday, in Stockholm.

use std::collections::BTreeSet;

use anyhow::ensure;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::Day,
    ids::RecordingId,
    note::Note,
    recording::{Recording, Sha256},
    search::{Change, Posting},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use platform::{
    bucket::Bucket,
    clock,
    objects::{self, checksum},
    table::{arrival::Arrival, key},
};
use serde_json::{Value, json};

use crate::{
    call::silence,
    event,
    people::{organisation, user},
    recording::{recording, register},
    requests::TENANT,
    retention_jobs::{KARIN, World},
};

/// The audio of most of the day's recordings.
const AUDIO: &[u8] = b"audio of a call";
/// Words in the notes of every fourth of them.
const WORDS: [&str; 20] = [
    "ring",
    "igen",
    "faktura",
    "avtal",
    "leverans",
    "offert",
    "möte",
    "klagomål",
    "pris",
    "order",
    "retur",
    "garanti",
    "adress",
    "chef",
    "fråga",
    "svar",
    "projekt",
    "rabatt",
    "lager",
    "support",
];

/// A time yesterday, 20 seconds per `minutes` after eight in the morning.
pub fn yesterday(minutes: i64) -> DateTime<Utc> {
    Day::of(Utc::now()).previous().begins_at()
        + TimeDelta::hours(8)
        + TimeDelta::seconds(minutes * 20)
}

/// Anna's call at `started_at`, with a second of silence.
pub fn call(name: &str, started_at: DateTime<Utc>) -> Recording {
    let mut call = recording("demo", "anna", name, started_at);
    call.registered_at = started_at + TimeDelta::minutes(2);
    call.audio.length = silence(1).len() as u64;
    call.audio.sha256 = Sha256::of(&silence(1));
    call
}

/// The call with a note.
pub fn noted(call: Recording, note: &str) -> Recording {
    let mut noted = call;
    noted.annotation.note = Note::try_from(note.to_owned()).ok();
    noted
}

impl World {
    /// Stores a number of Anna's calls of yesterday, every fourth with two words.
    pub async fn day(&self, number: usize) -> anyhow::Result<()> {
        let mut first = call("day-0", yesterday(0));
        (first.audio.length, first.audio.sha256) = (AUDIO.len() as u64, Sha256::of(AUDIO));
        let all: Vec<_> = (0..number)
            .map(|n| {
                let other =
                    call(&format!("day-{n}"), yesterday(i64::try_from(n).unwrap_or_default()));
                let other = Recording { audio: first.audio.clone(), ..other };
                if n % 4 == 3 {
                    noted(other, &format!("{} {}", WORDS[n % 20], WORDS[(n / 20) % 20]))
                } else {
                    other
                }
            })
            .collect();
        register(self.table(), &first).await?;
        stream::iter(&all)
            .map(|other| self.put_object(other, AUDIO))
            .buffer_unordered(8)
            .try_collect::<Vec<_>>()
            .await?;
        self.is_stored(&first).await?;
        let item = self.item(&first).await?;
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
                item.extend(
                    other.annotation.note.as_ref().map(|note| {
                        ("note".to_owned(), AttributeValue::S(note.as_str().to_owned()))
                    }),
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
        for stated in all.iter().filter(|other| other.annotation.note.is_some()) {
            self.index_words(stated).await?;
        }
        self.counts("anna", number as i64 - 1, (number - 1) * AUDIO.len()).await
    }

    /// Changes a user's counted recordings and bytes.
    pub async fn counts(&self, of: &str, recordings: i64, bytes: usize) -> anyhow::Result<()> {
        let update = self.table().client.update_item().table_name(&self.table().name);
        let update = update.set_key(Some(key::usage(&organisation("demo"), &user(of))));
        let update = update
            .update_expression("ADD recordings :recordings, #bytes :bytes")
            .expression_attribute_names("#bytes", "bytes");
        let update = update
            .expression_attribute_values(":recordings", AttributeValue::N(recordings.to_string()));
        update
            .expression_attribute_values(":bytes", AttributeValue::N(bytes.to_string()))
            .send()
            .await?;
        Ok(())
    }

    /// Puts audio at the recording's key as the app does. Returns the version id.
    pub async fn put_object(&self, of: &Recording, audio: &[u8]) -> anyhow::Result<String> {
        self.put_object_at(&objects::key(&of.organisation, of.id), of, audio).await
    }

    pub async fn put_object_at(
        &self,
        key: &str,
        of: &Recording,
        audio: &[u8],
    ) -> anyhow::Result<String> {
        let put =
            self.stores.objects.client.put_object().bucket(&self.stores.objects.name).key(key);
        let put =
            put.body(ByteStream::from(audio.to_vec())).content_type(of.audio.content_type.as_str());
        let put = put
            .checksum_sha256(checksum(&Sha256::of(audio)))
            .metadata(objects::USER, of.user.to_string());
        Ok(put.send().await?.version_id.unwrap_or_default())
    }

    /// Registers the call, uploads its audio and stores it.
    pub async fn has(&self, of: Recording) -> anyhow::Result<Recording> {
        register(self.table(), &of).await?;
        self.put_object(&of, &silence(1)).await?;
        self.is_stored(&of).await?;
        Ok(of)
    }

    /// Marks the registered call as stored five minutes ago, whatever its object is.
    pub async fn stores(&self, of: Recording) -> anyhow::Result<Recording> {
        self.is_stored_at(&of, clock::now() - TimeDelta::minutes(5)).await?;
        Ok(of)
    }

    /// Notifies `ingest` of the recording's object, as S3 does.
    pub async fn notify_ingest(&self, of: &Recording) -> anyhow::Result<()> {
        let body = event::created(&objects::key(&of.organisation, of.id));
        self.queue
            .client
            .send_message()
            .queue_url(&self.queue.url)
            .message_body(body)
            .send()
            .await?;
        Ok(())
    }

    async fn is_stored(&self, of: &Recording) -> anyhow::Result<()> {
        self.is_stored_at(of, clock::now()).await
    }

    async fn is_stored_at(&self, of: &Recording, at: DateTime<Utc>) -> anyhow::Result<()> {
        let Recording { organisation, id, user, audio, .. } = of.clone();
        self.table()
            .recordings()
            .store(&Arrival { organisation, id, user, audio }, &of.duration.into(), at)
            .await?;
        Ok(())
    }

    /// Writes the postings of the recording's annotation, and the dictionary entries of its words.
    pub async fn index_words(&self, of: &Recording) -> anyhow::Result<()> {
        let change = Change { put: Posting::of(of), gone: BTreeSet::new() };
        self.table().index().post(of, &change).await?;
        Ok(self.table().index().enter(of, &change.put, false).await?)
    }

    /// Deletes the object by hand, with a delete marker.
    pub async fn delete_object(&self, of: &Recording) -> anyhow::Result<()> {
        let Bucket { client, name } = &self.stores.objects;
        client
            .delete_object()
            .bucket(name)
            .key(objects::key(&of.organisation, of.id))
            .send()
            .await?;
        Ok(())
    }

    /// Deletes one version of the object by hand, or all of them.
    pub async fn delete_versions(
        &self,
        of: &Recording,
        version: Option<&str>,
    ) -> anyhow::Result<()> {
        let key = objects::key(&of.organisation, of.id);
        let names = match version {
            Some(version) => vec![version.to_owned()],
            None => self
                .stores
                .objects
                .object(&key)
                .await?
                .versions
                .into_iter()
                .map(|version| version.name)
                .collect(),
        };
        for name in names {
            self.stores.objects.remove(&key, Some(&name)).await?;
        }
        Ok(())
    }

    fn reconcile(&self) -> reconcile::App {
        self.reconcile_at(clock::now)
    }

    fn reconcile_at(&self, now: fn() -> DateTime<Utc>) -> reconcile::App {
        let (table, objects) = (self.stores.table.clone(), self.stores.objects.clone());
        reconcile::App {
            table,
            objects,
            calls: self.calls.clone(),
            missing_percent: 1.0,
            pages: reconcile::PAGES,
            ingest: self.queue.clone(),
            queue: self.stores.folders.clone(),
            now,
        }
    }

    /// Reconciles "demo" for the night of another time. Returns whether it succeeded.
    pub async fn reconciles_at(&self, now: fn() -> DateTime<Utc>) -> anyhow::Result<bool> {
        let body = json!({ "organisation": "demo", "night": now() }).to_string();
        self.hears_at(&body, now).await
    }

    /// Reconciles "demo" for a night. Returns whether it succeeded.
    pub async fn reconciliations(&self, night: DateTime<Utc>) -> anyhow::Result<bool> {
        self.hears(&json!({ "organisation": "demo", "night": night }).to_string()).await
    }

    /// Sends the reconciliation a message. Returns whether it succeeded.
    pub async fn hears(&self, body: &str) -> anyhow::Result<bool> {
        self.hears_at(body, clock::now).await
    }

    async fn hears_at(&self, body: &str, now: fn() -> DateTime<Utc>) -> anyhow::Result<bool> {
        let event = json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "message", "body": body }] });
        let app = self.reconcile_at(now);
        let reconciled = TENANT
            .scope("demo".to_owned(), reconcile::handle(&app, serde_json::from_value(event)?))
            .await;
        let answer = serde_json::to_value(reconciled.map_err(|error| anyhow::anyhow!(error))?)?;
        Ok(answer == json!({ "batchItemFailures": [] }))
    }

    /// Runs the reconciliation as the scheduler does. Returns the messages that it sends.
    pub async fn night(&self, night: DateTime<Utc>) -> anyhow::Result<Vec<Value>> {
        let app = self.reconcile();
        reconcile::handle(&app, serde_json::from_value(json!({ "night": night }))?)
            .await
            .map_err(|error| anyhow::anyhow!(error))?;
        let receive =
            app.queue.client.receive_message().queue_url(&app.queue.url).max_number_of_messages(10);
        let messages = receive.send().await?.messages.unwrap_or_default();
        Ok(messages
            .iter()
            .map(|message| serde_json::from_str(message.body().unwrap_or_default()))
            .collect::<Result<_, _>>()?)
    }

    /// Makes `ingest` process all its notifications. Returns the number of messages.
    pub async fn takes_in(&self) -> anyhow::Result<usize> {
        let quarantine = self.stores.quarantine.clone();
        let app = ingest::App {
            table: self.stores.table.clone(),
            objects: self.stores.objects.clone(),
            quarantine,
            now: clock::now,
        };
        let mut messages = 0;
        while let Some(message) = self.message().await? {
            let answer = ingest::handle(&app, serde_json::from_value(message)?).await?;
            ensure!(answer.batch_item_failures.is_empty(), "a message failed");
            messages += 1;
        }
        Ok(messages)
    }

    /// Everything that the API reports of the last reconciliation, page by page.
    pub async fn missing(&self) -> anyhow::Result<(Value, Vec<Value>)> {
        let (router, mut path, mut findings) =
            (self.completeness(clock::now), "/v1/missing?limit=7".to_owned(), Vec::new());
        loop {
            let page = KARIN.get(&router, &path).await?.done()?.body;
            findings.extend(page["findings"].as_array().cloned().unwrap_or_default());
            match page["cursor"].as_str() {
                Some(cursor) => path = format!("/v1/missing?limit=7&cursor={cursor}"),
                None => return Ok((page["reconciled"].clone(), findings)),
            }
        }
    }

    /// The postings of a word of a note, by recording.
    pub async fn posted(&self, word: &str) -> anyhow::Result<Vec<RecordingId>> {
        let (organisation, word) =
            (organisation("demo"), Posting::Word(domain::search::Place::Note, word.to_owned()));
        let mut reads = self.table().findings().reads(&organisation);
        let found = reads.posted(&word, (DateTime::UNIX_EPOCH, clock::now())).await?;
        Ok(found.into_iter().map(|posted| posted.id).collect())
    }
}
