//! When a call began decides whether it is retained, and for how long. The device's clock may be wrong.

use axum::{Router, http::StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use domain::activation::{Event, Kind, VERSION};
use platform::table::{
    Table, audit,
    provision::{OrganisationChange, UserChange, Wanted},
};
use serde_json::{Value, json};
use tests::{
    bucket,
    call::{call, now, with},
    groups,
    people::{Person, found, organisation, user},
    request::{Answer, As},
    table,
};
use upload::App;

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

/// Anna, who is not recorded yet, and the router.
async fn demo() -> anyhow::Result<(Router, Table)> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    Person { activated: false, acknowledged: false, ..Person::recorded("anna") }
        .joins(&table, "demo")
        .await?;
    let app = App { table: table.clone(), objects: bucket::unreached(), now };
    Ok((upload::router(app), table))
}

/// This many minutes before the present.
fn before(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

fn audited(at: DateTime<Utc>) -> audit::Event {
    audit::Event { at, request: at.to_string(), ..groups::event("demo", "anna") }
}

fn event(kind: Kind, at: DateTime<Utc>) -> Event {
    Event { user: user("anna"), at, kind, by: "user:karin".to_owned() }
}

async fn switch(table: &Table, kind: Kind, at: DateTime<Utc>) -> anyhow::Result<()> {
    let events = [(event(kind, at), audited(at))];
    Ok(table.activations().switch(&organisation("demo"), &events).await??)
}

async fn acknowledge(
    table: &Table,
    activated: DateTime<Utc>,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let kind = Kind::Acknowledged { version: VERSION.to_owned(), client: "app".to_owned() };
    let event = event(kind, at);
    let of = organisation("demo");
    Ok(table.activations().acknowledge(&of, &event, activated, &audited(at)).await??)
}

/// Registers a call of a minute that began at `started_at`.
async fn register(router: &Router, id: &str, started_at: DateTime<Utc>) -> anyhow::Result<Answer> {
    let call = call(id, "audio/wav", id.as_bytes());
    ANNA.post(router, "/v1/recordings", &with(call, json!({ "startedAt": started_at }))).await
}

/// The cause of the refusal, or an empty text.
async fn refusal(router: &Router, started_at: DateTime<Utc>) -> anyhow::Result<String> {
    let answer =
        register(router, &format!("call-{started_at}").replace(' ', "-"), started_at).await?;
    Ok(if answer.status.is_success() { String::new() } else { answer.cause() })
}

#[tokio::test]
async fn a_call_is_judged_by_the_time_at_which_it_began() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    for (activated, acknowledged, ended) in [(600, 590, 500), (400, 390, 300), (200, 190, 100)] {
        switch(&table, Kind::Activated, before(activated)).await?;
        acknowledge(&table, before(activated), before(acknowledged)).await?;
        switch(&table, Kind::Deactivated, before(ended)).await?;
    }
    switch(&table, Kind::Activated, before(60)).await?;
    acknowledge(&table, before(60), before(50)).await?;
    for (minutes, refused) in [
        (601, "recording-not-active"),
        (595, "recording-not-active"), // not acknowledged, and that activation is long over
        (590, ""),
        (501, ""),
        (500, "recording-not-active"),
        (390, ""),
        (300, "recording-not-active"),
        (190, ""),
        (101, ""),
        (100, "recording-not-active"),
        (61, "recording-not-active"),
        (60, "not-acknowledged"),
        (51, "not-acknowledged"),
        (50, ""),
        (0, ""),
    ] {
        assert_eq!(refusal(&router, before(minutes)).await?, refused, "{minutes} minutes ago");
    }
    Ok(())
}

#[tokio::test]
async fn a_newer_text_to_acknowledge_interrupts_no_recording() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    switch(&table, Kind::Activated, before(60)).await?;
    acknowledge(&table, before(60), before(50)).await?;
    let mut item = table.client.update_item().table_name(&table.name);
    item = item.set_key(Some(platform::table::key::user(&organisation("demo"), &user("anna"))));
    let old = aws_sdk_dynamodb::types::AttributeValue::S("2025-01".to_owned());
    item = item.update_expression("SET acknowledged_version = :old");
    item.expression_attribute_values(":old", old).send().await?;
    acknowledge(&table, before(60), before(10)).await?;
    assert_eq!(refusal(&router, before(30)).await?, "");
    Ok(())
}

