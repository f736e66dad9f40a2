//! The warnings when an organisation's storage approaches its allowance.

use anyhow::{Context, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use billing::{App, Task, perform};
use chrono::{DateTime, TimeDelta, Utc};
use domain::billing::midnight;
use platform::table::usage::ChangeKind;
use serde_json::{Value, json};
use tests::{
    ledgers::{counted, organisations, switched},
    terms::day,
};

use crate::billing_export::{World, november, world};

/// The warnings at 80 and 100 % are sent once each, and again only after usage has fallen below.
#[tokio::test]
async fn each_crossing_of_the_allowance_is_notified_once() -> anyhow::Result<()> {
    let world = world("crossings").await?;
    let (sqs, notified) = listener(&world).await?;
    let noon = |text| midnight(day(text)) + TimeDelta::hours(12);
    let app = |now: fn() -> DateTime<Utc>| App { now, ..world.app.clone() };
    switched(&world.app.table, "crossing", "anna", true, "2026-10-28T09:00:00+01:00").await?;
    organisations(&world.app.table, &[("crossing", "Crossing")], november).await?;
    for (at, action, bytes) in [
        ("2026-10-28", ChangeKind::Stored, 23_999_999),
        ("2026-10-29", ChangeKind::Stored, 1),
        ("2026-10-30", ChangeKind::Stored, 1_000_000),
        ("2026-10-31", ChangeKind::Stored, 5_000_000),
    ] {
        counted(&world.app.table, "crossing", "anna", action, bytes, noon(at)).await?;
    }
    for _ in 0..2 {
        perform(&app(november), Task::Day { at: None }).await?;
    }
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let answer = sqs
            .receive_message()
            .queue_url(&notified)
            .wait_time_seconds(10)
            .max_number_of_messages(10)
            .send()
            .await?;
        ensure!(!answer.messages().is_empty(), "only {heard:?} arrived");
        for message in answer.messages() {
            let event: Value = serde_json::from_str(message.body().unwrap_or_default())?;
            let detail = &event["detail"];
            heard.push((
                detail["day"].to_string(),
                detail["percent"].as_u64(),
                detail["storedBytes"].as_i64(),
            ));
        }
    }
    heard.sort();
    let expected = [("\"2026-10-29\"", 80, 24_000_000), ("\"2026-10-31\"", 100, 30_000_000)];
    assert_eq!(
        heard,
        expected.map(|(day, percent, bytes)| (day.to_owned(), Some(percent), Some(bytes)))
    );
    let days = world
        .app
        .table
        .days()
        .between(&tests::people::organisation("crossing"), day("2026-10-01"), day("2026-11-30"))
        .await?;
    assert_eq!(days.len(), 5, "the 28th of October to the 1st of November: {days:?}");
    Ok(())
}

/// A queue that receives the warnings about the organisation "crossing".
async fn listener(world: &World) -> anyhow::Result<(aws_sdk_sqs::Client, String)> {
    let (sqs, bus) = (world.cloud.sqs(), &world.cloud.warnings_bus);
    let queue = sqs
        .create_queue()
        .queue_name("crossings")
        .send()
        .await?
        .queue_url
        .context("a queue has an address")?;
    let arn = sqs
        .get_queue_attributes()
        .queue_url(&queue)
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await?;
    let arn = arn
        .attributes()
        .and_then(|all| all.get(&QueueAttributeName::QueueArn))
        .context("a queue has an ARN")?
        .clone();
    let events = world.cloud.eventbridge();
    let pattern = json!({ "detail": { "organisation": ["crossing"] } }).to_string();
    events.put_rule().name("crossings").event_bus_name(bus).event_pattern(pattern).send().await?;
    let target = aws_sdk_eventbridge::types::Target::builder().id("queue").arn(arn).build()?;
    events.put_targets().rule("crossings").event_bus_name(bus).targets(target).send().await?;
    Ok((sqs, queue))
}
