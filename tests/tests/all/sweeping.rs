//! The nightly sweep finds what was planted, mends what can be mended, and reports the rest with its age, at a bounded cost.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    recording::{Recording, State},
    sweep::Kind,
};
use platform::{clock, objects, table::audit::Deed};
use serde_json::Value;
use tests::{
    call::silence,
    kept::{KARIN, World},
    people::organisation,
    recording::register,
    service::OPERATOR,
    swept::{call, noted, yesterday},
};

use crate::expiring::receipts;

/// Recordings of the day, beside those that are spoilt: more objects than a page of the bucket's list holds.
const DAY: usize = 1100;
/// Bytes of a call's audio that are not what was registered, though there are as many.
fn other_audio() -> Vec<u8> {
    let mut other = silence(1);
    other.reverse();
    other
}

fn night(number: i64) -> DateTime<Utc> {
    clock::now() + TimeDelta::days(number)
}

/// A fault, by its kind and what it is about.
type Planted = (Kind, String);

/// Spoils the world in 20 ways, one for each line of the table in the test's name; answers with what a sweep has to find.
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
    table.await_late(&[&late], clock::now()).await?;
    add(Kind::NeverCame, &late);

    let untold = next("event-lost");
    register(table, &untold).await?;
    world.lies(&untold, &silence(1)).await?;
    add(Kind::NotTakenIn, &untold);

    let untold = next("event-lost-and-not-what-was-registered");
    register(table, &untold).await?;
    world.lies(&untold, b"no audio").await?;
    add(Kind::NotTakenIn, &untold);

    let removed = world.has(next("removed")).await?;
    world.loses(&removed).await?;
    add(Kind::Removed, &removed);

    let removed = world.has(call("removed-of-a-month-ago", month_ago)).await?;
    world.loses(&removed).await?;
    add(Kind::Removed, &removed);

    let lost = world.has(next("lost")).await?;
    world.loses_for_good(&lost, None).await?;
    add(Kind::Lost, &lost);

    let lost = world.has(call("lost-of-a-month-ago", month_ago)).await?;
    world.loses_for_good(&lost, None).await?;
    add(Kind::Lost, &lost);

    let replaced = world.has(next("replaced")).await?;
    world.lies(&replaced, &other_audio()).await?;
    add(Kind::Replaced, &replaced);

    let replaced = next("replaced-for-good");
    register(table, &replaced).await?;
    let first = world.lies(&replaced, &silence(1)).await?;
    let replaced = world.stores(replaced).await?;
    world.lies(&replaced, &other_audio()).await?;
    world.loses_for_good(&replaced, Some(&first)).await?;
    add(Kind::Replaced, &replaced);

    let doubled = world.has(next("doubled")).await?;
    world.lies(&doubled, &silence(1)).await?;
    add(Kind::Doubled, &doubled);

    let refused = next("refused-and-left");
    register(table, &refused).await?;
    world.lies(&refused, b"no audio").await?;
    table.reject(&refused, "no audio").await?;
    add(Kind::RefusedLeft, &refused);

    let nobodys = next("of-no-recording");
    world.lies(&nobodys, &silence(1)).await?;
    add(Kind::NoRecording, &nobodys);

    let unfound = world.has(noted(next("posting-missing"), "ring")).await?;
    add(Kind::PostingMissing, &unfound);

    let wrong = world.has(noted(next("posting-wrong"), "ring")).await?;
    world.says(&Recording { expires_at: wrong.expires_at + TimeDelta::days(1), ..wrong.clone() }).await?;
    add(Kind::PostingWrong, &wrong);

    let silent = world.has(next("posting-left")).await?;
    world.says(&noted(silent.clone(), "ring")).await?;
    add(Kind::PostingLeft, &silent);

    let gone = noted(next("posting-of-no-recording"), "ring");
    world.says(&gone).await?;
    add(Kind::PostingLeft, &gone);

    let gone = noted(next("posting-of-a-word-that-nobody-says"), "glömt");
    world.says(&gone).await?;
    add(Kind::PostingLeft, &gone);

    let stray = "recordings/demo/notes.txt";
    world.lies_at(stray, &gone, b"whatever").await?;
    planted.push((Kind::Stray, stray.to_owned()));

    world.counts("omar", 1, 960_044).await?;
    planted.push((Kind::Usage, "omar".to_owned()));
    Ok(planted)
}