#[tokio::test]
async fn a_call_from_before_a_removal_a_plan_change_or_the_end_of_the_service_is_retained()
-> anyhow::Result<()> {
    let of = organisation("demo");
    for end in ["removal", "plan", "base-service"] {
        let (router, table) = demo().await?;
        switch(&table, Kind::Activated, before(60)).await?;
        acknowledge(&table, before(60), before(50)).await?;
        let registered = register(&router, "early", before(40)).await?;
        match end {
            "removal" => {
                table.provision().remove_user(&of, &user("anna"), &audited(before(20))).await?;
            }
            "plan" => {
                let wanted = [Wanted::Change(
                    user("anna"),
                    UserChange { plan: Some(None), ..Default::default() },
                )];
                let event = |_: &[&_]| audited(before(20));
                table.provision().put_users(&of, &wanted, &event, None).await?;
            }
            _ => {
                let current = table.people().organisation(&of).await?;
                let change = OrganisationChange { base_service: Some(false), ..Default::default() };
                let event = audited(before(20));
                table
                    .provision()
                    .put_organisation(&of, &change, current.as_ref(), &event)
                    .await??;
            }
        }
        assert_eq!(refusal(&router, before(21)).await?, "", "{end}");
        assert_eq!(refusal(&router, before(20)).await?, "recording-not-active", "{end}");
        let again = register(&router, "early", before(40)).await?;
        assert_eq!(again.body["recording"], registered.body["recording"], "{end}");
        assert!(again.body["upload"]["url"].is_string(), "{end}: a new link");
    }
    Ok(())
}

#[tokio::test]
async fn a_removed_user_reaches_nothing_but_the_registration() -> anyhow::Result<()> {
    let (_, table) = demo().await?;
    switch(&table, Kind::Activated, before(60)).await?;
    let removed = audited(before(20));
    table.provision().remove_user(&organisation("demo"), &user("anna"), &removed).await?;
    let me = me::router(me::App { table: table.clone(), now });
    assert_eq!(ANNA.get(&me, "/v1/me").await?.cause(), "unknown-user");
    table.removals().forget_user(&organisation("demo"), &user("anna"), erasure()).await?;
    let app = App { table: table.clone(), objects: bucket::unreached(), now };
    assert_eq!(refusal(&upload::router(app), before(30)).await?, "unknown-user", "erased");
    Ok(())
}

fn erasure() -> domain::ids::OrderId {
    domain::ids::OrderId::of(&organisation("demo"), "erasure", now())
}

/// A recorded Anna, and the router.
async fn recorded() -> anyhow::Result<(Router, Table)> {
    let (router, table) = demo().await?;
    Person::recorded("anna").joins(&table, "demo").await?;
    Ok((router, table))
}

/// Start, reported start, expiry, flags and warnings of the answer.
fn summary(answer: &Answer) -> (Value, Value, Value, Value, Vec<&str>) {
    let recording = &answer.body["recording"];
    let warnings = answer.body["warnings"].as_array().into_iter().flatten();
    let codes = warnings.map(|warning| warning["code"].as_str().unwrap_or_default()).collect();
    let [started, reported, expires, flags] =
        ["startedAt", "startedAtReported", "expiresAt", "flags"]
            .map(|name| recording[name].clone());
    (started, reported, expires, flags, codes)
}

