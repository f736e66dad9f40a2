//! Budgets: a caller or an organisation that consumes too much waits, and nobody else does.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CallId, RecordingId};
use platform::{http::Limits, table::Table};
use serde_json::{Value, json};
use tests::{
    bucket,
    call::{call, with},
    people::{Person, legend, organisation},
    recording::{recording, register},
    request::{Answer, As},
    requests::Requests,
    table,
};

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
const OMAR: As<'_> = As { organisation: "demo", user: "omar" };
const OTHER: As<'_> = As { organisation: "other", user: "anna" };

/// As the template has them.
const LIMITS: Limits = Limits { organisation: 60_000, shared_after: 50 };

/// Seconds since the beginning of a minute.
static PASSED: AtomicI64 = AtomicI64::new(50);

fn now() -> DateTime<Utc> {
    let minute: DateTime<Utc> = "2026-11-24T09:12:00Z".parse().expect("a valid time");
    minute + TimeDelta::seconds(PASSED.load(Ordering::Relaxed))
}

fn minute() -> i64 {
    now().timestamp() / 60
}

/// A table with two organisations, each with a recorded anna; omar is in the first.
async fn world() -> anyhow::Result<(Table, Requests)> {
    LIMITS.apply();
    let (table, requests) = table::empty().await?;
    for name in ["demo", "other"] {
        tests::people::found(&table, name).await?;
        legend(&table, name).await?;
        Person::recorded("anna").joins(&table, name).await?;
    }
    Person::recorded("omar").joins(&table, "demo").await?;
    Ok((table, requests))
}

fn me(table: &Table) -> Router {
    me::router(me::App { table: table.clone(), now })
}

/// Adds to a sum as other processes do.
async fn added(table: &Table, payer: &str, units: i64) -> anyhow::Result<()> {
    table.budgets().add(&organisation("demo"), minute(), payer, units).await?;
    Ok(())
}

/// The parameter of a budget in a header of RateLimit.
fn parameter(answer: &Answer, header: &str, policy: &str, name: &str) -> Option<u64> {
    let value = answer.headers.get(header)?.to_str().ok()?;
    let of_policy = value.split(", ").find(|one| one.starts_with(&format!("\"{policy}\";")))?;
    of_policy.split(';').find_map(|pair| pair.strip_prefix(&format!("{name}="))?.parse().ok())
}

fn left(answer: &Answer, policy: &str) -> Option<u64> {
    parameter(answer, "ratelimit", policy, "r")
}

/// Repeats a request of a caller until it is refused. Returns the refusal and the requests before.
async fn until_refused(of: As<'_>, router: &Router, path: &str) -> anyhow::Result<(Answer, usize)> {
    for count in 0..600 {
        let answer = of.get(router, path).await?;
        if answer.status == 429 {
            return Ok((answer, count));
        }
        answer.done()?;
    }
    anyhow::bail!("it is never refused")
}

#[tokio::test]
async fn a_response_states_what_is_left_of_the_budgets() -> anyhow::Result<()> {
    let (table, _) = world().await?;
    let me = me(&table);
    let (first, second) = (ANNA.get(&me, "/v1/me").await?, ANNA.get(&me, "/v1/me").await?);
    for (policy, quota) in [("caller", 30_000), ("organisation", 60_000)] {
        assert_eq!(parameter(&first, "ratelimit-policy", policy, "q"), Some(quota));
        assert_eq!(parameter(&first, "ratelimit-policy", policy, "w"), Some(60));
        assert_eq!(parameter(&first, "ratelimit", policy, "t"), Some(10));
        let (before, after) = (left(&first, policy), left(&second, policy));
        assert!(before < Some(quota) && after < before, "{before:?}, {after:?}");
    }
    let of_omar = OMAR.get(&me, "/v1/me").await?;
    assert!(left(&of_omar, "caller") > left(&second, "caller"), "callers have their own");
    assert!(left(&of_omar, "organisation") < left(&second, "organisation"), "and share one");
    let unknown = As { user: "nobody", ..ANNA }.get(&me, "/v1/me").await?;
    assert!(left(&unknown, "caller").is_some(), "a refusal consumes, too");
    Ok(())
}

