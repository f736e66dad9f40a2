//! The nightly reconciliation finds planted discrepancies, repairs what it can, and reports the
//! rest with their age, at a bounded cost.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    reconcile::Kind,
    recording::{Recording, State},
};
use platform::{clock, objects, table::audit::AuditAction};
use serde_json::Value;
use tests::{
    call::silence,
    people::organisation,
    reconciliation::{call, noted, yesterday},
    recording::register,
    retention_jobs::{KARIN, World},
    service::OPERATOR,
};

use crate::expiry::receipts;

/// Unchanged recordings of the day. Their objects exceed one page of the bucket's list.
const DAY: usize = 1100;
/// Audio with the registered length but other bytes.
fn other_audio() -> Vec<u8> {
    let mut other = silence(1);
    other.reverse();
    other
}

pub(crate) fn night(number: i64) -> DateTime<Utc> {
    clock::now() + TimeDelta::days(number)
}

/// A discrepancy: its kind, and the recording, key or user that it concerns.
type Planted = (Kind, String);

/// Plants the 20 discrepancies. Returns what a reconciliation must find.
async fn plant(world: &World) -> anyhow::Result<Vec<Planted>> {
    let table = world.table();
    let (mut planted, mut minutes) = (Vec::new(), 1);
    let mut next = |name: &str| {
        minutes += 1;
        call(name, yesterday(minutes))
    };
    let month_ago = clock::now() - TimeDelta::days(30);
    let mut add = |kind: Kind, of: &Recording| planted.push((kind, of.id.to_string()));

    let never = next("never-came");
    register(table, &never).await?;
    add(Kind::NeverCame, &never);

    let late = call("never-came-and-registered-late", clock::now() - TimeDelta::days(5));
    register(table, &late).await?;
    table.late_arrivals().await_one(&late, clock::now()).await?;
    add(Kind::NeverCame, &late);

    let untold = next("event-lost");
    register(table, &untold).await?;
    world.put_object(&untold, &silence(1)).await?;
    add(Kind::NotTakenIn, &untold);

    let untold = next("event-lost-and-not-what-was-registered");
    register(table, &untold).await?;
    world.put_object(&untold, b"no audio").await?;
    add(Kind::NotTakenIn, &untold);

    let removed = world.has(next("removed")).await?;
    world.delete_object(&removed).await?;
    add(Kind::Removed, &removed);

    let removed = world.has(call("removed-of-a-month-ago", month_ago)).await?;
    world.delete_object(&removed).await?;
    add(Kind::Removed, &removed);

    let lost = world.has(next("lost")).await?;
    world.delete_versions(&lost, None).await?;
    add(Kind::Lost, &lost);

    let lost = world.has(call("lost-of-a-month-ago", month_ago)).await?;
    world.delete_versions(&lost, None).await?;
    add(Kind::Lost, &lost);

    let replaced = world.has(next("replaced")).await?;
    world.put_object(&replaced, &other_audio()).await?;
    add(Kind::Replaced, &replaced);

    let replaced = next("replaced-for-good");
    register(table, &replaced).await?;
    let first = world.put_object(&replaced, &silence(1)).await?;
    let replaced = world.stores(replaced).await?;
    world.put_object(&replaced, &other_audio()).await?;
    world.delete_versions(&replaced, Some(&first)).await?;
    add(Kind::Replaced, &replaced);

    let doubled = world.has(next("doubled")).await?;
    world.put_object(&doubled, &silence(1)).await?;
    add(Kind::Doubled, &doubled);

    let refused = next("refused-and-left");
    register(table, &refused).await?;
    world.put_object(&refused, b"no audio").await?;
    table.recordings().reject(&refused, "no audio").await?;
    add(Kind::RefusedLeft, &refused);

    let nobodys = next("of-no-recording");
    world.put_object(&nobodys, &silence(1)).await?;
    add(Kind::NoRecording, &nobodys);

    let unfound = world.has(noted(next("posting-missing"), "ring")).await?;
    add(Kind::PostingMissing, &unfound);

    let wrong = world.has(noted(next("posting-wrong"), "ring")).await?;
    world
        .index_words(&Recording {
            expires_at: wrong.expires_at + TimeDelta::days(1),
            ..wrong.clone()
        })
        .await?;
    add(Kind::PostingWrong, &wrong);

    let silent = world.has(next("posting-left")).await?;
    world.index_words(&noted(silent.clone(), "ring")).await?;
    add(Kind::PostingLeft, &silent);

    let gone = noted(next("posting-of-no-recording"), "ring");
    world.index_words(&gone).await?;
    add(Kind::PostingLeft, &gone);

    let gone = noted(next("posting-of-a-word-that-nobody-says"), "glömt");
    world.index_words(&gone).await?;
    add(Kind::PostingLeft, &gone);

    let stray = "recordings/demo/notes.txt";
    world.put_object_at(stray, &gone, b"whatever").await?;
    planted.push((Kind::Stray, stray.to_owned()));

    world.counts("omar", 1, 960_044).await?;
    planted.push((Kind::Usage, "omar".to_owned()));
    Ok(planted)
}

