//! Reports of the operator's switch: by request or by file, repeated, corrected, invalid, and of
//! people who are erased.

use anyhow::Context;
use aws_sdk_s3::primitives::ByteStream;
use chrono::TimeDelta;
use domain::{completeness::CallRecord, job::Person};
use platform::clock;
use serde_json::{Value, json};
use tests::{
    call::with,
    people::{organisation, user},
    reconciliation::yesterday,
    retention_jobs::{KARIN, World},
    service::OPERATOR,
};

const CALLS: &str = "/v1/organisations/demo/calls";

fn line(call: &str) -> Value {
    json!({
        "callId": call,
        "user": "anna",
        "direction": "in",
        "counterpart": "070-123 45 67",
        "startedAt": yesterday(1),
        "durationMs": 60_000,
    })
}

/// All reports that are stored.
async fn stored(world: &World) -> anyhow::Result<Vec<CallRecord>> {
    let now = clock::now();
    let period = (now - TimeDelta::days(40), now + TimeDelta::days(40));
    Ok(world.table().call_records().between(&organisation("demo"), period).await?)
}

#[tokio::test]
async fn a_line_replaces_an_earlier_one_of_its_call_and_an_invalid_one_is_named()
-> anyhow::Result<()> {
    let world = World::new("reports-lines").await?;
    let router = world.completeness(clock::now);
    let send = |body: String| {
        let router = router.clone();
        async move { OPERATOR.send(&router, "POST", CALLS, Some(body)).await }
    };
    let corrected = with(line("c-1"), json!({ "durationMs": 61_000, "counterpart": null }));
    let body = format!("{}\n\n{{\"callId\":\"c-2\"}}\n{corrected}\n", line("c-1"));
    let report = send(body).await?.done()?.body;
    assert_eq!(
        (&report["lines"], &report["stored"], &report["invalid"]),
        (&3.into(), &1.into(), &1.into())
    );
    assert_eq!(report["details"][0]["line"], 3);
    let detail = report["details"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("missing member `user`"), "{detail}");
    for body in [line("c-1").to_string(), corrected.to_string()] {
        send(body).await?.done()?;
    }
    let all = stored(&world).await?;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].duration, TimeDelta::seconds(61));
    assert!(!all[0].counterpart.is_known());

    let many = format!("{}\n", line("c-1")).repeat(5_001);
    assert_eq!(send(many).await?.refusal(), (413, "too-large".to_owned()));
    let nobodys = OPERATOR
        .send(&router, "POST", "/v1/organisations/none/calls", Some(line("c-1").to_string()))
        .await?;
    assert_eq!(nobodys.refusal(), (404, "not-found".to_owned()));
    assert_eq!(KARIN.send(&router, "POST", CALLS, None).await?.refusal().0, 403);
    Ok(())
}

/// The bounds of a request: 5,000 lines, 4 MiB, and 100 details of invalid lines.
#[tokio::test]
async fn a_request_is_bounded() -> anyhow::Result<()> {
    let world = World::new("reports-bounds").await?;
    let router = world.completeness(clock::now);
    let send = async |body: String| OPERATOR.send(&router, "POST", CALLS, Some(body)).await;
    let most: String =
        (0..5_000).map(|n| format!("{}\n", line(&format!("c-{}", n % 30)))).collect();
    let report = send(most).await?.done()?.body;
    assert_eq!((&report["lines"], &report["stored"]), (&5_000.into(), &30.into()));
    let report = send("{}\n".repeat(101)).await?.done()?.body;
    assert_eq!(report["invalid"], 101);
    assert_eq!(report["details"].as_array().map(Vec::len), Some(100));
    let padded = |bytes: usize| {
        format!("{}{}", line("c-1"), " ".repeat(bytes - line("c-1").to_string().len()))
    };
    assert_eq!(send(padded(4 << 20)).await?.done()?.body["stored"], 1);
    assert_eq!(send(padded((4 << 20) + 1)).await?.refusal(), (413, "too-large".to_owned()));
    Ok(())
}

/// A night reads 100 files, and leaves one that is too large for the operator.
#[tokio::test]
async fn files_of_a_night_are_bounded() -> anyhow::Result<()> {
    let world = World::new("reports-files-bounds").await?;
    let (calls, demo) = (&world.calls, organisation("demo"));
    for number in 0..100 {
        let (key, body) = (format!("incoming/demo/{number:03}"), line(&format!("c-{number}")));
        calls.put(&key, "application/x-ndjson", body.to_string().into_bytes()).await?;
    }
    calls.put("incoming/demo/0", "application/x-ndjson", vec![b' '; (64 << 20) + 1]).await?;
    calls.put("incoming/demo/1", "application/x-ndjson", vec![b' '; 64 << 20]).await?;
    for left in [vec!["0", "099", "1"], vec!["0"]] {
        assert!(world.reconciles_at(clock::now).await?);
        let names: Vec<String> =
            calls.incoming(&demo).await?.into_iter().map(|file| file.name).collect();
        assert_eq!(names, left, "the file that is too large remains");
    }
    assert_eq!(stored(&world).await?.len(), 100);
    Ok(())
}

