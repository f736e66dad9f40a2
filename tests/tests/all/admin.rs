//! Users and their organisation for administrators: `/v1/users`, `/v1/organisation`.

use std::{collections::BTreeMap, time::Instant};

use anyhow::Context;
use serde_json::{Value, json};
use tests::{
    request::{Answer, As},
    service::{OPERATOR, Service},
    whole,
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

/// "demo" with the administrator Karin and `users`, and another organisation with its own users.
async fn demo(users: impl IntoIterator<Item = Value>) -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    let karin = json!({ "id": "karin", "name": "Karin Åberg", "administrator": true });
    service.provisions("demo", [karin].into_iter().chain(users)).await?;
    service
        .provisions("other", [json!({ "id": "anna", "name": "Anna Annan", "administrator": true })])
        .await?;
    service.requests.take();
    Ok(service)
}

fn few() -> Vec<Value> {
    let people = [
        ("anna", "Anna Berg", "+46701740601"),
        ("asa", "Asa Aberg", "+46701740602"),
        ("ake", "Åke Öman", "+46701740603"),
        ("orjan", "Örjan #1", "+46701740604"),
        ("ella", "ella ek", "+46701740605"),
    ];
    people
        .into_iter()
        .map(|(id, name, phone)| json!({ "id": id, "name": name, "phone": phone, "plan": "pro" }))
        .collect()
}

fn ids(answer: &Answer) -> Vec<String> {
    let users = answer.body["users"].as_array().into_iter().flatten();
    users.filter_map(|user| user["id"].as_str()).map(str::to_owned).collect()
}

/// The ids on all pages of a list, and the number of pages.
async fn all(service: &Service, query: &str) -> anyhow::Result<(Vec<String>, usize)> {
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page =
            KARIN.get(&service.admin, &format!("/v1/users?{query}{cursor}")).await?.done()?;
        seen.extend(ids(&page));
        pages += 1;
        match page.body["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok((seen, pages)),
        }
    }
}