/// What a finding is about, as what was planted says it.
fn place(finding: &Value) -> (String, String) {
    let subject = ["recording", "key", "user"].into_iter().find_map(|name| finding[name].as_str()).unwrap_or("*");
    (finding["kind"].as_str().unwrap_or_default().to_owned(), subject.to_owned())
}

fn places(findings: &[Value]) -> BTreeSet<(String, String)> {
    findings.iter().map(place).collect()
}

#[tokio::test]
async fn one_sweep_finds_all_20_planted_faults_and_mends_what_can_be_mended() -> anyhow::Result<()> {
    let (world, units) = World::metered("sweep-20").await?;
    world.day(DAY).await?;
    let planted = plant(&world).await?;
    assert_eq!(planted.len(), 20);
    let expected: BTreeSet<_> = planted.iter().map(|(kind, subject)| (kind.as_str().to_owned(), subject.clone())).collect();

    units.take_read();
    world.requests.take();
    assert!(world.sweeps(night(0)).await?);
    let (read, requests) = (units.take_read(), world.requests.take());
    let (swept, findings) = world.missing().await?;
    let day = swept["recordings"].as_f64().unwrap_or_default();
    println!("{day} recordings of the day: {read} read units, {:.1} recordings a unit, of at least 8; {requests:?}", day / read);
    println!("{swept}");
    assert_eq!(places(&findings), expected);
    assert_eq!(findings.len(), 20);
    assert!(read <= day / 8.0, "{read} units for {day} recordings");
    assert_eq!((&swept["words"], &swept["objects"]), (&swept["ofWords"], &Value::from(DAY + 13)));

    for _ in 0..2 {
        world.takes_in().await?; // an event more does nothing
    }
    let stays: BTreeSet<_> = findings.iter().filter(|finding| finding["mended"] == false).map(place).collect();
    let mut kinds = BTreeMap::<&str, usize>::new();
    for (kind, _) in &stays {
        *kinds.entry(kind).or_default() += 1;
    }
    let unmended = [("doubled", 1), ("lost", 2), ("never-came", 2), ("no-recording", 1), ("replaced", 1), ("usage", 1)];
    assert_eq!(kinds, BTreeMap::from(unmended), "the rest is mended");
    is_mended(&world).await?;

    assert!(world.sweeps(night(1)).await?);
    let (_, again) = world.missing().await?;
    assert_eq!(places(&again), stays, "the second sweep finds nothing new, and what was mended has gone");
    for finding in &again {
        let before = findings.iter().find(|before| place(before) == place(finding)).unwrap_or(&Value::Null);
        assert_eq!(finding["since"], before["since"]);
    }
    assert_eq!(world.takes_in().await?, 0, "nothing is told of again");
    assert!(!receipts(&world, Deed::SeeMissing).await?.is_empty());
    Ok(())
}

/// That what can be mended is as it should be.
async fn is_mended(world: &World) -> anyhow::Result<()> {
    let of = |name: &str| call(name, yesterday(0)).id;
    let demo = organisation("demo");
    for (name, stored) in [("event-lost", true), ("event-lost-and-not-what-was-registered", false), ("refused-and-left", false)] {
        let stands = world.table().standing_recording(&demo, of(name)).await?.map(|stands| stands.state);
        assert_eq!(matches!(stands, Some(State::Stored { .. })), stored, "{name}");
        assert_eq!(matches!(stands, Some(State::Rejected { .. })), !stored, "{name}");
        let there = world.stores.objects.object(&objects::key(&demo, of(name))).await?;
        assert_eq!(there.versions.len(), usize::from(stored), "{name}");
    }
    for name in ["removed", "removed-of-a-month-ago", "replaced"] {
        let (client, bucket) = (&world.stores.objects.client, &world.stores.objects.bucket);
        let got = client.get_object().bucket(bucket).key(objects::key(&demo, of(name))).send().await?;
        assert_eq!(got.body.collect().await?.to_vec(), silence(1), "{name}");
    }
    let set_aside = ["event-lost-and-not-what-was-registered", "replaced", "refused-and-left"];
    for name in set_aside {
        assert_eq!(world.stores.quarantine.copies_under(&objects::key(&demo, of(name))).await?.len(), 1, "{name}");
    }
    assert_eq!(world.stores.quarantine.copies_under("recordings/demo/notes.txt").await?.len(), 1);
    let posted = world.posted("ring").await?;
    for (name, said) in [("posting-missing", true), ("posting-wrong", true), ("posting-left", false), ("posting-of-no-recording", false)] {
        assert_eq!(posted.contains(&of(name)), said, "{name}");
    }
    assert_eq!(world.posted("glömt").await?, []);
    assert_eq!(world.usage("omar").await?[0], 1, "a count is left as it is");
    Ok(())
}

