//! Every request of a known caller leaves exactly one audit event with its outcome, whatever the
//! operation, the caller and the body.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use domain::ids::OrganisationId;
use platform::table::{
    Table,
    audit::{Event, Reading},
};
use serde_json::{Value, json};
use tests::{call::now, contract, people::organisation};

use super::rights_world::{World, body};

/// Roles of the rights table, and each one's actor. An administrator's valid request is the last.
const ROLES: [(&str, &str); 4] = [
    ("own", "user:anna"),
    ("read", "client:crm"),
    ("oper", "operator:operator"),
    ("admin", "user:karin"),
];

/// All events of the organisation and of the operator, by request.
async fn events(table: &Table) -> anyhow::Result<Vec<Event>> {
    let mut all = Vec::new();
    for of in [organisation("demo"), OrganisationId::operator()] {
        let reading = Reading::new(&of, DateTime::UNIX_EPOCH, now() + TimeDelta::days(1), 1000);
        all.extend(table.audit_log().events(&reading).await?.0);
    }
    Ok(all)
}

/// Sends the operation's request as each role: with malformed, invalid and valid bodies.
async fn check(method: String, path: &'static str, has_body: bool) -> anyhow::Result<usize> {
    let (mut sent, world) = (0, World::new("stored").await?);
    let valid = body(&method, path);
    let bodies = if has_body {
        vec![Some("{".to_owned()), Some(r#"{"no":1}"#.to_owned()), valid]
    } else {
        vec![valid]
    };
    for (role, actor) in ROLES {
        for body in &bodies {
            let before: BTreeSet<String> =
                events(&world.table).await?.into_iter().map(|event| event.request).collect();
            let answer = world
                .ask(
                    role,
                    "demo",
                    &method,
                    &world.named(&method, path),
                    body.clone(),
                    json!({ "if-match": "*" }),
                )
                .await?;
            let left: Vec<Event> = events(&world.table)
                .await?
                .into_iter()
                .filter(|event| !before.contains(&event.request))
                .collect();
            let case = format!("{method} {path} as {role} with {body:?}: {answer:?}");
            let [event] = left.as_slice() else { anyhow::bail!("{case} left {left:?}") };
            let denial = (!answer.status.is_success()).then(|| answer.cause());
            anyhow::ensure!(
                (event.actor.as_str(), &event.denial, event.at) == (actor, &denial, now()),
                "{case} left {event:?}"
            );
            sent += 1;
        }
    }
    Ok(sent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_request_of_a_known_caller_leaves_one_event_with_its_outcome() -> anyhow::Result<()> {
    let operations = contract::operations()
        .map(|(method, path, operation)| (method, path, !operation["requestBody"].is_null()));
    let checked: Vec<_> = operations
        .map(|(method, path, has_body)| tokio::spawn(check(method, path, has_body)))
        .collect();
    let mut sent = 0;
    for checked in checked {
        sent += checked.await??;
    }
    assert!(sent > 400, "{sent}");
    Ok(())
}

/// The path names a resource, and the event names the same.
#[tokio::test]
async fn an_event_names_the_resource_of_the_path_even_of_a_malformed_request() -> anyhow::Result<()>
{
    let world = World::new("stored").await?;
    let malformed = Some("{".to_owned());
    let id = world.named("GET", "{id}");
    for (method, path, resource, recording) in [
        ("PUT", "/v1/groups/g1/supervisors/sara", Some("g1/sara"), None),
        ("PATCH", "/v1/users/zoe", Some("zoe"), None),
        ("PATCH", &format!("/v1/recordings/{id}"), None, Some(id.clone())),
        ("PATCH", "/v1/users/NOT%20AN%20ID", None, None),
    ] {
        let answer = world.ask("admin", "demo", method, path, malformed.clone(), Value::Null).await;
        let answer = answer.map_err(|error| error.context(path.to_owned()))?;
        let last = events(&world.table)
            .await?
            .into_iter()
            .find(|event| event.actor == "user:karin" && event.denial == Some(answer.cause()));
        let last = last.ok_or_else(|| anyhow::anyhow!("{path} left no event"))?;
        assert_eq!(
            (last.resource.as_deref(), last.recording.map(|id| id.to_string())),
            (resource, recording),
            "{path}"
        );
    }
    Ok(())
}
