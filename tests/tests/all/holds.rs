//! Legal holds: placed, listed and lifted, and the recordings that they protect from expiry.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::recording::Recording;
use platform::table::key;
use serde_json::{Value, json};
use tests::{
    call::now,
    people::{Person, found, organisation},
    recording::{recording, register},
    request::As,
    retention_jobs::{KARIN, World, days_later},
};

fn ids<'a>(recordings: impl IntoIterator<Item = &'a Recording>) -> Value {
    recordings.into_iter().map(|recording| recording.id.to_string()).collect()
}

async fn shown(world: &World, hold: &str) -> anyhow::Result<Value> {
    Ok(KARIN.get(&world.retention(now), &format!("/v1/holds/{hold}")).await?.done()?.body)
}

async fn lift(world: &World, hold: &str, at: fn() -> DateTime<Utc>) -> anyhow::Result<()> {
    KARIN
        .delete(&world.retention(at), &format!("/v1/holds/{hold}?reason=f%C3%B6rlikt"))
        .await?
        .done()?;
    world.work(at).await?;
    Ok(())
}

/// Whether a reader finds the recording at a time.
async fn exists(world: &World, of: &Recording, at: DateTime<Utc>) -> anyhow::Result<bool> {
    Ok(world.table().recordings().get(&of.organisation, of.id, at).await?.is_some())
}

