//! The functions at work on the fixture: the worker's jobs, holds, and removals by `expire`.

use anyhow::Context;
use chrono::{DateTime, Utc};
use domain::{
    delivery::folder::{Order, Task},
    ids::RecordingId,
};
use platform::queue::Queue;
use serde_json::{Value, json};

use super::{KARIN, World};
use crate::{call::now, people::organisation};

impl World {
    /// The next message of the queue, if there is one.
    pub async fn message(&self) -> anyhow::Result<Option<Value>> {
        let receive = self
            .queue
            .client
            .receive_message()
            .queue_url(&self.queue.url)
            .max_number_of_messages(1);
        let Some(message) = receive.send().await?.messages.unwrap_or_default().pop() else {
            return Ok(None);
        };
        let handle = message.receipt_handle.context("a message has a handle")?;
        self.queue
            .client
            .delete_message()
            .queue_url(&self.queue.url)
            .receipt_handle(handle)
            .send()
            .await?;
        Ok(Some(
            json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "message", "body": message.body }] }),
        ))
    }

    /// The recordings that the SFTP delivery is asked to remove from its folders.
    pub async fn forgotten(&self) -> anyhow::Result<Vec<RecordingId>> {
        let Queue { client, url } = &self.stores.folders;
        let messages = client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .send()
            .await?
            .messages
            .unwrap_or_default();
        let mut recordings = Vec::new();
        for message in messages {
            let order: Order = serde_json::from_str(message.body().unwrap_or_default())?;
            let Task::Forget { recording } = order.task else {
                anyhow::bail!("the delivery received {order:?}")
            };
            anyhow::ensure!(
                order.organisation == organisation("demo"),
                "it names another organisation"
            );
            recordings.push(recording);
        }
        recordings.sort();
        Ok(recordings)
    }

    /// Processes pages at a time until no message waits. Returns the number of pages.
    pub async fn work(&self, now: fn() -> DateTime<Utc>) -> anyhow::Result<usize> {
        let app =
            retention_worker::App { stores: self.stores.clone(), jobs: self.queue.clone(), now };
        let mut pages = 0;
        while let Some(message) = self.message().await? {
            let answer = retention_worker::handle(&app, serde_json::from_value(message)?).await?;
            anyhow::ensure!(answer.batch_item_failures.is_empty(), "a page failed");
            pages += 1;
        }
        Ok(pages)
    }

    /// Sends the worker a message for a job. Returns whether it succeeded.
    pub async fn tell(
        &self,
        kind: &str,
        order: &str,
        now: fn() -> DateTime<Utc>,
    ) -> anyhow::Result<bool> {
        let body = json!({ "organisation": "demo", "kind": kind, "job": order }).to_string();
        let event = json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "message", "body": body }] });
        let app =
            retention_worker::App { stores: self.stores.clone(), jobs: self.queue.clone(), now };
        Ok(retention_worker::handle(&app, serde_json::from_value(event)?)
            .await?
            .batch_item_failures
            .is_empty())
    }

    /// Makes the worker erase again everything in the bucket of erasures, page by page.
    pub async fn again(&self) -> anyhow::Result<()> {
        let event: Value = serde_json::from_str(include_str!(
            "../../../events/retention-worker.erase-again.json"
        ))?;
        let app =
            retention_worker::App { stores: self.stores.clone(), jobs: self.queue.clone(), now };
        let answer = retention_worker::handle(&app, serde_json::from_value(event)?).await?;
        anyhow::ensure!(answer.batch_item_failures.is_empty(), "the first page failed");
        self.work(now).await.map(drop)
    }

    /// Sends an event to `expire` at a time. Returns whether all of it succeeded.
    pub async fn removals(
        &self,
        event: &Value,
        now: fn() -> DateTime<Utc>,
    ) -> anyhow::Result<bool> {
        let app = expire::App { stores: self.stores.clone(), again: self.queue.clone(), now };
        Ok(expire::handle(&app, event.clone()).await?.batch_item_failures.is_empty())
    }

    /// Places a hold on the recordings and completes it. Returns its id.
    pub async fn holds(&self, what: Value) -> anyhow::Result<String> {
        let mut body = json!({ "reason": "tvist 4411" });
        if let (Value::Object(body), Value::Object(what)) = (&mut body, what) {
            body.extend(what);
        }
        let placed = KARIN.post(&self.retention(now), "/v1/holds", &body).await?.done()?.body;
        self.work(now).await?;
        Ok(placed["id"].as_str().unwrap_or_default().to_owned())
    }
}
