//! An erased call does not return: not by a repeated registration, a note or its old upload link.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_s3::primitives::ByteStream;
use domain::{
    ids::OrderId,
    recording::{Recording, Sha256},
};
use platform::{
    objects::{self, USER, checksum},
    table::{Table, audit::AuditAction, key, removal::Removal, tombstone::Buried},
};
use serde_json::{Value, json};
use tests::{
    bucket,
    call::{call, now, silence, with},
    event::created,
    people::{Person, found, organisation},
    reconciliation::{call as of_yesterday, yesterday},
    recording::{recording, register},
    request::As,
    retention_jobs::{KARIN, World, days_later},
    table,
};

use crate::expiry::receipts;

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

/// Erases the recording as the retention worker does, in a table without buckets.
async fn erased(table: &Table, of: &Recording) -> anyhow::Result<OrderId> {
    let erasure = OrderId::of(&of.organisation, "erasure", now());
    for seen in table.retention().seen(&of.organisation, &[of.id]).await? {
        let retained = seen.retained.erased(now()).expect("it is there");
        let ended = table
            .retention()
            .end(&seen, &retained, erasure)
            .await?
            .expect("no other job has ended it");
        let buried = table.tombstones().bury(&Removal::of(&ended)?, erasure, now()).await?;
        anyhow::ensure!(matches!(buried, Buried::Done), "{buried:?}");
    }
    Ok(erasure)
}

async fn item(table: &Table, of: &Recording) -> anyhow::Result<key::Item> {
    let get = table
        .client
        .get_item()
        .table_name(&table.name)
        .set_key(Some(key::recording(&of.organisation, of.id)));
    Ok(get.consistent_read(true).send().await?.item.unwrap_or_default())
}

#[tokio::test]
async fn an_erased_call_is_refused_without_an_extra_request() -> anyhow::Result<()> {
    let (table, requests) = table::empty().await?;
    found(&table, "demo").await?;
    for person in [Person::recorded("anna"), Person::administrator("karin")] {
        person.joins(&table, "demo").await?;
    }
    let upload =
        upload::router(upload::App { table: table.clone(), objects: bucket::unreached(), now });
    let annotate = annotate::router(annotate::App { table: table.clone(), now });
    let search =
        search::router(search::App { table: table.clone(), keys: Default::default(), now });
    let registration = with(call("call", "audio/wav", &silence(1)), json!({ "note": "ring" }));
    requests.take();
    ANNA.post(&upload, "/v1/recordings", &registration).await?.done()?;
    let two = BTreeMap::from([
        ("DynamoDB.BatchGetItem".to_owned(), 1),
        ("DynamoDB.TransactWriteItems".to_owned(), 1),
    ]);
    assert_eq!(requests.take(), two, "a registration costs what it did");
    let of = recording("demo", "anna", "call", now());
    erased(&table, &of).await?;
    requests.take();
    for other in [
        json!({}),
        json!({ "note": "igen" }),
        json!({ "startedAt": now() - chrono::TimeDelta::days(3) }),
    ] {
        let refused = ANNA
            .post(&upload, "/v1/recordings", &with(registration.clone(), other.clone()))
            .await?;
        assert_eq!(refused.refusal(), (410, "erased".to_owned()), "{other}");
        assert!(
            refused.body["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("delete the copy")),
            "{refused:?}"
        );
    }
    let made = requests.take();
    assert_eq!(
        (
            made["DynamoDB.BatchGetItem"],
            made["DynamoDB.TransactWriteItems"],
            made["DynamoDB.PutItem"]
        ),
        (3, 3, 3),
        "{made:?}"
    );
    let stated =
        ANNA.put(&annotate, "/v1/calls/call/annotation", &json!({ "note": "igen" })).await?;
    assert_eq!(stated.refusal(), (410, "erased".to_owned()));
    let path = format!("/v1/recordings/{}", of.id);
    let edit = Some(json!({ "note": "igen" }).to_string());
    let edited =
        KARIN.send_with(&annotate, "PATCH", &path, edit, json!({ "if-match": "*" })).await?;
    assert_eq!(
        (edited.status.as_u16(), KARIN.get(&search, &path).await?.status.as_u16()),
        (404, 404)
    );
    assert_eq!(KARIN.get(&search, "/v1/recordings").await?.body["recordings"], json!([]));
    let exists = item(&table, &of).await?;
    let names: std::collections::BTreeSet<_> = exists.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["pk", "sk", "state", "erased", "audio", "expires_at"].into(),
        "only a hash of the call remains"
    );
    let until: i64 = exists["expires_at"].as_n().expect("a number").parse()?;
    assert_eq!(
        until,
        (now() + chrono::TimeDelta::days(3650)).timestamp(),
        "as long as any organisation may keep a call"
    );
    Ok(())
}

