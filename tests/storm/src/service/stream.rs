//! The table's stream, whose records come to functions in lanes, and the indexes that follow the table.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Ended, Service, StreamLimits, wait};
use crate::{aws::Chain, clock};

impl Service {
    /// Distributes the stream's records over the lanes of its functions.
    pub(super) async fn follow(self) -> anyhow::Result<()> {
        loop {
            for record in self.0.aws.take_stream() {
                for limits in self.0.limits.streams.values() {
                    if is_for(&limits.function, &record) {
                        self.enqueue(limits, record.clone())?;
                    }
                }
            }
            self.0.aws.news.notified().await;
        }
    }

    pub(super) fn enqueue(&self, limits: &StreamLimits, record: Value) -> anyhow::Result<()> {
        let (keys, mut hash) = (&record["dynamodb"]["Keys"], DefaultHasher::new());
        (keys["pk"]["S"].as_str(), keys["sk"]["S"].as_str()).hash(&mut hash);
        let lane = (limits.function.clone(), hash.finish() % limits.lanes);
        let delay = TimeDelta::from_std(self.0.aws.span(self.0.aws.weather().delay))?;
        let mut lanes = self.0.lanes.borrow_mut();
        let of = lanes.entry(lane.clone()).or_default();
        of.records.push_back((clock::now() + delay, record));
        if !of.busy {
            of.busy = true;
            self.spawn(self.clone().lane(lane, limits.clone()));
        }
        Ok(())
    }

    /// Processes a lane's records in order, in batches, until none is left.
    pub(super) async fn lane(
        self,
        lane: (String, u64),
        limits: StreamLimits,
    ) -> anyhow::Result<()> {
        loop {
            let first = {
                let mut lanes = self.0.lanes.borrow_mut();
                let of = lanes.get_mut(&lane).expect("the lane exists");
                match of.records.front() {
                    Some((at, _)) => *at,
                    None => {
                        of.busy = false;
                        return Ok(());
                    }
                }
            };
            clock::wait_until(first).await;
            let batch: Vec<Value> = {
                let lanes = self.0.lanes.borrow();
                let due = lanes[&lane].records.iter().take(limits.batch);
                due.take_while(|(at, _)| *at <= clock::now())
                    .map(|(_, record)| record.clone())
                    .collect()
            };
            self.batch(&limits, &batch).await?;
            if self.0.aws.happens("doubled", self.0.aws.weather().doubled) {
                self.batch(&limits, &batch).await?;
            }
            self.0
                .lanes
                .borrow_mut()
                .get_mut(&lane)
                .expect("it exists")
                .records
                .drain(..batch.len());
        }
    }

    /// Processes a batch. After a failure it continues at the first failed record, with half of it
    /// after an abort, up to the template's attempts.
    pub(super) async fn batch(&self, limits: &StreamLimits, batch: &[Value]) -> anyhow::Result<()> {
        let (mut rest, mut size, mut attempt) = (batch, batch.len(), 0);
        while !rest.is_empty() {
            let some = &rest[..size.clamp(1, rest.len())];
            let how = (Chain::new(), attempt + 1 >= limits.attempts);
            let ended = self.handle(&limits.function, how, json!({ "Records": some })).await?;
            let done = match &ended {
                Ended::Done(answer) => {
                    let failed = &answer["batchItemFailures"][0]["itemIdentifier"];
                    let is_failed =
                        |record: &Value| record["dynamodb"]["SequenceNumber"] == *failed;
                    some.iter().position(is_failed).unwrap_or(some.len())
                }
                Ended::Failed { .. } | Ended::Aborted(_) => 0,
            };
            rest = &rest[done..];
            if done == some.len() {
                (size, attempt) = (rest.len(), 0);
                continue;
            }
            if !matches!(ended, Ended::Aborted("throttled")) {
                attempt += 1;
                size = (size / 2).max(1);
            }
            if attempt == limits.attempts {
                self.0.given_up.borrow_mut().push((limits.function.clone(), rest[0].clone()));
                (rest, size, attempt) = (&rest[1..], rest.len() - 1, 0);
            }
            tokio::time::sleep(Duration::from_secs(1 << attempt.min(6))).await;
        }
        Ok(())
    }

    /// Brings the indexes up to date, as late as the weather wants.
    pub(super) async fn catch_up(self) -> anyhow::Result<()> {
        loop {
            let next = self.0.aws.catch_up()?;
            tokio::select! {
                biased;
                () = self.0.aws.news.notified() => {}
                () = wait(next) => {}
            }
        }
    }
}

/// Whether the template's filter passes a record on to the function.
fn is_for(function: &str, record: &Value) -> bool {
    let keys = &record["dynamodb"]["Keys"];
    let of_recordings = keys["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with("#recording"));
    let by_ttl = record["eventName"] == "REMOVE"
        && record["userIdentity"]["principalId"] == "dynamodb.amazonaws.com";
    of_recordings && (function != "expire" || by_ttl)
}
