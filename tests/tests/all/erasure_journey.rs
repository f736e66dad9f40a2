//! `make forgotten`: erases a counterpart and a user. No trace of them remains in the table, in any
//! version of any object, or in any function's log. Then everything returns to the table, as after
//! a restore, and is erased again.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{TimeDelta, Utc};
use domain::delivery::Day;
use platform::table::key::Item;
use serde_json::{Value, json};
use tests::{
    call::{call, silence, with},
    deployed::Deployed,
    door::Door,
};

use crate::erasure_steps::{
    OF, erased, held, lifted, operator, person, provisioned, recorded, recorded_since_long_ago,
    until,
};

/// The counterpart's number.
const NUMBER: &str = "+46761357924";
/// Texts that must be gone: the number, also reversed and as typed; the user's name; note words.
const NEEDLES: [&str; 11] = [
    "46761357924",
    "0761357924",
    "42975316764",
    "076-135 79 24",
    "torsten",
    "zackrisson",
    "761112223",
    "zebrafrukost",
    "kvantspöke",
    "mullvadsord",
    "flyttfågel",
];

/// The places that contain a needle, and the number of items, objects and log lines searched.
async fn found(service: &Deployed) -> anyhow::Result<(Vec<String>, [usize; 3])> {
    let (items, objects, lines) =
        (service.items().await?, service.objects().await?, service.log().await?);
    let counts = [items.len(), objects.len(), lines.len()];
    let all = items.into_iter().chain(objects).chain(lines);
    let hit = |(place, text): (String, String)| {
        let (text, place_of) = (text.to_lowercase(), place.to_lowercase());
        NEEDLES
            .into_iter()
            .find(|needle| text.contains(needle) || place_of.contains(needle))
            .map(|needle| format!("{needle} in {place}"))
    };
    Ok((all.filter_map(hit).collect(), counts))
}

/// Searches until nothing is found: the workers and the table's TTL need some seconds.
async fn nothing_is_found(service: &Deployed) -> anyhow::Result<[usize; 3]> {
    let mut left = Vec::new();
    let mut refresh = tokio::time::interval(Duration::from_millis(500));
    for _ in 0..240 {
        refresh.tick().await;
        let (hits, counts) = found(service).await?;
        if hits.is_empty() {
            return Ok(counts);
        }
        left = hits;
    }
    left.sort();
    anyhow::bail!("{} hits are left: {left:#?}", left.len())
}

/// Creates everything that a person's calls leave behind while they exist.
async fn calls_of_both(service: &Deployed, door: &Door) -> anyhow::Result<(u64, u64)> {
    let (vera, ulla) = (person("vera"), person("ulla"));
    let day = Day::of(Utc::now() - TimeDelta::days(2));
    let registration = |id: &str, number: &str, audio: &[u8]| {
        let apart = TimeDelta::milliseconds(id.bytes().map(i64::from).sum::<i64>() % 1000);
        let started_at = day.begins_at() + TimeDelta::hours(9) + apart;
        let started = json!({ "startedAt": started_at, "counterpart": number });
        with(call(&format!("{OF}-{id}"), "audio/wav", audio), started)
    };
    let audio = silence(1);
    let mut theirs = Vec::new();
    for number in 0..4 {
        let call = with(
            registration(&format!("theirs-{number}"), NUMBER, &audio),
            json!({ "note": "ring om Zebrafrukost" }),
        );
        theirs.push(recorded(service, door, "ulla", call, &audio).await?);
    }
    let broken = b"no audio at all";
    recorded(service, door, "ulla", registration("broken", NUMBER, broken), broken).await?;
    recorded(service, door, "ulla", registration("other", "+46850000000", &audio), &audio).await?;
    recorded(service, door, "u-17", registration("torstens", "+46850000000", &audio), &audio)
        .await?;
    let patch = async |id: &str, stated: Value| {
        service.done("annotate", &ulla, &format!("PATCH /v1/recordings/{id}"), &stated).await
    };
    patch(&theirs[0], json!({ "note": "kvantspöke 076-135 79 24", "field1": "Mullvadsord" }))
        .await?;
    patch(&theirs[0], json!({ "note": "inget" })).await?;
    let by_number = held(service, json!({ "counterpart": NUMBER })).await?;
    patch(&theirs[1], json!({ "note": "kvantspöke under tvisten" })).await?;
    patch(&theirs[1], json!({ "note": "inget" })).await?;
    let by_words = held(service, json!({ "number": "0761357924", "note": "zebrafrukost" })).await?;
    for query in [
        "counterpart=%2B46761357924",
        "number=076-135%2079%2024",
        "number=%2B46761357924",
        "note=zebrafrukost",
        "name=torsten%20zackrisson",
    ] {
        service.done("search", &vera, &format!("GET /v1/recordings?{query}"), &Value::Null).await?;
        service
            .done("search", &vera, &format!("GET /v1/recordings/count?{query}"), &Value::Null)
            .await?;
    }
    let reason = json!({ "reason": "samtal med 0761357924" });
    service
        .done("playback", &ulla, &format!("POST /v1/recordings/{}/playback", theirs[0]), &reason)
        .await?;
    // Notes on calls that never arrive.
    service
        .done(
            "annotate",
            &person("u-17"),
            &format!("PUT /v1/calls/{OF}-never/annotation"),
            &json!({ "note": "flyttfågel" }),
        )
        .await?;
    // A delivery folder.
    let key = include_str!("../../../functions/delivery-api/keys.txt")
        .lines()
        .find_map(|line| line.strip_prefix("SHA256:")?.split_once(" | "));
    let key = json!({ "key": key.map(|(_, key)| key) });
    service.done("delivery-api", &vera, "POST /v1/sftp/keys", &key).await?;
    let issued =
        service.done("delivery-api", &vera, &format!("POST /v1/drops/{day}"), &Value::Null).await?;
    let is_complete = |listed: &Value| {
        let drops = listed["drops"].as_array().into_iter().flatten();
        drops
            .into_iter()
            .any(|drop| drop["folder"] == issued["folder"] && drop["state"] == "complete")
    };
    until(service, "delivery-api", &vera, "GET /v1/drops", is_complete).await?;
    lifted(service, &by_number).await?;
    lifted(service, &by_words).await?;
    Ok((5, 1))
}

