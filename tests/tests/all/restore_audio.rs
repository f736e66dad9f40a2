//! Lost audio that an operator puts back. Its bytes alone decide whether it is accepted.

use std::process::{Command, Output};

use aws_sdk_s3::{
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use chrono::{TimeDelta, Utc};
use domain::{
    ids::RecordingId,
    recording::{Recording, Sha256},
};
use platform::{
    bucket::Bucket,
    objects::{self, checksum},
};
use serde_json::Value;
use tests::{
    call::{call, silence},
    door::{Door, started_now},
    event::created,
    people::organisation,
    reconciliation::{call as yesterdays, yesterday},
    requests::Requests,
    retention_jobs::World,
};

/// Puts bytes at the recording's key without checksum or metadata, as `aws s3 cp` does.
async fn copied_back(world: &World, of: &Recording, bytes: &[u8]) -> anyhow::Result<()> {
    let Bucket { client, name: bucket } = &world.stores.objects;
    let put = client
        .put_object()
        .bucket(bucket)
        .key(objects::key(&of.organisation, of.id))
        .body(ByteStream::from(bytes.to_vec()));
    put.send().await?;
    world.notify_ingest(of).await
}

async fn versions(world: &World, of: &Recording) -> anyhow::Result<usize> {
    let object = world.stores.objects.object(&objects::key(&of.organisation, of.id)).await?;
    Ok(object.versions.iter().filter(|version| !version.marker).count())
}

async fn quarantined(world: &World) -> anyhow::Result<usize> {
    let Bucket { client, name: bucket } = &world.stores.quarantine;
    Ok(client.list_objects_v2().bucket(bucket).send().await?.contents().len())
}

async fn kinds(world: &World) -> anyhow::Result<Vec<String>> {
    Ok(world
        .missing()
        .await?
        .1
        .iter()
        .map(|finding| finding["kind"].as_str().unwrap_or_default().to_owned())
        .collect())
}

fn night(nights: i64) -> chrono::DateTime<Utc> {
    Utc::now() + TimeDelta::days(nights)
}

#[tokio::test]
async fn lost_audio_put_back_byte_for_byte_is_accepted_and_ends_its_finding() -> anyhow::Result<()>
{
    let world = World::new("restored").await?;
    let lost = world.has(yesterdays("lost", yesterday(1))).await?;
    world.delete_versions(&lost, None).await?;
    assert!(world.reconciliations(night(0)).await?);
    assert_eq!(kinds(&world).await?, ["lost"]);

    // Other audio of the same length is refused and does not replace the recording's audio.
    let mut other = silence(1);
    other[500] ^= 1;
    copied_back(&world, &lost, &other).await?;
    assert_eq!(world.takes_in().await?, 1);
    assert_eq!((versions(&world, &lost).await?, quarantined(&world).await?), (0, 1));

    copied_back(&world, &lost, &silence(1)).await?;
    world.notify_ingest(&lost).await?; // an event may arrive twice
    assert_eq!(world.takes_in().await?, 2);
    assert_eq!(
        (versions(&world, &lost).await?, quarantined(&world).await?),
        (1, 1),
        "it stays where it was put"
    );
    assert!(world.reconciliations(night(1)).await?);
    assert_eq!(kinds(&world).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn audio_put_back_in_parts_is_recognised_without_a_checksum_of_the_whole()
-> anyhow::Result<()> {
    let world = World::new("restored-in-parts").await?;
    let mut lost = yesterdays("lost", yesterday(1));
    let audio = silence(400);
    assert!(audio.len() > 6 * 1024 * 1024, "it has two parts: {}", audio.len());
    (lost.audio.length, lost.audio.sha256) = (audio.len() as u64, Sha256::of(&audio));
    tests::recording::register(world.table(), &lost).await?;
    let lost = world.stores(lost).await?;
    let Bucket { client, name: bucket } = &world.stores.objects;
    let key = objects::key(&lost.organisation, lost.id);
    let upload = client
        .create_multipart_upload()
        .bucket(bucket)
        .key(&key)
        .send()
        .await?
        .upload_id
        .unwrap_or_default();
    let mut parts = Vec::new();
    for (number, part) in (1..).zip(audio.chunks(5 * 1024 * 1024)) {
        let put =
            client.upload_part().bucket(bucket).key(&key).upload_id(&upload).part_number(number);
        let etag = put.body(ByteStream::from(part.to_vec())).send().await?.e_tag;
        parts.push(CompletedPart::builder().part_number(number).set_e_tag(etag).build());
    }
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    client
        .complete_multipart_upload()
        .bucket(bucket)
        .key(&key)
        .upload_id(upload)
        .multipart_upload(parts)
        .send()
        .await?;
    world.notify_ingest(&lost).await?;
    assert_eq!(world.takes_in().await?, 1);
    assert_eq!((versions(&world, &lost).await?, quarantined(&world).await?), (1, 0));
    assert!(world.reconciliations(night(0)).await?);
    assert!(!kinds(&world).await?.iter().any(|kind| kind == "replaced"), "it is the audio");
    Ok(())
}

#[tokio::test]
async fn audio_without_an_item_is_quarantined_and_accepted_once_the_item_returns()
-> anyhow::Result<()> {
    let world = World::new("restored-early").await?;
    let gone = yesterdays("gone", yesterday(1));
    copied_back(&world, &gone, &silence(1)).await?;
    assert_eq!(world.takes_in().await?, 1);
    assert_eq!((versions(&world, &gone).await?, quarantined(&world).await?), (0, 1));
    tests::recording::register(world.table(), &gone).await?;
    let gone = world.stores(gone).await?;
    copied_back(&world, &gone, &silence(1)).await?;
    assert_eq!(world.takes_in().await?, 1);
    assert_eq!((versions(&world, &gone).await?, quarantined(&world).await?), (1, 1));
    Ok(())
}

/// The operator's command, against the local cloud.
fn restore(door: &Door, id: &str, file: &std::path::Path) -> anyhow::Result<Output> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut command = Command::new(format!("{root}/.venv/bin/python"));
    command.args([&format!("{root}/infra/restore_audio.py"), "inspelning", "demo", id]).arg(file);
    command.envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]);
    command.envs([
        ("AWS_ENDPOINT_URL", &door.cloud.endpoint),
        ("AWS_DEFAULT_REGION", &door.cloud.region),
    ]);
    Ok(command.output()?)
}