/// The interval in which an erasure has ended the recording and is still removing it.
#[tokio::test]
async fn a_call_is_not_registered_during_its_erasure() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    Person::recorded("anna").joins(&table, "demo").await?;
    let upload =
        upload::router(upload::App { table: table.clone(), objects: bucket::unreached(), now });
    let registration = call("call", "audio/wav", &silence(1));
    ANNA.post(&upload, "/v1/recordings", &registration).await?.done()?;
    let of = recording("demo", "anna", "call", now());
    for seen in table.retention().seen(&of.organisation, &[of.id]).await? {
        let retained = seen.retained.erased(now()).expect("it is there");
        table
            .retention()
            .end(&seen, &retained, OrderId::of(&of.organisation, "erasure", now()))
            .await?;
    }
    assert_eq!(
        ANNA.post(&upload, "/v1/recordings", &registration).await?.refusal(),
        (410, "erased".to_owned())
    );
    Ok(())
}

async fn erase(world: &World, whose: Value) -> anyhow::Result<String> {
    let body = with(json!({ "reason": "begäran" }), whose);
    let erasure = KARIN.post(&world.retention(now), "/v1/erasures", &body).await?.done()?.body;
    let id = erasure["id"].as_str().unwrap_or_default().to_owned();
    let confirmed = json!({ "recordings": erasure["recordings"] });
    KARIN
        .post(&world.retention(now), &format!("/v1/erasures/{id}/confirm"), &confirmed)
        .await?
        .done()?;
    Ok(id)
}

/// Puts audio as the upload link does.
async fn put_by_link(world: &World, of: &Recording, audio: &[u8]) -> anyhow::Result<()> {
    let objects = &world.stores.objects;
    let put = objects
        .client
        .put_object()
        .bucket(&objects.name)
        .key(objects::key(&of.organisation, of.id));
    let put = put.content_type(of.audio.content_type.as_str()).metadata(USER, of.user.to_string());
    put.checksum_sha256(checksum(&Sha256::of(audio)))
        .body(ByteStream::from(audio.to_vec()))
        .send()
        .await?;
    Ok(())
}

async fn take_in(world: &World, of: &Recording) -> anyhow::Result<()> {
    let quarantine = world.stores.quarantine.clone();
    let app = ingest::App {
        table: world.table().clone(),
        objects: world.stores.objects.clone(),
        quarantine,
        now,
    };
    let body = created(&objects::key(&of.organisation, of.id));
    let event: SqsEvent =
        serde_json::from_value(json!({ "Records": [{ "messageId": "message", "body": body }] }))?;
    anyhow::ensure!(
        ingest::handle(&app, event).await?.batch_item_failures.is_empty(),
        "ingest failed"
    );
    Ok(())
}

#[tokio::test]
async fn audio_by_an_old_link_is_removed_and_not_quarantined() -> anyhow::Result<()> {
    let world = World::new("return-link").await?;
    let mut of = recording("demo", "anna", "call", now());
    (of.audio.sha256, of.audio.length) = (Sha256::of(&silence(1)), silence(1).len() as u64);
    register(world.table(), &of).await?;
    let earlier = format!("{}/earlier", objects::key(&of.organisation, of.id));
    let unregistered = objects::unregistered(&earlier);
    for key in [&earlier, &unregistered] {
        let put = world.stores.quarantine.client.put_object().bucket(&world.stores.quarantine.name);
        put.key(key).body(ByteStream::from_static(b"aside")).send().await?;
    }
    erase(&world, json!({ "counterpart": "+46701234567" })).await?;
    world.work(now).await?;
    assert_eq!(world.copies(&of).await?, 0, "what had been set aside is gone");
    assert!(world.stores.quarantine.get(&unregistered).await?.is_none(), "from before, too");
    for audio in [silence(1), silence(2), b"no audio".to_vec()] {
        put_by_link(&world, &of, &audio).await?;
        take_in(&world, &of).await?;
        assert_eq!(world.copies(&of).await?, 0, "{} bytes", audio.len());
    }
    assert_eq!(world.usage("anna").await?[0], 0);
    Ok(())
}

/// Audio arrives during the erasure. Each request of the ingest may be the last before the erasure.
#[tokio::test]
async fn audio_ingested_during_its_erasure_leaves_nothing() -> anyhow::Result<()> {
    for audio in [silence(1), b"no audio".to_vec()] {
        for point in 0.. {
            let world = World::new(&format!("return-race-{}-{point}", audio.len())).await?;
            let mut of = recording("demo", "anna", "call", now());
            (of.audio.sha256, of.audio.length) = (Sha256::of(&silence(1)), silence(1).len() as u64);
            register(world.table(), &of).await?;
            put_by_link(&world, &of, &audio).await?;
            world.requests.take();
            world.requests.end_after(Some(point));
            let done = take_in(&world, &of).await.is_ok();
            world.requests.end_after(None);
            erase(&world, json!({ "user": "anna" })).await?;
            world.work(now).await?;
            take_in(&world, &of).await?; // the event arrives again
            assert_eq!(world.copies(&of).await?, 0, "after {point} requests");
            if done {
                break;
            }
        }
    }
    Ok(())
}

