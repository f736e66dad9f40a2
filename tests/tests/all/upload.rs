//! `POST /v1/recordings`, on a table of the test's own.

use axum::{Router, http::StatusCode};
use chrono::TimeDelta;
use platform::table::Table;
use serde_json::{Value, json};
use tests::{
    bucket,
    call::{call, now, silence, with},
    people::{Person, found, organisation},
    request::As,
    table,
};
use upload::App;

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

async fn demo() -> anyhow::Result<(Router, Table)> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    Person::recorded("anna").joins(&table, "demo").await?;
    Ok((router(&table), table))
}

fn router(table: &Table) -> Router {
    upload::router(App { table: table.clone(), objects: bucket::unreached(), now })
}

#[tokio::test]
async fn a_registered_call_gets_a_link_signed_for_its_promised_audio() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    let audio = silence(2);
    let answer = ANNA.post(&router, "/v1/recordings", &call("call-1", "audio/wav", &audio)).await?;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(answer.body["recording"]["state"], "expected");
    assert_eq!(
        answer.body["recording"]["expiresAt"],
        json!(now() - TimeDelta::hours(1) + TimeDelta::days(180))
    );
    let upload = &answer.body["upload"];
    assert_eq!(upload["method"], "PUT");
    assert_eq!(upload["expiresAt"], json!(now() + TimeDelta::minutes(15)));
    let headers = upload["headers"]
        .as_object()
        .map(|headers| headers.keys().map(String::as_str).collect::<Vec<_>>());
    let signed = [
        "content-length",
        "content-type",
        "if-none-match",
        "x-amz-checksum-sha256",
        "x-amz-meta-user",
    ];
    assert_eq!(headers, Some(signed.to_vec()));
    let url = upload["url"].as_str().unwrap_or_default();
    for header in signed {
        assert!(url.contains(header), "{header} is signed: {url}");
    }
    Ok(())
}

#[tokio::test]
async fn the_same_call_again_is_the_same_recording_with_a_fresh_link() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    let call = call("call-1", "audio/wav", &silence(2));
    let first = ANNA.post(&router, "/v1/recordings", &call).await?;
    let second = ANNA.post(&router, "/v1/recordings", &call).await?;
    assert_eq!(second.status, StatusCode::OK);
    assert_eq!(first.body["recording"], second.body["recording"]);
    assert!(second.body["upload"]["url"].is_string());
    Ok(())
}

#[tokio::test]
async fn a_note_from_before_the_registration_remains() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    let first = call("call-1", "audio/wav", &silence(2));
    let id = domain::ids::RecordingId::of(&organisation("demo"), &"call-1".to_owned().try_into()?);
    let note = aws_sdk_dynamodb::types::AttributeValue::S("ring tillbaka".into());
    let write = table.client.update_item().table_name(&table.name);
    let write = write.set_key(Some(platform::table::key::recording(&organisation("demo"), id)));
    write
        .update_expression("SET note = :note")
        .expression_attribute_values(":note", note)
        .send()
        .await?;
    ANNA.post(&router, "/v1/recordings", &first).await?;
    let retained = table.recordings().get(&organisation("demo"), id, now()).await?;
    assert_eq!(
        retained.and_then(|retained| retained.annotation.note).map(String::from).as_deref(),
        Some("ring tillbaka")
    );
    Ok(())
}

#[tokio::test]
async fn a_user_who_may_not_be_recorded_learns_the_reason() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    let anna = Person::recorded("anna");
    let cases = [
        (Person { activated: false, ..anna.clone() }, "recording-not-active"),
        (Person { plan: None, ..anna.clone() }, "recording-not-active"),
        (Person { acknowledged: false, ..anna.clone() }, "not-acknowledged"),
    ];
    for (person, cause) in cases {
        person.joins(&table, "demo").await?;
        let answer =
            ANNA.post(&router, "/v1/recordings", &call("call-1", "audio/wav", &silence(2))).await?;
        assert_eq!(
            (answer.status, answer.cause().as_str()),
            (StatusCode::FORBIDDEN, cause),
            "{person:?}"
        );
        assert_eq!(answer.content_type, "application/problem+json");
        assert!(
            answer.body["requestId"].as_str().is_some_and(|id| id.starts_with("request-")),
            "{answer:?}"
        );
    }
    anna.joins(&table, "demo").await?;
    let stranger = As { organisation: "demo", user: "nobody" };
    assert_eq!(
        stranger.post(&router, "/v1/recordings", &call("c", "audio/wav", b"x")).await?.cause(),
        "unknown-user"
    );
    let nobody =
        tests::request::send(&router, "POST", "/v1/recordings", Some("{}".into()), None).await?;
    assert_eq!(
        (nobody.status, nobody.cause().as_str()),
        (StatusCode::UNAUTHORIZED, "not-signed-in")
    );
    Ok(())
}

