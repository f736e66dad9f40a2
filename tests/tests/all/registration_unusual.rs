//! A registered call is retained, whatever is unusual about it: what is not right is put right or left
//! out with a warning, and nobody blocks a colleague's call.

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{Router, http::StatusCode};
use domain::{ids::RecordingId, recording::Sha256};
use platform::table::Table;
use serde_json::{Value, json};
use tests::{
    bucket,
    call::{call, now, with},
    people::{self, Person, found, organisation},
    request::{Answer, As},
    table,
};
use upload::App;

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
const OMAR: As<'_> = As { organisation: "demo", user: "omar" };

/// Anna and Omar, who are recorded, the legend with `red`, and the router.
async fn demo() -> anyhow::Result<(Router, Table)> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    people::legend(&table, "demo").await?;
    for name in ["anna", "omar"] {
        Person::recorded(name).joins(&table, "demo").await?;
    }
    let app = App { table: table.clone(), objects: bucket::unreached(), now };
    Ok((upload::router(app), table))
}

/// The warnings as `code pointer`.
fn warnings(answer: &Answer) -> Vec<String> {
    let warnings = answer.body["warnings"].as_array().cloned().unwrap_or_default();
    let text = |warning: &Value, name: &str| warning[name].as_str().unwrap_or_default().to_owned();
    warnings
        .iter()
        .map(|warning| {
            assert!(!text(warning, "detail").is_empty());
            format!("{} {}", text(warning, "code"), text(warning, "pointer"))
        })
        .collect()
}

#[tokio::test]
async fn optional_values_that_are_not_right_never_cost_a_call() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    let cases: [(Value, &str, Value, &[&str]); 24] = [
        (json!({}), "note", Value::Null, &[]),
        (json!({ "note": "ring" }), "note", json!("ring"), &[]),
        (json!({ "note": "ö".repeat(1001) }), "note", json!("ö".repeat(1000)), &["cut /note"]),
        (json!({ "note": "a\u{b}b\rc\0" }), "note", json!("a b\nc "), &["corrected /note"]),
        (json!({ "note": 7 }), "note", Value::Null, &["left-out /note"]),
        (json!({ "note": "" }), "note", Value::Null, &[]),
        (json!({ "mark": "RED" }), "mark", json!("red"), &["corrected /mark"]),
        (json!({ "mark": "Röd!" }), "mark", Value::Null, &["left-out /mark"]),
        (json!({ "mark": "none" }), "mark", Value::Null, &["left-out /mark"]),
        (json!({ "mark": "pink" }), "mark", Value::Null, &["unknown-mark /mark"]),
        (json!({ "mark": ["red"] }), "mark", Value::Null, &["left-out /mark"]),
        (json!({ "appVersion": "5.1" }), "mark", Value::Null, &["unknown-member /appVersion"]),
        (json!({ "a/b~": {} }), "mark", Value::Null, &["unknown-member /a~1b~0"]),
        (
            json!({ "durationMs": 93_000.0 }),
            "durationMs",
            json!(93_000),
            &["number-form /durationMs"],
        ),
        (
            json!({ "durationMs": 93_000.4 }),
            "durationMs",
            json!(93_000),
            &["number-form /durationMs"],
        ),
        (
            json!({ "durationMs": "93000" }),
            "durationMs",
            json!(93_000),
            &["number-form /durationMs"],
        ),
        (json!({ "durationMs": 0 }), "durationMs", json!(0), &[]),
        (json!({ "durationMs": u32::MAX }), "durationMs", json!(u32::MAX), &[]),
        (
            json!({ "contentLength": "300" }),
            "contentLength",
            json!(300),
            &["number-form /contentLength"],
        ),
        (json!({ "counterpart": 46_701_234_567_u64 }), "counterpart", json!("+46701234567"), &[]),
        (
            json!({ "counterpart": { "name": "Anna" } }),
            "counterpart",
            json!("unknown"),
            &["left-out /counterpart"],
        ),
        (json!({ "sentAt": "now" }), "flags", json!([]), &["left-out /sentAt"]),
        (
            json!({ "contentType": "text/plain" }),
            "contentType",
            json!("application/octet-stream"),
            &["unknown-type /contentType"],
        ),
        (json!({ "contentType": null }), "contentType", json!("application/octet-stream"), &[]),
    ];
    for (number, (other, member, expected, warned)) in cases.into_iter().enumerate() {
        let call =
            with(call(&format!("call-{number}"), "audio/wav", &[number as u8]), other.clone());
        let answer = ANNA.post(&router, "/v1/recordings", &call).await?;
        assert_eq!(answer.status, StatusCode::CREATED, "{other}: {answer:?}");
        assert_eq!(answer.body["recording"][member], expected, "{other}");
        assert_eq!(warnings(&answer), warned, "{other}");
        assert!(answer.body["upload"]["url"].is_string(), "{other}");
    }
    Ok(())
}

