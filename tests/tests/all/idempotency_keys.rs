//! An `Idempotency-Key`: its caller, form, duration and cost, and a request cut short by a crash.

use axum::Router;
use chrono::TimeDelta;
use platform::table::key;
use serde_json::json;
use tests::{
    call::now,
    cloud::cloud,
    people::{Person, found, organisation},
    request::As,
    retention_jobs, table,
};

use crate::idempotency::{KARIN, World, creating};

#[tokio::test]
async fn a_key_lasts_for_24_hours_and_belongs_to_its_caller() -> anyhow::Result<()> {
    let world = World::new().await?;
    Person::administrator("klara").joins(&world.table, "demo").await?;
    let hold = json!({ "reason": "tvist", "filter": {} }).to_string();
    let place = async |router: &Router, user| {
        let caller = As { organisation: "demo", user };
        let answer = caller.send_with(
            router,
            "POST",
            "/v1/holds",
            Some(hold.clone()),
            json!({ "idempotency-key": "key-1" }),
        );
        Ok::<_, anyhow::Error>(answer.await?.done()?.body["id"].take())
    };
    let jobs = retention_jobs::jobs(&cloud()?);
    let at = |now| {
        retention_api::router(retention_api::App {
            table: world.table.clone(),
            jobs: jobs.clone(),
            now,
        })
    };
    let first = place(&world.retention, "karin").await?;
    assert_ne!(place(&world.retention, "klara").await?, first);
    assert_eq!(
        place(&at(|| now() + TimeDelta::hours(24) - TimeDelta::seconds(1)), "karin").await?,
        first
    );
    assert_ne!(
        place(&at(|| now() + TimeDelta::hours(24)), "karin").await?,
        first,
        "though the table has not removed it yet"
    );
    Ok(())
}

#[tokio::test]
async fn a_caller_without_the_permission_gets_no_stored_response() -> anyhow::Result<()> {
    let (world, hold) = (World::new().await?, creating().remove(0));
    world.send(&hold, &hold.body, Some("key-1")).await?.done()?;
    Person { administrator: false, ..Person::administrator("karin") }
        .joins(&world.table, "demo")
        .await?;
    assert_eq!(
        world.send(&hold, &hold.body, Some("key-1")).await?.refusal(),
        (403, "not-allowed".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_key_has_at_most_128_visible_characters() -> anyhow::Result<()> {
    let (world, hold) = (World::new().await?, creating().remove(0));
    let long = "x".repeat(129);
    for key in ["", " ", "a b", "nyckel-å", long.as_str()] {
        assert_eq!(
            world.send(&hold, &hold.body, Some(key)).await?.refusal(),
            (422, "invalid".to_owned()),
            "{key}"
        );
    }
    world.send(&hold, &hold.body, Some(&long[1..])).await?.done()?;
    Ok(())
}

/// A crash after the effect. The repeated request returns the response of the first.
#[tokio::test]
async fn a_request_cut_short_by_a_crash_is_answered_without_a_second_effect() -> anyhow::Result<()>
{
    let (cloud, requests) = (cloud()?, tests::requests::Requests::default());
    let table = table::counted(&requests).await?;
    found(&table, "demo").await?;
    Person::administrator("karin").joins(&table, "demo").await?;
    let app = retention_api::App { table: table.clone(), jobs: retention_jobs::jobs(&cloud), now };
    let router = retention_api::router(app);
    let body = json!({ "days": 180, "reason": "policy" }).to_string();
    let headers = || json!({ "idempotency-key": "key-1" });
    let mut ids = Vec::new();
    for crash in 0..8 {
        requests.end_after(Some(crash));
        let _cut_short =
            KARIN.send_with(&router, "POST", "/v1/retention", Some(body.clone()), headers()).await;
        requests.end_after(None);
        let answer = KARIN
            .send_with(&router, "POST", "/v1/retention", Some(body.clone()), headers())
            .await?
            .done()?;
        ids.push(answer.body["id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    Ok(())
}

#[tokio::test]
async fn a_key_adds_one_write_and_no_request() -> anyhow::Result<()> {
    let (cloud, (table, requests)) = (cloud()?, table::empty().await?);
    found(&table, "demo").await?;
    Person::administrator("karin").joins(&table, "demo").await?;
    let router = retention_api::router(retention_api::App {
        table: table.clone(),
        jobs: retention_jobs::jobs(&cloud),
        now,
    });
    let body = json!({ "reason": "tvist", "filter": {} }).to_string();
    let mut made = Vec::new();
    for headers in [json!({}), json!({ "idempotency-key": "key-1" })] {
        requests.take();
        KARIN.send_with(&router, "POST", "/v1/holds", Some(body.clone()), headers).await?.done()?;
        made.push(requests.take());
    }
    assert_eq!(made[0], made[1]);
    let claims = table.client.query().table_name(&table.name).key_condition_expression("pk = :pk");
    let claims = claims.expression_attribute_values(
        ":pk",
        key::claim(&organisation("demo"), "")
            .remove("pk")
            .unwrap_or(aws_sdk_dynamodb::types::AttributeValue::Null(true)),
    );
    assert_eq!(claims.send().await?.items().len(), 1);
    Ok(())
}
