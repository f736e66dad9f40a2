//! The SFTP delivery on a table, buckets and a queue of the test's own: the contents of folders.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{
        Day, day_of,
        folder::{DeliveryFolder, FolderId, Progress, Task},
        manifest,
    },
    ids::{CallId, RecordingId},
    recording::Recording,
};
use serde_json::json;
use tests::{
    bucket,
    call::{call, with},
    delivery::{NOTE, World},
    people::{Person, organisation},
    request::As,
};

/// 05:05 in Stockholm on 25 November 2026, when yesterday's folder begins.
pub fn morning() -> DateTime<Utc> {
    at("2026-11-25T04:05:00Z")
}

pub fn next_morning() -> DateTime<Utc> {
    morning() + TimeDelta::days(1)
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("the test names a valid time")
}

fn day(text: &str) -> Day {
    Day::try_from(text.to_owned()).expect("the test names a valid day")
}

pub fn scheduled(text: &str) -> FolderId {
    DeliveryFolder::scheduled(day(text)).name
}

/// A day with calls at both ends, one late arrival of the day before, one call without audio, and
/// neighbouring calls that do not belong to the day.
pub async fn a_day(test: &str, rows: usize) -> anyhow::Result<(World, Vec<Recording>)> {
    let world = World::new(test, rows, morning).await?;
    Person::recorded("anna").joins(&world.app.table, "demo").await?;
    let mut inside = Vec::new();
    for (call, started_at) in [
        ("first", "2026-11-23T23:00:00Z"),
        ("noon", "2026-11-24T11:00:00Z"),
        ("last", "2026-11-24T22:59:59.999Z"),
    ] {
        inside.push(world.stored("anna", call, at(started_at), at("2026-11-24T23:30:00Z")).await?);
    }
    let late = world
        .stored("anna", "late", at("2026-11-22T10:00:00Z"), at("2026-11-24T08:00:00Z"))
        .await?;
    world.app.table.late_arrivals().await_one(&late, at("2026-11-23T04:06:00Z")).await?;
    inside.push(late);
    for (call, started_at) in
        [("before", "2026-11-23T22:59:59.999Z"), ("after", "2026-11-24T23:00:00Z")]
    {
        world
            .stored(
                "anna",
                call,
                at(started_at),
                at("2026-11-25T01:00:00Z") - TimeDelta::days(u32::from(call == "before").into()),
            )
            .await?;
    }
    world.registered("anna", "never", at("2026-11-24T12:00:00Z")).await?;
    world.requests.take();
    Ok((world, inside))
}

/// The files that `sha256sum -c` verifies in the folder. Fails on a file with another checksum.
pub fn verified(files: &BTreeMap<String, String>, folder: &str) -> BTreeSet<String> {
    let named = files[&format!("files/demo/{folder}/SHA256SUMS")]
        .lines()
        .filter_map(|line| line.split_once("  "));
    let mut good = BTreeSet::new();
    for (sum, name) in named {
        let found = &files[&format!("files/demo/{folder}/{name}")];
        let reckoned: String = domain::recording::Sha256::of(found.as_bytes()).into();
        assert_eq!(reckoned, sum, "{name}");
        good.insert(name.to_owned());
    }
    good
}

/// The file names that the folder must contain, calculated from the recordings.
pub fn expected(recordings: &[Recording]) -> BTreeSet<String> {
    recordings.iter().map(manifest::file_name).chain([manifest::INDEX.to_owned()]).collect()
}