#[tokio::test]
async fn half_a_surrogate_pair_costs_no_call() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    let call = with(call("call-1", "audio/wav", b"audio"), json!({ "note": "x-half-y" }));
    let body = call.to_string().replace("-half-", "\\ud83d");
    let answer = ANNA.send(&router, "POST", "/v1/recordings", Some(body)).await?;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(answer.body["recording"]["note"], "x\u{fffd}y");
    Ok(())
}

#[tokio::test]
async fn every_content_type_is_accepted_as_phones_name_it() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    for (number, (sent, signed)) in [
        ("audio/vnd.wave", "audio/wav"),
        ("audio/x-mp3", "audio/mpeg"),
        ("audio/opus", "audio/ogg"),
        ("application/ogg", "audio/ogg"),
        ("audio/ogg; codecs=opus", "audio/ogg"),
        ("AUDIO/OGG", "audio/ogg"),
        ("audio/mp4a-latm", "audio/mp4"),
        ("video/mp4", "audio/mp4"),
        ("audio/3gpp", "audio/mp4"),
        ("audio/amr", "audio/amr"),
        ("audio/amr-wb", "audio/amr"),
        ("audio/aac", "audio/aac"),
        ("audio/flac", "audio/flac"),
        ("audio/webm", "audio/webm"),
        ("audio/x-caf", "audio/x-caf"),
        ("application/octet-stream", "application/octet-stream"),
    ]
    .into_iter()
    .enumerate()
    {
        let call = call(&format!("call-{number}"), sent, &[number as u8]);
        let answer = ANNA.post(&router, "/v1/recordings", &call).await?;
        assert_eq!(answer.status, StatusCode::CREATED, "{sent}: {answer:?}");
        assert_eq!(answer.body["upload"]["headers"]["content-type"], signed, "{sent}");
        assert_eq!(warnings(&answer), Vec::<String>::new(), "{sent}");
    }
    Ok(())
}

#[tokio::test]
async fn the_counterpart_is_also_stored_as_the_app_wrote_it() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    for (number, (sent, read, written)) in [
        ("+46701234567", "+46701234567", Value::Null),
        ("070-123 45 67", "+46701234567", json!("070-123 45 67")),
        ("+460701234567", "+46701234567", json!("+460701234567")),
        ("112", "112", Value::Null),
        ("sip:Anna@bolaget.se", "sip:anna@bolaget.se", json!("sip:Anna@bolaget.se")),
        ("+266696687", "withheld", Value::Null),
        ("Telia", "Telia", Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let call = with(
            call(&format!("call-{number}"), "audio/wav", &[number as u8]),
            json!({ "counterpart": sent }),
        );
        let recording = &ANNA.post(&router, "/v1/recordings", &call).await?.body["recording"];
        assert_eq!(
            (&recording["counterpart"], &recording["counterpartWritten"]),
            (&json!(read), &written),
            "{sent}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_number_in_national_form_belongs_to_the_organisations_country() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    let mut item = table.client.update_item().table_name(&table.name);
    item = item.set_key(Some(platform::table::key::organisation(&organisation("demo"))));
    let country = aws_sdk_dynamodb::types::AttributeValue::S("FI".to_owned());
    item = item.update_expression("SET country = :country");
    item.expression_attribute_values(":country", country).send().await?;
    let call = with(call("call-1", "audio/wav", b"audio"), json!({ "counterpart": "040 1234567" }));
    let answer = ANNA.post(&router, "/v1/recordings", &call).await?;
    assert_eq!(answer.body["recording"]["counterpart"], "+358401234567");
    Ok(())
}

#[tokio::test]
async fn a_call_id_that_a_colleague_has_taken_blocks_no_call() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    let (annas, omars) =
        (call("call-1", "audio/wav", b"anna"), call("call-1", "audio/wav", b"omar"));
    let first = ANNA.post(&router, "/v1/recordings", &annas).await?;
    let second = OMAR.post(&router, "/v1/recordings", &omars).await?;
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(warnings(&second), ["call-id-taken /callId"]);
    let (of_anna, of_omar) = (&first.body["recording"], &second.body["recording"]);
    assert_ne!(of_anna["id"], of_omar["id"]);
    assert_eq!((&of_omar["callId"], &of_omar["user"]), (&json!("call-1"), &json!("omar")));
    assert_eq!(of_omar["flags"], json!(["call-id-taken"]));
    assert_eq!(of_anna["flags"], json!([]));
    for (who, call, registered) in [(ANNA, &annas, of_anna), (OMAR, &omars, of_omar)] {
        let again = who.post(&router, "/v1/recordings", call).await?;
        assert_eq!((again.status, &again.body["recording"]), (StatusCode::OK, registered));
    }
    let events = tests::service::audit(&table, "demo").await?;
    let about: Vec<_> = events
        .iter()
        .map(|event| (event.actor.as_str(), event.recording.map(|id| id.to_string())))
        .collect();
    assert!(about.contains(&("user:omar", of_omar["id"].as_str().map(str::to_owned))), "{about:?}");
    Ok(())
}

#[tokio::test]
async fn other_audio_under_the_same_call_id_is_a_recording_of_its_own() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    let first = call("call-1", "audio/wav", b"first");
    let mut ids =
        vec![ANNA.post(&router, "/v1/recordings", &first).await?.body["recording"]["id"].clone()];
    for other in [
        json!({ "startedAt": now(), "sha256": "ab".repeat(32) }),
        json!({ "counterpart": "+4681234567", "sha256": "cd".repeat(32) }),
        json!({ "sha256": "ef".repeat(32) }),
        json!({ "contentLength": 4_000 }),
    ] {
        let answer =
            ANNA.post(&router, "/v1/recordings", &with(first.clone(), other.clone())).await?;
        assert_eq!(answer.status, StatusCode::CREATED, "{other}: {answer:?}");
        assert_eq!(warnings(&answer), ["call-id-taken /callId"], "{other}");
        ids.push(answer.body["recording"]["id"].clone());
    }
    let distinct: std::collections::BTreeSet<_> = ids.iter().filter_map(Value::as_str).collect();
    assert_eq!(distinct.len(), 5);
    Ok(())
}

