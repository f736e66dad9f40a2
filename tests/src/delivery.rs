//! A fixture for the SFTP delivery: buckets, a queue and the worker in the local cloud.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use chrono::{DateTime, Utc};
use delivery::{Answer, App};
use domain::{
    delivery::folder::{DeliveryFolder, Order, Task},
    ids::OrganisationId,
    note::Note,
    recording::{Recording, Sha256},
};
use platform::{bucket::Bucket, objects, queue::Queue, table::arrival::Arrival};
use serde_json::{Value, json};

use crate::{
    bucket,
    cloud::cloud,
    people::organisation,
    recording::{recording, register},
    requests::{Requests, TENANT},
    table,
};

/// The function under test. Requests to the table, the buckets and the queue are counted together.
#[derive(Clone, Debug)]
pub struct World {
    pub app: App,
    pub requests: Requests,
    /// The queue from outside. Its requests are not counted.
    outside: Queue,
}

/// The note of each call: a formula to a spreadsheet, with everything that CSV must quote.
pub const NOTE: &str = "=HYPERLINK(\"x\"), åäö";

/// Rounds of redelivery after which the work counts as endless.
const ROUNDS: usize = 200;

impl World {
    /// A fixture with the organisation "demo" at `now`, with chunks of `rows` recordings.
    pub async fn new(test: &str, rows: usize, now: fn() -> DateTime<Utc>) -> anyhow::Result<Self> {
        let (cloud, requests) = (cloud()?, Requests::default());
        let table = table::counted(&requests).await?;
        let client = cloud.s3(&requests);
        let (recordings, drop) = (format!("{test}-recordings"), format!("{test}-drop"));
        bucket::create(&client, &cloud, &recordings).await?;
        bucket::create(&client, &cloud, &drop).await?;
        let recordings = Bucket { client: client.clone(), name: recordings };
        let drop = Bucket { client, name: drop };
        let sqs = cloud.counted_sqs(&requests);
        let made = sqs
            .create_queue()
            .queue_name(format!("{test}-drop"))
            .attributes(QueueAttributeName::VisibilityTimeout, "600");
        let url = made.send().await?.queue_url.context("a queue has an address")?;
        let outside = Queue { client: cloud.sqs(), url: url.clone() };
        crate::people::found(&table, "demo").await?;
        requests.take();
        Ok(Self {
            app: App { table, queue: Queue { client: sqs, url }, recordings, drop, rows, now },
            requests,
            outside,
        })
    }

    /// The same fixture at another time.
    pub fn at(&self, now: fn() -> DateTime<Utc>) -> Self {
        Self { app: App { now, ..self.app.clone() }, ..self.clone() }
    }

    /// Registers a call that began at `started_at`.
    pub async fn registered(
        &self,
        of: &str,
        call: &str,
        started_at: DateTime<Utc>,
    ) -> anyhow::Result<(Recording, Vec<u8>)> {
        self.registered_as(call, recording("demo", of, call, started_at)).await
    }

    /// Registers a call like the recording, with its own audio and, where it lacks one, a note.
    pub async fn registered_as(
        &self,
        call: &str,
        mut recording: Recording,
    ) -> anyhow::Result<(Recording, Vec<u8>)> {
        let audio = format!("audio of {call}").into_bytes();
        recording.annotation.note =
            recording.annotation.note.or(Note::try_from(NOTE.to_owned()).ok());
        recording.audio.length = audio.len() as u64;
        recording.audio.sha256 = Sha256::of(&audio);
        register(&self.app.table, &recording).await?;
        Ok((recording, audio))
    }

    /// A call that began at `started_at` and was stored at `stored_at`.
    pub async fn stored(
        &self,
        of: &str,
        call: &str,
        started_at: DateTime<Utc>,
        stored_at: DateTime<Utc>,
    ) -> anyhow::Result<Recording> {
        let (recording, audio) = self.registered(of, call, started_at).await?;
        self.arrives(&recording, audio, stored_at).await?;
        Ok(recording)
    }

    /// Stores the audio of a registered call at `at`.
    pub async fn arrives(
        &self,
        recording: &Recording,
        audio: Vec<u8>,
        at: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let key = objects::key(&recording.organisation, recording.id);
        let put = self
            .app
            .recordings
            .client
            .put_object()
            .bucket(&self.app.recordings.name)
            .key(key)
            .body(audio.into());
        put.checksum_sha256(objects::checksum(&recording.audio.sha256)).send().await?;
        let Recording { organisation, id, user, audio, .. } = recording.clone();
        self.app
            .table
            .recordings()
            .store(&Arrival { organisation, id, user, audio }, &recording.duration.into(), at)
            .await?;
        Ok(())
    }

