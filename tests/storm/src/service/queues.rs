//! The functions' queues: messages, and the events of S3.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;
use tests::event;

use super::{Ended, QueueLimits, Service, wait};
use crate::{
    aws::{Chain, queues::Message, sabotage::Sabotage},
    function::RECORDINGS,
};

impl Service {
    /// Processes a queue's messages, up to the template's concurrency.
    pub(super) async fn poll(self, name: String) -> anyhow::Result<()> {
        let limits = self.0.limits.queues[&name].clone();
        let permits = Arc::new(tokio::sync::Semaphore::new(limits.concurrency));
        loop {
            let permit = permits.clone().acquire_owned().await?;
            let messages = loop {
                let messages = self.0.aws.queues().receive(&name, limits.batch);
                if !messages.is_empty() {
                    break messages;
                }
                let next = self.0.aws.queues().next(&name);
                tokio::select! {
                    biased;
                    () = self.0.aws.news.notified() => {}
                    () = wait(next) => {}
                }
            };
            let (service, name, limits) = (self.clone(), name.clone(), limits.clone());
            self.spawn(async move {
                let _permit = permit;
                service.process(&name, &limits, messages).await
            });
        }
    }

    pub(super) async fn process(
        &self,
        name: &str,
        limits: &QueueLimits,
        messages: Vec<Message>,
    ) -> anyhow::Result<()> {
        let aws = &self.0.aws;
        if name == "retention-jobs" && aws.sabotages(Sabotage::LostMessage) {
            messages.iter().for_each(|message| aws.queues().delete(name, &message.id, None));
            return Ok(());
        }
        let chain = longest(&messages);
        if chain.get(&limits.function).is_some_and(|times| *times >= aws.weather().chain) {
            if !self.0.limits.functions[&limits.function].loops {
                aws.queues().bury(name, messages);
                return Ok(());
            }
            aws.count("looped");
        }
        let record = |message: &Message| json!({ "eventSource": "aws:sqs", "messageId": message.id, "body": message.body });
        let event = json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() });
        let undisturbed = messages.iter().any(|message| message.is_last);
        let ended = self.handle(&limits.function, (chain, undisturbed), event).await?;
        let Ended::Done(answer) = ended else { return Ok(()) };
        let failed = answer["batchItemFailures"].as_array().cloned().unwrap_or_default();
        for message in messages {
            if failed.iter().any(|failed| failed["itemIdentifier"] == json!(message.id)) {
                continue;
            }
            let again = self.0.aws.happens("doubled", self.0.aws.weather().doubled);
            let delay = TimeDelta::from_std(self.0.aws.span(self.0.aws.weather().delay))?;
            self.0.aws.queues().delete(name, &message.id, again.then_some(delay));
        }
        self.0.aws.news.notify_waiters();
        Ok(())
    }

    /// Sends the events of S3 to the queue of `ingest`: late, twice, or never.
    pub(super) async fn notify(self) -> anyhow::Result<()> {
        loop {
            let aws = &self.0.aws;
            for (bucket, key) in aws.store.take_created() {
                if bucket != RECORDINGS || aws.happens("silent", aws.weather().silent) {
                    continue;
                }
                for _ in 0..=usize::from(aws.happens("doubled", aws.weather().doubled)) {
                    let delay = TimeDelta::from_std(aws.span(aws.weather().delay))?;
                    aws.queues().send("queue", &event::created(&key), delay, &Chain::new());
                }
                aws.news.notify_waiters();
            }
            aws.news.notified().await;
        }
    }
}

/// The chain of a batch: of each function the most invocations.
fn longest(messages: &[Message]) -> Chain {
    let mut longest = Chain::new();
    for (function, times) in messages.iter().flat_map(|message| &message.chain) {
        let most = longest.entry(function.clone()).or_default();
        *most = (*most).max(*times);
    }
    longest
}
