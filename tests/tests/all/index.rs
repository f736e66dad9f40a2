//! The index function: the postings after processing the stream, their cost, and its failures.

use std::collections::BTreeSet;

use anyhow::Context;
use aws_sdk_dynamodb::types::AttributeValue::N;
use chrono::TimeDelta;
use domain::recording::Recording;
use platform::table::key;
use serde_json::{Value, json};
use tests::{
    call::now,
    indexed::{Postings, World, end, failed, take_in, text},
    people::{Person, found, organisation},
    recording::{recording, register, registration},
    requests::TENANT,
};

fn partitions(postings: &Postings) -> BTreeSet<&str> {
    postings.keys().map(|(pk, _)| pk.as_str()).collect()
}

fn sequence(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn an_annotation_has_a_posting_for_each_word() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    world.say("call", json!({ "note": "Ring Åsa, ring!", "field2": "4411" })).await?;
    world.hear().await?;
    let postings = world.postings().await?;
    assert_eq!(
        partitions(&postings),
        ["demo#f2#4411#posting", "demo#note#ring#posting", "demo#note#åsa#posting"].into()
    );
    assert_eq!(postings, world.expected(std::slice::from_ref(&stored)).await?);
    for item in world.items(|pk| pk.ends_with("#posting")).await? {
        let shown =
            [text(&item, "user"), text(&item, "dir"), text(&item, "peer"), text(&item, "sk")];
        assert_eq!(
            shown,
            [
                "anna".to_owned(),
                "out".to_owned(),
                "+46701234567".to_owned(),
                key::at(stored.started_at, stored.id)
            ]
        );
        assert_eq!((end(&item), item.len()), (Some(stored.expires_at.timestamp().to_string()), 6));
    }
    let entries = world.entries().await?;
    let known: Vec<&str> = entries.keys().map(String::as_str).collect();
    let words = ["demo#word f2#4411", "demo#word note#ring", "demo#word note#åsa"];
    assert_eq!(
        known,
        [&["demo#ending 76543210764", "demo#number 46701234567"], words.as_slice()].concat()
    );
    let later = (stored.expires_at + TimeDelta::days(30)).timestamp().to_string();
    assert!(entries.values().all(|end| *end == Some(later.clone())), "{entries:?}");
    Ok(())
}

#[tokio::test]
async fn an_edit_writes_only_changed_postings() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    world.say("call", json!({ "note": "ring åsa om fakturan", "field1": "kund 7" })).await?;
    world.hear().await?;
    world.say("call", json!({ "note": "ring örjan om fakturan" })).await?;
    world.watched.units.take();
    world.hear().await?;
    assert_eq!(
        world.watched.units.take()["all"],
        4.0,
        "one posting put, one removed, one word entered, one forgotten"
    );
    assert_eq!(world.postings().await?, world.expected(std::slice::from_ref(&stored)).await?);
    world.say("call", json!({ "note": "om örjan, ring fakturan", "mark": null })).await?;
    world.watched.units.take();
    world.hear().await?;
    assert_eq!(world.watched.units.take()["all"], 0.0, "the same words in another order");
    Ok(())
}

#[tokio::test]
async fn a_call_annotated_early_has_postings_from_its_registration() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    world.say("early", json!({ "note": "vill ha offert" })).await?;
    world.hear().await?;
    assert_eq!((world.postings().await?.len(), world.entries().await?.len()), (0, 0));
    let early = recording("demo", "anna", "early", now() - TimeDelta::hours(1));
    register(world.table(), &early).await?;
    world.hear().await?;
    assert_eq!(world.postings().await?.len(), 3);
    assert_eq!(world.postings().await?, world.expected(&[early]).await?);
    Ok(())
}

