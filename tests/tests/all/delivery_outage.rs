//! Folders that are built late, at once or by several attempts: each recording is in one of them.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{Day, folder::Task, manifest},
    recording::Recording,
};
use serde_json::json;
use tests::{
    bucket,
    call::{call, with},
    delivery::World,
    people::{Person, organisation},
    request::As,
};

use crate::delivery::{a_day, at, morning, next_morning, scheduled};

/// 05:05 in Stockholm on 27 November, after two mornings without a delivery.
fn after_two() -> DateTime<Utc> {
    next_morning() + TimeDelta::days(1)
}

fn one_more() -> DateTime<Utc> {
    after_two() + TimeDelta::days(1)
}

fn day(text: &str) -> Day {
    scheduled(text).day
}

/// The folders that have the recording's file.
async fn folders_of(world: &World, recording: &Recording) -> anyhow::Result<Vec<String>> {
    let name = manifest::file_name(recording);
    let files = world.files().await?;
    let found = files.keys().filter_map(|key| key.strip_suffix(&format!("/{name}")));
    Ok(found.filter_map(|key| Some(key.rsplit('/').next()?.to_owned())).collect())
}

async fn recovered(test: &str) -> anyhow::Result<World> {
    let world = World::new(test, 2, after_two).await?;
    Person::recorded("anna").joins(&world.app.table, "demo").await?;
    Ok(world)
}

/// A call of the 24th whose audio came on the 25th, in the middle of the outage.
async fn late(world: &World) -> anyhow::Result<Recording> {
    world.stored("anna", "late", at("2026-11-24T11:00:00Z"), at("2026-11-25T10:00:00Z")).await
}

#[tokio::test]
async fn after_an_outage_a_late_recording_is_in_one_folder() -> anyhow::Result<()> {
    for (test, order) in [
        ("outage-forward", ["2026-11-24", "2026-11-25", "2026-11-26"]),
        ("outage-backward", ["2026-11-26", "2026-11-25", "2026-11-24"]),
        ("outage-mixed", ["2026-11-25", "2026-11-24", "2026-11-26"]),
    ] {
        let world = recovered(test).await?;
        let late = late(&world).await?;
        for delivery_folder in order.map(scheduled) {
            world.orders(Task::Plan { delivery_folder }).await?;
            world.works().await?;
        }
        let next = world.at(one_more);
        next.morning().await?;
        assert_eq!(folders_of(&next, &late).await?.len(), 1, "{test}");
        let another = next.at(|| one_more() + TimeDelta::days(1));
        another.morning().await?;
        assert_eq!(folders_of(&another, &late).await?.len(), 1, "{test}: again");
    }
    Ok(())
}

/// The day's attempt ends after each of its requests, the later day's folder is built, and then the
/// attempt is repeated.
#[tokio::test]
async fn after_an_outage_a_repeated_attempt_delivers_nothing_twice() -> anyhow::Result<()> {
    for ends_after in 0..40 {
        let world = recovered(&format!("outage-repeated-{ends_after}")).await?;
        let late = late(&world).await?;
        world.orders(Task::Plan { delivery_folder: scheduled("2026-11-24") }).await?;
        world.requests.end_after(Some(ends_after));
        for message in world.receive().await? {
            let done = world.delivers(&message).await?;
            world.settle(&message, done).await?;
        }
        for message in world.receive().await? {
            let done = world.delivers(&message).await?;
            world.settle(&message, done).await?;
        }
        let ended = world.requests.has_ended();
        world.requests.end_after(None);
        assert!(world.does(Task::Plan { delivery_folder: scheduled("2026-11-25") }).await?);
        world.works().await?;
        let next = world.at(one_more);
        next.morning().await?;
        assert_eq!(folders_of(&next, &late).await?.len(), 1, "{ends_after}");
        if !ended {
            return Ok(());
        }
    }
    anyhow::bail!("the attempts need more than 40 requests")
}

#[tokio::test]
async fn folders_that_are_built_at_once_deliver_what_an_earlier_one_missed_once()
-> anyhow::Result<()> {
    let world = recovered("missed-once").await?;
    let noon = at("2026-11-24T11:00:00Z");
    let missed = world.stored("anna", "missed", noon, noon).await?;
    let entries = world.app.table.late_arrivals();
    let named = [(missed.id, missed.expires_at)];
    entries.await_again(&organisation("demo"), day("2026-11-24"), &named, morning()).await?;
    for text in ["2026-11-25", "2026-11-26"] {
        world.orders(Task::Plan { delivery_folder: scheduled(text) }).await?;
    }
    world.works().await?;
    assert_eq!(folders_of(&world, &missed).await?, ["2026-11-26"]);
    Ok(())
}

#[tokio::test]
async fn a_repeated_registration_leaves_what_a_folder_missed() -> anyhow::Result<()> {
    let (world, inside) = a_day("registered-again", 2).await?;
    let lost = &inside[1];
    world.delete_object(lost).await?;
    world.morning().await?;
    let upload = upload::router(upload::App {
        table: world.app.table.clone(),
        objects: bucket::unreached(),
        now: || morning() + TimeDelta::hours(2),
    });
    let anna = As { organisation: "demo", user: "anna" };
    let again = call("noon", "audio/wav", b"audio of noon");
    let started = json!({ "startedAt": lost.started_at });
    anna.post(&upload, "/v1/recordings", &with(again, started)).await?;
    let entries = world.app.table.late_arrivals().between(&organisation("demo"), "0", "~").await?;
    let entry = entries.iter().find(|entry| entry.id == lost.id);
    assert_eq!(entry.and_then(|entry| entry.missed), Some(day("2026-11-24")));
    world.puts(lost, "audio of noon").await?;
    let next = world.at(next_morning);
    next.morning().await?;
    assert_eq!(folders_of(&next, lost).await?, ["2026-11-25"]);
    Ok(())
}

/// An attempt whose copy fails does not remove the copy of another one, unless its own part is first.
#[tokio::test]
async fn a_failing_attempt_leaves_the_copy_of_a_concurrent_one() -> anyhow::Result<()> {
    let (world, inside) = a_day("beside", 10).await?;
    let recording = &inside[1];
    let delivery_folder = scheduled("2026-11-24");
    let copies = Task::Copy { delivery_folder, chunk: 0 };
    assert!(world.does(Task::Plan { delivery_folder }).await?);
    let late = world.at(|| at("2026-11-25T04:46:00Z"));
    for ends_after in 0..40 {
        let file = manifest::key(recording, delivery_folder);
        let copied = world.app.drop.client.put_object().bucket(&world.app.drop.name);
        copied.key(&file).body(b"audio of noon".to_vec().into()).send().await?;
        late.requests.break_down(Some(("CopyObject", recording.id.to_string())));
        late.requests.end_after(Some(ends_after));
        late.does(copies).await?;
        late.requests.end_after(None);
        late.requests.break_down(None);
        let objects = world.objects("").await?;
        if objects.keys().any(|key| key.starts_with("parts/")) {
            anyhow::ensure!(ends_after > 3, "it copied before");
            late.works().await?;
            assert_eq!(folders_of(&late, recording).await?, [""; 0], "its part does not list it");
            return Ok(());
        }
        assert!(objects.contains_key(&file), "removed before request {ends_after}");
    }
    anyhow::bail!("it never wrote its part")
}
