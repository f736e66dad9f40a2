//! The function's input: records of the table stream, and messages of its own queue.

use platform::table::{
    BadItem, image,
    key::{self, Item},
};
use serde_json::Value;

/// One record or message.
#[derive(Debug)]
pub struct Notification {
    /// The record's sequence number, or the message's id.
    pub id: String,
    pub source: Source,
    /// The record, or the message's text.
    pub body: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Stream,
    Queue,
}

/// All records and messages of an event.
pub fn read(event: &Value) -> Vec<Notification> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let notification = |record: &Value| match record["eventSource"].as_str() {
        Some("aws:sqs") => Notification {
            id: text(&record["messageId"]),
            source: Source::Queue,
            body: record["body"].clone(),
        },
        _ => Notification {
            id: text(&record["dynamodb"]["SequenceNumber"]),
            source: Source::Stream,
            body: record.clone(),
        },
    };
    event["Records"].as_array().into_iter().flatten().map(notification).collect()
}

/// The last image of a call's item that TTL removed; `None` for any other record.
pub fn expired(record: &Value) -> Result<Option<Item>, BadItem> {
    let of_a_call =
        record["dynamodb"]["Keys"]["pk"]["S"].as_str().is_some_and(key::is_of_recordings);
    if !(image::is_expiry(record) && of_a_call) {
        return Ok(None);
    }
    image::read(&record["dynamodb"]["OldImage"]).map(Some).ok_or(BadItem { attribute: "OldImage" })
}