#[tokio::test]
async fn a_corrected_start_moves_the_postings() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let call = recording("demo", "anna", "call", now() - TimeDelta::hours(1));
    register(world.table(), &call).await?;
    world.say("call", json!({ "note": "ring åsa" })).await?;
    world.hear().await?;
    let recordings = world.table().recordings();
    let current = recordings.get(&call.organisation, call.id, now()).await?.context("it exists")?;
    let started_at = current.started_at - TimeDelta::hours(1);
    let corrected = Recording { started_at, ..current.clone() };
    let moved = recordings.correct_start(&current, &corrected, &registration()).await?;
    assert_eq!(moved.as_ref().map(|moved| moved.started_at), Some(started_at));
    world.hear().await?;
    assert_eq!(world.postings().await?, world.expected(&[corrected]).await?);
    assert_eq!(world.postings().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_hold_retains_the_postings_until_it_is_lifted() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    world.say("call", json!({ "note": "ring åsa" })).await?;
    world.hear().await?;
    let before = world.postings().await?;
    let (hold, lift) = (
        "SET held = :at, #until = expires_at REMOVE expires_at",
        "SET expires_at = #until REMOVE held, #until",
    );
    world.write(&stored, hold, [(":at", N(now().timestamp_millis().to_string()))]).await?;
    world.hear().await?;
    let held = world.postings().await?;
    assert_eq!(
        partitions(&held),
        ["demo#held#posting", "demo#note#ring#posting", "demo#note#åsa#posting"].into()
    );
    assert!(held.values().all(Option::is_none), "{held:?}");
    assert!(world.entries().await?.values().all(Option::is_none));
    world.write(&stored, lift, []).await?;
    world.hear().await?;
    assert_eq!(world.postings().await?, before);
    // The retention was prolonged.
    let longer = stored.expires_at + TimeDelta::days(1000);
    world
        .write(&stored, "SET expires_at = :end", [(":end", N(longer.timestamp().to_string()))])
        .await?;
    world.hear().await?;
    assert!(
        world.postings().await?.values().all(|end| *end == Some(longer.timestamp().to_string()))
    );
    Ok(())
}

#[tokio::test]
async fn the_longest_note_is_written_in_batches() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    let letters = ('a'..='z')
        .chain('0'..='9')
        .chain('α'..='ω')
        .chain('а'..='я')
        .chain('ა'..='ჰ')
        .chain('一'..='忿');
    let words: Vec<String> =
        letters.filter(|c| !c.is_ascii_uppercase()).take(500).map(String::from).collect();
    // An edit adds at most 400 new words.
    for count in [250, 500] {
        world.say("call", json!({ "note": words[..count].join(" ") })).await?;
    }
    world.watched.requests.take();
    world.hear().await?;
    let requests = world.watched.requests.take();
    assert_eq!(world.postings().await?, world.expected(std::slice::from_ref(&stored)).await?);
    let count = world.postings().await?.len() as u64;
    assert!(count > 490, "{count}");
    assert_eq!(requests["DynamoDB.BatchWriteItem"], count.div_ceil(25));
    assert_eq!(requests["DynamoDB.PutItem"], count + 2, "every word is new, and so is the number");
    world.say("call", json!({ "note": "" })).await?;
    world.hear().await?;
    assert_eq!(world.postings().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_failed_record_is_reported_and_repaired_by_its_retry() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let mut all = Vec::new();
    for call in ["one", "two", "three"] {
        all.push(world.stored(call).await?);
        world.say(call, json!({ "note": format!("ring {call}") })).await?;
    }
    let news = world.watched.stream.news()?;
    let stated: Vec<&Value> =
        news.iter().filter(|record| record["dynamodb"]["NewImage"].get("note").is_some()).collect();
    assert_eq!(stated.len(), 3);
    world.watched.requests.cut_short_after(Some(1));
    let answer = take_in(&world.app, &news).await?;
    assert_eq!(failed(&answer), [sequence(stated[1])]);
    assert_eq!(
        world.postings().await?,
        world.expected(&all[..1]).await?,
        "earlier records are done, later ones wait"
    );
    world.watched.requests.cut_short_after(None);
    let again = news
        .iter()
        .position(|record| sequence(record) == sequence(stated[1]))
        .context("the record")?;
    assert_eq!(failed(&take_in(&world.app, &news[again..]).await?), [""; 0]);
    assert_eq!(world.postings().await?, world.expected(&all).await?);
    Ok(())
}

#[tokio::test]
async fn an_unreadable_record_is_reported_by_its_sequence_number() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    world.say("call", json!({ "note": "ring" })).await?;
    let good = world.watched.stream.news()?.pop().context("the edit")?;
    let spoilt: [fn(&mut Value); 6] = [
        |record| record["dynamodb"]["NewImage"]["state"] = json!({ "S": "unheard of" }),
        |record| record["dynamodb"]["NewImage"]["ms"] = json!({ "S": "60000" }),
        |record| record["dynamodb"]["NewImage"]["note"] = json!({ "X": "ring" }),
        |record| record["dynamodb"]["Keys"]["pk"] = json!({ "S": "demo#user" }),
        |record| record["eventName"] = json!("RENAME"),
        |record| record["eventName"] = json!("REMOVE"),
    ];
    for spoil in spoilt {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert_eq!(
            failed(&take_in(&world.app, &[bad.clone(), good.clone()]).await?),
            [sequence(&bad)],
            "{bad}"
        );
        assert_eq!(
            world.postings().await?,
            world.expected(std::slice::from_ref(&stored)).await?,
            "later records do not wait: {bad}"
        );
    }
    // Lambda treats a failure without a number as a failure of the whole batch.
    assert_eq!(failed(&take_in(&world.app, &[json!({}), good.clone()]).await?), [""]);
    Ok(())
}

