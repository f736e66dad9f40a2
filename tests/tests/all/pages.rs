//! Lists with the most and the longest rows: responses fit Lambda, and every row appears once.

use std::collections::BTreeSet;

use axum::Router;
use chrono::TimeDelta;
use domain::note::Note;
use platform::table::audit::{AuditAction, Event};
use serde_json::{Value, json};
use tests::{
    call::now,
    people::{Person, organisation, user},
    recording::{recording, store},
    request::{Answer, As},
    service::{OPERATOR, Service},
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
/// "Invocation payload (request and response): 6 MB each for request and response (synchronous)":
/// AWS Lambda, quotas.
const SIX_MB: usize = 6 * 1024 * 1024;

async fn demo() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    service.provisions("demo", []).await?;
    Person::administrator("karin").joins(&service.table, "demo").await?;
    Person::recorded("anna").joins(&service.table, "demo").await?;
    Ok(service)
}

/// The response, if it fits Lambda's limit as a string in the JSON of the payload.
fn fits(answer: Answer) -> anyhow::Result<Answer> {
    let bytes = serde_json::to_string(&answer.text)?.len() + 2_000; // with status and headers
    anyhow::ensure!(bytes < SIX_MB, "{bytes} bytes");
    Ok(answer)
}

/// Every row of a list, page by page.
async fn all(
    by: As<'_>,
    router: &Router,
    path: &str,
    list: &str,
) -> anyhow::Result<(Vec<Value>, usize)> {
    let (mut rows, mut pages, mut next) = (Vec::new(), 0, path.to_owned());
    let separator = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = fits(by.get(router, &next).await?.done()?)?.body;
        rows.extend(page[list].as_array().cloned().unwrap_or_default());
        pages += 1;
        let Some(cursor) = page["cursor"].as_str() else { return Ok((rows, pages)) };
        next = format!("{path}{separator}cursor={cursor}");
    }
}

#[tokio::test]
async fn eight_hundred_edits_of_the_longest_note_come_page_by_page() -> anyhow::Result<()> {
    const EDITS: usize = 800;
    let service = demo().await?;
    let annotate = annotate::router(annotate::App { table: service.table.clone(), now });
    let recording = recording("demo", "anna", "edited", now() - TimeDelta::hours(1));
    store(&service.table, &recording).await?;
    let path = format!("/v1/recordings/{}", recording.id);
    for edit in 0..EDITS {
        // Quotes and four-byte characters take the most room in a response.
        let filler = if edit % 2 == 0 { "\"" } else { "🎧" };
        let note = format!("{edit:04}{}", filler.repeat(Note::CHARACTERS - 4));
        let body = json!({ "note": note }).to_string();
        ANNA.send_with(&annotate, "PATCH", &path, Some(body), json!({ "if-match": "*" }))
            .await?
            .done()?;
    }
    for (query, newest) in [("?limit=1000", false), ("?limit=1000&order=newest", true), ("", false)]
    {
        let (edits, pages) = all(ANNA, &annotate, &format!("{path}/edits{query}"), "edits").await?;
        let versions: Vec<u64> = edits.iter().filter_map(|edit| edit["version"].as_u64()).collect();
        let mut expected: Vec<u64> = (1..=EDITS as u64).collect();
        if newest {
            expected.reverse();
        }
        assert_eq!(versions, expected, "{query}");
        assert!(pages > 1, "{query}");
        let note =
            |edit: &Value| edit["changes"][0]["to"].as_str().map(|note| note[..4].to_owned());
        assert!(
            edits.iter().all(|edit| note(edit)
                == edit["version"].as_u64().map(|version| format!("{:04}", version - 1))),
            "{query}"
        );
    }
    let refused = ANNA.get(&annotate, &format!("{path}/edits?cursor=AmFiYw")).await?;
    assert_eq!(refused.refusal(), (422, "invalid".to_owned()), "a cursor of another list");
    Ok(())
}

