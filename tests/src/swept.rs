//! What the tests of the nightly sweep stand on: a day of recordings with their audio and their words, and hands that spoil it.
//!
//! The buckets tell their own time, so these tests happen now: the day is yesterday, in Stockholm.

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
    clock,
    objects::{self, Objects, checksum},
    table::{arrival::Arrival, key},
};
use serde_json::{Value, json};

use crate::{
    call::silence,
    event,
    kept::{KARIN, World},
    people::{organisation, user},
    recording::{recording, register},
    requests::TENANT,
};

/// What most of the day's recordings hold.
const AUDIO: &[u8] = b"audio of a call";
/// Words that are noted of every fourth of them.
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

/// A time of yesterday: so many minutes after eight in the morning.
pub fn yesterday(minutes: i64) -> DateTime<Utc> {
    Day::of(Utc::now()).previous().begins_at() + TimeDelta::hours(8) + TimeDelta::seconds(minutes * 20)
}

/// Anna's call of yesterday, of so many of these minutes, with a second of silence.
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
    /// So many of Anna's calls of yesterday, stored, every fourth with two words.
    pub async fn day(&self, number: usize) -> anyhow::Result<()> {
        let mut first = call("day-0", yesterday(0));
        (first.audio.length, first.audio.sha256) = (AUDIO.len() as u64, Sha256::of(AUDIO));
        let all: Vec<_> = (0..number)
            .map(|n| {
                let other = call(&format!("day-{n}"), yesterday(i64::try_from(n).unwrap_or_default()));
                let other = Recording { audio: first.audio.clone(), ..other };
                if n % 4 == 3 { noted(other, &format!("{} {}", WORDS[n % 20], WORDS[(n / 20) % 20])) } else { other }
            })
            .collect();
        register(self.table(), &first).await?;
        stream::iter(&all).map(|other| self.lies(other, AUDIO)).buffer_unordered(8).try_collect::<Vec<_>>().await?;
        self.is_stored(&first).await?;
        let item = self.item(&first).await?;
        for some in all[1..].chunks(25) {
            let puts = some.iter().map(|other| {
                let mut item = item.clone();
                item.extend(key::recording(&other.organisation, other.id));
                let texts = [("at", key::at(other.started_at, other.id)), ("call", other.call.clone().into())];
                item.extend(texts.map(|(name, text)| (name.to_owned(), AttributeValue::S(text))));
                item.insert("expires_at".to_owned(), AttributeValue::N(other.expires_at.timestamp().to_string()));
                item.extend(other.annotation.note.as_ref().map(|note| ("note".to_owned(), AttributeValue::S(note.as_str().to_owned()))));
                PutRequest::builder().set_item(Some(item)).build().map(|put| WriteRequest::builder().put_request(put).build())
            });
            let write = self.table().client.batch_write_item().request_items(&self.table().name, puts.collect::<Result<_, _>>()?);
            write.send().await?;
        }
        for said in all.iter().filter(|other| other.annotation.note.is_some()) {
            self.says(said).await?;
        }
        self.counts("anna", number as i64 - 1, (number - 1) * AUDIO.len()).await
    }

    /// Adds to what is counted on a user.
    pub async fn counts(&self, of: &str, recordings: i64, bytes: usize) -> anyhow::Result<()> {
        let update = self.table().client.update_item().table_name(&self.table().name);
        let update = update.set_key(Some(key::usage(&organisation("demo"), &user(of))));
        let update = update.update_expression("ADD recordings :recordings, #bytes :bytes").expression_attribute_names("#bytes", "bytes");
        let update = update.expression_attribute_values(":recordings", AttributeValue::N(recordings.to_string()));
        update.expression_attribute_values(":bytes", AttributeValue::N(bytes.to_string())).send().await?;
        Ok(())
    }

    /// Puts audio at the recording's key as the app does; answers with the version's name.
    pub async fn lies(&self, of: &Recording, audio: &[u8]) -> anyhow::Result<String> {
        self.lies_at(&objects::key(&of.organisation, of.id), of, audio).await
    }

    pub async fn lies_at(&self, key: &str, of: &Recording, audio: &[u8]) -> anyhow::Result<String> {
        let put = self.stores.objects.client.put_object().bucket(&self.stores.objects.bucket).key(key);
        let put = put.body(ByteStream::from(audio.to_vec())).content_type(of.audio.content_type.as_str());
        let put = put.checksum_sha256(checksum(&Sha256::of(audio))).metadata(objects::USER, of.user.to_string());
        Ok(put.send().await?.version_id.unwrap_or_default())
    }

    /// The call registered, its audio put, and stored.
    pub async fn has(&self, of: Recording) -> anyhow::Result<Recording> {
        register(self.table(), &of).await?;
        self.lies(&of, &silence(1)).await?;
        self.is_stored(&of).await?;
        Ok(of)
    }

    /// Has the registered call stored, five minutes ago, whatever lies there.
    pub async fn stores(&self, of: Recording) -> anyhow::Result<Recording> {
        self.is_stored_at(&of, clock::now() - TimeDelta::minutes(5)).await?;
        Ok(of)
    }

    /// Tells `ingest` of the recording's object, as S3 does.
    pub async fn tells(&self, of: &Recording) -> anyhow::Result<()> {
        let body = event::created(&objects::key(&of.organisation, of.id));
        self.queue.client.send_message().queue_url(&self.queue.url).message_body(body).send().await?;
        Ok(())
    }

    async fn is_stored(&self, of: &Recording) -> anyhow::Result<()> {
        self.is_stored_at(of, clock::now()).await
    }

    async fn is_stored_at(&self, of: &Recording, at: DateTime<Utc>) -> anyhow::Result<()> {
        let Recording { organisation, id, user, audio, .. } = of.clone();
        self.table().store(&Arrival { organisation, id, user, audio }, of.duration, at).await?;
        Ok(())
    }

    /// Writes the postings of what is said of the recording, and the entries of the words.
    pub async fn says(&self, of: &Recording) -> anyhow::Result<()> {
        let change = Change { put: Posting::of(of), gone: BTreeSet::new() };
        self.table().post(of, &change).await?;
        Ok(self.table().enter(of, &change.put, false).await?)
    }

    /// Removes the object by hand: a marker lies above it.
    pub async fn loses(&self, of: &Recording) -> anyhow::Result<()> {
        let Objects { client, bucket } = &self.stores.objects;
        client.delete_object().bucket(bucket).key(objects::key(&of.organisation, of.id)).send().await?;
        Ok(())
    }

    /// Removes a version of the object by hand, or all of them: nothing is left.
    pub async fn loses_for_good(&self, of: &Recording, version: Option<&str>) -> anyhow::Result<()> {
        let key = objects::key(&of.organisation, of.id);
        let names = match version {
            Some(version) => vec![version.to_owned()],
            None => self.stores.objects.object(&key).await?.versions.into_iter().map(|version| version.name).collect(),
        };
        for name in names {
            self.stores.objects.remove_version(&key, &name).await?;
        }
        Ok(())
    }

    fn sweep(&self) -> sweep::App {
        let (table, objects) = (self.stores.table.clone(), self.stores.objects.clone());
        sweep::App { table, objects, ingest: self.queue.clone(), queue: self.stores.folders.clone(), now: clock::now }
    }

    /// Sweeps "demo" for a night; whether it was done.
    pub async fn sweeps(&self, night: DateTime<Utc>) -> anyhow::Result<bool> {
        self.hears(&json!({ "organisation": "demo", "night": night }).to_string()).await
    }

    /// Hands the sweep a message; whether it was done.
    pub async fn hears(&self, body: &str) -> anyhow::Result<bool> {
        let event = json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "message", "body": body }] });
        let app = self.sweep();
        let swept = TENANT.scope("demo".to_owned(), sweep::handle(&app, serde_json::from_value(event)?)).await;
        let answer = serde_json::to_value(swept.map_err(|error| anyhow::anyhow!(error))?)?;
        Ok(answer == json!({ "batchItemFailures": [] }))
    }

    /// Wakes the sweep as the scheduler does; answers with what it asks for.
    pub async fn night(&self, night: DateTime<Utc>) -> anyhow::Result<Vec<Value>> {
        let app = self.sweep();
        sweep::handle(&app, serde_json::from_value(json!({ "night": night }))?).await.map_err(|error| anyhow::anyhow!(error))?;
        let receive = app.queue.client.receive_message().queue_url(&app.queue.url).max_number_of_messages(10);
        let messages = receive.send().await?.messages.unwrap_or_default();
        Ok(messages.iter().map(|message| serde_json::from_str(message.body().unwrap_or_default())).collect::<Result<_, _>>()?)
    }

    /// Has `ingest` take in all that it is told of; answers with how many messages there were.
    pub async fn takes_in(&self) -> anyhow::Result<usize> {
        let quarantine = self.stores.quarantine.bucket.clone();
        let app = ingest::App { table: self.stores.table.clone(), objects: self.stores.objects.clone(), quarantine, now: clock::now };
        let mut messages = 0;
        while let Some(message) = self.message().await? {
            let answer = ingest::handle(&app, serde_json::from_value(message)?).await?;
            ensure!(answer.batch_item_failures.is_empty(), "a message failed");
            messages += 1;
        }
        Ok(messages)
    }

    /// Everything that the API says of the last sweep, page by page.
    pub async fn missing(&self) -> anyhow::Result<(Value, Vec<Value>)> {
        let (router, mut path, mut findings) = (self.retention(clock::now), "/v1/missing?limit=7".to_owned(), Vec::new());
        loop {
            let page = KARIN.get(&router, &path).await?.done()?.body;
            findings.extend(page["findings"].as_array().cloned().unwrap_or_default());
            match page["cursor"].as_str() {
                Some(cursor) => path = format!("/v1/missing?limit=7&cursor={cursor}"),
                None => return Ok((page["swept"].clone(), findings)),
            }
        }
    }

    /// The postings of a word of notes, by recording.
    pub async fn posted(&self, word: &str) -> anyhow::Result<Vec<RecordingId>> {
        let (organisation, word) = (organisation("demo"), Posting::Word(domain::search::Place::Note, word.to_owned()));
        let mut reads = self.table().reads(&organisation);
        let found = reads.posted(&word, (DateTime::UNIX_EPOCH, clock::now())).await?;
        Ok(found.into_iter().map(|posted| posted.id).collect())
    }
}
