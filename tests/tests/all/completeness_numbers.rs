//! The phones' sequence numbers: a number that has not come although a later one has is a missing
//! call, and nothing else is.

use anyhow::Context;
use chrono::TimeDelta;
use domain::{completeness::sequence::Sequence, recording::Sha256};
use platform::clock;
use serde_json::{Value, json};
use tests::{
    call::{silence, with},
    reconciliation::{call, yesterday},
    recording::register,
    retention_jobs::{KARIN, World},
};

use crate::completeness::{ANNA, arrives, calls, day, line, reports, totals};

/// Without reports, a number that a phone has skipped is a missing call, until it comes.
#[tokio::test]
async fn a_gap_in_the_numbers_of_a_phone_shows_missing_calls_until_they_come() -> anyhow::Result<()>
{
    let world = World::new("completeness-gaps").await?;
    let numbered = |number: u64| {
        let mut call = call(&format!("call-{number}"), yesterday(number as i64));
        let device = "phone-1".to_owned().try_into().expect("a device");
        call.leg.sequence = Some(Sequence { device, number });
        call
    };
    for number in [1, 2, 5] {
        register(world.table(), &numbered(number)).await?;
    }
    assert!(world.reconciles_at(clock::now).await?);
    let found = calls(&world, day(), "&state=missing").await?;
    assert_eq!(found.len(), 1);
    let gap = &found[0];
    assert_eq!(
        (&gap["calls"], &gap["reason"], &gap["deviceId"], &gap["callId"]),
        (&2.into(), &"sequence-gap".into(), &"phone-1".into(), &Value::Null)
    );
    assert_eq!(totals(&world, day()).await?["missing"], 2);

    let router = world.completeness(clock::now);
    let id = gap["id"].as_str().context("a gap has an id")?;
    let path = format!("/v1/completeness/{}/calls/{id}/explanation", day());
    KARIN.put(&router, &path, &json!({ "text": "two test calls" })).await?.done()?;
    assert!(world.reconciles_at(|| clock::now() + TimeDelta::milliseconds(500)).await?);
    let explained = totals(&world, day()).await?;
    assert_eq!((&explained["missing"], &explained["explained"]), (&2.into(), &2.into()));

    for number in [3, 4] {
        register(world.table(), &numbered(number)).await?;
    }
    assert!(world.reconciles_at(|| clock::now() + TimeDelta::seconds(1)).await?);
    let totals = totals(&world, day()).await?;
    assert_eq!((&totals["missing"], &totals["calls"]), (&0.into(), &5.into()));
    Ok(())
}

/// On a day with reports, the switch knows of every call, so the phones' numbers show nothing more.
#[tokio::test]
async fn a_gap_counts_only_on_a_day_without_reports() -> anyhow::Result<()> {
    let world = World::new("completeness-gaps-reported").await?;
    for number in [1, 3] {
        let mut call = call(&format!("call-{number}"), yesterday(number as i64));
        let device = "phone-1".to_owned().try_into().expect("a device");
        call.leg.sequence = Some(Sequence { device, number });
        register(world.table(), &call).await?;
        reports(&world, &[line(&call)]).await?;
    }
    assert!(world.reconciles_at(clock::now).await?);
    assert_eq!(totals(&world, day()).await?["missing"], 0);
    Ok(())
}

/// A refused call uses up its number, and leaves no gap.
#[tokio::test]
async fn a_refused_call_leaves_no_gap() -> anyhow::Result<()> {
    let world = World::new("completeness-refused").await?;
    let (table, objects) = (world.table().clone(), world.stores.objects.clone());
    let router = upload::router(upload::App { table, objects, now: clock::now });
    for (number, length) in [(1, 44), (2, 0), (3, 45)] {
        let sent = with(
            tests::call::call(&format!("call-{number}"), "audio/wav", &silence(1)),
            json!({
                "startedAt": yesterday(number),
                "contentLength": length,
                "deviceId": "phone-1",
                "sequence": number,
            }),
        );
        let answer = ANNA.post(&router, "/v1/recordings", &sent).await?;
        assert_eq!(answer.status.as_u16(), if length == 0 { 422 } else { 201 }, "{answer:?}");
    }
    assert!(world.reconciles_at(clock::now).await?);
    assert_eq!(totals(&world, day()).await?["missing"], 0);
    Ok(())
}

/// A call of a closed day, and one that a new installation registers again, use up their numbers.
#[tokio::test]
async fn a_call_that_is_registered_late_or_again_leaves_no_gap() -> anyhow::Result<()> {
    let world = World::new("completeness-registered-late").await?;
    let (table, objects) = (world.table().clone(), world.stores.objects.clone());
    let router = upload::router(upload::App { table, objects, now: clock::now });
    let (audio, closed) = (silence(1), day().earlier(9).begins_at());
    for (id, device, number, started_at) in [
        ("of-a-closed-day", "phone-1", 1, closed),
        ("first", "phone-1", 2, yesterday(1)),
        ("first-again", "phone-2", 1, yesterday(1)),
        ("second", "phone-2", 2, yesterday(2)),
    ] {
        let call = tests::call::call(id, "audio/wav", &audio);
        let sent = json!({ "startedAt": started_at, "deviceId": device, "sequence": number });
        let answer = ANNA.post(&router, "/v1/recordings", &with(call, sent)).await?;
        let expected = if id == "first-again" { 200 } else { 201 };
        assert_eq!(answer.status.as_u16(), expected, "{id}: {answer:?}");
    }
    for _ in 0..2 {
        assert!(world.reconciles_at(clock::now).await?);
        let totals = totals(&world, day()).await?;
        assert_eq!((&totals["missing"], &totals["calls"]), (&0.into(), &2.into()));
    }
    Ok(())
}

/// A call that is erased before its first night uses up its number.
#[tokio::test]
async fn an_erased_call_leaves_no_gap() -> anyhow::Result<()> {
    let world = World::new("completeness-erased-gap").await?;
    for number in 1..=3_u64 {
        let mut call = call(&format!("call-{number}"), yesterday(number as i64));
        let device = "phone-1".to_owned().try_into().expect("a device");
        call.leg.sequence = Some(Sequence { device, number });
        call.audio.sha256 = Sha256::of(call.call.to_string().as_bytes());
        if number == 2 {
            call.counterpart = "+46709876543".to_owned().into();
        }
        register(world.table(), &call).await?;
        arrives(&world, &call, None).await?;
    }
    let router = world.retention(clock::now);
    let order = json!({ "counterpart": "+46709876543", "reason": "the person asked" });
    let erasure = KARIN.post(&router, "/v1/erasures", &order).await?.done()?.body;
    let id = erasure["id"].as_str().unwrap_or_default();
    let confirmed = json!({ "recordings": erasure["recordings"] });
    KARIN.post(&router, &format!("/v1/erasures/{id}/confirm"), &confirmed).await?.done()?;
    for _ in 0..6 {
        world.tell("erasure", id, clock::now).await?;
    }
    assert!(world.reconciles_at(clock::now).await?);
    let totals = totals(&world, day()).await?;
    assert_eq!((&totals["missing"], &totals["stored"]), (&0.into(), &2.into()));
    Ok(())
}