#[tokio::test]
async fn the_same_audio_is_the_same_call_whatever_else_differs() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    let first = call("call-1", "audio/wav", b"audio");
    let registered = ANNA.post(&router, "/v1/recordings", &first).await?;
    for (other, warned) in [
        (json!({ "counterpart": "+4681234567" }), "unchanged /counterpart"),
        (json!({ "direction": "out" }), "unchanged /direction"),
    ] {
        let answer = ANNA.post(&router, "/v1/recordings", &with(first.clone(), other)).await?;
        assert_eq!((answer.status, warnings(&answer)), (StatusCode::OK, vec![warned.to_owned()]));
        assert_eq!(answer.body["recording"], registered.body["recording"]);
    }
    Ok(())
}

#[tokio::test]
async fn an_annotation_by_call_id_reaches_the_callers_own_recording_or_all() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    for (who, audio) in [(ANNA, b"anna"), (OMAR, b"omar")] {
        who.post(&router, "/v1/recordings", &call("call-1", "audio/wav", audio)).await?;
    }
    Person::administrator("karin").joins(&table, "demo").await?;
    let annotate = annotate::router(annotate::App { table: table.clone(), now });
    let put = async |who: As<'_>, note: &str| {
        let body = json!({ "note": note }).to_string();
        who.send(&annotate, "PUT", "/v1/calls/call-1/annotation", Some(body)).await
    };
    let omar = put(OMAR, "omars").await?;
    assert_eq!((omar.status, &omar.body["also"]), (StatusCode::OK, &json!([])));
    let anna = put(ANNA, "annas").await?;
    assert_ne!(anna.body["recording"], omar.body["recording"]);
    let karin = put(As { organisation: "demo", user: "karin" }, "alla").await?;
    assert_eq!(karin.body["also"].as_array().map(Vec::len), Some(1), "{karin:?}");
    for call in [b"anna", b"omar"] {
        let who = if call == b"anna" { ANNA } else { OMAR };
        let again =
            who.post(&router, "/v1/recordings", &self::call("call-1", "audio/wav", call)).await?;
        assert_eq!(again.body["recording"]["note"], "alla");
    }
    Ok(())
}

#[tokio::test]
async fn a_rejected_recording_stays_rejected_and_the_answer_says_why() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    let promised = call("call-1", "audio/wav", b"audio");
    ANNA.post(&router, "/v1/recordings", &promised).await?;
    let id = RecordingId::of(&organisation("demo"), &"call-1".to_owned().try_into()?);
    let registered = table.recordings().get(&organisation("demo"), id, now()).await?;
    let registered = registered.expect("the recording is registered");
    table.recordings().reject(&registered, "it is an image").await?;
    let again = ANNA.post(&router, "/v1/recordings", &promised).await?;
    assert_eq!(
        (again.status, warnings(&again)),
        (StatusCode::OK, vec!["stays-rejected /sha256".to_owned()])
    );
    assert_eq!(again.body["recording"]["rejection"], "it is an image");
    assert!(again.body["upload"].is_null());
    let other = call("call-1", "audio/wav", b"sound");
    let anew = ANNA.post(&router, "/v1/recordings", &other).await?;
    assert_eq!(anew.body["recording"]["state"], "expected");
    assert_eq!(anew.body["recording"]["id"], again.body["recording"]["id"]);
    Ok(())
}

