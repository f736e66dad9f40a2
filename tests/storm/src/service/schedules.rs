//! The schedules, with their times as in the template, and the time to live of items.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use domain::time::in_stockholm;
use serde_json::{Value, json};

use super::{ATTEMPTS, Ended, Service};
use crate::{aws::Chain, clock};

impl Service {
    /// Runs the schedules of a span of time, and TTL.
    pub async fn run_schedules(&self, until: DateTime<Utc>) -> anyhow::Result<()> {
        let quarter = TimeDelta::minutes(15);
        let mut at = DateTime::from_timestamp((clock::now().timestamp() / 900 + 1) * 900, 0)
            .context("a valid time")?;
        let mut removed_at = clock::now();
        while at <= until {
            clock::wait_until(at).await;
            if clock::now() - removed_at >= TimeDelta::from_std(self.0.aws.weather().ttl)? {
                self.remove_expired()?;
                removed_at = clock::now();
            }
            for (function, time, event) in due(at) {
                let service = self.clone();
                self.spawn(async move {
                    clock::wait_until(time).await;
                    service.scheduled(function, event).await
                });
            }
            at += quarter;
        }
        clock::wait_until(until).await;
        Ok(())
    }

    pub fn remove_expired(&self) -> anyhow::Result<()> {
        let aws = &self.0.aws;
        aws.tables().remove_expired()?;
        aws.remove_held()?;
        self.0.aws.follow()
    }

    /// Invokes a function on schedule. Lambda tries an event of Scheduler three times.
    async fn scheduled(&self, function: &str, event: Value) -> anyhow::Result<()> {
        for attempt in 1..=ATTEMPTS {
            let ended =
                self.handle(function, (Chain::new(), attempt == ATTEMPTS), event.clone()).await?;
            let again = self.0.aws.happens("doubled", self.0.aws.weather().doubled / 4.0);
            if matches!(ended, Ended::Done(_)) {
                if again {
                    self.handle(function, (Chain::new(), true), event).await?;
                }
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(60 * u64::from(attempt))).await;
        }
        self.0.given_up.borrow_mut().push((function.to_owned(), event));
        Ok(())
    }
}

/// The schedules that are due within a quarter of an hour, with their times, as in the template.
fn due(at: DateTime<Utc>) -> Vec<(&'static str, DateTime<Utc>, Value)> {
    let local = in_stockholm(at);
    let (hour, minute) = (local.hour(), local.minute());
    let mut due = Vec::new();
    if (hour, minute) == (0, 15) {
        due.push(("billing", at, json!({ "task": "day", "at": at })));
    }
    if (hour, minute) == (3, 30) {
        due.push(("reconcile", at, json!({ "night": at })));
    }
    // The template has it on the 1st only. No other day of a storm would have a month to export.
    if (hour, minute) == (4, 0) {
        due.push(("billing", at, json!({ "task": "month", "at": at })));
    }
    if (5..=7).contains(&hour) {
        let time = at + TimeDelta::minutes(5);
        due.push(("delivery", time, json!({ "morning": time })));
    }
    due
}
