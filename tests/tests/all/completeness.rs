//! Every call of a day is accounted for: each is in one state, gaps in the phones' numbers show calls
//! that never came, and a closed statement never changes.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    audio::{Damage, Measured},
    delivery::Day,
    ids::{OrderId, RecordingId},
    recording::{Recording, Sha256, Sound},
};
use platform::{
    clock,
    table::{
        arrival::{Arrival, Found},
        removal::Removal,
    },
};
use serde_json::{Value, json};
use tests::{
    call::{silence, with},
    log::Log,
    people::organisation,
    reconciliation::{call, yesterday},
    recording::register,
    request::As,
    retention_jobs::{KARIN, World},
    service::OPERATOR,
};

const CALLS: &str = "/v1/organisations/demo/calls";
pub const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

/// Yesterday, in Stockholm.
pub fn day() -> Day {
    Day::of(clock::now()).previous()
}

/// A line of the switch about the call.
pub fn line(of: &Recording) -> Value {
    json!({
        "callId": String::from(of.call.clone()),
        "user": of.user.as_str(),
        "direction": "out",
        "counterpart": "070-123 45 67",
        "startedAt": of.started_at,
        "durationMs": 60_000,
    })
}

fn lines(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

pub async fn reports(world: &World, sent: &[Value]) -> anyhow::Result<Value> {
    let router = world.completeness(clock::now);
    Ok(OPERATOR.send(&router, "POST", CALLS, Some(lines(sent))).await?.done()?.body)
}

/// All calls of a day's statement, page by page.
pub async fn calls(world: &World, day: Day, filter: &str) -> anyhow::Result<Vec<Value>> {
    let router = world.completeness(clock::now);
    let (mut calls, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/completeness/{day}/calls?limit=3{filter}{cursor}");
        let page = KARIN.get(&router, &path).await?.done()?.body;
        calls.extend(page["calls"].as_array().cloned().unwrap_or_default());
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(calls),
        }
    }
}

pub async fn totals(world: &World, day: Day) -> anyhow::Result<Value> {
    let router = world.completeness(clock::now);
    let path = format!("/v1/completeness?from={day}&to={day}");
    let listed = KARIN.get(&router, &path).await?.done()?.body;
    Ok(listed["days"][0].clone())
}

async fn csv(world: &World, day: Day) -> anyhow::Result<String> {
    let router = world.completeness(clock::now);
    let path = format!("/v1/completeness/{day}/calls");
    let accept = json!({ "accept": "text/csv" });
    let answer = KARIN.send_with(&router, "GET", &path, None, accept).await?;
    anyhow::ensure!(answer.content_type.starts_with("text/csv"), "{answer:?}");
    Ok(answer.text)
}

/// Registers the call as its user's app does, and returns the refusal's code, if any.
async fn registers(world: &World, of: &Recording, user: &str) -> anyhow::Result<Option<String>> {
    let (table, objects) = (world.table().clone(), world.stores.objects.clone());
    let router = upload::router(upload::App { table, objects, now: clock::now });
    let app = As { organisation: "demo", user };
    let sent = with(
        tests::call::call(&String::from(of.call.clone()), "audio/wav", &silence(1)),
        json!({ "startedAt": of.started_at }),
    );
    let answer = app.post(&router, "/v1/recordings", &sent).await?;
    Ok(answer.body["code"].as_str().map(str::to_owned))
}

pub async fn arrives(world: &World, of: &Recording, damage: Option<Damage>) -> anyhow::Result<()> {
    let Recording { organisation, id, user, audio, .. } = of.clone();
    let sound = Sound { measured: Measured::Exact, damage, unplayable: None };
    let found = Found { duration: of.duration, sound, content_type: None };
    let arrival = Arrival { organisation, id, user, audio };
    world.table().recordings().store(&arrival, &found, clock::now()).await?;
    Ok(())
}

