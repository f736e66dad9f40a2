//! SFTP keys and repeated deliveries, as an administrator manages them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tests::{
    call::now,
    cloud::cloud,
    contract::Failed,
    people::{Person, found, organisation},
    request::As,
    requests::Requests,
    table,
};

const KEYS: &str = include_str!("../../../functions/delivery-api/keys.txt");

/// The public keys that are accepted.
fn accepted_keys() -> Vec<&'static str> {
    KEYS.lines()
        .filter(|line| line.starts_with("SHA256:"))
        .filter_map(|line| line.split_once(" | "))
        .map(|(_, key)| key)
        .collect()
}

/// An organisation named after the test, so that its user at the shared server is its own.
struct World {
    router: axum::Router,
    app: delivery_api::App,
    requests: Requests,
    name: &'static str,
}

impl World {
    async fn new(name: &'static str) -> anyhow::Result<Self> {
        Self::at(name, now).await
    }

    async fn at(name: &'static str, now: fn() -> DateTime<Utc>) -> anyhow::Result<Self> {
        let (cloud, (table, requests)) = (cloud()?, table::empty().await?);
        found(&table, name).await?;
        Person::administrator("karin").joins(&table, name).await?;
        let app = delivery_api::App { table, queue: cloud.drop_queue(), server: cloud.sftp(), now };
        Ok(Self { router: delivery_api::router(app.clone()), app, requests, name })
    }

    fn karin(&self) -> As<'_> {
        As { organisation: self.name, user: "karin" }
    }

    async fn add(&self, key: &str) -> anyhow::Result<tests::request::Answer> {
        self.karin().post(&self.router, "/v1/sftp/keys", &json!({ "key": key })).await
    }

    /// The organisation's keys at the server.
    async fn server_keys(&self) -> anyhow::Result<Vec<String>> {
        let describe = self.app.server.client.describe_user().server_id(&self.app.server.id);
        let user = describe.user_name(format!("org-{}", self.name)).send().await?.user;
        let keys = user.and_then(|user| user.ssh_public_keys).unwrap_or_default();
        Ok(keys.into_iter().map(|key| key.ssh_public_key_body).collect())
    }

    async fn subscribers(&self) -> anyhow::Result<usize> {
        Ok(self.app.table.sftp().subscribers(None).await?.0.len())
    }
}

#[tokio::test]
async fn a_key_is_added_once_listed_and_revoked_at_once() -> anyhow::Result<()> {
    let world = World::new("added-once").await?;
    assert_eq!(world.subscribers().await?, 0);
    for (number, key) in accepted_keys().into_iter().enumerate() {
        assert_eq!(world.add(key).await?.status, 201);
        assert_eq!(world.add(key).await?.status, 200);
        assert_eq!(world.server_keys().await?.len(), number + 1);
    }
    assert_eq!(world.subscribers().await?, 1);
    let listed = world.karin().get(&world.router, "/v1/sftp/keys").await?.done()?.body;
    assert_eq!(
        (listed["user"].as_str(), listed["keys"].as_array().map(Vec::len)),
        (Some("org-added-once"), Some(accepted_keys().len()))
    );
    for key in listed["keys"].as_array().into_iter().flatten() {
        assert_eq!(
            (key["active"].as_bool(), key["comment"].as_str(), key["addedBy"].as_str()),
            (Some(true), Some("a comment"), Some("user:karin"))
        );
        let path = format!("/v1/sftp/keys/{}", key["id"].as_str().unwrap_or_default());
        assert_eq!(world.karin().delete(&world.router, &path).await?.status, 204);
        assert!(
            !world
                .server_keys()
                .await?
                .iter()
                .any(|taken| Some(taken.as_str()) == key["key"].as_str())
        );
        assert_eq!(
            world.karin().delete(&world.router, &path).await?.refusal(),
            (404, "not-found".to_owned())
        );
    }
    assert_eq!((world.subscribers().await?, world.server_keys().await?.len()), (0, 0));
    Ok(())
}

#[tokio::test]
async fn an_unusable_key_is_refused_with_the_reason_and_changes_nothing() -> anyhow::Result<()> {
    let world = World::new("not-taken").await?;
    let bad = KEYS
        .lines()
        .filter(|line| !line.starts_with(['#', 'S']))
        .filter_map(|line| line.split_once(" | "))
        .map(|(_, key)| key);
    let mut notified = std::collections::BTreeSet::new();
    for key in bad.chain([
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----",
        "no key",
        "",
    ]) {
        let answer = world.add(key).await?;
        assert_eq!(answer.refusal(), (422, "key-refused".to_owned()), "{key}");
        notified.insert(answer.body["detail"].to_string());
    }
    assert!(notified.len() >= 4, "{notified:?}");
    assert!(world.server_keys().await.is_err(), "a user was made");
    Ok(())
}