/// Of an edit, also what the index writes for its two words.
#[tokio::test]
async fn a_request_is_charged_what_the_table_reports() -> anyhow::Result<()> {
    LIMITS.apply();
    let (table, _, units) = table::metered().await?;
    tests::people::found(&table, "demo").await?;
    legend(&table, "demo").await?;
    Person::recorded("anna").joins(&table, "demo").await?;
    let consumed = || units.take()["all"] + units.take_read();
    consumed();
    let app = upload::App { table: table.clone(), objects: bucket::unreached(), now };
    let one = call("call", "audio/wav", b"audio");
    let answer = ANNA.post(&upload::router(app), "/v1/recordings", &one).await?.done()?;
    let charged = left(&answer, "caller-registrations").map(|left| 6_000 - left);
    let expected = consumed().ceil() as u64;
    assert_eq!((charged, expected > 7), (Some(expected), true));

    let upload =
        upload::router(upload::App { table: table.clone(), objects: bucket::unreached(), now });
    let two = with(call("two", "audio/wav", b"two"), json!({ "note": "ring igen" }));
    let noted = ANNA.post(&upload, "/v1/recordings", &two).await?.done()?;
    let charged = left(&noted, "caller-registrations").map(|left| 6_000 - left);
    assert_eq!(charged, Some((consumed() + 4.0).ceil() as u64), "a note pays for its words, too");

    let id = answer.body["recording"]["id"].as_str().unwrap_or_default().to_owned();
    let annotate = annotate::router(annotate::App { table: table.clone(), now });
    let body = Some(json!({ "note": "ring igen" }).to_string());
    let (path, any) = (format!("/v1/recordings/{id}"), json!({ "if-match": "*" }));
    let answer = ANNA.send_with(&annotate, "PATCH", &path, body, any).await?.done()?;
    let charged = left(&answer, "caller").map(|left| 30_000 - left);
    let expected = (consumed() + 4.0).ceil() as u64;
    assert_eq!((charged, expected > 10), (Some(expected), true));
    Ok(())
}

#[tokio::test]
async fn a_caller_over_the_budget_waits_for_the_next_minute_and_nobody_else_does()
-> anyhow::Result<()> {
    let (table, requests) = world().await?;
    let me = me(&table);
    added(&table, "caller#user:anna", 29_990).await?;
    let (refused, before) = until_refused(ANNA, &me, "/v1/me").await?;
    assert!(before > 5, "a process counts {before} requests by itself");
    assert_eq!(refused.refusal().0, 429);
    assert_eq!(refused.body["code"], "over-budget");
    assert_eq!(refused.headers["retry-after"], "10");
    assert_eq!(
        (left(&refused, "caller"), left(&refused, "organisation") > Some(0)),
        (Some(0), true)
    );
    requests.take();
    assert_eq!(ANNA.get(&me, "/v1/me").await?.status, 429);
    assert!(requests.take().is_empty(), "a refused request reaches nothing, nor the audit log");
    OMAR.get(&me, "/v1/me").await?.done()?;
    OTHER.get(&me, "/v1/me").await?.done()?;
    PASSED.store(60, Ordering::Relaxed);
    ANNA.get(&me, "/v1/me").await?.done()?;
    PASSED.store(50, Ordering::Relaxed);
    Ok(())
}

/// A sixth of a budget is available at once, and the rest evenly.
#[tokio::test]
async fn a_burst_waits_for_seconds() -> anyhow::Result<()> {
    let (table, _) = world().await?;
    let me = me(&table);
    PASSED.store(0, Ordering::Relaxed);
    added(&table, "caller#user:anna", 7_440).await?;
    let (refused, _) = until_refused(ANNA, &me, "/v1/me").await?;
    let sum = 30_000 - left(&refused, "caller").unwrap_or_default();
    assert!((7_480..7_500).contains(&sum), "5,000 are available, and the process learns of {sum}");
    assert_eq!(refused.headers["retry-after"], "5");
    PASSED.store(4, Ordering::Relaxed);
    let refused = ANNA.get(&me, "/v1/me").await?;
    assert_eq!((refused.status.as_u16(), &refused.headers["retry-after"]), (429, &"1".parse()?));
    PASSED.store(5, Ordering::Relaxed);
    ANNA.get(&me, "/v1/me").await?.done()?;
    PASSED.store(50, Ordering::Relaxed);
    Ok(())
}

