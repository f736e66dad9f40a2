//! Recordings that cannot be delivered: the day completes in time without them and names the
//! reason, and a later one delivers them.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{
        folder::{DeliveryFolder, Progress, Task},
        manifest,
        outcome::Reason,
    },
    recording::Recording,
};
use serde_json::json;
use tests::{
    delivery::World,
    people::{Person, organisation},
    recording::recording,
    request::As,
};

use crate::delivery::{a_day, at, expected, morning, next_morning, scheduled, verified};

/// 05:46 in Stockholm, when the folder no longer waits for missing recordings.
fn quarter_to_six() -> DateTime<Utc> {
    at("2026-11-25T04:46:00Z")
}

/// The rows of a folder's index, by id.
fn index(
    files: &BTreeMap<String, String>,
    folder: &str,
) -> anyhow::Result<BTreeMap<String, BTreeMap<String, String>>> {
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(b';')
        .from_reader(files[&format!("files/demo/{folder}/index.csv")].as_bytes());
    let rows: Vec<BTreeMap<String, String>> = rows.deserialize().collect::<Result<_, _>>()?;
    Ok(rows.into_iter().map(|row| (row["id"].clone(), row)).collect())
}

/// The state, reason, file and late columns of a recording's row.
fn state(rows: &BTreeMap<String, BTreeMap<String, String>>, of: &Recording) -> [String; 4] {
    let row = &rows[&of.id.to_string()];
    ["state", "reason", "file", "late"].map(|column| row[column].clone())
}

async fn delivery_folder(world: &World, day: &str) -> anyhow::Result<DeliveryFolder> {
    let found = world
        .delivery_folders()
        .await?
        .into_iter()
        .find(|delivery_folder| delivery_folder.name == scheduled(day));
    found.ok_or_else(|| anyhow::anyhow!("{day} was never begun"))
}

#[tokio::test]
async fn lost_and_altered_recordings_stop_no_other_and_are_late_once_restored() -> anyhow::Result<()>
{
    let (world, inside) = a_day("lost", 2).await?;
    let (lost, altered) = (&inside[0], &inside[1]);
    world.delete_object(lost).await?;
    world.puts(altered, "other bytes").await?;
    world.morning().await?;
    let files = world.files().await?;
    assert_eq!(verified(&files, "2026-11-24"), expected(&inside[2..]));
    let found: Vec<_> = files
        .keys()
        .filter(|key| key.contains(&lost.id.to_string()) || key.contains(&altered.id.to_string()))
        .collect();
    assert!(found.is_empty(), "what is not delivered has no file: {found:?}");
    let rows = index(&files, "2026-11-24")?;
    assert_eq!(rows.len(), 4);
    assert_eq!(state(&rows, lost), ["not-delivered", "lost", "", "no"]);
    assert_eq!(state(&rows, altered), ["not-delivered", "altered", "", "no"]);
    assert_eq!(state(&rows, &inside[2]), ["delivered", "", &manifest::file_name(&inside[2]), "no"]);
    assert_eq!(
        rows[&lost.id.to_string()]["counterpart"],
        "+46701234567",
        "the customer sees which call it is"
    );
    let complete = delivery_folder(&world, "2026-11-24").await?;
    assert!(complete.is_complete());
    assert_eq!((complete.count.recordings, complete.count.undelivered), (2, 2));

    // The next day only one is back.
    world.puts(altered, "audio of noon").await?;
    let next = world.at(next_morning);
    next.morning().await?;
    let rows = index(&next.files().await?, "2026-11-25")?;
    assert_eq!(state(&rows, altered), ["delivered", "", &manifest::file_name(altered), "yes"]);
    assert!(!rows.contains_key(&lost.id.to_string()), "it was named once");
    assert_eq!(delivery_folder(&next, "2026-11-25").await?.count.restored, 1);

    // The day after, the other is back. Nothing is delivered twice.
    world.puts(lost, "audio of first").await?;
    let third = world.at(|| next_morning() + TimeDelta::days(1));
    third.morning().await?;
    let files = third.files().await?;
    let rows = index(&files, "2026-11-26")?;
    assert_eq!(rows.keys().map(String::as_str).collect::<Vec<_>>(), [lost.id.to_string()]);
    assert_eq!(state(&rows, lost), ["delivered", "", &manifest::file_name(lost), "yes"]);
    assert!(verified(&files, "2026-11-26").contains(&manifest::file_name(lost)));
    let late_arrival =
        world.app.table.late_arrivals().between(&organisation("demo"), "0", "~").await?;
    assert!(
        late_arrival.iter().all(|late_arrival| late_arrival.missed.is_none()),
        "{late_arrival:?}"
    );
    let fourth = world.at(|| next_morning() + TimeDelta::days(2));
    fourth.morning().await?;
    assert!(index(&fourth.files().await?, "2026-11-27")?.is_empty());
    // An erasure also finds it in the folder where it arrived late.
    let (started_at, stored_at) = (lost.started_at, at("2026-11-24T23:30:00Z"));
    assert!(delivery_folder(&fourth, "2026-11-26").await?.may_hold_call(started_at, stored_at));
    assert!(fourth.does(Task::Forget { recording: lost.id }).await?);
    let left = fourth.objects("").await?;
    assert!(!left.iter().any(
        |(key, body)| key.contains(&lost.id.to_string()) || body.contains(&lost.id.to_string())
    ));
    Ok(())
}

