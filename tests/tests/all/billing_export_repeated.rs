//! Repeated exports: after a crash, with late facts, and for organisations that could not be read.

use std::collections::BTreeMap;

use anyhow::ensure;
use aws_sdk_dynamodb::types::AttributeValue;
use billing::{App, Error, perform};
use chrono::{DateTime, Utc};
use domain::billing::{Terms, Whose, midnight};
use platform::{bucket::Bucket, table::usage::ChangeKind};
use serde_json::{Value, json};
use tests::{
    bucket,
    ledgers::{counted, moment, organisations, switched},
    requests::Requests,
    terms::{agreed, day, price},
};

use crate::billing_export::{OCTOBER, exports, file, files, month, november, world, world_with};

fn december() -> DateTime<Utc> {
    moment("2026-12-02T11:45:00+01:00")
}

#[tokio::test]
async fn a_repeated_export_writes_the_same_bytes_and_never_rewrites_a_closed_month()
-> anyhow::Result<()> {
    let world = world("same-bytes").await?;
    assert_eq!(exports(&world.app, OCTOBER).await?, json!({ "month": OCTOBER, "before": false }));
    let written = files(&world.app.exports).await?;
    assert_eq!(written.len(), 5 + 3, "{:?}", written.keys());
    let other = bucket::exports(&world.cloud, "same-bytes-again", &Requests::default()).await?;
    exports(&App { exports: other.clone(), now: december, ..world.app.clone() }, OCTOBER).await?;
    assert_eq!(files(&other).await?, written, "a month later it is the same");

    organisations(&world.app.table, &[("demo", "Renamed")], november).await?;
    switched(&world.app.table, "demo", "maja", true, "2026-10-30T09:00:00+02:00").await?;
    assert_eq!(exports(&world.app, OCTOBER).await?, json!({ "month": OCTOBER, "before": true }));
    assert_eq!(files(&world.app.exports).await?, written);
    Ok(())
}

#[tokio::test]
async fn a_rerun_after_a_crash_at_any_request_gives_the_same_export() -> anyhow::Result<()> {
    let whole = world_with("crash-none", "2026-10-30").await?;
    whole.requests.end_after(None);
    exports(&whole.app, OCTOBER).await?;
    let requests: u64 = whole.requests.take().values().sum();
    let expected = files(&whole.app.exports).await?;
    assert!(requests > 20, "{requests}");
    for crash in 0..requests {
        let world = world_with(&format!("crash-{crash}"), "2026-10-30").await?;
        world.requests.end_after(Some(crash));
        ensure!(
            perform(&world.app, month(OCTOBER)).await.is_err(),
            "the request {crash} was not needed"
        );
        let left = world.cloud.s3(&Requests::default());
        let left = files(&Bucket { client: left, name: world.app.exports.name.clone() }).await?;
        ensure!(
            !left.contains_key("exports/2026-10/control.json") || crash + 1 == requests,
            "{crash}: the month is closed"
        );
        world.requests.end_after(None);
        exports(&world.app, OCTOBER).await?;
        ensure!(files(&world.app.exports).await? == expected, "{crash}: the export differs");
    }
    Ok(())
}

#[tokio::test]
async fn late_facts_appear_in_the_next_month_and_point_back() -> anyhow::Result<()> {
    let world = world("late").await?;
    exports(&world.app, OCTOBER).await?;
    let october = files(&world.app.exports).await?;
    // 310 MB arrive for 1 October, and a lower price is agreed for October.
    counted(
        &world.app.table,
        "demo",
        "anna",
        ChangeKind::Stored,
        310_000_000,
        midnight(day("2026-10-01")),
    )
    .await?;
    let cheaper = Terms {
        whose: Whose::Agreed,
        from: day("2026-10-01"),
        known: moment("2026-11-20T12:00:00+01:00"),
        voided: None,
        prices: domain::billing::Prices {
            start_fee: Some(price("50")),
            ..agreed("99", "49.5").prices
        },
        add_on: None,
        sftp: false,
    };
    world
        .app
        .table
        .prices()
        .put(Some(&tests::people::organisation("demo")), &cheaper, "operator:test", None)
        .await??;
    exports(&App { now: december, ..world.app.clone() }, "2026-11").await?;
    let statement: Value = serde_json::from_str(
        &file(&world.app.exports, "exports/2026-11/statements/demo.json").await?,
    )?;
    let corrections: Vec<_> = statement["lines"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|line| line["corrects"] == OCTOBER)
        .collect();
    let shown: Vec<_> = corrections
        .iter()
        .map(|line| format!("{} {} {}", line["rule"], line["user"], line["amount"]))
        .collect();
    assert_eq!(
        shown,
        [
            "\"start-fee\" \"anna\" \"-99.00\"",
            "\"start-fee\" \"anna\" \"50.00\"",
            "\"start-fee\" \"omar\" \"-99.00\"",
            "\"start-fee\" \"omar\" \"50.00\"",
            "\"storage\" null \"-21.25\"",
            "\"storage\" null \"34.00\"",
        ],
        "310 MB on all of 31 days: 715 MB over, eight begun 100 MB"
    );
    let after = files(&world.app.exports).await?;
    assert!(october.iter().all(|(key, bytes)| after.get(key) == Some(bytes)));
    Ok(())
}

