//! Activations: `POST /v1/activations` switches recording on or off for one user or for many.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    call::{call, now, silence, with},
    people::Person,
    recording::{recording, store},
    request::{Answer, As},
    service::{OPERATOR, Service},
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

fn provisioned(id: &str, plan: Option<&str>) -> Value {
    json!({ "id": id, "name": id, "plan": plan })
}

/// An organisation with the administrator Karin and `users`.
async fn demo(users: impl IntoIterator<Item = Value>) -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    let karin = json!({ "id": "karin", "name": "Karin Åberg", "administrator": true });
    service.provisions("demo", [karin].into_iter().chain(users)).await?;
    service.requests.take();
    Ok(service)
}

/// An organisation with Anna, who is activated and has acknowledged.
async fn annas() -> anyhow::Result<Service> {
    let service = demo([provisioned("anna", Some("pro"))]).await?;
    switch(&service, &["anna"], true).await?.done()?;
    acknowledge(&service).await?.done()?;
    Ok(service)
}

async fn acknowledge(service: &Service) -> anyhow::Result<Answer> {
    ANNA.post(
        &service.me,
        "/v1/me/acknowledgement",
        &json!({ "version": "2026-11", "client": "app" }),
    )
    .await
}

async fn switch(
    service: &Service,
    users: &[impl AsRef<str>],
    active: bool,
) -> anyhow::Result<Answer> {
    let users: Vec<&str> = users.iter().map(AsRef::as_ref).collect();
    KARIN
        .post(&service.admin, "/v1/activations", &json!({ "users": users, "active": active }))
        .await
}

fn outcomes(answer: &Answer) -> Vec<(&str, &str)> {
    let users = answer.body["users"].as_array().map(Vec::as_slice).unwrap_or_default();
    users
        .iter()
        .filter_map(|user| Some((user["user"].as_str()?, user["outcome"].as_str()?)))
        .collect()
}

#[tokio::test]
async fn a_preview_shows_outcome_and_cost_and_changes_nothing() -> anyhow::Result<()> {
    let service =
        demo([provisioned("fresh", Some("basic")), provisioned("planless", None)]).await?;
    Person { activated: false, ..Person::recorded("returns") }
        .joins(&service.table, "demo")
        .await?;
    Person::recorded("active").joins(&service.table, "demo").await?;
    let order = |active: bool| json!({ "users": ["fresh", "planless", "returns", "active", "nobody"], "active": active, "preview": true });

    let on = KARIN.post(&service.admin, "/v1/activations", &order(true)).await?;
    let expected = [
        ("active", "already"),
        ("fresh", "waits-for-acknowledgement"),
        ("nobody", "not-found"),
        ("planless", "no-plan"),
        ("returns", "waits-for-acknowledgement"),
    ];
    assert_eq!(outcomes(&on), expected);
    assert_eq!((&on.body["preview"], &on.body["changes"]), (&json!(true), &json!(2)));
    assert_eq!(on.body["cost"], json!({ "startFeesOre": 19_800, "monthlyOre": 9800 }));

    let off = KARIN.post(&service.admin, "/v1/activations", &order(false)).await?;
    let expected = [
        ("active", "changes"),
        ("fresh", "already"),
        ("nobody", "not-found"),
        ("planless", "already"),
        ("returns", "already"),
    ];
    assert_eq!(outcomes(&off), expected);
    assert_eq!(off.body["cost"], json!({ "startFeesOre": 0, "monthlyOre": -4900 }));

    assert_eq!(service.requests.take().get("DynamoDB.TransactWriteItems"), None);
    assert_eq!(service.activations("demo", "fresh").await?, []);
    let previews =
        service.actions("demo").await?.into_iter().filter(|event| event[1] == "preview-activation");
    assert_eq!(previews.count(), 2);
    Ok(())
}

#[tokio::test]
async fn a_preview_without_agreed_prices_shows_no_cost() -> anyhow::Result<()> {
    let service = demo([provisioned("anna", Some("pro"))]).await?;
    let none = "/v1/organisations/demo/prices/2026-11-24";
    OPERATOR.put(&service.provision, none, &json!({ "prices": {} })).await?.done()?;
    let order = json!({ "users": ["anna"], "active": true, "preview": true });
    assert_eq!(
        KARIN.post(&service.admin, "/v1/activations", &order).await?.body["cost"],
        Value::Null
    );
    Ok(())
}