#[tokio::test]
async fn a_redelivered_day_contains_the_restored_recording() -> anyhow::Result<()> {
    let (world, inside) = a_day("again", 2).await?;
    world.delete_object(&inside[0]).await?;
    world.morning().await?;
    world.puts(&inside[0], "audio of first").await?;
    let ordered = DeliveryFolder::ordered(
        scheduled("2026-11-24").day,
        at("2026-11-25T10:00:00Z"),
        &world.delivery_folders().await?,
    );
    let later = world.at(|| at("2026-11-25T10:00:01Z"));
    later.app.table.folders().begin(&organisation("demo"), &ordered).await?;
    later.orders(Task::Plan { delivery_folder: ordered.name }).await?;
    later.works().await?;
    let rows = index(&later.files().await?, "2026-11-24_2")?;
    assert_eq!(state(&rows, &inside[0]), ["delivered", "", &manifest::file_name(&inside[0]), "no"]);
    Ok(())
}

/// Copying fails for one recording until 05:45.
#[tokio::test]
async fn a_folder_waits_until_a_quarter_to_six_for_a_failing_copy() -> anyhow::Result<()> {
    let (world, inside) = a_day("throttled", 1).await?;
    let failing = &inside[1];
    world.requests.break_down(Some(("CopyObject", failing.id.to_string())));
    world.orders(Task::Plan { delivery_folder: scheduled("2026-11-24") }).await?;
    for _ in 0..4 {
        for message in world.receive().await? {
            let done = world.delivers(&message).await?;
            world.settle(&message, done).await?;
        }
    }
    assert_eq!(
        delivery_folder(&world, "2026-11-24").await?.progress,
        Progress::Building,
        "it may still be done in time"
    );
    let late = world.at(quarter_to_six);
    late.morning().await?;
    let files = late.files().await?;
    let rows = index(&files, "2026-11-24")?;
    assert_eq!(state(&rows, failing), ["not-delivered", "unreachable", "", "no"]);
    assert_eq!(verified(&files, "2026-11-24").len(), 4);
    let Progress::Complete { at: complete_at } =
        delivery_folder(&late, "2026-11-24").await?.progress
    else {
        anyhow::bail!("it is not complete")
    };
    assert!(complete_at < at("2026-11-25T05:00:00Z"), "it is complete by six");
    world.requests.break_down(None);
    let next = world.at(next_morning);
    next.morning().await?;
    assert_eq!(state(&index(&next.files().await?, "2026-11-25")?, failing)[3], "yes");
    Ok(())
}