#[tokio::test]
async fn a_deleted_recording_loses_its_postings_and_an_expired_one_leaves_them_to_the_ttl()
-> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    world.say("call", json!({ "note": "ring" })).await?;
    world.hear().await?;
    world.remove(&stored).await?;
    let mut removal = world.watched.stream.news()?;
    by_ttl(&mut removal);
    take_in(&world.app, &removal).await?;
    assert_eq!(world.postings().await?.len(), 1, "its own expires_at removes it");
    removal[0].as_object_mut().context("a record")?.remove("userIdentity");
    take_in(&world.app, &removal).await?;
    assert_eq!(world.postings().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn postings_end_with_a_recording_whose_end_was_moved_just_before_the_ttl_removed_it()
-> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    world.say("call", json!({ "note": "ring", "field1": "kund 7" })).await?;
    world.hear().await?;
    assert_eq!(world.postings().await?.len(), 3);
    let past = N((now() - TimeDelta::minutes(1)).timestamp().to_string());
    world.write(&stored, "SET expires_at = :end", [(":end", past)]).await?;
    let moved = world.watched.stream.news()?;
    world.remove(&stored).await?;
    let mut removal = world.watched.stream.news()?;
    by_ttl(&mut removal);
    take_in(&world.app, &moved).await?;
    take_in(&world.app, &removal).await?;
    let (postings, entries) = (world.postings().await?, world.entries().await?);
    assert!(postings.is_empty() && entries.is_empty(), "{postings:?} {entries:?}");
    Ok(())
}

pub(super) fn by_ttl(removal: &mut [Value]) {
    removal[0]["userIdentity"] =
        json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
}

#[tokio::test]
async fn a_captured_stream_record_is_read() -> anyhow::Result<()> {
    let world = World::new().await?;
    let event: Value = serde_json::from_str(include_str!("../../../events/index.annotated.json"))?;
    world.watched.requests.take();
    assert_eq!(
        failed(&take_in(&world.app, event["Records"].as_array().context("records")?).await?),
        [""; 0]
    );
    assert_eq!(
        world.watched.requests.take(),
        [("DynamoDB.GetItem".to_owned(), 1)].into(),
        "it reads the item, which does not exist"
    );
    Ok(())
}

#[tokio::test]
async fn a_named_recording_is_indexed_in_its_current_state() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let stored = world.stored("call").await?;
    world.say("call", json!({ "note": "ring åsa" })).await?;
    world.watched.stream.news()?; // its records reach no function
    let file =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../events/index.anew.json"))?;
    let mut event: Value = serde_json::from_str(&file)?;
    let of_the_file = event["Records"][0]["dynamodb"]["Keys"]["sk"]["S"].take();
    assert!(
        of_the_file
            .as_str()
            .is_some_and(|id| domain::ids::RecordingId::try_from(id.to_owned()).is_ok()),
        "{of_the_file}"
    );
    event["Records"][0]["dynamodb"]["Keys"]["sk"]["S"] = json!(stored.id.to_string());
    let records = event["Records"].as_array().context("records")?;
    assert_eq!(failed(&take_in(&world.app, records).await?), [""; 0]);
    assert_eq!(world.postings().await?, world.expected(&[stored]).await?);
    assert_eq!(world.entries().await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn the_same_words_in_two_organisations_are_separate() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    found(world.table(), "other").await?;
    Person::recorded("anna").joins(world.table(), "other").await?;
    let mut of_both = Vec::new();
    for name in ["demo", "other"] {
        let mut stated = recording(name, "anna", "call", now() - TimeDelta::hours(1));
        stated.annotation.note = "offert".to_owned().try_into().ok();
        register(world.table(), &stated).await?;
        of_both.push(stated);
    }
    let news = world.watched.stream.news()?;
    let (demo, other): (Vec<Value>, Vec<Value>) = news.into_iter().partition(|record| {
        record["dynamodb"]["Keys"]["pk"]["S"] == key::recordings(&organisation("demo"))
    });
    assert_eq!(failed(&take_in(&world.app, &demo).await?), [""; 0]);
    assert_eq!(world.postings().await?, world.expected(&of_both[..1]).await?);
    assert!(world.entries().await?.keys().all(|entry| entry.starts_with("demo#")));
    let batch = serde_json::from_value(json!({ "Records": other }))?;
    TENANT.scope("other".to_owned(), index::handle(&world.app, batch)).await?;
    assert_eq!(world.postings().await?, world.expected(&of_both).await?);
    Ok(())
}