#[tokio::test]
async fn a_day_without_a_fault_has_no_finding_and_events_told_twice_make_none() -> anyhow::Result<()> {
    let (world, units) = World::metered("sweep-clean").await?;
    world.day(400).await?;
    let told = call("told-twice", yesterday(1));
    register(world.table(), &told).await?;
    world.lies(&told, &silence(1)).await?;
    world.tells(&told).await?;
    world.tells(&told).await?;
    assert_eq!(world.takes_in().await?, 2);
    units.take_read();
    assert!(world.sweeps(night(0)).await?);
    let read = units.take_read();
    let (swept, findings) = world.missing().await?;
    println!("{} recordings of the day and no fault: {read} read units, {:.1} recordings a unit", swept["recordings"], 401.0 / read);
    assert_eq!(findings, Vec::<Value>::new());
    assert_eq!(swept["recordings"], 401);
    assert!(read <= 401.0 / 8.0, "{read} units");

    world.requests.take();
    assert!(world.sweeps(night(-1)).await?, "an earlier night, told of late");
    assert_eq!(world.requests.take().values().sum::<u64>(), 1, "it is done, which takes one look");
    assert_eq!(world.takes_in().await?, 0);
    Ok(())
}

#[tokio::test]
async fn more_words_than_the_allowance_holds_are_told_as_not_looked_at_and_others_have_their_turn_each_night() -> anyhow::Result<()> {
    let (world, units) = World::metered("sweep-words").await?;
    for number in 0..12 {
        let words = (0..10).map(|word| format!("ord{number}x{word}")).collect::<Vec<_>>().join(" ");
        let of = world.has(noted(call(&format!("call-{number}"), yesterday(number)), &words)).await?;
        world.says(&of).await?;
    }
    let unfound = world.has(noted(call("unfound", yesterday(20)), "ofunnen")).await?;
    units.take_read();
    let mut nights = 0;
    let mended = loop {
        assert!(world.sweeps(night(nights)).await?);
        let (read, (swept, findings)) = (units.take_read(), world.missing().await?);
        assert!(read <= 25.0, "{read} units");
        let words = swept["words"].as_u64().unwrap_or_default();
        assert!(swept["ofWords"] == 121 && (10..60).contains(&words), "{swept}");
        nights += 1;
        if !findings.is_empty() {
            break findings;
        }
        assert!(nights < 100, "its turn never comes");
        units.take_read();
    };
    println!("the one posting of 121 that was missing was found in night {nights}");
    assert_eq!(places(&mended), [("posting-missing".to_owned(), unfound.id.to_string())].into());
    assert_eq!(world.posted("ofunnen").await?, [unfound.id]);
    Ok(())
}

#[tokio::test]
async fn audio_that_comes_late_ends_its_finding_and_so_does_the_recordings_end() -> anyhow::Result<()> {
    let world = World::new("sweep-late").await?;
    let [comes, ends, stays] = ["comes", "ends", "stays"].map(|name| call(name, yesterday(1)));
    for of in [&comes, &ends, &stays] {
        register(world.table(), of).await?;
    }
    assert!(world.sweeps(night(0)).await?);
    let (_, findings) = world.missing().await?;
    assert_eq!(findings.len(), 3);
    let found = &findings[0];
    assert_eq!((&found["kind"], &found["user"], &found["mended"]), (&"never-came".into(), &"anna".into(), &false.into()));
    let age = clock::now() - comes.registered_at;
    assert!((0..=60).contains(&(age.num_seconds() - found["ageSeconds"].as_i64().unwrap_or_default())), "{found} of {age}");

    world.lies(&comes, &silence(1)).await?;
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
    assert!(world.sweeps(night(1)).await?);
    let (_, findings) = world.missing().await?;
    assert_eq!(places(&findings), [("never-came".to_owned(), stays.id.to_string())].into());
    Ok(())
}

