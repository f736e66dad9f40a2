//! Erasures of a person's recordings: previewed, confirmed, carried out; held ones are reported.

use anyhow::Context;
use chrono::TimeDelta;
use domain::{
    counterpart::Counterpart,
    delivery::{Day, folder::DeliveryFolder},
    ids::{OrderId, RecordingId},
    note::Annotation,
    recording::Recording,
};
use platform::table::{
    arrival::{Arrival, Outcome},
    audit::AuditAction,
    commit::Conflict,
    registration::{Over, Registered},
};
use serde_json::{Value, json};
use tests::{
    call::{call, now, with},
    people::organisation,
    recording::{recording, register, registration, store},
    request::As,
    retention_jobs::{KARIN, World, days_later},
};

use crate::expiry::receipts;

async fn preview(world: &World, whose: Value) -> anyhow::Result<Value> {
    let body = tests::call::with(json!({ "reason": "begäran 12" }), whose);
    Ok(KARIN.post(&world.retention(now), "/v1/erasures", &body).await?.done()?.body)
}

async fn confirm(world: &World, erasure: &Value) -> anyhow::Result<()> {
    let path = format!("/v1/erasures/{}/confirm", erasure["id"].as_str().unwrap_or_default());
    KARIN
        .post(&world.retention(now), &path, &json!({ "recordings": erasure["recordings"] }))
        .await?
        .done()?;
    Ok(())
}

async fn shown(world: &World, erasure: &Value) -> anyhow::Result<Value> {
    Ok(KARIN
        .get(
            &world.retention(now),
            &format!("/v1/erasures/{}", erasure["id"].as_str().unwrap_or_default()),
        )
        .await?
        .done()?
        .body)
}

#[tokio::test]
async fn an_erasure_of_a_counterpart_removes_all_recordings_except_held_ones() -> anyhow::Result<()>
{
    let world = World::new("erase-counterpart").await?;
    let mut theirs = Vec::new();
    for number in 0..25 {
        theirs.push(
            world
                .stored(
                    if number % 2 == 0 { "anna" } else { "omar" },
                    &format!("call-{number}"),
                    now() - TimeDelta::hours(number),
                )
                .await?,
        );
    }
    let other = Recording {
        counterpart: Counterpart::from("+46735550101".to_owned()),
        ..recording("demo", "anna", "another", now())
    };
    store(world.table(), &other).await?;
    let annotate = annotate::router(annotate::App { table: world.table().clone(), now });
    let note = Some(json!({ "note": "ring" }).to_string());
    KARIN
        .send_with(
            &annotate,
            "PATCH",
            &format!("/v1/recordings/{}", theirs[3].id),
            note,
            json!({ "if-match": "*" }),
        )
        .await?
        .done()?;
    let hold = world.holds(json!({ "recordings": [theirs[7].id] })).await?;
    let erasure = preview(&world, json!({ "counterpart": "070-123 45 67" })).await?; // as a person writes it
    let stated =
        |shown: &Value| ["state", "recordings", "held", "exact"].map(|name| shown[name].clone());
    assert_eq!(stated(&erasure), [json!("previewed"), json!(25), json!(1), json!(true)]);
    assert_eq!(world.copies(&theirs[0]).await?, 1, "a preview erases nothing");
    confirm(&world, &erasure).await?;
    assert!(world.work(now).await? >= 2, "more than one page");
    let done = shown(&world, &erasure).await?;
    assert_eq!(
        (&done["state"], &done["erased"], &done["left"]),
        (&json!("done"), &json!(24), &json!(1)),
        "{done}"
    );
    assert_eq!(done["leaves"], json!([{ "recording": theirs[7].id, "hold": hold }]));
    assert_eq!(done["about"], json!("…67"));
    for (place, of) in theirs.iter().enumerate() {
        let held = place == 7;
        assert_eq!(
            (world.copies(of).await?, world.is_buried(of).await?),
            (usize::from(held), !held),
            "{place}"
        );
    }
    assert_eq!(world.count("edit").await?, 0);
    assert_eq!((world.usage("anna").await?[0], world.usage("omar").await?[0]), (1, 1));
    let receipts = receipts(&world, AuditAction::Erase).await?;
    assert_eq!(receipts.len(), 24);
    assert!(receipts.iter().all(|receipt| receipt.resource.as_deref() == erasure["id"].as_str()));
    let ends = crate::expiry::receipts(&world, AuditAction::EndErasure).await?;
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].detail.as_deref(), Some(r#"{"about":"…67","erased":24,"left":1}"#));
    // Only the held recording still contains the number.
    let scan = world.table().client.scan().table_name(&world.table().name).send().await?;
    let with_number =
        scan.items().iter().filter(|item| format!("{item:?}").contains("46701234567")).count();
    assert_eq!(with_number, 1, "the held recording");
    Ok(())
}