#[tokio::test]
async fn ten_thousand_users_can_be_listed_found_and_paged() -> anyhow::Result<()> {
    let users = (0..9_999).map(|number| {
        // The order by name differs from the order by id.
        let name = format!("Användare {:04}", (number * 7919) % 10_000);
        json!({ "id": format!("u{number:04}"), "name": name, "phone": format!("+4670{number:07}"), "plan": "pro" })
    });
    let service = demo(users).await?;
    let page = KARIN.get(&service.admin, "/v1/users?limit=100").await?.done()?;
    assert_eq!(ids(&page).len(), 100);
    let requests = service.requests.take();
    let expected = [("DynamoDB.BatchGetItem", 1), ("DynamoDB.PutItem", 1), ("DynamoDB.Query", 1)];
    assert_eq!(
        requests,
        expected.map(|(name, count)| (name.to_owned(), count)).into(),
        "the caller, the page, the audit event"
    );

    let begun = Instant::now();
    for limit in [1000, 777] {
        let (seen, pages) = all(&service, &format!("limit={limit}")).await?;
        assert_eq!((seen.len(), pages), (10_000, 10_000 / limit + 1));
        let distinct: BTreeMap<&String, ()> = seen.iter().map(|id| (id, ())).collect();
        assert_eq!(distinct.len(), 10_000, "each exactly once");
    }
    println!("10,000 users listed twice in {:.1?}", begun.elapsed());
    let names = KARIN.get(&service.admin, "/v1/users?limit=1000").await?.body;
    let names: Vec<&str> = names["users"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|user| user["name"].as_str())
        .collect();
    assert!(names.is_sorted(), "by name");

    for (text, count) in [("u0042", 1), ("ANVÄNDARE 99", 100), ("nobody", 0)] {
        service.requests.take();
        let text_in_query = text.replace(' ', "%20").replace('Ä', "%C3%84");
        let (seen, _) = all(&service, &format!("limit=1000&q={text_in_query}")).await?;
        let queries = service.requests.take().get("DynamoDB.Query").copied().unwrap_or_default();
        println!("{text}: {} users in {queries} queries", seen.len());
        assert_eq!(seen.len(), count, "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn users_are_sorted_by_name_regardless_of_case() -> anyhow::Result<()> {
    let service = demo(few()).await?;
    // The order follows the folded code points: å, ä and ö follow z, but not in Swedish order.
    assert_eq!(
        ids(&KARIN.get(&service.admin, "/v1/users").await?),
        ["anna", "asa", "ella", "karin", "ake", "orjan"]
    );
    for limit in 1..=7 {
        let (seen, _) = all(&service, &format!("limit={limit}")).await?;
        assert_eq!(seen, ["anna", "asa", "ella", "karin", "ake", "orjan"], "{limit}");
    }
    Ok(())
}

#[tokio::test]
async fn a_user_is_found_by_a_part_of_name_id_or_number_in_any_case() -> anyhow::Result<()> {
    let service = demo(few()).await?;
    let cases: [(&str, &[&str]); 10] = [
        ("BERG", &["anna", "asa", "karin"]),
        ("aberg", &["asa"]),
        ("%C3%A5berg", &["karin"]),
        ("%C3%85KE", &["ake"]),
        ("A%CC%8AKE", &["ake"]), // Å as a letter and a combining ring
        ("orja", &["orjan"]),
        ("%C3%B6", &["ake", "orjan"]),
        ("46701740603", &["ake"]),
        ("%23", &["orjan"]),
        ("%20%20", &["anna", "asa", "ella", "karin", "ake", "orjan"]),
    ];
    for (text, found) in cases {
        assert_eq!(
            ids(&KARIN.get(&service.admin, &format!("/v1/users?q={text}")).await?),
            found,
            "{text}"
        );
        assert_eq!(
            all(&service, &format!("limit=1&q={text}")).await?.0,
            found,
            "{text}, one at a time"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_renamed_user_is_sorted_again_and_a_removed_user_is_not_listed() -> anyhow::Result<()> {
    let service = demo(few()).await?;
    let users = "/v1/organisations/demo/users";
    OPERATOR
        .put(
            &service.provision,
            &format!("{users}/anna"),
            &whole::user(json!({ "name": "Örn Zebra", "plan": "pro" })),
        )
        .await?
        .done()?;
    assert_eq!(all(&service, "limit=2").await?.0, ["asa", "ella", "karin", "ake", "orjan", "anna"]);
    assert_eq!(all(&service, "q=berg").await?.0, ["asa", "karin"]);
    assert_eq!(all(&service, "q=740601").await?.0, Vec::<String>::new(), "the number was removed");
    OPERATOR.delete(&service.provision, &format!("{users}/ella")).await?.done()?;
    assert_eq!(all(&service, "limit=2").await?.0, ["asa", "karin", "ake", "orjan", "anna"]);
    assert_eq!(all(&service, "q=ella").await?.0, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn an_invalid_list_query_is_refused_and_an_unknown_cursor_is_harmless() -> anyhow::Result<()>
{
    let service = demo(few()).await?;
    let long = "x".repeat(101);
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "cursor=abc",
        "cursor=",
        "colour=red",
        &format!("q={long}"),
    ] {
        let answer = KARIN.get(&service.admin, &format!("/v1/users?{query}")).await?;
        assert_eq!(answer.refusal(), (422, "invalid".to_owned()), "{query}");
    }
    for place in ["m", "m#", "#", "~", "0001795521600#request-1"] {
        let cursor = platform::cursor::write_text(place);
        KARIN
            .get(&service.admin, &format!("/v1/users?cursor={cursor}"))
            .await?
            .done()
            .context(place)?;
    }
    Ok(())
}

#[tokio::test]
async fn rights_are_granted_and_revoked_independently() -> anyhow::Result<()> {
    let service = demo(few()).await?;
    let change = async |body: Value| KARIN.patch(&service.admin, "/v1/users/anna", &body).await;
    let listen = json!({ "listen": true, "download": false, "annotate": false });
    let changed = change(json!({ "rights": { "listen": true } })).await?.done()?;
    assert_eq!(changed.body["rights"], listen);
    assert_eq!(
        change(json!({ "administrator": true })).await?.body["rights"],
        listen,
        "what is left out stays"
    );
    KARIN.get(&service.admin, "/v1/users/anna").await?.done()?;
    ANNA.get(&service.admin, "/v1/users")
        .await?
        .done()
        .context("a new administrator administers")?;
    assert_eq!(change(json!({ "administrator": false })).await?.body["administrator"], false);
    assert_eq!(
        ANNA.get(&service.admin, "/v1/users").await?.cause(),
        "not-allowed",
        "on the next request"
    );
    let none = json!({ "listen": false, "download": false, "annotate": false });
    assert_eq!(change(json!({ "rights": { "listen": false } })).await?.body["rights"], none);

    let details: Vec<_> = service
        .audit("demo")
        .await?
        .into_iter()
        .filter(|event| event.action.into_str() == "change-user")
        .collect();
    let details: Vec<_> = details.iter().filter_map(|event| event.detail.as_deref()).collect();
    let granted = r#"{"rights":{"listen":true}}"#;
    let expected = [
        granted,
        r#"{"administrator":true}"#,
        r#"{"administrator":false}"#,
        &granted.replace("true", "false"),
    ];
    assert_eq!(details, expected, "the decisions are audited");
    Ok(())
}

#[tokio::test]
async fn an_invalid_change_is_refused() -> anyhow::Result<()> {
    let service = demo(few()).await?;
    let cases = [
        ("anna", json!({}), 422, "invalid"),
        ("anna", json!({ "rights": { "hold": true } }), 422, "invalid"),
        ("anna", json!({ "plan": "pro" }), 422, "invalid"),
        ("karin", json!({ "administrator": false }), 422, "invalid"),
        ("nobody", json!({ "administrator": true }), 404, "not-found"),
    ];
    for (user, body, status, cause) in cases {
        let answer = KARIN.patch(&service.admin, &format!("/v1/users/{user}"), &body).await?;
        assert_eq!(answer.refusal(), (status, cause.to_owned()), "{user} {body}");
    }
    assert_eq!(KARIN.get(&service.admin, "/v1/users/nobody").await?.cause(), "not-found");
    let refused = service.actions("demo").await?.into_iter().filter(|event| !event[3].is_empty());
    let refused: Vec<_> =
        refused.map(|[_, action, subject, cause]| [action, subject, cause]).collect();
    let expected = [
        ["change-user", "anna", "invalid"],
        ["change-user", "anna", "invalid"],
        ["change-user", "anna", "invalid"],
        ["change-user", "karin", "invalid"],
        ["change-user", "nobody", "not-found"],
        ["see-user", "nobody", "not-found"],
    ];
    assert_eq!(refused, expected);
    Ok(())
}

#[tokio::test]
async fn only_an_administrator_administers_and_each_refusal_is_audited() -> anyhow::Result<()> {
    let service = demo(few()).await?;
    let requests = [
        ("GET", "/v1/organisation", Value::Null, "see-organisation"),
        ("PATCH", "/v1/organisation", json!({ "asksReason": true }), "change-organisation"),
        ("GET", "/v1/users", Value::Null, "list-users"),
        ("GET", "/v1/users/karin", Value::Null, "see-user"),
        ("PATCH", "/v1/users/anna", json!({ "administrator": true }), "change-user"),
        ("GET", "/v1/users/karin/activations", Value::Null, "see-user"),
        ("POST", "/v1/activations", json!({ "users": ["anna"], "active": true }), "activate"),
        ("GET", "/v1/groups", Value::Null, "list-groups"),
        ("GET", "/v1/groups/sales", Value::Null, "see-group"),
        ("PUT", "/v1/groups/sales", json!({ "name": "Sälj" }), "change-group"),
        ("DELETE", "/v1/groups/sales", Value::Null, "remove-group"),
        ("GET", "/v1/groups/sales/members", Value::Null, "see-group"),
        ("POST", "/v1/groups/sales/members", json!({ "add": ["anna"] }), "change-members"),
        (
            "PUT",
            "/v1/groups/sales/supervisors/anna",
            whole::supervision(json!({})),
            "change-supervisor",
        ),
        ("DELETE", "/v1/groups/sales/supervisors/anna", Value::Null, "remove-supervisor"),
        ("GET", "/v1/clients", Value::Null, "list-clients"),
        ("DELETE", "/v1/clients/Crm1", Value::Null, "remove-client"),
        ("GET", "/v1/audit", Value::Null, "read-audit"),
    ];
    for (method, path, body, _) in &requests {
        let answer = ANNA
            .send(&service.admin, method, path, (!body.is_null()).then(|| body.to_string()))
            .await?;
        assert_eq!(answer.refusal(), (403, "not-allowed".to_owned()), "{method} {path}");
    }
    let retained: Vec<_> = service
        .audit("demo")
        .await?
        .into_iter()
        .filter(|event| event.actor == "user:anna")
        .collect();
    let actions: Vec<_> = retained.iter().map(|event| event.action.into_str()).collect();
    assert_eq!(actions, requests.each_ref().map(|(.., action)| *action));
    assert!(retained.iter().all(
        |event| event.denial.as_deref() == Some("not-allowed") && event.address == "192.0.2.1"
    ));

    for (method, path, body, _) in requests.iter().filter(|(_, path, ..)| !path.ends_with("Crm1")) {
        let made = KARIN
            .send(
                &service.admin,
                "PUT",
                "/v1/groups/sales",
                Some(json!({ "name": "Sälj" }).to_string()),
            )
            .await?;
        made.done()?;
        let answer = KARIN
            .send(&service.admin, method, path, (!body.is_null()).then(|| body.to_string()))
            .await?;
        answer.done().context(*path)?;
    }
    Ok(())
}

#[tokio::test]
async fn an_organisation_sees_nothing_of_another() -> anyhow::Result<()> {
    let service = demo(few()).await?;
    let stranger = As { organisation: "other", user: "anna" };
    assert_eq!(ids(&stranger.get(&service.admin, "/v1/users").await?), ["anna"]);
    assert_eq!(stranger.get(&service.admin, "/v1/users/karin").await?.cause(), "not-found");
    let order = json!({ "users": ["karin"], "active": true });
    assert_eq!(
        stranger.post(&service.admin, "/v1/activations", &order).await?.body["users"][0]["outcome"],
        "not-found"
    );
    let heard = stranger.get(&service.admin, "/v1/audit?limit=1000").await?.body;
    let whose: Vec<_> = heard["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| event["actor"].clone())
        .collect();
    assert!(
        whose.iter().all(|who| who == "user:anna" || who == "operator:provisioning"),
        "{whose:?}"
    );
    Ok(())
}