#[tokio::test]
async fn unreadable_and_expired_recordings_are_named_by_their_ids() -> anyhow::Result<()> {
    let (world, inside) = a_day("unreadable", 2).await?;
    let broken = &inside[1];
    let item = |recording: &Recording| {
        let key = [("pk", "demo#recording".to_owned()), ("sk", recording.id.to_string())];
        let update = world.app.table.client.update_item().table_name(&world.app.table.name);
        key.into_iter()
            .fold(update, |update, (name, value)| update.key(name, AttributeValue::S(value)))
    };
    item(broken).update_expression("REMOVE dir").send().await?;
    let mut ended = recording("demo", "anna", "ended", at("2026-11-24T15:00:00Z"));
    ended.expires_at = at("2026-11-25T04:03:00Z"); // between the cutoff and the copying
    let (ended, audio) = world.registered_as("ended", ended).await?;
    world.arrives(&ended, audio, at("2026-11-24T16:00:00Z")).await?;
    world.morning().await?;
    let files = world.files().await?;
    let rows = index(&files, "2026-11-24")?;
    assert_eq!(state(&rows, broken), ["not-delivered", "unreadable", "", ""]);
    assert_eq!(state(&rows, &ended), ["not-delivered", "expired", "", ""]);
    assert_eq!(
        rows[&ended.id.to_string()].values().filter(|cell| !cell.is_empty()).count(),
        3,
        "the other columns are empty"
    );
    let left = [inside[0].clone(), inside[2].clone(), inside[3].clone()];
    assert_eq!(verified(&files, "2026-11-24"), expected(&left));
    // Once somebody has repaired the item, the recording is a late arrival.
    item(broken)
        .update_expression("SET dir = :out")
        .expression_attribute_values(":out", AttributeValue::S("out".to_owned()))
        .send()
        .await?;
    let next = world.at(next_morning);
    next.morning().await?;
    assert_eq!(state(&index(&next.files().await?, "2026-11-25")?, broken)[3], "yes");
    Ok(())
}

#[tokio::test]
async fn an_administrator_sees_which_recordings_a_folder_lacks_and_why() -> anyhow::Result<()> {
    let (world, inside) = a_day("lacks", 2).await?;
    Person::administrator("karin").joins(&world.app.table, "demo").await?;
    world.delete_object(&inside[2]).await?;
    world.morning().await?;
    let sftp = delivery_api::router(delivery_api::App {
        table: world.app.table.clone(),
        queue: world.app.queue.clone(),
        server: tests::cloud::cloud()?.sftp(),
        now: morning,
    });
    let karin = As { organisation: "demo", user: "karin" };
    let drops = karin.get(&sftp, "/v1/drops").await?.done()?.body;
    let drop = drops["drops"]
        .as_array()
        .and_then(|drops| drops.iter().find(|drop| drop["folder"] == "2026-11-24"))
        .expect("it is listed");
    assert_eq!(
        (&drop["state"], &drop["recordings"], &drop["notDelivered"]),
        (&json!("complete"), &json!(3), &json!(1))
    );
    let lacks = json!([{ "recording": inside[2].id.to_string(), "state": "not-delivered", "reason": Reason::Lost.into_str() }]);
    assert_eq!(drop["undelivered"], lacks);
    // Page by page, each folder appears once.
    let (mut folders, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = karin.get(&sftp, &format!("/v1/drops?limit=1{cursor}")).await?.done()?.body;
        folders.extend(
            page["drops"].as_array().into_iter().flatten().map(|drop| drop["folder"].to_string()),
        );
        let Some(next) = page["cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(folders.len(), drops["drops"].as_array().map_or(0, Vec::len));
    Ok(())
}