/// Each reported call ends in exactly one state, with its reason.
#[tokio::test]
async fn every_call_of_a_day_is_in_exactly_one_state() -> anyhow::Result<()> {
    let world = World::new("completeness-states").await?;
    let mut minute = 0;
    let mut next = |name: &str| {
        minute += 1;
        let mut call = call(name, yesterday(minute));
        call.audio.sha256 = Sha256::of(name.as_bytes());
        call
    };
    let table = world.table();
    let (stored, damaged, expected, rejected, unreported) =
        (next("stored"), next("damaged"), next("expected"), next("rejected"), next("not-reported"));
    for of in [&stored, &damaged, &expected, &rejected, &unreported] {
        register(table, of).await?;
    }
    for (of, damage) in [(&stored, None), (&damaged, Some(Damage::CutOff)), (&unreported, None)] {
        arrives(&world, of, damage).await?;
    }
    table.recordings().reject(&rejected, "not audio").await?;
    let erased = next("erased");
    let removal = Removal::of_note(organisation("demo"), erased.id);
    let erasure = OrderId::of(&organisation("demo"), "erasure", clock::now());
    table.tombstones().bury(&removal, erasure, clock::now()).await?;

    let karin = Recording { user: tests::people::user("karin"), ..next("refused") };
    assert_eq!(registers(&world, &karin, "karin").await?.as_deref(), Some("recording-not-active"));
    let inactive = Recording { user: karin.user.clone(), ..next("inactive") };
    let nobody = Recording { user: tests::people::user("nobody"), ..next("nobody") };
    let (unanswered, missing) = (next("unanswered"), next("missing"));
    let sent = [
        line(&stored),
        line(&damaged),
        line(&expected),
        line(&rejected),
        line(&erased),
        line(&karin),
        line(&inactive),
        line(&nobody),
        with(line(&unanswered), json!({ "durationMs": 0 })),
        line(&missing),
    ];
    let report = reports(&world, &sent).await?;
    assert_eq!(
        (&report["lines"], &report["stored"], &report["invalid"]),
        (&10.into(), &10.into(), &0.into())
    );
    assert!(world.reconciles_at(clock::now).await?);

    let found: BTreeMap<String, (String, Option<String>, bool)> = calls(&world, day(), "")
        .await?
        .iter()
        .map(|call| {
            let text = |name: &str| call[name].as_str().map(str::to_owned);
            let value =
                (text("state").unwrap_or_default(), text("reason"), call["reported"] == true);
            (text("callId").unwrap_or_default(), value)
        })
        .collect();
    let state = |state: &str, reason: Option<&str>, reported: bool| {
        (state.to_owned(), reason.map(str::to_owned), reported)
    };
    let expected_states = [
        ("stored", state("stored", None, true)),
        ("damaged", state("damaged", Some("cut-off"), true)),
        ("expected", state("expected", None, true)),
        ("rejected", state("rejected", Some("not audio"), true)),
        ("erased", state("erased", None, true)),
        ("refused", state("refused", Some("recording-not-active"), true)),
        ("inactive", state("not-recorded", Some("not-active"), true)),
        ("nobody", state("not-recorded", Some("unknown-user"), true)),
        ("unanswered", state("not-recorded", Some("not-answered"), true)),
        ("missing", state("missing", None, true)),
        ("not-reported", state("stored", None, false)),
    ];
    let expected_states: BTreeMap<String, _> =
        expected_states.into_iter().map(|(name, state)| (name.to_owned(), state)).collect();
    assert_eq!(found, expected_states);

    let totals = totals(&world, day()).await?;
    for (name, count) in [
        ("calls", 11),
        ("reported", 10),
        ("stored", 2),
        ("damaged", 1),
        ("expected", 1),
        ("rejected", 1),
        ("refused", 1),
        ("notRecorded", 3),
        ("erased", 1),
        ("missing", 1),
        ("explained", 0),
    ] {
        assert_eq!(totals[name], count, "{name}");
    }
    assert_eq!(totals["closedAt"], Value::Null);
    lists(&world, &missing, &expected).await
}

