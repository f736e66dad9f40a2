//! Ingest, on a table and buckets of the test's own: the outcome of each upload.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_s3::{primitives::ByteStream, types::ChecksumAlgorithm};
use chrono::{TimeDelta, Utc};
use data_encoding::BASE64;
use domain::recording::{ContentType, Recording, Sha256, State};
use ingest::App;
use platform::{
    bucket::Bucket,
    objects::{self, LINK, Link},
    table::Table,
};
use serde_json::{Value, json};
use tests::{
    bucket,
    call::silence,
    cloud::cloud,
    event::created,
    people::{organisation, user},
    recording::{recording, register},
    requests::{BYTES, Requests, TENANT},
    speech::{self, Speech},
    table,
};

/// The ingest function under test, and its requests.
pub(crate) struct World {
    pub(crate) app: App,
    reads: Requests,
    writes: Requests,
}

pub(crate) async fn world(test: &str) -> anyhow::Result<World> {
    let (table, writes) = table::empty().await?;
    let (objects, quarantine, reads) = bucket::pair(&cloud()?, test).await?;
    Ok(World { app: App { table, objects, quarantine, now: Utc::now }, reads, writes })
}

/// A registered call that promises `audio`.
pub(crate) async fn promised(
    world: &World,
    call: &str,
    content_type: &str,
    audio: &[u8],
) -> anyhow::Result<Recording> {
    let mut recording = recording("demo", "anna", call, Utc::now() - TimeDelta::hours(1));
    recording.audio.content_type =
        ContentType::parse(content_type).expect("the test names a known type");
    recording.audio.length = audio.len() as u64;
    recording.audio.sha256 = Sha256::of(audio);
    recording.registered_at = Utc::now();
    register(&world.app.table, &recording).await?;
    world.writes.take();
    Ok(recording)
}

/// Puts `audio` by the recording's upload link, as the app does.
pub(crate) async fn put_by_link(
    objects: &Bucket,
    recording: &Recording,
    audio: &[u8],
) -> anyhow::Result<reqwest::StatusCode> {
    put(objects.upload_link(recording, Utc::now()).await?, audio).await
}

async fn put(link: Link, audio: &[u8]) -> anyhow::Result<reqwest::StatusCode> {
    let mut put = reqwest::Client::new().put(link.url).body(audio.to_vec());
    // The client sends the length of its body, as every HTTP client does.
    for (name, value) in link.headers.into_iter().filter(|(name, _)| name != "content-length") {
        put = put.header(name, value);
    }
    Ok(put.send().await?.status())
}

/// Ingests events of "demo". A request for another organisation's key ends the test.
pub(crate) async fn take_in(app: &App, bodies: &[String]) -> anyhow::Result<SqsBatchResponse> {
    TENANT.scope("demo".to_owned(), take_in_of_any(app, bodies)).await
}

async fn take_in_of_any(app: &App, bodies: &[String]) -> anyhow::Result<SqsBatchResponse> {
    let messages: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| json!({ "messageId": format!("message-{number}"), "body": body }))
        .collect();
    let event: SqsEvent = serde_json::from_value(json!({ "Records": messages }))?;
    Ok(ingest::handle(app, event).await?)
}

pub(crate) fn failed(answer: &SqsBatchResponse) -> Vec<&str> {
    answer.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect()
}

pub(crate) async fn state(app: &App, recording: &Recording) -> anyhow::Result<Option<State>> {
    let found =
        app.table.recordings().get(&recording.organisation, recording.id, Utc::now()).await?;
    Ok(found.map(|found| found.state))
}

pub(crate) async fn keys(bucket: &Bucket) -> anyhow::Result<Vec<String>> {
    let listed = bucket.client.list_objects_v2().bucket(&bucket.name).send().await?;
    Ok(listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect())
}

/// The user's counted recordings and bytes.
pub(crate) async fn usage(table: &Table, of: &str) -> anyhow::Result<(u64, u64)> {
    let key = platform::table::key::usage(&organisation("demo"), &user(of));
    let item = table
        .client
        .get_item()
        .table_name(&table.name)
        .set_key(Some(key))
        .send()
        .await?
        .item
        .unwrap_or_default();
    let number = |name: &str| {
        item.get(name).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default()
    };
    Ok((number("recordings"), number("bytes")))
}

fn speech() -> anyhow::Result<Vec<Speech>> {
    let all = speech::all()?;
    anyhow::ensure!(all.len() >= 8, "there are too few files of speech: {}", all.len());
    Ok(all)
}

