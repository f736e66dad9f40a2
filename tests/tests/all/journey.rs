//! The whole story of the README's diagram: a call is registered, uploaded, verified, found and
//! played.
//! It uses the local cloud's front door with IAM enforced, so each function has its own role.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::{
    call::{call, sha256, silence, with},
    door::{Door, answer, started_now},
    speech,
};

#[tokio::test]
async fn a_call_is_registered_uploaded_verified_found_and_played() -> anyhow::Result<()> {
    let door = Door::open()?;
    let (anna, karin, omar, lars) = (
        door.cloud.token("anna").await?,
        door.cloud.token("karin").await?,
        door.cloud.token("omar").await?,
        door.cloud.token("lars").await?,
    );
    let speech = speech::all()?
        .into_iter()
        .find(|speech| speech.name == "5min.ogg")
        .expect("`make audio` makes it");
    let audio = speech.read()?;

    // The call has ended. The app registers it with Anna's note and receives a link.
    let call = started_now(with(
        call("journey", "audio/ogg", &audio),
        json!({ "note": "vill ha offert", "mark": "red" }),
    ));
    let (status, registered) = answer(door.post("/v1/recordings", &call), &anna).await?;
    assert_eq!(status, 201, "{registered}");
    let id = registered["recording"]["id"].as_str().expect("a recording has an id").to_owned();

    // Before the audio arrives, the recording is listed as expected and cannot be played.
    let (_, page) = answer(door.get("/v1/recordings?user=anna&limit=1000"), &karin).await?;
    let listed = |page: &Value| {
        page["recordings"].as_array().into_iter().flatten().find(|row| row["id"] == *id).cloned()
    };
    assert_eq!(listed(&page).expect("it is listed")["state"], "expected");
    assert_eq!(
        answer(door.post(&format!("/v1/recordings/{id}/playback"), &Value::Null), &anna).await?.0,
        409
    );

    // The app uploads the audio. S3 refuses missing headers, other bytes, and a second upload.
    let upload = &registered["upload"];
    let mut altered = audio.clone();
    altered[1000] ^= 1;
    assert_eq!(
        door.client
            .put(upload["url"].as_str().unwrap_or_default())
            .body(audio.clone())
            .send()
            .await?
            .status(),
        403
    );
    assert_eq!(door.send(upload, &altered).await?, 400);
    assert_eq!(door.send(upload, &audio).await?, 200);
    assert_eq!(door.send(upload, &audio).await?, 412);

    // Ingest verifies it. A repeated registration reports it as stored and returns no link.
    let stored = door.settled(&id, &anna).await?;
    assert_eq!(
        (&stored["state"], &stored["note"], &stored["mark"]),
        (&json!("stored"), &json!("vill ha offert"), &json!("red"))
    );
    let seconds = stored["durationMs"].as_f64().unwrap_or_default() / 1000.0;
    assert!((seconds - speech.duration).abs() <= 0.050, "{seconds} against {}", speech.duration);
    let (status, again) = answer(door.post("/v1/recordings", &call), &anna).await?;
    assert_eq!(
        (status, &again["recording"]["state"], again.get("upload")),
        (200, &json!("stored"), None)
    );

    // Anna and her administrator hear every byte. A browser requests a part, and saves the file.
    for token in [&anna, &karin] {
        let (_, page) = answer(door.get("/v1/recordings?limit=1000"), token).await?;
        assert_eq!(listed(&page).expect("it is found")["state"], "stored");
        let (status, link) =
            answer(door.post(&format!("/v1/recordings/{id}/playback"), &Value::Null), token)
                .await?;
        assert_eq!(status, 200, "{link}");
        let url = link["url"].as_str().unwrap_or_default();
        let heard = door.client.get(url).send().await?;
        assert_eq!(heard.headers()["content-type"], "audio/ogg");
        assert_eq!(sha256(&heard.bytes().await?), speech.sha256);
        let part = door.client.get(url).header("range", "bytes=100-199").send().await?;
        assert_eq!(part.status(), 206);
        assert_eq!(part.bytes().await?, audio[100..200]);
    }
    let (_, link) =
        answer(door.post(&format!("/v1/recordings/{id}/download"), &Value::Null), &anna).await?;
    let saved = door.client.get(link["url"].as_str().unwrap_or_default()).send().await?;
    let disposition = saved.headers()["content-disposition"].to_str()?.to_owned();
    assert_eq!(
        disposition,
        format!("attachment; filename=\"{}\"", link["fileName"].as_str().unwrap_or_default())
    );

    // No colleague, no other administrator, and no caller without a whole token hears it.
    assert_eq!(
        answer(door.post(&format!("/v1/recordings/{id}/playback"), &Value::Null), &omar).await?.0,
        403
    );
    assert_eq!(
        answer(door.post(&format!("/v1/recordings/{id}/playback"), &Value::Null), &lars).await?.0,
        404
    );
    assert_eq!(answer(door.get(&format!("/v1/recordings/{id}")), &lars).await?.0, 404);
    assert_eq!(door.get("/v1/recordings").send().await?.status(), 401);
    assert_eq!(answer(door.get("/v1/recordings"), &anna[..anna.len() - 9]).await?.0, 403);
    let bare =
        format!("{}/{}/recordings/demo/{id}", door.cloud.endpoint, door.cloud.recordings_bucket);
    assert_eq!(door.client.get(bare).send().await?.status(), 403, "the bucket is private");

    // Erik has not acknowledged recording. His calls are refused with a reason for the app.
    let erik = door.cloud.token("erik").await?;
    let eriks = json!({ "callId": "eriks", "startedAt": chrono::Utc::now() });
    let (status, refused) = answer(door.post("/v1/recordings", &with(call, eriks)), &erik).await?;
    assert_eq!(
        (status, &refused["type"]),
        (403, &json!("urn:kontinuerlig-inspelning:problem:not-acknowledged"))
    );
    Ok(())
}

