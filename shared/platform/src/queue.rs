//! A queue of JSON messages for a function.

use std::time::Duration;

use aws_sdk_sqs::{Client, types::SendMessageBatchRequestEntry};
use serde::Serialize;
use thiserror::Error;

#[derive(Clone, Debug)]
pub struct Queue {
    pub client: Client,
    pub url: String,
}

/// SQS did not accept a message.
#[derive(Debug, Error)]
#[error("could not send to the queue")]
pub struct Unsent(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The most messages in one request to SQS.
const AT_ONCE: usize = 10;

impl Queue {
    /// Sends a message for delivery after `delay` (whole seconds, at most 15 minutes). 1 request.
    pub async fn send(&self, work: &impl Serialize, delay: Duration) -> Result<(), Unsent> {
        let body = serde_json::to_string(work).map_err(|error| Unsent(error.into()))?;
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(900);
        let send = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(seconds);
        send.send().await.map_err(|error| Unsent(error.into()))?;
        Ok(())
    }

    /// Sends all messages. 1 request for each 10. After a failure, send all of them again.
    pub async fn send_all(&self, works: &[impl Serialize]) -> Result<(), Unsent> {
        for some in works.chunks(AT_ONCE) {
            let mut batch = self.client.send_message_batch().queue_url(&self.url);
            for (number, work) in some.iter().enumerate() {
                let body = serde_json::to_string(work).map_err(|error| Unsent(error.into()))?;
                let entry = SendMessageBatchRequestEntry::builder()
                    .id(number.to_string())
                    .message_body(body)
                    .build();
                batch = batch.entries(entry.map_err(|error| Unsent(error.into()))?);
            }
            let answer = batch.send().await.map_err(|error| Unsent(error.into()))?;
            if let Some(failed) = answer.failed().first() {
                return Err(Unsent(failed.code().into()));
            }
        }
        Ok(())
    }
}