#[tokio::test]
async fn a_day_is_delivered_completely_with_late_arrivals_and_nothing_else() -> anyhow::Result<()> {
    let (world, inside) = a_day("delivered", 2).await?;
    world.morning().await?;
    let files = world.files().await?;
    assert_eq!(verified(&files, "2026-11-24"), expected(&inside));
    let index = &files["files/demo/2026-11-24/index.csv"];
    let mut rows = csv::ReaderBuilder::new().delimiter(b';').from_reader(index.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = rows.deserialize().collect::<Result<_, _>>()?;
    assert_eq!(
        rows.iter().map(|row| row["callId"].as_str()).collect::<Vec<_>>(),
        ["first", "noon", "last", "late"]
    );
    assert_eq!(
        rows.iter().map(|row| row["late"].as_str()).collect::<Vec<_>>(),
        ["no", "no", "no", "yes"]
    );
    assert_eq!(
        (rows[0]["startedAt"].as_str(), rows[0]["userName"].as_str()),
        ("2026-11-24T00:00:00.000+01:00", "anna")
    );
    assert!(
        rows.iter().all(|row| row["note"] == format!("'{NOTE}")),
        "a spreadsheet would take a note for a formula"
    );
    let delivery_folder = world
        .delivery_folders()
        .await?
        .into_iter()
        .find(|delivery_folder| delivery_folder.name == scheduled("2026-11-24"))
        .expect("it was begun");
    assert!(delivery_folder.is_complete());
    let bytes: u64 = inside.iter().map(|recording| recording.audio.length).sum();
    assert_eq!(
        (delivery_folder.count.recordings, delivery_folder.count.bytes, delivery_folder.count.late),
        (4, bytes, 1)
    );
    Ok(())
}

#[tokio::test]
async fn a_recording_after_five_is_late_in_the_next_folder_and_leaves_the_first_unchanged()
-> anyhow::Result<()> {
    let (world, _) = a_day("after-five", 2).await?;
    world.morning().await?;
    let before = world.files().await?;
    let (never, audio) = {
        let recordings =
            world.app.table.folders().started_in(&organisation("demo"), "0", "9").await?;
        let never = recordings
            .recordings
            .into_iter()
            .find(|recording| recording.call.to_string() == "never")
            .expect("it is registered");
        (never, b"audio of never".to_vec())
    };
    world.arrives(&never, audio, at("2026-11-25T10:00:00Z")).await?;
    let next = world.at(next_morning);
    next.morning().await?;
    let after = next.files().await?;
    assert!(
        before.iter().all(|(key, body)| after.get(key) == Some(body)),
        "a folder that was complete has changed"
    );
    assert!(verified(&after, "2026-11-25").contains(&manifest::file_name(&never)));
    assert!(
        after["files/demo/2026-11-25/index.csv"]
            .lines()
            .any(|line| line.contains(";never;") && line.contains(";yes;delivered;;"))
    );
    let stored = next
        .app
        .table
        .recordings()
        .get(&never.organisation, never.id, next_morning())
        .await?
        .expect("it is stored");
    assert_eq!(day_of(&stored), Some(day("2026-11-25")));
    Ok(())
}

#[tokio::test]
async fn a_recording_stored_between_the_close_and_the_copy_is_in_the_next_folder()
-> anyhow::Result<()> {
    let world = World::new("stored-at-five", 2, morning).await?;
    Person::recorded("anna").joins(&world.app.table, "demo").await?;
    let noon = at("2026-11-24T11:00:00Z");
    let between = world.stored("anna", "at-five", noon, at("2026-11-25T04:00:54Z")).await?;
    world.morning().await?;
    assert!(
        !verified(&world.files().await?, "2026-11-24").contains(&manifest::file_name(&between))
    );
    let next = world.at(next_morning);
    next.morning().await?;
    assert_eq!(verified(&next.files().await?, "2026-11-25"), expected(&[between]));
    Ok(())
}

#[tokio::test]
async fn a_resumed_folder_leaves_the_entry_of_what_a_later_one_missed() -> anyhow::Result<()> {
    let world = World::new("missed-later", 2, || at("2026-11-26T05:05:00Z")).await?;
    Person::recorded("anna").joins(&world.app.table, "demo").await?;
    let noon = at("2026-11-24T11:00:00Z");
    let late = world.stored("anna", "late", noon, at("2026-11-25T10:00:00Z")).await?;
    let (demo, missed) = (organisation("demo"), [(late.id, late.expires_at)]);
    let entries = world.app.table.late_arrivals();
    entries.await_again(&demo, day("2026-11-25"), &missed, at("2026-11-26T04:45:00Z")).await?;
    world.orders(Task::Plan { delivery_folder: scheduled("2026-11-24") }).await?;
    world.works().await?;
    let entries = world.app.table.late_arrivals().between(&demo, "0", "~").await?;
    let missed: Vec<_> = entries.iter().map(|entry| entry.missed).collect();
    assert_eq!(missed, [Some(day("2026-11-25"))]);
    Ok(())
}

#[tokio::test]
async fn a_call_registered_after_its_day_is_delivered_as_a_late_arrival() -> anyhow::Result<()> {
    let world = World::new("registered-late", 2, morning).await?;
    Person::recorded("anna").joins(&world.app.table, "demo").await?;
    let upload = upload::router(upload::App {
        table: world.app.table.clone(),
        objects: bucket::unreached(),
        now: morning,
    });
    let (anna, demo) = (As { organisation: "demo", user: "anna" }, organisation("demo"));
    let started = |id: &str, at: &str| {
        with(call(id, "audio/wav", b"audio of late"), json!({ "startedAt": at }))
    };
    anna.post(&upload, "/v1/recordings", &started("in-time", "2026-11-25T03:30:00Z"))
        .await?
        .done()?;
    assert_eq!(world.app.table.late_arrivals().between(&demo, "0", "~").await?, []);
    anna.post(&upload, "/v1/recordings", &started("late", "2026-11-20T12:00:00Z")).await?.done()?;
    let late = RecordingId::of(&demo, &CallId::try_from("late".to_owned())?);
    assert_eq!(
        world
            .app
            .table
            .late_arrivals()
            .between(&demo, "0", "~")
            .await?
            .iter()
            .map(|late_arrival| late_arrival.id)
            .collect::<Vec<_>>(),
        [late]
    );
    let registered =
        world.app.table.recordings().get(&demo, late, morning()).await?.expect("it is registered");
    world.arrives(&registered, b"audio of late".to_vec(), morning()).await?;
    let next = world.at(next_morning);
    next.morning().await?;
    assert!(
        verified(&next.files().await?, "2026-11-25").contains(&manifest::file_name(&registered))
    );
    Ok(())
}

#[tokio::test]
async fn a_repeated_or_concurrent_run_changes_nothing() -> anyhow::Result<()> {
    let (world, _) = a_day("repeated", 1).await?;
    let task = Task::Plan { delivery_folder: scheduled("2026-11-24") };
    world.orders(task).await?;
    let mut all = Vec::new();
    // Two workers at once. Each receives every message so far, including processed ones.
    loop {
        let received = world.receive().await?;
        if received.is_empty() {
            break;
        }
        all.extend(received);
        let (again, (one, other)) = (all.clone(), (world.clone(), world.clone()));
        let work = |world: World, messages: Vec<aws_sdk_sqs::types::Message>| async move {
            for message in &messages {
                assert!(world.delivers(message).await?, "{message:?}");
            }
            anyhow::Ok(())
        };
        tokio::try_join!(work(one, again.clone()), work(other, again.into_iter().rev().collect()))?;
        anyhow::ensure!(all.len() < 400, "the work does not end");
        if world.delivery_folders().await?.iter().all(DeliveryFolder::is_complete) {
            break;
        }
    }
    let (files, delivery_folders) = (world.files().await?, world.delivery_folders().await?);
    for message in &all {
        assert!(world.delivers(message).await?);
    }
    world.works().await?;
    assert_eq!(
        (world.files().await?, world.delivery_folders().await?),
        (files.clone(), delivery_folders)
    );
    let (alone, inside) = a_day("alone", 500).await?;
    alone.orders(task).await?;
    alone.works().await?;
    assert_eq!(alone.files().await?, files);
    assert_eq!(verified(&files, "2026-11-24"), expected(&inside));
    Ok(())
}

#[tokio::test]
async fn a_folder_is_removed_at_six_three_days_later_and_not_before() -> anyhow::Result<()> {
    let (world, _) = a_day("goes", 2).await?;
    world.orders(Task::Plan { delivery_folder: scheduled("2026-11-24") }).await?;
    world.works().await?;
    let remove = Task::Remove { delivery_folder: scheduled("2026-11-24") };
    let early = world.at(|| at("2026-11-28T04:59:59Z"));
    early.orders(remove).await?;
    early.works().await?;
    assert!(early.files().await?.contains_key("files/demo/2026-11-24/SHA256SUMS"));
    let over = world.at(|| at("2026-11-28T05:05:00Z"));
    over.morning().await?;
    assert!(!over.files().await?.keys().any(|key| key.contains("/2026-11-24/")));
    let listed =
        over.app.drop.client.list_object_versions().bucket(&over.app.drop.name).send().await?;
    assert!(
        !listed
            .versions()
            .iter()
            .any(|version| version.key().unwrap_or_default().contains("/2026-11-24/"))
    );
    let delivery_folders = over.delivery_folders().await?;
    assert!(
        delivery_folders
            .iter()
            .any(|delivery_folder| delivery_folder.name == scheduled("2026-11-24")
                && delivery_folder.progress == Progress::Removed)
    );
    Ok(())
}

#[tokio::test]
async fn an_erased_recording_is_removed_from_every_folder_and_its_lists() -> anyhow::Result<()> {
    let (world, inside) = a_day("erased", 2).await?;
    world.orders(Task::Plan { delivery_folder: scheduled("2026-11-24") }).await?;
    world.works().await?;
    let gone = &inside[1];
    world.orders(Task::Forget { recording: gone.id }).await?;
    world.works().await?;
    let files = world.files().await?;
    let left: Vec<Recording> =
        inside.iter().filter(|recording| recording.id != gone.id).cloned().collect();
    assert_eq!(verified(&files, "2026-11-24"), expected(&left));
    assert!(
        files.iter().all(|(key, body)| !key.contains(&gone.id.to_string())
            && !body.contains(&gone.id.to_string()))
    );
    assert_eq!(world.delivery_folders().await?[0].count.recordings, 3);
    Ok(())
}

/// Runs the whole delivery of a day once for each of its requests. All requests fail from that one
/// on, and then every message is delivered again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_delivery_ends_right_after_a_crash_at_any_request() -> anyhow::Result<()> {
    let (calm, inside) = a_day("calm-whole", 500).await?;
    calm.orders(Task::Plan { delivery_folder: scheduled("2026-11-24") }).await?;
    calm.works().await?;
    let requests: u64 = calm.requests.take().values().sum();
    let right = calm.files().await?;
    assert_eq!(verified(&right, "2026-11-24"), expected(&inside));
    let mut running = tokio::task::JoinSet::new();
    for point in 0..requests {
        let right = right.clone();
        running.spawn(async move {
            let (world, _) = a_day(&format!("crash-{point}"), 500).await?;
            world.orders(Task::Plan { delivery_folder: scheduled("2026-11-24") }).await?;
            world.requests.end_after(Some(point));
            while !world.requests.has_ended() {
                for message in world.receive().await? {
                    let done = world.delivers(&message).await?;
                    world.settle(&message, done).await?;
                }
            }
            world.requests.end_after(None);
            world.works().await?;
            assert_eq!(world.files().await?, right, "after {point} requests");
            anyhow::Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    println!("{requests} crash points");
    assert!(requests > 20, "{requests}");
    Ok(())
}

/// Each message in turn fails after its first request, its second, and so on.
#[tokio::test]
async fn each_message_ends_right_after_a_crash_at_any_request() -> anyhow::Result<()> {
    let (calm, inside) = a_day("calm", 2).await?;
    calm.orders(Task::Plan { delivery_folder: scheduled("2026-11-24") }).await?;
    calm.works().await?;
    let right = calm.files().await?;
    assert_eq!(verified(&right, "2026-11-24"), expected(&inside));
    let (world, _) = a_day("crashing", 2).await?;
    world.orders(Task::Plan { delivery_folder: scheduled("2026-11-24") }).await?;
    let (mut crashes, mut messages) = (0, world.receive().await?);
    while let Some(message) = messages.pop() {
        for point in 0.. {
            world.requests.end_after(Some(point));
            let done = world.delivers(&message).await?;
            let crashed = world.requests.has_ended() && !done;
            world.requests.end_after(None);
            crashes += u32::from(crashed);
            if !crashed {
                assert!(done, "it failed without a crash: {message:?}");
                break;
            }
        }
        messages.extend(world.receive().await?);
    }
    world.works().await?;
    assert_eq!(world.files().await?, right);
    assert_eq!(world.delivery_folders().await?[0].count, calm.delivery_folders().await?[0].count);
    println!("{crashes} crashes");
    assert!(crashes > 30, "{crashes}");
    Ok(())
}