/// A file that the switch replaces while the night reads it waits for the next night.
#[tokio::test]
async fn a_file_that_was_replaced_meanwhile_is_not_removed() -> anyhow::Result<()> {
    let world = World::new("reports-replaced").await?;
    let (calls, key) = (&world.calls, "incoming/demo/calls.ndjson");
    let demo = organisation("demo");
    calls.put(key, "application/x-ndjson", line("c-1").to_string().into_bytes()).await?;
    let read = calls.read_incoming(&demo, "calls.ndjson").await?.context("it waits")?;
    calls.put(key, "application/x-ndjson", line("c-2").to_string().into_bytes()).await?;
    calls.end_incoming(&demo, "calls.ndjson", read.clone(), Vec::new()).await?;
    let (left, _) = calls.get(key).await?.context("the new file waits")?;
    assert_eq!(left, line("c-2").to_string().into_bytes());
    let read = calls.read_incoming(&demo, "calls.ndjson").await?.context("it waits")?;
    for _ in 0..2 {
        calls.end_incoming(&demo, "calls.ndjson", read.clone(), Vec::new()).await?; // a repetition too
    }
    assert!(calls.get(key).await?.is_none());
    Ok(())
}

/// The night reads the files of the switch, puts them aside and reports their invalid lines.
#[tokio::test]
async fn a_file_of_the_switch_is_read_at_night_and_put_aside() -> anyhow::Result<()> {
    let world = World::new("reports-files").await?;
    let (client, bucket) = (&world.calls.client, &world.calls.name);
    let body = format!("{}\n{{}}\n", line("c-1"));
    for (key, body) in
        [("incoming/demo/2026-11-29.ndjson", body.as_str()), ("incoming/other/x", "{}")]
    {
        let body = ByteStream::from(body.as_bytes().to_vec());
        client.put_object().bucket(bucket).key(key).body(body).send().await?;
    }
    assert!(world.reconciles_at(clock::now).await?);
    assert_eq!(stored(&world).await?.len(), 1);
    let listed = client.list_objects_v2().bucket(bucket).send().await?;
    let mut keys: Vec<&str> = listed.contents().iter().filter_map(|object| object.key()).collect();
    keys.retain(|key| !key.starts_with("open/"));
    assert_eq!(
        keys,
        ["incoming/other/x", "invalid/demo/2026-11-29.ndjson", "processed/demo/2026-11-29.ndjson"]
    );
    let invalid = world.calls.get("invalid/demo/2026-11-29.ndjson").await?;
    let invalid: Value = serde_json::from_slice(&invalid.unwrap_or_default().0)?;
    assert_eq!(invalid["line"], 2);
    let day = domain::delivery::Day::of(yesterday(1));
    let router = world.completeness(clock::now);
    let found = KARIN.get(&router, &format!("/v1/completeness/{day}")).await?.done()?.body;
    assert_eq!(found["day"]["missing"], 1);
    Ok(())
}

/// An erasure removes the person from reports, and a repeated report of an erased call does not
/// bring them back.
#[tokio::test]
async fn an_erased_person_leaves_the_reports() -> anyhow::Result<()> {
    let world = World::new("reports-erased").await?;
    let router = world.completeness(clock::now);
    let other = with(line("c-2"), json!({ "counterpart": "08-123 456 78", "user": "omar" }));
    let body = format!("{}\n{other}\n", line("c-1"));
    OPERATOR.send(&router, "POST", CALLS, Some(body)).await?.done()?;
    let (demo, records) = (organisation("demo"), world.table().call_records());
    let number = stored(&world).await?.into_iter().find(|record| record.user == user("anna"));
    let number = number
        .map(|record| record.counterpart)
        .unwrap_or(domain::counterpart::Counterpart::Unknown);
    let person = Person::Counterpart(number);
    assert_eq!(records.forget_person(&demo, &person, None, clock::now()).await?, None);
    let known = |records: &[CallRecord]| {
        records.iter().filter(|record| record.counterpart.is_known()).count()
    };
    let all = stored(&world).await?;
    assert_eq!((all.len(), known(&all)), (2, 1));
    let person = Person::User(user("omar"));
    assert_eq!(records.forget_person(&demo, &person, None, clock::now()).await?, None);
    assert_eq!(stored(&world).await?.len(), 1);

    let anna = stored(&world).await?.remove(0);
    let removal = platform::table::removal::Removal::of_note(demo.clone(), anna.id);
    let erasure = domain::ids::OrderId::of(&demo, "erasure", clock::now());
    world.table().tombstones().bury(&removal, erasure, clock::now()).await?;
    OPERATOR.send(&router, "POST", CALLS, Some(line("c-1").to_string())).await?.done()?;
    assert_eq!(known(&stored(&world).await?), 1, "the switch has sent it again");
    assert!(world.reconciles_at(clock::now).await?);
    assert_eq!(known(&stored(&world).await?), 0);
    Ok(())
}
