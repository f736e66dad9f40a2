//! Feeds hostile input to every parser of external data. A parser never panics, and writes back
//! every accepted value unchanged.
//!
//! `make test` tries some thousand inputs; `make fuzz` runs for five minutes (`FUZZ_SECONDS`).
//! cargo-fuzz would choose inputs by coverage, but needs a nightly compiler, which the project does
//! not. These inputs come from a printed seed (`SEED`). They run in a development build, where an
//! overflow is also a panic.

mod parsers;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::Router;
use domain::{ids::OrderId, reason::Reason};
use platform::table::job::{JobKind, Kind, RetentionJob, State};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use tests::{
    call::{call, now, with},
    fuzz::{Seeds, text, time},
    groups,
    people::{Person, found, organisation},
    recording::{recording, register},
    request::As,
    retention_jobs, table,
};

/// The seconds to run for. Without them, the number of inputs is bounded instead.
fn seconds() -> Option<u64> {
    std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok())
}

fn random() -> ChaCha8Rng {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| if seconds().is_some() { rand::random() } else { 2026 });
    println!("SEED={seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

/// Whether to continue: for a share of the available time, or up to a number of inputs.
fn goes_on(began: Instant, share: u32, tried: u64, enough: u64) -> bool {
    seconds()
        .map_or(tried < enough, |seconds| began.elapsed() < Duration::from_secs(seconds) / share)
}

/// A time in a request body: never a 5xx, except where the test has no queue, and no panic.
#[tokio::test]
async fn any_time_in_a_body_is_accepted_or_refused_by_name() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    for person in [Person::administrator("karin"), Person::recorded("anna")] {
        person.joins(&table, "demo").await?;
    }
    groups::group(&table, "demo", "g1", &["anna"]).await?;
    let objects = tests::bucket::unreached();
    let upload = upload::router(upload::App { table: table.clone(), objects, now });
    let admin = admin::router(admin::App { table: table.clone(), now });
    let (mut random, began, mut tried, mut taken) = (random(), Instant::now(), 0_u64, 0_u64);
    while goes_on(began, 1, tried, 60) {
        let at = if random.random_bool(0.3) {
            "2026-11-24T11:00:00+01:00".to_owned()
        } else {
            time(&mut random)
        };
        let started =
            with(call(&format!("call-{tried}"), "audio/wav", b"audio"), json!({ "startedAt": at }));
        let registered = As { organisation: "demo", user: "anna" }
            .post(&upload, "/v1/recordings", &started)
            .await?;
        let supervision = json!({ "from": at, "to": time(&mut random) });
        let covered = As { organisation: "demo", user: "karin" }
            .put(&admin, "/v1/groups/g1/supervisors/anna", &supervision)
            .await?;
        for answer in [&registered, &covered] {
            ensure!(answer.status.is_success() || answer.status == 422, "{at}: {answer:?}");
        }
        taken += u64::from(registered.status.is_success());
        tried += 1;
    }
    println!("{:<16}{tried:>10} times in bodies, {taken} of them taken", "body");
    ensure!(taken > 0 && taken < tried, "{taken} of {tried} were taken");
    Ok(())
}

/// Holds that this version or an older one stored. Each is placed, none is a dead letter.
#[tokio::test]
async fn any_stored_hold_is_placed() -> anyhow::Result<()> {
    let (mut table, _) = table::empty().await?;
    let (mut random, began, mut tried, mut held) = (random(), Instant::now(), 0_u64, 0_u64);
    while goes_on(began, 1, tried, 60) {
        if tried.is_multiple_of(400) {
            // With more holds, their audit events alone take a message more.
            (table, _) = table::empty().await?;
            register(&table, &recording("demo", "anna", "call-1", now())).await?;
        }
        let filter = filter(&mut random);
        let order = hold(tried, &filter);
        table.jobs().create(&order, &groups::event("demo", &format!("hold-{tried}")), None).await?;
        ensure!(
            retention_jobs::notified(&table, Kind::Hold, order.id).await?,
            "the message of {filter} came back"
        );
        let exists = table
            .jobs()
            .get(&order.organisation, Kind::Hold, order.id, now())
            .await?
            .context("it was placed")?;
        ensure!(exists.state == State::Held, "{filter}: {exists:?}");
        held += exists.progress.done;
        tried += 1;
    }
    println!("{:<16}{tried:>10} holds, {held} times on the recording", "hold");
    ensure!(held > 0 && held < tried, "{held} of {tried} found it");
    Ok(())
}