#[tokio::test]
async fn without_the_base_service_users_can_only_be_deactivated() -> anyhow::Result<()> {
    let service = annas().await?;
    OPERATOR
        .put(
            &service.provision,
            "/v1/organisations/demo",
            &json!({ "name": "Demo", "baseService": false, "storageAddOn": false }),
        )
        .await?
        .done()?;
    let register =
        ANNA.post(&service.upload, "/v1/recordings", &call("c", "audio/wav", &silence(1))).await?;
    assert_eq!(register.cause(), "recording-not-active");
    assert_eq!(outcomes(&switch(&service, &["anna"], false).await?), [("anna", "changes")]);
    assert_eq!(outcomes(&switch(&service, &["anna"], true).await?), [("anna", "no-base-service")]);
    Ok(())
}

#[tokio::test]
async fn each_of_many_switched_users_has_an_outcome_and_events() -> anyhow::Result<()> {
    for count in [1, 33, 34, 100, 1000] {
        // Every fifth has no plan, every seventh is active already, and one does not exist.
        let plan = |number: usize| (!number.is_multiple_of(5) || number == 0).then_some("pro");
        let name = |number: usize| format!("user-{number:04}");
        let service =
            demo((0..count).map(|number| provisioned(&name(number), plan(number)))).await?;
        let active: Vec<String> =
            (7..count).step_by(7).filter(|number| plan(*number).is_some()).map(name).collect();
        if !active.is_empty() {
            switch(&service, &active, true).await?.done()?;
        }
        let mut users: Vec<String> = (0..count).map(name).collect();
        if count < 1000 {
            users.push("zebra".to_owned());
        }
        service.requests.take();
        let answer = switch(&service, &users, true).await?.done()?;
        let expected: Vec<(&str, &str)> = users
            .iter()
            .enumerate()
            .map(|(number, user)| match plan(number) {
                _ if user == "zebra" => (user.as_str(), "not-found"),
                None => (user.as_str(), "no-plan"),
                Some(_) if active.contains(user) => (user.as_str(), "already"),
                Some(_) => (user.as_str(), "waits-for-acknowledgement"),
            })
            .collect();
        assert_eq!(outcomes(&answer), expected);
        let changes =
            expected.iter().filter(|(_, outcome)| *outcome == "waits-for-acknowledgement").count();
        assert_eq!(answer.body["changes"], changes);
        assert_eq!(answer.body["cost"]["startFeesOre"], changes * 9900);
        assert_eq!(
            service.requests.take()["DynamoDB.TransactWriteItems"],
            changes.div_ceil(33) as u64,
            "of {count}"
        );

        let audited = service.actions("demo").await?;
        for (user, outcome) in expected {
            let recorded = matches!(outcome, "waits-for-acknowledgement" | "already");
            assert_eq!(
                service.activations("demo", user).await?.len(),
                usize::from(recorded),
                "{user}"
            );
            let events = audited.iter().filter(|event| event[1] == "activate" && event[2] == user);
            assert_eq!(events.count(), usize::from(recorded), "{user}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_repeated_activation_changes_nothing_and_is_audited() -> anyhow::Result<()> {
    let service = demo([provisioned("anna", Some("pro"))]).await?;
    switch(&service, &["anna"], true).await?.done()?;
    let before = service.activations("demo", "anna").await?;
    let again = switch(&service, &["anna"], true).await?;
    assert_eq!((outcomes(&again), &again.body["changes"]), (vec![("anna", "already")], &json!(0)));
    assert_eq!(service.activations("demo", "anna").await?, before);
    let asked = service.actions("demo").await?.into_iter().filter(|event| event[1] == "activate");
    assert_eq!(asked.count(), 2);
    Ok(())
}

#[tokio::test]
async fn concurrent_activations_leave_one_event_for_each_user() -> anyhow::Result<()> {
    let users: Vec<String> = (0..100).map(|number| format!("user-{number:03}")).collect();
    let service = demo(users.iter().map(|user| provisioned(user, Some("pro")))).await?;
    let (one, other) = tokio::join!(switch(&service, &users, true), switch(&service, &users, true));
    let (one, other) = (one?.done()?, other?.done()?);
    let changes = |answer: &Answer| answer.body["changes"].as_u64().unwrap_or_default();
    assert_eq!(changes(&one) + changes(&other), 100);
    assert!(outcomes(&one).iter().chain(&outcomes(&other)).all(|(_, outcome)| {
        matches!(*outcome, "waits-for-acknowledgement" | "already" | "changed-meanwhile")
    }));
    for user in &users {
        assert_eq!(service.activations("demo", user).await?.len(), 1, "{user}");
    }
    Ok(())
}

#[tokio::test]
async fn concurrent_activation_and_deactivation_match_their_events() -> anyhow::Result<()> {
    let users: Vec<String> = (0..66).map(|number| format!("user-{number:03}")).collect();
    let service = demo(users.iter().map(|user| provisioned(user, Some("pro")))).await?;
    switch(&service, &users[..33], true).await?.done()?;
    let later = service.later(|| now() + TimeDelta::minutes(1));
    let (on, off) = tokio::join!(switch(&later, &users, true), switch(&later, &users, false));
    on?.done()?;
    off?.done()?;
    for user in &users {
        let events = service.activations("demo", user).await?;
        let balance =
            events.iter().map(|(kind, _)| if *kind == "activated" { 1 } else { -1 }).sum::<i32>();
        let shown = KARIN.get(&service.admin, &format!("/v1/users/{user}")).await?.body;
        assert_eq!(balance == 1, shown["activatedAt"] != Value::Null, "{user}: {events:?}");
    }
    Ok(())
}

#[tokio::test]
async fn deactivation_is_immediate_and_retains_the_recordings() -> anyhow::Result<()> {
    let service = annas().await?;
    store(&service.table, &recording("demo", "anna", "kept", now())).await?;
    let begun = |id: &str, minute: i64| {
        let started_at = now() + TimeDelta::minutes(minute);
        with(call(id, "audio/wav", &silence(1)), json!({ "startedAt": started_at }))
    };
    ANNA.post(&service.upload, "/v1/recordings", &begun("one", 0)).await?.done()?;
    let off = service.later(|| now() + TimeDelta::minutes(1));
    assert_eq!(outcomes(&switch(&off, &["anna"], false).await?), [("anna", "changes")]);
    let two = ANNA.post(&off.upload, "/v1/recordings", &begun("two", 1)).await?;
    assert_eq!(two.refusal(), (403, "recording-not-active".to_owned()));
    let retained = KARIN.get(&service.search, "/v1/recordings?user=anna").await?.body;
    assert_eq!(retained["recordings"].as_array().map(Vec::len), Some(2));

    let on = service.later(|| now() + TimeDelta::minutes(2));
    assert_eq!(
        outcomes(&switch(&on, &["anna"], true).await?),
        [("anna", "waits-for-acknowledgement")]
    );
    let register = async || ANNA.post(&on.upload, "/v1/recordings", &begun("three", 2)).await;
    assert_eq!(
        register().await?.refusal(),
        (403, "not-acknowledged".to_owned()),
        "the acknowledgement was of the activation that ended"
    );
    acknowledge(&on).await?.done()?;
    register().await?.done()?;
    let kinds: Vec<_> =
        service.activations("demo", "anna").await?.into_iter().map(|(kind, _)| kind).collect();
    let each = ["acknowledged", "activated", "deactivated", "acknowledged", "activated"];
    assert_eq!(kinds, each, "each activation is an event that billing reads");
    Ok(())
}

#[tokio::test]
async fn administrators_read_the_activation_history_of_a_user() -> anyhow::Result<()> {
    let service = annas().await?;
    let read = KARIN.get(&service.admin, "/v1/users/anna/activations").await?.body;
    let acknowledged = json!({ "at": now(), "kind": "acknowledged", "by": "user:anna", "byName": "anna", "version": "2026-11", "client": "app" });
    let activated = json!({ "at": now(), "kind": "activated", "by": "user:karin", "byName": "Karin Åberg", "version": null, "client": null });
    assert_eq!(read, json!({ "activations": [acknowledged, activated], "cursor": null }));
    assert_eq!(
        ANNA.get(&service.admin, "/v1/users/karin/activations").await?.refusal(),
        (403, "not-allowed".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn an_invalid_activation_is_refused() -> anyhow::Result<()> {
    let service = annas().await?;
    let users = |count: usize| (0..count).map(|number| format!("{number:064}")).collect::<Vec<_>>();
    let order = json!({ "users": ["anna"], "active": false });
    let cases = [
        (json!({ "users": [] }), "invalid"),
        (json!({ "users": users(1001) }), "invalid"),
        (json!({ "users": ["Anna"] }), "invalid"),
        (json!({ "users": "anna" }), "invalid"),
        (json!({ "active": "no" }), "invalid"),
        (json!({ "from": "2026-12-01" }), "invalid"),
    ];
    for (other, cause) in cases {
        let answer =
            KARIN.post(&service.admin, "/v1/activations", &with(order.clone(), other)).await?;
        assert_eq!(answer.refusal(), (422, cause.to_owned()), "{answer:?}");
    }
    let longest = switch(&service, &users(1000), true).await?.done()?;
    assert!(
        outcomes(&longest).iter().all(|(_, outcome)| *outcome == "not-found"),
        "a thousand of the longest ids fit"
    );
    let refused = ANNA.post(&service.admin, "/v1/activations", &order).await?;
    assert_eq!(refused.refusal(), (403, "not-allowed".to_owned()));
    let retained = service.actions("demo").await?;
    assert_eq!(
        retained.last().map(|event| [&event[0], &event[1], &event[3]]),
        Some(["user:anna", "activate", "not-allowed"].map(str::to_owned).each_ref())
    );
    Ok(())
}