#[tokio::test]
async fn what_is_counted_on_all_is_held_against_the_bucket_where_not_all_rows_are_read() -> anyhow::Result<()> {
    let world = World::new("sweep-count").await?;
    let old = clock::now() - TimeDelta::days(40);
    for number in 0..30 {
        world.has(call(&format!("old-{number}"), old + TimeDelta::minutes(number))).await?;
    }
    world.has(call("new", yesterday(1))).await?;
    assert!(world.sweeps(night(0)).await?);
    assert_eq!(world.missing().await?.1, Vec::<Value>::new());
    world.counts("omar", -1, 0).await?;
    assert!(world.sweeps(night(1)).await?);
    let (_, findings) = world.missing().await?;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((&findings[0]["kind"], &findings[0]["user"]), (&"usage".into(), &Value::Null));
    assert_eq!(findings[0]["detail"]["counted"]["recordings"], 30);
    assert_eq!(findings[0]["detail"]["stored"]["recordings"], 31);
    Ok(())
}

#[tokio::test]
async fn older_recordings_come_round_night_by_night() -> anyhow::Result<()> {
    let world = World::new("sweep-round").await?;
    let old = clock::now() - TimeDelta::days(40);
    let mut lost = BTreeSet::new();
    for number in 0..6 {
        let of = world.has(call(&format!("old-{number}"), old + TimeDelta::minutes(number))).await?;
        world.loses_for_good(&of, None).await?;
        lost.insert(of.id.to_string());
    }
    for number in 0..2 {
        world.has(call(&format!("new-{number}"), yesterday(number))).await?;
    }
    let mut found = Vec::new();
    for number in 0..3 {
        assert!(world.sweeps(night(number)).await?);
        found.push(world.missing().await?.1.iter().filter(|finding| finding["kind"] == "lost").count());
    }
    assert_eq!(found, [2, 4, 6], "as many older ones each night as there were yesterday");
    assert!(world.sweeps(night(3)).await?);
    let (_, findings) = world.missing().await?;
    assert_eq!(findings.iter().filter(|finding| finding["kind"] == "lost").map(|finding| place(finding).1).collect::<BTreeSet<_>>(), lost);
    Ok(())
}

#[tokio::test]
async fn every_organisation_that_was_provisioned_is_swept() -> anyhow::Result<()> {
    let world = World::new("sweep-all").await?;
    let provision = provision::router(provision::App { table: world.table().clone(), imports: tests::queue::untold(), now: clock::now });
    let body = serde_json::json!({ "name": "Demo", "baseService": true, "storageAddOn": false });
    for of in ["demo", "first", "zebra"] {
        OPERATOR.put(&provision, &format!("/v1/organisations/{of}"), &body).await?.done()?;
    }
    let night = night(0);
    let mut orders = world.night(night).await?;
    orders.sort_by_key(|order| order["organisation"].to_string());
    let orders: Vec<_> = orders.iter().map(|order| (order["organisation"].as_str(), order["night"].as_str())).collect();
    let at = serde_json::to_value(night)?;
    assert_eq!(orders, ["demo", "first", "zebra"].map(|of| (Some(of), at.as_str())));
    Ok(())
}

#[tokio::test]
async fn a_message_that_is_no_order_fails_alone() -> anyhow::Result<()> {
    let world = World::new("sweep-poison").await?;
    assert!(!world.hears("{").await?);
    assert!(!world.hears(r#"{"organisation":"DEMO","night":"2026-11-25T01:30:00Z"}"#).await?);
    assert!(world.hears(r#"{"organisation":"demo","night":"2026-11-25T01:30:00Z"}"#).await?);
    assert_eq!(KARIN.get(&world.retention(clock::now), "/v1/missing?limit=0").await?.status, 422);
    Ok(())
}