#[tokio::test]
async fn a_wrong_clock_loses_no_call_and_dates_none_away() -> anyhow::Result<()> {
    let (router, _) = recorded().await?;
    let (day, retained) =
        (TimeDelta::days, |from: DateTime<Utc>| json!(from + TimeDelta::days(180)));
    // Without the device's time: ahead is replaced, behind is believed.
    for (number, started_at) in
        [now() + TimeDelta::minutes(6), now() + day(730), DateTime::UNIX_EPOCH].iter().enumerate()
    {
        let answer = register(&router, &format!("ahead-{number}"), *started_at).await?;
        let start = now() - TimeDelta::milliseconds(93_000);
        let expected = (
            json!(start),
            json!(started_at),
            retained(start),
            json!(["start-replaced"]),
            vec!["start-replaced"],
        );
        assert_eq!((answer.status, summary(&answer)), (StatusCode::CREATED, expected));
    }
    let behind = register(&router, "behind", now() - day(1)).await?;
    let expected =
        (json!(now() - day(1)), Value::Null, retained(now() - day(1)), json!([]), vec![]);
    assert_eq!(summary(&behind), expected);
    let backdated = register(&router, "backdated", now() - day(900)).await?;
    let expected = (
        json!(now() - day(900)),
        Value::Null,
        retained(now() - day(7)),
        json!(["backdated"]),
        vec![],
    );
    assert_eq!(summary(&backdated), expected);
    // With it: corrected in both directions.
    for (id, ahead) in [("fast", day(730)), ("slow", -day(2))] {
        let call = call(id, "audio/wav", id.as_bytes());
        let times = json!({ "startedAt": now() - day(1) + ahead, "sentAt": now() + ahead });
        let answer = ANNA.post(&router, "/v1/recordings", &with(call, times.clone())).await?;
        let expected = (
            json!(now() - day(1)),
            times["startedAt"].clone(),
            retained(now() - day(1)),
            json!(["start-corrected"]),
            vec!["start-corrected"],
        );
        assert_eq!(summary(&answer), expected, "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn a_start_that_is_no_time_is_refused_by_its_name() -> anyhow::Result<()> {
    let (router, _) = recorded().await?;
    for started_at in
        ["2569-11-24T10:00:00Z", "1969-12-31T23:59:59Z", "٢٠٢٦-١١-٢٤T١٠:٠٠:٠٠Z", "2026-11-24", ""]
    {
        let call = with(call("call-1", "audio/wav", b"x"), json!({ "startedAt": started_at }));
        let answer = ANNA.post(&router, "/v1/recordings", &call).await?;
        assert_eq!(
            (answer.cause().as_str(), &answer.body["pointer"]),
            ("invalid", &json!("/startedAt")),
            "{started_at}"
        );
    }
    for (id, started_at) in
        [("leap", "2026-11-23T23:59:60Z"), ("space", "2026-11-24 10:00:00 +0100")]
    {
        let call = with(call(id, "audio/wav", b"x"), json!({ "startedAt": started_at }));
        let [first, again] = [
            ANNA.post(&router, "/v1/recordings", &call).await?,
            ANNA.post(&router, "/v1/recordings", &call).await?,
        ];
        assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::OK));
        assert_eq!(first.body["recording"], again.body["recording"], "{started_at}");
    }
    Ok(())
}

#[tokio::test]
async fn a_corrected_start_moves_the_call_and_is_audited() -> anyhow::Result<()> {
    let (router, table) = recorded().await?;
    register(&router, "call-1", before(60)).await?;
    let corrected = register(&router, "call-1", before(90)).await?;
    assert_eq!(corrected.status, StatusCode::OK);
    assert_eq!(corrected.body["recording"]["startedAt"], json!(before(90)));
    assert_eq!(corrected.body["recording"]["expiresAt"], json!(before(90) + TimeDelta::days(180)));
    let again = register(&router, "call-1", before(90)).await?;
    assert_eq!(again.body["recording"], corrected.body["recording"]);
    let events = tests::service::audit(&table, "demo").await?;
    let details: Vec<String> = events.into_iter().filter_map(|event| event.detail).collect();
    let corrected = json!([before(60), before(90)]).to_string();
    assert!(details.contains(&corrected), "{details:?}");
    Ok(())
}

