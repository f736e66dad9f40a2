//! The AWS requests of accounting for calls, and of uploads in parts: see [`crate::requests`].

use std::collections::BTreeMap;

use domain::{
    delivery::Day,
    recording::{Recording, Sha256},
};
use platform::clock;
use serde_json::json;
use tests::{
    call::{call as registration, with},
    reconciliation::{call as new_call, yesterday},
    recording::register,
    request::As,
    retention_jobs::{KARIN, World},
    service::OPERATOR,
};

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

/// The requests of accounting for calls: a hundred reported calls of a day, half of them registered.
pub async fn of_completeness() -> anyhow::Result<BTreeMap<String, BTreeMap<String, u64>>> {
    let world = World::new("figures-completeness").await?;
    let (router, day) = (world.completeness(clock::now), Day::of(clock::now()).previous());
    let calls: Vec<_> =
        (0..100).map(|number| new_call(&format!("call-{number}"), yesterday(number))).collect();
    for call in calls.iter().step_by(2) {
        register(world.table(), call).await?;
    }
    let line = |of: &Recording| {
        let (call, started_at) = (String::from(of.call.clone()), of.started_at);
        let line = json!({
            "callId": call, "user": "anna", "direction": "in", "startedAt": started_at, "durationMs": 9,
        });
        format!("{line}\n")
    };
    let mut made = BTreeMap::new();
    let mut count = |name: &str| made.insert(name.to_owned(), world.requests.take());
    world.requests.take();
    let lines: String = calls.iter().map(line).collect();
    let path = "/v1/organisations/demo/calls";
    OPERATOR.send(&router, "POST", path, Some(lines)).await?.done()?;
    count("report of 100 calls");
    anyhow::ensure!(world.reconciles_at(clock::now).await?, "the night failed");
    count("night of 100 reported calls");
    KARIN.get(&router, "/v1/completeness").await?.done()?;
    count("page of days");
    KARIN.get(&router, &format!("/v1/completeness/{day}")).await?.done()?;
    count("one day by user");
    let path = format!("/v1/completeness/{day}/calls");
    let found = KARIN.get(&router, &format!("{path}?state=missing")).await?.done()?.body;
    count("page of a day's missing calls");
    let id = found["calls"][0]["id"].as_str().unwrap_or_default();
    KARIN
        .put(&router, &format!("{path}/{id}/explanation"), &json!({ "text": "x" }))
        .await?
        .done()?;
    count("explain a missing call");
    Ok(made)
}

/// The requests of an upload in parts.
pub async fn of_parts() -> anyhow::Result<BTreeMap<String, BTreeMap<String, u64>>> {
    let world = World::new("figures-parts").await?;
    let (table, objects) = (world.table().clone(), world.stores.objects.clone());
    let router = upload::router(upload::App { table, objects, now: clock::now });
    let (audio, part) = (vec![7; (5 << 20) + 1], 5 << 20);
    let sent =
        with(registration("long", "audio/wav", &audio), json!({ "startedAt": clock::now() }));
    let registered = ANNA.post(&router, "/v1/recordings", &sent).await?.done()?.body;
    let id = registered["recording"]["id"].as_str().unwrap_or_default();
    let sums: Vec<String> = audio.chunks(part).map(|part| Sha256::of(part).into()).collect();
    let wanted = json!({ "partLength": part, "sha256": sums });
    let path = format!("/v1/recordings/{id}/parts");
    let mut made = BTreeMap::new();
    let mut count = |name: &str| made.insert(name.to_owned(), world.requests.take());
    world.requests.take();
    let begun = ANNA.put(&router, &path, &wanted).await?.done()?.body;
    count("begin an upload in parts");
    ANNA.put(&router, &path, &wanted).await?.done()?;
    count("continue an upload in parts");
    for (missing, bytes) in
        begun["missing"].as_array().into_iter().flatten().zip(audio.chunks(part))
    {
        let link = &missing["upload"];
        let put = reqwest::Client::new().put(link["url"].as_str().unwrap_or_default());
        let put = put.header(
            "x-amz-checksum-sha256",
            link["headers"]["x-amz-checksum-sha256"].as_str().unwrap_or_default(),
        );
        put.body(bytes.to_vec()).send().await?.error_for_status()?;
    }
    world.requests.take();
    let joined = ANNA.put(&router, &path, &wanted).await?.done()?.body;
    anyhow::ensure!(joined["missing"] == json!([]), "{joined}");
    count("join the parts of an upload");
    ANNA.put(&router, &path, &wanted).await?.done()?;
    count("repeat the end of an upload in parts");
    Ok(made)
}
