//! Holds, erasures and expiry through the deployed service: its queues, stream and roles.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue::N;
use domain::search::Posting;
use platform::{
    objects,
    table::{Table, key},
};
use serde_json::{Value, json};
use tests::{
    call::{call, silence, with},
    door::{Door, answer},
    people::organisation,
};

/// Repeats the request until the response meets the condition, like a click on refresh.
async fn refreshed(
    door: &Door,
    path: &str,
    token: &str,
    condition: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let mut refresh = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..3_000 {
        refresh.tick().await;
        let (status, shown) = answer(door.get(path), token).await?;
        anyhow::ensure!(status == 200, "{path}: {status}: {shown}");
        if condition(&shown) {
            return Ok(shown);
        }
    }
    anyhow::bail!("{path} did not come to it in 3,000 refreshes")
}

/// Waits until the table contains the given number of the items.
async fn await_items(table: &Table, keys: &[key::Item], count: usize) -> anyhow::Result<()> {
    let mut again = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..300 {
        again.tick().await;
        let mut found = 0;
        for key in keys {
            let get = table.client.get_item().table_name(&table.name).set_key(Some(key.clone()));
            found += usize::from(get.consistent_read(true).send().await?.item.is_some());
        }
        if found == count {
            return Ok(());
        }
    }
    anyhow::bail!("the table did not come to {count} of {} items", keys.len())
}

/// The number of copies of the recording's audio in the bucket.
async fn copies(door: &Door, id: &str) -> anyhow::Result<usize> {
    let key = objects::key(&organisation("demo"), id.to_owned().try_into()?);
    Ok(door.cloud.objects().copies(&key).await?.len())
}

#[tokio::test]
async fn a_held_recording_outlives_its_expiry_and_ends_after_the_lift() -> anyhow::Result<()> {
    let door = Door::open()?;
    let (anna, karin) = (door.cloud.token("anna").await?, door.cloud.token("karin").await?);
    let audio = silence(1);
    let registered =
        with(call("held-and-ended", "audio/wav", &audio), json!({ "note": "zebrafink åt Ödla" }));
    let id = door.record(registered, &audio, &anna).await?;
    let order = json!({ "reason": "tvist 4411", "recordings": [id] });
    let (status, placed) = answer(door.post("/v1/holds", &order), &karin).await?;
    assert_eq!(status, 202, "{placed}");
    let hold = format!("/v1/holds/{}", placed["id"].as_str().unwrap_or_default());
    refreshed(&door, &hold, &karin, |shown| shown["hold"]["state"] == "held").await?;
    let (_, shown) = answer(door.get(&format!("/v1/recordings/{id}")), &anna).await?;
    assert!(shown["heldSince"].is_string(), "{shown}");
    let (status, lifting) = answer(door.delete(&format!("{hold}?reason=klart")), &karin).await?;
    assert_eq!(status, 202, "{lifting}");
    refreshed(&door, &hold, &karin, |shown| shown["hold"]["state"] == "lifted").await?;
    let table = door.cloud.table();
    let demo = organisation("demo");
    let exists =
        table.index().recording(&demo, id.clone().try_into()?).await?.expect("it is registered");
    let retained = |posting| key::posted(&demo, posting, key::at(exists.started_at, exists.id));
    let of_its_words: Vec<_> = Posting::of(&exists).iter().map(retained).collect();
    assert_eq!(of_its_words.len(), 3);
    await_items(&table, &of_its_words, 3).await?;
    // The recording expires: the table removes the item, and `expire` the rest.
    let key = key::recording(&organisation("demo"), id.clone().try_into()?);
    let update = table
        .client
        .update_item()
        .table_name(&table.name)
        .set_key(Some(key))
        .update_expression("SET expires_at = :past");
    update.expression_attribute_values(":past", N("1795000000".to_owned())).send().await?;
    let receipts = format!("/v1/audit?action=expire&recording={id}");
    let found = refreshed(&door, &receipts, &karin, |found| {
        found["events"].as_array().is_some_and(|events| !events.is_empty())
    })
    .await?;
    assert_eq!(found["events"].as_array().map(Vec::len), Some(1), "{found}");
    let stated: Value =
        serde_json::from_str(found["events"][0]["detail"].as_str().unwrap_or_default())?;
    assert_eq!(stated["copies"], json!({ "audio": 1, "quarantined": 0 }));
    assert_eq!(copies(&door, &id).await?, 0);
    await_items(&table, &of_its_words, 0).await
}

#[tokio::test]
async fn a_counterpart_is_erased() -> anyhow::Result<()> {
    let door = Door::open()?;
    let (anna, karin) = (door.cloud.token("anna").await?, door.cloud.token("karin").await?);
    let audio = silence(1);
    let of = |name: &str| {
        with(call(name, "audio/wav", &audio), json!({ "counterpart": "+46735559901" }))
    };
    let ids = [
        door.record(of("erased-1"), &audio, &anna).await?,
        door.record(of("erased-2"), &audio, &anna).await?,
    ];
    let order = json!({ "reason": "begäran 12", "counterpart": "+46735559901" });
    let (status, erasure) = answer(door.post("/v1/erasures", &order), &karin).await?;
    assert_eq!((status, &erasure["recordings"]), (201, &json!(2)), "{erasure}");
    let path = format!("/v1/erasures/{}", erasure["id"].as_str().unwrap_or_default());
    let (status, confirmed) =
        answer(door.post(&format!("{path}/confirm"), &json!({ "recordings": 2 })), &karin).await?;
    assert_eq!(status, 202, "{confirmed}");
    let done = refreshed(&door, &path, &karin, |shown| shown["state"] == "done").await?;
    assert_eq!((&done["erased"], &done["left"]), (&json!(2), &json!(0)), "{done}");
    for id in ids {
        assert_eq!(answer(door.get(&format!("/v1/recordings/{id}")), &anna).await?.0, 404);
        assert_eq!(copies(&door, &id).await?, 0);
    }
    Ok(())
}
