//! What each operation costs: the AWS requests it makes, counted in the SDK, held against `requests.golden.json`.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{
    bucket,
    call::{call, now, silence},
    cloud::cloud,
    event::created,
    golden,
    people::{Person, found},
    recording::{recording, register, store},
    request::As,
    speech, table,
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };

#[tokio::test]
async fn no_operation_makes_a_request_more_than_agreed() -> anyhow::Result<()> {
    let (table, requests) = table::empty().await?;
    found(&table, "demo").await?;
    Person { administrator: true, ..Person::recorded("karin") }.joins(&table, "demo").await?;
    for number in 0..60 {
        register(&table, &recording("demo", "anna", &format!("call-{number}"), now() - TimeDelta::hours(number))).await?;
    }
    let stored = recording("demo", "anna", "stored", now() - TimeDelta::hours(1));
    store(&table, &stored).await?;

    let objects = bucket::unreached();
    let upload = upload::router(upload::App { table: table.clone(), objects: objects.clone(), now });
    let search = search::router(search::App { table: table.clone(), now });
    let playback = playback::router(playback::App { table: table.clone(), objects, now });
    let new = call("new", "audio/wav", &silence(1));
    let one = format!("/v1/recordings/{}", stored.id);

    let mut made = BTreeMap::new();
    let mut count = async |name: &str, answer: tests::request::Answer, status: u16| {
        assert_eq!(answer.status.as_u16(), status, "{name}: {answer:?}");
        made.insert(name.to_owned(), requests.take());
    };
    requests.take();
    count("register", KARIN.post(&upload, "/v1/recordings", &new).await?, 201).await;
    count("register the same again", KARIN.post(&upload, "/v1/recordings", &new).await?, 200).await;
    count("page of 50", KARIN.get(&search, "/v1/recordings").await?, 200).await;
    count("one recording", KARIN.get(&search, &one).await?, 200).await;
    count("link to listen", KARIN.post(&playback, &format!("{one}/playback"), &Value::Null).await?, 200).await;
    count("link to download", KARIN.post(&playback, &format!("{one}/download"), &Value::Null).await?, 200).await;

    for (name, file) in ["2s.wav", "20min.wav", "20min.mp3", "20min.m4a", "20min.ogg"].map(|file| (format!("ingest {file}"), file)) {
        made.insert(name, ingested(file).await?);
    }
    golden::holds("requests.golden.json", &json!(made))
}

/// The requests of taking in one file of speech.
async fn ingested(file: &str) -> anyhow::Result<BTreeMap<String, u64>> {
    let speech = speech::all()?.into_iter().find(|speech| speech.name == file);
    let speech = speech.ok_or_else(|| anyhow::anyhow!("`make audio` makes no {file}"))?;
    let audio = speech.read()?;
    let (table, writes) = table::empty().await?;
    let (objects, quarantine, reads) = bucket::pair(&cloud()?, &format!("figures-{}", file.replace('.', "-"))).await?;
    let mut recording = recording("demo", "anna", "call", Utc::now());
    recording.audio.content_type = domain::recording::ContentType::parse(&speech.content_type).expect("a known type");
    recording.audio.length = speech.bytes;
    recording.audio.sha256 = speech.sha256.try_into()?;
    register(&table, &recording).await?;
    let link = objects.upload_link(&recording, Utc::now()).await?;
    let mut put = reqwest::Client::new().put(link.url).body(audio);
    for (name, value) in link.headers {
        put = put.header(name, value);
    }
    anyhow::ensure!(put.send().await?.status().is_success(), "could not put {file}");
    let _of_preparing = (reads.take(), writes.take());
    let key = platform::objects::key(&recording.organisation, recording.id);
    let event = json!({ "Records": [{ "messageId": "1", "body": created(&key) }] });
    let app = ingest::App { table, objects, quarantine, now: Utc::now };
    let answer = ingest::handle(&app, serde_json::from_value(event)?).await?;
    anyhow::ensure!(answer.batch_item_failures.is_empty(), "could not take in {file}");
    Ok(reads.take().into_iter().chain(writes.take()).collect())
}