#[tokio::test]
async fn repeating_a_call_with_a_wrong_clock_does_not_move_it() -> anyhow::Result<()> {
    let (router, _) = recorded().await?;
    let ahead = TimeDelta::days(2);
    let sent = |delay: i64| {
        let times = json!({
            "startedAt": before(60) + ahead,
            "sentAt": now() + ahead - TimeDelta::seconds(delay),
        });
        with(call("call-1", "audio/wav", b"x"), times)
    };
    let first = ANNA.post(&router, "/v1/recordings", &sent(0)).await?;
    for delay in [1, 30] {
        let again = ANNA.post(&router, "/v1/recordings", &sent(delay)).await?;
        assert_eq!(again.body["recording"], first.body["recording"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_registered_call_is_not_judged_anew() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    switch(&table, Kind::Activated, before(60)).await?;
    acknowledge(&table, before(60), before(50)).await?;
    let first = register(&router, "unset", DateTime::UNIX_EPOCH).await?;
    assert_eq!(first.status, StatusCode::CREATED);
    switch(&table, Kind::Deactivated, before(2)).await?;
    let again = register(&router, "unset", DateTime::UNIX_EPOCH).await?;
    assert_eq!(
        (again.status, &again.body["recording"]),
        (StatusCode::OK, &first.body["recording"])
    );
    let other = register(&router, "another", DateTime::UNIX_EPOCH).await?;
    assert_eq!(other.cause(), "recording-not-active");
    Ok(())
}

#[tokio::test]
async fn a_clock_that_was_set_while_the_call_waited_costs_no_call() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    switch(&table, Kind::Activated, before(300)).await?;
    acknowledge(&table, before(300), before(290)).await?;
    switch(&table, Kind::Deactivated, before(100)).await?;
    for (id, started_at, sent_at, status) in [
        ("battery", before(120), DateTime::UNIX_EPOCH, StatusCode::CREATED),
        // A day ahead throughout: the call began a day and two hours ago.
        ("ahead", before(120), now() + TimeDelta::days(1), StatusCode::FORBIDDEN),
        ("outside", before(90), now() + TimeDelta::days(1), StatusCode::FORBIDDEN),
        // An hour behind throughout: the call began 60 minutes ago, when nobody was recorded.
        ("behind", before(120), before(60), StatusCode::FORBIDDEN),
        // An hour ahead throughout: the call began 120 minutes ago.
        ("fast", before(60), now() + TimeDelta::hours(1), StatusCode::CREATED),
    ] {
        let times = json!({ "startedAt": started_at, "sentAt": sent_at });
        let call = with(call(id, "audio/wav", id.as_bytes()), times);
        assert_eq!(ANNA.post(&router, "/v1/recordings", &call).await?.status, status, "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn any_period_of_the_base_service_counts() -> anyhow::Result<()> {
    let (router, table) = recorded().await?;
    let of = organisation("demo");
    for (minutes, on) in [(40, false), (39, true), (38, false), (37, true), (36, false)] {
        let current = table.people().organisation(&of).await?;
        let change = OrganisationChange { base_service: Some(on), ..Default::default() };
        let event = audited(before(minutes));
        table.provision().put_organisation(&of, &change, current.as_ref(), &event).await??;
    }
    for (minutes, refused) in [
        (45, ""),
        (40, "recording-not-active"),
        (39, ""),
        (38, "recording-not-active"),
        (37, ""),
        (36, "recording-not-active"),
    ] {
        assert_eq!(refusal(&router, before(minutes)).await?, refused, "{minutes} minutes ago");
    }
    Ok(())
}

#[tokio::test]
async fn the_start_of_a_stored_call_does_not_change() -> anyhow::Result<()> {
    let (router, table) = recorded().await?;
    let first = register(&router, "call-1", before(60)).await?;
    let id = first.body["recording"]["id"].as_str().unwrap_or_default().to_owned().try_into()?;
    let stored = table.recordings().get(&organisation("demo"), id, now()).await?;
    tests::recording::arrive(&table, &stored.expect("it is registered")).await?;
    let again = register(&router, "call-1", before(90)).await?;
    assert_eq!(again.body["recording"]["startedAt"], json!(before(60)));
    assert_eq!(again.body["warnings"][0]["code"], "unchanged");
    Ok(())
}

#[tokio::test]
async fn a_recording_whose_retention_is_over_does_not_come_back() -> anyhow::Result<()> {
    let (router, table) = recorded().await?;
    register(&router, "call-1", before(60)).await?;
    let later = App { table, objects: bucket::unreached(), now: || now() + TimeDelta::days(180) };
    let again = register(&upload::router(later), "call-1", before(60)).await?;
    assert_eq!(again.refusal(), (422, "past-retention".to_owned()));
    Ok(())
}
