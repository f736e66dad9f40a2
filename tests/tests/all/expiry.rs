//! `expire`: cleanup after the table has removed a recording's item, with real buckets.

use chrono::{TimeDelta, Utc};
use domain::recording::Recording;
use platform::table::{
    audit::{AuditAction, Event, Reading},
    key,
};
use serde_json::{Value, json};
use tests::{
    call::now,
    people::organisation,
    recording::{recording, register},
    requests::TENANT,
    retention_jobs::{World, days_later},
    stream,
};

/// The receipts of the organisation, newest first.
pub async fn receipts(world: &World, action: AuditAction) -> anyhow::Result<Vec<Event>> {
    let demo = organisation("demo");
    let all = Reading::new(&demo, chrono::DateTime::UNIX_EPOCH, days_later(20_000), 1000);
    let reading = Reading { action: Some(action), ..all };
    Ok(world.table().audit_log().events(&reading).await?.0)
}

async fn removals(world: &World, event: &Value) -> anyhow::Result<bool> {
    TENANT.scope("demo".to_owned(), world.removals(event, || days_later(190))).await
}

/// A stored recording whose item the table has removed, and the stream record of the removal.
async fn expired(world: &World, call: &str) -> anyhow::Result<(Recording, Value)> {
    let of = world.stored("anna", call, now()).await?;
    let event = world.expire(&of, days_later(181)).await?.expect("its day is past");
    Ok((of, event))
}

#[tokio::test]
async fn every_copy_is_removed_and_the_receipt_states_how_many() -> anyhow::Result<()> {
    let world = World::new("expire-every-copy").await?;
    let retained = world.stored("anna", "another", now()).await?;
    let of = world.stored("anna", "call-1", now()).await?;
    world.put(&of, "a second version").await?;
    let bucket = &world.stores.objects.name;
    let key = platform::objects::key(&of.organisation, of.id);
    world.stores.objects.client.delete_object().bucket(bucket).key(&key).send().await?; // a delete marker
    let aside = world
        .stores
        .quarantine
        .client
        .put_object()
        .bucket(&world.stores.quarantine.name)
        .key(format!("{key}/v1"));
    aside.body(b"no audio".to_vec().into()).send().await?;
    assert_eq!(world.copies(&of).await?, 4);
    let before = world.usage("anna").await?;
    let event = world.expire(&of, days_later(181)).await?.expect("its day is past");
    assert!(removals(&world, &event).await?);
    assert_eq!((world.copies(&of).await?, world.copies(&retained).await?), (0, 1));
    let bytes = i64::try_from(of.audio.length)?;
    assert_eq!(world.usage("anna").await?, [before[0] - 1, before[1] - bytes, before[2] - 60_000]);
    let receipts = receipts(&world, AuditAction::Expire).await?;
    assert_eq!(receipts.len(), 1);
    assert_eq!(
        (receipts[0].at, receipts[0].recording, receipts[0].actor.as_str()),
        (of.expires_at, Some(of.id), "service")
    );
    let stated: Value = serde_json::from_str(receipts[0].detail.as_deref().unwrap_or_default())?;
    let sha256: String = of.audio.sha256.into();
    assert_eq!(
        (&stated["sha256"], &stated["copies"]),
        (&json!(sha256), &json!({ "audio": 2, "quarantined": 1 }))
    );
    assert_eq!((&stated["removedAt"], &stated["stored"]), (&json!(days_later(190)), &json!(true)));
    let note = key::removal(&of.organisation, of.id, of.registered_at.timestamp_millis());
    let note = stream::expire(world.table(), note, days_later(251)).await?;
    assert!(note.is_some(), "the table removes the note of it after 60 days");
    Ok(())
}

