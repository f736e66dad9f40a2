//! SQS: queues whose messages arrive late, twice and in any order, and dead-letter queues.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Chain, operation::Reply};
use crate::clock;

/// A queue as the template configures it.
#[derive(Clone, Debug)]
pub struct Queue {
    pub visibility: TimeDelta,
    pub retention: TimeDelta,
    /// Receipts after which a message is a dead letter.
    pub receipts: u32,
    messages: Vec<Message>,
    pub dead: Vec<Message>,
    /// Messages that nothing received before their retention ended.
    expired: Vec<Message>,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub body: String,
    pub sent_at: DateTime<Utc>,
    visible_at: DateTime<Utc>,
    received: u32,
    /// Whether it becomes a dead letter if it fails once more.
    pub is_last: bool,
    /// The chain that led to it.
    pub chain: Chain,
}

/// All queues by name.
#[derive(Debug, Default)]
pub struct Queues {
    queues: BTreeMap<String, Queue>,
    sent: u64,
}

impl Queues {
    pub fn create(
        &mut self,
        name: &str,
        visibility: TimeDelta,
        retention: TimeDelta,
        receipts: u32,
    ) {
        let [messages, dead, expired] = Default::default();
        let queue = Queue { visibility, retention, receipts, messages, dead, expired };
        self.queues.insert(name.to_owned(), queue);
    }

    /// Sends a message that arrives after a delay.
    pub fn send(&mut self, name: &str, body: &str, delay: TimeDelta, chain: &Chain) {
        self.sent += 1;
        let Some(queue) = self.queues.get_mut(name) else { return };
        queue.messages.push(Message {
            id: format!("message-{}", self.sent),
            body: body.to_owned(),
            sent_at: clock::now(),
            visible_at: clock::now() + delay,
            received: 0,
            is_last: false,
            chain: chain.clone(),
        });
    }

    /// Performs a request of a process whose invocation ends a chain.
    pub fn perform(
        &mut self,
        operation: &str,
        body: &Value,
        late: TimeDelta,
        chain: &Chain,
    ) -> Reply {
        let url = body["QueueUrl"].as_str().unwrap_or_default();
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        if !self.queues.contains_key(&name) {
            return Reply::error(400, "QueueDoesNotExist", &name);
        }
        let mut send = |entry: &Value| {
            let delay = TimeDelta::seconds(entry["DelaySeconds"].as_i64().unwrap_or_default());
            self.send(
                &name,
                entry["MessageBody"].as_str().unwrap_or_default(),
                delay + late,
                chain,
            );
        };
        let digest = "d41d8cd98f00b204e9800998ecf8427e"; // the SDK does not compare it
        match operation {
            "SendMessage" => {
                send(body);
                Reply::done(json!({ "MessageId": "sent", "MD5OfMessageBody": digest }))
            }
            "SendMessageBatch" => {
                let entries = body["Entries"].as_array().cloned().unwrap_or_default();
                entries.iter().for_each(send);
                let sent = |entry: &Value| json!({ "Id": entry["Id"], "MessageId": "sent", "MD5OfMessageBody": digest });
                Reply::done(
                    json!({ "Successful": entries.iter().map(sent).collect::<Vec<_>>(), "Failed": [] }),
                )
            }
            _ => Reply::error(400, "UnknownOperationException", operation),
        }
    }

    /// Receives up to `limit` visible messages. Those received too often become dead letters.
    pub fn receive(&mut self, name: &str, limit: usize) -> Vec<Message> {
        let now = clock::now();
        let Some(queue) = self.queues.get_mut(name) else { return Vec::new() };
        let retention = queue.retention;
        let old = |message: &mut Message| message.sent_at + retention <= now;
        queue.expired.extend(queue.messages.extract_if(.., old));
        let mut received = Vec::new();
        let mut index = 0;
        while index < queue.messages.len() && received.len() < limit {
            let message = &mut queue.messages[index];
            if message.visible_at > now {
                index += 1;
                continue;
            }
            message.received += 1;
            if message.received > queue.receipts {
                queue.dead.push(queue.messages.remove(index));
                continue;
            }
            message.is_last = message.received == queue.receipts;
            message.visible_at = now + queue.visibility;
            received.push(message.clone());
            index += 1;
        }
        received
    }

    /// When the next message is visible; `None` if none waits.
    pub fn next(&self, name: &str) -> Option<DateTime<Utc>> {
        self.queues.get(name)?.messages.iter().map(|message| message.visible_at).min()
    }

    /// Deletes a processed message, or lets it arrive once more.
    pub fn delete(&mut self, name: &str, id: &str, again: Option<TimeDelta>) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        match again {
            Some(delay) => {
                if let Some(message) = queue.messages.iter_mut().find(|message| message.id == id) {
                    message.visible_at = clock::now() + delay;
                    message.received = message.received.saturating_sub(1);
                }
            }
            None => queue.messages.retain(|message| message.id != id),
        }
    }

    /// Puts messages into the dead-letter queue.
    pub fn bury(&mut self, name: &str, messages: Vec<Message>) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        queue.messages.retain(|message| messages.iter().all(|dead| dead.id != message.id));
        queue.dead.extend(messages);
    }

    /// The messages of every queue that nothing received in time.
    pub fn expired(&self) -> Vec<(&str, &str)> {
        self.all(|queue| &queue.expired)
    }

    /// The dead letters of every queue.
    pub fn dead(&self) -> Vec<(&str, &str)> {
        self.all(|queue| &queue.dead)
    }

    fn all(&self, which: fn(&Queue) -> &Vec<Message>) -> Vec<(&str, &str)> {
        self.queues
            .iter()
            .flat_map(|(name, queue)| {
                which(queue).iter().map(move |message| (name.as_str(), message.body.as_str()))
            })
            .collect()
    }

    /// The number of messages that wait anywhere.
    pub fn waiting(&self) -> usize {
        self.queues.values().map(|queue| queue.messages.len()).sum()
    }
}