/// The lists show more: filters, users, the counterpart, the age and the CSV file.
async fn lists(world: &World, missing: &Recording, expected: &Recording) -> anyhow::Result<()> {
    let found = calls(world, day(), "&state=missing").await?;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["counterpart"], "+46701234567");
    assert_eq!(
        (&found[0]["recording"], &found[0]["id"]),
        (&Value::Null, &missing.id.to_string().into())
    );
    let waits = calls(world, day(), "&state=expected").await?;
    assert!(waits[0]["ageSeconds"].as_i64().unwrap_or_default() > 3600, "{waits:?}");
    assert_eq!(waits[0]["recording"], expected.id.to_string());
    assert_eq!(calls(world, day(), "&user=karin").await?.len(), 2);
    assert_eq!(calls(world, day(), "&user=karin&state=stored").await?.len(), 0);

    let router = world.completeness(clock::now);
    let path = format!("/v1/completeness/{}?limit=2", day());
    let first = KARIN.get(&router, &path).await?.done()?.body;
    let cursor = first["cursor"].as_str().context("three users are two pages")?;
    let second = KARIN.get(&router, &format!("{path}&cursor={cursor}")).await?.done()?.body;
    let users = |page: &Value| -> Vec<(String, u64)> {
        let users = page["users"].as_array().into_iter().flatten();
        users
            .map(|user| {
                let name = user["user"].as_str().unwrap_or_default().to_owned();
                (name, user["calls"].as_u64().unwrap_or_default())
            })
            .collect()
    };
    assert_eq!(users(&first), [("anna".to_owned(), 8), ("karin".to_owned(), 2)]);
    assert_eq!(users(&second), [("nobody".to_owned(), 1)]);

    let file = csv(world, day()).await?;
    let rows: Vec<&str> = file.lines().collect();
    assert_eq!(rows.len(), 12);
    assert!(rows[0].contains("day;started;startedUtc;user;state;reason"), "{}", rows[0]);
    assert!(rows[1].contains(";anna;missing;;1;60;true;;false;false;;missing;"), "{}", rows[1]);
    assert!(!file.contains("701234567"), "a statement names no counterpart");
    Ok(())
}

fn ten_days_ago() -> DateTime<Utc> {
    clock::now() - TimeDelta::days(10)
}

fn tomorrow() -> DateTime<Utc> {
    clock::now() + TimeDelta::days(1)
}

/// The switch reports a call days after its registration was refused.
#[tokio::test]
async fn a_refused_call_that_is_reported_late_is_refused() -> anyhow::Result<()> {
    let world = World::new("completeness-reported-late").await?;
    let (table, objects) = (world.table().clone(), world.stores.objects.clone());
    let router = upload::router(upload::App { table, objects, now: ten_days_ago });
    let late = call("late", ten_days_ago() - TimeDelta::minutes(9));
    let sent = with(
        tests::call::call("late", "audio/wav", &silence(1)),
        json!({ "startedAt": late.started_at }),
    );
    assert_eq!(KARIN.post(&router, "/v1/recordings", &sent).await?.status.as_u16(), 403);
    reports(&world, &[with(line(&late), json!({ "user": "karin" }))]).await?;
    assert!(world.reconciles_at(tomorrow).await?);
    let found = calls(&world, Day::of(clock::now()), "").await?;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0]["state"], &found[0]["reason"]),
        (&"refused".into(), &"recording-not-active".into())
    );
    Ok(())
}

fn after_the_close() -> DateTime<Utc> {
    clock::now() + TimeDelta::days(7)
}

fn later_still() -> DateTime<Utc> {
    clock::now() + TimeDelta::days(8)
}

/// A person explains a missing call. The closed statement has it, and never changes after that.
#[tokio::test]
async fn a_closed_statement_never_changes() -> anyhow::Result<()> {
    let world = World::new("completeness-closed").await?;
    let (missing, other) = (call("missing", yesterday(1)), call("other", yesterday(2)));
    reports(&world, &[line(&missing), line(&other)]).await?;
    assert!(world.reconciles_at(clock::now).await?);
    let router = world.completeness(clock::now);
    let path = |id: RecordingId| format!("/v1/completeness/{}/calls/{id}/explanation", day());
    let text = json!({ "text": "telefonen blev stulen, ring 070-123 45 67" });
    let explained = KARIN.put(&router, &path(missing.id), &text).await?.done()?.body;
    assert_eq!(explained["by"], "user:karin");
    let shown = explained["text"].as_str().unwrap_or_default();
    assert!(shown.starts_with("telefonen blev stulen") && !shown.contains("123 45"), "{shown}");
    let unknown = call("unknown", yesterday(3)).id;
    let refused = KARIN.put(&router, &path(unknown), &json!({ "text": "x" })).await?;
    assert_eq!(refused.refusal(), (404, "not-found".to_owned()));
    let refused = KARIN.put(&router, &path(missing.id), &json!({ "text": "..." })).await?;
    assert_eq!(refused.refusal(), (422, "invalid".to_owned()));
    let found = calls(&world, day(), "&state=missing").await?;
    let of = |id: RecordingId| found.iter().find(|call| call["id"] == id.to_string());
    assert_eq!(of(missing.id).context("it is listed")?["explanation"], explained);

    // The alarm reads this line. Two of two calls were missing; explained ones no longer count.
    let log = Log::read();
    assert!(world.reconciles_at(|| clock::now() + TimeDelta::milliseconds(500)).await?);
    assert_eq!(log.take("calls are missing"), 1);
    KARIN.put(&router, &path(other.id), &json!({ "text": "ett provsamtal" })).await?.done()?;
    assert!(world.reconciles_at(|| clock::now() + TimeDelta::seconds(1)).await?);
    assert_eq!(log.take("calls are missing"), 0);
    drop(log);

    assert!(world.reconciles_at(after_the_close).await?);
    let (closed, file) = (totals(&world, day()).await?, csv(&world, day()).await?);
    assert!(closed["closedAt"].is_string(), "{closed}");
    assert_eq!((&closed["missing"], &closed["explained"]), (&2.into(), &2.into()));

    // A phone comes back, and someone explains the other call again: the list shows it, the file does not.
    register(world.table(), &missing).await?;
    arrives(&world, &missing, None).await?;
    KARIN.put(&router, &path(other.id), &json!({ "text": "testsamtal" })).await?.done()?;
    assert!(world.reconciles_at(later_still).await?);
    assert_eq!(totals(&world, day()).await?, closed);
    assert_eq!(csv(&world, day()).await?, file);
    let found = calls(&world, day(), "&state=missing").await?;
    let now = found.iter().find(|call| call["id"] == missing.id.to_string());
    assert_eq!(now.context("it is listed")?["recording"], missing.id.to_string());
    Ok(())
}