#[tokio::test]
async fn speech_of_every_format_is_measured_from_few_bytes_and_stored() -> anyhow::Result<()> {
    let world = world("every-format").await?;
    for (number, file) in speech()?.into_iter().enumerate() {
        let audio = file.read()?;
        let recording =
            promised(&world, &format!("call-{number}"), &file.content_type, &audio).await?;
        assert_eq!(
            put_by_link(&world.app.objects, &recording, &audio).await?,
            200,
            "{}",
            file.name
        );
        world.reads.take();
        let answer =
            take_in(&world.app, &[created(&objects::key(&recording.organisation, recording.id))])
                .await?;
        assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", file.name);
        let (reads, writes) = (world.reads.take(), world.writes.take());
        let allowed = if file.content_type == "audio/wav" { 1 } else { 3 };
        assert_eq!(reads.get("S3.HeadObject"), Some(&1), "{}: {reads:?}", file.name);
        assert!((1..=allowed).contains(&reads["S3.GetObject"]), "{}: {reads:?}", file.name);
        assert!(reads[BYTES] <= 256 * 1024, "{}: {reads:?}", file.name);
        assert_eq!(reads.len(), 3, "{}: {reads:?}", file.name);
        assert_eq!(
            writes,
            BTreeMap::from([("DynamoDB.TransactWriteItems".to_owned(), 1)]),
            "{}",
            file.name
        );
        let found = world
            .app
            .table
            .recordings()
            .get(&recording.organisation, recording.id, Utc::now())
            .await?
            .expect("it is registered");
        assert!(matches!(found.state, State::Stored { .. }), "{}: {:?}", file.name, found.state);
        let off = (found.duration.as_seconds_f64() - file.duration).abs();
        assert!(off <= 0.050, "{}: {} against {} s", file.name, found.duration, file.duration);
    }
    Ok(())
}

#[tokio::test]
async fn a_bad_upload_is_rejected_with_a_reason_and_quarantined() -> anyhow::Result<()> {
    let world = world("bad-uploads").await?;
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 200]].concat();
    let zip = [b"PK\x03\x04".as_slice(), &[0; 200]].concat();
    let cases: [(&str, &str, &[u8]); 3] = [
        ("text", "audio/wav", b"this is a text with another name, and no audio at all in it"),
        ("zip", "audio/mp4", &zip),
        ("image", "audio/ogg", &png),
    ];
    for (name, content_type, audio) in cases {
        let recording = promised(&world, name, content_type, audio).await?;
        assert_eq!(put_by_link(&world.app.objects, &recording, audio).await?, 200, "{name}");
        let key = objects::key(&recording.organisation, recording.id);
        let answer = take_in(&world.app, &[created(&key)]).await?;
        assert_eq!(failed(&answer), Vec::<&str>::new(), "{name}");
        let Some(State::Rejected { reason }) = state(&world.app, &recording).await? else {
            anyhow::bail!(
                "{name} was not rejected but is {:?}",
                state(&world.app, &recording).await?
            )
        };
        assert!(reason.len() > 10, "{name} has a reason: {reason}");
        assert!(keys(&world.app.objects).await?.is_empty(), "{name} is not served");
        let retained = keys(&world.app.quarantine).await?;
        assert!(
            retained.iter().any(|retained| retained.starts_with(&key)),
            "{name} is in quarantine: {retained:?}"
        );
    }
    assert_eq!(usage(&world.app.table, "anna").await?, (0, 0), "nothing is counted");
    Ok(())
}

/// Whatever is audio is stored, under what it is; what is unusual about it is shown.
#[tokio::test]
async fn unusual_audio_is_stored_and_flagged() -> anyhow::Result<()> {
    let world = world("unusual-uploads").await?;
    let wav = silence(3);
    let cut = &wav[..wav.len() - 4_000];
    let cases = [
        ("whole", "audio/wav", &wav[..], ["audio/wav", "exact"], None),
        ("truncated", "audio/wav", cut, ["audio/wav", "exact"], Some("cut-off")),
        ("other-format", "audio/ogg", &wav[..], ["audio/wav", "exact"], None),
        (
            "unknown",
            "audio/mpeg",
            &[0x11, 0x9d, 0x03, 0xfe, 0x80, 0x00, 0x01, 0xc7][..],
            ["audio/mpeg", "claimed"],
            None,
        ),
    ];
    for (name, content_type, audio, [kind, measured], damage) in cases {
        let recording = promised(&world, name, content_type, audio).await?;
        assert_eq!(put_by_link(&world.app.objects, &recording, audio).await?, 200, "{name}");
        for _ in ["first", "again"] {
            let answer = take_in(
                &world.app,
                &[created(&objects::key(&recording.organisation, recording.id))],
            )
            .await?;
            assert_eq!(failed(&answer), Vec::<&str>::new(), "{name}");
        }
        let stored = world
            .app
            .table
            .recordings()
            .get(&recording.organisation, recording.id, Utc::now())
            .await?
            .context("it exists")?;
        assert!(matches!(stored.state, State::Stored { .. }), "{name}: {stored:?}");
        assert_eq!(stored.audio.content_type.as_str(), kind, "{name}");
        assert_eq!(
            (stored.sound.measured.as_str(), stored.sound.damage.map(|damage| damage.as_str())),
            (measured, damage),
            "{name}"
        );
        assert!(
            stored.duration <= recording.duration.max(TimeDelta::seconds(4)),
            "{name}: {}",
            stored.duration
        );
    }
    assert!(keys(&world.app.quarantine).await?.is_empty(), "nothing is set aside");
    Ok(())
}

