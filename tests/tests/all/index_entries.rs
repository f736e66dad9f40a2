//! The index function: the entries of words and numbers after processing the stream. The last
//! recording that used an entry takes it along.

use aws_sdk_dynamodb::types::AttributeValue::N;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{recording::Recording, search::Place};
use platform::table::key;
use serde_json::json;
use tests::{
    call::now,
    indexed::{World, failed, take_in},
    people::organisation,
    recording::{recording, register},
};

use super::index::by_ttl;

#[tokio::test]
async fn an_entry_is_written_only_when_missing_or_expiring_too_soon() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    for (call, days_ago, units) in [
        ("first", 170, 4.0),
        ("second", 150, 1.0),
        ("third", 10, 4.0),
        ("fourth", 170, 1.0),
        ("fifth", 0, 1.0),
    ] {
        let mut stated = recording("demo", "anna", call, now() - TimeDelta::days(days_ago));
        stated.annotation.note = "offert".to_owned().try_into().ok();
        register(world.table(), &stated).await?;
        world.watched.units.take();
        world.hear().await?;
        assert_eq!(world.watched.units.take()["all"], units, "{call}");
        let ends = stated.expires_at.timestamp();
        let entries = world.entries().await?;
        assert!(
            entries.values().flatten().all(|end| end.parse::<i64>().is_ok_and(|end| end >= ends)),
            "{call}: {entries:?}"
        );
    }
    Ok(())
}

/// A year from now: the recordings that begin today have ended, and those of [`other`] have not.
fn next_year() -> DateTime<Utc> {
    now() + TimeDelta::days(365)
}

/// A recording of a call with another counterpart, which is retained for two years.
async fn other(world: &World, stated: &str) -> anyhow::Result<Recording> {
    let mut other = recording("demo", "anna", "other", now() - TimeDelta::hours(1));
    other.counterpart = "+46709999999".to_owned().into();
    other.expires_at = now() + TimeDelta::days(730);
    other.annotation.note = stated.to_owned().try_into().ok();
    register(world.table(), &other).await?;
    Ok(other)
}

/// The existing entries.
async fn entry_keys(world: &World) -> anyhow::Result<Vec<String>> {
    Ok(world.entries().await?.into_keys().collect())
}

#[tokio::test]
async fn a_removed_recording_takes_the_entries_that_only_it_used() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    world.say("call", json!({ "note": "ring åsa" })).await?;
    let retained = other(&world, "ring").await?;
    world.hear().await?;
    world.app.now = next_year;
    world.remove(&stored).await?;
    let mut removal = world.watched.stream.news()?;
    by_ttl(&mut removal);
    for _ in 0..2 {
        take_in(&world.app, &removal).await?;
        assert_eq!(
            entry_keys(&world).await?,
            ["demo#ending 99999990764", "demo#number 46709999999", "demo#word note#ring"]
        );
    }
    world.remove(&retained).await?;
    world.hear().await?;
    assert_eq!(entry_keys(&world).await?, [""; 0], "no recording contains a word");
    Ok(())
}

#[tokio::test]
async fn entries_without_an_expiry_are_removed_with_the_held_recording() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    world
        .write(
            &stored,
            "SET #until = expires_at, held = :since REMOVE expires_at",
            [(":since", N(now().timestamp_millis().to_string()))],
        )
        .await?;
    world.say("call", json!({ "note": "ring" })).await?;
    world.hear().await?;
    assert!(
        world.entries().await?.values().any(Option::is_none),
        "while it is held, no expiry is known"
    );
    world.app.now = next_year;
    world.remove(&stored).await?;
    world.hear().await?;
    assert_eq!(entry_keys(&world).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_missing_or_expired_entry_is_repaired_by_the_next_removal() -> anyhow::Result<()> {
    for removed in [true, false] {
        let mut world = World::new().await?;
        let stored = world.stored("call").await?;
        world.say("call", json!({ "note": "ring" })).await?;
        other(&world, "ring").await?;
        world.hear().await?;
        let mut entry = key::word(&organisation("demo"), Place::Note, "ring");
        if removed {
            world
                .table()
                .client
                .delete_item()
                .table_name(&world.table().name)
                .set_key(Some(entry))
                .send()
                .await?;
        } else {
            entry.insert("expires_at".to_owned(), N(next_year().timestamp().to_string()));
            world
                .table()
                .client
                .put_item()
                .table_name(&world.table().name)
                .set_item(Some(entry))
                .send()
                .await?;
        }
        world.app.now = next_year;
        world.remove(&stored).await?;
        world.hear().await?;
        assert_eq!(
            world.entries().await?["demo#word note#ring"],
            None,
            "the entry is restored for the remaining recording"
        );
    }
    Ok(())
}

/// The words of the entries, in order.
async fn words(world: &World) -> anyhow::Result<Vec<String>> {
    Ok(entry_keys(world)
        .await?
        .into_iter()
        .filter_map(|entry| Some(entry.strip_prefix("demo#word ")?.to_owned()))
        .collect())
}

#[tokio::test]
async fn an_edited_out_word_leaves_the_dictionary_unless_used_elsewhere() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    world.stored("call").await?;
    world
        .say("call", json!({ "note": "ring hemlig", "field1": "hemlig", "field3": "4411" }))
        .await?;
    other(&world, "ring").await?;
    world.hear().await?;
    assert_eq!(words(&world).await?, ["f1#hemlig", "f3#4411", "note#hemlig", "note#ring"]);
    world.say("call", json!({ "note": "faktura", "field3": null })).await?;
    let edit = world.watched.stream.news()?;
    for _ in 0..2 {
        take_in(&world.app, &edit).await?;
        assert_eq!(words(&world).await?, ["f1#hemlig", "note#faktura", "note#ring"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_word_added_during_a_hold_leaves_the_dictionary_with_an_edit() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    let since = [(":since", N(now().timestamp_millis().to_string()))];
    world.write(&stored, "SET #until = expires_at, held = :since REMOVE expires_at", since).await?;
    world.say("call", json!({ "note": "hemlig" })).await?;
    world.hear().await?;
    assert_eq!(
        world.entries().await?["demo#word note#hemlig"],
        None,
        "while it is held, no expiry is known"
    );
    world.say("call", json!({ "note": "faktura" })).await?;
    world.hear().await?;
    assert_eq!(words(&world).await?, ["note#faktura"]);
    Ok(())
}

/// The record of the edit stops after each request in turn, and is then delivered again.
#[tokio::test]
async fn a_word_leaves_the_dictionary_after_a_crash_at_any_request() -> anyhow::Result<()> {
    for point in 0.. {
        let mut world = World::new().await?;
        world.stored("call").await?;
        world.say("call", json!({ "note": "ring hemlig" })).await?;
        other(&world, "ring").await?;
        world.hear().await?;
        world.say("call", json!({ "note": "faktura" })).await?;
        let edit = world.watched.stream.news()?;
        world.watched.requests.end_after(Some(point));
        let whole = take_in(&world.app, &edit).await?.batch_item_failures.is_empty();
        world.watched.requests.end_after(None);
        assert_eq!(failed(&take_in(&world.app, &edit).await?), [""; 0], "{point}");
        assert_eq!(words(&world).await?, ["note#faktura", "note#ring"], "{point}");
        if whole {
            break;
        }
    }
    Ok(())
}