#[tokio::test]
async fn a_call_id_has_at_most_a_hundred_recordings_beside_it() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    for number in 0..=100 {
        let audio = format!("audio {number}");
        let answer = ANNA
            .post(&router, "/v1/recordings", &call("call-1", "audio/wav", audio.as_bytes()))
            .await?;
        assert_eq!(answer.status, StatusCode::CREATED, "{number}");
    }
    let answer =
        ANNA.post(&router, "/v1/recordings", &call("call-1", "audio/wav", b"more")).await?;
    assert_eq!((answer.status, answer.cause().as_str()), (StatusCode::CONFLICT, "other-call"));
    let distinct = call("call-2", "audio/wav", b"more");
    assert_eq!(ANNA.post(&router, "/v1/recordings", &distinct).await?.status, StatusCode::CREATED);
    Ok(())
}

#[tokio::test]
async fn the_same_call_under_another_call_id_is_a_double() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    let started = json!({ "startedAt": now() - chrono::TimeDelta::hours(3) });
    let late = |id: &str| with(call(id, "audio/wav", b"a"), started.clone());
    let first = ANNA.post(&router, "/v1/recordings", &late("before")).await?;
    let again = ANNA.post(&router, "/v1/recordings", &late("anew")).await?;
    assert_eq!(
        (again.status, warnings(&again)),
        (StatusCode::OK, vec!["double /callId".to_owned()])
    );
    assert_eq!(again.body["recording"], first.body["recording"]);
    assert!(again.body["upload"]["url"].is_string());
    let unregistered = RecordingId::of(&organisation("demo"), &"anew".to_owned().try_into()?);
    assert!(table.recordings().get(&organisation("demo"), unregistered, now()).await?.is_none());
    for (id, other) in [
        ("counterpart", json!({ "counterpart": "+4681234567" })),
        ("start", json!({ "startedAt": now() - chrono::TimeDelta::minutes(181) })),
        ("audio", json!({ "sha256": "ab".repeat(32) })),
    ] {
        let other = with(late(id), other);
        let answer = ANNA.post(&router, "/v1/recordings", &other).await?;
        assert_eq!((answer.status, warnings(&answer)), (StatusCode::CREATED, vec![]), "{id}");
    }
    let omars = OMAR.post(&router, "/v1/recordings", &late("omars")).await?;
    assert_eq!(omars.status, StatusCode::CREATED, "of another user");
    // A phone that has lost its queue sends old calls. Two recent calls are two.
    for id in ["recent-1", "recent-2"] {
        let recent = json!({ "startedAt": now() - chrono::TimeDelta::minutes(119) });
        let recent = with(call(id, "audio/wav", b"a"), recent);
        let answer = ANNA.post(&router, "/v1/recordings", &recent).await?;
        assert_eq!(answer.status, StatusCode::CREATED, "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn the_erasure_of_a_colleagues_call_costs_no_call() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    let (annas, omars) =
        (call("call-1", "audio/wav", b"anna"), call("call-1", "audio/wav", b"omar"));
    let (of, text) = (organisation("demo"), |text: String| AttributeValue::S(text));
    let id = RecordingId::of(&of, &"call-1".to_owned().try_into()?);
    let audio = RecordingId::of_audio(&of, &people::user("anna"), &Sha256::of(b"anna").0);
    let mut tombstone = platform::table::key::recording(&of, id);
    tombstone.insert("state".to_owned(), text("erased".to_owned()));
    tombstone.insert("erased".to_owned(), text("0".repeat(26)));
    tombstone.insert("audio".to_owned(), text(audio.to_string()));
    table.client.put_item().table_name(&table.name).set_item(Some(tombstone)).send().await?;
    assert_eq!(ANNA.post(&router, "/v1/recordings", &annas).await?.cause(), "erased");
    for status in [StatusCode::CREATED, StatusCode::OK] {
        let answer = OMAR.post(&router, "/v1/recordings", &omars).await?;
        assert_eq!(
            (answer.status, warnings(&answer)),
            (status, vec!["call-id-taken /callId".into()])
        );
    }
    Ok(())
}
