//! Ingest of good and bad events: in one batch, repeated in any order, and after a crash.

use domain::recording::State;
use platform::objects;
use serde_json::json;
use tests::{call::silence, event::created};

use crate::ingest::{failed, keys, promised, put_by_link, state, take_in, usage, world};

#[tokio::test]
async fn only_the_bad_message_is_retried() -> anyhow::Result<()> {
    let world = world("only-the-bad").await?;
    let wav = silence(1);
    let recording = promised(&world, "call-1", "audio/wav", &wav).await?;
    put_by_link(&world.app.objects, &recording, &wav).await?;
    let good = created(&objects::key(&recording.organisation, recording.id));
    let test = json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-11-24T12:00:00.000Z",
        "Bucket": "b",
    })
    .to_string();
    let gone = created(&objects::key(
        &recording.organisation,
        domain::ids::RecordingId::from_bytes([9; 16]),
    ));
    let bodies = [
        "{".to_owned(),
        good,
        test,
        "{}".to_owned(),
        gone,
        json!({ "Event": "s3:Other" }).to_string(),
    ];
    let answer = take_in(&world.app, &bodies).await?;
    assert_eq!(failed(&answer), ["message-0", "message-3", "message-5"]);
    assert!(matches!(state(&world.app, &recording).await?, Some(State::Stored { .. })));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_shuffled_events_of_200_recordings_leave_exact_usage() -> anyhow::Result<()> {
    let world = world("a-thousand").await?;
    let mut bytes = 0;
    let mut recordings = Vec::new();
    for number in 0..200_u32 {
        let wav = silence(1 + number % 3);
        let recording = promised(&world, &format!("call-{number}"), "audio/wav", &wav).await?;
        assert_eq!(put_by_link(&world.app.objects, &recording, &wav).await?, 200);
        bytes += wav.len() as u64;
        recordings.push(recording);
    }
    // Five events of each, far from sorted: 7 919 is prime, so every index occurs once.
    let events: Vec<String> = (0..1000_usize)
        .map(|place| &recordings[(place * 7919 % 1000) / 5])
        .map(|recording| created(&objects::key(&recording.organisation, recording.id)))
        .collect();
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let app = world.app.clone();
            let mine: Vec<String> = events.iter().skip(worker).step_by(8).cloned().collect();
            tokio::spawn(async move {
                for batch in mine.chunks(10) {
                    let answer = take_in(&app, batch).await?;
                    anyhow::ensure!(failed(&answer).is_empty(), "{answer:?}");
                }
                Ok(())
            })
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    for recording in &recordings {
        assert!(
            matches!(state(&world.app, recording).await?, Some(State::Stored { .. })),
            "{}",
            recording.id
        );
    }
    assert_eq!(usage(&world.app.table, "anna").await?, (200, bytes));
    assert_eq!(keys(&world.app.objects).await?.len(), 200);
    Ok(())
}

#[tokio::test]
async fn a_rejection_ends_right_after_a_crash_at_any_step() -> anyhow::Result<()> {
    let world = world("crash").await?;
    for step in 0..3 {
        let text = format!("no audio, {step}");
        let recording =
            promised(&world, &format!("call-{step}"), "audio/wav", text.as_bytes()).await?;
        put_by_link(&world.app.objects, &recording, text.as_bytes()).await?;
        let key = objects::key(&recording.organisation, recording.id);
        // The result of a run cut short at this step: nothing, the copy, or the copy and rejection.
        if step >= 1 {
            let copy = world
                .app
                .objects
                .client
                .copy_object()
                .bucket(&world.app.quarantine.name)
                .key(objects::set_aside(&key, recording.audio.sha256));
            copy.copy_source(format!("{}/{key}", world.app.objects.name)).send().await?;
        }
        if step >= 2 {
            world.app.table.recordings().reject(&recording, "an earlier run").await?;
        }
        for _ in 0..2 {
            let answer = take_in(&world.app, &[created(&key)]).await?;
            assert_eq!(failed(&answer), Vec::<&str>::new(), "step {step}");
        }
        assert!(
            matches!(state(&world.app, &recording).await?, Some(State::Rejected { .. })),
            "step {step}"
        );
        assert!(keys(&world.app.objects).await?.is_empty(), "step {step}");
        let retained = keys(&world.app.quarantine).await?;
        assert_eq!(
            retained.iter().filter(|retained| retained.starts_with(&key)).count(),
            1,
            "step {step}"
        );
    }
    Ok(())
}