/// Whoever makes expensive requests pays in advance, so that many at once do not exceed the budget.
#[tokio::test]
async fn an_expensive_request_is_paid_in_advance() -> anyhow::Result<()> {
    let (table, _) = world().await?;
    let annotate = annotate::router(annotate::App { table: table.clone(), now });
    for number in 0..2 {
        register(&table, &recording("demo", "anna", &format!("call-{number}"), now())).await?;
    }
    let note = |from: u32| -> Value {
        let letters = (from..).filter_map(char::from_u32).take(200);
        json!({ "note": letters.map(|letter| format!("{letter} ")).collect::<String>() })
    };
    let path = |number: usize| format!("/v1/calls/call-{number}/annotation");
    ANNA.put(&annotate, &path(0), &note(0x4E00)).await?.done()?;
    let sum = async || {
        let (demo, anna) = (organisation("demo"), "caller#user:anna");
        table.budgets().add(&demo, minute(), anna, 0).await
    };
    let first = sum().await?;
    assert!(first > 400, "{first}");
    added(&table, "caller#user:anna", 30_000 - i64::try_from(first)?).await?;
    // This process has not learned of it, and the second edit is refused nevertheless.
    let refused = ANNA.put(&annotate, &path(1), &note(0x5000)).await?;
    assert_eq!(refused.body["code"], "over-budget");
    assert_eq!(sum().await?, 30_000, "what was paid in advance is paid back");
    PASSED.store(61, Ordering::Relaxed);
    ANNA.put(&annotate, &path(1), &note(0x5000)).await?.done()?;
    let second = sum().await?;
    assert!(second.abs_diff(first) < 60, "it costs {first} and {second}, and is paid once");
    PASSED.store(50, Ordering::Relaxed);
    Ok(())
}

#[tokio::test]
async fn an_organisation_over_its_budget_waits_and_another_does_not() -> anyhow::Result<()> {
    let (table, _) = world().await?;
    let me = me(&table);
    added(&table, "organisation", 60_000).await?;
    let (refused, _) = until_refused(ANNA, &me, "/v1/me").await?;
    assert_eq!(refused.body["code"], "over-budget");
    assert_eq!(left(&refused, "organisation"), Some(0));
    assert_eq!(OMAR.get(&me, "/v1/me").await?.status, 429);
    OTHER.get(&me, "/v1/me").await?.done()?;
    Ok(())
}

/// Two routers are two processes. Each learns from the table's sum what the other has consumed.
#[tokio::test]
async fn a_budget_is_of_all_processes_together() -> anyhow::Result<()> {
    let (table, _) = world().await?;
    let processes = [me(&table), me(&table)];
    for process in &processes {
        ANNA.get(process, "/v1/me").await?.done()?;
    }
    let sum = async |units| {
        let (demo, anna) = (organisation("demo"), "caller#user:anna");
        table.budgets().add(&demo, minute(), anna, units).await
    };
    assert_eq!(sum(0).await?, 0, "little is not added up");
    let mut last = None;
    for _ in 0..600 {
        for process in &processes {
            last = Some(ANNA.get(process, "/v1/me").await?);
        }
    }
    let alone = left(&ANNA.get(&me(&table), "/v1/me").await?, "caller");
    let together = last.and_then(|answer| left(&answer, "caller"));
    assert!(alone > Some(29_900), "a new process knows nothing yet: {alone:?}");
    let sum = sum(0).await?;
    assert!(sum > 1_000, "{sum} units");
    // A process may not know the last units of the other, up to those that it counts by itself.
    let known = 30_000 - together.unwrap_or_default();
    assert!(known + 60 > sum, "of {sum} units it knows {known}");
    Ok(())
}

