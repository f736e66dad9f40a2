//! A table that is restored to a moment before erasures is erased again.

use std::collections::BTreeSet;

use domain::ids::RecordingId;
use platform::table::{Table, audit::AuditAction, key};
use serde_json::json;
use tests::{
    call::now,
    people::organisation,
    recording::recording,
    retention_jobs::{KARIN, World},
};

use crate::{
    erasure_traces::{ANNA, erase, naming},
    expiry::receipts,
};

/// The table is restored to a moment before the erasures. Everything returns except the audio.
#[tokio::test]
async fn what_a_restored_table_has_back_is_erased_again() -> anyhow::Result<()> {
    let world = World::new("forget-again").await?;
    let annotate = annotate::router(annotate::App { table: world.table().clone(), now });
    let provision = provision::router(provision::App {
        table: world.table().clone(),
        imports: tests::queue::untold(),
        now,
    });
    let mut theirs = Vec::new();
    for number in 0..60 {
        let of = recording(
            "demo",
            "anna",
            &format!("call-{number}"),
            now() - chrono::TimeDelta::minutes(number),
        );
        tests::recording::store(world.table(), &of).await?;
        theirs.push(of);
    }
    let held = world.stored("anna", "held", now()).await?;
    ANNA.put(&annotate, "/v1/calls/call-0/annotation", &json!({ "note": "hemlig" }))
        .await?
        .done()?;
    ANNA.put(&annotate, "/v1/calls/never/annotation", &json!({ "note": "hemlig" }))
        .await?
        .done()?;
    tests::service::OPERATOR
        .delete(&provision, "/v1/organisations/demo/users/anna")
        .await?
        .done()?;
    let hold = world.holds(json!({ "recordings": [held.id] })).await?;
    let before =
        world.table().client.scan().table_name(&world.table().name).into_paginator().items().send();
    let before: Vec<key::Item> = before.collect::<Result<_, _>>().await?;
    KARIN.delete(&world.retention(now), &format!("/v1/holds/{hold}?reason=klart")).await?.done()?;
    world.work(now).await?;
    let erasure = erase(&world, json!({ "user": "anna" })).await?;
    let receipts_before = receipts(&world, AuditAction::Erase).await?.len();
    assert_eq!((receipts_before, naming(world.table(), "hemlig").await?.len()), (61, 0));
    restore(world.table(), &before).await?;
    world.put(&theirs[0], "audio that someone put back").await?;
    assert!(
        !naming(world.table(), "hemlig").await?.is_empty()
            && world.table().recordings().get(&held.organisation, held.id, now()).await?.is_some()
    );
    world.again().await?;
    for text in ["hemlig", "46701234567"] {
        assert_eq!(naming(world.table(), text).await?, [""; 0], "{text}");
    }
    assert_eq!(world.copies(&theirs[0]).await?, 0);
    let ids: Vec<RecordingId> = theirs.iter().map(|of| of.id).chain([held.id]).collect();
    let mut buried = BTreeSet::new();
    for some in ids.chunks(50) {
        buried.extend(world.table().tombstones().buried(&organisation("demo"), some).await?);
    }
    assert_eq!(buried.len(), 61, "what was held again, too");
    let again = receipts(&world, AuditAction::Erase).await?;
    assert_eq!(again.len(), 61);
    assert!(again.iter().all(|receipt| receipt.resource.as_deref() == Some(&erasure)));
    assert_eq!(
        (world.usage("anna").await?[0], world.count("edit").await?, world.count("early").await?),
        (0, 0, 0)
    );
    world.requests.take();
    world.again().await?;
    assert_eq!(
        world.requests.take().get("DynamoDB.TransactWriteItems"),
        None,
        "done once, it does nothing more"
    );
    Ok(())
}

/// Restores the table to its earlier items.
async fn restore(table: &Table, before: &[key::Item]) -> anyhow::Result<()> {
    let scan = table
        .client
        .scan()
        .table_name(&table.name)
        .projection_expression("pk, sk")
        .into_paginator()
        .items()
        .send();
    for key in scan.collect::<Result<Vec<_>, _>>().await? {
        table.client.delete_item().table_name(&table.name).set_key(Some(key)).send().await?;
    }
    for item in before {
        table.client.put_item().table_name(&table.name).set_item(Some(item.clone())).send().await?;
    }
    Ok(())
}