#[tokio::test]
async fn the_operators_command_puts_back_only_the_signed_audio() -> anyhow::Result<()> {
    let door = Door::open()?;
    let anna = door.cloud.token("anna").await?;
    let audio = silence(2);
    let id = door
        .record(started_now(call("restore-command", "audio/wav", &audio)), &audio, &anna)
        .await?;
    door.settled(&id, &anna).await?;
    let key = objects::key(&organisation("demo"), RecordingId::try_from(id.clone())?);
    let bucket = door.cloud.objects();
    for version in bucket.object(&key).await?.versions {
        bucket.remove(&key, Some(&version.name)).await?;
    }
    let folder = std::env::temp_dir().join(format!("restore-{id}"));
    std::fs::create_dir_all(&folder)?;
    let (good, bad) = (folder.join("good.wav"), folder.join("bad.wav"));
    let mut other = audio.clone();
    other[100] ^= 1;
    std::fs::write(&good, &audio)?;
    std::fs::write(&bad, &other)?;

    let refused = restore(&door, &id, &bad)?;
    assert!(
        !refused.status.success()
            && String::from_utf8_lossy(&refused.stderr).contains("other audio"),
        "{refused:?}"
    );
    assert!(bucket.object(&key).await?.versions.is_empty());
    let restored = restore(&door, &id, &good)?;
    assert!(restored.status.success(), "{restored:?}");
    let again = restore(&door, &id, &good)?;
    assert!(String::from_utf8_lossy(&again.stdout).contains("nothing to do"), "{again:?}");
    let head = door.cloud.s3(&Requests::default()).head_object().bucket(&bucket.name).key(&key);
    let head = head.checksum_mode(aws_sdk_s3::types::ChecksumMode::Enabled).send().await?;
    assert_eq!(head.checksum_sha256(), Some(checksum(&Sha256::of(&audio)).as_str()));
    // A further event changes nothing: the object is the audio of a stored recording.
    let notified: Value = serde_json::from_str(&created(&key))?;
    let app = ingest::App {
        table: door.cloud.table(),
        objects: door.cloud.objects(),
        quarantine: Bucket { name: door.cloud.quarantine_bucket.clone(), ..door.cloud.objects() },
        now: Utc::now,
    };
    let event =
        serde_json::json!({ "Records": [{ "messageId": "one", "body": notified.to_string() }] });
    assert!(
        ingest::handle(&app, serde_json::from_value(event)?).await?.batch_item_failures.is_empty()
    );
    assert_eq!(bucket.object(&key).await?.versions.len(), 1);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