/// A report about a closed day counts on the day on which it comes.
#[tokio::test]
async fn a_late_report_counts_on_the_day_on_which_it_comes() -> anyhow::Result<()> {
    let world = World::new("completeness-late").await?;
    let late = call("late", clock::now() - TimeDelta::days(20));
    reports(&world, &[line(&late)]).await?;
    assert!(world.reconciles_at(tomorrow).await?);
    let found = calls(&world, Day::of(clock::now()), "").await?;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["state"], "missing");
    assert_eq!(found[0]["startedAt"], serde_json::to_value(late.started_at)?);
    Ok(())
}

/// A report that is repeated after the close of the call's day counts no second time.
#[tokio::test]
async fn a_report_that_is_repeated_after_the_close_counts_once() -> anyhow::Result<()> {
    let world = World::new("completeness-reported-again").await?;
    let missing = call("missing", yesterday(1));
    reports(&world, &[line(&missing)]).await?;
    assert!(world.reconciles_at(after_the_close).await?);
    let router = world.completeness(after_the_close);
    let again = lines(&[with(line(&missing), json!({ "durationMs": 61_000 }))]);
    OPERATOR.send(&router, "POST", CALLS, Some(again)).await?.done()?;
    assert!(world.reconciles_at(later_still).await?);
    let path = format!("/v1/completeness?from={0}&to={0}", day());
    let first = KARIN.get(&router, &path).await?.done()?.body;
    assert_eq!(first["days"][0]["missing"], 1);
    let on = Day::of(after_the_close());
    let path = format!("/v1/completeness?from={on}&to={on}");
    let second = KARIN.get(&router, &path).await?.done()?.body;
    assert_eq!(second["days"], json!([]), "the day of the repetition has no call");
    Ok(())
}

/// A crash after any request changes nothing: the repeated night has the same statement.
#[tokio::test]
async fn an_interrupted_night_is_repeated_with_the_same_statement() -> anyhow::Result<()> {
    let world = World::new("completeness-crash").await?;
    let (stored, missing) = (call("stored", yesterday(1)), call("missing", yesterday(2)));
    register(world.table(), &stored).await?;
    arrives(&world, &stored, None).await?;
    reports(&world, &[line(&stored), line(&missing)]).await?;
    world.requests.take();
    let mut points = 0;
    loop {
        world.requests.end_after(Some(points));
        let done = world.reconciles_at(after_the_close).await?;
        world.requests.end_after(None);
        if done {
            break;
        }
        points += 1;
        assert!(points < 200, "the night never ends");
    }
    println!("ended after each of {points} requests");
    assert!(points > 20, "{points} requests");
    let found = totals(&world, day()).await?;
    assert_eq!((&found["stored"], &found["missing"]), (&1.into(), &1.into()));
    assert!(found["closedAt"].is_string());
    assert_eq!(calls(&world, day(), "").await?.len(), 2);
    Ok(())
}
