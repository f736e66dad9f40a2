//! Changes of the retention: previewed, confirmed, and applied recording by recording.

use chrono::{DateTime, TimeDelta, Utc};
use domain::recording::Recording;
use serde_json::{Value, json};
use tests::{
    call::now,
    recording::{recording, register},
    retention_jobs::{KARIN, World, days_later},
    service::OPERATOR,
};

async fn add_on(world: &World, has: bool) -> anyhow::Result<()> {
    let provision = provision::router(provision::App {
        table: world.table().clone(),
        imports: tests::queue::untold(),
        now,
    });
    let body = json!({ "name": "Demo", "baseService": true, "storageAddOn": has });
    OPERATOR.put(&provision, "/v1/organisations/demo", &body).await?.done()?;
    Ok(())
}

async fn preview(world: &World, days: u16, at: fn() -> DateTime<Utc>) -> anyhow::Result<Value> {
    Ok(KARIN
        .post(&world.retention(at), "/v1/retention", &json!({ "days": days, "reason": "policy 7" }))
        .await?
        .done()?
        .body)
}

/// Previews and confirms the change, and returns its id. No page is processed.
async fn order(world: &World, days: u16, at: fn() -> DateTime<Utc>) -> anyhow::Result<String> {
    let change = preview(world, days, at).await?;
    let id = change["id"].as_str().unwrap_or_default().to_owned();
    let confirmation = json!({ "recordings": change["recordings"] });
    let confirmed = KARIN
        .post(&world.retention(at), &format!("/v1/retention/{id}/confirm"), &confirmation)
        .await?
        .done()?
        .body;
    anyhow::ensure!(confirmed["state"] == "moving", "{confirmed}");
    Ok(id)
}

/// Confirms the change and processes all its pages.
async fn change(world: &World, days: u16, at: fn() -> DateTime<Utc>) -> anyhow::Result<Value> {
    let id = order(world, days, at).await?;
    assert!(world.tell("retention", &id, at).await?);
    world.work(at).await?;
    Ok(KARIN.get(&world.retention(at), &format!("/v1/retention/{id}")).await?.done()?.body)
}

/// The recording's expiry.
async fn day(world: &World, of: &Recording) -> anyhow::Result<DateTime<Utc>> {
    let found = world.table().retention().seen(&of.organisation, &[of.id]).await?;
    Ok(found.first().map(|seen| seen.retained.day).unwrap_or_default())
}

#[tokio::test]
async fn a_backdated_call_does_not_end_with_fewer_days() -> anyhow::Result<()> {
    let world = World::new("retain-backdated").await?;
    add_on(&world, true).await?;
    let begun = recording("demo", "anna", "call", now() - TimeDelta::days(200));
    let begins_at = now() - TimeDelta::days(7);
    let expires_at = begins_at + TimeDelta::days(180);
    let backdated = Recording { registered_at: now(), expires_at, ..begun };
    register(world.table(), &backdated).await?;
    change(&world, 365, now).await?;
    assert_eq!(day(&world, &backdated).await?, begins_at + TimeDelta::days(365));
    assert_eq!(preview(&world, 180, now).await?["ending"], 0);
    change(&world, 180, now).await?;
    assert_eq!(day(&world, &backdated).await?, begins_at + TimeDelta::days(180));
    Ok(())
}

#[tokio::test]
async fn more_days_move_every_expiry_and_fewer_end_older_recordings() -> anyhow::Result<()> {
    let world = World::new("retain-both").await?;
    add_on(&world, true).await?;
    let mut recordings = Vec::new();
    for number in 0..200 {
        let of = recording(
            "demo",
            "anna",
            &format!("call-{number}"),
            now() - TimeDelta::days(number % 100),
        );
        register(world.table(), &of).await?;
        recordings.push(of);
    }
    let longer = change(&world, 365, now).await?;
    assert_eq!(
        (&longer["state"], &longer["moved"], &longer["ending"]),
        (&json!("done"), &json!(200), &json!(0)),
        "{longer}"
    );
    for of in &recordings {
        assert_eq!(day(&world, of).await?, of.started_at + TimeDelta::days(365));
    }
    let late = || days_later(130);
    let seen = preview(&world, 180, late).await?;
    let ending =
        recordings.iter().filter(|of| of.started_at + TimeDelta::days(180) <= late()).count();
    assert_eq!(
        (&seen["recordings"], &seen["ending"], &seen["exact"]),
        (&json!(200), &json!(ending), &json!(true)),
        "{seen}"
    );
    assert_eq!(
        day(&world, &recordings[0]).await?,
        recordings[0].started_at + TimeDelta::days(365),
        "a preview changes nothing"
    );
    change(&world, 180, late).await?;
    for of in &recordings {
        assert_eq!(
            day(&world, of).await?,
            (of.started_at + TimeDelta::days(180)).max(late()),
            "{}",
            of.started_at
        );
    }
    let shown = KARIN.get(&world.retention(late), "/v1/retention").await?.done()?.body;
    assert_eq!((&shown["days"], &shown["storageAddOn"]), (&json!(180), &json!(true)));
    Ok(())
}

