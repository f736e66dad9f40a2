//! Erased recordings leave the delivery folders: many at once, interrupted, or during a delivery.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    counterpart::Counterpart,
    delivery::folder::{Progress, Task},
    note::Note,
    recording::Recording,
};
use tests::{delivery::World, people::Person, recording::recording};
use tokio::task::JoinSet;

use crate::delivery::{a_day, at, expected, morning, scheduled, verified};

/// A complete folder of recordings, each with its own number, note and hour.
async fn a_folder(
    test: &str,
    recordings: usize,
    rows: usize,
) -> anyhow::Result<(World, Vec<Recording>)> {
    let world = World::new(test, rows, morning).await?;
    Person::recorded("anna").joins(&world.app.table, "demo").await?;
    let mut inside = Vec::new();
    for number in 0..recordings {
        let call = format!("call-{number}");
        let mut recording = recording(
            "demo",
            "anna",
            &call,
            at("2026-11-24T06:00:00Z") + chrono::TimeDelta::minutes(number as i64),
        );
        recording.counterpart = Counterpart::from(format!("+4670123{number:04}"));
        recording.annotation.note = Note::try_from(format!("said{number:04}; \"quoted\"")).ok();
        let (recording, audio) = world.registered_as(&call, recording).await?;
        world.arrives(&recording, audio, at("2026-11-24T08:00:00Z")).await?;
        inside.push(recording);
    }
    world.orders(Task::Plan { delivery_folder: scheduled("2026-11-24") }).await?;
    world.works().await?;
    assert_eq!(verified(&world.files().await?, "2026-11-24"), expected(&inside));
    Ok((world, inside))
}

/// Checks the whole bucket against the remaining recordings: files, checksums, index rows and
/// counts. Neither these nor the folder's parts mention the erased recordings.
async fn assert_folder(
    world: &World,
    left: &[Recording],
    gone: &[Recording],
) -> anyhow::Result<()> {
    let objects = world.objects("").await?;
    let files: BTreeMap<_, _> =
        objects.clone().into_iter().filter(|(key, _)| key.starts_with("files/")).collect();
    assert_eq!(verified(&files, "2026-11-24"), expected(left));
    let names: BTreeSet<String> =
        files.keys().filter_map(|key| Some(key.rsplit_once('/')?.1.to_owned())).collect();
    let sums = ["SHA256SUMS".to_owned()].into_iter().chain(expected(left)).collect();
    assert_eq!(names, sums, "a file outlives its row, or a row its file");
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(b';')
        .from_reader(files["files/demo/2026-11-24/index.csv"].as_bytes());
    let ids: Vec<String> =
        rows.records().map(|row| row.map(|row| row[1].to_owned())).collect::<Result<_, _>>()?;
    assert_eq!(ids, left.iter().map(|recording| recording.id.to_string()).collect::<Vec<_>>());
    for recording in gone {
        let note = recording
            .annotation
            .note
            .as_ref()
            .map(|note| note.as_str()[..8].to_owned())
            .unwrap_or_default();
        for trace in
            [recording.id.to_string(), recording.counterpart.to_string().replace('+', ""), note]
        {
            let found =
                objects.iter().find(|(key, body)| key.contains(&trace) || body.contains(&trace));
            assert_eq!(found, None, "{trace} is left");
        }
    }
    let delivery_folder = world.delivery_folders().await?.remove(0);
    assert_eq!(
        (delivery_folder.count.recordings, delivery_folder.is_complete()),
        (left.len() as u64, true)
    );
    assert_eq!(
        delivery_folder.count.bytes,
        left.iter().map(|recording| recording.audio.length).sum::<u64>()
    );
    Ok(())
}

/// Processes all erasures at once, as ten messages of a queue, and retries those that fail.
async fn forget_concurrently(world: &World, gone: &[Recording]) -> anyhow::Result<()> {
    let mut forgetting = JoinSet::new();
    for recording in gone {
        let (world, task) = (world.clone(), Task::Forget { recording: recording.id });
        forgetting.spawn(async move {
            while !world.does(task).await? {}
            anyhow::Ok(())
        });
    }
    while let Some(ended) = forgetting.join_next().await {
        ended??;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_concurrent_erasures_in_a_folder_remove_all_ten_twenty_times() -> anyhow::Result<()> {
    let mut rounds = JoinSet::new();
    for round in 0..20 {
        rounds.spawn(async move {
            // All in one chunk, two in each, and sizes in between.
            let rows = [100, 2, 3, 5][round % 4];
            let (world, inside) = a_folder(&format!("at-once-{round}"), 13, rows).await?;
            let (gone, left) = (&inside[1..11], [&inside[..1], &inside[11..]].concat());
            forget_concurrently(&world, gone).await?;
            assert_folder(&world, &left, gone).await
        });
    }
    while let Some(ended) = rounds.join_next().await {
        ended??;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_recordings_of_a_folder_can_be_erased_concurrently() -> anyhow::Result<()> {
    let (world, inside) = a_folder("all-at-once", 10, 4).await?;
    forget_concurrently(&world, &inside).await?;
    assert_folder(&world, &[], &inside).await
}

#[tokio::test]
async fn an_erasure_interrupted_at_any_request_completes_when_retried() -> anyhow::Result<()> {
    let (world, inside) = a_folder("cut-short-forget", 24, 4).await?;
    let (mut left, mut gone, mut point) = (inside, Vec::new(), 0);
    loop {
        let erased = left.remove(left.len() / 2);
        world.requests.end_after(Some(point));
        let done = world.does(Task::Forget { recording: erased.id }).await?;
        world.requests.end_after(None);
        if !done {
            // The task of another recording runs in between, and completes the folder.
            let other = left.remove(0);
            assert!(world.does(Task::Forget { recording: other.id }).await?);
            gone.push(other);
            assert!(world.does(Task::Forget { recording: erased.id }).await?);
        }
        gone.push(erased);
        assert_folder(&world, &left, &gone).await?;
        if done || left.len() < 2 {
            break;
        }
        point += 2;
    }
    println!("the last interruption was after {point} requests");
    Ok(())
}

#[tokio::test]
async fn an_erasure_waits_for_a_folder_that_is_being_built() -> anyhow::Result<()> {
    let (world, inside) = a_day("forget-building", 2).await?;
    let delivery_folder = scheduled("2026-11-24");
    assert!(world.does(Task::Plan { delivery_folder }).await?);
    assert!(world.does(Task::Copy { delivery_folder, chunk: 0 }).await?);
    assert_eq!(world.delivery_folders().await?[0].progress, Progress::Building);
    let forget = Task::Forget { recording: inside[0].id };
    assert!(world.does(forget).await?, "it is sent again, and is no dead letter");
    let waiting = world.app.queue.client.get_queue_attributes().queue_url(&world.app.queue.url);
    let name = aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessagesDelayed;
    let waiting = waiting.attribute_names(name.clone()).send().await?;
    assert_eq!(waiting.attributes().and_then(|all| all.get(&name)).map(String::as_str), Some("1"));
    world.works().await?;
    assert!(world.delivery_folders().await?[0].is_complete());
    assert!(world.does(forget).await?);
    assert_eq!(verified(&world.files().await?, "2026-11-24"), expected(&inside[1..]));
    Ok(())
}