#[tokio::test]
async fn an_upload_that_differs_from_its_registration_is_refused_by_the_link() -> anyhow::Result<()>
{
    let world = world("broken-promise").await?;
    let wav = silence(1);
    let recording = promised(&world, "call-1", "audio/wav", &wav).await?;
    let mut other = wav.clone();
    other[100] ^= 1;
    assert_eq!(
        put_by_link(&world.app.objects, &recording, &other).await?,
        400,
        "other bytes than the checksum's"
    );
    assert_eq!(
        put_by_link(&world.app.objects, &recording, &wav[1..]).await?.as_u16() / 100,
        4,
        "another length"
    );
    assert!(keys(&world.app.objects).await?.is_empty());
    assert_eq!(put_by_link(&world.app.objects, &recording, &wav).await?, 200);
    assert_eq!(put_by_link(&world.app.objects, &recording, &wav).await?, 412, "a second time");
    take_in(&world.app, &[created(&objects::key(&recording.organisation, recording.id))]).await?;
    assert!(
        matches!(state(&world.app, &recording).await?, Some(State::Stored { .. })),
        "the promised audio remains"
    );
    assert_eq!(
        put_by_link(&world.app.objects, &recording, &wav).await?,
        412,
        "replayed once it is stored"
    );
    Ok(())
}

#[tokio::test]
async fn a_link_works_for_fifteen_minutes_and_its_own_key_only() -> anyhow::Result<()> {
    let world = world("link-bounds").await?;
    let wav = silence(1);
    let recording = promised(&world, "call-1", "audio/wav", &wav).await?;
    let link = async |at| world.app.objects.upload_link(&recording, at).await;
    assert_eq!(
        put(link(Utc::now() - LINK - TimeDelta::seconds(1)).await?, &wav).await?,
        403,
        "an expired link"
    );
    for (what, from, to) in [
        ("made to last longer", "X-Amz-Expires=900", "X-Amz-Expires=901"),
        ("another organisation's key", "recordings/demo/", "recordings/other/"),
        ("fewer promises", "if-none-match%3B", ""),
    ] {
        let mut altered = link(Utc::now()).await?;
        assert!(altered.url.contains(from), "{what}: {}", altered.url);
        altered.url = altered.url.replace(from, to);
        assert_eq!(put(altered, &wav).await?, 403, "{what}");
    }
    let mut as_omar = link(Utc::now()).await?;
    as_omar.headers.insert("x-amz-meta-user".to_owned(), "omar".to_owned());
    assert_eq!(put(as_omar, &wav).await?, 403, "another user's recording");
    assert!(keys(&world.app.objects).await?.is_empty());
    assert_eq!(put(link(Utc::now()).await?, &wav).await?, 200);
    Ok(())
}

#[tokio::test]
async fn an_unregistered_object_is_quarantined() -> anyhow::Result<()> {
    let world = world("nobody").await?;
    let stranger = recording("other", "anna", "call-1", Utc::now());
    let wav = silence(1);
    let keys_of = [
        objects::key(&stranger.organisation, stranger.id),
        "recordings/no/recording at+all".to_owned(),
    ];
    for key in &keys_of {
        let put = world
            .app
            .objects
            .client
            .put_object()
            .bucket(&world.app.objects.name)
            .key(key)
            .body(ByteStream::from(wav.clone()));
        put.send().await?;
    }
    let encoded = "recordings/no/recording+at%2Ball";
    let answer = take_in_of_any(&world.app, &[created(&keys_of[0]), created(encoded)]).await?;
    assert_eq!(failed(&answer), Vec::<&str>::new());
    assert!(keys(&world.app.objects).await?.is_empty());
    let aside = keys(&world.app.quarantine).await?;
    let is_aside = |key: &String| {
        let unregistered = objects::unregistered(key);
        aside.iter().any(|aside| aside.rsplit_once('/').is_some_and(|(of, _)| of == unregistered))
    };
    assert_eq!(aside.len(), 2);
    assert!(keys_of.iter().all(is_aside), "where a rule of the bucket removes them: {aside:?}");
    Ok(())
}

#[tokio::test]
async fn an_object_put_without_the_link_cannot_replace_a_recording() -> anyhow::Result<()> {
    let world = world("past-the-link").await?;
    let wav = silence(1);
    let recording = promised(&world, "call-1", "audio/wav", &wav).await?;
    let key = objects::key(&recording.organisation, recording.id);
    let other = silence(2);
    for (what, body) in [("other audio", other), ("nothing", Vec::new())] {
        let put = world
            .app
            .objects
            .client
            .put_object()
            .bucket(&world.app.objects.name)
            .key(&key)
            .content_type("audio/wav");
        let hash = BASE64.encode(&Sha256::of(&body).0);
        let put = put
            .metadata("user", "anna")
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(hash);
        put.body(ByteStream::from(body)).send().await?;
        take_in(&world.app, &[created(&key)]).await?;
        assert!(
            matches!(state(&world.app, &recording).await?, Some(State::Rejected { .. })),
            "{what}"
        );
        assert!(keys(&world.app.objects).await?.is_empty(), "{what}");
    }
    Ok(())
}