#[tokio::test]
async fn a_held_recording_does_not_expire_until_the_last_hold_is_lifted() -> anyhow::Result<()> {
    let world = World::new("hold-two").await?;
    let of = world.stored("anna", "call-1", now()).await?;
    let first = world.holds(json!({ "recordings": ids([&of]) })).await?;
    let second = world.holds(json!({ "filter": { "user": "anna" } })).await?;
    for hold in [&first, &second] {
        let shown = shown(&world, hold).await?;
        assert_eq!(
            (&shown["hold"]["state"], &shown["hold"]["recordings"]),
            (&json!("held"), &json!(1)),
            "{shown}"
        );
        assert_eq!(shown["recordings"][0]["recording"], json!(of.id.to_string()));
        assert_eq!(
            (&shown["hold"]["by"], &shown["hold"]["reason"]),
            (&json!("user:karin"), &json!("tvist 4411"))
        );
    }
    let item = world.item(&of).await?;
    assert!(
        !item.contains_key("expires_at") && item.contains_key("held") && item.contains_key("until"),
        "{item:?}"
    );
    assert!(
        world.expire(&of, days_later(5000)).await?.is_none(),
        "the table has nothing to remove it by"
    );
    assert!(exists(&world, &of, days_later(5000)).await?);
    lift(&world, &first, || days_later(300)).await?;
    assert!(exists(&world, &of, days_later(5000)).await?);
    lift(&world, &second, || days_later(300)).await?;
    assert!(
        exists(&world, &of, days_later(307) - TimeDelta::seconds(1)).await?,
        "seven days' grace"
    );
    assert!(!exists(&world, &of, days_later(307)).await?);
    let lifted = shown(&world, &second).await?;
    assert_eq!(
        (&lifted["hold"]["state"], &lifted["hold"]["lifted"]["reason"]),
        (&json!("lifted"), &json!("förlikt"))
    );
    assert!(world.expire(&of, days_later(307)).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_hold_lifted_before_the_expiry_leaves_it_unchanged() -> anyhow::Result<()> {
    let world = World::new("hold-short").await?;
    let of = world.stored("anna", "call-1", now()).await?;
    let day = world.item(&of).await?["expires_at"].clone();
    let hold = world.holds(json!({ "recordings": ids([&of]) })).await?;
    assert_eq!(world.item(&of).await?.get("until"), Some(&day));
    lift(&world, &hold, || days_later(3)).await?;
    let item = world.item(&of).await?;
    assert_eq!(item.get("expires_at"), Some(&day));
    assert!(
        ["held", "until", "holds", "grace"].iter().all(|name| !item.contains_key(*name)),
        "{item:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_hold_by_filter_includes_every_page_and_no_other_recording() -> anyhow::Result<()> {
    let world = World::new("hold-search").await?;
    let annas = world.many("anna", 120).await?;
    world.many("omar", 10).await?;
    let later = Recording {
        registered_at: now() + TimeDelta::seconds(1),
        ..recording("demo", "anna", "later", now())
    };
    register(world.table(), &later).await?;
    let body = json!({ "reason": "tvist", "filter": { "user": "anna" } });
    let placed = KARIN.post(&world.retention(now), "/v1/holds", &body).await?.done()?.body;
    assert_eq!(placed["state"], json!("placing"));
    let pages = world.work(now).await?;
    assert!(pages >= 3, "{pages} pages");
    let hold = placed["id"].as_str().unwrap_or_default();
    let mut listed = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = KARIN
            .get(&world.retention(now), &format!("/v1/holds/{hold}?limit=50{cursor}"))
            .await?
            .done()?
            .body;
        assert_eq!(page["hold"]["recordings"], json!(120));
        listed.extend(
            page["recordings"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|row| row["recording"].to_string()),
        );
        let Some(next) = page["cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(listed, annas.iter().map(|of| json!(of.id.to_string()).to_string()).collect());
    assert!(
        !world.item(&later).await?.contains_key("held"),
        "it was registered after the hold was ordered"
    );
    // A repeated message changes nothing, at any time.
    assert!(world.tell("hold", hold, now).await?);
    assert_eq!(shown(&world, hold).await?["hold"]["recordings"], json!(120));
    lift(&world, hold, now).await?;
    for of in &annas {
        assert!(!world.item(of).await?.contains_key("held"), "{}", of.id);
    }
    Ok(())
}

/// `index` has not written the postings of a note yet. The audit log has the edit.
#[tokio::test]
async fn a_hold_includes_what_the_indexes_do_not_show_yet() -> anyhow::Result<()> {
    let world = World::new("hold-lag").await?;
    let mut noted = Vec::new();
    for number in 0..60 {
        noted.push(world.stored("anna", &format!("call-{number}"), now()).await?);
    }
    let other = world.stored("anna", "other", now()).await?;
    let annotate = annotate::router(annotate::App { table: world.table().clone(), now });
    let edit = async |of: &Recording, note: &str| {
        let path = format!("/v1/recordings/{}", of.id);
        let note = Some(json!({ "note": note }).to_string());
        let any = json!({ "if-match": "*" });
        KARIN.send_with(&annotate, "PATCH", &path, note, any).await?.done()
    };
    for of in &noted {
        edit(of, "en offert").await?;
    }
    for note in ["en offert", "ingenting"] {
        edit(&other, note).await?;
    }
    let hold = world.holds(json!({ "filter": { "note": "offert" } })).await?;
    assert_eq!(shown(&world, &hold).await?["hold"]["recordings"], json!(60));
    for of in &noted {
        assert!(world.item(of).await?.contains_key("held"), "{}", of.id);
    }
    assert!(!world.item(&other).await?.contains_key("held"), "its note has changed");
    Ok(())
}

#[tokio::test]
async fn a_hold_by_name_includes_the_calls_of_everyone_with_that_name() -> anyhow::Result<()> {
    let world = World::new("hold-name").await?;
    for number in 0..150 {
        let name = format!("berit-{number:03}");
        let mut item = key::user(&organisation("demo"), &tests::people::user(&name));
        for (attribute, text) in
            [("name", name.clone()), ("at", format!("{name}#{name}")), ("found_by", name.clone())]
        {
            item.insert(attribute.to_owned(), AttributeValue::S(text));
        }
        world
            .table()
            .client
            .put_item()
            .table_name(&world.table().name)
            .set_item(Some(item))
            .send()
            .await?;
        register(world.table(), &recording("demo", &name, &format!("call-{number}"), now()))
            .await?;
    }
    register(world.table(), &recording("demo", "anna", "call-of-anna", now())).await?;
    let hold = world.holds(json!({ "filter": { "name": "Berit" } })).await?;
    assert_eq!(shown(&world, &hold).await?["hold"]["recordings"], json!(150));
    Ok(())
}

#[tokio::test]
async fn a_hold_lifted_during_placement_leaves_nothing_held() -> anyhow::Result<()> {
    let world = World::new("hold-halfway").await?;
    world.many("anna", 60).await?;
    let body = json!({ "reason": "tvist", "filter": {} });
    let hold = KARIN.post(&world.retention(now), "/v1/holds", &body).await?.done()?.body;
    let hold = hold["id"].as_str().unwrap_or_default();
    assert!(world.tell("hold", hold, now).await?, "a page");
    assert_eq!(shown(&world, hold).await?["hold"]["recordings"], json!(48));
    lift(&world, hold, now).await?;
    assert_eq!(shown(&world, hold).await?["hold"]["state"], json!("lifted"));
    let (found, _) = world
        .table()
        .retention()
        .seen_by_id(&tests::people::organisation("demo"), None, 100)
        .await?;
    assert_eq!((found.len(), found.iter().filter(|seen| seen.retained.is_held()).count()), (60, 0));
    Ok(())
}

#[tokio::test]
async fn a_held_rejected_call_can_be_registered_again_and_remains_held() -> anyhow::Result<()> {
    let world = World::new("hold-rejected").await?;
    let of = recording("demo", "anna", "call-1", now() - TimeDelta::hours(1));
    register(world.table(), &of).await?;
    world.table().recordings().reject(&of, "no audio").await?;
    world.holds(json!({ "recordings": ids([&of]) })).await?;
    let upload = upload::router(upload::App {
        table: world.table().clone(),
        objects: tests::bucket::unreached(),
        now,
    });
    let anna = As { organisation: "demo", user: "anna" };
    let call = tests::call::with(
        tests::call::call("call-1", "audio/wav", &tests::call::silence(1)),
        json!({ "direction": "out" }),
    );
    let anew = anna.post(&upload, "/v1/recordings", &call).await?.done()?;
    assert_eq!(
        (&anew.body["recording"]["state"], anew.body["recording"]["heldSince"].is_null()),
        (&json!("expected"), false),
        "{anew:?}"
    );
    assert!(!world.item(&of).await?.contains_key("expires_at"), "or the table would remove it");
    Ok(())
}

#[tokio::test]
async fn the_annotation_of_a_held_recording_is_held_with_it() -> anyhow::Result<()> {
    let world = World::new("hold-edits").await?;
    let of = world.stored("anna", "call-1", now()).await?;
    let annotate = annotate::router(annotate::App { table: world.table().clone(), now });
    let edit = async |note: &str| {
        let note = json!({ "note": note }).to_string();
        KARIN
            .send_with(
                &annotate,
                "PATCH",
                &format!("/v1/recordings/{}", of.id),
                Some(note),
                json!({ "if-match": "*" }),
            )
            .await
    };
    edit("before").await?.done()?;
    world.holds(json!({ "recordings": ids([&of]) })).await?;
    edit("while").await?.done()?;
    let query = world
        .table()
        .client
        .query()
        .table_name(&world.table().name)
        .key_condition_expression("pk = :pk");
    let edits = query
        .expression_attribute_values(
            ":pk",
            aws_sdk_dynamodb::types::AttributeValue::S("demo#edit".to_owned()),
        )
        .send()
        .await?;
    assert_eq!(edits.count(), 2);
    assert!(edits.items().iter().all(|edit| !edit.contains_key("expires_at")));
    Ok(())
}

#[tokio::test]
async fn an_invalid_hold_is_refused_with_an_explanation() -> anyhow::Result<()> {
    let world = World::new("hold-refused").await?;
    let router = world.retention(now);
    let of = world.stored("anna", "call-1", now()).await?;
    let gone = world.stored("anna", "gone", now() - TimeDelta::days(180)).await?;
    let many: Vec<String> = (0..101_u8)
        .map(|number| domain::ids::RecordingId::from_bytes([number; 16]).to_string())
        .collect();
    let cases = [
        (json!({ "reason": "tvist" }), "say which recordings"),
        (json!({ "reason": "tvist", "recordings": [] }), "say which recordings"),
        (json!({ "reason": "tvist", "recordings": many }), "say which recordings"),
        (
            json!({ "reason": "tvist", "recordings": ids([&of]), "filter": {} }),
            "say which recordings",
        ),
        (json!({ "reason": "tvist", "recordings": ids([&of, &gone]) }), "do not exist"),
        (json!({ "reason": " ", "recordings": ids([&of]) }), "at least one letter"),
        (json!({ "recordings": ids([&of]) }), "reason"),
        (json!({ "reason": "tvist", "filter": { "number": "07" } }), "3 to 15 digits"),
        (json!({ "reason": "tvist", "filter": { "colour": "red" } }), "colour"),
    ];
    for (body, says) in cases {
        let answer = KARIN.post(&router, "/v1/holds", &body).await?;
        assert_eq!(answer.status, 422, "{body}");
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(says), "{body}: {detail}");
    }
    let unknown = "0".repeat(26);
    assert_eq!(KARIN.get(&router, &format!("/v1/holds/{unknown}")).await?.status, 404);
    assert_eq!(KARIN.delete(&router, &format!("/v1/holds/{unknown}?reason=x")).await?.status, 404);
    assert_eq!(KARIN.delete(&router, &format!("/v1/holds/{unknown}")).await?.status, 422);
    assert_eq!(world.work(now).await?, 0, "no message was sent");
    Ok(())
}

#[tokio::test]
async fn the_recordings_of_another_organisation_cannot_be_held() -> anyhow::Result<()> {
    let world = World::new("hold-other").await?;
    let of = world.stored("anna", "call-1", now()).await?;
    found(world.table(), "other").await?;
    Person::administrator("lars").joins(world.table(), "other").await?;
    let lars = As { organisation: "other", user: "lars" };
    let router = world.retention(now);
    let answer = lars
        .post(&router, "/v1/holds", &json!({ "reason": "x", "recordings": ids([&of]) }))
        .await?;
    assert_eq!(answer.status, 422);
    let hold = world.holds(json!({ "recordings": ids([&of]) })).await?;
    assert_eq!(lars.get(&router, &format!("/v1/holds/{hold}")).await?.status, 404);
    assert_eq!(lars.delete(&router, &format!("/v1/holds/{hold}?reason=x")).await?.status, 404);
    assert_eq!(lars.get(&router, "/v1/holds").await?.body["holds"], json!([]));
    let all = lars
        .post(&router, "/v1/holds", &json!({ "reason": "x", "filter": {} }))
        .await?
        .done()?
        .body;
    world.work(now).await?;
    let shown = lars
        .get(&router, &format!("/v1/holds/{}", all["id"].as_str().unwrap_or_default()))
        .await?
        .body;
    assert_eq!(shown["hold"]["recordings"], json!(0));
    Ok(())
}

#[tokio::test]
async fn every_view_and_every_decision_is_audited() -> anyhow::Result<()> {
    let world = World::new("hold-audit").await?;
    let of = world.stored("anna", "call-1", now()).await?;
    let hold = world.holds(json!({ "recordings": ids([&of]) })).await?;
    shown(&world, &hold).await?;
    lift(&world, &hold, now).await?;
    let anna = As { organisation: "demo", user: "anna" };
    assert_eq!(anna.get(&world.retention(now), "/v1/holds").await?.status, 403);
    let service = tests::service::Service::empty().await?;
    let service = tests::service::Service { table: world.table().clone(), ..service };
    let mut actions = service.actions("demo").await?;
    actions.sort_unstable();
    let line = |who: &str, action: &str, about: &str, refused: &str| {
        [who, action, about, refused].map(str::to_owned)
    };
    let mut expected = vec![
        line("user:anna", "see-holds", "", "not-allowed"),
        line("user:karin", "lift-hold", &hold, ""),
        line("user:karin", "place-hold", &hold, ""),
        line("user:karin", "see-holds", &hold, ""),
    ];
    expected.sort_unstable();
    assert_eq!(actions, expected);
    Ok(())
}