/// Filters as a job stores them, with times of any year that older versions accepted.
fn filter(random: &mut ChaCha8Rng) -> Value {
    let mut filter = Map::new();
    for end in ["from", "to"] {
        let at = time(random);
        if random.random_bool(0.6) && at.parse::<chrono::DateTime<chrono::Utc>>().is_ok() {
            filter.insert(end.to_owned(), json!(at));
        }
    }
    let others = [
        ("user", json!("anna")),
        ("number", json!("0701234567")),
        ("mark", json!("none")),
        ("note", json!("a b")),
        ("minSeconds", json!(0)),
    ];
    for (name, value) in others {
        if random.random_bool(0.1) {
            filter.insert(name.to_owned(), value);
        }
    }
    filter.into()
}

fn hold(number: u64, filter: &Value) -> RetentionJob {
    RetentionJob {
        id: OrderId::of(&organisation("demo"), &format!("fuzz-{number}"), now()),
        organisation: organisation("demo"),
        what: JobKind::Hold {
            criteria: Some(json!({ "filter": { "filter": filter, "users": null } }).to_string()),
        },
        state: State::Placing,
        by: "user:karin".to_owned(),
        at: now(),
        reason: Reason::stored("tvist".to_owned()),
        preview: Default::default(),
        progress: Default::default(),
        lifted: None,
        checkpoint: None,
    }
}

#[tokio::test]
async fn any_query_is_answered_or_refused() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    Person::administrator("karin").joins(&table, "demo").await?;
    let router = search::router(search::App { table, keys: Default::default(), now });
    let (mut random, began, mut tried, mut answered) = (random(), Instant::now(), 0_u64, 0_u64);
    while goes_on(began, 1, tried, 150) {
        let query = query(&mut random);
        let status = asked(&router, &query).await.with_context(|| query.clone())?;
        answered += u64::from(status == 200);
        tried += 1;
    }
    println!("{:<16}{tried:>10} queries, {answered} of them answered, the others refused", "query");
    ensure!(answered > 0 && answered < tried, "{answered} of {tried} were answered");
    Ok(())
}

async fn asked(router: &Router, query: &str) -> anyhow::Result<u16> {
    let answer = As { organisation: "demo", user: "karin" }
        .get(router, &format!("/v1/recordings?{query}"))
        .await?;
    let refused =
        answer.status == 422 && answer.cause() == "invalid" && answer.body["detail"].is_string();
    ensure!(answer.status == 200 || refused, "{answer:?}");
    Ok(answer.status.as_u16())
}

/// One to four parameters, usually with valid names.
fn query(random: &mut ChaCha8Rng) -> String {
    const VALID: [(&str, Seeds); 21] = [
        ("from", &["2026-11-24T12:00:00Z", "2026-11-24T12:00:00.123456+01:00"]),
        ("to", &["2026-11-24T12:00:00Z", "0001-01-01T00:00:00Z"]),
        ("user", &["anna"]),
        ("name", &["Åsa", "an"]),
        ("minSeconds", &["60", "4294967295"]),
        ("maxSeconds", &["0", "3600"]),
        ("counterpart", &["+46701234567", "withheld"]),
        ("number", &["070-123", "4567"]),
        ("direction", &["in", "out"]),
        ("mark", &["red", "none"]),
        ("note", &["faktura åter", "a b c d e f g h i j"]),
        ("field1", &["4411"]),
        ("field2", &["4411"]),
        ("field3", &["4411"]),
        ("fields", &["kund 7"]),
        ("held", &["true", "false"]),
        ("state", &["stored", "expected"]),
        ("order", &["newest", "oldest"]),
        ("limit", &["1", "1000", "18446744073709551615"]),
        ("cursor", &["AQAAAaIL6mAAAAAAAAAAAAAAAAAAAAAAAA"]),
        ("colour", &["red"]),
    ];
    let parts = (0..random.random_range(1..=4)).map(|_| {
        let (name, seeds) = VALID[random.random_range(0..VALID.len())];
        let whole = random.random_bool(0.5);
        let value = if matches!(name, "from" | "to") && random.random_bool(0.7) {
            time(random)
        } else if whole {
            seeds[random.random_range(0..seeds.len())].to_owned()
        } else {
            text(random, seeds)
        };
        let raw = random.random_bool(0.1);
        let written =
            percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        format!("{name}={}", if raw { value } else { written })
    });
    parts.collect::<Vec<_>>().join("&")
}
