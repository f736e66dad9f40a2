//! `POST /v1/recordings/{id}/playback` and `/download`, on a table of the test's own.

use axum::Router;
use chrono::TimeDelta;
use domain::recording::Recording;
use platform::table::Table;
use playback::App;
use serde_json::{Value, json};
use tests::{
    bucket,
    call::now,
    people::{Person, found},
    recording::{recording, register, store},
    request::As,
    table,
};

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

async fn demo() -> anyhow::Result<(Router, Table, Recording)> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    Person::recorded("anna").joins(&table, "demo").await?;
    Person::administrator("karin").joins(&table, "demo").await?;
    let recording = recording("demo", "anna", "call-1", now() - TimeDelta::hours(1));
    store(&table, &recording).await?;
    let (objects, quarantine) = (bucket::unreached(), bucket::unreached());
    let app = App { table: table.clone(), objects, quarantine, now };
    Ok((playback::router(app), table, recording))
}

#[tokio::test]
async fn a_playback_link_is_inline_and_valid_for_fifteen_minutes() -> anyhow::Result<()> {
    let (router, _, recording) = demo().await?;
    let answer = ANNA
        .post(&router, &format!("/v1/recordings/{}/playback", recording.id), &Value::Null)
        .await?;
    let url = answer.body["url"].as_str().unwrap_or_default();
    assert!(url.contains("response-content-disposition=inline"), "{url}");
    assert!(url.contains("X-Amz-Expires=900"), "{url}");
    assert_eq!(answer.body["expiresAt"], json!(now() + TimeDelta::minutes(15)));
    Ok(())
}

#[tokio::test]
async fn nobody_plays_what_was_rejected_or_saves_what_is_gone() -> anyhow::Result<()> {
    let (router, table, _) = demo().await?;
    let rejected = recording("demo", "anna", "call-2", now() - TimeDelta::hours(2));
    register(&table, &rejected).await?;
    table.recordings().reject(&rejected, "it is an image").await?;
    let karin = As { organisation: "demo", user: "karin" };
    for kind in ["playback", "download"] {
        let path = format!("/v1/recordings/{}/{kind}", rejected.id);
        for who in [ANNA, karin] {
            assert_eq!(who.post(&router, &path, &Value::Null).await?.cause(), "no-audio", "{kind}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_download_has_a_descriptive_file_name() -> anyhow::Result<()> {
    let (router, _, recording) = demo().await?;
    let answer = ANNA
        .post(&router, &format!("/v1/recordings/{}/download", recording.id), &Value::Null)
        .await?;
    assert_eq!(answer.body["fileName"], "2026-11-24_120000_anna_out_46701234567.wav");
    let url = answer.body["url"].as_str().unwrap_or_default();
    assert!(
        url.contains("attachment%3B%20filename%3D%222026-11-24_120000_anna_out_46701234567.wav%22"),
        "{url}"
    );
    Ok(())
}

#[tokio::test]
async fn a_link_never_outlives_its_recording() -> anyhow::Result<()> {
    let (router, table, _) = demo().await?;
    let ending =
        recording("demo", "anna", "ending", now() - TimeDelta::days(180) + TimeDelta::seconds(90));
    store(&table, &ending).await?;
    let answer =
        ANNA.post(&router, &format!("/v1/recordings/{}/playback", ending.id), &Value::Null).await?;
    assert_eq!(answer.body["expiresAt"], json!(now() + TimeDelta::seconds(90)));
    assert!(answer.body["url"].as_str().unwrap_or_default().contains("X-Amz-Expires=90&"));
    Ok(())
}

#[tokio::test]
async fn listening_and_downloading_are_separate_rights() -> anyhow::Result<()> {
    let (router, table, recording) = demo().await?;
    let paths =
        ["playback", "download"].map(|verb| format!("/v1/recordings/{}/{verb}", recording.id));
    let cases: [(&'static [&'static str], [u16; 2]); 4] = [
        (&[], [403, 403]),
        (&["listen"], [200, 403]),
        (&["download"], [403, 200]),
        (&["listen", "download"], [200, 200]),
    ];
    for (rights, expected) in cases {
        Person { rights, ..Person::recorded("anna") }.joins(&table, "demo").await?;
        for (path, status) in paths.iter().zip(expected) {
            assert_eq!(
                ANNA.post(&router, path, &Value::Null).await?.status.as_u16(),
                status,
                "{rights:?} {path}"
            );
        }
    }
    let karin = As { organisation: "demo", user: "karin" };
    assert_eq!(
        karin.post(&router, &paths[0], &Value::Null).await?.status.as_u16(),
        200,
        "an administrator listens to all"
    );
    Person::recorded("omar").joins(&table, "demo").await?;
    let omar = As { organisation: "demo", user: "omar" };
    assert_eq!(
        omar.post(&router, &paths[0], &Value::Null).await?.cause(),
        "not-allowed",
        "another user does not"
    );
    Ok(())
}

#[tokio::test]
async fn a_recording_that_is_not_stored_has_no_link() -> anyhow::Result<()> {
    let (router, table, _) = demo().await?;
    let expected = recording("demo", "anna", "expected", now());
    register(&table, &expected).await?;
    let rejected = recording("demo", "anna", "rejected", now());
    register(&table, &rejected).await?;
    table.recordings().reject(&rejected, "not audio").await?;
    for id in [expected.id, rejected.id] {
        let answer =
            ANNA.post(&router, &format!("/v1/recordings/{id}/playback"), &Value::Null).await?;
        assert_eq!((answer.status.as_u16(), answer.cause().as_str()), (409, "no-audio"));
    }
    Ok(())
}

#[tokio::test]
async fn every_link_and_every_refusal_is_in_the_audit_log() -> anyhow::Result<()> {
    let (router, table, recording) = demo().await?;
    Person { rights: &["listen"], ..Person::recorded("anna") }.joins(&table, "demo").await?;
    for verb in ["playback", "download"] {
        ANNA.post(&router, &format!("/v1/recordings/{}/{verb}", recording.id), &Value::Null)
            .await?;
    }
    let events = table.client.query().table_name(&table.name).key_condition_expression("pk = :pk");
    let events = events
        .expression_attribute_values(
            ":pk",
            aws_sdk_dynamodb::types::AttributeValue::S("demo#audit".into()),
        )
        .send()
        .await?;
    let text = |event: &platform::table::key::Item, name: &str| {
        event.get(name).and_then(|value| value.as_s().ok()).cloned()
    };
    let mut retained: Vec<_> =
        events.items().iter().map(|event| (text(event, "deed"), text(event, "refused"))).collect();
    retained.sort();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(retained, [(some("download"), some("not-allowed")), (some("play"), None)]);
    assert!(
        events
            .items()
            .iter()
            .all(|event| text(event, "recording") == Some(recording.id.to_string()))
    );
    Ok(())
}