#[tokio::test]
async fn new_calls_use_the_new_retention_at_once() -> anyhow::Result<()> {
    let world = World::new("retain-new").await?;
    add_on(&world, true).await?;
    order(&world, 400, now).await?;
    let upload = upload::router(upload::App {
        table: world.table().clone(),
        objects: tests::bucket::unreached(),
        now,
    });
    let anna = tests::request::As { organisation: "demo", user: "anna" };
    let call = tests::call::call("call-1", "audio/wav", &tests::call::silence(1));
    let registered = anna.post(&upload, "/v1/recordings", &call).await?.done()?.body;
    assert_eq!(
        registered["recording"]["expiresAt"],
        json!(now() - TimeDelta::hours(1) + TimeDelta::days(400))
    );
    Ok(())
}

#[tokio::test]
async fn holds_and_grace_periods_are_never_shortened() -> anyhow::Result<()> {
    let world = World::new("retain-held").await?;
    add_on(&world, true).await?;
    let (held, lifted) =
        (world.stored("anna", "held", now()).await?, world.stored("anna", "lifted", now()).await?);
    change(&world, 300, now).await?;
    world.holds(json!({ "recordings": [held.id] })).await?;
    let hold = world.holds(json!({ "recordings": [lifted.id] })).await?;
    let late = || days_later(400);
    KARIN
        .delete(&world.retention(late), &format!("/v1/holds/{hold}?reason=klart"))
        .await?
        .done()?;
    world.work(late).await?;
    assert_eq!(day(&world, &lifted).await?, days_later(407));
    let seen = preview(&world, 180, late).await?;
    assert_eq!((&seen["recordings"], &seen["ending"]), (&json!(2), &json!(0)), "{seen}");
    change(&world, 180, late).await?;
    assert_eq!(day(&world, &lifted).await?, days_later(407), "the grace was promised");
    assert!(
        world
            .table()
            .recordings()
            .get(&held.organisation, held.id, days_later(9000))
            .await?
            .is_some()
    );
    assert_eq!(world.item(&held).await?.get("expires_at"), None);
    Ok(())
}

#[tokio::test]
async fn an_expired_recording_does_not_return() -> anyhow::Result<()> {
    let world = World::new("retain-ended").await?;
    add_on(&world, true).await?;
    let ended = world.stored("anna", "ended", now() - TimeDelta::days(180)).await?;
    change(&world, 3650, now).await?;
    assert_eq!(day(&world, &ended).await?, ended.expires_at);
    assert!(world.table().recordings().get(&ended.organisation, ended.id, now()).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn an_overtaken_change_leaves_the_rest_to_the_newer_one() -> anyhow::Result<()> {
    let world = World::new("retain-overtaken").await?;
    add_on(&world, true).await?;
    let recordings = world.many("anna", 120).await?;
    let first = order(&world, 400, now).await?;
    assert!(world.tell("retention", &first, now).await?, "a page");
    let second = order(&world, 300, now).await?;
    world.work(now).await?; // the first job continues
    let shown =
        KARIN.get(&world.retention(now), &format!("/v1/retention/{first}")).await?.done()?.body;
    assert_eq!(shown["state"], json!("overtaken"), "{shown}");
    assert!(world.tell("retention", &second, now).await?);
    world.work(now).await?;
    for of in &recordings {
        assert_eq!(day(&world, of).await?, of.started_at + TimeDelta::days(300));
    }
    Ok(())
}

#[tokio::test]
async fn retention_is_180_to_3650_days_and_more_than_180_need_the_add_on() -> anyhow::Result<()> {
    let world = World::new("retain-refused").await?;
    let router = world.retention(now);
    let ask = async |days: u64| {
        KARIN.post(&router, "/v1/retention", &json!({ "days": days, "reason": "x" })).await
    };
    for (days, says) in
        [(179, "180 to 3650"), (3651, "180 to 3650"), (181, "storage add-on"), (70_000, "days")]
    {
        let answer = ask(days).await?;
        assert_eq!(answer.status, 422, "{days}");
        assert!(answer.body["detail"].as_str().unwrap_or_default().contains(says), "{answer:?}");
    }
    add_on(&world, true).await?;
    let change = ask(3650).await?.done()?.body;
    add_on(&world, false).await?;
    let confirm = format!("/v1/retention/{}/confirm", change["id"].as_str().unwrap_or_default());
    assert_eq!(
        KARIN.post(&router, &confirm, &json!({ "recordings": 0 })).await?.status,
        422,
        "the add-on has ended meanwhile"
    );
    assert_eq!(KARIN.get(&router, "/v1/retention").await?.body["days"], json!(180));
    Ok(())
}

#[tokio::test]
async fn a_preview_is_confirmed_once_with_its_count_within_a_day() -> anyhow::Result<()> {
    let world = World::new("retain-confirm").await?;
    add_on(&world, true).await?;
    world.stored("anna", "call-1", now()).await?;
    let change = preview(&world, 200, now).await?;
    let confirm = format!("/v1/retention/{}/confirm", change["id"].as_str().unwrap_or_default());
    let router = world.retention(now);
    assert_eq!(KARIN.post(&router, &confirm, &json!({ "recordings": 2 })).await?.status, 422);
    assert_eq!(KARIN.post(&router, &confirm, &json!({})).await?.status, 422);
    assert_eq!(
        KARIN
            .post(&world.retention(|| days_later(1)), &confirm, &json!({ "recordings": 1 }))
            .await?
            .status,
        404,
        "it has lapsed"
    );
    assert_eq!(KARIN.post(&router, &confirm, &json!({ "recordings": 1 })).await?.status, 202);
    assert_eq!(
        KARIN.post(&router, &confirm, &json!({ "recordings": 1 })).await?.body["state"],
        json!("moving"),
        "again is harmless"
    );
    Ok(())
}
