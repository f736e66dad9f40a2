//! The events of the audit log.

use chrono::{DateTime, Utc};
use platform::table::audit::{AuditAction, Event};
use serde_json::{Value, json};
use tests::{
    call::now,
    people::{Person, found, organisation},
    recording::{recording, store},
    request::As,
    service::{OPERATOR, Service},
    whole,
};

pub(crate) const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

pub(crate) async fn demo() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    found(&service.table, "demo").await?;
    Person::administrator("karin").joins(&service.table, "demo").await?;
    Person::recorded("anna").joins(&service.table, "demo").await?;
    Ok(service)
}

/// An event of Anna listing recordings at `at`.
pub(crate) fn event(at: DateTime<Utc>, request: &str) -> Event {
    Event {
        address: "192.0.2.7".to_owned(),
        request: request.to_owned(),
        ..Event::new(organisation("demo"), "user:anna", AuditAction::Search, at)
    }
}

#[tokio::test]
async fn every_administrative_request_leaves_one_event_with_actor_action_time_and_origin()
-> anyhow::Result<()> {
    let service = demo().await?;
    let client = json!({ "name": "CRM", "scopes": ["read"] });
    OPERATOR
        .put(&service.provision, "/v1/organisations/demo/clients/Crm1", &client)
        .await?
        .done()?;
    let requests = [
        ("GET", "/v1/organisation", Value::Null, "see-organisation", ""),
        ("PATCH", "/v1/organisation", json!({ "asksReason": true }), "change-organisation", ""),
        ("GET", "/v1/users", Value::Null, "list-users", ""),
        ("GET", "/v1/users/anna", Value::Null, "see-user", "anna"),
        ("PATCH", "/v1/users/anna", json!({ "administrator": false }), "change-user", "anna"),
        ("GET", "/v1/users/anna/activations", Value::Null, "see-user", "anna"),
        (
            "POST",
            "/v1/activations",
            json!({ "users": ["karin"], "active": true }),
            "activate",
            "karin",
        ),
        (
            "POST",
            "/v1/activations",
            json!({ "users": ["karin"], "active": false }),
            "deactivate",
            "karin",
        ),
        (
            "POST",
            "/v1/activations",
            json!({ "users": ["anna"], "active": false, "preview": true }),
            "preview-activation",
            "",
        ),
        ("PUT", "/v1/groups/sales", json!({ "name": "Sälj" }), "change-group", "sales"),
        ("GET", "/v1/groups", Value::Null, "list-groups", ""),
        ("GET", "/v1/groups/sales", Value::Null, "see-group", "sales"),
        ("GET", "/v1/groups/nothing", Value::Null, "see-group", "nothing"),
        ("POST", "/v1/groups/sales/members", json!({ "add": ["anna"] }), "change-members", "sales"),
        ("GET", "/v1/groups/sales/members", Value::Null, "see-group", "sales"),
        (
            "PUT",
            "/v1/groups/sales/supervisors/anna",
            whole::supervision(json!({})),
            "change-supervisor",
            "sales/anna",
        ),
        (
            "DELETE",
            "/v1/groups/sales/supervisors/anna",
            Value::Null,
            "remove-supervisor",
            "sales/anna",
        ),
        ("DELETE", "/v1/groups/sales", Value::Null, "remove-group", "sales"),
        ("DELETE", "/v1/groups/sales", Value::Null, "remove-group", "sales"),
        ("GET", "/v1/clients", Value::Null, "list-clients", ""),
        ("DELETE", "/v1/clients/Crm1", Value::Null, "remove-client", "Crm1"),
        ("GET", "/v1/audit", Value::Null, "read-audit", ""),
    ];
    for (method, path, body, action, subject) in requests {
        let before = service.audit("demo").await?.len();
        let answer = KARIN
            .send(&service.admin, method, path, (!body.is_null()).then(|| body.to_string()))
            .await?;
        let events = service.audit("demo").await?;
        assert_eq!(events.len(), before + 1, "{method} {path}");
        let event = events.last().cloned().ok_or_else(|| anyhow::anyhow!("no event"))?;
        assert_eq!(
            (event.actor.as_str(), event.action.into_str(), event.at),
            ("user:karin", action, now()),
            "{method} {path}"
        );
        assert_eq!(
            (event.resource.as_deref().unwrap_or_default(), event.address.as_str()),
            (subject, "192.0.2.1"),
            "{method} {path}"
        );
        let cause = (!answer.status.is_success()).then(|| answer.cause());
        assert_eq!(event.denial, cause, "{method} {path}");
    }
    Ok(())
}