/// The kind and the subject of a finding, in the form of [`Planted`].
pub(crate) fn place(finding: &Value) -> (String, String) {
    let subject = ["recording", "key", "user"]
        .into_iter()
        .find_map(|name| finding[name].as_str())
        .unwrap_or("*");
    (finding["kind"].as_str().unwrap_or_default().to_owned(), subject.to_owned())
}

pub(crate) fn places(findings: &[Value]) -> BTreeSet<(String, String)> {
    findings.iter().map(place).collect()
}

#[tokio::test]
async fn one_reconciliation_finds_20_planted_discrepancies_and_repairs_what_it_can()
-> anyhow::Result<()> {
    let (world, units) = World::metered("sweep-20").await?;
    world.day(DAY).await?;
    let planted = plant(&world).await?;
    assert_eq!(planted.len(), 20);
    let expected: BTreeSet<_> =
        planted.iter().map(|(kind, subject)| (kind.to_string(), subject.clone())).collect();

    units.take_read();
    world.requests.take();
    assert!(world.reconciliations(night(0)).await?);
    let (read, requests) = (units.take_read(), world.requests.take());
    let (reconciled, findings) = world.missing().await?;
    let day = reconciled["recordings"].as_f64().unwrap_or_default();
    println!(
        "{day} recordings of the day: {read} read units, {:.1} recordings a unit, of at least 8; {requests:?}",
        day / read
    );
    println!("{reconciled}");
    assert_eq!(places(&findings), expected);
    assert_eq!(findings.len(), 20);
    is_within(&world, read, day).await?;
    assert_eq!(
        (&reconciled["words"], &reconciled["objects"]),
        (&reconciled["ofWords"], &Value::from(DAY + 13))
    );

    for _ in 0..2 {
        world.takes_in().await?; // a repeated event changes nothing
    }
    let stays: BTreeSet<_> =
        findings.iter().filter(|finding| finding["repaired"] == false).map(place).collect();
    let mut kinds = BTreeMap::<&str, usize>::new();
    for (kind, _) in &stays {
        *kinds.entry(kind).or_default() += 1;
    }
    let unrepaired = [
        ("doubled", 1),
        ("lost", 2),
        ("never-came", 2),
        ("no-recording", 1),
        ("replaced", 1),
        ("usage", 1),
    ];
    assert_eq!(kinds, BTreeMap::from(unrepaired), "the rest is repaired");
    is_repaired(&world).await?;

    assert!(world.reconciliations(night(1)).await?);
    let (_, again) = world.missing().await?;
    assert_eq!(places(&again), stays, "the second reconciliation finds only what was not repaired");
    for finding in &again {
        let before =
            findings.iter().find(|before| place(before) == place(finding)).unwrap_or(&Value::Null);
        assert_eq!(finding["since"], before["since"]);
    }
    assert_eq!(world.takes_in().await?, 0, "no event is sent again");
    assert!(!receipts(&world, AuditAction::SeeMissing).await?.is_empty());
    Ok(())
}

/// Checks the read units of a night: the reconciliation's, and those of accounting for every call,
/// which reads the rows of eight days once more.
pub(crate) async fn is_within(world: &World, read: f64, recordings: f64) -> anyhow::Result<()> {
    let state = world.table().findings().state(&organisation("demo")).await?;
    let own = state.map_or(0.0, |state| state.units as f64);
    println!("{own} units of the reconciliation, {} of accounting", read - own);
    assert!(own <= (recordings / 8.0).max(25.0).ceil(), "{own} units for {recordings} recordings");
    assert!(read - own <= recordings / 20.0 + 20.0, "{} units of accounting", read - own);
    Ok(())
}

