//! Findings over several nights, each at a bounded cost.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use platform::clock;
use serde_json::Value;
use tests::{
    call::silence,
    log::Log,
    reconciliation::{call, noted, yesterday},
    recording::register,
    retention_jobs::World,
};

use crate::reconcile::{is_within, night, place, places};

#[tokio::test]
async fn words_beyond_the_nightly_allowance_are_reported_and_checked_on_later_nights()
-> anyhow::Result<()> {
    let (world, units) = World::metered("sweep-words").await?;
    for number in 0..12 {
        let words = (0..10).map(|word| format!("ord{number}x{word}")).collect::<Vec<_>>().join(" ");
        let of =
            world.has(noted(call(&format!("call-{number}"), yesterday(number)), &words)).await?;
        world.index_words(&of).await?;
    }
    let unfound = world.has(noted(call("unfound", yesterday(20)), "ofunnen")).await?;
    units.take_read();
    let mut nights = 0;
    let repaired = loop {
        assert!(world.reconciliations(night(nights)).await?);
        let (read, (reconciled, findings)) = (units.take_read(), world.missing().await?);
        is_within(&world, read, 13.0).await?;
        let words = reconciled["words"].as_u64().unwrap_or_default();
        assert!(reconciled["ofWords"] == 121 && (10..60).contains(&words), "{reconciled}");
        nights += 1;
        if !findings.is_empty() {
            break findings;
        }
        assert!(nights < 100, "it is never checked");
        units.take_read();
    };
    println!("the one posting of 121 that was missing was found in night {nights}");
    assert_eq!(places(&repaired), [("posting-missing".to_owned(), unfound.id.to_string())].into());
    assert_eq!(world.posted("ofunnen").await?, [unfound.id]);
    Ok(())
}

#[tokio::test]
async fn late_audio_or_the_recordings_removal_ends_its_finding() -> anyhow::Result<()> {
    let world = World::new("sweep-late").await?;
    let [comes, ends, stays] = ["comes", "ends", "stays"].map(|name| call(name, yesterday(1)));
    for of in [&comes, &ends, &stays] {
        register(world.table(), of).await?;
    }
    let log = Log::read();
    assert!(world.reconciliations(night(0)).await?);
    let expected = (clock::now() - stays.registered_at).num_hours();
    let hours = log.take_lines("reconciled")[0]["hours_expected"].as_i64();
    assert!(hours.is_some_and(|hours| (expected - 1..=expected).contains(&hours)), "{hours:?}");
    let (_, findings) = world.missing().await?;
    assert_eq!(findings.len(), 3);
    let found = &findings[0];
    assert_eq!(
        (&found["kind"], &found["user"], &found["repaired"]),
        (&"never-came".into(), &"anna".into(), &false.into())
    );
    let age = clock::now() - comes.registered_at;
    assert!(
        (0..=60).contains(&(age.num_seconds() - found["ageSeconds"].as_i64().unwrap_or_default())),
        "{found} of {age}"
    );

    world.put_object(&comes, &silence(1)).await?;
    world.stores(comes).await?;
    world
        .stores
        .table
        .client
        .delete_item()
        .table_name(&world.table().name)
        .set_key(Some(platform::table::key::recording(&ends.organisation, ends.id)))
        .send()
        .await?;
    assert!(world.reconciliations(night(1)).await?);
    let (_, findings) = world.missing().await?;
    assert_eq!(places(&findings), [("never-came".to_owned(), stays.id.to_string())].into());
    Ok(())
}

#[tokio::test]
async fn total_usage_is_compared_with_the_bucket_when_not_all_rows_are_read() -> anyhow::Result<()>
{
    let world = World::new("sweep-count").await?;
    let old = clock::now() - TimeDelta::days(40);
    for number in 0..30 {
        world.has(call(&format!("old-{number}"), old + TimeDelta::minutes(number))).await?;
    }
    world.has(call("new", yesterday(1))).await?;
    assert!(world.reconciliations(night(0)).await?);
    assert_eq!(world.missing().await?.1, Vec::<Value>::new());
    world.counts("omar", -1, 0).await?;
    assert!(world.reconciliations(night(1)).await?);
    let (_, findings) = world.missing().await?;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((&findings[0]["kind"], &findings[0]["user"]), (&"usage".into(), &Value::Null));
    assert_eq!(findings[0]["detail"]["counted"]["recordings"], 30);
    assert_eq!(findings[0]["detail"]["stored"]["recordings"], 31);
    Ok(())
}

#[tokio::test]
async fn older_recordings_are_checked_night_by_night() -> anyhow::Result<()> {
    let world = World::new("sweep-round").await?;
    let old = clock::now() - TimeDelta::days(40);
    let mut lost = BTreeSet::new();
    for number in 0..6 {
        let of =
            world.has(call(&format!("old-{number}"), old + TimeDelta::minutes(number))).await?;
        world.delete_versions(&of, None).await?;
        lost.insert(of.id.to_string());
    }
    for number in 0..2 {
        world.has(call(&format!("new-{number}"), yesterday(number))).await?;
    }
    let mut found = Vec::new();
    for number in 0..3 {
        assert!(world.reconciliations(night(number)).await?);
        found.push(
            world.missing().await?.1.iter().filter(|finding| finding["kind"] == "lost").count(),
        );
    }
    assert_eq!(found, [2, 4, 6], "as many older ones each night as there were yesterday");
    assert!(world.reconciliations(night(3)).await?);
    let (_, findings) = world.missing().await?;
    assert_eq!(
        findings
            .iter()
            .filter(|finding| finding["kind"] == "lost")
            .map(|finding| place(finding).1)
            .collect::<BTreeSet<_>>(),
        lost
    );
    Ok(())
}