/// Writes unreadable terms for the organisation and returns their key.
async fn breaks(
    table: &platform::table::Table,
    of: &str,
) -> anyhow::Result<platform::table::key::Item> {
    let key = platform::table::key::price(
        Some(&tests::people::organisation(of)),
        day("2026-10-01"),
        november(),
    );
    let mut item = key.clone();
    item.insert("sftp".to_owned(), AttributeValue::S("much".to_owned()));
    table.client.put_item().table_name(&table.name).set_item(Some(item)).send().await?;
    Ok(key)
}

#[tokio::test]
async fn an_unreadable_organisation_follows_in_a_supplement_and_stops_no_other()
-> anyhow::Result<()> {
    let world = world("unreadable").await?;
    let (solo, dash) =
        (breaks(&world.app.table, "solo").await?, breaks(&world.app.table, "-dash").await?);
    let failed = perform(&world.app, month(OCTOBER)).await;
    assert!(
        matches!(failed, Err(Error::Missing { missing: 2, ref first, .. }) if first == "-dash"),
        "{failed:?}"
    );
    let control: Value =
        serde_json::from_str(&file(&world.app.exports, "exports/2026-10/control.json").await?)?;
    assert_eq!(
        (&control["organisations"], &control["missing"]),
        (&json!(1), &json!(["-dash", "solo"]))
    );
    let written = files(&world.app.exports).await?;
    assert!(written.contains_key("exports/2026-10/statements/demo.json"), "{:?}", written.keys());

    assert!(
        matches!(perform(&world.app, month(OCTOBER)).await, Err(Error::Missing { missing: 2, .. })),
        "two are still missing"
    );
    assert!(
        !files(&world.app.exports).await?.contains_key("exports/2026-10/supplement-1/control.json")
    );
    let repair = async |key: platform::table::key::Item| {
        world
            .app
            .table
            .client
            .delete_item()
            .table_name(&world.app.table.name)
            .set_key(Some(key))
            .send()
            .await
    };
    repair(solo).await?;
    assert!(matches!(
        perform(&world.app, month(OCTOBER)).await,
        Err(Error::Missing { missing: 1, .. })
    ));
    repair(dash).await?;
    assert_eq!(
        exports(&world.app, OCTOBER).await?,
        json!({ "month": OCTOBER, "before": false, "supplement": 2 })
    );
    assert_eq!(exports(&world.app, OCTOBER).await?, json!({ "month": OCTOBER, "before": true }));
    let after = files(&world.app.exports).await?;
    assert!(
        written.iter().all(|(key, bytes)| after.get(key) == Some(bytes)),
        "exported files are not rewritten"
    );

    // Together they equal one export of all organisations.
    let whole = bucket::exports(&world.cloud, "unreadable-whole", &Requests::default()).await?;
    exports(&App { exports: whole.clone(), ..world.app.clone() }, OCTOBER).await?;
    let whole = files(&whole).await?;
    let lines = |files: &BTreeMap<String, Vec<u8>>, folder: &str| {
        let text = String::from_utf8_lossy(&files[&format!("exports/2026-10/{folder}lines.jsonl")])
            .into_owned();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut parts: Vec<_> = ["", "supplement-1/", "supplement-2/"]
        .into_iter()
        .flat_map(|folder| lines(&after, folder))
        .collect();
    let mut expected = lines(&whole, "");
    parts.sort();
    expected.sort();
    assert_eq!(parts, expected);
    for statement in
        ["-dash", "demo", "solo"].map(|of| format!("exports/2026-10/statements/{of}.json"))
    {
        assert_eq!(after[&statement], whole[&statement]);
    }
    Ok(())
}

#[tokio::test]
async fn two_concurrent_exports_write_one_export() -> anyhow::Result<()> {
    let world = world("two-at-once").await?;
    let (one, other) =
        tokio::join!(perform(&world.app, month(OCTOBER)), perform(&world.app, month(OCTOBER)));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert_eq!(exports(&world.app, OCTOBER).await?["before"], true);
    Ok(())
}