#[tokio::test]
async fn a_repeated_removal_is_subtracted_from_usage_once() -> anyhow::Result<()> {
    let world = World::new("expire-again").await?;
    world.stored("anna", "another", now()).await?;
    let (_, event) = expired(&world, "call-1").await?;
    let one_left = [1, 960_044, 60_000];
    for _ in 0..3 {
        assert!(removals(&world, &event).await?);
        assert_eq!(world.usage("anna").await?, one_left);
        assert_eq!(receipts(&world, AuditAction::Expire).await?.len(), 1);
    }
    let both = json!({ "Records": [event["Records"][0], event["Records"][0]] });
    assert!(removals(&world, &both).await?);
    assert_eq!(world.usage("anna").await?, one_left);
    Ok(())
}

#[tokio::test]
async fn a_recording_that_was_never_stored_does_not_change_usage() -> anyhow::Result<()> {
    let world = World::new("expire-not-stored").await?;
    let expected = recording("demo", "anna", "expected", now());
    let rejected = recording("demo", "anna", "rejected", now());
    for of in [&expected, &rejected] {
        register(world.table(), of).await?;
    }
    world.table().recordings().reject(&rejected, "no audio").await?;
    for of in [&expected, &rejected] {
        let event = world.expire(of, days_later(181)).await?.expect("its day is past");
        assert!(removals(&world, &event).await?);
    }
    assert_eq!(world.usage("anna").await?, [0, 0, 0]);
    assert_eq!(receipts(&world, AuditAction::Expire).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn an_expired_recording_loses_its_edits_and_no_others() -> anyhow::Result<()> {
    let world = World::new("expire-edits").await?;
    let (of, another) = (
        world.stored("anna", "call-1", now()).await?,
        world.stored("anna", "another", now()).await?,
    );
    let annotate = annotate::router(annotate::App { table: world.table().clone(), now });
    for id in [of.id, of.id, another.id] {
        let note = json!({ "note": format!("ring {}", world.count("edit").await?) }).to_string();
        let path = format!("/v1/recordings/{id}");
        tests::retention_jobs::KARIN
            .send_with(&annotate, "PATCH", &path, Some(note), json!({ "if-match": "*" }))
            .await?
            .done()?;
    }
    assert_eq!(world.count("edit").await?, 3);
    let event = world.expire(&of, days_later(181)).await?.expect("its day is past");
    assert!(removals(&world, &event).await?);
    assert_eq!(world.count("edit").await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_annotated_call_without_registration_leaves_no_edit_and_no_receipt() -> anyhow::Result<()>
{
    let world = World::new("expire-early").await?;
    let annotate = annotate::router(annotate::App { table: world.table().clone(), now });
    let anna = tests::request::As { organisation: "demo", user: "anna" };
    anna.put(&annotate, "/v1/calls/call-1/annotation", &json!({ "note": "ring" })).await?.done()?;
    assert_eq!(world.count("edit").await?, 1);
    let early = recording("demo", "anna", "call-1", now());
    let event = world.expire(&early, days_later(181)).await?.expect("its day is past");
    assert!(removals(&world, &event).await?);
    assert_eq!(
        (world.count("edit").await?, receipts(&world, AuditAction::Expire).await?.len()),
        (0, 0)
    );
    Ok(())
}

#[tokio::test]
async fn a_recording_registered_again_under_the_same_id_retains_its_audio() -> anyhow::Result<()> {
    let world = World::new("expire-anew").await?;
    let (of, event) = expired(&world, "call-1").await?;
    // The old audio is older than the new registration. It is removed; the item remains.
    let anew = Recording {
        registered_at: Utc::now() + TimeDelta::hours(1),
        expires_at: days_later(900),
        ..of.clone()
    };
    register(world.table(), &anew).await?;
    assert!(removals(&world, &event).await?);
    assert_eq!(world.copies(&of).await?, 0);
    assert!(world.item(&of).await?.contains_key("state"));
    // Audio for the new registration remains, however late and often the old removal is delivered.
    let delete = world.table().client.delete_item().table_name(&world.table().name);
    delete.set_key(Some(key::recording(&of.organisation, of.id))).send().await?;
    register(world.table(), &Recording { registered_at: Utc::now() - TimeDelta::hours(1), ..anew })
        .await?;
    world.put(&of, "new audio").await?;
    for _ in 0..2 {
        assert!(removals(&world, &event).await?);
        assert_eq!(world.copies(&of).await?, 1);
    }
    assert_eq!(receipts(&world, AuditAction::Expire).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_failing_removal_waits_on_the_queue_and_blocks_no_other() -> anyhow::Result<()> {
    let world = World::new("expire-later").await?;
    let (of, event) = expired(&world, "call-1").await?;
    let (other, of_other) = expired(&world, "call-2").await?;
    let mut away = world.clone();
    away.stores.objects.name = "no-such-bucket".to_owned();
    assert!(removals(&away, &event).await?, "the stream continues");
    assert!(removals(&world, &of_other).await?);
    assert_eq!((world.copies(&of).await?, world.copies(&other).await?), (1, 0));
    // The message is delayed first. The test reads the sent message as the queue would deliver it.
    let attributes = world
        .queue
        .client
        .get_queue_attributes()
        .queue_url(&world.queue.url)
        .attribute_names("All".into())
        .send()
        .await?;
    let delayed = attributes.attributes.unwrap_or_default();
    assert_eq!(
        delayed.get(&"ApproximateNumberOfMessagesDelayed".into()).map(String::as_str),
        Some("1")
    );
    let removal = platform::table::removal::Removal::read(&of_image(&event))?;
    let body = serde_json::to_string(&removal)?;
    let message =
        json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "m", "body": body }] });
    assert!(!removals(&away, &message).await?, "from the queue it fails, and SQS counts the tries");
    assert!(removals(&world, &message).await?);
    assert_eq!(
        (world.copies(&of).await?, receipts(&world, AuditAction::Expire).await?.len()),
        (0, 2)
    );
    Ok(())
}

fn of_image(event: &Value) -> key::Item {
    platform::table::image::read(&event["Records"][0]["dynamodb"]["OldImage"]).expect("an image")
}

#[tokio::test]
async fn manual_deletions_and_items_other_than_recordings_are_ignored() -> anyhow::Result<()> {
    let world = World::new("expire-other").await?;
    let of = world.stored("anna", "call-1", now()).await?;
    let record = stream::removed(&world.item(&of).await?);
    let mut by_someone = record.clone();
    by_someone["userIdentity"] = Value::Null;
    let (mut changed, mut of_user) = (record.clone(), record.clone());
    changed["eventName"] = json!("MODIFY");
    of_user["dynamodb"]["Keys"]["pk"]["S"] = json!("demo#user");
    assert!(removals(&world, &json!({ "Records": [by_someone, changed, of_user] })).await?);
    assert_eq!(world.copies(&of).await?, 1);
    assert_eq!(world.usage("anna").await?[0], 1);
    let mut unreadable = record;
    unreadable["dynamodb"]["OldImage"] = json!({ "pk": { "S": "demo#recording" } });
    assert!(
        !removals(&world, &json!({ "Records": [unreadable] })).await?,
        "what cannot be read is not passed over"
    );
    assert!(
        !removals(
            &world,
            &json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "m", "body": "{" }] })
        )
        .await?
    );
    Ok(())
}

/// A recording that exists, reported as removed: restored from a backup or by hand.
#[tokio::test]
async fn a_recording_that_exists_again_retains_its_audio() -> anyhow::Result<()> {
    let world = World::new("expire-restored").await?;
    let of = world.stored("anna", "call-1", now()).await?;
    let of = Recording { registered_at: of.registered_at, ..of };
    let event = json!({ "Records": [stream::removed(&world.item(&of).await?)] });
    let event_time = || now() + TimeDelta::days(1);
    assert!(world.removals(&event, event_time).await?);
    assert_eq!(world.copies(&of).await?, 1);
    Ok(())
}
