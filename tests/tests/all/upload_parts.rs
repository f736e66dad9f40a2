//! Long audio that comes in parts: begun, interrupted, continued, completed, and verified as a whole.

use std::collections::BTreeMap;

use anyhow::Context;
use axum::Router;
use chrono::{TimeDelta, Utc};
use domain::{
    ids::OrderId,
    recording::{Recording, Sha256, State},
};
use platform::{
    clock,
    table::{key, removal::Removal},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::{
    call::silence,
    event::created,
    groups,
    people::{Person, found, organisation, user},
    recording::{recording, register},
    request::{Answer, As},
    retention_jobs, stream,
};

use crate::ingest::{World, state, take_in, world};

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
const OMAR: As<'_> = As { organisation: "demo", user: "omar" };
/// The smallest part of S3.
const PART: usize = 5 << 20;

struct Long {
    world: World,
    router: Router,
    recording: Recording,
    audio: Vec<u8>,
}

impl Long {
    /// A registered call with audio of three parts.
    async fn new(test: &str) -> anyhow::Result<Self> {
        let world = world(test).await?;
        let table = world.app.table.clone();
        found(&table, "demo").await?;
        for name in ["anna", "omar"] {
            Person::recorded(name).joins(&table, "demo").await?;
        }
        let audio = silence(700);
        let mut long = recording("demo", "anna", "long", Utc::now() - TimeDelta::hours(1));
        (long.audio.length, long.audio.sha256) = (audio.len() as u64, Sha256::of(&audio));
        long.registered_at = Utc::now();
        register(&table, &long).await?;
        let objects = world.app.objects.clone();
        let router = upload::router(upload::App { table, objects, now: clock::now });
        Ok(Self { world, router, recording: long, audio })
    }

    fn path(&self) -> String {
        format!("/v1/recordings/{}/parts", self.recording.id)
    }

    /// Requests the upload with the digests of this audio's parts.
    async fn asks(&self, by: As<'_>, audio: &[u8], part: usize) -> anyhow::Result<Answer> {
        let sums: Vec<String> = audio.chunks(part).map(|part| Sha256::of(part).into()).collect();
        by.put(&self.router, &self.path(), &json!({ "partLength": part, "sha256": sums })).await
    }

    /// The missing parts: each number with its link.
    async fn missing(&self) -> anyhow::Result<BTreeMap<u64, Value>> {
        let progress = self.asks(ANNA, &self.audio, PART).await?.done()?.body;
        let missing = progress["missing"].as_array().cloned().unwrap_or_default();
        let number = |part: &Value| part["number"].as_u64().unwrap_or_default();
        assert_eq!(progress["uploaded"], 3 - missing.len());
        Ok(missing.into_iter().map(|part| (number(&part), part["upload"].clone())).collect())
    }

    fn part(&self, number: u64) -> &[u8] {
        self.audio.chunks(PART).nth(number as usize - 1).unwrap_or_default()
    }
}

/// Puts bytes by a link, as the app does.
async fn put(link: &Value, bytes: &[u8]) -> anyhow::Result<StatusCode> {
    let mut put =
        reqwest::Client::new().put(link["url"].as_str().unwrap_or_default()).body(bytes.to_vec());
    for (name, value) in link["headers"].as_object().into_iter().flatten() {
        if name != "content-length" {
            put = put.header(name, value.as_str().unwrap_or_default());
        }
    }
    Ok(put.send().await?.status())
}

#[tokio::test]
async fn an_interrupted_upload_continues_with_its_missing_parts_and_is_stored() -> anyhow::Result<()>
{
    let long = Long::new("parts-continued").await?;
    let links = long.missing().await?;
    assert_eq!(links.len(), 3);
    assert_eq!(put(&links[&2], long.part(2)).await?, 200);
    assert_eq!(put(&links[&1], long.part(3)).await?, 403, "the length is signed");
    let mut altered = long.part(1).to_vec();
    altered[100] ^= 1;
    assert_eq!(put(&links[&1], &altered).await?, 400, "S3 compares the SHA-256 of a part");
    assert_eq!(long.missing().await?.keys().copied().collect::<Vec<_>>(), [1, 3]);
    assert!(matches!(state(&long.world.app, &long.recording).await?, Some(State::Expected)));

    for (number, link) in long.missing().await? {
        assert_eq!(put(&link, long.part(number)).await?, 200);
    }
    assert!(long.missing().await?.is_empty(), "the parts are joined");
    assert!(long.missing().await?.is_empty(), "a repetition changes nothing");
    let key = platform::objects::key(&long.recording.organisation, long.recording.id);
    let answer = take_in(&long.world.app, &[created(&key)]).await?;
    assert!(answer.batch_item_failures.is_empty());
    assert!(matches!(state(&long.world.app, &long.recording).await?, Some(State::Stored { .. })));
    let (object, _) = long.world.app.objects.get(&key).await?.unwrap_or_default();
    assert!(object == long.audio, "the same bytes");
    take_in(&long.world.app, &[created(&key)]).await?; // the event comes again
    assert!(matches!(state(&long.world.app, &long.recording).await?, Some(State::Stored { .. })));
    let after = long.asks(ANNA, &long.audio, PART).await?.done()?.body;
    assert_eq!((&after["recording"]["state"], &after["missing"]), (&"stored".into(), &json!([])));
    Ok(())
}

/// Each part is what its digest says, but the whole is not what was registered.
#[tokio::test]
async fn the_whole_is_compared_with_the_registration() -> anyhow::Result<()> {
    let long = Long::new("parts-other").await?;
    let mut other = long.audio.clone();
    other[PART + 100] ^= 1;
    let asked = long.asks(ANNA, &other, PART).await?.done()?.body;
    for (part, bytes) in asked["missing"].as_array().into_iter().flatten().zip(other.chunks(PART)) {
        assert_eq!(put(&part["upload"], bytes).await?, 200);
    }
    assert_eq!(long.asks(ANNA, &other, PART).await?.done()?.body["missing"], json!([]));
    let key = platform::objects::key(&long.recording.organisation, long.recording.id);
    take_in(&long.world.app, &[created(&key)]).await?;
    assert!(matches!(state(&long.world.app, &long.recording).await?, Some(State::Rejected { .. })));
    let aside = platform::objects::set_aside(&key, Sha256::of(&other));
    assert!(
        long.world.app.quarantine.get(&aside).await?.is_some(),
        "it is set aside by its SHA-256"
    );
    Ok(())
}

#[tokio::test]
async fn parts_that_do_not_fit_and_other_callers_are_refused() -> anyhow::Result<()> {
    let long = Long::new("parts-refused").await?;
    let refusal = |answer: Answer| answer.refusal();
    for (audio, part) in [
        (&long.audio[..2 * PART], PART),
        (&[&long.audio[..], &long.audio[..]].concat(), PART),
        (&long.audio[..], PART - 1),
        (&long.audio[..], (64 << 20) + 1),
        (&[][..], PART),
    ] {
        let refused = refusal(long.asks(ANNA, audio, part).await?);
        assert_eq!(refused, (422, "invalid".to_owned()), "{} bytes, {part}", audio.len());
    }
    let refused = refusal(long.asks(OMAR, &long.audio, PART).await?);
    assert_eq!(refused, (403, "not-allowed".to_owned()));
    let none = long.path().replace(&long.recording.id.to_string(), &"0".repeat(26));
    let order = json!({ "partLength": PART, "sha256": [] });
    assert_eq!(
        refusal(ANNA.put(&long.router, &none, &order).await?),
        (404, "not-found".to_owned())
    );
    Ok(())
}

/// Parts of another length begin again, and audio that came by the single link needs no parts.
#[tokio::test]
async fn another_part_length_and_the_single_link_end_an_upload_in_parts() -> anyhow::Result<()> {
    let long = Long::new("parts-otherwise").await?;
    let links = long.missing().await?;
    for number in [1, 2] {
        assert_eq!(put(&links[&number], long.part(number)).await?, 200);
    }
    let larger = long.asks(ANNA, &long.audio, 2 * PART).await?.done()?.body;
    let numbers: Vec<&Value> =
        larger["missing"].as_array().into_iter().flatten().map(|part| &part["number"]).collect();
    assert_eq!(numbers, [1, 2], "no part has both this length and this SHA-256");

    let (objects, recording) = (&long.world.app.objects, &long.recording);
    let link = objects.upload_link(recording, Utc::now()).await?;
    let link = json!({ "url": link.url, "headers": link.headers });
    assert_eq!(put(&link, &long.audio).await?, 200);
    for (number, link) in long.missing().await? {
        assert_eq!(put(&link, long.part(number)).await?, 200);
    }
    assert!(long.missing().await?.is_empty(), "the audio is there, and the parts are not joined");
    let key = platform::objects::key(&recording.organisation, recording.id);
    take_in(&long.world.app, &[created(&key)]).await?;
    assert!(matches!(state(&long.world.app, recording).await?, Some(State::Stored { .. })));
    Ok(())
}

/// A user who was removed after the call still sends its audio.
#[tokio::test]
async fn a_removed_user_completes_an_upload_in_parts() -> anyhow::Result<()> {
    let long = Long::new("parts-removed-user").await?;
    let links = long.missing().await?;
    assert_eq!(put(&links[&1], long.part(1)).await?, 200);
    let (table, demo) = (&long.world.app.table, organisation("demo"));
    table.provision().remove_user(&demo, &user("anna"), &groups::event("demo", "anna")).await?;
    for (number, link) in long.missing().await? {
        assert_eq!(put(&link, long.part(number)).await?, 200);
    }
    assert!(long.missing().await?.is_empty());
    let key = platform::objects::key(&long.recording.organisation, long.recording.id);
    take_in(&long.world.app, &[created(&key)]).await?;
    assert!(matches!(state(&long.world.app, &long.recording).await?, Some(State::Stored { .. })));
    Ok(())
}

/// The parts of a call that was erased, or that expired before it came, are personal data as well.
#[tokio::test]
async fn uploaded_parts_are_removed_with_their_recording() -> anyhow::Result<()> {
    let world = retention_jobs::World::new("parts-removed").await?;
    let (table, objects) = (world.table().clone(), world.stores.objects.clone());
    let router = upload::router(upload::App {
        table: table.clone(),
        objects: objects.clone(),
        now: clock::now,
    });
    let audio = silence(700);
    for call in ["expired", "erased", "again"] {
        let mut long = recording("demo", "anna", call, Utc::now() - TimeDelta::hours(1));
        (long.audio.length, long.audio.sha256) = (audio.len() as u64, Sha256::of(&audio));
        long.registered_at = Utc::now();
        register(&table, &long).await?;
        let path = format!("/v1/recordings/{}/parts", long.id);
        let sums: Vec<String> = audio.chunks(PART).map(|part| Sha256::of(part).into()).collect();
        let order = json!({ "partLength": PART, "sha256": sums });
        let asked = ANNA.put(&router, &path, &order).await?.done()?.body;
        assert_eq!(put(&asked["missing"][0]["upload"], &audio[..PART]).await?, 200);
        assert!(objects.upload_in_progress(&long).await?.is_some());
        let seen = table.retention().seen(&long.organisation, &[long.id]).await?;
        let seen = seen.into_iter().next().context("it is registered")?;
        let erasure = OrderId::of(&long.organisation, "erasure", Utc::now());
        if call == "erased" {
            let retained = seen.retained.erased(Utc::now()).context("it exists")?;
            let ended = table.retention().end(&seen, &retained, erasure).await?;
            let removal = Removal::of(&ended.context("no other job has ended it")?)?;
            world.stores.remove(&removal, Utc::now()).await?;
        } else {
            let key = key::recording(&long.organisation, long.id);
            stream::expire(&table, key, seen.recording.expires_at)
                .await?
                .context("it has expired")?;
            if call == "again" {
                let mut again = long.clone();
                again.registered_at = Utc::now() - TimeDelta::seconds(5);
                register(&table, &again).await?;
            }
            world.stores.remove(&Removal::of(&seen)?, Utc::now()).await?;
        }
        let in_progress = objects.upload_in_progress(&long).await?;
        assert_eq!(in_progress.is_some(), call == "again", "{call}: only a later upload remains");
        let link = put(&asked["missing"][1]["upload"], &audio[PART..2 * PART]).await?;
        assert_eq!(link, if call == "again" { 200 } else { 404 }, "{call}");
    }
    Ok(())
}