/// The worker crashed, and the phone registered the call again before `expire` ran.
#[tokio::test]
async fn a_call_registered_before_its_tombstone_is_erased_too() -> anyhow::Result<()> {
    let world = World::new("return-gap").await?;
    let of = world.stored("anna", "call", now()).await?;
    let id = erase(&world, json!({ "user": "anna" })).await?;
    world.requests.end_after(Some(5)); // requests: the job, the log, the page, the recordings, their end
    assert!(!world.tell("erasure", &id, now).await?);
    world.requests.end_after(None);
    let event = world.expire(&of, days_later(1)).await?.expect("it has ended");
    let again =
        Recording { registered_at: of.registered_at + chrono::TimeDelta::seconds(1), ..of.clone() };
    register(world.table(), &again).await?;
    world.put(&again, "sent again").await?;
    assert!(world.removals(&event, now).await?);
    assert!(world.removals(&event, now).await?, "a late stream record");
    world.work(now).await?;
    assert_eq!(
        item(world.table(), &of).await?["state"].as_s().ok().map(String::as_str),
        Some("erased")
    );
    assert_eq!((world.copies(&of).await?, world.usage("anna").await?[0]), (0, 0));
    assert_eq!(receipts(&world, AuditAction::Erase).await?.len(), 2, "one for each registration");
    Ok(())
}

/// The event was lost. The nightly reconciliation finds the object and has it removed.
#[tokio::test]
async fn a_reconciliation_removes_audio_at_the_key_of_an_erased_recording() -> anyhow::Result<()> {
    let world = World::new("return-sweep").await?;
    let of = world.has(of_yesterday("call", yesterday(1))).await?;
    erased(world.table(), &of).await?;
    assert!(world.reconciliations(platform::clock::now()).await?);
    let found = world.missing().await?.1;
    assert_eq!(
        (&found[0]["kind"], &found[0]["repaired"]),
        (&json!("no-recording"), &json!(true)),
        "{found:?}"
    );
    world.takes_in().await?;
    assert_eq!(world.copies(&of).await?, 0);
    assert!(
        world.table().tombstones().buried(&organisation("demo"), &[of.id]).await?.contains(&of.id)
    );
    Ok(())
}

/// 800 edits of the longest notes. The audio is removed first, and the edits in small pages.
#[tokio::test]
async fn a_removal_deletes_the_audio_first_and_any_number_of_edits_after() -> anyhow::Result<()> {
    let world = World::new("return-edits").await?;
    let of = world.stored("anna", "call", now()).await?;
    let annotate = annotate::router(annotate::App { table: world.table().clone(), now });
    for number in 0..800 {
        let note = format!("{number:04}{}", "å".repeat(996));
        ANNA.put(&annotate, "/v1/calls/call/annotation", &json!({ "note": note })).await?.done()?;
    }
    let event = world.expire(&of, days_later(181)).await?.expect("its day is past");
    let late = || days_later(190);
    world.requests.take();
    // Requests: two lists, the current item, the copies found, the audio. Then a crash.
    world.requests.end_after(Some(5));
    assert!(!world.removals(&event, late).await?);
    world.requests.end_after(None);
    assert_eq!(
        (world.copies(&of).await?, edits(&world).await?),
        (0, 800),
        "the audio is gone, no edit was read"
    );
    world.requests.take();
    // Three pages of edits, and then the run is cut short again.
    world.requests.end_after(Some(3 + 9));
    assert!(!world.removals(&event, late).await?);
    world.requests.end_after(None);
    assert_eq!(edits(&world).await?, 500, "what is done is done");
    assert!(world.removals(&event, late).await?);
    assert_eq!(edits(&world).await?, 0);
    let receipt = receipts(&world, AuditAction::Expire).await?;
    assert!(
        receipt[0].detail.as_deref().is_some_and(|detail| detail.contains(r#""audio":1"#)),
        "{receipt:?}"
    );
    Ok(())
}

async fn edits(world: &World) -> anyhow::Result<i64> {
    let query = world
        .table()
        .client
        .query()
        .table_name(&world.table().name)
        .key_condition_expression("pk = :pk");
    let pk = aws_sdk_dynamodb::types::AttributeValue::S("demo#edit".to_owned());
    let pages = query
        .expression_attribute_values(":pk", pk)
        .select(aws_sdk_dynamodb::types::Select::Count)
        .into_paginator()
        .send();
    Ok(pages.collect::<Result<Vec<_>, _>>().await?.iter().map(|page| i64::from(page.count())).sum())
}