#[tokio::test]
async fn registrations_have_a_budget_of_their_own_and_are_never_lost() -> anyhow::Result<()> {
    let (table, _) = world().await?;
    let upload =
        upload::router(upload::App { table: table.clone(), objects: bucket::unreached(), now });
    added(&table, "caller#user:anna", 1_000_000).await?;
    added(&table, "organisation", 1_000_000).await?;
    let one = |number: usize| {
        let audio = format!("audio {number}").into_bytes();
        call(&format!("call-{number}"), "audio/wav", &audio)
    };
    let first = ANNA.post(&upload, "/v1/recordings", &one(0)).await?.done()?;
    let policies = ["caller-registrations", "organisation-registrations"];
    let quotas = policies.map(|policy| parameter(&first, "ratelimit-policy", policy, "q"));
    assert_eq!(quotas, [Some(6_000), Some(60_000)]);
    added(&table, "caller-registrations#user:anna", 6_000).await?;
    let mut refused = None;
    for number in 1..200 {
        let answer = ANNA.post(&upload, "/v1/recordings", &one(number)).await?;
        if answer.status == 429 {
            refused = Some((number, answer));
            break;
        }
        answer.done()?;
    }
    let (number, answer) = refused.expect("it is refused");
    assert_eq!(answer.body["code"], "over-budget");
    let id = RecordingId::of(&organisation("demo"), &CallId::try_from(format!("call-{number}"))?);
    assert_eq!(table.recordings().get(&organisation("demo"), id, now()).await?, None);
    OMAR.post(&upload, "/v1/recordings", &one(900)).await?.done()?;
    PASSED.store(61, Ordering::Relaxed);
    let later = ANNA.post(&upload, "/v1/recordings", &one(number)).await?.done()?;
    assert_eq!(later.status, 201);
    PASSED.store(50, Ordering::Relaxed);
    Ok(())
}

/// The index writes two items for each new word, after the edit.
#[tokio::test]
async fn an_edit_pays_for_its_words_and_adds_at_most_400() -> anyhow::Result<()> {
    let (table, _) = world().await?;
    let annotate = annotate::router(annotate::App { table: table.clone(), now });
    let of = recording("demo", "anna", "call", now());
    register(&table, &of).await?;
    let (by_id, by_call) = (format!("/v1/recordings/{}", of.id), "/v1/calls/call/annotation");
    let any = json!({ "if-match": "*" });
    let words = |count: usize, from: u32| -> String {
        // Words of one letter, as only they fit so many times into a note.
        let letters = (from..).filter_map(char::from_u32).filter(|letter| letter.is_alphabetic());
        letters.take(count).map(|letter| format!("{letter} ")).collect()
    };
    let edit = async |body: Value| {
        let body = Some(body.to_string());
        ANNA.send_with(&annotate, "PATCH", &by_id, body, any.clone()).await
    };
    let marks = async || -> anyhow::Result<u64> {
        Ok(left(&ANNA.get(&annotate, "/v1/marks").await?.done()?, "caller").unwrap_or_default())
    };
    let begun = marks().await?;
    edit(json!({ "note": "x" })).await?.done()?;
    let one = begun - marks().await?;
    let before = marks().await?;
    edit(json!({ "note": words(200, 0x4E00) })).await?.done()?;
    let many = before - marks().await?;
    assert!(many >= one + 396, "200 words cost {many} units, and one {one}");

    let three = [words(60, 0x5000), words(60, 0x5100), words(60, 0x5200)];
    let [field1, field2, field3] = three;
    let note = words(300, 0x6000);
    let body = json!({ "note": note, "field1": field1, "field2": field2, "field3": field3 });
    for refused in [edit(body.clone()).await?, ANNA.put(&annotate, by_call, &body).await?] {
        assert_eq!((refused.refusal().0, refused.body["code"].as_str()), (422, Some("invalid")));
        assert!(
            refused.body["detail"].as_str().is_some_and(|detail| detail.contains("400 new words"))
        );
    }
    let stored = table.recordings().get(&of.organisation, of.id, now()).await?.expect("it exists");
    assert_eq!(stored.version, 2, "a refused edit changes nothing");
    // In two edits the same text is accepted.
    edit(json!({ "note": note })).await?.done()?;
    Ok(())
}

/// The operator's system belongs to no organisation, and has no budget.
#[tokio::test]
async fn the_operator_has_no_budget() -> anyhow::Result<()> {
    let (table, _) = world().await?;
    let imports = tests::queue::untold();
    let provision = provision::router(provision::App { table: table.clone(), imports, now });
    let answer =
        tests::service::OPERATOR.get(&provision, "/v1/organisations/demo").await?.done()?;
    assert!(!answer.headers.contains_key("ratelimit"));
    let refused = ANNA.get(&provision, "/v1/organisations/demo").await?;
    assert_eq!((refused.status.as_u16(), left(&refused, "caller").is_some()), (403, true));
    Ok(())
}