#[tokio::test]
async fn every_search_view_play_and_download_leaves_an_event_allowed_or_denied()
-> anyhow::Result<()> {
    let service = demo().await?;
    let annas = recording("demo", "anna", "a", now());
    store(&service.table, &annas).await?;
    Person { rights: &[], ..Person::recorded("omar") }.joins(&service.table, "demo").await?;
    let omar = As { organisation: "demo", user: "omar" };
    let one = format!("/v1/recordings/{}", annas.id);
    for caller in [ANNA, omar] {
        caller.get(&service.search, "/v1/recordings").await?;
        caller.get(&service.search, &one).await?;
        caller.post(&service.playback, &format!("{one}/playback"), &Value::Null).await?;
        caller.post(&service.playback, &format!("{one}/download"), &Value::Null).await?;
    }
    let id = annas.id.to_string();
    let expected = [("user:anna", ""), ("user:omar", "not-allowed")].map(|(who, cause)| {
        [["search", ""], ["see", &id], ["play", &id], ["download", &id]]
            .map(|[action, about]| [who, action, about, cause].map(str::to_owned))
    });
    assert_eq!(service.actions("demo").await?, expected.concat());
    Ok(())
}

#[tokio::test]
async fn an_event_is_never_overwritten() -> anyhow::Result<()> {
    let service = demo().await?;
    let first = event(now(), "same");
    service.table.audit_log().write(&first).await?;
    service.table.audit_log().write(&Event { actor: "user:karin".to_owned(), ..first }).await?;
    let retained = service.audit("demo").await?;
    assert_eq!(
        retained.iter().map(|event| event.actor.as_str()).collect::<Vec<_>>(),
        ["user:anna"]
    );
    Ok(())
}

#[tokio::test]
async fn a_required_reason_precedes_each_link_and_the_recorded_user_reads_it() -> anyhow::Result<()>
{
    let service = demo().await?;
    let annas = recording("demo", "anna", "a", now());
    store(&service.table, &annas).await?;
    let link = async |verb: &str, body: Value| {
        let path = format!("/v1/recordings/{}/{verb}", annas.id);
        KARIN.post(&service.playback, &path, &body).await
    };
    link("playback", Value::Null).await?.done()?;
    KARIN
        .patch(&service.admin, "/v1/organisation", &json!({ "asksReason": true }))
        .await?
        .done()?;
    for verb in ["playback", "download"] {
        for body in [
            Value::Null,
            json!({}),
            json!({ "reason": "" }),
            json!({ "reason": "  " }),
            json!({ "reason": null }),
        ] {
            let refused = link(verb, body.clone()).await?;
            assert_eq!(refused.status.as_u16(), 422, "{body}: {refused:?}");
            assert!(refused.body["url"].is_null());
        }
        assert_eq!(
            link(verb, json!({ "reason": "x".repeat(201) })).await?.refusal(),
            (422, "invalid".to_owned())
        );
        link(verb, json!({ "reason": format!("ärende 4411, {verb}") })).await?.done()?;
    }
    assert_eq!(link("playback", Value::Null).await?.cause(), "reason-missing");
    let heard = ANNA.get(&service.me, "/v1/me/listeners").await?.body;
    let notified: Vec<_> = heard["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| event["reason"].clone())
        .collect();
    assert_eq!(
        notified,
        [json!("ärende 4411, download"), json!("ärende 4411, playback"), Value::Null]
    );
    assert!(
        heard["events"]
            .as_array()
            .into_iter()
            .flatten()
            .all(|event| event["actor"] == "user:karin")
    );
    Ok(())
}