#[tokio::test]
async fn a_call_that_cannot_be_stored_is_refused_with_its_own_problem() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    let cases: [(Value, u16, &str, &str); 12] = [
        (json!({ "contentLength": (1_u64 << 30) + 1 }), 413, "too-large", ""),
        (json!({ "contentLength": 0 }), 422, "invalid", ""),
        (json!({ "contentLength": -1 }), 422, "invalid", "/contentLength"),
        (json!({ "durationMs": -1 }), 422, "invalid", "/durationMs"),
        (json!({ "durationMs": 4_294_967_296_u64 }), 422, "invalid", "/durationMs"),
        (json!({ "durationMs": "a minute" }), 422, "invalid", "/durationMs"),
        (json!({ "durationMs": null }), 422, "invalid", "/durationMs"),
        (json!({ "startedAt": "yesterday" }), 422, "invalid", "/startedAt"),
        (json!({ "callId": "a b" }), 422, "invalid", "/callId"),
        (json!({ "direction": "sideways" }), 422, "invalid", "/direction"),
        (json!({ "sha256": "ab" }), 422, "invalid", "/sha256"),
        (json!({ "sha256": null }), 422, "invalid", "/sha256"),
    ];
    for (other, status, cause, pointer) in cases {
        let answer = ANNA
            .post(
                &router,
                "/v1/recordings",
                &with(call("call-1", "audio/wav", b"audio"), other.clone()),
            )
            .await?;
        assert_eq!(
            (answer.status.as_u16(), answer.cause().as_str()),
            (status, cause),
            "{other}: {answer:?}"
        );
        assert_eq!(answer.body["pointer"].as_str().unwrap_or_default(), pointer, "{other}");
    }
    let malformed = ANNA.send(&router, "POST", "/v1/recordings", Some("{".into())).await?;
    assert_eq!((malformed.status.as_u16(), malformed.cause().as_str()), (400, "malformed"));
    let large = ANNA.send(&router, "POST", "/v1/recordings", Some(" ".repeat(70_000))).await?;
    assert_eq!((large.status.as_u16(), large.cause().as_str()), (413, "too-large"));
    let put = ANNA.send(&router, "PUT", "/v1/recordings", None).await?;
    assert_eq!((put.status.as_u16(), put.cause().as_str()), (405, "wrong-method"));
    let elsewhere = ANNA.get(&router, "/v1/elsewhere").await?;
    assert_eq!((elsewhere.status.as_u16(), elsewhere.cause().as_str()), (404, "no-such-route"));
    let id = domain::ids::RecordingId::of(&organisation("demo"), &"call-1".to_owned().try_into()?);
    assert!(
        table.recordings().get(&organisation("demo"), id, now()).await?.is_none(),
        "nothing was registered on the way"
    );
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_audited() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    Person { acknowledged: false, ..Person::recorded("anna") }.joins(&table, "demo").await?;
    ANNA.post(&router, "/v1/recordings", &call("call-1", "audio/wav", b"audio")).await?;
    let events = table.client.query().table_name(&table.name).key_condition_expression("pk = :pk");
    let events = events
        .expression_attribute_values(
            ":pk",
            aws_sdk_dynamodb::types::AttributeValue::S("demo#audit".into()),
        )
        .send()
        .await?;
    let text = |name: &str| {
        events.items()[0].get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
    };
    assert_eq!(events.items().len(), 1);
    assert_eq!(
        (text("who"), text("deed"), text("refused")),
        (Some("user:anna"), Some("register"), Some("not-acknowledged"))
    );
    assert_eq!(text("address"), Some("192.0.2.1"));
    Ok(())
}