#[tokio::test]
async fn an_upload_that_is_not_audio_is_rejected_with_a_reason_and_quarantined()
-> anyhow::Result<()> {
    let door = Door::open()?;
    let maja = door.cloud.token("maja").await?;
    let text = b"this is no audio";
    let (_, registered) = answer(
        door.post("/v1/recordings", &started_now(call("no-audio", "audio/wav", text))),
        &maja,
    )
    .await?;
    assert_eq!(door.send(&registered["upload"], text).await?, 200);
    let id = registered["recording"]["id"].as_str().unwrap_or_default();
    let rejected = door.settled(id, &maja).await?;
    assert_eq!(rejected["state"], "rejected");
    assert!(rejected["rejection"].as_str().is_some_and(|reason| !reason.is_empty()));
    let quarantine =
        door.cloud.objects().client.list_objects_v2().bucket(&door.cloud.quarantine_bucket);
    let retained = quarantine.prefix(format!("recordings/demo/{id}/")).send().await?;
    assert_eq!(retained.contents().len(), 1);
    // An administrator may save what was rejected, and nobody else.
    let (karin, save) = (door.cloud.token("karin").await?, format!("/v1/recordings/{id}/download"));
    let (status, link) = answer(door.post(&save, &json!({})), &karin).await?;
    assert_eq!(status, 200, "{link}");
    let saved = reqwest::get(link["url"].as_str().unwrap_or_default()).await?;
    assert_eq!(saved.headers()["content-type"], "application/octet-stream");
    assert_eq!(saved.bytes().await?.as_ref(), text);
    assert_eq!(answer(door.post(&save, &json!({})), &maja).await?.0, 409);
    // The app sends the call again with its audio.
    let wav = silence(1);
    let (status, again) =
        answer(door.post("/v1/recordings", &with(started_like(&rejected, &wav), json!({}))), &maja)
            .await?;
    assert_eq!(status, 200, "{again}");
    assert_eq!(door.send(&again["upload"], &wav).await?, 200);
    assert_eq!(door.settled(id, &maja).await?["state"], "stored");
    Ok(())
}

/// The same call as `recording`, with other audio.
fn started_like(recording: &Value, audio: &[u8]) -> Value {
    with(call("no-audio", "audio/wav", audio), json!({ "startedAt": recording["startedAt"] }))
}

#[tokio::test]
async fn an_annotation_is_indexed_from_the_stream() -> anyhow::Result<()> {
    let door = Door::open()?;
    let anna = door.cloud.token("anna").await?;
    let (table, audio) = (door.cloud.table(), silence(1));
    let id = door.record(call("indexed", "audio/wav", &audio), &audio, &anna).await?;
    let word = format!("ord{}", chrono::Utc::now().timestamp_millis()); // a word that no other recording contains
    let stated = json!({ "note": format!("Ring Åsa, {word}") });
    let (status, answered) = answer(
        door.patch(&format!("/v1/recordings/{id}"), &stated).header("if-match", "\"0\""),
        &anna,
    )
    .await?;
    assert_eq!(status, 200, "{answered}");
    let begun = Instant::now();
    let posting = format!("demo#note#{word}#posting");
    let mut look = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..3000 {
        look.tick().await;
        let query =
            table.client.query().table_name(&table.name).key_condition_expression("pk = :pk");
        let found = query
            .expression_attribute_values(":pk", AttributeValue::S(posting.clone()))
            .send()
            .await?;
        if let [posting] = found.items() {
            println!(
                "a word annotated through the API had its posting after {} ms",
                begun.elapsed().as_millis()
            );
            assert!(
                posting["sk"].as_s().is_ok_and(|at| at.ends_with(&format!("#{id}"))),
                "{posting:?}"
            );
            return Ok(());
        }
    }
    anyhow::bail!("the word {word} had no posting after 3000 looks")
}

#[tokio::test]
async fn only_poison_messages_reach_the_dead_letter_queue() -> anyhow::Result<()> {
    let door = Door::open()?;
    let sqs = door.cloud.sqs();
    sqs.send_message().queue_url(&door.cloud.queue_url).message_body("poison").send().await?;
    let mut look = tokio::time::interval(Duration::from_millis(200));
    for _ in 0..300 {
        look.tick().await;
        let received = sqs
            .receive_message()
            .queue_url(&door.cloud.dlq_url)
            .max_number_of_messages(10)
            .send()
            .await?;
        let bodies: Vec<_> =
            received.messages().iter().filter_map(|message| message.body()).collect();
        if !bodies.is_empty() {
            assert_eq!(bodies, ["poison"]);
            return Ok(());
        }
    }
    anyhow::bail!("the poison was not set aside")
}