/// A conference that was registered a moment ago: `index` has not written the posting of its
/// participant yet. The audit log has the registration.
#[tokio::test]
async fn an_erasure_includes_what_the_indexes_do_not_show_yet() -> anyhow::Result<()> {
    let world = World::new("erase-lag").await?;
    let (table, objects) = (world.table().clone(), world.stores.objects.clone());
    let router = upload::router(upload::App { table, objects, now });
    let anna = As { organisation: "demo", user: "anna" };
    let registers = async |id: &str, participant: &str| {
        let conference =
            with(call(id, "audio/wav", b"a"), json!({ "participants": [participant] }));
        let shown = anna.post(&router, "/v1/recordings", &conference).await?.done()?.body;
        shown["recording"]["id"].as_str().map(str::to_owned).context("a recording")
    };
    let theirs = registers("theirs", "+46735550102").await?;
    let others = registers("others", "+46735550103").await?;
    let erasure = preview(&world, json!({ "counterpart": "+46735550102" })).await?;
    confirm(&world, &erasure).await?;
    world.work(now).await?;
    assert_eq!(shown(&world, &erasure).await?["erased"], 1);
    let ids = [theirs, others].map(RecordingId::try_from);
    let [theirs, others] = ids;
    let (demo, table) = (organisation("demo"), world.table());
    let buried = table.tombstones().buried(&demo, &[theirs?, others?]).await?;
    assert_eq!(buried.len(), 1);
    Ok(())
}

/// A page that has failed comes again minutes later, when the log's period has moved on. A held
/// recording is in the log and in the index, and is reported once.
#[tokio::test]
async fn an_erasure_continues_in_the_log_however_late_and_reports_a_held_one_once()
-> anyhow::Result<()> {
    let world = World::new("erase-log").await?;
    let (table, objects) = (world.table().clone(), world.stores.objects.clone());
    let router = upload::router(upload::App { table, objects, now });
    let anna = As { organisation: "demo", user: "anna" };
    let mut held = Value::Null;
    for number in 0..45 {
        let sent = call(&format!("call-{number}"), "audio/wav", format!("{number}").as_bytes());
        let shown = anna.post(&router, "/v1/recordings", &sent).await?.done()?.body;
        held = shown["recording"]["id"].clone();
    }
    world.holds(json!({ "recordings": [held] })).await?;
    let erasure = preview(&world, json!({ "user": "anna" })).await?;
    confirm(&world, &erasure).await?;
    let id = erasure["id"].as_str().unwrap_or_default();
    assert!(world.tell("erasure", id, now).await?);
    world.work(|| now() + TimeDelta::minutes(20)).await?;
    let done = shown(&world, &erasure).await?;
    assert_eq!(
        (&done["state"], &done["erased"], &done["left"]),
        (&json!("done"), &json!(44), &json!(1))
    );
    Ok(())
}

/// Two calls of a delivery folder, one of them late from another day, and one call of no folder.
/// The folder receives a task for each of its own, as long as it exists.
#[tokio::test]
async fn an_erasure_removes_recordings_from_delivery_folders() -> anyhow::Result<()> {
    for exists in [true, false] {
        let world = World::new(&format!("erase-folder-{exists}")).await?;
        let [own, late] = [now(), now() - TimeDelta::days(9)];
        let (own, late) = (
            world.stored("anna", "call-1", own).await?,
            world.stored("anna", "call-2", late).await?,
        );
        register(world.table(), &recording("demo", "anna", "call-3", now())).await?;
        let delivery_folder = DeliveryFolder::scheduled(Day::of(own.started_at));
        world.table().folders().begin(&own.organisation, &delivery_folder).await?;
        if !exists {
            world.table().folders().removed(&own.organisation, delivery_folder.name).await?;
        }
        let erasure = preview(&world, json!({ "user": "anna" })).await?;
        confirm(&world, &erasure).await?;
        world.work(now).await?;
        assert_eq!(shown(&world, &erasure).await?["erased"], 3);
        let mut expected: Vec<_> = [own.id, late.id].into_iter().filter(|_| exists).collect();
        expected.sort();
        assert_eq!(world.forgotten().await?, expected);
    }
    Ok(())
}

#[tokio::test]
async fn an_erasure_of_a_user_removes_all_of_theirs_and_nothing_else() -> anyhow::Result<()> {
    let world = World::new("erase-user").await?;
    let (annas, omars) = (
        world.stored("anna", "call-1", now()).await?,
        world.stored("omar", "call-2", now()).await?,
    );
    let erasure = preview(&world, json!({ "user": "anna" })).await?;
    confirm(&world, &erasure).await?;
    world.work(now).await?;
    assert_eq!((world.copies(&annas).await?, world.copies(&omars).await?), (0, 1));
    assert!(world.is_buried(&annas).await?);
    assert_eq!(shown(&world, &erasure).await?["about"], json!("user anna"));
    Ok(())
}