#[tokio::test]
async fn an_eleventh_key_is_refused() -> anyhow::Result<()> {
    let world = World::new("eleventh").await?;
    let table = &world.app.table;
    for number in 0..10 {
        let fingerprint = format!("SHA256:{number:0>43}");
        let key = platform::table::sftp::Key {
            fingerprint,
            body: String::new(),
            comment: String::new(),
            who: "user:karin".to_owned(),
            added_at: now(),
            imported_at: None,
        };
        table
            .sftp()
            .add(
                &organisation("eleventh"),
                &key,
                &tests::groups::event("eleventh", &number.to_string()),
                None,
            )
            .await??;
    }
    assert_eq!(world.add(accepted_keys()[0]).await?.refusal(), (409, "too-many".to_owned()));
    Ok(())
}

/// A request can stop after any commit. Its repetition completes it; no unlisted key works.
#[tokio::test]
async fn an_interrupted_key_request_is_completed_by_repeating_it() -> anyhow::Result<()> {
    let world = World::new("cut-short").await?;
    let listed =
        async || anyhow::Ok(world.app.table.sftp().all(&organisation("cut-short")).await?.len());
    for point in 0..2 {
        let key = accepted_keys()[point];
        world.requests.cut_short_after(Some(point as u64));
        let failed = world.add(key).await.expect_err("it was interrupted");
        assert!(failed.is::<Failed>(), "{failed:?}");
        world.requests.cut_short_after(None);
        assert!(
            world.server_keys().await.unwrap_or_default().len() <= listed().await?,
            "a key works that is not listed"
        );
        assert!(world.add(key).await?.status.is_success());
        assert_eq!((world.server_keys().await?.len(), listed().await?), (point + 1, point + 1));
    }
    let keys = world.karin().get(&world.router, "/v1/sftp/keys").await?.body;
    let path = format!("/v1/sftp/keys/{}", keys["keys"][0]["id"].as_str().unwrap_or_default());
    world.requests.cut_short_after(Some(0));
    let failed = world.karin().delete(&world.router, &path).await.expect_err("it was interrupted");
    assert!(failed.is::<Failed>(), "{failed:?}");
    world.requests.cut_short_after(None);
    assert_eq!((world.server_keys().await?.len(), listed().await?), (1, 2));
    assert_eq!(world.karin().delete(&world.router, &path).await?.status, 204);
    assert_eq!(
        (world.server_keys().await?.len(), listed().await?, world.subscribers().await?),
        (1, 1, 1)
    );
    Ok(())
}

#[tokio::test]
async fn a_day_is_redelivered_once_it_is_over_and_while_it_is_retained() -> anyhow::Result<()> {
    let world = World::new("again").await?;
    let order = async |day: &str| {
        world.karin().send(&world.router, "POST", &format!("/v1/drops/{day}"), None).await
    };
    assert_eq!(order("2026-11-23").await?.refusal(), (409, "no-sftp".to_owned()));
    world.add(accepted_keys()[0]).await?.done()?;
    assert_eq!(order("2026-11-24").await?.refusal(), (409, "day-not-over".to_owned()));
    assert_eq!(order("2026-05-01").await?.refusal(), (422, "past-retention".to_owned()));
    assert_eq!(order("yesterday").await?.refusal(), (404, "not-found".to_owned()));
    let issued = order("2026-11-23").await?;
    assert_eq!(
        (issued.status.as_u16(), issued.body["folder"].as_str()),
        (202, Some("2026-11-23_2"))
    );
    let gone_at: DateTime<Utc> = issued.body["goneAt"].as_str().unwrap_or_default().parse()?;
    assert!(gone_at - now() >= TimeDelta::days(3));
    assert_eq!(order("2026-11-23").await?.body, issued.body);
    assert_eq!(order("2026-06-01").await?.body["folder"], "2026-06-01_2");
    let drops = world.karin().get(&world.router, "/v1/drops").await?.done()?.body;
    let folders: Vec<_> = drops["drops"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|drop| (&drop["folder"], &drop["state"]))
        .collect();
    assert_eq!(json!(folders), json!([["2026-11-23_2", "building"], ["2026-06-01_2", "building"]]));
    Ok(())
}
