//! The caller's acknowledgement: recording starts with it, and it ends with the activation.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    call::{call, now, silence, with},
    people::Person,
    service::{OPERATOR, Service},
};

use crate::me::{ANNA, KARIN, demo, word};

#[tokio::test]
async fn recording_starts_only_after_plan_activation_and_acknowledgement() -> anyhow::Result<()> {
    let service = demo().await?;
    let cases = [
        (false, false, false, "no-plan", "recording-not-active"),
        (false, false, true, "no-plan", "recording-not-active"),
        (false, true, false, "no-plan", "recording-not-active"),
        (false, true, true, "no-plan", "recording-not-active"),
        (true, false, false, "not-active", "recording-not-active"),
        (true, false, true, "not-active", "recording-not-active"),
        (true, true, false, "not-acknowledged", "not-acknowledged"),
        (true, true, true, "recorded", ""),
    ];
    for (plan, activated, acknowledged, stated, cause) in cases {
        let plan = plan.then_some("pro");
        let person = Person { plan, activated, acknowledged, ..Person::recorded("anna") };
        person.joins(&service.table, "demo").await?;
        let me = ANNA.get(&service.me, "/v1/me").await?;
        assert_eq!(me.body["user"]["recording"], stated, "{person:?}");
        let registered = ANNA
            .post(&service.upload, "/v1/recordings", &call("c", "audio/wav", &silence(1)))
            .await?;
        match cause {
            "" => assert_eq!(registered.status.as_u16(), 201),
            cause => assert_eq!(registered.refusal(), (403, cause.to_owned()), "{person:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_acknowledgement_is_stored_with_time_version_and_client() -> anyhow::Result<()> {
    let service = demo().await?;
    Person { acknowledged: false, ..Person::recorded("anna") }
        .joins(&service.table, "demo")
        .await?;
    let me = ANNA.post(&service.me, "/v1/me/acknowledgement", &word()).await?.done()?.body;
    assert_eq!(me["user"]["recording"], "recorded");
    assert_eq!(
        (&me["user"]["acknowledgedAt"], &me["user"]["acknowledgedVersion"]),
        (&json!(now()), &json!("2026-11"))
    );

    let later = service.later(|| now() + TimeDelta::minutes(1));
    let again = ANNA.post(&later.me, "/v1/me/acknowledgement", &word()).await?.done()?.body;
    assert_eq!(again["user"]["acknowledgedAt"], json!(now()), "the first word stands");
    let expected = json!({
        "at": now(), "kind": "acknowledged", "by": "user:anna", "byName": "anna", "version": "2026-11", "client": "iCentrex 8.2 (Android 16)"
    });
    assert_eq!(
        ANNA.get(&service.me, "/v1/me/activations").await?.body,
        json!({ "activations": [expected], "cursor": null })
    );
    let retained =
        service.actions("demo").await?.into_iter().filter(|event| event[1] == "acknowledge");
    assert_eq!(retained.count(), 2, "each request leaves an event");
    Ok(())
}

#[tokio::test]
async fn only_an_existing_activation_can_be_acknowledged() -> anyhow::Result<()> {
    let service = demo().await?;
    let acknowledge =
        async |service: &Service| ANNA.post(&service.me, "/v1/me/acknowledgement", &word()).await;
    let nothing = (409, "nothing-to-acknowledge".to_owned());
    let recording = async |service: &Service| {
        anyhow::Ok(
            ANNA.get(&service.me, "/v1/me").await?.body["user"]["recording"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let switch = async |service: &Service, active: bool| {
        KARIN
            .post(
                &service.admin,
                "/v1/activations",
                &json!({ "users": ["anna"], "active": active }),
            )
            .await?
            .done()
    };
    for (plan, stated) in [(Some("pro"), "not-active"), (None, "no-plan")] {
        Person { plan, activated: false, acknowledged: false, ..Person::recorded("anna") }
            .joins(&service.table, "demo")
            .await?;
        assert_eq!(acknowledge(&service).await?.refusal(), nothing, "{stated}");
        assert_eq!(recording(&service).await?, stated);
    }
    assert_eq!(service.activations("demo", "anna").await?, []);
    let refused = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|event| event[1] == "acknowledge" && event[3] == nothing.1);
    assert_eq!(refused.count(), 2, "the attempts are audited");

    Person { activated: false, acknowledged: false, ..Person::recorded("anna") }
        .joins(&service.table, "demo")
        .await?;
    switch(&service, true).await?;
    assert_eq!(recording(&service).await?, "not-acknowledged");
    acknowledge(&service).await?.done()?;
    assert_eq!(recording(&service).await?, "recorded");
    OPERATOR
        .patch(&service.provision, "/v1/organisations/demo", &json!({ "baseService": false }))
        .await?
        .done()?;
    assert_eq!(acknowledge(&service).await?.refusal(), nothing);
    Ok(())
}

#[tokio::test]
async fn whatever_ends_an_activation_ends_its_acknowledgement() -> anyhow::Result<()> {
    const ANNAS: &str = "/v1/organisations/demo/users/anna";
    for end in ["administrator", "plan", "import", "removal"] {
        let service = demo().await?;
        let later = service.later(|| now() + TimeDelta::minutes(1));
        let switch = async |service: &Service, active: bool| {
            KARIN
                .post(
                    &service.admin,
                    "/v1/activations",
                    &json!({ "users": ["anna"], "active": active }),
                )
                .await?
                .done()
        };
        match end {
            "administrator" => drop(switch(&service, false).await?),
            "plan" => {
                for plan in [Value::Null, json!("pro")] {
                    OPERATOR
                        .patch(&service.provision, ANNAS, &json!({ "plan": plan }))
                        .await?
                        .done()?;
                }
            }
            "import" => {
                for plan in [Value::Null, json!("pro")] {
                    service
                        .provisions("demo", [json!({ "id": "anna", "name": "anna", "plan": plan })])
                        .await?;
                }
            }
            _ => {
                OPERATOR.delete(&service.provision, ANNAS).await?.done()?;
                OPERATOR
                    .post(&service.provision, &format!("{ANNAS}/restore"), &Value::Null)
                    .await?
                    .done()?;
            }
        }
        switch(&later, true).await?;
        let me = ANNA.get(&later.me, "/v1/me").await?.body;
        assert_eq!(
            (&me["user"]["recording"], &me["user"]["acknowledgedAt"]),
            (&json!("not-acknowledged"), &Value::Null),
            "{end}"
        );
        let started = json!({ "startedAt": now() + TimeDelta::minutes(1) });
        let begun = with(call("c", "audio/wav", &silence(1)), started);
        let registered = ANNA.post(&later.upload, "/v1/recordings", &begun).await?;
        assert_eq!(registered.refusal(), (403, "not-acknowledged".to_owned()), "{end}");
        ANNA.post(&later.me, "/v1/me/acknowledgement", &word()).await?.done()?;
        ANNA.post(&later.upload, "/v1/recordings", &begun).await?.done()?;
    }
    Ok(())
}

/// Such acknowledgements date from before each activation required a new one.
#[tokio::test]
async fn an_acknowledgement_older_than_the_activation_does_not_count() -> anyhow::Result<()> {
    let service = demo().await?;
    let mut item = platform::table::key::user(
        &tests::people::organisation("demo"),
        &tests::people::user("anna"),
    );
    let stored = service
        .table
        .client
        .get_item()
        .table_name(&service.table.name)
        .set_key(Some(item.clone()))
        .consistent_read(true);
    item = stored.send().await?.item.unwrap_or_default();
    item.insert(
        "activated_at".to_owned(),
        aws_sdk_dynamodb::types::AttributeValue::N("2".to_owned()),
    ); // acknowledged at 1
    service
        .table
        .client
        .put_item()
        .table_name(&service.table.name)
        .set_item(Some(item))
        .send()
        .await?;
    assert_eq!(
        ANNA.get(&service.me, "/v1/me").await?.body["user"]["recording"],
        "not-acknowledged"
    );
    let registered =
        ANNA.post(&service.upload, "/v1/recordings", &call("c", "audio/wav", &silence(1))).await?;
    assert_eq!(registered.refusal(), (403, "not-acknowledged".to_owned()));
    let me = ANNA.post(&service.me, "/v1/me/acknowledgement", &word()).await?.done()?.body;
    assert_eq!(
        (&me["user"]["recording"], &me["user"]["acknowledgedAt"]),
        (&json!("recorded"), &json!(now()))
    );
    Ok(())
}

#[tokio::test]
async fn an_invalid_acknowledgement_is_refused() -> anyhow::Result<()> {
    let service = demo().await?;
    Person { acknowledged: false, ..Person::recorded("anna") }
        .joins(&service.table, "demo")
        .await?;
    let cases = [
        (json!({ "version": "2025-01", "client": "app" }), 409, "changed"),
        (json!({ "version": "", "client": "app" }), 409, "changed"),
        (json!({ "version": "2026-11", "client": " " }), 422, "invalid"),
        (json!({ "version": "2026-11", "client": "x".repeat(101) }), 422, "invalid"),
        (json!({ "version": "2026-11", "client": "a\nb" }), 422, "invalid"),
        (json!({ "version": "2026-11" }), 422, "invalid"),
        (json!({ "version": "2026-11", "client": "app", "user": "omar" }), 422, "invalid"),
        (json!("yes"), 422, "invalid"),
    ];
    for (word, status, cause) in cases {
        let answer = ANNA.post(&service.me, "/v1/me/acknowledgement", &word).await?;
        assert_eq!(answer.refusal(), (status, cause.to_owned()), "{word}");
    }
    assert_eq!(
        ANNA.get(&service.me, "/v1/me").await?.body["user"]["recording"],
        "not-acknowledged"
    );
    assert_eq!(service.activations("demo", "anna").await?, []);
    let longest = json!({ "version": "2026-11", "client": "å".repeat(100) });
    ANNA.post(&service.me, "/v1/me/acknowledgement", &longest).await?.done()?;
    Ok(())
}