/// The table removes an item that the job has ended before the worker reaches it. `expire` writes
/// the receipt, and the recording is counted once.
#[tokio::test]
async fn a_recording_removed_by_an_erasure_and_the_table_is_counted_once() -> anyhow::Result<()> {
    let world = World::new("erase-race").await?;
    let of = world.stored("anna", "call-1", now()).await?;
    let erasure = preview(&world, json!({ "user": "anna" })).await?;
    confirm(&world, &erasure).await?;
    let id = erasure["id"].as_str().unwrap_or_default();
    world.requests.take();
    world.requests.end_after(Some(5)); // requests: the job, the log, the page, the recordings, their end
    assert!(!world.tell("erasure", id, now).await?);
    world.requests.end_after(None);
    assert!(world.item(&of).await?.contains_key("erased"), "it has ended");
    assert!(
        world.table().recordings().get(&of.organisation, of.id, now()).await?.is_none(),
        "no reader sees it"
    );
    let event = world.expire(&of, days_later(1)).await?.expect("it has ended");
    assert!(world.removals(&event, || days_later(1)).await?);
    world.work(now).await?;
    assert!(world.tell("erasure", id, now).await?);
    assert!(world.removals(&event, || days_later(1)).await?, "a late stream record");
    let done = shown(&world, &erasure).await?;
    assert_eq!((&done["state"], &done["erased"]), (&json!("done"), &json!(1)));
    assert_eq!((world.usage("anna").await?[0], world.copies(&of).await?), (0, 0));
    assert_eq!(
        (
            receipts(&world, AuditAction::Erase).await?.len(),
            receipts(&world, AuditAction::Expire).await?.len()
        ),
        (1, 0)
    );
    Ok(())
}

/// Once an erasure has ended a recording, nothing can be added that its removal would miss.
#[tokio::test]
async fn an_erased_recording_accepts_no_note_audio_or_registration() -> anyhow::Result<()> {
    let world = World::new("erase-late").await?;
    let (noted, expected, rejected) = (
        world.stored("anna", "noted", now()).await?,
        recording("demo", "anna", "expected", now()),
        recording("demo", "anna", "rejected", now()),
    );
    for of in [&expected, &rejected] {
        register(world.table(), of).await?;
    }
    world.table().recordings().reject(&rejected, "no audio").await?;
    let standing =
        world.table().annotations().of_call(&noted.organisation, noted.id, now()).await?;
    let order = OrderId::of(&noted.organisation, "order", now());
    for seen in world
        .table()
        .retention()
        .seen(&noted.organisation, &[noted.id, expected.id, rejected.id])
        .await?
    {
        let mut writes = world.table().writes();
        // One second ahead of the writers that follow, as the clocks of two machines may differ.
        writes.keep(
            &seen,
            &seen.retained.erased(now() + TimeDelta::seconds(1)).expect("it is there"),
            Some(order),
        );
        assert_eq!(writes.commit().await?, Ok(()));
    }
    let note = Annotation { note: Some("ring".to_owned().try_into()?), ..Annotation::default() };
    let event = tests::groups::event("demo", "late");
    assert_eq!(
        world.table().annotations().edit(&standing, &note, None, 180, &event).await?,
        Err(Conflict::EditedMeanwhile)
    );
    let arrival = Arrival {
        organisation: expected.organisation.clone(),
        id: expected.id,
        user: expected.user.clone(),
        audio: expected.audio.clone(),
    };
    let stored =
        world.table().recordings().store(&arrival, &expected.duration.into(), now()).await?;
    assert!(matches!(stored, Outcome::Erased), "{stored:?}");
    let anew =
        world.table().recordings().register(&rejected, Over::Rejected, &registration()).await?;
    assert!(matches!(anew, Registered::Erased), "{anew:?}");
    assert_eq!(world.usage("anna").await?[0], 1);
    Ok(())
}

#[tokio::test]
async fn an_invalid_erasure_is_refused() -> anyhow::Result<()> {
    let world = World::new("erase-refused").await?;
    let router = world.retention(now);
    for body in [
        json!({ "reason": "x" }),
        json!({ "reason": "x", "user": "anna", "counterpart": "+46701234567" }),
        json!({ "reason": "x", "counterpart": "withheld" }),
        json!({ "reason": "x", "counterpart": "" }),
        json!({ "user": "anna" }),
    ] {
        assert_eq!(
            KARIN.post(&router, "/v1/erasures", &body).await?.refusal(),
            (422, "invalid".to_owned()),
            "{body}"
        );
    }
    let of = world.stored("anna", "call-1", now()).await?;
    let erasure = preview(&world, json!({ "user": "anna" })).await?;
    let path = format!("/v1/erasures/{}/confirm", erasure["id"].as_str().unwrap_or_default());
    assert_eq!(
        KARIN.post(&router, &path, &json!({ "recordings": 2 })).await?.status,
        422,
        "another count"
    );
    assert_eq!(
        KARIN
            .post(&world.retention(|| days_later(1)), &path, &json!({ "recordings": 1 }))
            .await?
            .status,
        404,
        "it has lapsed"
    );
    world.work(now).await?;
    assert_eq!(world.copies(&of).await?, 1);
    Ok(())
}