    /// Sends a task for "demo" to the queue.
    pub async fn orders(&self, task: Task) -> anyhow::Result<()> {
        Ok(self.outside.send_all(&[Order { organisation: organisation("demo"), task }]).await?)
    }

    /// Runs the function as the scheduler does, at the fixture's time, for "demo" only.
    pub async fn morning(&self) -> anyhow::Result<()> {
        self.orders(Task::Tend { since: DateTime::UNIX_EPOCH }).await?;
        self.works().await
    }

    /// Processes the queue until it is empty. A failed message is retried.
    pub async fn works(&self) -> anyhow::Result<()> {
        for _ in 0..ROUNDS {
            let messages = self.receive().await?;
            if messages.is_empty() {
                return Ok(());
            }
            for message in messages {
                let done = self.delivers(&message).await?;
                self.settle(&message, done).await?;
            }
        }
        anyhow::bail!("the work does not end")
    }

    /// Processes one message. Returns whether it succeeded.
    pub async fn delivers(&self, message: &Message) -> anyhow::Result<bool> {
        self.hands(message.body().unwrap_or_default()).await
    }

    /// Processes one task of "demo". Returns whether it succeeded.
    pub async fn does(&self, task: Task) -> anyhow::Result<bool> {
        self.hands(&serde_json::to_string(&Order { organisation: organisation("demo"), task })?)
            .await
    }

    async fn hands(&self, body: &str) -> anyhow::Result<bool> {
        let event: Value = json!({ "Records": [{ "messageId": "one", "body": body }] });
        let handled = delivery::handle(&self.app, serde_json::from_value(event)?);
        match TENANT.scope("demo".to_owned(), handled).await.map_err(anyhow::Error::from_boxed)? {
            Answer::Messages(answer) => Ok(answer.batch_item_failures.is_empty()),
            Answer::Morning => anyhow::bail!("a message is no morning"),
        }
    }

    pub async fn receive(&self) -> anyhow::Result<Vec<Message>> {
        let Queue { client, url } = &self.outside;
        let received = client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .wait_time_seconds(0)
            .send()
            .await?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Deletes a processed message from the queue, or makes a failed one visible at once.
    pub async fn settle(&self, message: &Message, done: bool) -> anyhow::Result<()> {
        let (Queue { client, url }, receipt) =
            (&self.outside, message.receipt_handle().unwrap_or_default());
        if done {
            client.delete_message().queue_url(url).receipt_handle(receipt).send().await?;
        } else {
            client
                .change_message_visibility()
                .queue_url(url)
                .receipt_handle(receipt)
                .visibility_timeout(0)
                .send()
                .await?;
        }
        Ok(())
    }

    /// Every object that SFTP serves, by key.
    pub async fn files(&self) -> anyhow::Result<BTreeMap<String, String>> {
        self.objects("files/").await
    }

    /// Every object in the delivery bucket with the prefix, by key.
    pub async fn objects(&self, prefix: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let mut files = BTreeMap::new();
        let listed = self
            .app
            .drop
            .client
            .list_objects_v2()
            .bucket(&self.app.drop.name)
            .prefix(prefix)
            .send()
            .await?;
        for key in listed.contents().iter().filter_map(|object| object.key()) {
            let body = self
                .app
                .drop
                .client
                .get_object()
                .bucket(&self.app.drop.name)
                .key(key)
                .send()
                .await?
                .body
                .collect()
                .await?;
            files.insert(key.to_owned(), String::from_utf8(body.to_vec())?);
        }
        Ok(files)
    }

    pub async fn delete_object(&self, recording: &Recording) -> anyhow::Result<()> {
        let key = objects::key(&recording.organisation, recording.id);
        self.app
            .recordings
            .client
            .delete_object()
            .bucket(&self.app.recordings.name)
            .key(key)
            .send()
            .await?;
        Ok(())
    }

    /// Replaces a recording's audio.
    pub async fn puts(&self, recording: &Recording, bytes: &str) -> anyhow::Result<()> {
        let key = objects::key(&recording.organisation, recording.id);
        self.app
            .recordings
            .client
            .put_object()
            .bucket(&self.app.recordings.name)
            .key(key)
            .body(bytes.as_bytes().to_vec().into())
            .send()
            .await?;
        Ok(())
    }

    pub async fn delivery_folders(&self) -> anyhow::Result<Vec<DeliveryFolder>> {
        let demo: OrganisationId = organisation("demo");
        Ok(self.app.table.folders().all(&demo).await?)
    }
}