/// Checks that every repairable discrepancy is repaired.
async fn is_repaired(world: &World) -> anyhow::Result<()> {
    let of = |name: &str| call(name, yesterday(0)).id;
    let demo = organisation("demo");
    for (name, stored) in [
        ("event-lost", true),
        ("event-lost-and-not-what-was-registered", false),
        ("refused-and-left", false),
    ] {
        let exists =
            world.table().index().recording(&demo, of(name)).await?.map(|exists| exists.state);
        assert_eq!(matches!(exists, Some(State::Stored { .. })), stored, "{name}");
        assert_eq!(matches!(exists, Some(State::Rejected { .. })), !stored, "{name}");
        let there = world.stores.objects.object(&objects::key(&demo, of(name))).await?;
        assert_eq!(there.versions.len(), usize::from(stored), "{name}");
    }
    for name in ["removed", "removed-of-a-month-ago", "replaced"] {
        let (client, bucket) = (&world.stores.objects.client, &world.stores.objects.name);
        let got =
            client.get_object().bucket(bucket).key(objects::key(&demo, of(name))).send().await?;
        assert_eq!(got.body.collect().await?.to_vec(), silence(1), "{name}");
    }
    let set_aside = ["event-lost-and-not-what-was-registered", "replaced", "refused-and-left"];
    for name in set_aside {
        assert_eq!(
            world.stores.quarantine.copies_under(&objects::key(&demo, of(name))).await?.len(),
            1,
            "{name}"
        );
    }
    let stray = objects::unregistered("recordings/demo/notes.txt");
    assert_eq!(world.stores.quarantine.copies_under(&stray).await?.len(), 1);
    let posted = world.posted("ring").await?;
    for (name, stated) in [
        ("posting-missing", true),
        ("posting-wrong", true),
        ("posting-left", false),
        ("posting-of-no-recording", false),
    ] {
        assert_eq!(posted.contains(&of(name)), stated, "{name}");
    }
    assert_eq!(world.posted("glömt").await?, []);
    assert_eq!(world.usage("omar").await?[0], 1, "a count is left as it is");
    Ok(())
}

#[tokio::test]
async fn a_day_without_discrepancies_has_no_finding_even_with_repeated_events() -> anyhow::Result<()>
{
    let (world, units) = World::metered("sweep-clean").await?;
    world.day(400).await?;
    let notified = call("told-twice", yesterday(1));
    register(world.table(), &notified).await?;
    world.put_object(&notified, &silence(1)).await?;
    world.notify_ingest(&notified).await?;
    world.notify_ingest(&notified).await?;
    assert_eq!(world.takes_in().await?, 2);
    units.take_read();
    assert!(world.reconciliations(night(0)).await?);
    let read = units.take_read();
    let (reconciled, findings) = world.missing().await?;
    println!(
        "{} recordings, no discrepancy: {read} read units, {:.1} recordings a unit",
        reconciled["recordings"],
        401.0 / read
    );
    assert_eq!(findings, Vec::<Value>::new());
    assert_eq!(reconciled["recordings"], 401);
    is_within(&world, read, 401.0).await?;

    world.requests.take();
    assert!(world.reconciliations(night(-1)).await?, "a late message for an earlier night");
    assert_eq!(
        world.requests.take().values().sum::<u64>(),
        1,
        "it is already done, which takes one request"
    );
    assert_eq!(world.takes_in().await?, 0);
    Ok(())
}

#[tokio::test]
async fn every_provisioned_organisation_is_reconciled() -> anyhow::Result<()> {
    let world = World::new("sweep-all").await?;
    let provision = provision::router(provision::App {
        table: world.table().clone(),
        imports: tests::queue::untold(),
        now: clock::now,
    });
    let body = serde_json::json!({ "name": "Demo", "baseService": true, "storageAddOn": false });
    for of in ["demo", "first", "zebra"] {
        OPERATOR.put(&provision, &format!("/v1/organisations/{of}"), &body).await?.done()?;
    }
    let night = night(0);
    let mut orders = world.night(night).await?;
    orders.sort_by_key(|order| order["organisation"].to_string());
    let orders: Vec<_> = orders
        .iter()
        .map(|order| (order["organisation"].as_str(), order["night"].as_str()))
        .collect();
    let at = serde_json::to_value(night)?;
    assert_eq!(orders, ["demo", "first", "zebra"].map(|of| (Some(of), at.as_str())));
    Ok(())
}

#[tokio::test]
async fn an_invalid_message_fails_alone() -> anyhow::Result<()> {
    let world = World::new("sweep-poison").await?;
    assert!(!world.hears("{").await?);
    assert!(!world.hears(r#"{"organisation":"DEMO","night":"2026-11-25T01:30:00Z"}"#).await?);
    assert!(world.hears(r#"{"organisation":"demo","night":"2026-11-25T01:30:00Z"}"#).await?);
    assert_eq!(
        KARIN.get(&world.completeness(clock::now), "/v1/missing?limit=0").await?.status,
        422
    );
    Ok(())
}