#[tokio::test]
async fn erased_people_leave_no_trace_and_remain_erased_after_a_restore() -> anyhow::Result<()> {
    let (service, door) = (Deployed::open()?, Door::open()?);
    provisioned(&service).await?;
    recorded_since_long_ago(&door, &["ulla", "u-17"]).await?;
    let (theirs, torstens) = calls_of_both(&service, &door).await?;
    let (before, counts) = found(&service).await?;
    println!(
        "before: {} hits in {} items, {} versions of objects and {} lines of logs",
        before.len(),
        counts[0],
        counts[1],
        counts[2]
    );
    for kind in ["recording", "posting", "word", "number", "ending", "edit", "user"] {
        assert!(
            before
                .iter()
                .any(|hit| hit.contains(&format!("{OF}#")) && hit.contains(&format!("#{kind} "))),
            "no {kind}: {before:#?}"
        );
    }
    assert!(
        before.iter().any(|hit| hit.contains(&service.cloud.drop_bucket)),
        "nothing was delivered: {before:#?}"
    );
    let saved = saved(&service).await?;

    erased(&service, json!({ "counterpart": NUMBER }), theirs).await?;
    service
        .done(
            "provision",
            &operator(),
            &format!("DELETE /v1/organisations/{OF}/users/u-17"),
            &Value::Null,
        )
        .await?;
    erased(&service, json!({ "user": "u-17" }), torstens).await?;
    let [items, objects, lines] = nothing_is_found(&service).await?;
    println!(
        "erased: 0 hits of {} texts in {items} items, {objects} versions of objects and {lines} lines of logs",
        NEEDLES.len()
    );
    let (status, refused) =
        service.ask("upload", &person("ulla"), "POST /v1/recordings", &again(&silence(1))).await?;
    assert_eq!(
        (status, refused["type"].as_str()),
        (410, Some("urn:kontinuerlig-inspelning:problem:erased")),
        "{refused}"
    );

    for item in saved {
        service
            .cloud
            .table()
            .client
            .put_item()
            .table_name(&service.cloud.table)
            .set_item(Some(item))
            .send()
            .await?;
    }
    assert!(!found(&service).await?.0.is_empty(), "the table is as it was");
    let message = include_str!("../../../events/retention-worker.erase-again.json");
    let message: Value = serde_json::from_str(message)?;
    let body = message["Records"][0]["body"].as_str().unwrap_or_default();
    service
        .cloud
        .sqs()
        .send_message()
        .queue_url(&service.cloud.retention_jobs_url)
        .message_body(body)
        .send()
        .await?;
    let [items, objects, lines] = nothing_is_found(&service).await?;
    println!(
        "restored, and erased again: 0 hits in {items} items, {objects} versions of objects and {lines} lines of logs"
    );
    Ok(())
}

/// The first of the counterpart's calls, as the phone registers it again.
fn again(audio: &[u8]) -> Value {
    let started = (Utc::now() - TimeDelta::days(2)).to_rfc3339();
    with(
        call(&format!("{OF}-theirs-0"), "audio/wav", audio),
        json!({ "counterpart": NUMBER, "startedAt": started }),
    )
}

/// The items of this organisation that a restore brings back. The user has been removed by then;
/// after a restore to an earlier moment, the operator must remove them again.
async fn saved(service: &Deployed) -> anyhow::Result<Vec<Item>> {
    let table = service.cloud.table();
    let scan = table
        .client
        .scan()
        .table_name(&table.name)
        .consistent_read(true)
        .into_paginator()
        .items()
        .send();
    let mut items: Vec<Item> = scan.collect::<Result<_, _>>().await?;
    items.retain(|item| {
        item.get("pk")
            .and_then(|pk| pk.as_s().ok())
            .is_some_and(|pk| pk.starts_with(&format!("{OF}#")))
    });
    for item in &mut items {
        if item
            .get("pk")
            .and_then(|pk| pk.as_s().ok())
            .is_some_and(|pk| pk == &format!("{OF}#user"))
            && item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk == "u-17")
        {
            item.insert(
                "removed_at".to_owned(),
                AttributeValue::N(Utc::now().timestamp_millis().to_string()),
            );
        }
    }
    Ok(items)
}
