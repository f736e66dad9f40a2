//! The steps of the journey of an erasure: its people, calls, holds and erasures.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use platform::table::key;
use serde_json::{Value, json};
use tests::{
    call::with,
    deployed::Deployed,
    door::Door,
    people::{organisation, user},
};

pub(crate) const OF: &str = "forgotten";

pub(crate) fn person(user: &str) -> Value {
    json!({ "organisation": OF, "user": user })
}

pub(crate) fn operator() -> Value {
    json!({ "client": "provisioning", "scopes": "operator" })
}

/// The organisation with Vera, who administers, and the recorded Ulla and Torsten (u-17).
pub(crate) async fn provisioned(service: &Deployed) -> anyhow::Result<()> {
    let (operator, vera) = (operator(), person("vera"));
    let organisation = json!({ "name": "Glömska AB", "baseService": true, "storageAddOn": false });
    service
        .done("provision", &operator, &format!("PUT /v1/organisations/{OF}"), &organisation)
        .await?;
    let people = [
        ("vera", "Vera Ek", "+46761112221", true),
        ("ulla", "Ulla Ask", "+46761112222", false),
        ("u-17", "Torsten Zackrisson", "+46761112223", false),
    ];
    for (user, name, phone, administrator) in people {
        let put = json!({ "name": name, "phone": phone, "language": "sv", "plan": "pro", "administrator": administrator });
        service
            .done("provision", &operator, &format!("PUT /v1/organisations/{OF}/users/{user}"), &put)
            .await?;
    }
    service
        .done(
            "admin",
            &vera,
            "POST /v1/activations",
            &json!({ "users": ["ulla", "u-17"], "active": true }),
        )
        .await?;
    for user in ["ulla", "u-17"] {
        let me = service.done("me", &person(user), "GET /v1/me", &Value::Null).await?;
        let text = json!({ "version": me["acknowledgement"]["version"], "client": "test" });
        service.done("me", &person(user), "POST /v1/me/acknowledgement", &text).await?;
        let rights = json!({ "rights": { "listen": true, "download": true, "annotate": true } });
        service.done("admin", &vera, &format!("PATCH /v1/users/{user}"), &rights).await?;
    }
    Ok(())
}

/// Dates the users' recording back, so that they can register calls of earlier days.
pub(crate) async fn recorded_since_long_ago(door: &Door, users: &[&str]) -> anyhow::Result<()> {
    let table = door.cloud.table();
    for name in users {
        let write = table.client.update_item().table_name(&table.name);
        let write = write.set_key(Some(key::user(&organisation(OF), &user(name))));
        let write = write.update_expression("SET recorded_since = :since");
        write.expression_attribute_values(":since", AttributeValue::N("0".into())).send().await?;
    }
    Ok(())
}

/// Repeats the request until the response meets the condition.
pub(crate) async fn until(
    service: &Deployed,
    function: &str,
    who: &Value,
    asked: &str,
    late_arrival: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let mut refresh = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..2_000 {
        refresh.tick().await;
        let shown = service.done(function, who, asked, &Value::Null).await?;
        if late_arrival(&shown) {
            return Ok(shown);
        }
    }
    anyhow::bail!("{asked} never met the condition")
}

/// Registers a call, uploads its audio and waits until it leaves `expected`. Returns the id.
pub(crate) async fn recorded(
    service: &Deployed,
    door: &Door,
    user: &str,
    registration: Value,
    audio: &[u8],
) -> anyhow::Result<String> {
    let registered =
        service.done("upload", &person(user), "POST /v1/recordings", &registration).await?;
    anyhow::ensure!(
        door.send(&registered["upload"], audio).await?.is_success(),
        "the link took no audio"
    );
    let id = registered["recording"]["id"].as_str().unwrap_or_default().to_owned();
    until(service, "search", &person("vera"), &format!("GET /v1/recordings/{id}"), |shown| {
        shown["state"] != "expected"
    })
    .await?;
    Ok(id)
}

pub(crate) async fn held(service: &Deployed, filter: Value) -> anyhow::Result<String> {
    let body = json!({ "reason": "tvist med 076-135 79 24", "filter": filter });
    let placed = service.done("retention-api", &person("vera"), "POST /v1/holds", &body).await?;
    let path = format!("/v1/holds/{}", placed["id"].as_str().unwrap_or_default());
    until(service, "retention-api", &person("vera"), &format!("GET {path}"), |shown| {
        shown["hold"]["state"] == "held"
    })
    .await?;
    Ok(path)
}

pub(crate) async fn lifted(service: &Deployed, path: &str) -> anyhow::Result<()> {
    service
        .done(
            "retention-api",
            &person("vera"),
            &format!("DELETE {path}?reason=klart%20%2B46761357924"),
            &Value::Null,
        )
        .await?;
    until(service, "retention-api", &person("vera"), &format!("GET {path}"), |shown| {
        shown["hold"]["state"] == "lifted"
    })
    .await
    .map(drop)
}

pub(crate) async fn erased(service: &Deployed, whose: Value, expected: u64) -> anyhow::Result<()> {
    let vera = person("vera");
    let order = with(json!({ "reason": "begäran från 0761357924" }), whose);
    service.done("retention-api", &vera, "POST /v1/erasures", &order).await?; // a preview that is never confirmed
    let erasure = service.done("retention-api", &vera, "POST /v1/erasures", &order).await?;
    assert_eq!(erasure["recordings"], expected, "{erasure}");
    let path = format!("/v1/erasures/{}", erasure["id"].as_str().unwrap_or_default());
    service
        .done(
            "retention-api",
            &vera,
            &format!("POST {path}/confirm"),
            &json!({ "recordings": expected }),
        )
        .await?;
    let done = until(service, "retention-api", &vera, &format!("GET {path}"), |shown| {
        shown["state"] == "done"
    })
    .await?;
    assert_eq!(done["erased"], expected, "{done}");
    Ok(())
}