/// Events with the longest reasons and details that a request can leave.
async fn events(service: &Service, number: i64) -> anyhow::Result<()> {
    for at in 0..number {
        let event = Event {
            resource: Some("group".to_owned()),
            detail: Some("\"users\"\n".repeat(2_000)),
            reason: Some("\\".repeat(500)),
            address: "192.0.2.7".to_owned(),
            request: format!("event-{at}"),
            ..Event::new(
                organisation("demo"),
                "user:anna",
                AuditAction::ChangeMembers,
                now() - TimeDelta::minutes(at),
            )
        };
        service.table.audit_log().write(&event).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_audit_log_fits_the_limit_as_pages_and_as_files() -> anyhow::Result<()> {
    const EVENTS: i64 = 500;
    let service = demo().await?;
    events(&service, EVENTS).await?;
    let path = "/v1/audit?limit=1000&action=change-members";
    let (rows, pages) = all(KARIN, &service.admin, path, "events").await?;
    let ids: BTreeSet<&str> = rows.iter().filter_map(|row| row["requestId"].as_str()).collect();
    assert_eq!((rows.len(), ids.len()), (EVENTS as usize, EVENTS as usize));
    assert!(pages > 1);
    let (mut read, mut files, mut cursor) = (BTreeSet::new(), 0, String::new());
    loop {
        let path = format!("/v1/audit?action=change-members{cursor}");
        let answer = fits(
            KARIN
                .send_with(&service.admin, "GET", &path, None, json!({ "accept": "text/csv" }))
                .await?
                .done()?,
        )?;
        read.extend((0..EVENTS).filter(|at| answer.text.contains(&format!("event-{at}\r\n"))));
        files += 1;
        let Some(next) = answer.headers.get("next-cursor") else { break };
        cursor = format!("&cursor={}", next.to_str()?);
    }
    assert_eq!(read.len(), EVENTS as usize);
    assert!(files > 1);
    Ok(())
}

#[tokio::test]
async fn applications_and_activations_come_page_by_page() -> anyhow::Result<()> {
    let service = demo().await?;
    let expected: Vec<String> = (0..7).map(|number| format!("crm{number}")).collect();
    for client in &expected {
        let body = json!({ "name": client, "scopes": ["read"] });
        OPERATOR
            .put(&service.provision, &format!("/v1/organisations/demo/clients/{client}"), &body)
            .await?
            .done()?;
    }
    for (limit, pages) in [(3, 3), (7, 1), (1000, 1)] {
        let (clients, came) =
            all(KARIN, &service.admin, &format!("/v1/clients?limit={limit}"), "clients").await?;
        let ids: Vec<&str> = clients.iter().filter_map(|client| client["id"].as_str()).collect();
        assert_eq!((ids, came), (expected.iter().map(String::as_str).collect(), pages));
    }
    for active in [false, true, false, true, false] {
        KARIN
            .post(
                &service.admin,
                "/v1/activations",
                &json!({ "users": ["anna"], "active": active }),
            )
            .await?
            .done()?;
    }
    let (whole, one) =
        all(KARIN, &service.admin, "/v1/users/anna/activations?limit=1000", "activations").await?;
    let (rows, pages) =
        all(KARIN, &service.admin, "/v1/users/anna/activations?limit=1", "activations").await?;
    assert_eq!((&rows, one, pages), (&whole, 1, whole.len()));
    assert!(whole.len() >= 2, "{whole:?}");
    Ok(())
}

#[tokio::test]
async fn users_in_many_groups_fit_the_limit() -> anyhow::Result<()> {
    let service = demo().await?;
    let groups: BTreeSet<String> =
        (0..400).map(|number| format!("group-{number:04}-{}", "x".repeat(40))).collect();
    for number in 0..300 {
        let body = json!({ "name": format!("User {number:03}"), "phone": null, "language": "sv", "plan": null, "administrator": false });
        OPERATOR
            .put(
                &service.provision,
                &format!("/v1/organisations/demo/users/user-{number:03}"),
                &body,
            )
            .await?
            .done()?;
        let update = service.table.client.update_item().table_name(&service.table.name);
        let key =
            platform::table::key::user(&organisation("demo"), &user(&format!("user-{number:03}")));
        let all = aws_sdk_dynamodb::types::AttributeValue::Ss(groups.iter().cloned().collect());
        let update = update
            .set_key(Some(key))
            .update_expression("SET #groups = :all")
            .expression_attribute_names("#groups", "groups");
        update.expression_attribute_values(":all", all).send().await?;
    }
    let (rows, pages) = all(KARIN, &service.admin, "/v1/users?limit=1000", "users").await?;
    let ids: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row["id"].as_str())
        .filter(|id| id.starts_with("user-"))
        .collect();
    assert_eq!(ids.len(), 300);
    assert!(pages > 1);
    Ok(())
}
